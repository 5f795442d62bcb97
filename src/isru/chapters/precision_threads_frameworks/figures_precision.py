"""Figures of float32 against float64, and strips of paired differences."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from isru.drawing.marks import draw_estimates, draw_floor, view
from isru.drawing.message import WIDTH, legend_below, write_message
from isru.drawing.sentences import commonest, listed
from isru.drawing.style import COLOURS, OTHERS, arm_dash, arm_marker
from isru.studies.arms import ARMS
from isru.studies.figures import STEP_NAMES, difference_row

_TICKS = (10, 25, 100, 300)
_DTYPES = {"float32": (OTHERS[0], "o", "-"), "float64": (OTHERS[1], "^", (0, (5, 2)))}
_NOTHING = 0.01  # of the margin: a row whose seeds all lie within it shows only zeros


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
    figure = Figure(figsize=(WIDTH, 2.6 * len(steps) + 1.4), layout="constrained")
    write_message(figure, _precision_message(narrow, isru))
    panels = figure.subplots(len(steps), 2, sharex=True, squeeze=False)
    for (left, right), step in zip(panels, steps, strict=True):
        _narrow_panel(left, narrow[narrow["step"] == step], limit)
        _isru_panel(right, isru[isru["step"] == step])
        left.set_ylabel(f"{STEP_NAMES[step]}:\ntime saved (%)")
    panels[0, 0].set_title("float32 for float64", loc="left")
    panels[0, 1].set_title("ISRU for tanh", loc="left")
    sizes = [count for count in _TICKS if count in set(narrow["units"])]
    for axes in panels[-1]:
        axes.set(xlabel="units of the layer", xscale="log")
        axes.set_xticks(sizes, [str(count) for count in sizes])
        axes.xaxis.set_minor_locator(NullLocator())
    handles, labels = panels[0, 0].get_legend_handles_labels()
    more, names = panels[0, 1].get_legend_handles_labels()
    legend = dict(zip([*labels, *names], [*handles, *more], strict=True))
    legend_below(figure, list(legend.values()), list(legend), columns=3)
    return figure


def _precision_message(narrow: pd.DataFrame, isru: pd.DataFrame) -> str:
    """Return what float32 saves at the largest size, and which way ISRU goes in each precision."""
    largest = narrow.loc[narrow["units"] == narrow["units"].max(), "saving"]
    found = [
        f"{commonest(rows['direction'], 'points')} in {dtype}"
        for dtype, rows in isru.groupby("dtype")
    ]
    text = (
        f"At {narrow['units'].max()} units float32 saves {largest.min():.0f} to "
        f"{largest.max():.0f} % of a step; with ISRU it is {listed(found)}"
    )
    return text.replace("-", "\N{MINUS SIGN}")


def _narrow_panel(axes, part: pd.DataFrame, limit: float) -> None:
    axes.set_ylim(view([*part["saving"], limit], part[["low", "high"]], least=5.0))
    band = part.drop_duplicates("units").sort_values("units")
    draw_floor(axes, band["units"], band["floor_low"], band["floor_high"])
    axes.axhline(limit, color=COLOURS["prediction"], lw=1.0, ls=":", label="half the time")
    for name, rows in part.sort_values("units").groupby("activation", sort=False):
        look = {"ls": arm_dash(name), "label": ARMS[name].label}
        look |= {"colour": COLOURS[name], "marker": arm_marker(name)}
        draw_estimates(axes, rows["units"], rows, "saving", **look)
    axes.axhline(0, color=COLOURS["copy"], lw=0.8)


def _isru_panel(axes, part: pd.DataFrame) -> None:
    axes.set_ylim(view(part[["saving", "expected"]], part[["low", "high"]], least=5.0))
    narrow = part[part["dtype"] == "float32"].sort_values("units")
    draw_floor(axes, narrow["units"], narrow["floor_low"], narrow["floor_high"])
    for dtype, rows in part.sort_values("units").groupby("dtype"):
        colour, marker, dash = _DTYPES[dtype]
        axes.plot(rows["units"], rows["expected"], color=colour, lw=1.0, ls=":")
        look = {"ls": dash, "label": dtype, "colour": colour, "marker": marker}
        draw_estimates(axes, rows["units"], rows, "saving", **look)
    axes.plot([], [], color=COLOURS["copy"], lw=1.0, ls=":", label="predicted by its calls")
    axes.axhline(0, color=COLOURS["tanh"], lw=1.2)


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
    rows = [(row, _values(pairs, row)) for row in summary.itertuples()]
    drawn = [(row, values) for row, values in rows if np.abs(values).max() > _NOTHING * margin]
    figure = Figure(figsize=(WIDTH, 0.42 * len(drawn) + 1.7), layout="constrained")
    write_message(figure, _strips_message(rows, names, margin))
    axes = figure.subplots()
    axes.axvspan(-margin, margin, color=COLOURS["floor"], lw=0, alpha=0.5)
    axes.axvline(0, color=COLOURS["tanh"], lw=1.2)
    for place, (row, values) in enumerate(drawn):
        difference_row(axes, place, values, row, limit)
    texts = [f"{names[row.arm]}, {row.units} units" for row, _ in drawn]
    axes.set_yticks(range(len(texts)), texts)
    axes.set(xlim=(-limit, limit), ylim=(len(texts) - 0.4, -0.6))
    left_out = len(rows) - len(drawn)
    more = f"\nnot drawn: {left_out} rows without a seed beyond ±{_NOTHING * margin:g}"
    axes.set_xlabel(f"{label}; band: ±{margin:g}" + (more if left_out else ""))
    axes.grid(axis="y", visible=False)
    return figure


def _values(pairs: pd.DataFrame, row) -> np.ndarray:
    chosen = (pairs["arm"] == row.arm) & (pairs["units"] == row.units)
    return pairs.loc[chosen, "difference"].to_numpy(float)


def _strips_message(rows: list, names: Mapping[str, str], margin: float) -> str:
    """Return how far the means of each name lie from zero at most."""
    means: dict[str, float] = {}
    for row, _ in rows:
        means[names[row.arm]] = max(means.get(names[row.arm], 0.0), abs(row.mean))
    parts = "; ".join(f"{name} {_small(mean)}" for name, mean in means.items())
    return f"Largest mean change (pp; margin ±{margin:g}): {parts}"


def _small(value: float) -> str:
    """Return a size with two decimals, or with one digit where these are zeros."""
    return f"{value:.2f}" if value >= 0.005 else f"{float(f'{value:.0e}'):f}".rstrip("0")
