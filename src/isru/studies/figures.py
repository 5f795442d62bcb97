"""Parts of figures that draw differences to tanh, paired by seed."""

from __future__ import annotations

import numpy as np

from isru.drawing.style import arm_colour

STEP_NAMES = {"train": "training step", "predict": "prediction"}


def difference_row(
    axes, place: int, values: np.ndarray, row, limit: float, *, lift: float = 0.3
) -> None:
    """Draw one arm's differences: a dot for each seed, the interval and the mean, and as text.

    Parameters
    ----------
    axes : matplotlib Axes
    place : int
        Height of the row.
    values : ndarray
        Differences, one for each seed.
    row : named tuple
        A row of `isru.studies.paired.compare`.
    limit : float
        What lies beyond stands at the edge as an arrowhead.
    lift : float
        How far above the row the text stands.
    """
    difference_marks(axes, place, values, row, limit)
    digits = ".0f" if max(abs(row.low), abs(row.high)) >= 100 else ".2f"
    text = f"{row.mean:+{digits}} ({row.low:+{digits}} to {row.high:+{digits}})"
    text = text.replace("-", "\N{MINUS SIGN}")
    style = {"ha": "right", "va": "center_baseline", "fontsize": 8}
    axes.text(0.99, place - lift, text, transform=axes.get_yaxis_transform(), **style)


def difference_marks(axes, place: int, values: np.ndarray, row, limit: float) -> None:
    """Draw what `difference_row` draws, without the text."""
    colour = arm_colour(row.arm)
    inside = np.abs(values) <= limit
    spread = place + 0.18 * np.linspace(-1, 1, max(len(values), 2))[: len(values)]
    axes.scatter(values[inside], spread[inside], s=9, color=colour, alpha=0.45, lw=0)
    for side, marker in ((-1, "<"), (1, ">")):
        beyond = side * values > limit
        edge = np.full(beyond.sum(), side * limit * 0.985)
        axes.scatter(edge, spread[beyond], s=14, marker=marker, color=colour, alpha=0.6, lw=0)
    ends = np.clip([row.low, row.high], -limit, limit)
    axes.hlines(place, *ends, color=colour, lw=5, alpha=0.6)
    if abs(row.mean) <= limit:
        axes.plot(row.mean, place, "D", color=colour, ms=6, mec="white", mew=0.8)
