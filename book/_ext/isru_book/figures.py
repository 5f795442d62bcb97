"""The directives ``result-figure`` and ``figure-list``: figures to be cited and taken away."""

from __future__ import annotations

import json
import os
import re
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
from isru_book.html import FIGURES, TABLES, Downloads, Picture, cell_code, disclosure
from isru_book.numbers import CannotShow, plain_text
from isru_book.run import CHECK, LOGGER, notebook_of, page_of, run_of
from isru_book.values import link

_SHARE = 4  # figures that are worth the start of a process
SUFFIXES = [".svg", ".pdf", ".png", ".csv"]
_SIZE = re.compile(r'<svg[^>]*?\bwidth="([\d.]+)pt" height="([\d.]+)pt"')


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
        svg = run.folder / "figures" / f"{identifier}.svg"
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
        figure += nodes.legend("", *legend(self.env, about))
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
        known = ", ".join(about["id"] for about in run.figures()) or "none"
        self._warn(f"no figure {identifier!r} in this run; its figures: {known}")
        return []

    def _warn(self, message: str) -> None:
        LOGGER.warning("result-figure: %s", message, location=self.get_location(), type="isru")


class FigureList(SphinxDirective):
    """List every figure of the run with its page, downloads and citation."""

    def run(self) -> list[nodes.Node]:
        """Return one section-like block a figure."""
        run = run_of(self.env)
        found = []
        for about in run.figures():
            self.env.note_dependency(str(run.folder / "figures" / f"{about['id']}.json"))
            block = nodes.container("", classes=["isru-listed-figure"])
            svg = run.folder / "figures" / f"{about['id']}.svg"
            block += Picture("", stem=about["id"], alt=about["title"], **size_of(svg))
            words = nodes.container("")
            words += nodes.paragraph("", "", nodes.strong("", about["title"]))
            where = nodes.paragraph("", "Notebook ")
            where += link(about["notebook"], page_of(about["notebook"]))
            where += nodes.Text(f", figure {about['id']}")
            words += [where, *legend(self.env, about)]
            block += words
            found.append(block)
        return found or [nodes.paragraph("", "This run has no figures.")]


def legend(env, about: dict) -> list[nodes.Node]:
    """Return the downloads of a figure and the drop-down that says how to cite it."""
    run = run_of(env)
    made = code_link(about["notebook"], anchor_of_figure(run, about))
    entry = citation.bibtex(
        about,
        run.provenance(about["notebook"]),
        site=env.config.html_baseurl,
        doi=env.config.isru_doi,
        page=f"{page_of(about['notebook'])}.html#fig-{about['id']}",
    )
    return [
        Downloads("", folder=FIGURES, stem=about["id"], suffixes=SUFFIXES, **made),
        disclosure(
            "Cite this figure",
            cell_code(entry, "bibtex"),
            cell_code(citation.latex(about), "latex"),
            name="isru-cite",
        ),
    ]


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
    for svg, told in _drawings(app):
        export(svg, told, out / FIGURES, _cache(app))
    for table in sorted((run_of(app.env).folder / "tables").glob("*.csv")):
        target = out / TABLES / table.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(table.read_bytes())


def _drawings(app) -> list[tuple[Path, dict]]:
    """Return each figure of the run, with what its files tell of it."""
    run = run_of(app.env)
    return [
        (
            run.folder / "figures" / f"{about['id']}.svg",
            {key: about[key] for key in ("title", "author", "licence")}
            | {"source": source(app, about)},
        )
        for about in run.figures()
    ]


def _cache(app) -> Path:
    """Return the folder of what was converted, the same one for the books of all runs.

    It lies beside them where isru.publish.book builds them, else in this book's folder.
    """
    source = run_of(app.env).source
    staged = (source / CHECK).is_file()
    return (source.parents[2] if staged else Path(app.doctreedir).parent) / "figure-cache"


def source(app, about: dict) -> str:
    """Return in one line where a figure comes from."""
    site = app.config.html_baseurl
    return f"{citation.BOOK} Notebook {about['notebook']}, figure {about['id']}" + (
        f", {site}" if site else ""
    )


def size_of(svg: Path) -> dict:
    """Return an SVG's size in CSS pixels, so that a page does not jump while it loads."""
    found = _SIZE.search(svg.read_text(encoding="utf-8")[:2000])
    if not found:
        return {}
    return {
        side: round(float(points) * 96 / 72)
        for side, points in zip(("width", "height"), found.groups(), strict=True)
    }
