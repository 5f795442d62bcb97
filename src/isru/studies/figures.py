"""Parts of figures that draw differences to tanh, paired by seed."""

from __future__ import annotations

import numpy as np

from isru.drawing.style import arm_colour, arm_marker

STEP_NAMES = {"train": "training step", "predict": "prediction"}


def difference_row(axes, place: float, values: np.ndarray, row, limit: float) -> None:
    """Draw one arm's differences: a dot for each seed, the interval and the mean; then as text.

    The text stands at the right of the axes, where no dot can be.

    Parameters
    ----------
    axes : matplotlib Axes
    place : float
        Height of the row.
    values : ndarray
        Differences, one for each seed.
    row : named tuple
        A row of `isru.studies.paired.compare`.
    limit : float
        What lies beyond stands at the edge as an arrowhead.
    """
    difference_marks(axes, place, values, row, limit)
    digits = 0 if max(abs(row.low), abs(row.high)) >= 100 else 2
    ends = (round(value, digits) + 0.0 for value in (row.mean, row.low, row.high))  # no -0.00
    text = "{} ({} to {})".format(*(f"{value:+.{digits}f}" for value in ends))
    text_beside(axes, place, text.replace("-", "\N{MINUS SIGN}"))


def text_beside(axes, place: float, text: str) -> None:
    """Write at the right of the axes, at the height of a row."""
    style = {"va": "center_baseline", "fontsize": 9}
    axes.text(1.02, place, text, transform=axes.get_yaxis_transform(), **style)


def difference_marks(
    axes, place: float, values: np.ndarray, row, limit: float, *, marker=None, hollow=False
) -> None:
    """Draw what `difference_row` draws, without the text; what lies beyond as an arrowhead.

    Parameters
    ----------
    marker : str, optional
        Of the mean, in place of the arm's.
    hollow : bool
        Whether it is not filled, and its interval thin.
    """
    colour = arm_colour(row.arm)
    inside = np.abs(values) <= limit
    spread = place + 0.18 * np.linspace(-1, 1, max(len(values), 2))[: len(values)]
    axes.scatter(values[inside], spread[inside], s=9, color=colour, alpha=0.45, lw=0)
    for side, head in ((-1, "<"), (1, ">")):
        beyond = side * values > limit
        edge = np.full(beyond.sum(), side * limit * 0.985)
        axes.scatter(edge, spread[beyond], s=14, marker=head, color=colour, alpha=0.6, lw=0)
    ends = np.clip([row.low, row.high], -limit, limit)
    axes.hlines(place, *ends, color=colour, lw=2 if hollow else 5, alpha=0.6)
    if abs(row.mean) <= limit:
        look = {"mfc": "white", "mew": 1.2} if hollow else {"mec": "white", "mew": 0.8}
        axes.plot(row.mean, place, marker or arm_marker(row.arm), color=colour, ms=6.5, **look)
    else:
        head, edge = ("<", -limit) if row.mean < 0 else (">", limit)
        axes.plot(edge, place, head, color=colour, ms=7, clip_on=False)
