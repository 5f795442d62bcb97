"""Figures of the chapter on the LSTM: learning, where a step's time goes, Amdahl's bound."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter, NullLocator

from isru.drawing.style import COLOURS

STEP_NAMES = {"predict": "prediction", "train": "training step"}
PART_NAMES = {
    "products": "matrix products",
    "gates": "gates (logistic)",
    "activations": "activations (tanh)",
    "rest": "the rest",
}
_PART_COLOURS = {
    "products": COLOURS["copy"],
    "gates": COLOURS["exp_free"],
    "activations": COLOURS["tanh"],
    "rest": COLOURS["floor"],
}
_LINES = ("-", "--", ":", "-.")


def learning_curve(curve: pd.DataFrame, persistence: float) -> Figure:
    """Draw the errors of training and validation by epoch, with persistence's as a line.

    Parameters
    ----------
    curve : pandas.DataFrame
        Columns epoch, training, validation.
    persistence : float
        Error of the simplest rival.
    """
    figure = Figure(figsize=(6.4, 3.2), layout="constrained")
    axes = figure.subplots()
    colours = {"training": COLOURS["copy"], "validation": COLOURS["tanh"]}
    for name, colour in colours.items():
        axes.plot(curve["epoch"], curve[name], color=colour)
    axes.axhline(persistence, color=COLOURS["identity"], ls="--", lw=1.2)
    axes.set(yscale="log", xlabel="epoch", ylabel="mean squared error")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    ends = {name: (curve[name].iloc[-1], colour) for name, colour in colours.items()}
    ends["persistence"] = (persistence, COLOURS["copy"])
    _label_ends(axes, curve["epoch"].iloc[-1], ends)
    return figure


def step_shares(table: pd.DataFrame) -> Figure:
    """Draw the parts' shares of a step as stacked bars: one panel a step and batch.

    Parameters
    ----------
    table : pandas.DataFrame
        From `isru.chapters.lstm.step_parts.shares`.
    """
    batches, steps = sorted(table["batch"].unique()), list(table["step"].unique())
    figure = Figure(figsize=(8.2, 2.4 * len(steps) + 0.4), layout="constrained")
    panels = figure.subplots(len(steps), len(batches), sharex=True, sharey=True, squeeze=False)
    for row, step in zip(panels, steps, strict=True):
        for axes, batch in zip(row, batches, strict=True):
            part = table[(table["step"] == step) & (table["batch"] == batch)]
            wide = part.pivot(index="units", columns="part", values="share")[list(PART_NAMES)]
            below = pd.Series(0.0, index=wide.index)
            for name in PART_NAMES:
                axes.bar(
                    range(len(wide)),
                    wide[name],
                    bottom=below,
                    width=0.75,
                    color=_PART_COLOURS[name],
                    label=PART_NAMES[name],
                )
                below += wide[name]
            axes.set_xticks(range(len(wide)), wide.index)
            axes.set_title(f"{STEP_NAMES[step]}, batch {batch}")
            axes.grid(axis="x", visible=False)
        row[0].set_ylabel("share of the step (%)")
    for axes in panels[-1]:
        axes.set_xlabel("units")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=9)
    return figure


def amdahl_bounds(table: pd.DataFrame, compiled: pd.DataFrame) -> Figure:
    """Draw what a prediction can save against the units: the bound, and ISRU's predicted saving.

    Parameters
    ----------
    table : pandas.DataFrame
        From `isru.chapters.lstm.step_parts.bounds`; one panel a batch, one line a number of inputs.
    compiled : pandas.DataFrame
        From `isru.chapters.lstm.step_parts.compiled_bounds`; drawn as a last panel, one line a
        batch. May be empty.
    """
    table = table[table["step"] == "predict"]
    batches = sorted(table["batch"].unique())
    count = len(batches) + (0 if compiled.empty else 1)
    figure = Figure(figsize=(2.9 * count + 0.4, 3.5), layout="constrained")
    panels = figure.subplots(1, count, sharey=True, squeeze=False)[0]
    labels = []
    for axes, batch in zip(panels, batches, strict=False):
        part = table[table["batch"] == batch]
        labels.append(_curves(axes, part, "features", "F = {}"))
        axes.set_title(f"NumPy, batch {batch}")
    if not compiled.empty:
        part = compiled[compiled["step"] == "predict"]
        labels.append(_curves(panels[-1], part, "batch", "batch {}"))
        panels[-1].set_title("compiled")
    for axes, (x, ends) in zip(panels, labels, strict=True):  # after all share their limits
        _label_ends(axes, x, ends)
    panels[0].set_ylabel("time saved of a prediction (%)")
    figure.legend(
        handles=[panels[0].lines[1], panels[0].lines[2]],
        labels=["bound: free arithmetic", "ISRU, predicted"],
        loc="outside lower center",
        ncols=2,
        fontsize=9,
    )
    return figure


def _curves(axes, part: pd.DataFrame, by: str, label: str) -> tuple[float, dict]:
    """Draw bound and saving, one line style a value of `by`; return where the lines end."""
    axes.axhline(0, color=COLOURS["tanh"], lw=1)
    ends = {}
    for style, (value, line) in zip(_LINES, part.groupby(by), strict=False):
        line = line.sort_values("units")
        axes.plot(line["units"], line["bound"], color=COLOURS["prediction"], ls=style)
        axes.plot(line["units"], line["saving"], color=COLOURS["isru"], ls=style)
        last = line.iloc[-1]
        ends[label.format(value)] = (last["bound"], COLOURS["prediction"])
    axes.set(xscale="log", xlabel="units")
    shown = [n for n in (10, 30, 100, 300) if part["units"].min() <= n <= part["units"].max()]
    axes.set_xticks(shown, [str(n) for n in shown])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    return part["units"].max(), ends


def _label_ends(axes, x: float, ends: dict[str, tuple[float, str]]) -> None:
    """Write each line's name at its right end, moved apart where they would overlap."""
    names = sorted(ends, key=lambda name: ends[name][0])
    shown = [axes.transData.transform((x, ends[name][0]))[1] for name in names]
    gap = 0.055 * axes.bbox.height
    for i in range(1, len(shown)):
        shown[i] = max(shown[i], shown[i - 1] + gap)
    for name, height in zip(names, shown, strict=True):
        value, colour = ends[name]
        moved = height - axes.transData.transform((x, value))[1]
        points = moved * 72 / axes.figure.dpi
        axes.annotate(
            name,
            (x, value),
            (6, points),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            color=colour,
            annotation_clip=False,
        )
