"""The verdicts of two runs, beside each other: does a run again come to the same words?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from isru.claims.catalogue import Claim
from isru.claims.findings import Finding
from isru.claims.verdicts import Verdict, read_run_values, read_runs, verdicts


@dataclass(frozen=True)
class TwoVerdicts:
    """One claim in two runs that both measured it."""

    published: Verdict
    yours: Verdict

    @property
    def id(self) -> str:
        """The claim."""
        return self.yours.id

    @property
    def same(self) -> bool:
        """Whether both runs give it the same word; effects and intervals may differ."""
        return self.published.word == self.yours.word

    @property
    def effects(self) -> list[tuple[Finding, Finding]]:
        """The effects that both runs give an interval, condition by condition."""
        both = zip(self.published.conditions, self.yours.conditions, strict=True)
        return [pair for pair in both if None not in (pair[0].low, pair[1].low)]

    @property
    def apart(self) -> int:
        """How many of `effects` have intervals that do not meet."""
        return sum(one.low > other.high or other.low > one.high for one, other in self.effects)


def verdicts_beside(
    claims: Sequence[Claim], published: str | Path, yours: str | Path
) -> list[TwoVerdicts]:
    """Judge every claim from both runs' values, and return those that both measured.

    Only notebooks that both runs hold take part, so that a run of a few notebooks is not held
    against verdicts that rest on others too. What runs of the machine differ by, as the published
    one and its repeats show it, widens the intervals of both. A word is no time: it should carry
    over to a second run on the same machine. On another machine, or in a shorter profile, it may
    differ by right.

    Parameters
    ----------
    claims : sequence of Claim
    published, yours : path
        Run folders.

    Raises
    ------
    FileNotFoundError, ValueError
        If a run is not there or damaged; see `read_run_values`.
    """
    values = [read_run_values(folder) for folder in (published, yours)]
    both = values[0].keys() & values[1].keys()
    found = (
        verdicts(claims, {name: one[name] for name in both}, read_runs(one, published))
        for one in values
    )
    pairs = (TwoVerdicts(*pair) for pair in zip(*found, strict=True))
    return [pair for pair in pairs if pair.published.measured and pair.yours.measured]
