"""What a figure says, in one sentence written on it."""

from __future__ import annotations

WIDTH = 5.6
"""Inches, of every figure: so all have letters of one size, whatever width a page gives them.

Printed in a column of 8 cm, 9 points become 5: no text of a figure is smaller.
"""

_SIZE = 10.5  # points
_KEPT = (" %", " pp", " = ", " × ", " ns")  # no line ends there


def write_message(figure, sentence: str) -> None:
    """Write a sentence above all panels, bold, from the left, wrapped to the width.

    Call it before or after drawing; the figure needs the layout ``constrained``.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    sentence : str
        What the figure shows, computed from the numbers that it draws. May hold ``$...$``
        without spaces.
    """
    for unit in _KEPT:
        sentence = sentence.replace(unit, unit.replace(" ", "\N{NO-BREAK SPACE}"))
    lines, room = [""], figure.get_figwidth() * 72 - 20  # a screen's letters are a little wider
    for word in sentence.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if _width(longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    look = {"ha": "left", "fontsize": _SIZE, "fontweight": "bold", "linespacing": 1.25}
    figure.suptitle("\n".join(lines), x=6 / (figure.get_figwidth() * 72), **look)


def _width(text: str) -> float:
    """Return the width of a line of a message, in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    font = FontProperties(weight="bold", size=_SIZE)
    return TextPath((0, 0), text, prop=font).get_extents().width


def legend_below(figure, handles, labels=None, *, columns: int) -> None:
    """Put one legend for all panels below them, in the common size.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    handles : list of matplotlib.artist.Artist
    labels : list of str, optional
        Else those of the handles.
    columns : int
    """
    labels = labels or [handle.get_label() for handle in handles]
    place = {"loc": "outside lower center", "ncols": columns, "fontsize": 9, "columnspacing": 1.2}
    figure.legend(handles, labels, **place)
