"""A table as LaTeX, to be taken into a paper: booktabs, caption, label, where it is from."""

from __future__ import annotations

import codecs
import re

import latexcodec  # noqa: F401  # registers the encoding "ulatex"
from docutils import nodes

from isru_book.numbers import MINUS, MISSING
from isru_book.table_numbers import THIN
from isru_book.table_view import View

_SIGNS = {
    MINUS: "$-$",
    MISSING: "---",
    THIN: "\\,",
    "\N{NO-BREAK SPACE}": "~",
    "{": "\\{",
    "}": "\\}",
    "\\": "\\textbackslash{}",
    "^": "\\textasciicircum{}",
    "~": "\\textasciitilde{}",
    "<": "$<$",
    ">": "$>$",
    "\u2019": "'",
}
_POWER = re.compile("(\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_PLAIN_DIGITS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def latex_table(view: View, caption: str, label: str, source: list[str]) -> str:
    """Return a ``table`` environment; it needs the package booktabs.

    Parameters
    ----------
    view : View
    caption : str
        LaTeX already, see `caption_text`.
    label : str
        Without ``tab:``.
    source : list of str
        Lines of a comment: what made the numbers.
    """
    spec = "".join("r" if column.right else "l" for column in view.columns)
    lines = [
        *(f"% {line}" for line in source),
        "% needs \\usepackage{booktabs}",
        "\\begin{table}",
        "  \\centering",
        f"  \\caption{{{caption}}}",
        f"  \\label{{tab:{label}}}",
        f"  \\begin{{tabular}}{{{spec}}}",
        "    \\toprule",
        *_groups(view),
        _line([latex_text(column.heading) for column in view.columns]),
        "    \\midrule",
        *(_line([latex_text(cell.whole) for cell in row]) for row in view.rows),
        "    \\bottomrule",
        "  \\end{tabular}",
        "\\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _groups(view: View) -> list[str]:
    if not view.groups:
        return []
    cells = [
        f"\\multicolumn{{{span}}}{{c}}{{{latex_text(text)}}}" if text or span > 1 else ""
        for text, span in view.groups
    ]
    rules, first = [], 1
    for text, span in view.groups:
        if text:
            rules.append(f"\\cmidrule(lr){{{first}-{first + span - 1}}}")
        first += span
    return [_line(cells), f"    {' '.join(rules)}"]


def _line(cells: list[str]) -> str:
    return f"    {' & '.join(cells)} \\\\"


def latex_text(text: str) -> str:
    """Return text for LaTeX; signs and powers of ten are set as formulas."""
    pieces = _POWER.split(text)
    return "".join(_power(p) if _POWER.fullmatch(p) else "".join(map(_sign, p)) for p in pieces)


def _power(text: str) -> str:
    exponent = text.partition("10")[2].translate(_PLAIN_DIGITS)
    return f"$\\times 10^{{{exponent}}}$"


def _sign(character: str) -> str:
    """Return one character for LaTeX; one that nobody knows how to write stays as it is."""
    if character in _SIGNS:
        return _SIGNS[character]
    try:
        return codecs.encode(character, "ulatex")
    except UnicodeEncodeError:
        return character


def caption_text(inside: list[nodes.Node]) -> str:
    """Return a caption's inline nodes for LaTeX: formulas as they are, everything else as text."""
    found = []
    for node in inside:
        if isinstance(node, nodes.math):
            found.append(f"${node.astext()}$")
        elif isinstance(node, nodes.Text):
            found.append(latex_text(node.astext()))
        else:
            found.append(caption_text(node.children))
    return " ".join("".join(found).split())
