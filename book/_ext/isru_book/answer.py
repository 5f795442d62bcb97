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
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from isru_drawings.exports import export
from sphinx.util.docutils import SphinxDirective, SphinxRole

from isru.addresses import BadAddress, split
from isru.answer import PLACES, PLATFORMS, answer, change, saving, step_times
from isru.answer.places import WORDS, limits
from isru.claims import plainly, what_to_do
from isru.recorded import NotRecorded
from isru.records import AUTHOR, LICENCE
from isru_book import citation
from isru_book.claims import PAGE as CLAIMS
from isru_book.claims import anchor, effect_text, judged, shade
from isru_book.figures import SUFFIXES, size_of
from isru_book.html import FIGURES, Downloads, Picture, cell_code, disclosure
from isru_book.numbers import CannotShow
from isru_book.run import LOGGER, page_of, run_of
from isru_book.values import left_out, link, note_table

FIGURE = "step-times"
_TITLE = "Time of an LSTM's step with ISRU over that with tanh, by platform"
_SHADES = {"yes": "good", "yes, but": "mixed", "no": "bad"}
_NOWHERE = "nowhere"


class SwitchRole(SphinxRole):
    """Say whether to switch in a place of `isru.answer.PLACES`."""

    def run(self):
        """Return the word, linked to the evidence, with the reasons in its tooltip."""
        if self.text not in PLACES:
            return _warn(self, f"switch: no place {self.text!r}; the places: {', '.join(PLACES)}")
        place, found = PLACES[self.text], _answers(self.env)[self.text]
        node = link(found.word, page_of(place.page), "; ".join(found.reasons))
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
        except (CannotShow, BadAddress) as error:
            return _warn(self, f"change: {error}")
        chapter = split(addresses[0])[0]
        if any(entry is None for _, entry in found):
            return [left_out(self.env, chapter)], []
        ends = [entry.get(end, entry["value"]) for _, entry in found for end in ("low", "high")]
        told = "\n".join(f"{address} = {entry['value']:.3g} %" for address, entry in found)
        return [link(change(min(ends), max(ends)), page_of(chapter), told)], []


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
        if not self.content:
            return _warn(self, "answer-figure: expected a caption that states the message")[0]
        table = step_times(reader(self.env))
        if table.empty:
            text = "This run recorded no time of a step that the picture shows."
            return [nodes.paragraph("", text, classes=["not-in-run"])]
        body = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, body)
        figure = nodes.figure("", classes=["isru-figure"])
        figure += _drawn(self.env, table)
        figure += nodes.caption("", "", *body[0].children)
        figure += nodes.legend("", *_cited(self.env))
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
            if run.name == "published":
                raise CannotShow(f"the published run lacks {address}") from None
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


def _drawn(env, table) -> Picture:
    """Write the picture's files into the book and return it."""
    import matplotlib as mpl

    from isru.answer.figure import step_times_figure, step_times_words
    from isru.drawing.style import use_style

    folder = Path(env.app.doctreedir) / "answer-figure"
    folder.mkdir(parents=True, exist_ok=True)
    svg = folder / f"{FIGURE}.svg"
    with mpl.rc_context():
        use_style()
        figure = step_times_figure(table)
        figure.savefig(svg, metadata={"Date": None}, bbox_inches="tight")
    table.to_csv(svg.with_suffix(".csv"), index=False, float_format="%.9g", lineterminator="\n")
    about = _about() | {"source": f"{citation.BOOK} First page, figure {FIGURE}"}
    export(svg, about, Path(env.app.outdir) / FIGURES, folder / "cache")
    return Picture("", stem=FIGURE, alt=step_times_words(table), **size_of(svg))


def _about() -> dict:
    return {"title": _TITLE, "author": AUTHOR, "licence": LICENCE}


def _cited(env) -> list[nodes.Node]:
    """Return the downloads, and how to cite the picture: by the newest chapter that it shows."""
    run = run_of(env)
    chapters = {split(mark.saving)[0] for p in PLATFORMS for mark in p.marks.values()}
    newest = max(chapters, key=lambda chapter: run.provenance(chapter).get("date", ""))
    about = _about() | {"id": FIGURE, "notebook": newest}
    entry = citation.bibtex(
        about,
        run.provenance(newest),
        site=env.config.html_baseurl,
        doi=env.config.isru_doi,
        page=f"{env.docname}.html#fig-{FIGURE}",
    )
    return [
        Downloads("", folder=FIGURES, stem=FIGURE, suffixes=SUFFIXES),
        disclosure(
            "Cite this figure",
            cell_code(entry, "bibtex"),
            cell_code(citation.latex(about), "latex"),
            name="isru-cite",
        ),
    ]


def _warn(role, message: str):
    LOGGER.warning(message, location=role.get_location(), type="isru")
    return [], []
