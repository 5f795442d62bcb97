"""Figures of the chapter on exp-free networks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from isru.drawing.message import WIDTH, legend_below, write_message
from isru.drawing.sentences import listed, tally
from isru.drawing.style import COLOURS, arm_colour, arm_dash, arm_marker
from isru.studies.arms import ARMS
from isru.studies.figures import difference_marks, difference_row
from isru.studies.paired import METRICS

ARM_NAMES = {name: arm.details or arm.label for name, arm in ARMS.items()}
ARM_NAMES |= {"frozen": "gates frozen near 1/2"}
TASK_NAMES = {
    "adding": ("adding problem", "length of the sequences"),
    "copying": ("copy problem", "delay (steps)"),
}
STAGE_NAMES = {
    "swapped": "right after the swap",
    "shrunk": "only rescaled alike",
    "tuned": "after fine-tuning",
}
_MARGIN = METRICS["skill"].margin
_STAGE_MARKERS = ("o", "^", "D")
_UPDATES = (100, 200, 500, 1000, 2000)
_CELL_DASHES = {"tanh": "-", "gru": (0, (5, 2)), "coupled": (0, (1, 1.2))}
_THIN = "\N{THIN SPACE}"
_CELLS = {"tanh": "LSTM", "gru": "GRU", "coupled": "coupled gates"}


def difference_rows(
    panels: dict[str, tuple[pd.DataFrame, pd.DataFrame]],
    *,
    limit: float,
    label: str,
) -> Figure:
    """Draw what arms gain or lose, seed by seed, over the band of the margin.

    Parameters
    ----------
    panels : dict
        A panel's title -> pairs and summary, of one metric and size, as from
        `isru.studies.paired.differences` and `compare`.
    limit : float
        Half the width of the axes; what lies beyond stands at the edge as an arrowhead.
    label : str
        Of the horizontal axes.
    """
    present = {arm for _, summary in panels.values() for arm in summary["arm"]}
    arms = [arm for arm in ARM_NAMES if arm in present]
    size = (WIDTH, len(panels) * (0.3 * len(arms) + 0.3) + 1.1)
    figure = Figure(figsize=size, layout="constrained")
    write_message(figure, _rows_message(pd.concat([summary for _, summary in panels.values()])))
    column = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (title, (pairs, summary)) in zip(column, panels.items(), strict=True):
        _ground(axes, arms, limit)
        for found in summary.itertuples():
            values = pairs.loc[pairs["arm"] == found.arm, "difference"].to_numpy()
            difference_row(axes, arms.index(found.arm), values, found, limit)
        axes.set_title(title, loc="left")
    figure.supxlabel(f"{label}; band: ±{_MARGIN:g}", fontsize=10)
    return figure


def _ground(axes, arms: list[str], limit: float) -> None:
    """Set a row for each arm, the band that counts as no difference, and tanh at 0."""
    axes.axvspan(-_MARGIN, _MARGIN, color=COLOURS["floor"], lw=0, alpha=0.5)
    axes.axvline(0, color=COLOURS["tanh"], lw=1.2)
    axes.set(xlim=(-limit, limit), ylim=(len(arms) - 0.4, -0.6))
    axes.grid(axis="y", visible=False)
    axes.set_yticks(range(len(arms)), [ARM_NAMES[arm] for arm in arms])


def _rows_message(summary: pd.DataFrame) -> str:
    """Return how many variants have which word."""
    return (
        f"{len(summary)} variants against the usual LSTM, margin ±{_MARGIN:g} pp: "
        f"{tally(summary['word'])}"
    )


def updates_by_length(rows: pd.DataFrame) -> Figure:
    """Draw how many updates each arm needs against the length, a dot for each seed.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `isru.chapters.exp_free.memory_tasks.memory_row`. A run that was given up is a cross at
        the updates that it had.
    """
    tasks = [task for task in TASK_NAMES if task in set(rows["task"])]
    arms = [arm for arm in ARM_NAMES if arm in set(rows["arm"])]
    figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
    write_message(figure, _memory_message(rows))
    panels = figure.subplots(1, len(tasks), sharey=True, squeeze=False)[0]
    ticks = [count for count in _UPDATES if rows["updates"].min() <= count]
    for axes, task in zip(panels, tasks, strict=True):
        part = rows[rows["task"] == task]
        steps = sorted(part["steps"].unique())
        for number, arm in enumerate(arms):
            _updates_line(
                axes, part[part["arm"] == arm], arm, 1.05 ** (number - (len(arms) - 1) / 2)
            )
        axes.set(xlabel=TASK_NAMES[task][1], xscale="log", yscale="log")
        axes.set_title(TASK_NAMES[task][0], loc="left")
        axes.set_yticks(ticks, [str(count) for count in ticks])
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_xticks(steps, [str(count) for count in steps])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_ylim(0.85 * rows["updates"].min(), 1.15 * rows["updates"].max())
    panels[0].set_ylabel("updates until solved")
    handles, labels = panels[0].get_legend_handles_labels()
    legend_below(figure, handles, labels, columns=2)
    return figure


def _memory_message(rows: pd.DataFrame) -> str:
    """Return which networks do not solve every run."""
    solved = rows.groupby("arm", sort=False)["solved"].agg(["sum", "size"])
    gave_up = solved[solved["sum"] < solved["size"]]
    if gave_up.empty:
        return f"Every run of all {len(solved)} networks is solved"
    named = [
        f"{ARM_NAMES[arm]} ({row['size'] - row['sum']} of {row['size']} runs given up)"
        for arm, row in gave_up.iterrows()
    ]
    return f"Every network solves every run, but for {listed(named)}"


def _updates_line(axes, part: pd.DataFrame, arm: str, shift: float) -> None:
    colour, marker = arm_colour(arm), arm_marker(arm)
    by_steps = part.groupby("steps")
    medians = by_steps["updates"].median()
    look = {"color": colour, "ls": arm_dash(arm), "marker": marker, "ms": 5.5, "mec": "white"}
    look["markevery"] = np.flatnonzero(by_steps["solved"].any()).tolist()  # else there is a cross
    axes.plot(medians.index * shift, medians, lw=1.4, label=ARM_NAMES[arm], **look)
    for solved, shape in ((True, marker), (False, "x")):
        chosen = part[part["solved"] == solved]
        look = {"s": 12, "alpha": 0.4} if solved else {"s": 36, "zorder": 4}
        axes.scatter(chosen["steps"] * shift, chosen["updates"], marker=shape, color=colour, **look)


def skill_by_parameters(cells: pd.DataFrame) -> Figure:
    """Draw the skill of three kinds of cell against their number of parameters.

    Parameters
    ----------
    cells : pandas.DataFrame
        Columns arm ("tanh" is the LSTM), parameters, mean, low, high.
    """
    figure = Figure(figsize=(WIDTH, 3.8), layout="constrained")
    write_message(figure, _cells_message(cells))
    axes = figure.subplots()
    for number, (arm, name) in enumerate(_CELLS.items()):
        colour = arm_colour(arm)
        part = cells[cells["arm"] == arm].sort_values("parameters")
        if part.empty:
            continue
        place = part["parameters"] * 1.03 ** (number - 1)  # beside each other, at equal sizes
        look = {"marker": arm_marker(arm), "ls": _CELL_DASHES[arm], "ms": 6, "label": name}
        axes.plot(place, part["mean"], color=colour, **look)
        axes.vlines(place, part["low"], part["high"], color=colour, lw=3, alpha=0.4)
    axes.set(xscale="log", xlabel="parameters of the network", ylabel="skill (%)")
    axes.set_xlim(cells["parameters"].min() / 1.25, cells["parameters"].max() * 1.25)
    ticks = sorted(cells.loc[cells["arm"] == "tanh", "parameters"])
    axes.set_xticks(ticks, [f"{count:,}".replace(",", _THIN) for count in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    legend_below(figure, *axes.get_legend_handles_labels(), columns=len(_CELLS))
    return figure


def _cells_message(cells: pd.DataFrame) -> str:
    """Return the cells' skill at the largest size, with its interval: no ranks are told."""
    largest = cells.sort_values("parameters").groupby("arm").last()
    skills = [
        f"{name} {row['mean']:.1f} % ({row['low']:.1f} to {row['high']:.1f})"
        for arm, name in _CELLS.items()
        for _, row in largest.loc[largest.index == arm].iterrows()
    ]
    count = f"{cells.loc[cells['arm'] == 'tanh', 'parameters'].max():,}"
    return f"Mean skill at about {count.replace(',', _THIN)} parameters: {listed(skills)}"


def swap_stages(pairs: Iterable[pd.DataFrame], summaries: Iterable[pd.DataFrame], limit: float):
    """Draw what a swap costs at each stage, one row an arm, the dots of the last stage's seeds.

    Parameters
    ----------
    pairs, summaries : iterable of pandas.DataFrame
        Of the stages in `STAGE_NAMES`, in that order; see `difference_rows`.
    limit : float
        Half the width of the axis; what lies beyond stands at the edge as an arrowhead.
    """
    pairs, summaries = list(pairs), list(summaries)
    present = set(pd.concat(summaries)["arm"])
    arms = [arm for arm in ARM_NAMES if arm in present]
    figure = Figure(figsize=(WIDTH, 0.5 * len(arms) + 1.8), layout="constrained")
    write_message(figure, _swap_message(summaries))
    axes, grey = figure.subplots(), COLOURS["copy"]
    _ground(axes, arms, limit)
    looks = zip(STAGE_NAMES, pairs, summaries, (-0.27, 0.0, 0.27), _STAGE_MARKERS, strict=True)
    for stage, part, summary, shift, marker in looks:
        last = stage == "tuned"
        for row in summary.itertuples():
            values = part.loc[part["arm"] == row.arm, "difference"].to_numpy()
            look = {"marker": marker, "hollow": not last}
            values = values if last else values[:0]
            difference_marks(axes, arms.index(row.arm) + shift, values, row, limit, **look)
    handles = [
        axes.plot([], [], marker, ls="none", color=grey, mfc=grey if last else "white")[0]
        for marker, last in zip(_STAGE_MARKERS, (False, False, True), strict=True)
    ]
    axes.set_xlabel(f"skill minus that of tanh (pp; band: ±{_MARGIN:g})")
    legend_below(figure, handles, list(STAGE_NAMES.values()), columns=len(handles))
    return figure


def _swap_message(summaries: Sequence[pd.DataFrame]) -> str:
    """Return how many variants are equivalent to tanh right after the swap, and in the end."""
    counts = [int((summary["word"] == "equivalent").sum()) for summary in summaries]
    return (
        f"{STAGE_NAMES['swapped'].capitalize()} {counts[0]} of {len(summaries[0])} variants are "
        f"equivalent to tanh within ±{_MARGIN:g} pp, {STAGE_NAMES['tuned']} {counts[-1]}"
    )
