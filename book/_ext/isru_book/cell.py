"""The directive ``cell-drawing``: the LSTM's cell and its five activations, in full or small."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from isru_book.drawn import DRAWINGS, Drawing, save, show
from isru_book.html import FIGURES, Picture
from isru_book.run import LOGGER, page_of
from isru_book.takeaway import size_of

IDENTIFIER = "lstm-cell"
PAGE = page_of("lstm")  # the one that shows the cell in full


class CellDrawing(SphinxDirective):
    """Draw the cell with its caption, number and downloads; with ``:thumbnail:`` a small one.

    The argument of a small one, ``all`` (as without it), ``tanh``, ``gates`` or ``none``, says
    which activations are filled with colour. It stands beside the text of any page with one
    line, and leads to the full one.
    """

    optional_arguments = 1
    has_content = True
    option_spec: ClassVar[dict] = {"thumbnail": directives.flag}

    def run(self) -> list[nodes.Node]:
        """Return the figure."""
        from isru.drawing.lstm_cell import HIGHLIGHTS, description

        small = "thumbnail" in self.options
        highlight = (self.arguments or ["all"])[0]
        words = self._words()
        if highlight not in (HIGHLIGHTS if small else ["all"]) or words is None:
            text = (
                f"expected {', '.join(HIGHLIGHTS)} with ':thumbnail:', none in full, and one "
                f"paragraph, got {highlight!r}"
            )
            LOGGER.warning(f"cell-drawing: {text}", location=self.get_location(), type="isru")
            return []
        if small:
            return [_beside_text(self.env, highlight, words)]
        figure = show(self.env, IDENTIFIER, description(), words)
        figure["names"].append(f"fig-{IDENTIFIER}")
        self.set_source_info(figure)
        self.state.document.note_explicit_target(figure, figure)
        return [figure]

    def _words(self) -> list[nodes.Node] | None:
        """Return what the caption says, None unless it is one paragraph."""
        body = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, body)
        if len(body) != 1 or not isinstance(body[0], nodes.paragraph):
            return None
        return body[0].children


def _beside_text(env, highlight: str, words: list[nodes.Node]) -> nodes.figure:
    """Return a thumbnail whose picture and last words lead to the full drawing."""
    from isru.drawing.lstm_cell import description, lstm_cell

    stem = f"{IDENTIFIER}-{highlight}-small"
    svg = Path(env.app.outdir) / FIGURES / f"{stem}.svg"
    if stem not in _thumbnails(env.app):
        save(svg, lambda: (lstm_cell(highlight, small=True), None))
        _thumbnails(env.app).add(stem)
    to = {"isru_page": PAGE, "isru_anchor": f"fig-{IDENTIFIER}"}
    alt = description(highlight, small=True)
    more = nodes.reference("", "The cell in full", internal=True, **to)
    line = nodes.paragraph("", "", *words, nodes.Text(" "), more)
    figure = nodes.figure("", classes=["isru-figure", "isru-thumbnail"])
    figure += Picture("", stem=stem, alt=alt, **to, **size_of(svg))
    figure += nodes.legend("", line)
    return figure


def _thumbnails(app) -> set[str]:
    """Return which small drawings this build has made so far: several pages show the same."""
    if not hasattr(app, "isru_thumbnails"):
        app.isru_thumbnails = set()
    return app.isru_thumbnails


def _drawing(_env):
    import pandas as pd

    from isru.drawing.lstm_cell import lstm_cell, places

    return lstm_cell(), pd.DataFrame(places())


DRAWINGS[IDENTIFIER] = Drawing(
    "One step of an LSTM cell, and where its five activations sit",
    "the package's module isru.drawing.lstm_cell",
    PAGE,
    _drawing,
)
