"""The first page's words and picture, each from recorded values.

::

    {switch}`m4f`              whether to switch there: yes, but
    {places}`no`               where that is the answer: from NumPy and in TensorFlow
    {rivals}`yes`              what is faster than ISRU wherever ISRU gains
    {change}`ADDRESS and ADDRESS`   savings in words, as one range: 35 to 45 % shorter
    {plainly}`C5`              the answer to a claim's question: not settled
"""

from __future__ import annotations

from collections.abc import Mapping

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective, SphinxRole

from isru.addresses import BadAddress, split
from isru.answer import PLACES, answer, change, saving, step_times
from isru.answer.places import WORDS, limits
from isru.claims import plainly, what_to_do
from isru.recorded import NotRecorded
from isru_book.cells import place_of
from isru_book.claims import PAGE as CLAIMS
from isru_book.claims import anchor, effect_text, judged, shade
from isru_book.drawn import DRAWINGS, Drawing, show
from isru_book.run import LOGGER, page_of, run_of
from isru_book.values import left_out, link, note_table

FIGURE = "step-times"
_SHADES = {"yes": "good", "yes, but": "mixed", "no": "bad"}
_NOWHERE = "nowhere"


class SwitchRole(SphinxRole):
    """Say whether to switch in a place of `isru.answer.PLACES`."""

    def run(self):
        """Return the word, linked to the evidence, with the reasons in its tooltip."""
        if self.text not in PLACES:
            return _warn(self, f"switch: no place {self.text!r}; the places: {', '.join(PLACES)}")
        place, found = PLACES[self.text], _answers(self.env)[self.text]
        notebook, cell = place_of(run_of(self.env), place.decides.saving)
        node = link(found.word, page_of(notebook), "; ".join(found.reasons), cell)
        node["classes"] += ["isru-verdict", f"isru-{_SHADES.get(found.word, 'open')}"]
        return [node], []


class PlacesRole(SphinxRole):
    """List the places whose answer is a word; "yes" lists those with a "but", too."""

    def run(self):
        """Return the list."""
        if self.text not in WORDS:
            return _warn(self, f"places: no word {self.text!r}; the words: {', '.join(WORDS)}")
        found = _answers(self.env)
        names = [PLACES[key].name for key in _with(found, self.text)]
        return [nodes.Text(_listed(names) or _NOWHERE)], []


class RivalsRole(SphinxRole):
    """Say what is faster than ISRU in every place whose answer is a word."""

    def run(self):
        """Return the clause."""
        found = _answers(self.env)
        faster = [found[key].faster for key in _with(found, self.text)]
        common = [name for name in (faster[0] if faster else ()) if all(name in f for f in faster)]
        text = f"{_listed(common)} are faster still" if common else "no stand-in is faster in all"
        return [nodes.Text(text)], []


class ChangeRole(SphinxRole):
    """Show savings in words, as one range: ``"35 to 45 % shorter"``.

    Several addresses stand for one saving under several conditions.
    """

    def run(self):
        """Return the range, linked to the chapter that recorded it."""
        addresses = " ".join(self.text.split()).split(" and ")
        read = reader(self.env)
        try:
            found = [(address, read(address)) for address in addresses]
            chapter = split(addresses[0])[0]
        except BadAddress as error:
            return _warn(self, f"change: {error}")
        if missing := [address for address, entry in found if entry is None]:
            if run_of(self.env).name == "published":
                return _warn(self, f"change: the published run lacks {missing[0]}")
            return [left_out(self.env, chapter)], []
        ends = [entry.get(end, entry["value"]) for _, entry in found for end in ("low", "high")]
        told = "\n".join(f"{address} = {entry['value']:.3g} %" for address, entry in found)
        notebook, cell = place_of(run_of(self.env), addresses[0])
        return [link(change(min(ends), max(ends)), page_of(notebook), told, cell)], []


class PlainlyRole(SphinxRole):
    """Answer the question behind a claim: yes, no, it depends, not settled."""

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
    """Draw the step's time on each platform of `isru.answer.PLATFORMS`; the content: a caption."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the figure."""
        from isru.answer.figure import step_times_words  # Matplotlib, where it is needed

        if not self.content:
            return _warn(self, "answer-figure: expected a caption that states the message")[0]
        table = step_times(reader(self.env))
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


def reader(env):
    """Return a function that gives what the run recorded at an address, None where nothing."""
    run = run_of(env)

    def read(address: str) -> Mapping | None:
        chapter, name = split(address)
        env.note_dependency(str(run.values_file(chapter)))
        if "[" in name:
            note_table(env, f"{chapter}-{name.partition('[')[0]}")
        record = run.recorded(chapter)
        try:
            return None if record is None else record[name]
        except NotRecorded:
            return None

    return read


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


def _with(answers: Mapping, word: str) -> list[str]:
    """Return the places with an answer; a "yes, but" is a yes."""
    return [key for key, found in answers.items() if word in (found.word, found.word.split(",")[0])]


def _listed(names) -> str:
    *first, last = names or [""]
    return f"{', '.join(first)} and {last}" if first else last


def _there(env) -> bool:
    return not step_times(reader(env)).empty


def _draw(env):
    from isru.answer.figure import step_times_figure

    table = step_times(reader(env))
    return step_times_figure(table), table


def _warn(role, message: str):
    LOGGER.warning(message, location=role.get_location(), type="isru")
    return [], []


_TITLE = "Time of an LSTM's step with ISRU over that with tanh, by platform"
DRAWINGS[FIGURE] = Drawing(_TITLE, "the chapters' results", "book/intro", _draw, _there)
