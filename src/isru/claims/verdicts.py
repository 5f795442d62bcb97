"""The verdicts of a run: values in, one word a claim with its effect and conditions out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from isru.claims import rules
from isru.claims.catalogue import Claim
from isru.claims.findings import Finding, Values, between, find, interval, lookup, together
from isru.claims.rules import NOT_MEASURED, REFUTED, Decision
from isru.errors import DamagedFile
from isru.recorded import Recorded
from isru.stats import holm


@dataclass(frozen=True)
class Verdict:
    """The verdict on one claim.

    ``p`` is the claim's p value after Holm's correction within its family, None where the
    verdict rests on no test.
    """

    id: str
    word: str
    effect: str
    reason: str
    conditions: tuple[Finding, ...] = ()
    p: float | None = None

    @property
    def measured(self) -> bool:
        """Whether the run holds a value that the claim is about."""
        return any(found.value is not None for found in self.conditions)

    @property
    def tally(self) -> str:
        """How the conditions that were measured came out; empty where there is only one."""
        decided = [one.decision for one in self.conditions if one.decision.state != NOT_MEASURED]
        if len(decided) < 2:
            return ""
        undecided = sum(one.state == rules.UNDECIDED for one in decided)
        speaking = sum(one.supports for one in decided)
        counts = {
            ("speaks for it", "speak for it"): speaking,
            ("speaks against it", "speak against it"): len(decided) - speaking - undecided,
            ("stays open", "stay open"): undecided,
        }
        said = [
            f"{count} {one if count == 1 else more}"
            for (one, more), count in counts.items()
            if count
        ]
        return f"of {len(decided)} conditions {', '.join(said)}"


def read_run_values(run_folder: str | Path) -> dict[str, Recorded]:
    """Return what a run recorded: ``{"forecaster": {"saving": {"value": ..., ...}}}``.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If a file in its ``values/`` is damaged; the message names it.
    """
    folder = Path(run_folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"no run at {folder}: expected a folder with values/, run it first")
    values = {}
    for path in sorted((folder / "values").glob("*.json")):
        try:
            values[path.stem] = Recorded(folder, path.stem)
        except DamagedFile as error:
            raise DamagedFile(f"{error}; run the notebook again") from None
    return values


def read_runs(values: Mapping[str, Recorded], kept: str | Path) -> list[dict[str, Recorded]]:
    """Return all runs of the machine that recorded some values: a published one and its repeats.

    Parameters
    ----------
    values : dict
        As `read_run_values` returns it.
    kept : path
        The folder of a run, with runs that repeat it in ``repeats/``.

    Returns
    -------
    list of dict
        Of each run the chapters of ``values`` that this machine recorded in it.
    """
    folders = [Path(kept), *sorted(Path(kept).glob("repeats/[0-9]*"))]
    return [
        {
            name: recorded
            for name, recorded in read_run_values(folder).items()
            if name in values
            and recorded.provenance.get("machine") == values[name].provenance.get("machine")
        }
        for folder in folders
    ]


def verdicts(
    claims: Sequence[Claim], values_by_notebook: Values, runs: Sequence[Values] = ()
) -> list[Verdict]:
    """Return the verdict on every claim, in the claims' order.

    Each condition of a claim is decided by its rule, after Holm's correction over the conditions
    that this run tested, so that a verdict may rest on any of them. Then the correction is
    applied to the claims of a family. A claim's p is the largest of its conditions', since it
    must hold in all of them, in those parts of it that give the word; one that fails the
    correction becomes inconclusive.

    Parameters
    ----------
    claims : sequence of Claim
    values_by_notebook : dict
        As `read_run_values` returns it.
    runs : sequence of dict, optional
        Runs of the same machine, as `read_runs` returns them. What they differ by beyond their
        intervals, in the timings of a claim together, widens each interval of that claim.

    Raises
    ------
    ValueError
        If a recorded value cannot be what the claim needs, e.g. text where a number belongs.
    """
    judged = [_judge(claim, values_by_notebook, between(claim, runs)) for claim in claims]
    families = defaultdict(list)
    for place, (claim, verdict) in enumerate(zip(claims, judged, strict=True)):
        if verdict.p is not None:
            families[claim.family].append(place)
    for family, places in families.items():
        for place, p in zip(places, holm([judged[i].p for i in places]), strict=True):
            judged[place] = _corrected(judged[place], float(p), family, len(places))
    return judged


def _corrected(verdict: Verdict, p: float, family: str, count: int) -> Verdict:
    if verdict.word == rules.INCONCLUSIVE or p < rules.ALPHA:
        return replace(verdict, p=p)
    reason = f"p = {p:.2g} after Holm's correction over {count} claims of the family {family}"
    return replace(verdict, word=rules.INCONCLUSIVE, reason=reason, p=p)


def _judge(claim: Claim, values: Values, runs: float) -> Verdict:
    if claim.hardware:
        present = lookup(values, claim.hardware["present"])
        if present is not None and present["value"] is False:
            reason = f"this machine has no {claim.hardware['name']}"
            return Verdict(claim.id, "not testable here", "", reason)
    findings = _corrected_conditions(
        claim, [find(claim, condition, values, runs=runs) for condition in claim.conditions]
    )
    measured = [found for found in findings if found.decision.state != NOT_MEASURED]
    if not measured:
        return Verdict(claim.id, "not measured yet", "", "the run holds no such value", findings)
    parts = [_part(claim, part, values) for part in _parts(measured)]
    word = rules.of_parts([part.word for part in parts])
    carrying = [part.p for part in parts if _first(part.word) == _first(word)]
    text = _effect_text(claim, [found for found in measured if not found.untested] or measured)
    return Verdict(claim.id, word, text, _reason(measured), findings, max(carrying, default=1.0))


def _first(word: str) -> str:
    """Return a verdict without what it depends on, which its parts may name apart."""
    return word.partition(" on ")[0]


def _parts(measured: list[Finding]) -> list[list[Finding]]:
    """Return the conditions by their rule: what a claim says here, and what it says there."""
    found = defaultdict(list)
    for one in measured:
        found[one.condition.rule].append(one)
    return list(found.values())


class _Part(NamedTuple):
    word: str
    p: float


def _part(claim: Claim, measured: list[Finding], values: Values) -> _Part:
    decided = [found for found in measured if found.decision.state != rules.UNDECIDED]
    interactions = _interactions(claim, decided, values)
    # A claim that depends on something is named after every factor that the effect's size changes
    # with: whether one more condition was decided, and so differs in state, is one run's noise.
    sizes = _interactions(claim, measured, values, one_state=True) if interactions else {}
    word = rules.combine([found.decision for found in measured], list(sizes | interactions))
    return _Part(word, _p(word, measured, interactions))


def _corrected_conditions(claim: Claim, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings as they stand after Holm's correction over those that were tested."""
    tested = [
        place
        for place, found in enumerate(findings)
        if found.decision.state != NOT_MEASURED and not found.untested
    ]
    if claim.readings or len(tested) < 2:
        return tuple(findings)
    adjusted = holm([findings[place].decision.p for place in tested])
    second = [findings[place].decision.p_equivalent for place in tested]
    equivalent = holm([1.0 if p is None else p for p in second])
    corrected = list(findings)
    for place, *p in zip(tested, map(float, adjusted), map(float, equivalent), strict=True):
        decision = _corrected_decision(findings[place].decision, *p, len(tested))
        corrected[place] = replace(findings[place], decision=decision)
    return tuple(corrected)


def _corrected_decision(found: Decision, p: float, p_equivalent: float, count: int) -> Decision:
    """Return a condition's state with the p that Holm's correction over ``count`` gives."""
    found = replace(found, p=p)
    if found.state != rules.UNDECIDED and p >= rules.ALPHA:
        reason = f"not decided after Holm's correction over {count} conditions"
        return replace(found, state=rules.UNDECIDED, reason=reason, supports=False)
    if found.p_equivalent is not None and p_equivalent >= rules.ALPHA:
        return replace(found, state=rules.NON_INFERIOR, reason=rules.NO_WORSE)
    return found


def _interactions(
    claim: Claim, measured: list[Finding], values: Values, *, one_state: bool = False
) -> dict[str, float]:
    """Return the factors whose interaction excludes 0, with its p.

    Recorded interactions decide where the run has them; otherwise two conditions that differ in
    this factor alone, with intervals apart from each other, and with different states unless
    pairs of ``one_state`` count as well.
    """
    found = {}
    for factor in {name: None for found in measured for name in found.condition.factors}:
        recorded = [
            ends
            for key in claim.interactions.get(factor, ())
            if (ends := interval(claim, key, values)) is not None
        ]
        pairs = [
            (first, second)
            for first, second in _pairs(measured, factor)
            if one_state or _differ(first.decision.state, second.decision.state)
        ]
        if not pairs:
            continue
        if recorded:
            trials = [rules.p_of_exclusion(ends) for ends in recorded]
        else:
            trials = [rules.p_of_difference(first.effect, second.effect) for first, second in pairs]
        p = min(1.0, min(trials) * len(trials))
        if p < rules.ALPHA:
            found[factor] = p
    return found


def _differ(one: str, other: str) -> bool:
    """Return whether two states differ; both say "no worse" where one is better, too."""
    return one != other and {one, other} != {rules.EQUIVALENT, rules.NON_INFERIOR}


def _pairs(measured: list[Finding], factor: str) -> list[tuple[Finding, Finding]]:
    """Return the pairs of conditions that differ in ``factor`` alone, under one rule."""
    pairs = []
    for place, first in enumerate(measured):
        for second in measured[place + 1 :]:
            one, other = first.condition, second.condition
            levels = one.factors.keys() | other.factors.keys()
            apart = {name for name in levels if one.factors.get(name) != other.factors.get(name)}
            comparable = one.rule == other.rule and first.effect and second.effect
            if apart == {factor} and comparable:
                pairs.append((first, second))
    return pairs


def _p(word: str, measured: list[Finding], interactions: Mapping[str, float]) -> float:
    if word == rules.INCONCLUSIVE:
        return 1.0
    if word.startswith("depends on"):
        return max(interactions.values())
    if word in (REFUTED, rules.WORSE):  # one condition is enough; Holm's correction saw them all
        return min(found.decision.p for found in measured if found.decision.state == word)
    return max(found.decision.p for found in measured)


def _reason(measured: list[Finding]) -> str:
    counts = defaultdict(int)
    for found in measured:
        counts[found.decision.reason] += 1
    if len(counts) == 1:
        return next(iter(counts))
    listed = [f"{reason} ({count} of {len(measured)})" for reason, count in counts.items()]
    return "; ".join(listed)


def _effect_text(claim: Claim, measured: list[Finding]) -> str:
    """Return the effect in words: one condition, or the smallest and the largest of several.

    The ends of two that were chosen from many hold for all of these together.
    """
    if isinstance(measured[0].value, bool):
        return ""
    ordered = sorted(measured, key=lambda found: found.value)
    shown = ordered[:1] if len(ordered) == 1 else [ordered[0], ordered[-1]]
    parts = []
    for found in shown:
        place = found.condition.label
        number = _number_text(claim, found, len(ordered))
        parts.append(number + (f" at {place}" if place else ""))
    return " to ".join(parts)


def _number_text(claim: Claim, found: Finding, count: int) -> str:
    unit = f" {claim.unit}" if claim.unit else ""
    if found.low is None or found.low == found.high:
        return f"{found.value:.3g}{unit}"
    low, high = found.low, found.high
    if not claim.readings:
        low, high = together(claim, found, count)
    return f"{found.value:.3g}{unit} ({low:.3g} to {high:.3g})"
