"""What stands under a figure: its files, and how to cite it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from docutils import nodes

from isru_book import citation
from isru_book.html import FIGURES, Downloads, cell_code, disclosure
from isru_book.repository import commit_nodes

_SUFFIXES = [".svg", ".pdf", ".png", ".csv"]
_CITED = (".svg", ".csv")  # the files that are drawn; the others are converted from these
_SIZE = re.compile(r'<svg[^>]*?\bwidth="([\d.]+)pt" height="([\d.]+)pt"')


def legend(
    env,
    about: Mapping,
    svg: Path,
    provenance: Mapping,
    page: str,
    code: Mapping = MappingProxyType({}),
) -> list[nodes.Node]:
    """Return the downloads of a figure and the drop-down that says how to cite it.

    Parameters
    ----------
    env : sphinx.environment.BuildEnvironment
    about : mapping
        ``id``, ``title``, ``source``, ``author``, ``licence``, as in :func:`citation.bibtex`;
        ``redrawn`` if other code drew the figure again than made its data.
    svg : Path
        The figure; its numbers lie beside it as CSV.
    provenance : mapping
        Version, commit and date of what drew it.
    page : str
        The page with its label ``fig-ID``.
    code : mapping
        Where the cell is that drew it, as `isru_book.cells.code_link` tells it.
    """
    files = {suffix: svg.with_suffix(suffix).read_bytes() for suffix in _CITED}
    entry = citation.bibtex(
        about,
        files,
        provenance,
        site=env.config.html_baseurl,
        doi=env.config.isru_doi,
        page=f"{page}.html#fig-{about['id']}",
    )
    commits = commit_nodes(env.config, provenance)
    drawn = "Drawn again from the run's data by code of commit " if "redrawn" in about else ""
    return [
        Downloads("", folder=FIGURES, stem=about["id"], suffixes=_SUFFIXES, **code),
        disclosure(
            "Cite this figure",
            nodes.paragraph("", "", nodes.Text(drawn or "Code of commit "), *commits),
            cell_code(entry, "bibtex"),
            cell_code(citation.latex(about, files, provenance), "latex"),
            name="isru-cite",
        ),
    ]


def size_of(svg: Path) -> dict:
    """Return an SVG's size in CSS pixels, so that a page does not jump while it loads."""
    found = _SIZE.search(svg.read_text(encoding="utf-8")[:2000])
    if not found:
        return {}
    return {
        side: round(float(points) * 96 / 72)
        for side, points in zip(("width", "height"), found.groups(), strict=True)
    }
