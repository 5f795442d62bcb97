"""Whether to switch to ISRU: a word for each place where a network runs, by a rule.

The rule is that of the claims (`isru.claims.rules`), with the margins of the claim on a small
LSTM's time. It gives the state of one saving; a place has one saving that decides, others that
may set bounds to it, and rivals:

=============  ========================================================================
word           when
=============  ========================================================================
yes            the saving lies beyond the margin
yes, but       so it does; elsewhere it does not, or something else is as fast
no             ISRU is slower, beyond the floor
no difference  neither is faster by more than the margin
not settled    anything else
=============  ========================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from isru.answer.steps import INTEGER, Mark, Read, Span, emulated, saving, timed
from isru.claims import Claim
from isru.claims.rules import CONFIRMED, EQUIVALENT, NEGLIGIBLE, REFUTED, Limits, decide
from isru.stats import Interval

JUDGED_AS = "C3"  # the claim whose margins hold: the time of a small LSTM's step
WORDS = ("yes", "yes, but", "no", "no difference", "not settled")
_WORDS = {
    CONFIRMED: "yes",
    REFUTED: "no",
    EQUIVALENT: "no difference",
    NEGLIGIBLE: "no difference",
}


@dataclass(frozen=True)
class Place:
    """Where a network runs.

    Attributes
    ----------
    name : str
        As a sentence has it: "on a Cortex-M4F".
    decides : Mark
        The saving that gives the word.
    elsewhere : mapping of str to Mark
        Savings under other conditions, each named as a sentence has it: "with 100 units".
    rivals : mapping of str to str
        What could be used in ISRU's place, in the plural, with the address of what ISRU saves
        against it (``saving``), or of its time over ISRU's (``ratio``).
    """

    name: str
    decides: Mark
    elsewhere: Mapping[str, Mark] = field(default_factory=dict)
    rivals: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """A word of `WORDS`, the saving it rests on, why it is no plain yes, and what is faster."""

    word: str
    saving: Span | None = None
    reasons: tuple[str, ...] = ()
    faster: tuple[str, ...] = ()


def _against(rival: str) -> str:
    return (
        "microcontrollers.gains[measure=cycles, core=m4f, arm=exp_free, "
        f"against={rival}, units=25].saving"
    )


def _call(form: str) -> str:
    return f"activation-cost.ratios[pair=hard_tanh, form={form}, dtype=float32].ratio"


PLACES = {
    "m4f": Place(
        "on a Cortex-M4F",
        emulated("m4f", "exp_free"),
        {
            "with 10 units": emulated("m4f", "exp_free", 10),
            "with 100 units": emulated("m4f", "exp_free", 100),
            "with tanh alone replaced": emulated("m4f", "isru"),
        },
        {"straight lines in tanh's place": _against("other"), "tables of tanh": _against("table")},
    ),
    "integer": Place("in an all-integer model", INTEGER),
    "loops": Place(
        "in loops that you compile for a laptop",
        timed("numba"),
        {
            "with 100 units": timed("numba", units=100),
            "one sequence at a time": timed("numba", "single"),
        },
        {"straight lines in tanh's place": _call("simd")},
    ),
    "numpy": Place("from NumPy", timed("numpy")),
    "keras": Place("in TensorFlow", timed("keras")),
}


def limits(claims: Sequence[Claim]) -> Limits:
    """Return the margins that a saving is held against: those of the claim on a step's time."""
    (claim,) = (one for one in claims if one.id == JUDGED_AS)
    return Limits(claim.margin, claim.relevance_margin)


def answer(read: Read, place: Place, margins: Limits) -> Answer:
    """Return whether to switch in a place, from what a run recorded.

    Parameters
    ----------
    read : callable
        See `isru.answer.steps.Read`.
    place : Place
    margins : isru.claims.rules.Limits
        See `limits`.
    """
    found = saving(read, place.decides)
    if found is None:
        return Answer("not settled", reasons=("this run did not measure it",))
    word = _WORDS.get(_state(read, place.decides, found, margins), "not settled")
    if word != "yes":
        return Answer(word, found)
    faster, as_fast = _rivals(read, place.rivals)
    reasons = [f"no gain is sure {where}" for where in _without_gain(read, place, margins)]
    reasons += [f"{rival} are faster still" for rival in faster]
    reasons += [f"{rival} are as fast" for rival in as_fast]
    return Answer("yes, but" if reasons else "yes", found, tuple(reasons), tuple(faster))


def _state(read: Read, mark: Mark, found: Span, margins: Limits) -> str:
    floor = 0.0
    if mark.floor:
        ends = read(mark.floor) or {}
        floor = max(abs(float(ends.get(end, 0.0))) for end in ("low", "high"))
    held = Limits(margins.margin, margins.relevance, floor)
    return decide(Interval(*found), "greater", held).state


def _without_gain(read: Read, place: Place, margins: Limits) -> list[str]:
    """Return the conditions under which the saving does not lie beyond the margin."""
    found = {where: (mark, saving(read, mark)) for where, mark in place.elsewhere.items()}
    return [
        where
        for where, (mark, span) in found.items()
        if span is not None and _state(read, mark, span, margins) != CONFIRMED
    ]


def _rivals(read: Read, rivals: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return the rivals that are faster than ISRU, and those of which it is not known."""
    faster, as_fast = [], []
    for name, address in rivals.items():
        entry = read(address)
        if entry is None:
            continue
        equal = 1.0 if address.endswith(".ratio") else 0.0
        low, high = (entry.get(end, entry["value"]) for end in ("low", "high"))
        if high < equal:
            faster.append(name)
        elif low <= equal:
            as_fast.append(name)
    return faster, as_fast
