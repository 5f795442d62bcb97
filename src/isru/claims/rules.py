"""How an interval decides a claim in one condition, and how conditions add up.

Everything here is oriented: 0 means "no effect", a positive effect speaks for a claim of
direction. A 95 % interval [low, high], an equivalence margin M and a relevance margin R give the
state of one condition:

===========  =====================================  ================================
state        claim of direction                     claim of equivalence
===========  =====================================  ================================
refuted      high < 0                               low > M or high < -M
confirmed    low > R                                --
equivalent   both one-sided tests against M pass,   both one-sided tests against M
             the interval holds 0                   pass
negligible   low > 0 and high <= R                  --
undecided    anything else                          anything else
===========  =====================================  ================================

What an arm shows against itself (A/A) enters no state: the interval holds that noise already.

A claim of a *range* [a, b] is refuted when the interval misses the range and confirmed when it
lies inside; no margin widens the range. Ends that touch do not exclude: [0, 3]
does not exclude 0. What is undecided is either wider than the margin's band, from -M to M, or
lies across an end of it; an interval wider than the band is never equivalent. One that lies
wholly beyond it still decides: its width is no doubt about the direction.

A claim that an arm is *no worse* is one-sided; its effect counts what is lost, so that more is
worse, and it has one margin M for both questions:

==============  =====================================================
state           claim that an arm is no worse
==============  =====================================================
worse           low > M
equivalent      -M < low and high < M
non-inferior    high < M
undecided       anything else
==============  =====================================================

Either one-sided test is at 2.5 %, by an end of the interval of 95 %. An arm that is better by any
amount is non-inferior. The p of all three states is that of the effect lying at M; *equivalent* has
a second one, of the effect lying at -M, and is *non-inferior* where only that one is too large.

A claim that something *holds* is decided by a truth value. A claim that all attempts *fail* is
refuted by one that does not, and left undecided by one that does: others may succeed.

A claim of direction is refuted by any effect the other way, however small, as by the protocol an
interval has to exclude the claim and no more; the reason says where such an effect lies inside
the relevance margin. An exact value is an interval of no width: it decides unless it lies on an
end. A range over the readings of a cycle table is held against the same limits as an interval of
95 %: it decides where all readings agree. Its p is no probability; it is above 0 and can only
make Holm's correction stricter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy.stats import t as student

from isru.stats import Interval

ALPHA = 0.05
RULES = ("greater", "less", "equivalent", "no worse", "between", "holds", "fails")
REFUTED, CONFIRMED, EQUIVALENT = "refuted", "confirmed", "equivalent"
NON_INFERIOR, WORSE = "non-inferior", "worse"
NEGLIGIBLE, UNDECIDED, NOT_MEASURED = "confirmed but negligible", "undecided", "not measured"
INCONCLUSIVE = "inconclusive"
NO_WORSE = "it is not worse by the margin"
FEWEST = 6  # processes or seeds that an interval may be made of
# How far an interval of 95 % reaches, and what lies beyond: as for the fewest, which is too careful
# for more.
_CHANCE = student(df=FEWEST - 1)
_REACH = _CHANCE.isf(ALPHA / 2)


@dataclass(frozen=True)
class Limits:
    """What an effect is held against: margins M and R, and the range of a claim."""

    margin: float
    relevance: float
    range: tuple[float, float] | None = None


@dataclass(frozen=True)
class Decision:
    """The state of one condition.

    ``p`` belongs to the test that gave the state (1 where nothing was decided), for Holm's
    correction; ``p_equivalent`` to the second one, which makes "no worse" an equivalence.
    ``supports`` says whether the state is what the claim foretells, ``leans`` whether the estimate
    is, decided or not.
    """

    state: str
    reason: str
    p: float = 1.0
    supports: bool = False
    p_equivalent: float | None = None
    leans: bool = False


def decide(effect: Interval, rule: str, limits: Limits) -> Decision:
    """Return the state of one condition from its oriented effect.

    Parameters
    ----------
    effect : Interval
        Estimate and ends of the 95 % interval, oriented (negated for ``"less"``).
    rule : {"greater", "less", "equivalent", "no worse", "between"}
    limits : Limits

    Notes
    -----
    A p follows from the interval: it is below 5 % where the end does not reach, and falls beyond as
    the tail of Student's t for the fewest values that may make an interval.
    """
    return replace(_decided(effect, rule, limits), leans=leans(effect, rule, limits))


def leans(effect: Interval, rule: str, limits: Limits) -> bool:
    """Return whether an estimate lies where the claim says, whatever its interval."""
    if rule == "between":
        return limits.range[0] <= effect.estimate <= limits.range[1]
    if rule == "no worse":
        return effect.estimate < limits.margin
    if rule == "equivalent":
        return abs(effect.estimate) < limits.margin
    return effect.estimate > 0


def _decided(effect: Interval, rule: str, limits: Limits) -> Decision:
    if rule == "between":
        return _in_range(effect, limits.range)
    if rule == "no worse":
        return _no_worse(effect, limits.margin)
    p_equivalence = _p_inside(effect, limits.margin)
    passes = p_equivalence < ALPHA and not _wide(effect, limits.margin)
    if rule == "equivalent":
        return _no_difference(effect, limits.margin, p_equivalence, passes)
    if effect.high < 0:
        inside = ", inside the relevance margin" if effect.low >= -limits.relevance else ""
        reason = f"the effect goes the other way{inside}"
        return Decision(REFUTED, reason, _p_beyond(effect, 0))
    if effect.low > limits.relevance:
        reason = "the effect lies beyond the relevance margin"
        return Decision(CONFIRMED, reason, _p_beyond(effect, limits.relevance), supports=True)
    if passes and effect.low <= 0:
        return Decision(EQUIVALENT, "no difference beyond the margin", p_equivalence)
    if effect.low > 0 and effect.high <= limits.relevance:
        reason = "the effect is there, inside the relevance margin"
        return Decision(NEGLIGIBLE, reason, _p_beyond(effect, 0), supports=True)
    return _undecided(effect, limits.relevance)


def combine(decisions: Sequence[Decision], factors: Sequence[str]) -> str:
    """Return a claim's verdict from its measured conditions, the first word that applies.

    Parameters
    ----------
    decisions : sequence of Decision
        One for each measured condition, at least one.
    factors : sequence of str
        The factors whose interaction excludes 0; none unless states differ with one of them.

    Notes
    -----
    What is undecided makes nothing depend. *inconclusive*: no condition is decided. *refuted* or
    *worse*: some conditions exclude the claim and none supports it, nor does the estimate of an
    undecided one, as more noise must not make the word stronger. *depends on*: the states of
    decided conditions differ with a factor; all are named that the effect's size changes with.
    *confirmed*: every condition bears the claim out. *equivalent*: no condition differs beyond the
    margin. *non-inferior*: none is worse beyond it; that some are better, too, is no dependence.
    *confirmed but negligible*: every one does so
    inside the margin. Whatever is left, such as conditions that differ while no interaction is
    shown, or one that is undecided beside others that bear the claim out, is inconclusive.
    """
    states = {decision.state for decision in decisions}
    supported = [decision.supports for decision in decisions]
    against = states & {REFUTED, WORSE}
    if against and not any(supported):
        leaning = any(one.leans for one in decisions if one.state == UNDECIDED)
        return INCONCLUSIVE if leaning else against.pop()
    if NON_INFERIOR in states and states <= {EQUIVALENT, NON_INFERIOR, UNDECIDED}:
        return INCONCLUSIVE if UNDECIDED in states else NON_INFERIOR
    if len(states - {UNDECIDED}) > 1 and factors:
        return "depends on " + " and ".join(factors)
    if all(supported) and CONFIRMED in states and NEGLIGIBLE not in states:
        return CONFIRMED
    if EQUIVALENT in states and states <= {EQUIVALENT, NEGLIGIBLE}:
        return EQUIVALENT
    return NEGLIGIBLE if states == {NEGLIGIBLE} else INCONCLUSIVE


def of_parts(words: Sequence[str]) -> str:
    """Return the verdict on a claim that says one thing here and another there, from its parts'.

    All parts have to hold: it is refuted with any of them, else it depends on what any of them
    depends on, and is otherwise what all of them are.
    """
    for part in words:
        if part in (REFUTED, WORSE):
            return part
    depends = [word.removeprefix("depends on ") for word in words if word.startswith("depends")]
    if depends:
        factors = dict.fromkeys(factor for part in depends for factor in part.split(" and "))
        return "depends on " + " and ".join(factors)
    return words[0] if len(set(words)) == 1 else INCONCLUSIVE


def for_all(effect: Interval, count: int) -> Interval:
    """Return an interval of 95 % for each of ``count`` effects at once (Bonferroni).

    Such ends belong to effects that were chosen from many because they are the largest.
    """
    factor = _CHANCE.isf(ALPHA / 2 / count) / _REACH
    low, high = (effect.estimate + factor * (end - effect.estimate) for end in effect[1:])
    return Interval(effect.estimate, float(low), float(high))


def p_of_difference(first: Interval, second: Interval) -> float:
    """Return the two-sided p of two effects being equal, or 1 where their intervals meet.

    Intervals apart from each other are a stricter demand than an interval of the difference
    that excludes 0, whether or not the two effects are independent.
    """
    if first.low > second.high:
        first, second = second, first
    elif first.high >= second.low:
        return 1.0
    gap = second.estimate - first.estimate
    return _two_sided(gap, (first.high - first.estimate) + (second.estimate - second.low))


def p_of_exclusion(effect: Interval) -> float:
    """Return the two-sided p of an effect being 0, or 1 where its interval holds 0."""
    return 1.0 if effect.contains(0) else _p_beyond(effect, 0)


def _no_difference(effect: Interval, margin: float, p: float, passes: bool) -> Decision:
    if effect.low > margin or effect.high < -margin:
        edge = margin if effect.low > margin else -margin
        reason = "the difference lies beyond the margin"
        return Decision(REFUTED, reason, _p_beyond(effect, edge))
    if passes:
        return Decision(EQUIVALENT, "both one-sided tests pass", p, supports=True)
    return _undecided(effect, margin)


def _no_worse(effect: Interval, margin: float) -> Decision:
    p = _p_beyond(effect, margin)
    if effect.low > margin:
        return Decision(WORSE, "it is worse by more than the margin", p)
    if effect.high >= margin:
        return _undecided(effect, margin)
    if effect.low > -margin:
        other = _p_beyond(effect, -margin)
        reason = "both ends lie within the margin"
        return Decision(EQUIVALENT, reason, p, supports=True, p_equivalent=other)
    return Decision(NON_INFERIOR, NO_WORSE, p, supports=True)


def _in_range(effect: Interval, claimed: tuple[float, float]) -> Decision:
    start, end = claimed
    if effect.low > end or effect.high < start:
        edge = end if effect.low > end else start
        return Decision(REFUTED, "the interval misses the range", _p_beyond(effect, edge))
    if start <= effect.low and effect.high <= end:
        p = max(_p_beyond(effect, start), _p_beyond(effect, end))
        return Decision(CONFIRMED, "the interval lies in the range", p, supports=True)
    wide = effect.high - effect.low > end - start
    reason = "wider than the range" if wide else "across an end of the range"
    return Decision(UNDECIDED, f"the interval is {reason}")


def _undecided(effect: Interval, margin: float) -> Decision:
    wide = _wide(effect, margin)
    reason = "is wider than the margin" if wide else "lies across an end of the margin"
    return Decision(UNDECIDED, f"the interval {reason}")


def _wide(effect: Interval, margin: float) -> bool:
    """Return whether the interval is wider than the band from -margin to +margin."""
    return effect.high - effect.low > 2 * margin


def _p_beyond(effect: Interval, edge: float) -> float:
    """Return the two-sided p of the effect lying at ``edge``, from the interval's side to it."""
    to_edge = abs(effect.estimate - edge)
    below = effect.estimate > edge
    half = effect.estimate - effect.low if below else effect.high - effect.estimate
    return _two_sided(to_edge, half)


def _p_inside(effect: Interval, margin: float) -> float:
    """Return the larger p of the one-sided tests against -margin and +margin."""
    if not -margin < effect.estimate < margin:
        return 1.0
    return max(_p_beyond(effect, -margin), _p_beyond(effect, margin)) / 2


def _two_sided(distance: float, half_width: float) -> float:
    if half_width <= 0:
        return 0.0 if distance > 0 else 1.0
    return float(2 * _CHANCE.sf(_REACH * distance / half_width))
