"""Whether to switch to ISRU: a word for each place where a network runs, by a rule.

The rule is that of one condition of a claim (`isru.claims.rules`), by itself and by one run's
interval, with the margins of the claim on a small LSTM's time: neither Holm's correction nor what
runs of a machine differ by enters. It gives the state of one saving; a place has one saving that
decides, others that may set bounds to it, and rivals:

=============  ========================================================================
word           when
=============  ========================================================================
yes            the saving lies beyond the margin
yes, for ...   so it does, but under another condition it does not
yes, or ...    so it does, but a rival is not shown to be slower
no             ISRU is slower
no difference  neither is faster by more than the margin
not settled    anything else
=============  ========================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from isru.answer.steps import INTEGER, Mark, Read, Span, emulated, generated, saving, timed
from isru.claims import Claim
from isru.claims.rules import CONFIRMED, EQUIVALENT, NEGLIGIBLE, REFUTED, Limits, decide
from isru.stats import Interval

JUDGED_AS = "C3"  # the claim whose margins hold: the time of a small LSTM's step
WORDS = ("yes", "no", "no difference", "not settled")
_FEW = 10.0  # per cent: no further from ISRU's time lie the ends of a rival that is "as fast"
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
        Savings under other conditions, by what a network must be that one of them is not sure of:
        "for small networks" for a saving with many units.
    rivals : mapping of str to str
        What could be used in ISRU's place, the easiest first, with the address of what ISRU saves
        against it (``saving``), or of its time over ISRU's (``ratio``).
    """

    name: str
    decides: Mark
    elsewhere: Mapping[str, Mark] = field(default_factory=dict)
    rivals: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """A word of `WORDS` with its condition, the saving it rests on, and the rivals' names.

    Of ``unsure`` rivals a run cannot tell within a few per cent how fast they are.
    """

    word: str
    saving: Span | None = None
    faster: tuple[str, ...] = ()
    as_fast: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    bounds: tuple[str, ...] = ()

    @property
    def plain(self) -> str:
        """The word without its condition."""
        return self.word.split(",")[0]


def _against(rival: str) -> str:
    return (
        "microcontrollers.gains[measure=cycles, core=m4f, arm=exp_free, "
        f"against={rival}, units=25].saving"
    )


def _call(form: str) -> str:
    return f"activation-cost.ratios[pair=hard_tanh, form={form}, dtype=float32].ratio"


# Of a step with the same gates: what ISRU saves where the fraction computes tanh.
_OVER_FRACTION = (
    "processors.rivals-steps[phase=predict, batch=32, units=25, arm=isru_fraction].saving_best"
)

PLACES = {
    "m4f": Place(
        "on a Cortex-M4F",
        emulated("m4f", "exp_free"),
        {
            "for small networks": emulated("m4f", "exp_free", 100),
            "in the gates, too": emulated("m4f", "isru"),
        },
        {"a tanh table": _against("table"), "straight lines (hard tanh)": _against("other")},
    ),
    "integer": Place("in an all-integer model", INTEGER),
    "loops": Place(
        "in loops that you compile yourself",
        timed("numba"),
        {
            "for small networks": timed("numba", units=100),
            "in batches": timed("numba", "single"),
        },
        {
            "a better tanh (one fraction)": _OVER_FRACTION,
            "straight lines (hard tanh)": _call("simd"),
        },
    ),
    "c": Place(
        "in C that calls its library's tanh",
        generated(),
        {"for small networks": generated(100)},
    ),
    "numpy": Place("from NumPy", timed("numpy")),
    "keras": Place("in TensorFlow without its compiler XLA", timed("keras")),
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
        return Answer("not settled")
    word = _WORDS.get(_state(found, margins), "not settled")
    faster, as_fast, unsure = _rivals(read, place.rivals)
    if word != "yes":
        return Answer(word, found, faster, as_fast, unsure)
    bounds = _bounds(read, place, margins)
    if bounds:
        word += f", {' '.join(bounds)}"
    known = [name for name in place.rivals if name in (*faster, *as_fast, *unsure)]
    if known:
        word += f", or {known[0]}"
    return Answer(word, found, faster, as_fast, unsure, tuple(bounds))


def names_with(answers: Mapping[str, Answer], word: str) -> str:
    """Return the places with an answer as a sentence lists them, each with its condition.

    Parameters
    ----------
    answers : mapping
        By key of `PLACES`.
    word : str
        One of `WORDS`.
    """
    found = {PLACES[key].name: one.bounds for key, one in answers.items() if one.plain == word}
    names = [f"{name} ({' '.join(bounds)})" if bounds else name for name, bounds in found.items()]
    return _listed(names) or "nowhere"


def rivals_of(found: Answer) -> str:
    """Return the clause that says how fast the rivals are: "straight lines are faster"."""
    parts = [
        ("as fast within a few per cent", found.as_fast),
        ("not shown to be slower", found.unsure),
        ("faster", found.faster),
    ]
    clauses = [
        f"{_listed(names)} {'is' if names[0].startswith('a ') and len(names) == 1 else 'are'} {how}"
        for how, names in parts
        if names
    ]
    return _listed(clauses) or "no rival that was timed is as fast as ISRU"


def _listed(names: Sequence[str]) -> str:
    *first, last = names or [""]
    return f"{', '.join(first)} and {last}" if first else last


def _state(found: Span, margins: Limits) -> str:
    return decide(Interval(*found), "greater", margins).state


def _bounds(read: Read, place: Place, margins: Limits) -> list[str]:
    """Return what a network must be: otherwise the saving does not lie beyond the margin."""
    found = {bound: saving(read, mark) for bound, mark in place.elsewhere.items()}
    return [
        bound
        for bound, span in found.items()
        if span is not None and _state(span, margins) != CONFIRMED
    ]


def _rivals(read: Read, rivals: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Return the rivals that are faster than ISRU, as fast, and those of which it is not known."""
    faster: list[str] = []
    as_fast: list[str] = []
    unsure: list[str] = []
    for name, address in rivals.items():
        entry = read(address)
        if entry is None:
            continue
        low, high = (entry.get(end, entry["value"]) for end in ("low", "high"))
        if address.endswith(".ratio"):
            low, high = (100 * (end - 1) for end in (low, high))
        if high < 0:
            faster.append(name)
        elif low <= 0:
            (as_fast if max(-low, high) <= _FEW else unsure).append(name)
    return [tuple(names) for names in (faster, as_fast, unsure)]
