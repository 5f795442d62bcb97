"""Names written beside curves, in place of a legend."""

from __future__ import annotations

HALO = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0}
"""The box around a name: what lies under it stays visible, and the name readable."""


def write_beside(axes, text, place, offset, align, colour) -> None:
    """Write a name beside a curve, in its colour.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    text : str
    place : (float, float)
        A point of the curve, in its units.
    offset : (float, float)
        How far from it the name stands, in points.
    align : {"left", "center", "right"}
    colour : str
    """
    axes.annotate(
        text,
        place,
        xytext=offset,
        textcoords="offset points",
        ha=align,
        va="center",
        color=colour,
        fontweight="bold",
        fontsize=9.5,
        bbox=HALO,
        zorder=5,
    )
