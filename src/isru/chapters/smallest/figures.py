"""Figures of the smallest model: skill against cost, and pruning."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from isru.drawing.style import COLOURS

FAMILY_NAMES = {
    "tanh": "tanh",
    "exp_free": "ISRU everywhere",
    "ladder2": "ladder, n = 2",
    "hard": "straight lines",
}
_COLOURS = {"tanh": "tanh", "exp_free": "isru", "ladder2": "ladder", "hard": "softsign"}
_MARKERS = {
    "lstm": {"tanh": "o", "exp_free": "s", "ladder2": "X", "hard": "^"},
    "gru": {"tanh": "p", "exp_free": "D", "ladder2": "P", "hard": "v"},
}
_TASKS = {
    "change": "temperature: skill, %",
    "rain": "rain: right answers, %",
    "occupancy": "room: right answers, %",
}
_COSTS = {"cycles": "cycles of one time step", "flash": "bytes of flash"}
_GREY = "#444444"
_BAND = {"color": "#000000", "alpha": 0.07, "lw": 0}


def skill_against_cost(
    points: pd.DataFrame, baselines: pd.DataFrame, *, uj_per_cycle: float, within: float
) -> Figure:
    """Draw the map: a column for each task; skill against cycles above, against flash below.

    Points on the front are filled and joined, open ones hollow, those off it pale. Only the front
    and the best point have their bars: of all points they would hide each other.

    Parameters
    ----------
    points : pandas.DataFrame
        ``task, cell, family, hidden, weights, cycles, flash, skill, low, high`` of one core, and
        ``front_cycles`` and ``front_flash``, the words of `pareto.front`.
    baselines : pandas.DataFrame
        From `baselines.sized_baselines`.
    uj_per_cycle : float
        Of the axis at the top, in microjoules.
    within : float
        Points of skill below the best that the band takes in.
    """
    tasks = [task for task in _TASKS if task in set(points["task"])]
    figure = Figure(figsize=(0.8 + 3.6 * len(tasks), 7.4), layout="constrained")
    grid = figure.subplots(2, len(tasks), sharey="col", squeeze=False)
    for column, task in zip(grid.T, tasks, strict=True):
        for axes, cost in zip(column, _COSTS, strict=True):
            part = points[points["task"] == task]
            _draw_points(axes, part.assign(cost=part[cost], front=part[f"front_{cost}"]))
            axes.axhspan(part["skill"].max() - within, part["skill"].max(), zorder=0, **_BAND)
            axes.margins(x=0.12)
            axes.set(xscale="log", xlabel=_COSTS[cost], ylabel=_TASKS[task])
        without = baselines.loc[baselines["task"] == task, "skill"]
        least, most = part["skill"].min(), max(part["skill"].max(), without.max())
        room = 0.25 * (most - least) + 0.1
        axes.set_ylim(least - room, most + room)  # longer bars leave the panel
        both = (lambda x: x * uj_per_cycle, lambda x: x / uj_per_cycle)
        column[0].secondary_xaxis("top", functions=both).set_xlabel("µJ of one time step")
        _draw_baselines(column, baselines[baselines["task"] == task])
    best = points.loc[points["task"] == tasks[0], "skill"].max()
    said = {"xycoords": ("axes fraction", "data"), "va": "top", "fontsize": 8, "color": "#555555"}
    grid[0, 0].annotate(f"within {within:g} pp of the best", (0.02, best - 0.04 * within), **said)
    handles = _legend(set(points["cell"]))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(FAMILY_NAMES))
    return figure


def _draw_baselines(column, part: pd.DataFrame) -> None:
    """Draw a line for each model near the networks: its name above, its bytes below."""
    above, below = column
    low, high = above.get_ylim()
    room, place = 0.055 * (high - low), -np.inf
    grey = COLOURS["identity"]
    for row in part.sort_values("skill").itertuples():
        if row.skill < low:
            continue
        place = max(row.skill, place + room)
        for axes in column:
            axes.axhline(row.skill, color=grey, lw=1, ls="--", zorder=0)
        if row.flash:
            below.plot(row.flash, row.skill, "x", color=_GREY, ms=7, mew=1.8, zorder=4)
        above.annotate(
            row.model,
            (1.02, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=8,
            color="#666666",
        )


def _draw_points(axes, part: pd.DataFrame) -> None:
    for (cell, family, state), same in part.groupby(["cell", "family", "front"]):
        colour = COLOURS[_COLOURS[family]]
        look = {"s": 44 if state == "on" else 22, "marker": _MARKERS[cell][family]}
        where = same["cost"], same["skill"]
        if state == "off":
            axes.scatter(*where, color=colour, alpha=0.15, lw=0, zorder=1, **look)
            continue
        shown = same[(same["front"] == "on") | (same["skill"] == part["skill"].max())]
        axes.vlines(shown["cost"], shown["low"], shown["high"], color=colour, lw=1.6, zorder=4)
        rim = {"edgecolors": colour, "linewidths": 1.1}
        layer = {"c": colour, "zorder": 5} if state == "on" else {"c": "white", "zorder": 3}
        axes.scatter(*where, **layer, **look, **rim)
    sure = part[part["front"] == "on"].sort_values("cost")
    axes.step(sure["cost"], sure["skill"], where="post", color=_GREY, lw=1, zorder=1)
    for row in sure.itertuples():
        kind = "" if row.weights == "float32" else f" {row.weights}"
        axes.annotate(
            f"{'GRU ' if row.cell == 'gru' else ''}{row.hidden}{kind}",
            (row.cost, row.skill),
            (-6, -4),
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=9,
            weight="bold",
            zorder=6,
            path_effects=[withStroke(linewidth=3, foreground="white")],
        )


def _legend(cells: set[str]) -> list[Line2D]:
    """One column for each family, then the meanings of the fill."""
    handles, faces = [], {"on the front": (_GREY, 1), "open": ("white", 1), "off": (_GREY, 0.3)}
    states = list(faces.items())
    for place, (name, label) in enumerate(FAMILY_NAMES.items()):
        for cell in (cell for cell in _MARKERS if cell in cells):
            look = {"marker": _MARKERS[cell][name], "color": COLOURS[_COLOURS[name]]}
            handles.append(Line2D([], [], ls="", label=f"{label}, {cell.upper()}", **look))
        for word, (face, alpha) in states[place : place + 1]:
            look = {"marker": "o", "color": _GREY, "mfc": face, "alpha": alpha}
            handles.append(Line2D([], [], ls="", label=word, **look))
    return handles


def pruning(curve: pd.DataFrame) -> Figure:
    """Draw the skill of a pruned network against its bytes, stored sparse.

    Parameters
    ----------
    curve : pandas.DataFrame
        From `baselines.pruning_curve`.
    """
    figure = Figure(figsize=(6.6, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(curve["sparse_bytes"] / 1024, curve["skill"], "o-", color=COLOURS["isru"])
    for row in curve.itertuples():
        axes.annotate(
            f"{row.share:.0%}",
            (row.sparse_bytes / 1024, row.skill),
            (4, -9),
            textcoords="offset points",
            fontsize=8,
        )
    dense = curve["dense_bytes"].iloc[0] / 1024
    axes.axvline(dense, color=COLOURS["identity"], ls="--", lw=1)
    axes.annotate(
        "stored whole",
        (dense, 0.03),
        (-3, 0),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="right",
        fontsize=8,
        color="#666666",
    )
    axes.set(xlabel="KiB of weights, stored sparse", ylabel="skill over persistence, %")
    return figure
