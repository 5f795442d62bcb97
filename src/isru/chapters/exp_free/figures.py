"""Figures of the chapter on exp-free networks."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from isru.drawing.style import COLOURS, arm_colour
from isru.studies.arms import ARMS
from isru.studies.figures import difference_row
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
_CELLS = {"tanh": "LSTM", "gru": "GRU", "coupled": "coupled gates"}


def difference_rows(
    panels: dict[str, tuple[pd.DataFrame, pd.DataFrame]],
    *,
    limit: float,
    label: str,
    lift: float = 0.0,
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
    lift : float
        How far above its row an arm's mean and interval stand as text.
    """
    present = {arm for _, summary in panels.values() for arm in summary["arm"]}
    arms = [arm for arm in ARM_NAMES if arm in present]
    figure = Figure(figsize=(8.4, (0.4 + lift / 3) * len(arms) + 1.1), layout="constrained")
    row = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, (title, (pairs, summary)) in zip(row, panels.items(), strict=True):
        margin = METRICS[summary["metric"].iloc[0]].margin
        axes.axvspan(-margin, margin, color=COLOURS["floor"], lw=0, alpha=0.5)
        axes.axvline(0, color=COLOURS["tanh"], lw=1.2)
        for found in summary.itertuples():
            values = pairs.loc[pairs["arm"] == found.arm, "difference"].to_numpy()
            difference_row(axes, arms.index(found.arm), values, found, limit, lift=lift)
        axes.set(xlim=(-limit, limit), ylim=(len(arms) - 0.4, -0.7), title=title)
        axes.grid(axis="y", visible=False)
    row[0].set_yticks(range(len(arms)), [ARM_NAMES[arm] for arm in arms])
    figure.supxlabel(label, fontsize=10)
    return figure


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
    figure = Figure(figsize=(8.4, 3.6), layout="constrained")
    panels = figure.subplots(1, len(tasks), sharey=True, squeeze=False)[0]
    for axes, task in zip(panels, tasks, strict=True):
        part = rows[rows["task"] == task]
        steps = sorted(part["steps"].unique())
        for number, arm in enumerate(arms):
            _updates_line(
                axes, part[part["arm"] == arm], arm, 1.03 ** (number - (len(arms) - 1) / 2)
            )
        axes.set(title=TASK_NAMES[task][0], xlabel=TASK_NAMES[task][1], xscale="log")
        axes.set_xticks(steps, [str(count) for count in steps])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_ylim(0, 1.05 * rows["updates"].max())
    panels[0].set_ylabel("updates until solved")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 3))
    return figure


def _updates_line(axes, part: pd.DataFrame, arm: str, shift: float) -> None:
    colour = arm_colour(arm)
    medians = part.groupby("steps")["updates"].median()
    style = {"color": colour, "ls": "--" if arm == "identity" else "-"}
    axes.plot(medians.index * shift, medians, label=ARM_NAMES[arm], **style)
    for solved, marker in ((True, "o"), (False, "x")):
        chosen = part[part["solved"] == solved]
        axes.scatter(chosen["steps"] * shift, chosen["updates"], s=16, marker=marker, color=colour)


def skill_by_parameters(cells: pd.DataFrame) -> Figure:
    """Draw the skill of three kinds of cell against their number of parameters.

    Parameters
    ----------
    cells : pandas.DataFrame
        Columns arm ("tanh" is the LSTM), parameters, mean, low, high.
    """
    figure = Figure(figsize=(7.0, 3.4), layout="constrained")
    axes = figure.subplots()
    for number, (arm, name) in enumerate(_CELLS.items()):
        colour = arm_colour(arm)
        part = cells[cells["arm"] == arm].sort_values("parameters")
        if part.empty:
            continue
        place = part["parameters"] * 1.03 ** (number - 1)  # beside each other, at equal sizes
        axes.plot(place, part["mean"], color=colour, marker="o", ms=4, label=name)
        axes.vlines(place, part["low"], part["high"], color=colour, lw=4, alpha=0.35)
    axes.set(xscale="log", xlabel="parameters of the network", ylabel="skill (%)")
    axes.set_xlim(cells["parameters"].min() / 1.25, cells["parameters"].max() * 1.25)
    ticks = sorted(cells.loc[cells["arm"] == "tanh", "parameters"])
    axes.set_xticks(ticks, [f"{count:,}".replace(",", "\N{THIN SPACE}") for count in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    figure.legend(loc="outside lower center", ncols=len(_CELLS))
    return figure


def swap_stages(pairs: Sequence[pd.DataFrame], summaries: Sequence[pd.DataFrame], limit: float):
    """Draw what a swap costs at each stage; see `difference_rows` for the arguments.

    Parameters
    ----------
    pairs, summaries : sequence of pandas.DataFrame
        Of the stages in `STAGE_NAMES`, in that order.
    limit : float
    """
    named = zip(STAGE_NAMES.values(), pairs, summaries, strict=True)
    panels = {title: (part, summary) for title, part, summary in named}
    label = "skill minus that of tanh (pp)"
    return difference_rows(panels, limit=limit, label=label, lift=0.35)
