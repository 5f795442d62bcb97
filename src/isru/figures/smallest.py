"""Figures of the smallest model: skill against cost, and pruning."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from isru.figures.style import COLOURS

FAMILY_NAMES = {"tanh": "tanh", "exp_free": "ISRU everywhere", "hard": "straight lines"}
_COLOURS = {"tanh": "tanh", "exp_free": "isru", "hard": "softsign"}
_MARKERS = {"tanh": "o", "exp_free": "s", "hard": "^"}
_TASKS = {"change": "skill over persistence, %", "rain": "right answers on rain, %"}


def skill_against_cost(points: pd.DataFrame, baselines: pd.DataFrame) -> Figure:
    """Draw the map of each task: skill against the cycles of a step, flash as size.

    Points on the front are filled and joined, open ones hollow, those off it small and pale.

    Parameters
    ----------
    points : pandas.DataFrame
        ``task, family, hidden, weights, cycles, flash, skill, low, high, front`` of one core.
    baselines : pandas.DataFrame
        From `isru.experiments.smallest_baselines.sized_baselines`.
    """
    tasks = [task for task in _TASKS if task in set(points["task"])]
    figure = Figure(figsize=(4.4 * len(tasks), 4.6), layout="constrained")
    for axes, task in zip(np.ravel(figure.subplots(1, len(tasks))), tasks, strict=True):
        part = points[points["task"] == task]
        _draw_points(axes, part)
        axes.margins(x=0.12)
        axes.set(xscale="log", xlabel="cycles of one time step", ylabel=_TASKS[task])
        _draw_baselines(axes, baselines[baselines["task"] == task])
    figure.legend(handles=_legend(), loc="outside lower center", ncols=3, fontsize=8)
    return figure


def _draw_baselines(axes, part: pd.DataFrame) -> None:
    """Draw a line for each model near the networks, its name right of the axes."""
    low, high = axes.get_ylim()
    room, place = 0.09 * (high - low), -np.inf
    for row in part.sort_values("skill").itertuples():
        if row.skill < low:
            continue
        place = max(row.skill, place + room)
        axes.axhline(row.skill, color=COLOURS["identity"], lw=1, ls="--", zorder=0)
        axes.annotate(
            f"{row.model}\n{row.flash:,} bytes",
            (1.02, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=7.5,
            color="#666666",
        )


def _draw_points(axes, part: pd.DataFrame) -> None:
    for row in part.itertuples():
        colour = COLOURS[_COLOURS[row.family]]
        look = {"s": 1.2 * row.flash**0.5, "marker": _MARKERS[row.family]}
        if row.front == "off":
            axes.scatter(row.cycles, row.skill, color=colour, alpha=0.22, lw=0, zorder=1, **look)
            continue
        axes.vlines(row.cycles, row.low, row.high, color=colour, lw=1, alpha=0.35, zorder=2)
        rim = {"edgecolors": colour, "linewidths": 1.2}
        face = colour if row.front == "on" else "white"
        axes.scatter(row.cycles, row.skill, c=face, zorder=3, **look, **rim)
    sure = part[part["front"] == "on"].sort_values("cycles")
    axes.step(sure["cycles"], sure["skill"], where="post", color="#444444", lw=1, zorder=1)
    for row in sure.itertuples():
        axes.annotate(
            f"{row.hidden}{' int8' if row.weights == 'int8' else ''}",
            (row.cycles, row.skill),
            (-7, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=8,
        )


def _legend() -> list[Line2D]:
    handles = [
        Line2D([], [], ls="", marker=_MARKERS[name], color=COLOURS[_COLOURS[name]], label=label)
        for name, label in FAMILY_NAMES.items()
    ]
    grey = "#444444"
    faces = {
        "on the front": (grey, 1),
        "open": ("white", 1),
        "off the front": (grey, 0.3),
    }
    handles += [
        Line2D([], [], ls="", marker="D", color=grey, mfc=face, alpha=alpha, label=label)
        for label, (face, alpha) in faces.items()
    ]
    return handles


def pruning(curve: pd.DataFrame) -> Figure:
    """Draw the skill of a pruned network against its bytes, stored sparse.

    Parameters
    ----------
    curve : pandas.DataFrame
        From `isru.experiments.smallest_baselines.pruning_curve`.
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
    axes.set(xlabel="KiB of weights, stored sparse", ylabel=_TASKS["change"])
    return figure
