"""The claims: a card for each with the verdict of the run, and each verdict as a word in prose."""

from __future__ import annotations

import re

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective, SphinxRole

from isru.claims import (
    Verdict,
    load_claims,
    read_run_values,
    read_runs,
    rule_in_words,
    verdicts,
    what_to_do,
)
from isru.claims.history import load_history
from isru.publish.verdict_words import listed
from isru.wording import MINUS
from isru_book.again import in_words, judged_again
from isru_book.cells import place_of
from isru_book.html import MORE, disclosure
from isru_book.over import agreements, of_claim
from isru_book.run import LOGGER, Run, page_of, run_of
from isru_book.values import link, note_table

PAGE = "book/claims"  # the page that holds the cards
HISTORY, COMPARED = "book/history-of-rules", "book/compare"
_NEGATIVE = re.compile(r"(?<![\w.)-])-(?=[\d.])")
_RANGE = re.compile(r" at [^(]+ to -?[\d.]")  # of the smallest and the largest of several effects
_SHADES = {
    "confirmed": "good",
    "equivalent": "good",
    "non-inferior": "good",
    "refuted": "bad",
    "worse": "bad",
    "depends": "mixed",
    "confirmed but negligible": "mixed",
}


def judged(env) -> list[tuple]:
    """Return ``(claim, verdict)`` for every claim, from the run's values."""
    run = run_of(env)
    path = env.srcdir / "book" / "claims.yml"
    env.note_dependency(str(path))
    for values in run.every_values():
        chapter = values["notebook"]
        env.note_dependency(str(run.values_file(chapter)))
        for name in run.recorded(chapter).table_names():
            note_table(env, f"{chapter}-{name}")
    if not hasattr(run, "judged"):  # once a build: a page may ask many times
        claims = load_claims(path)
        values = read_run_values(run.folder)
        found = verdicts(claims, values, read_runs(values, run.folder))
        run.judged = list(zip(claims, found, strict=True))
    return run.judged


class ClaimCards(SphinxDirective):
    """Every claim: what to do about it, verdict, number, evidence; folded, what was published."""

    def run(self) -> list[nodes.Node]:
        """Return a card for each claim."""
        try:
            found = judged(self.env)
        except (OSError, ValueError) as error:
            LOGGER.warning("claims: %s", error, location=self.get_location(), type="isru")
            return []
        agreed = agreements(self.env, found)
        again = judged_again(self.env, [claim for claim, _ in found])
        return [
            self._card(claim, verdict, agreed, again.get(claim.id, {})) for claim, verdict in found
        ]

    def _card(self, claim, verdict, agreed, again) -> nodes.container:
        card = nodes.container("", ids=[anchor(claim.id)], classes=["isru-claim"])
        source = f" {{cite:p}}`{claim.source}`" if claim.source else ""
        number = nodes.inline("", claim.id, classes=["isru-claim-number"])
        title = [number, nodes.Text(" "), *self._inline(claim.sentence + source)]
        card += nodes.paragraph("", "", *title, classes=["isru-claim-title"])
        card += nodes.paragraph("", "", *self._inline(what_to_do(claim, verdict)))
        word = nodes.inline("", listed(verdict.word), classes=["isru-verdict", shade(verdict.word)])
        reason = _NEGATIVE.sub(MINUS, verdict.reason) if verdict.measured else ""
        why = nodes.inline("", f" {verdict.tally or reason}", classes=["isru-reason"])
        parts = {"Verdict": [word, why]}
        repeated = {"Repeated": [link(in_words(again), COMPARED), nodes.Text(".")]} if again else {}
        moved = any(not pair.same for pair in again.values())
        if moved:
            parts |= repeated
        if effect := self._effect(claim, verdict):
            parts["Number"] = effect
        if claim.elsewhere:
            parts["On your processor"] = self._inline(claim.elsewhere)
        if where := evidence(run_of(self.env), verdict):
            parts["Evidence"] = where
        card += nodes.definition_list("", *(_item(*part) for part in parts.items()))
        more = {"Published": self._inline(claim.published)}
        more["Expected"] = self._inline(claim.hypothesis)
        more["Rule"] = [nodes.Text(f"{rule_in_words(claim)}. "), *self._changes(claim.id)]
        if verdict.tally:
            more["Reasons"] = [nodes.Text(reason)]
        if over := of_claim(self.env, claim, verdict, agreed):
            more["Machines"] = over
        if not moved:
            more |= repeated
        folded = nodes.definition_list("", *(_item(*part) for part in more.items()))
        summary = "What was published and expected, and how this verdict came about"
        card += disclosure(summary, folded, name=MORE)
        return card

    def _changes(self, claim: str) -> list[nodes.Node]:
        """Say when the rule was written, and on which days something of it was changed."""
        path = self.env.srcdir / "book" / "history-of-rules.yml"
        self.env.note_dependency(str(path))
        days = [change.date for change in load_history(path) if claim in change.claims]
        listed = ", ".join(day.isoformat() for day in dict.fromkeys(days))
        told = f"Changed on {listed}" if days else "Not changed since it was written"
        return [link(told, HISTORY), nodes.Text(".")]

    def _effect(self, claim, verdict) -> list[nodes.Node]:
        if not verdict.measured:
            return []
        found = [nodes.Text(f"{claim.effect}: {effect_text(verdict)}")] if verdict.effect else []
        if claim.remark:
            found += [nodes.Text(". " if found else ""), *self._inline(claim.remark)]
        return found

    def _inline(self, text: str) -> list[nodes.Node]:
        body = nodes.container()
        lines = StringList(text.splitlines(), source=self.env.doc2path(self.env.docname))
        self.state.nested_parse(lines, self.content_offset, body)
        return [node for part in body.children for node in part.children]


class VerdictRole(SphinxRole):
    """The verdict on a claim as a word: ``{verdict}`C3```."""

    def run(self):
        """Return the word, linked to the claim."""
        try:
            found = {claim.id: verdict for claim, verdict in judged(self.env)}
        except (OSError, ValueError) as error:
            LOGGER.warning("verdict: %s", error, location=self.get_location(), type="isru")
            return [], []
        if self.text not in found:
            known = ", ".join(found)
            message = "verdict: no claim %r; the claims: %s"
            LOGGER.warning(message, self.text, known, location=self.get_location(), type="isru")
            return [], []
        verdict = found[self.text]
        why = ": ".join(part for part in (verdict.effect, verdict.reason) if part)
        node = link(listed(verdict.word), PAGE, f"{self.text}\n{why}", anchor(self.text))
        node["classes"] += ["isru-verdict", shade(verdict.word)]
        return [node], []


def _item(name: str, content: list[nodes.Node]) -> nodes.definition_list_item:
    body = nodes.definition("", nodes.paragraph("", "", *content))
    return nodes.definition_list_item("", nodes.term("", name), body)


def evidence(run: Run, verdict: Verdict) -> list[nodes.Node]:
    """Return a link for each chapter that measured a claim, to the cell that recorded it first."""
    places = dict(
        place_of(run, found.condition.value)
        for found in reversed(verdict.conditions)
        if found.value is not None
    )
    links: list[nodes.Node] = []
    for notebook in sorted(places, key=run.place):
        place = link(notebook, page_of(notebook), anchor=places[notebook])
        links += [nodes.Text(", "), place] if links else [place]
    return links


def anchor(claim: str) -> str:
    """Return the anchor of a claim on its page."""
    return f"claim-{claim.lower()}"


def effect_text(verdict) -> str:
    """Return the effect with minus signs; that of several conditions is from one to another."""
    shown = _NEGATIVE.sub(MINUS, verdict.effect)
    return f"from {shown}" if _RANGE.search(verdict.effect) else shown


def shade(word: str) -> str:
    """Return the class that colours a verdict."""
    first = word.split(" on ")[0]
    return f"isru-{_SHADES.get(first, 'open')}"
