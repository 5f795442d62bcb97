"""Figures of the chapter `accuracy`: what arms cost in octaves of units, and what they save."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from isru.drawing.labels import HALO
from isru.drawing.message import WIDTH, legend_below, write_message
from isru.drawing.sentences import by_word
from isru.drawing.style import arm_colour, arm_marker
from isru.studies.level_words import level_words
from isru.studies.octaves import MARGIN, NEW_TASK

SHOWN = ("isru", "exp_free", "three_quarters")
_STEP = 0.24  # of a row, between arms
_LIMITS = (-0.75, 1.25)  # octaves; what lies beyond stands at the edge as an arrowhead
_RIVALS = {"libm": ("-", "tanh of the C library"), "table": ("--", "tanh by a table")}
_TICKS = (4, 8, 16, 32, 64)
_ALL, _NEW = "all tasks", "a new task"
_GREY, _BAND, _LOST = "#555555", "#DDE8F0", "#8FB4CC"
_MINUS = "\N{MINUS SIGN}"


def octaves_figure(by_task: pd.DataFrame, summary: pd.DataFrame) -> Figure:
    """Draw what each arm costs on every task, on all and on a new one, with the conclusion.

    Parameters
    ----------
    by_task, summary : pandas.DataFrame
        From `isru.studies.octaves.by_task` and `summarise`; the arms of `SHOWN` are drawn. A
        task that does not count is pale, and has no interval where that is unbounded.
    """
    tasks = [*by_task["task"].unique(), _ALL, _NEW]
    arms = [arm for arm in SHOWN if arm in set(summary["arm"])]
    idle = set(by_task.loc[~by_task["counts"] & by_task["arm"].isin(arms), "task"])
    figure = Figure(figsize=(WIDTH, 0.52 * len(tasks) + 2.2), layout="constrained")
    write_message(figure, _octaves_message(summary, arms))
    axes = figure.subplots()
    _set_ground(axes, tasks)
    for task in idle:
        place = (_LIMITS[1], tasks.index(task))
        look = {"ha": "right", "va": "center", "fontsize": 9, "color": _GREY, "bbox": HALO}
        axes.annotate("does not count", place, **look)
    for place, arm in enumerate(arms):
        shift = _STEP * (place - (len(arms) - 1) / 2)
        for row in by_task[by_task["arm"] == arm].itertuples():
            height = tasks.index(row.task) + shift
            _draw_interval(axes, height, row, arm, pale=not row.counts)
        found = summary[summary["arm"] == arm].iloc[0]
        _draw_interval(axes, tasks.index(_ALL) + shift, found, arm, wide=True)
        ends = found[["prediction_low", "prediction_high"]]
        _draw_line(axes, tasks.index(_NEW) + shift, *ends, arm, lw=1.6, ls=(0, (3, 1)))
    handles = [
        axes.plot([], [], arm_marker(arm), color=arm_colour(arm), label=_conclusion(summary, arm))[
            0
        ]
        for arm in arms
    ]
    legend_below(figure, handles, columns=1)
    return figure


def _octaves_message(summary: pd.DataFrame, arms: list[str]) -> str:
    """Return which arms have which word over all tasks."""
    found = summary.set_index("arm")["word"]
    words = by_word({level_words("arm", arm): found[arm] for arm in arms})
    return f"Against tanh over all tasks, margin ±{MARGIN} octaves, {words}"


def _conclusion(summary: pd.DataFrame, arm: str) -> str:
    """Return what was found of an arm, in a line."""
    row = summary[summary["arm"] == arm].iloc[0]
    word = f"{row['word']}, also on a new task" if row["new_task"] else row["word"]
    name = level_words("arm", arm)
    if not row["low"] < row["high"]:
        return f"{name}: {word}"
    numbers = f"{row['octaves']:+.2f} ({row['low']:+.2f} to {row['high']:+.2f})"
    return f"{name}: {numbers.replace('-', _MINUS)}, {word}"


def _set_ground(axes, tasks: list[str]) -> None:
    """Set the scale, the band of what does not matter, and what 0 and 1 are."""
    axes.axvspan(-MARGIN, MARGIN, color=_BAND, lw=0, zorder=0)
    for value, name, colour in ((0, "tanh", arm_colour("tanh")), (1, "half the units", _GREY)):
        axes.axvline(value, color=colour, lw=1.2, zorder=1)
        axes.annotate(
            name,
            (value, 1.01),
            xycoords=("data", "axes fraction"),
            ha="center",
            fontsize=9,
            color=colour,
        )
    axes.axhline(len(tasks) - 2.5, color=_GREY, lw=0.8)
    for end in (-NEW_TASK, NEW_TASK):  # within these a word holds on a new task, too
        axes.plot([end, end], [len(tasks) - 1.45, len(tasks) - 0.55], ":", color=_GREY, lw=1.2)
    axes.set_yticks(range(len(tasks)), [level_words("task", name) for name in tasks])
    for label in axes.get_yticklabels()[-2:]:
        label.set_fontweight("bold")
    axes.set(xlim=_LIMITS, ylim=(len(tasks) - 0.5, -0.5), xticks=(-0.5, 0, 0.5, 1))
    axes.set_xlabel(f"loss in octaves of units (band: ±{MARGIN})")
    axes.grid(axis="y", visible=False)


def _draw_interval(axes, height: float, row, arm: str, *, pale=False, wide=False) -> None:
    """Draw an estimate with its interval."""
    _draw_line(axes, height, row.low, row.high, arm, lw=5 if wide else 1.8, pale=pale)
    if _LIMITS[0] < row.octaves < _LIMITS[1]:
        colour = arm_colour(arm)
        look = {"mfc": "white"} if pale else {"mec": "white", "mew": 0.6}
        size = 8 if wide else 5.5
        axes.plot(row.octaves, height, arm_marker(arm), color=colour, ms=size, zorder=4, **look)


def _draw_line(axes, height: float, low: float, high: float, arm: str, *, pale=False, **look):
    """Draw an interval, with an arrowhead where it leaves the axes."""
    colour, alpha = arm_colour(arm), 0.45 if pale else 0.9
    ends = max(low, _LIMITS[0]), min(high, _LIMITS[1])
    axes.plot(ends, [height] * 2, color=colour, alpha=alpha, solid_capstyle="butt", **look)
    for beyond, end, marker in zip((low < ends[0], high > ends[1]), _LIMITS, "<>", strict=True):
        if beyond:
            axes.plot(end, height, marker, color=colour, alpha=alpha, ms=6, clip_on=False)


def price_figure(price: pd.DataFrame) -> Figure:
    """Draw octaves in hand at equal cycles against units, over what each arm loses.

    Parameters
    ----------
    price : pandas.DataFrame
        From `isru.chapters.accuracy.price.price_table`; without rows the figure says so.
    """
    figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
    arms = list(price["arm"].unique())
    if not arms:
        write_message(figure, "No cycles were counted in this run.")
        return figure
    write_message(figure, _price_message(price))
    panels = figure.subplots(1, len(arms), sharey=True, squeeze=False)[0]
    for axes, arm in zip(panels, arms, strict=True):
        _draw_price(axes, price[price["arm"] == arm], arm)
    panels[0].set_ylabel("octaves of units, Cortex-M4F")
    handles = [
        Line2D([], [], ls=ls, color=_GREY, label=f"in hand, against {name}")
        for ls, name in _RIVALS.values()
    ]
    lost = Line2D([], [], color=_LOST, lw=4, label="lost in accuracy, with its interval")
    legend_below(figure, [*handles, lost], columns=1)
    return figure


def _price_message(price: pd.DataFrame) -> str:
    """Return who is ahead of each rival in accuracy at equal cycles, at one size for all."""
    by_size = price.groupby("units").size()
    units = by_size[by_size == by_size.max()].index.max()
    parts = []
    for rival, (_, name) in _RIVALS.items():
        rows = price[(price["units"] == units) & (price["rival"] == rival)]
        words = {level_words("arm", row.arm): _side(row) for row in rows.itertuples()}
        if words:
            parts.append(f"against {name} {by_word(words, ', ')}")
    return f"At {units} units and equal cycles, {'; '.join(parts)}"


def _side(row) -> str:
    """Return on which side of tanh the 95 % interval of what is left lies."""
    return "ahead" if row.left_low > 0 else "behind" if row.left_high < 0 else "undecided"


def _draw_price(axes, part: pd.DataFrame, arm: str) -> None:
    colour, lost = arm_colour(arm), part.iloc[0]
    for rival, (ls, _) in _RIVALS.items():
        line = part[part["rival"] == rival].sort_values("units")
        axes.plot(line["units"], line["in_hand"], ls=ls, color=colour, marker=arm_marker(arm), ms=5)
    if lost["low"] < lost["high"]:
        axes.axhspan(lost["low"], lost["high"], color=_LOST, alpha=0.6, lw=0, zorder=0)
    axes.axhline(lost["octaves"], color=_LOST, zorder=1)
    axes.axhline(0, color=arm_colour("tanh"), lw=1.2)
    axes.set(xscale="log", xlabel="units")
    axes.set_title(level_words("arm", arm), loc="left")
    ticks = [count for count in _TICKS if part["units"].min() <= count <= part["units"].max()]
    axes.set_xticks(ticks, [str(count) for count in ticks])
    axes.set_xticks([], minor=True)
