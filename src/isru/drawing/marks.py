"""Marks with intervals, in a view that neither a stray point nor a wide floor decides."""

from __future__ import annotations

import numpy as np
import pandas as pd

from isru.drawing.style import COLOURS

_FENCE = 3.0  # ranges between the quartiles, beyond which an estimate does not stretch the axis
_ROOM = 0.5  # of the estimates' range: how far intervals may stretch it to either side
_EDGE = 0.05  # of the range, left free


def view(estimates, ends, *, least: float) -> tuple[float, float]:
    """Return the limits of an axis around zero that shows estimates, without stray ones.

    Parameters
    ----------
    estimates, ends : array_like
        What must be seen, and the ends of intervals, which are cut where they reach far beyond;
        NaN counts as nothing, and without an estimate the ends do not count either.
    least : float
        The axis reaches at least so far to both sides of 0.
    """
    values = np.asarray(estimates, dtype=float).ravel()
    values = values[np.isfinite(values)]
    if not len(values):
        return -least, least
    low, high = np.percentile(values, [25, 75])
    fence = max(_FENCE * (high - low), least)
    kept = values[(values >= low - fence) & (values <= high + fence)]
    low, high = min(kept.min(), -least), max(kept.max(), least)
    room = _ROOM * (high - low)
    reach = np.append(np.asarray(ends, dtype=float), 0.0)  # so that it holds a number
    low = max(low - room, min(low, np.nanmin(reach)))
    high = min(high + room, max(high, np.nanmax(reach)))
    return low - _EDGE * (high - low), high + _EDGE * (high - low)


def draw_estimates(
    axes, x, rows: pd.DataFrame, value: str, *, colour: str, marker: str, decided=None, **look
) -> None:
    """Draw estimates with their intervals; an arrowhead at the edge stands for what lies beyond.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        With its limits set.
    x : array_like
    rows : pandas.DataFrame
        Columns low, high and ``value``.
    colour, marker : str
    decided : array_like of bool, optional
        Marks of the rest are hollow.
    **look
        For the line through the estimates, with ``label``; without ``ls`` there is none.
    """
    x, values = np.asarray(x, dtype=float), rows[value].to_numpy(float)
    lower, upper = axes.get_ylim()
    axes.vlines(x, rows["low"], rows["high"], color=colour, lw=2.5, alpha=0.45)
    look = {"ls": "none", "lw": 1.5, "ms": 5.5} | look
    axes.plot(x, values, color=colour, marker=marker, **look)
    if decided is not None:
        open_ = ~np.asarray(decided, dtype=bool)
        hollow = {"mfc": "white", "mew": 1.3, "ls": "none", "ms": look["ms"], "zorder": 4}
        axes.plot(x[open_], values[open_], color=colour, marker=marker, **hollow)
    for beyond, edge, head in ((values < lower, lower, "v"), (values > upper, upper, "^")):
        if beyond.any():  # an empty line that is not clipped would have no place in the layout
            axes.plot(
                x[beyond], np.full(beyond.sum(), edge), head, color=colour, ms=7, clip_on=False
            )


def draw_floor(axes, x, low, high) -> None:
    """Draw what a comparison of tanh with itself shows, pale enough for what stands on it."""
    style = {"color": COLOURS["floor"], "lw": 0, "alpha": 0.45, "label": "tanh against itself"}
    axes.fill_between(x, low, high, zorder=0, **style)
