"""Figures of float32 against float64, and strips of paired differences."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from isru.drawing.style import COLOURS
from isru.studies.arms import ARMS
from isru.studies.figures import STEP_NAMES, difference_marks

_TICKS = (10, 25, 50, 100, 300)


def precision_savings(narrow: pd.DataFrame, isru: pd.DataFrame, *, limit: float) -> Figure:
    """Draw what float32 saves of a step, and what ISRU saves in either precision, by units.

    Parameters
    ----------
    narrow : pandas.DataFrame
        From `precision.float32_savings`.
    isru : pandas.DataFrame
        From `isru.studies.savings.savings`, of both precisions, with a column ``dtype``.
    limit : float
        The saving that half the bytes and twice the lanes allow, %.
    """
    steps = [step for step in STEP_NAMES if step in set(narrow["step"])]
    figure = Figure(figsize=(8.2, 2.9 * len(steps) + 0.4), layout="constrained")
    panels = figure.subplots(len(steps), 2, sharex=True, squeeze=False)
    for (left, right), step in zip(panels, steps, strict=True):
        _narrow_panel(left, narrow[narrow["step"] == step], limit)
        _isru_panel(right, isru[isru["step"] == step])
        left.set_ylabel(f"{STEP_NAMES[step]}\ntime saved by float32 (%)")
        right.set_ylabel("time saved by ISRU (%)")
    sizes = [count for count in _TICKS if count in set(narrow["units"])]
    for axes in panels[-1]:
        axes.set(xlabel="units of the layer", xscale="log")
        axes.set_xticks(sizes, [str(count) for count in sizes])
        axes.xaxis.set_minor_locator(NullLocator())
    handles, labels = panels[0, 0].get_legend_handles_labels()
    more, names = panels[0, 1].get_legend_handles_labels()
    legend = dict(zip([*labels, *names], [*handles, *more], strict=True))
    where = {"loc": "outside lower center", "ncols": 4, "fontsize": 9}
    figure.legend(list(legend.values()), list(legend), **where)
    return figure


def _narrow_panel(axes, part: pd.DataFrame, limit: float) -> None:
    band = part.drop_duplicates("units").sort_values("units")
    _floor(axes, band)
    axes.axhline(limit, color=COLOURS["prediction"], lw=1.0, ls=":", label="half the time")
    for name, rows in part.sort_values("units").groupby("activation"):
        _curve(axes, rows, COLOURS[name], f"left: {ARMS[name].label}")
    axes.axhline(0, color=COLOURS["copy"], lw=0.8)


def _isru_panel(axes, part: pd.DataFrame) -> None:
    _floor(axes, part[part["dtype"] == "float32"].sort_values("units"))
    colours = {"float32": COLOURS["isru"], "float64": COLOURS["exp_free"]}
    for dtype, rows in part.sort_values("units").groupby("dtype"):
        _curve(axes, rows, colours[dtype], f"right: {dtype}")
        axes.plot(rows["units"], rows["expected"], color=colours[dtype], lw=1.2, ls="--")
    axes.plot([], [], color=COLOURS["prediction"], lw=1.2, ls="--", label="predicted by its calls")
    axes.axhline(0, color=COLOURS["tanh"], lw=1.2)
    shown = part[["saving", "expected"]].to_numpy()
    low, high = min(shown.min(), -5.0), max(shown.max(), 5.0)
    axes.set_ylim(low - 0.15 * (high - low), high + 0.15 * (high - low))


def _floor(axes, rows: pd.DataFrame) -> None:
    ends = rows["floor_low"], rows["floor_high"]
    style = {"color": COLOURS["floor"], "lw": 0, "alpha": 0.7, "label": "A/A floor"}
    axes.fill_between(rows["units"], *ends, **style)


def _curve(axes, rows: pd.DataFrame, colour: str, label: str) -> None:
    axes.vlines(rows["units"], rows["low"], rows["high"], color=colour, lw=4, alpha=0.4)
    axes.plot(rows["units"], rows["saving"], color=colour, marker="o", ms=4, label=label)


def difference_strips(
    pairs: pd.DataFrame,
    summary: pd.DataFrame,
    names: Mapping[str, str],
    *,
    margin: float,
    limit: float,
    label: str,
) -> Figure:
    """Draw paired differences, one row an arm and size, over the band of +-margin.

    Parameters
    ----------
    pairs : pandas.DataFrame
        Columns arm, units, difference: one row a seed.
    summary : pandas.DataFrame
        Columns arm, units, mean, low, high, in the order of the rows.
    names : dict of {str: str}
        Arm -> what it is called.
    margin : float
        Half the width of the band that counts as no difference.
    limit : float
        Half the width of the axes; what lies beyond stands at the edge as an arrowhead.
    label : str
        Of the axis, with the unit.
    """
    figure = Figure(figsize=(7.0, 0.5 * len(summary) + 1.0), layout="constrained")
    axes = figure.subplots()
    axes.axvspan(-margin, margin, color=COLOURS["floor"], lw=0, alpha=0.5)
    axes.axvline(0, color=COLOURS["copy"], lw=1.0)
    for place, row in enumerate(summary.itertuples()):
        chosen = (pairs["arm"] == row.arm) & (pairs["units"] == row.units)
        _strip(axes, place, pairs.loc[chosen, "difference"].to_numpy(float), row, limit)
    texts = [f"{names[row.arm]}, {row.units} units" for row in summary.itertuples()]
    axes.set_yticks(range(len(texts)), texts)
    axes.set(xlim=(-limit, limit), ylim=(len(texts) - 0.4, -0.6), xlabel=label)
    axes.grid(axis="y", visible=False)
    return figure


def _strip(axes, place: int, values: np.ndarray, row, limit: float) -> None:
    difference_marks(axes, place, values, row, limit)
    shown = [f"{round(value, 2) + 0.0:+.2f}" for value in (row.mean, row.low, row.high)]  # no -0.00
    text = "{} ({} to {})".format(*shown).replace("-", "\N{MINUS SIGN}")
    where = {"transform": axes.get_yaxis_transform(), "ha": "right", "fontsize": 8}
    axes.text(0.99, place - 0.3, text, **where)
