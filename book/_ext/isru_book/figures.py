"""The directives ``result-figure`` and ``figure-list``: figures to be cited and taken away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from isru_drawings.exports import cached, export
from sphinx.util.docutils import SphinxDirective

from isru_book import citation
from isru_book.cells import anchor_of_figure, code_link
from isru_book.drawn import DRAWINGS, drawn, drawn_now, own_legend
from isru_book.html import FIGURES, TABLES, Picture
from isru_book.numbers import CannotShow, plain_text
from isru_book.run import CHECK, LOGGER, Run, notebook_of, page_of, run_of
from isru_book.tables import LATEX
from isru_book.takeaway import legend, size_of
from isru_book.values import link

_SHARE = 4  # figures that are worth the start of a process


class ResultFigure(SphinxDirective):
    """Show a figure of the run: picture, number, caption, downloads, how to cite it.

    On the page of its own notebook its label is ``fig-ID``, elsewhere ``fig-ID-PAGE``. With
    ``:thumbnail:`` it is a small picture beside the text, without number, downloads and label.
    """

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict] = {
        "alt": directives.unchanged_required,
        "thumbnail": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        """Return the figure, or a note that this run leaves it out."""
        identifier = self.arguments[0]
        run = run_of(self.env)
        about = run.figure(identifier)
        if about is None:
            return self._without(identifier)
        svg = _svg(run, about)
        for suffix in (".svg", ".json", ".csv"):
            self.env.note_dependency(str(svg.with_suffix(suffix)))
        self.env.note_dependency(str(run.values_file(about["notebook"])))
        figure = nodes.figure("", classes=["isru-figure"])
        figure += Picture("", stem=identifier, alt=self._alt(identifier), **size_of(svg))
        if "thumbnail" in self.options:
            figure["classes"] += ["isru-thumbnail"]
            figure += nodes.legend("", *self._caption(identifier)[0].children)
            return [figure]
        figure += self._caption(identifier)
        figure += nodes.legend("", *_legend(self.env, about))
        self.set_source_info(figure)
        own = notebook_of(self.env.docname) == about["notebook"]
        page = self.env.docname.rpartition("/")[2]
        name = f"fig-{identifier}" if own else f"fig-{identifier}-{page}"
        figure["names"].append(name)
        self.state.document.note_explicit_target(figure, figure)
        return [figure]

    def _alt(self, identifier: str) -> str:
        if "alt" not in self.options:
            self._warn(
                f"figure {identifier}: expected ':alt:' with a description for those who "
                "cannot see it, got none"
            )
        try:
            return plain_text(run_of(self.env), self.options.get("alt", ""))
        except CannotShow as error:
            self._warn(f"figure {identifier}: {error}")
            return ""

    def _caption(self, identifier: str) -> list[nodes.Node]:
        body = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, body)
        if not body.children or not isinstance(body[0], nodes.paragraph):
            self._warn(f"figure {identifier}: expected a caption that states the message, got none")
            return []
        return [nodes.caption("", "", *body[0].children), *body.children[1:]]

    def _without(self, identifier: str) -> list[nodes.Node]:
        run = run_of(self.env)
        if run.missing:
            self.env.note_dependency(str(run.source / CHECK))
            text = f"The figure {identifier} is not part of this run."
            return [nodes.paragraph("", text, classes=["not-in-run"])]
        chapter = notebook_of(self.env.docname)
        if run.is_to_come(chapter, identifier):
            self.env.note_dependency(str(run.source_of(chapter)))
            text = f"The figure {identifier} comes with the next run of {chapter}."
            return [nodes.paragraph("", text, classes=["not-in-run"])]
        known = ", ".join(about["id"] for about in run.figures()) or "none"
        self._warn(f"no figure {identifier!r} in this run; its figures: {known}")
        return []

    def _warn(self, message: str) -> None:
        LOGGER.warning("result-figure: %s", message, location=self.get_location(), type="isru")


class FigureList(SphinxDirective):
    """List every figure of the book with its page, downloads and citation."""

    def run(self) -> list[nodes.Node]:
        """Return one section-like block a figure."""
        run = run_of(self.env)
        found = []
        for about in run.figures():
            self.env.note_dependency(str(run.folder / "figures" / f"{about['id']}.json"))
            where = [nodes.Text("Notebook "), link(about["notebook"], page_of(about["notebook"]))]
            found.append(_listed(about, _svg(run, about), where, _legend(self.env, about)))
        for identifier, drawing in sorted(DRAWINGS.items()):
            if drawing.page in self.env.found_docs and drawing.there(self.env):
                where = [nodes.Text("Page "), link(drawing.page.rpartition("/")[2], drawing.page)]
                svg, below = drawn(self.env, identifier), own_legend(self.env, identifier)
                found.append(_listed(drawing.about(identifier), svg, where, below))
        return found or [nodes.paragraph("", "This run has no figures.")]


def _listed(about: dict, svg: Path, where: list[nodes.Node], below: list[nodes.Node]) -> nodes.Node:
    """Return a figure as the list shows it: a picture, its title and place, what stands below."""
    block = nodes.container("", classes=["isru-listed-figure"])
    block += Picture("", stem=about["id"], alt=about["title"], **size_of(svg))
    words = nodes.container("", nodes.paragraph("", "", nodes.strong("", about["title"])))
    words += nodes.paragraph("", "", *where, nodes.Text(f", figure {about['id']}"))
    words += below
    block += words
    return block


def _legend(env, about: dict) -> list[nodes.Node]:
    """Return what stands under a figure of the run."""
    run, notebook = run_of(env), about["notebook"]
    made = run.provenance(notebook) | about.get("redrawn", {})
    code = code_link(notebook, anchor_of_figure(run, about))
    return legend(env, _cited(about), _svg(run, about), made, page_of(notebook), code)


def _cited(about: dict) -> dict:
    """Return what the citation and the files of a figure of the run tell of it."""
    return about | {"source": f"notebook {about['notebook']}"}


def _svg(run: Run, about: dict) -> Path:
    return run.folder / "figures" / f"{about['id']}.svg"


def start_conversions(app) -> None:
    """Convert figures in processes of their own, while this one reads and writes pages.

    They only fill the cache. What one of them did not convert, ``write_files`` converts.
    """
    app.isru_conversions = []
    if app.builder.format != "html":
        return
    cache = _cache(app)
    waiting = [
        (str(svg), told)
        for svg, told in _drawings(app)
        if not all(made.is_file() for made in cached(svg, told, cache))
    ]
    extensions = str(Path(__file__).parents[1])
    count = min(os.cpu_count() or 1, -(-len(waiting) // _SHARE))
    for number in range(count):
        process = subprocess.Popen(
            [sys.executable, "-m", "isru_drawings", str(cache)],
            stdin=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": extensions},
        )
        app.isru_conversions.append(process)
        with process.stdin as told:
            told.write(json.dumps(waiting[number::count]).encode())


def write_files(app, error: Exception | None) -> None:
    """Put every figure and table of the run at its stable address in the book."""
    for process in app.isru_conversions:
        if error:
            process.terminate()
        process.wait()
    if error or app.builder.format != "html":
        return
    out = Path(app.outdir)
    own = [
        (svg, _told(app, DRAWINGS[identifier].about(identifier)))
        for identifier, svg in drawn_now(app).items()
    ]
    for svg, told in [*_drawings(app), *own]:
        export(svg, told, out / FIGURES, _cache(app))
    for table in sorted((run_of(app.env).folder / "tables").glob("*.csv")):
        target = out / TABLES / table.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(table.read_bytes())
    for about in app.env.metadata.values():
        for stem, text in about.get(LATEX, {}).items():
            (out / TABLES).mkdir(parents=True, exist_ok=True)
            (out / TABLES / f"{stem}.tex").write_text(text, encoding="utf-8")


def _drawings(app) -> list[tuple[Path, dict]]:
    """Return each figure of the run, with what its files tell of it."""
    run = run_of(app.env)
    return [(_svg(run, about), _told(app, _cited(about))) for about in run.figures()]


def _told(app, about: dict) -> dict:
    """Return what the files of a figure tell of it."""
    site = app.config.html_baseurl
    source = f"{citation.BOOK} {about['source'].capitalize()}, figure {about['id']}"
    told = {key: about[key] for key in ("title", "author", "licence")}
    return told | {"source": f"{source}, {site}" if site else source}


def _cache(app) -> Path:
    """Return the folder of what was converted, the same one for the books of all runs.

    It lies beside them where isru.publish.book builds them, else in this book's folder.
    """
    source = run_of(app.env).source
    staged = (source / CHECK).is_file()
    return (source.parents[2] if staged else Path(app.doctreedir).parent) / "figure-cache"
