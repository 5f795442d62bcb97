"""The claims as data: read ``book/claims.yml`` and refuse what is broken, by claim and field."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from isru import addresses, paths
from isru.claims.rules import RULES
from isru.errors import CompendiumError
from isru.wording import shortened

SCALES = ("difference", "ratio")
ENDS = ("interval", "readings")
_TEXTS = ("sentence", "published", "hypothesis", "effect", "family")
_REQUIRED = ("id", "source", *_TEXTS, "rule", "metric", "margin", "relevance_margin")
_OPTIONAL = (
    *("unit", "scale", "ends", "range", "remark", "apply", "elsewhere", "hardware"),
    "interactions",
)
# Verdicts for which a claim may say what to do; isru.claims.plainly knows their words.
_APPLY = (
    *("confirmed", "equivalent", "non-inferior", "negligible", "depends", "refuted", "worse"),
    *("open", "unmeasured"),
)
_KEYS = ("value", "presumes")
_METRIC = (*_KEYS, "each", "rule", "range", "gate")
_FIELD = re.compile(r"\{(\w+)\}")
_MOST_CONDITIONS = 10_000


@dataclass(frozen=True)
class Gate:
    """What must hold before an effect decides anything.

    ``holds`` is the address of a truth value; ``reason`` that of a recorded text which says why it
    does not, or ``otherwise`` is this text.
    """

    holds: str
    reason: str | None = None
    otherwise: str = ""


@dataclass(frozen=True)
class Condition:
    """Where one effect is measured: factor levels, the keys that hold it, and how it is judged."""

    value: str
    rule: str
    factors: dict[str, str | int] = field(default_factory=dict)
    range: tuple[float, float] | None = None
    presumes: str | None = None
    gate: Gate | None = None

    @property
    def label(self) -> str:
        """Return the levels as a reader says them: ``"training, NumPy, 10 units"``."""
        named = [f"{v} {k}" if isinstance(v, int) else v for k, v in self.factors.items()]
        return ", ".join(named)


@dataclass(frozen=True)
class Claim:
    """One claim of ``book/claims.yml``; ``conditions`` is empty while nothing measures it.

    ``source`` is a key of the bibliography, or None where the claim has no citable source;
    ``remark`` what must be known beside the effect, empty for most; ``apply`` a sentence that a
    reader can act on, by the kind of the verdict (see `isru.claims.plainly`); ``elsewhere`` one
    that predicts the effect on a processor that no run measured. ``readings`` is true
    where the ends of an effect are readings of a manual, which no correction for chance concerns.
    """

    id: str
    sentence: str
    source: str | None
    published: str
    hypothesis: str
    effect: str
    family: str
    rule: str
    margin: float
    relevance_margin: float
    unit: str = ""
    scale: str = "difference"
    readings: bool = False
    remark: str = ""
    elsewhere: str = ""
    apply: dict[str, str] = field(default_factory=dict)
    hardware: dict[str, str] | None = None
    conditions: tuple[Condition, ...] = ()
    interactions: dict[str, tuple[str, ...]] = field(default_factory=dict)


def load_claims(path: str | Path | None = None) -> list[Claim]:
    """Read the claims.

    Parameters
    ----------
    path : str or Path, optional
        By default ``book/claims.yml`` of the compendium.

    Returns
    -------
    list of Claim
        In the file's order.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not YAML, or a field is missing, unknown or of a wrong kind; the message names
        the claim and the field.
    """
    from isru import yaml_text

    path = Path(path) if path else paths.root() / "book" / "claims.yml"
    try:
        content = yaml_text.read_yaml_file(path, path.name)
    except CompendiumError as error:
        raise ValueError(str(error)) from error
    if not isinstance(content, list) or not content:
        raise ValueError(f"{path.name}: expected a list of claims, got {shortened(content)}")
    claims = [_claim(item, place) for place, item in enumerate(content, start=1)]
    seen: set[str] = set()
    for claim in claims:
        _expect(claim.id not in seen, claim.id, "id", "one claim of this id", "two")
        seen.add(claim.id)
    return claims


def _claim(item: object, place: int) -> Claim:
    name = f"number {place}"
    _expect(isinstance(item, Mapping), name, "id", "a mapping of fields", item)
    identifier = item.get("id")
    known = isinstance(identifier, str) and re.fullmatch(r"C\d+", identifier)
    _expect(known, name, "id", "C and a number", identifier)
    for key in _REQUIRED:
        _expect(key in item, identifier, key, "a value", "no such field")
    for key in item:
        allowed = (*_REQUIRED, *_OPTIONAL)
        _expect(key in allowed, identifier, str(key), f"a field of {', '.join(allowed)}", key)
    for key in (*_TEXTS, "unit", "remark", "elsewhere"):
        text = item.get(key, "")
        filled = isinstance(text, str) and (text.strip() or key not in _TEXTS)
        _expect(filled, identifier, key, "text", text)
    source = item["source"]
    cited = source is None or (isinstance(source, str) and source.strip())
    _expect(cited, identifier, "source", "a citation key or null", source)
    scale = item.get("scale", "difference")
    _expect(scale in SCALES, identifier, "scale", f"one of {SCALES}", scale)
    ends = item.get("ends", "interval")
    _expect(ends in ENDS, identifier, "ends", f"one of {ENDS}", ends)
    margin = _number(identifier, "margin", item["margin"])
    _expect(margin > 0, identifier, "margin", "a positive number", margin)
    relevance = _number(identifier, "relevance_margin", item["relevance_margin"])
    _expect(relevance >= 0, identifier, "relevance_margin", "0 or more", relevance)
    rule, claimed = _rule(identifier, item, "")
    return Claim(
        **{key: item[key].strip() for key in _TEXTS},
        id=identifier,
        source=source,
        rule=rule,
        margin=margin,
        relevance_margin=relevance,
        unit=item.get("unit", ""),
        scale=scale,
        readings=ends == "readings",
        remark=item.get("remark", "").strip(),
        elsewhere=item.get("elsewhere", "").strip(),
        apply=_apply(identifier, item.get("apply", {})),
        hardware=_hardware(identifier, item.get("hardware")),
        conditions=_conditions(identifier, item["metric"], rule, claimed),
        interactions=_interactions(identifier, item.get("interactions", {})),
    )


def _rule(claim: str, item: Mapping, where: str) -> tuple[str, tuple[float, float] | None]:
    """Return rule and range; a range is there exactly when the rule is ``between``."""
    rule, claimed = item["rule"], item.get("range")
    _expect(rule in RULES, claim, f"{where}rule", f"one of {RULES}", rule)
    if rule != "between":
        _expect(claimed is None, claim, f"{where}range", f"none with the rule {rule}", claimed)
        return rule, None
    pair = isinstance(claimed, list) and len(claimed) == 2
    _expect(pair, claim, f"{where}range", "two numbers [low, high]", claimed)
    low, high = (_number(claim, f"{where}range", end) for end in claimed)
    _expect(low < high, claim, f"{where}range", "low below high", claimed)
    return rule, (low, high)


def _conditions(
    claim: str, metric: object, rule: str, claimed: tuple[float, float] | None
) -> tuple[Condition, ...]:
    if metric is None:
        return ()
    whole = isinstance(metric, list) and metric
    _expect(whole, claim, "metric", "null or a list of entries", metric)
    conditions = []
    for place, entry in enumerate(metric, start=1):
        where = f"metric {place}: "
        _expect(isinstance(entry, Mapping), claim, f"metric {place}", "a mapping", entry)
        for key in entry:
            allowed = ", ".join(_METRIC)
            _expect(key in _METRIC, claim, where + str(key), f"a field of {allowed}", key)
        own = _rule(claim, entry, where) if "rule" in entry else (rule, claimed)
        _expect("value" in entry, claim, f"{where}value", "an address", "no such field")
        for levels in _levels(claim, where, entry.get("each", {})):
            keys = {
                name: _key(claim, where + name, entry[name], levels)
                for name in _KEYS
                if name in entry
            }
            gate = _gate(claim, f"{where}gate", entry["gate"], levels) if "gate" in entry else None
            shown = {factor: label for factor, (_, label) in levels.items()}
            conditions.append(
                Condition(**keys, rule=own[0], range=own[1], factors=shown, gate=gate)
            )
    return tuple(conditions)


def _gate(claim: str, where: str, given: object, levels: Mapping) -> Gate:
    wanted = "{holds: KEY} with {reason: KEY} or {otherwise: TEXT}"
    names = set(given) if isinstance(given, Mapping) else set()
    _expect(names in ({"holds", "reason"}, {"holds", "otherwise"}), claim, where, wanted, given)
    assert isinstance(given, Mapping)  # for the checker of types
    holds = _key(claim, f"{where}: holds", given["holds"], levels)
    if "reason" in given:
        return Gate(holds, reason=_key(claim, f"{where}: reason", given["reason"], levels))
    text = given["otherwise"]
    filled = isinstance(text, str) and text.strip()
    _expect(filled, claim, f"{where}: otherwise", "text", text)
    return Gate(holds, otherwise=text.strip())


def _levels(claim: str, where: str, each: object):
    """Yield every combination of levels as ``{factor: (text in the key, label)}``."""
    each = {} if each is None else each
    _expect(isinstance(each, Mapping), claim, f"{where}each", "factors with their levels", each)
    choices = []
    for factor, levels in each.items():
        place = f"{where}each {factor}"
        _expect(isinstance(factor, str), claim, place, "a word as the factor's name", factor)
        listed = isinstance(levels, list | Mapping) and levels
        _expect(listed, claim, place, "a list of levels, or of level: label", levels)
        pairs = levels.items() if isinstance(levels, Mapping) else [(v, v) for v in levels]
        for level, label in pairs:
            plain = all(type(part) in (str, int) for part in (level, label))
            _expect(plain, claim, place, "levels that are words or whole numbers", level)
        choices.append([(factor, pair) for pair in pairs])
    count = math.prod(map(len, choices))
    few = f"at most {_MOST_CONDITIONS:,} conditions"
    _expect(count <= _MOST_CONDITIONS, claim, f"{where}each", few, count)
    for combination in itertools.product(*choices):
        yield dict(combination)


def _key(claim: str, where: str, template: object, levels: Mapping) -> str:
    """Return an address from its template, ``forecaster.steps[units={units}].saving``."""
    wanted = "an address such as forecaster.saving"
    _expect(isinstance(template, str), claim, where, wanted, template)
    texts = {factor: str(text) for factor, (text, _) in levels.items()}
    named = f"a key whose {{fields}} are factors of {list(levels)}"
    known = all(field in texts for field in _FIELD.findall(template))
    _expect(known, claim, where, named, template)
    key = _FIELD.sub(lambda found: texts[found[1]], template)
    _expect("{" not in key, claim, where, named, template)
    try:
        addresses.split(key)
    except addresses.BadAddress:
        _expect(False, claim, where, wanted, key)
    return key


def _apply(claim: str, given: object) -> dict[str, str]:
    _expect(isinstance(given, Mapping), claim, "apply", "a sentence for each verdict", given)
    for kind, text in given.items():
        where = f"apply: {kind}"
        _expect(kind in _APPLY, claim, where, f"a verdict of {', '.join(_APPLY)}", kind)
        _expect(isinstance(text, str) and text.strip(), claim, where, "a sentence", text)
    return {kind: text.strip() for kind, text in given.items()}


def _hardware(claim: str, hardware: object) -> dict[str, str] | None:
    if hardware is None:
        return None
    complete = isinstance(hardware, Mapping) and set(hardware) == {"name", "present"}
    _expect(complete, claim, "hardware", "null or {name: ..., present: KEY}", hardware)
    name = hardware["name"]
    filled = isinstance(name, str) and name.strip()
    _expect(filled, claim, "hardware: name", "text", name)
    _key(claim, "hardware: present", hardware["present"], {})
    return dict(hardware)


def _interactions(claim: str, given: object) -> dict[str, tuple[str, ...]]:
    given = {} if given is None else given
    _expect(isinstance(given, Mapping), claim, "interactions", "factor: [keys]", given)
    for factor, keys in given.items():
        _expect(isinstance(keys, list), claim, f"interactions: {factor}", "a list of keys", keys)
        for key in keys:
            _key(claim, f"interactions: {factor}", key, {})
    return {factor: tuple(keys) for factor, keys in given.items()}


def _number(claim: str, name: str, value: object) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    _expect(number and abs(value) < 2**1023, claim, name, "a finite number", value)
    return float(value)


def _expect(condition: object, claim: str, name: str, expected: str, got: object) -> None:
    if not condition:
        raise ValueError(_message(claim, name, expected, got))


def _message(claim: str, name: str, expected: str, got: object) -> str:
    return f"claims.yml, claim {claim}, field {name}: expected {expected}, got {shortened(got)}"
