"""Figures of the smallest model: skill against cost, and pruning."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from isru.drawing.message import WIDTH, legend_below, write_message
from isru.drawing.style import COLOURS

FAMILY_NAMES = {
    "tanh": "tanh",
    "exp_free": "ISRU everywhere",
    "ladder2": "ladder, n = 2",
    "hard": "straight lines",
}
_LOOKS = {
    "tanh": ("tanh", "o", "-"),
    "exp_free": ("isru", "s", "--"),
    "ladder2": ("ladder", "X", "-."),
    "hard": ("softsign", "^", ":"),
}
_TASKS = {
    "change": ("the temperature", "skill, %"),
    "rain": ("rain", "right answers, %"),
    "occupancy": ("the room", "right answers, %"),
}
_GREY = "#444444"
_HALO = [withStroke(linewidth=3, foreground="white")]


def skill_against_cost(
    points: pd.DataFrame, baselines: pd.DataFrame, *, uj_per_cycle: float, within: float
) -> Figure:
    """Draw the map: a panel for each task, skill against cycles, the answer named.

    A line a family joins the best that it reaches for so many cycles. Points that are surely off
    the front are left out: the trained seeds show cheaper ones that are as good.

    Parameters
    ----------
    points : pandas.DataFrame
        ``task, cell, family, hidden, weights, cycles, flash, skill, low, high`` of one core, and
        ``front_cycles``, the words of `pareto.front`.
    baselines : pandas.DataFrame
        From `baselines.sized_baselines`.
    uj_per_cycle : float
        Of the axis at the top, in microjoules.
    within : float
        Points of skill below the best that the band takes in.
    """
    tasks = [task for task in _TASKS if task in set(points["task"])]
    figure = Figure(figsize=(WIDTH, 1.5 + 2.1 * len(tasks)), layout="constrained")
    column = figure.subplots(len(tasks), sharex=True, squeeze=False)[:, 0]
    answers = {}
    for axes, task in zip(column, tasks, strict=True):
        part = points[points["task"] == task]
        best = part["skill"].max()
        answers[task] = part[part["skill"] >= best - within].sort_values("cycles").iloc[0]
        axes.set(xscale="log", ylabel=_TASKS[task][1])
        axes.set_title(_TASKS[task][0].removeprefix("the ").capitalize(), loc="left", fontsize=10)
        axes.axhspan(best - within, best, zorder=0, color="#000000", alpha=0.09, lw=0)
        _draw_points(axes, part)
        nearby = baselines[baselines["task"] == task]
        _set_height(axes, part, nearby)
        _draw_baselines(axes, nearby)
    for axes, row in zip(column, answers.values(), strict=True):  # all share their limits now
        _name_answer(axes, row)
    column[-1].set_xlabel("cycles of one time step")
    both = (lambda x: x * uj_per_cycle, lambda x: x / uj_per_cycle)
    column[0].secondary_xaxis("top", functions=both).set_xlabel("µJ of one time step")
    legend_below(figure, _legend(list(dict.fromkeys(points["family"])), within), columns=3)
    write_message(figure, _message(answers, within))
    return figure


def _message(answers: dict, within: float) -> str:
    """Say what the cheapest point of each task costs whose mean is near the best."""
    costs = [f"{row.cycles:,.0f} for {_TASKS[task][0]}" for task, row in answers.items()]
    listed = " and ".join([", ".join(costs[:-1]), costs[-1]] if len(costs) > 1 else costs)
    return (
        f"The cheapest network within {within:g} pp of the best takes, in cycles a step, {listed}"
    )


def _set_height(axes, part: pd.DataFrame, baselines: pd.DataFrame) -> None:
    """Show what is not off the front, and the models without a network that come near it."""
    near = part[part["front_cycles"] != "off"]
    least, most = near["skill"].min(), part["skill"].max()
    most = max([most, *baselines["skill"]])
    room = 0.18 * (most - least) + 0.1
    axes.set_ylim(least - room, most + room)


def _draw_baselines(axes, baselines: pd.DataFrame) -> None:
    """Draw a line for each model near the networks, its name at the right."""
    low, high = axes.get_ylim()
    place = -np.inf
    for row in baselines.sort_values("skill").itertuples():
        if row.skill < low:
            continue
        place = max(row.skill, place + 0.13 * (high - low))
        axes.axhline(row.skill, color=COLOURS["identity"], lw=1, ls="--", zorder=0)
        where = {"xycoords": ("axes fraction", "data"), "va": "center"}
        axes.annotate(row.model, (1.02, place), **where, fontsize=9, color="#555555")


def _draw_points(axes, part: pd.DataFrame) -> None:
    for family, same in part.groupby("family"):
        name, marker, dash = _LOOKS[family]
        colour = COLOURS[name]
        ordered = same.sort_values("cycles")
        reached = ordered["skill"].cummax()
        axes.step(ordered["cycles"], reached, where="post", color=colour, ls=dash, lw=1.3)
        for state, face in (("open", "none"), ("on", colour)):
            chosen = same[same["front_cycles"] == state]
            look = {"marker": marker, "facecolors": face, "edgecolors": colour, "linewidths": 1}
            size = 16 if state == "open" else 48
            axes.scatter(chosen["cycles"], chosen["skill"], s=size, zorder=4, **look)
            if state == "on":
                ends = chosen["cycles"], chosen["low"], chosen["high"]
                axes.vlines(*ends, color=colour, lw=1.4, zorder=3)


def _name_answer(axes, row) -> None:
    """Ring the answer and say beside it what it is."""
    axes.scatter(row.cycles, row.skill, s=150, facecolors="none", edgecolors="black", zorder=5)
    kind = "" if row.weights == "float32" else f", {row.weights}"
    units = row.hidden.replace("x", " + ")
    text = f"{row.cell.upper()} of {units} units{kind}: {row.flash / 1024:.1f} KiB"
    first, last = np.log(axes.get_xlim())
    left = (np.log(row.cycles) - first) / (last - first) < 0.4
    axes.annotate(
        text,
        (row.cycles, row.skill),
        (24 if left else 0, -26),
        textcoords="offset points",
        ha="left" if left else "center",
        va="top",
        fontsize=9,
        weight="bold",
        zorder=6,
        path_effects=_HALO,
        arrowprops={"arrowstyle": "-", "lw": 0.8, "shrinkB": 6},
    )


def _legend(families: list[str], within: float) -> list[Line2D]:
    handles = []
    for family in (name for name in FAMILY_NAMES if name in families):
        name, marker, dash = _LOOKS[family]
        look = {"color": COLOURS[name], "marker": marker, "mfc": "none", "ms": 4, "lw": 1.3}
        handles.append(Line2D([], [], ls=dash, label=FAMILY_NAMES[family], **look))
    grey = {"ls": "", "marker": "o", "color": _GREY}
    handles.append(Line2D([], [], ms=4, mfc="none", label="may be on the front", **grey))
    handles.append(Line2D([], [], ms=7, label="on the front", **grey))
    ring = {"ls": "", "marker": "o", "color": "black", "mfc": "none", "ms": 11}
    handles.append(Line2D([], [], label=f"cheapest within {within:g} pp", **ring))
    return handles


def pruning(curve: pd.DataFrame) -> Figure:
    """Draw the skill of a pruned network against its bytes, stored sparse.

    Parameters
    ----------
    curve : pandas.DataFrame
        From `baselines.pruning_curve`.
    """
    figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(curve["sparse_bytes"] / 1024, curve["skill"], "s-", color=COLOURS["isru"])
    for row in curve.itertuples():
        axes.annotate(
            f"{100 * row.share:.0f} %",
            (row.sparse_bytes / 1024, row.skill),
            (5, 7),
            textcoords="offset points",
            fontsize=9,
            path_effects=_HALO,
        )
    dense = curve["dense_bytes"].iloc[0] / 1024
    axes.axvline(dense, color=_GREY, ls="--", lw=1)
    axes.annotate(
        "stored whole",
        (dense, 0.04),
        (-4, 0),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="right",
        fontsize=9,
    )
    axes.margins(x=0.08, y=0.14)
    axes.set(xlabel="KiB of weights, stored sparse", ylabel="skill over persistence, %")
    whole, last = curve.loc[curve["share"].idxmin()], curve.loc[curve["share"].idxmax()]
    write_message(
        figure,
        f"With {100 * last.share:.0f} % of its weights at 0 the network needs "
        f"{last.sparse_bytes / 1024:.0f} KiB, whole {dense:.0f}; its skill is {last.skill:.1f} %, "
        f"whole {whole.skill:.1f} %",
    )
    return figure
