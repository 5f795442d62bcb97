"""The first page's words and picture, each from recorded values.

::

    {switch}`m4f`              whether to switch there: yes, or a tanh table
    {places}`no`               where that is the answer: from NumPy and in TensorFlow
    {places}`open`             a sentence on where it is not settled, nothing where all is
    {rivals}`m4f`              what else is as fast there, or faster
    {change}`ADDRESS`          a saving in words: 16 to 19 % less time; a dash where the run may
                               lack it: {change}`ADDRESS optional`
    {device}`exp_free`         what an arm saves on the Cortex-M4F: 35 to 45 % less time
    {plainly}`C5`              the answer to a claim's question: unknown so far
"""

from __future__ import annotations

from collections.abc import Mapping

from docutils import nodes
from docutils.statemachine import StringList
from pandas import DataFrame
from sphinx.util.docutils import SphinxDirective, SphinxRole

from isru.addresses import BadAddress, split
from isru.answer import (
    PLACES,
    Answer,
    Mark,
    Span,
    answer,
    change,
    device_saving,
    saving,
    step_times,
)
from isru.answer.places import WORDS, limits, names_with, rivals_of
from isru.answer.steps import UNITS
from isru.claims import plainly, what_to_do
from isru.recorded import NotRecorded
from isru_book.cells import place_of
from isru_book.claims import PAGE as CLAIMS
from isru_book.claims import anchor, effect_text, judged, shade
from isru_book.drawn import DRAWINGS, Drawing, show
from isru_book.run import LOGGER, page_of, run_of
from isru_book.values import left_out, link, note_table, reader

FIGURE = "step-times"
_SHADES = {"yes": "good", "no": "bad"}


class SwitchRole(SphinxRole):
    """Say whether to switch in a place of `isru.answer.PLACES`."""

    def run(self):
        """Return the word, linked to its evidence, with the rivals in its tooltip."""
        if self.text not in PLACES:
            return _warn(self, f"switch: no place {self.text!r}; the places: {', '.join(PLACES)}")
        found = _answers(self.env)[self.text]
        notebook, cell = place_of(run_of(self.env), PLACES[self.text].decides.saving)
        node = link(found.word, page_of(notebook), rivals_of(found), cell)
        shade = "mixed" if found.word.startswith("yes,") else _SHADES.get(found.word, "open")
        node["classes"] += ["isru-verdict", f"isru-{shade}"]
        return [node], []


class PlacesRole(SphinxRole):
    """List the places whose answer is a word; "yes" lists those with a condition, too."""

    def run(self):
        """Return the list."""
        if self.text not in (*WORDS, "open"):
            return _warn(self, f"places: no word {self.text!r}; the words: {', '.join(WORDS)}")
        return [nodes.Text(places_in_words(_answers(self.env), self.text))], []


def places_in_words(answers: Mapping[str, Answer], word: str) -> str:
    """Return the places with an answer; for "open" a sentence of those not settled, or nothing.

    Examples
    --------
    >>> places_in_words({"keras": Answer("not settled")}, "open")
    'It stays open in TensorFlow without its compiler XLA. '
    """
    if word != "open":
        return names_with(answers, word)
    found = any(one.plain == "not settled" for one in answers.values())
    return f"It stays open {names_with(answers, 'not settled')}. " if found else ""


class RivalsRole(SphinxRole):
    """Say what else is as fast as ISRU in a place, or faster."""

    def run(self):
        """Return the clause."""
        if self.text not in PLACES:
            return _warn(self, f"rivals: no place {self.text!r}; the places: {', '.join(PLACES)}")
        return [nodes.Text(rivals_of(_answers(self.env)[self.text]))], []


class ChangeRole(SphinxRole):
    """Show a saving with its interval in words: ``"16 to 19 % less time"``."""

    def run(self):
        """Return the range, linked to the cell that recorded it."""
        address = self.text.removesuffix(" optional")
        try:
            found = saving(reader(self.env), Mark(address))
        except BadAddress as error:
            return _warn(self, f"change: {error}")
        if found is None and address != self.text:
            return [left_out(self.env, split(address)[0])], []
        return _told(self, found, address)


class DeviceRole(SphinxRole):
    """Show in words what an arm saves on a Cortex-M4F (see `isru.answer.device_saving`)."""

    def run(self):
        """Return the range, linked to the cell that recorded it."""
        found = device_saving(reader(self.env), _device_steps(self.env), self.text)
        return _told(
            self, found, f"microcontrollers.battery[units={UNITS}, arm={self.text}].cycles"
        )


class PlainlyRole(SphinxRole):
    """Answer the question behind a claim: yes, no, it depends, unknown so far."""

    def run(self):
        """Return the answer, linked to the claim."""
        found = {claim.id: verdict for claim, verdict in judged(self.env)}
        if self.text not in found:
            return _warn(self, f"plainly: no claim {self.text!r}; the claims: {', '.join(found)}")
        verdict = found[self.text]
        told = f"{self.text}: {verdict.word}\n{effect_text(verdict)}: {verdict.reason}"
        node = link(plainly(verdict.word), CLAIMS, told, anchor(self.text))
        node["classes"] += ["isru-verdict", shade(verdict.word)]
        return [node], []


class ClaimAdvice(SphinxDirective):
    """Show what a reader can do about a claim, as its verdict has it; the argument: the claim."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the sentence, behind the answer to the claim's question."""
        found = {claim.id: (claim, verdict) for claim, verdict in judged(self.env)}
        if self.arguments[0] not in found:
            text = f"claim-advice: no claim {self.arguments[0]!r}; the claims: {', '.join(found)}"
            return _warn(self, text)[0]
        sentence = what_to_do(*found[self.arguments[0]])
        lines = [*self.content, sentence]
        body = nodes.container()
        self.state.nested_parse(StringList([" ".join(lines)]), self.content_offset, body)
        return body.children


class AnswerFigure(SphinxDirective):
    """Draw what ISRU takes on each platform that the run knows; the content: a caption."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the figure."""
        from isru.answer.figure import step_times_words  # Matplotlib, where it is needed

        if not self.content:
            return _warn(self, "answer-figure: expected a caption that states the message")[0]
        table = _marks(self.env)
        if table.empty:
            text = "This run recorded no time of a step that the picture shows."
            return [nodes.paragraph("", text, classes=["not-in-run"])]
        body = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, body)
        figure = show(self.env, FIGURE, step_times_words(table), body[0].children)
        figure["names"].append(f"fig-{FIGURE}")
        self.set_source_info(figure)
        self.state.document.note_explicit_target(figure, figure)
        return [figure]


def _device_steps(env) -> list[dict]:
    """Return the rows of the table of steps, none where the run lacks it."""
    note_table(env, "microcontrollers-steps")
    record = run_of(env).recorded("microcontrollers")
    try:
        return [] if record is None else record.table("steps").rows
    except NotRecorded:
        return []


def _told(role, found: Span | None, address: str):
    """Return a saving in words, linked to the cell that recorded what the address names."""
    run = run_of(role.env)
    if found is None:
        if run.name == "published":
            return _warn(role, f"{role.name}: the published run lacks {role.text}")
        return [left_out(role.env, split(address)[0])], []
    notebook, cell = place_of(run, address)
    told = f"{address}: a step's time saved, {found.low:.3g} to {found.high:.3g} %"
    return [link(change(found.low, found.high), page_of(notebook), told, cell)], []


def _answers(env) -> dict:
    run = run_of(env)
    if not hasattr(run, "answers"):  # once a build: a page asks many times
        margins = limits([claim for claim, _ in judged(env)])
        read = reader(env)
        run.answers = {key: answer(read, place, margins) for key, place in PLACES.items()}
    else:
        read = reader(env)
        for place in PLACES.values():
            saving(read, place.decides)  # this page, too, depends on what they rest on
    return run.answers


def _marks(env):
    """Return what the picture draws: every platform of `processors`, or what others recorded."""
    note_table(env, "processors-dots")
    record = run_of(env).recorded("processors")
    try:
        rows = [] if record is None else record.table("dots").rows
    except NotRecorded:
        rows = []
    return DataFrame(rows) if rows else step_times(reader(env))


def _there(env) -> bool:
    return not _marks(env).empty


def _draw(env):
    from isru.answer.figure import step_times_figure

    table = _marks(env)
    return step_times_figure(table), table


def _warn(role, message: str):
    LOGGER.warning(message, location=role.get_location(), type="isru")
    return [], []


_TITLE = "Time with ISRU over time without, by platform"
DRAWINGS[FIGURE] = Drawing(_TITLE, "the chapters' results", "book/intro", _draw, _there)
