"""How to cite a figure: BibTeX and LaTeX as text."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from isru_book.run import commit_text

BOOK = "Is ISRU a faster tanh for LSTMs?"
_NEXT = ";\n" + " " * 18  # below the beginning of the field: BibTeX reads it as one blank


def bibtex(
    about: Mapping[str, str],
    files: Mapping[str, bytes],
    provenance: Mapping,
    *,
    site: str = "",
    doi: str = "",
    page: str = "",
) -> str:
    """Return a BibTeX entry for one figure or table.

    Parameters
    ----------
    about : mapping
        The figure's ``id``, ``title``, ``source`` (who draws it, "notebook forecaster"),
        ``author``, ``licence``; of a table ``what`` is "Table" and ``key`` the label under which
        a page shows it, since several pages may each show a part of one.
    files : mapping
        Suffix -> content of the files that the citation means, ``".svg"`` and ``".csv"``.
    provenance : mapping
        Of the run, or of the checkout, that drew it.
    site, doi : str
        Address of the published book, and its DOI; left out where empty.
    page : str
        The page's address inside the book.
    """
    what = about.get("what", "Figure")
    fields = {
        "author": f"{{{about['author']}}}",
        "title": f"{{{_latex(about['title'])}}}",
        "year": provenance.get("date", "")[:4],
        "howpublished": f"{what} \\texttt{{{about['id']}}} in: {_latex(BOOK)}",
        "note": _latex(_NEXT.join([*_made(about, files, provenance), about["licence"]])),
        "doi": doi,
        "url": f"{site.rstrip('/')}/{page}" if site else "",
    }
    lines = [f"  {name:<12} = {{{value}}}," for name, value in fields.items() if value]
    key = f"isru-{about['id']}" if what == "Figure" else f"isru-{what.lower()}-{about['key']}"
    return "\n".join([f"@misc{{{key},", *lines, "}"])


def latex(about: Mapping[str, str], files: Mapping[str, bytes], provenance: Mapping) -> str:
    """Return a LaTeX figure that includes the PDF and cites it; what it is of stands above it."""
    return "\n".join(
        [
            *(f"% {line}" for line in _made(about, files, provenance)),
            "\\begin{figure}",
            "  \\centering",
            f"  \\includegraphics[width=\\linewidth]{{{about['id']}.pdf}}",
            f"  \\caption{{{_latex(about['title'])}. From \\cite{{isru-{about['id']}}}, "
            f"{about['licence']}.}}",
            f"  \\label{{fig:{about['id']}}}",
            "\\end{figure}",
        ]
    )


def _made(about: Mapping, files: Mapping[str, bytes], provenance: Mapping) -> list[str]:
    """Return who made the figure, when and on what machine, then each file with its hash."""
    parts = [
        about["source"],
        f"version {provenance['isru']}" if "isru" in provenance else "",
        f"code of commit {commit_text(provenance)}" if provenance else "",
        provenance.get("date", ""),
        provenance.get("machine", ""),
    ]
    hashes = (
        f"{about['id']}{suffix} sha256 {hashlib.sha256(content).hexdigest()}"
        for suffix, content in files.items()
    )
    return [", ".join(part for part in parts if part), *hashes]


def _latex(text: str) -> str:
    for special in "%&#_":
        text = text.replace(special, f"\\{special}")
    return text
