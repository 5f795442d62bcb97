"""How to cite a figure: BibTeX and LaTeX as text."""

from __future__ import annotations

from isru_book.run import commit_text

BOOK = "Is ISRU a faster tanh for LSTMs?"


def bibtex(about: dict, provenance: dict, *, site: str = "", doi: str = "", page: str = "") -> str:
    """Return a BibTeX entry for one figure.

    Parameters
    ----------
    about : dict
        The figure's ``id``, ``title``, ``notebook``, ``author``, ``licence``.
    provenance : dict
        Of the notebook that drew it.
    site, doi : str
        Address of the published book, and its DOI; left out where empty.
    page : str
        The page's address inside the book.
    """
    made = ", ".join(
        part
        for part in (
            f"notebook {about['notebook']}",
            f"commit {commit_text(provenance)}" if provenance else "",
            about["licence"],
        )
        if part
    )
    fields = {
        "author": f"{{{about['author']}}}",
        "title": f"{{{_latex(about['title'])}}}",
        "year": provenance.get("date", "")[:4],
        "howpublished": f"Figure \\texttt{{{about['id']}}} in: {_latex(BOOK)}",
        "note": _latex(made),
        "doi": doi,
        "url": f"{site.rstrip('/')}/{page}" if site else "",
    }
    lines = [f"  {name:<12} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{isru-{about['id']},", *lines, "}"])


def latex(about: dict) -> str:
    """Return a LaTeX figure that includes the PDF and cites it."""
    return "\n".join(
        [
            "\\begin{figure}",
            "  \\centering",
            f"  \\includegraphics[width=\\linewidth]{{{about['id']}.pdf}}",
            f"  \\caption{{{_latex(about['title'])}. From \\cite{{isru-{about['id']}}}, "
            f"{about['licence']}.}}",
            f"  \\label{{fig:{about['id']}}}",
            "\\end{figure}",
        ]
    )


def _latex(text: str) -> str:
    for special in "%&#_":
        text = text.replace(special, f"\\{special}")
    return text
