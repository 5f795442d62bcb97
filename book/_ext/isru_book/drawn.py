"""Figures that are drawn when the book is built, to be cited and taken away like those of a run.

Whoever draws one enters it in ``DRAWINGS`` and shows it with :func:`show`; the list of figures
finds it there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes

from isru import paths
from isru.publish.history import checkout
from isru.records import AUTHOR, LICENCE
from isru_book.html import Picture
from isru_book.run import run_of
from isru_book.takeaway import legend, size_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# What such a figure is made of: the records and results that it shows, the page's own code.
_SOURCES = ("book", "results")


@dataclass(frozen=True)
class Drawing:
    """A figure that the book draws.

    Attributes
    ----------
    title : str
        One line, for the files' metadata and the citation.
    source : str
        What it is drawn from, as the citation tells it: "machine records".
    page : str
        The page with its label ``fig-ID``.
    draw : callable
        Sphinx's environment -> the figure and a table of every number that it shows.
    there : callable
        Sphinx's environment -> whether the run has anything to show in it.
    """

    title: str
    source: str
    page: str
    draw: Callable[..., tuple[Figure, pd.DataFrame]]
    there: Callable[..., bool] = lambda env: True

    def about(self, identifier: str) -> dict[str, str]:
        """Return what the citation and the files' metadata tell of it."""
        return {
            "id": identifier,
            "title": self.title,
            "source": f"drawn from {self.source}",
            "author": AUTHOR,
            "licence": LICENCE,
        }


DRAWINGS: dict[str, Drawing] = {}


def drawn(env, identifier: str) -> Path:
    """Return the SVG of a figure, its CSV beside it, drawn once in a build: always the same bytes.

    Raises
    ------
    ValueError
        As the drawing itself does.
    """
    made = drawn_now(env.app)
    if identifier not in made:
        made[identifier] = _draw(env, identifier)
    return made[identifier]


def drawn_now(app) -> dict[str, Path]:
    """Return the SVG of every figure that this build has drawn so far."""
    if not hasattr(app, "isru_drawn"):
        app.isru_drawn = {}
    return app.isru_drawn


def _draw(env, identifier: str) -> Path:
    svg = Path(env.app.doctreedir) / "drawn-figures" / f"{identifier}.svg"
    data = save(svg, lambda: DRAWINGS[identifier].draw(env))
    data.to_csv(svg.with_suffix(".csv"), index=False, float_format="%.9g", lineterminator="\n")
    return svg


def save(svg: Path, draw: Callable[[], tuple[Figure, pd.DataFrame | None]]):
    """Write what ``draw`` draws in the style of all figures, and return the table beside it."""
    import matplotlib as mpl

    from isru.drawing.style import use_style

    svg.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context():
        use_style()
        figure, data = draw()
        figure.savefig(svg, metadata={"Date": None}, bbox_inches="tight")
    return data


def own_legend(env, identifier: str) -> list[nodes.Node]:
    """Return the downloads of a figure and how to cite it."""
    drawing = DRAWINGS[identifier]
    about, svg = drawing.about(identifier), drawn(env, identifier)
    return legend(env, about, svg, _provenance(env), drawing.page)


def _provenance(env) -> dict:
    """Return version, commit and date of the checkout that draws; once in a build.

    A run of the reader's own has files that no commit holds, so it counts as changed.
    """
    if not hasattr(env.app, "isru_checkout"):
        about = checkout(paths.root(), _SOURCES)
        own = run_of(env).name != "published"
        env.app.isru_checkout = about | {"dirty": about["dirty"] or own}
    return env.app.isru_checkout


def show(env, identifier: str, alt: str, caption: list[nodes.Node]) -> nodes.figure:
    """Return a figure with its caption, downloads and citation; its label is the caller's part."""
    figure = nodes.figure("", classes=["isru-figure"])
    figure += Picture("", stem=identifier, alt=alt, **size_of(drawn(env, identifier)))
    figure += nodes.caption("", "", *caption)
    figure += nodes.legend("", *own_legend(env, identifier))
    return figure
