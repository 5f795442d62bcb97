"""Verdicts of the runs that repeated published ones, each beside the published verdict."""

from __future__ import annotations

from collections.abc import Sequence

from isru.claims import Claim, verdicts_beside
from isru.claims.beside import TwoVerdicts
from isru.publish.repeats import repeats
from isru.publish.verdict_words import listed
from isru_book.run import run_of


def judged_again(env, claims: Sequence[Claim]) -> dict[str, dict[str, TwoVerdicts]]:
    """Return ``{claim: {number of the run: both verdicts}}`` of the claims that were repeated.

    What a run took from an earlier one, such as trained networks, is equal and no repeat.
    """
    run = run_of(env)
    again = repeats(run.folder)
    for folder in again.values():
        for path in sorted((folder / "values").iterdir()):
            env.note_dependency(str(path))
    if not hasattr(run, "judged_again"):  # once a build: two pages ask
        run.judged_again = {}
        for number, folder in again.items():
            for pair in verdicts_beside(claims, run.folder, folder):
                if any(one != other for one, other in pair.effects):
                    run.judged_again.setdefault(pair.id, {})[number] = pair
    return run.judged_again


def in_words(pairs: dict[str, TwoVerdicts]) -> str:
    """Say whether a claim's repeats came to the published verdict, and which did not."""
    moved = {number: pair.yours.word for number, pair in pairs.items() if not pair.same}
    if moved:
        told = (f"run {number} says “{listed(word)}”" for number, word in moved.items())
        return f"by its own numbers {' and '.join(told)}"
    return f"the same verdict in each of {1 + len(pairs)} runs"
