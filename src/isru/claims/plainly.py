"""A verdict for a reader in a hurry: the answer to a claim's question, and what to do about it."""

from __future__ import annotations

from isru.claims.catalogue import Claim
from isru.claims.rules import (
    CONFIRMED,
    EQUIVALENT,
    INCONCLUSIVE,
    NEGLIGIBLE,
    NON_INFERIOR,
    REFUTED,
    WORSE,
)
from isru.claims.verdicts import Verdict

DEPENDS = "depends on"
# The kind of a verdict: the answer, and what to do where the claim says nothing of its own.
_KINDS = {
    "confirmed": (CONFIRMED, "yes", "Count on it, where it was measured."),
    "equivalent": (EQUIVALENT, "yes", "It makes no difference that matters."),
    "non-inferior": (NON_INFERIOR, "yes", "It is not worse by more than the margin."),
    "negligible": (NEGLIGIBLE, "hardly", "It is there, and too small to matter."),
    "depends": (DEPENDS, "it depends", "Look up your own case: the verdict names what decides."),
    "refuted": (REFUTED, "no", "Do not count on it."),
    "worse": (WORSE, "no", "It is worse by more than the margin."),
    "open": (INCONCLUSIVE, "unknown so far", "Nothing to act on yet: this run cannot tell."),
    "unmeasured": ("not measured yet", "not measured", "Nothing to act on yet."),
    "untestable": ("not testable here", "not measured", "Nothing to act on from this machine."),
}


def kind_of(word: str) -> str:
    """Return the kind of a verdict, ``"depends"`` for ``"depends on units"``.

    Raises
    ------
    ValueError
        If the word is no verdict.
    """
    for kind, (verdict, _, _) in _KINDS.items():
        if word == verdict or (verdict == DEPENDS and word.startswith(verdict)):
            return kind
    raise ValueError(f"expected a verdict, such as {CONFIRMED!r}, got {word!r}")


def plainly(word: str) -> str:
    """Return the answer that a verdict gives: yes, no, it depends, unknown so far, ..."""
    return _KINDS[kind_of(word)][1]


def what_to_do(claim: Claim, verdict: Verdict) -> str:
    """Return one sentence that a reader can act on, the claim's own for this verdict if any.

    It may quote values, as the text of a page does.
    """
    kind = kind_of(verdict.word)
    return claim.apply.get(kind, _KINDS[kind][2])


def rule_in_words(claim: Claim) -> str:
    """Return by which rules and margins a claim is judged.

    Examples
    --------
    >>> from isru.claims import load_claims
    >>> rule_in_words(next(claim for claim in load_claims() if claim.id == "C1"))
    'confirmed where the effect is surely above 1; it matters beyond a factor of 1.02'
    """
    none = "1" if claim.scale == "ratio" else "0"
    ranges = {condition.range for condition in claim.conditions if condition.range}
    low, high = min(ranges, default=(0, 0))
    words = {
        "greater": f"confirmed where the effect is surely above {none}",
        "less": f"confirmed where the effect is surely below {none}",
        "between": f"confirmed where the effect surely lies between {low:g} and {high:g}",
        "equivalent": "confirmed where the effect surely lies within the margin",
        "no worse": "non-inferior where surely no more is lost than the margin",
        "holds": "confirmed where it is true",
        "fails": "left open by failures, refuted by one success",
    }
    rules = list(dict.fromkeys(condition.rule for condition in claim.conditions)) or [claim.rule]
    parts = [words[rule] for rule in rules]
    if len(rules) > 1:
        parts[0] = f"in parts, all of which must hold: {parts[0]}"
    if claim.rule in ("equivalent", "no worse"):
        parts.append(f"the margin is {_size(claim, claim.margin)}")
    if claim.relevance_margin and {"greater", "less"} & set(rules):
        parts.append(f"it matters beyond {_size(claim, claim.relevance_margin)}")
    return "; ".join(parts)


def _size(claim: Claim, size: float) -> str:
    if claim.scale == "ratio":
        return f"a factor of {1 + size:g}"
    return f"{size:g} {claim.unit}".strip()
