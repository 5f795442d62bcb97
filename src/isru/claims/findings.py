"""What a run says about a claim in one condition: values in, a decided interval out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from isru.addresses import BadAddress, cell_of
from isru.claims import rules
from isru.claims.catalogue import Claim, Condition, Gate
from isru.claims.rules import NOT_MEASURED, REFUTED, Decision, Limits
from isru.stats import Interval, between_runs

Values = Mapping[str, Mapping[str, Mapping]]


@dataclass(frozen=True)
class Finding:
    """What a run says about a claim in one condition; ``value`` is None when not measured.

    ``low`` and ``high`` are None where no interval was recorded. ``effect`` is the interval as
    the rules see it: logarithm of a ratio, negated where the claim says "less". ``untested`` is
    true where a shut gate or too few pairs leave nothing to test.
    """

    condition: Condition
    decision: Decision
    value: float | bool | None = None
    low: float | None = None
    high: float | None = None
    effect: Interval | None = None
    untested: bool = False


def find(claim: Claim, condition: Condition, values: Values, *, runs: float = 0.0) -> Finding:
    """Return what a run's values say about a claim in one condition.

    ``runs`` is the standard deviation between runs that an interval does not hold yet, as the
    rules see the effect: of the logarithm of a ratio.

    An effect decides nothing without an interval (only ``exact`` values need none), when a gate
    does not hold, or where its table's row counts fewer than six pairs, ``n``. A claim about an
    effect that grows or fades presumes that it is there: where it is below 0, the claim is refuted.

    Raises
    ------
    ValueError
        If a value is no number (or, under ``holds`` and ``fails``, no truth value), its interval is
        upside down, or it is a ratio that is not positive.
    """
    entry = lookup(values, condition.value)
    if entry is None:
        return Finding(condition, Decision(NOT_MEASURED, f"no value {condition.value}"))
    value = entry["value"]
    if condition.rule in ("holds", "fails"):
        if not isinstance(value, bool):
            raise _wrong(claim, condition.value, "true or false", value)
        if condition.rule == "fails" and value:
            return Finding(condition, _nothing("one attempt that fails excludes no other"), value)
        state = rules.CONFIRMED if value else REFUTED
        reason = "it holds" if value else "it does not hold"
        return Finding(condition, Decision(state, reason, p=0.0, supports=value), value)
    ends = _ends(claim, condition.value, entry)
    if condition.gate and (closed := _closed(claim, condition.gate, values)):
        low, high = (None, None) if ends is None else (ends.low, ends.high)
        return Finding(condition, _nothing(closed), float(value), low, high, untested=True)
    if ends is None:
        return Finding(condition, _nothing("no interval was recorded"), float(value))
    if runs:
        ends = _unscaled(claim, _scaled(claim, condition.value, ends).widened(runs))
    effect = _oriented(claim, condition, ends)
    limits = _limits(claim, condition)
    pairs = _pairs(values, condition.value)
    few = pairs is not None and pairs < rules.FEWEST
    obstacle = _obstacle(claim, condition, values)
    if few:
        obstacle = _nothing(f"{pairs} pairs, needed: {rules.FEWEST}")
    if obstacle:
        if obstacle.state == rules.UNDECIDED:
            obstacle = replace(obstacle, leans=rules.leans(effect, condition.rule, limits))
        return Finding(condition, obstacle, ends.estimate, ends.low, ends.high, untested=few)
    decision = rules.decide(effect, condition.rule, limits)
    return Finding(condition, decision, ends.estimate, ends.low, ends.high, effect)


def _pairs(values: Values, key: str) -> int | None:
    """Return how many pairs the row of a table rests on, None where it counts none."""
    chapter, _, name = key.partition(".")
    if "[" not in name:
        return None
    try:
        entry = lookup(values, f"{chapter}.{replace(cell_of(name), column='n')}")
    except BadAddress:  # the table has no such column
        return None
    return None if entry is None else int(entry["value"])


def _obstacle(claim: Claim, condition: Condition, values: Values) -> Decision | None:
    """Return why a condition decides nothing whatever its effect, or None."""
    if condition.presumes:
        presumed = interval(claim, condition.presumes, values)
        if presumed is None or presumed.low <= 0 <= presumed.high:
            return _nothing("whether there is what the claim presumes is open")
        if presumed.high < 0:
            p = rules.decide(presumed, "greater", Limits(margin=0.0, relevance=0.0)).p
            return Decision(REFUTED, "what the claim presumes is not there", p)
    return None


def _closed(claim: Claim, gate: Gate, values: Values) -> str:
    """Return why a gate does not hold, nothing if it does."""
    entry = lookup(values, gate.holds)
    if entry is None:
        return "what must hold first was not recorded"
    if not isinstance(entry["value"], bool):
        raise _wrong(claim, gate.holds, "true or false", entry["value"])
    if entry["value"]:
        return ""
    reason = (lookup(values, gate.reason) or {}).get("value") if gate.reason else gate.otherwise
    return str(reason or "what must hold first does not hold")


def _limits(claim: Claim, condition: Condition) -> Limits:
    margin, relevance = _margins(claim)
    claimed = condition.range
    if claimed and claim.scale == "ratio":
        claimed = tuple(math.log(end) for end in claimed)
    return Limits(margin, relevance, claimed)


def _margins(claim: Claim) -> tuple[float, float]:
    """Return both margins; 0.02 of a ratio reaches from 1/1.02 to 1.02."""
    margins = claim.margin, claim.relevance_margin
    return tuple(map(math.log1p, margins)) if claim.scale == "ratio" else margins


def lookup(values: Values, key: str | None) -> Mapping | None:
    """Return the entry of an address such as ``forecaster.saving``, or None if the run has none."""
    chapter, _, name = (key or "").partition(".")
    return values.get(chapter, {}).get(name)


def interval(claim: Claim, key: str, values: Values) -> Interval | None:
    """Return a value with its interval; None if the run has no value or no interval of it."""
    entry = lookup(values, key)
    return None if entry is None else _ends(claim, key, entry)


def _ends(claim: Claim, key: str, entry: Mapping) -> Interval | None:
    """Return a value's interval: exact values are their own; None where none was recorded."""
    value = entry["value"]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(claim, key, "a number", value)
    low, high = entry.get("low"), entry.get("high")
    if low is None or high is None:
        if entry.get("kind") != "exact":
            return None
        low = high = value
    if low > high:
        raise _wrong(claim, key, "an interval with low below high", f"{low} to {high}")
    return Interval(float(value), float(low), float(high))


def _scaled(claim: Claim, key: str, ends: Interval) -> Interval:
    if claim.scale != "ratio":
        return ends
    if ends.low <= 0:
        raise _wrong(claim, key, "a ratio above 0", ends.low)
    return Interval(*map(math.log, ends))


def between(claim: Claim, runs: Sequence[Values]) -> float:
    """Return by how much runs of one machine differ in a claim's timings beyond their intervals."""
    timings = [
        condition.value
        for condition in claim.conditions
        if condition.rule not in ("holds", "fails")
        and any((lookup(values, condition.value) or {}).get("kind") == "machine" for values in runs)
    ]

    def scaled(key: str, values: Values) -> Interval | None:
        ends = interval(claim, key, values)
        return None if ends is None else _scaled(claim, key, ends)

    return between_runs([[scaled(key, values) for key in timings] for values in runs])


def together(claim: Claim, found: Finding, count: int) -> tuple[float, float]:
    """Return the ends of an interval that holds together with those of ``count`` conditions."""
    ends = Interval(*(float(end) for end in (found.value, found.low, found.high)))
    wide = rules.for_all(_scaled(claim, found.condition.value, ends), count)
    return _unscaled(claim, wide)[1:]


def _unscaled(claim: Claim, effect: Interval) -> Interval:
    return effect.map(math.exp) if claim.scale == "ratio" else effect


def _oriented(claim: Claim, condition: Condition, ends: Interval) -> Interval:
    effect = _scaled(claim, condition.value, ends)
    if condition.rule != "less":
        return effect
    return Interval(-effect.estimate, -effect.high, -effect.low)


def _nothing(reason: str) -> Decision:
    return Decision(rules.UNDECIDED, reason)


def _wrong(claim: Claim, key: str, expected: str, got: object) -> ValueError:
    return ValueError(f"claim {claim.id}, value {key}: expected {expected}, got {got!r}")
