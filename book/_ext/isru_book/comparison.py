"""The directive ``run-comparison``: this run beside the published one, verdicts and values."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import groupby

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from isru.claims import Claim, load_claims, read_run_values, read_runs, verdicts_beside
from isru.claims.beside import TwoVerdicts
from isru.claims.findings import between
from isru.publish.compare import AGREES, DIFFERS, compare_runs
from isru.publish.repeats import paces, repeats, times_run
from isru.publish.verdict_words import listed
from isru_book.again import judged_again
from isru_book.claims import effect_text, shade
from isru_book.html import disclosure
from isru_book.numbers import MISSING, formatted
from isru_book.run import CHECK, Run, run_of
from isru_book.tables import html_table

PUBLISHED = "published"  # where isru.publish.book puts the published values beside a run's
_VERDICTS = ["Claim", "Published", "Yours"]
_HEADER = ["Value", "Published", "Yours", "Unit", "Kind", "Outcome"]


class RunComparison(SphinxDirective):
    """Count what agrees and differs: the verdicts, what differs, then every value."""

    def run(self) -> list[nodes.Node]:
        """Return a sentence and tables; in the published book a sentence alone."""
        run = run_of(self.env)
        if run.name == "published":
            text = "This is the book of the published run. The book of a run of yours has the "
            return [*_sentence(f"{text}comparison here."), *self._repeats(run)]
        self.env.note_dependency(str(run.source / CHECK))
        rows = compare_runs(run.source / PUBLISHED, run.folder)
        if not rows:
            return _sentence("Nothing to compare: no value of this run has been published.")
        differing = [row for row in rows if row.outcome == DIFFERS]
        found = _sentence(_borrowed(run)) if run.borrowed else []
        found += self._verdicts(run)
        found += _sentence(f"Of {len(rows)} values of your run, {_counts(rows)}.")
        found += [_table(differing)] if differing else []
        for name, group in groupby(rows, key=lambda row: row.key.partition(".")[0]):
            own = list(group)
            found.append(disclosure(f"{name}: {_counts(own)}", _table(own)))
        return found

    def _claims(self) -> list:
        path = self.env.srcdir / "book" / "claims.yml"
        self.env.note_dependency(str(path))
        return load_claims(path)

    def _verdicts(self, run) -> list[nodes.Node]:
        pairs = verdicts_beside(self._claims(), run.source / PUBLISHED, run.folder)
        if not pairs:
            return []
        same = sum(pair.same for pair in pairs)
        text = f"The same verdict: {same} of the {len(pairs)} claims that both runs measured."
        shown = [[pair.id, _verdict(pair.published), _verdict(pair.yours)] for pair in pairs]
        return [*_sentence(text), html_table(_VERDICTS, shown, classes=("isru-small",))]

    def _repeats(self, run) -> list[nodes.Node]:
        """Return the published verdicts beside those of the runs that repeated them."""
        claims, numbers = self._claims(), list(repeats(run.folder))
        again = judged_again(self.env, claims)
        repeated = {claim.id: again[claim.id] for claim in claims if claim.id in again}
        if not repeated:
            return []
        header = ["Claim", "Published", *(f"Run {number}" for number in numbers)]
        rows = []
        for name, own in repeated.items():
            words = [_verdict(own[n].yours) if n in own else MISSING for n in numbers]
            rows.append([name, _verdict(next(iter(own.values())).published), *words])
        text = _again(times_run(run.folder), repeated)
        apart = _between(claims, read_runs(read_run_values(run.folder), run.folder))
        table = html_table(header, rows, classes=("isru-small",))
        told = [text, apart, *_paces(paces(run.folder))]
        return [*(nodes.paragraph("", sentence) for sentence in told), table]


def _borrowed(run: Run) -> str:
    """Say how much of the book is the reader's own run."""
    chapters = {values["notebook"] for values in run.every_values()}
    own = len(chapters - set(run.borrowed))
    return (
        f"Your run has {own} of the {len(chapters)} chapters. The pages of the others show the "
        "published run, and nothing of them is compared here."
    )


def _again(times: dict[str, int], repeated: dict[str, dict[str, TwoVerdicts]]) -> str:
    """Say which notebooks were run how often, and which verdicts did not come out the same."""
    often = defaultdict(list)
    for name, count in times.items():
        often[count].append(name)
    named = "; ".join(f"{count} times: {', '.join(often[count])}" for count in sorted(often))
    counts = Counter(1 + len(own) for own in repeated.values())
    decided = ", ".join(f"{count} in {runs} runs" for runs, count in sorted(counts.items()))
    moved = [name for name, own in repeated.items() if not all(p.same for p in own.values())]
    others = f"; in some run another one: {', '.join(moved)}" if moved else ""
    pairs = [pair for own in repeated.values() for pair in own.values()]
    effects, apart = sum(len(p.effects) for p in pairs), sum(p.apart for p in pairs)
    return (
        "Some notebooks were run more than once on one machine, with the same code and parameters "
        f"({named}). Claims decided more than once: {len(repeated)} ({decided}). The same verdict "
        f"in every run: {len(repeated) - len(moved)}{others}. Effects of these claims in the later "
        f"runs: {effects}; with an interval that misses the published one: {apart}."
    )


def _paces(found: dict[str, dict[str, float]]) -> list[str]:
    """Say how long the same calls and steps took in the repeats; an empty list without any."""
    chapters = (
        f"{name} {', '.join(f'{pace:.2f} (run {number})' for number, pace in own.items())}"
        for name, own in found.items()
    )
    text = (
        "The same calls and steps took, as a median over those of a chapter, so many times as long "
        f"as in the published run: {'; '.join(chapters)}. Where a number is far from 1, the "
        "processor was not as fast in both runs; what slowed it was not measured."
    )
    return [text] if found else []


def _between(claims: Sequence[Claim], runs: list) -> str:
    """Say by how much runs differ beyond their intervals, where they do, and what comes of it."""
    differ = []
    for claim in claims:
        if error := between(claim, runs):
            size = (
                f"{100 * math.expm1(error):.1f} %"
                if claim.scale == "ratio"
                else f"{error:.2g} {claim.unit}"
            )
            differ.append(f"{claim.id} ({size})")
    if not differ:
        return "Beyond what the intervals of one run hold, the runs do not differ."
    return (
        "An interval of one run covers its processes, not what differs from hour to hour. Over the "
        "timings of a claim together, runs differ by that much more (standard deviation): "
        f"{', '.join(differ)}; in the other claims that were repeated they do not. "
        "Every interval of these claims holds it."
    )


def _verdict(verdict) -> list[nodes.Node]:
    word = nodes.inline("", listed(verdict.word), classes=["isru-verdict", shade(verdict.word)])
    reason = nodes.inline("", f" {effect_text(verdict)}", classes=["isru-reason"])
    return [word, reason]


def _counts(rows: list) -> str:
    counts = Counter(row.outcome for row in rows)
    others = len(rows) - counts[AGREES] - counts[DIFFERS]
    return (
        f"{counts[AGREES]} agree with the published ones, {counts[DIFFERS]} differ, "
        f"{others} cannot be compared"
    )


def _sentence(text: str) -> list[nodes.Node]:
    return [nodes.paragraph("", text)]


def _table(rows: list) -> nodes.table:
    shown = [
        [[nodes.literal("", r.key)], _text(r.published), _text(r.yours), r.unit, r.kind, r.outcome]
        for r in rows
    ]
    return html_table(_HEADER, shown, classes=("isru-small",))


def _text(value: object) -> str:
    if value is None:
        return MISSING
    return formatted(value, ".5g" if isinstance(value, float) else "")
