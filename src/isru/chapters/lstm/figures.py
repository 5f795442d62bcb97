"""Figures of the chapter on the LSTM: learning, where a step's time goes, Amdahl's bound."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator, NullFormatter, NullLocator

from isru.drawing.message import WIDTH, legend_below, write_message
from isru.drawing.style import COLOURS
from isru.wording import formatted

STEP_NAMES = {"predict": "prediction", "train": "training step"}
PART_NAMES = {
    "products": "matrix products",
    "gates": "gates (logistic)",
    "activations": "activations (tanh)",
    "rest": "the rest",
}
_PART_LOOKS = {  # colour and hatching, from the bottom
    "activations": (COLOURS["tanh"], ""),
    "gates": (COLOURS["ladder"], "////"),
    "products": (COLOURS["copy"], ""),
    "rest": ("#E4E4E4", ""),
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
    figure = Figure(figsize=(WIDTH, 3.3), layout="constrained")
    axes = figure.subplots()
    colours = {"training": COLOURS["copy"], "validation": COLOURS["tanh"]}
    for (name, colour), dash in zip(colours.items(), ("--", "-"), strict=True):
        axes.plot(curve["epoch"], curve[name], color=colour, ls=dash)
    axes.axhline(persistence, color=COLOURS["identity"], ls="--", lw=1.2)
    axes.set(yscale="log", xlabel="epoch", ylabel="mean squared error")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(0, curve["epoch"].iloc[-1])
    ends = {name: (curve[name].iloc[-1], colour) for name, colour in colours.items()}
    ends["persistence"] = (persistence, COLOURS["copy"])
    last = curve.iloc[-1]
    write_message(
        figure,
        f"After {last.epoch:.0f} epochs the error on unseen waves is {last.validation:.2g}; "
        f"that of persistence is {persistence:.2g}",
    )
    _label_ends(axes, curve["epoch"].iloc[-1], ends)
    return figure


def step_shares(table: pd.DataFrame) -> Figure:
    """Draw the parts' shares of a step as stacked bars, the activations at the bottom.

    Parameters
    ----------
    table : pandas.DataFrame
        From `isru.chapters.lstm.step_parts.shares`; one panel a step and batch.
    """
    batches, steps = sorted(table["batch"].unique()), list(table["step"].unique())
    figure = Figure(figsize=(WIDTH, 2.3 * len(steps) + 1.2), layout="constrained")
    panels = figure.subplots(len(steps), len(batches), sharex=True, sharey=True, squeeze=False)
    for row, step in zip(panels, steps, strict=True):
        for axes, batch in zip(row, batches, strict=True):
            part = table[(table["step"] == step) & (table["batch"] == batch)]
            _stack(axes, part.pivot(index="units", columns="part", values="share"))
            axes.set_title(f"{STEP_NAMES[step]}, batch {batch}", loc="left", fontsize=10)
        row[0].set_ylabel("share of the step (%)")
    for axes in panels[-1]:
        axes.set_xlabel("units")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    legend_below(figure, handles, labels, columns=2)
    write_message(figure, _shares_message(table))
    return figure


def _stack(axes, wide: pd.DataFrame) -> None:
    """Draw one bar a size, with the activations' share as a number."""
    below = pd.Series(0.0, index=wide.index)
    for name, (colour, hatch) in _PART_LOOKS.items():
        look = {"color": colour, "hatch": hatch, "edgecolor": "white", "linewidth": 0.5}
        axes.bar(
            range(len(wide)), wide[name], bottom=below, width=0.8, label=PART_NAMES[name], **look
        )
        below += wide[name]
    for place, share in enumerate(wide["activations"]):
        axes.annotate(
            f"{share:.0f}",
            (place, share),
            (0, 2),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            weight="bold",
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )
    axes.set_xticks(range(len(wide)), wide.index)
    axes.set_ylim(0, 100)
    axes.grid(axis="x", visible=False)


def _shares_message(table: pd.DataFrame) -> str:
    """Say between which shares of a step the activations take."""
    part = table[table["part"] == "activations"].groupby("step", sort=False)["share"]
    said = [
        f"{low:.0f} to {high:.0f} % of a {STEP_NAMES[step]}"
        for step, low, high in zip(part.groups, part.min(), part.max(), strict=True)
    ]
    return f"The activations, here tanh from NumPy calls, take {' and '.join(said)}"


def amdahl_bounds(table: pd.DataFrame, compiled: pd.DataFrame) -> Figure:
    """Draw what a prediction can save against the units: the bound, and ISRU's predicted saving.

    Parameters
    ----------
    table : pandas.DataFrame
        From `isru.chapters.lstm.step_parts.bounds`; one panel a batch, one line a number of inputs.
    compiled : pandas.DataFrame
        From `isru.chapters.lstm.step_parts.compiled_bounds`; drawn in a row below, on a scale of
        its own, one panel a batch. May be empty.
    """
    kinds = {"NumPy calls": table[table["step"] == "predict"]}
    if not compiled.empty:
        kinds["compiled"] = compiled[compiled["step"] == "predict"]
    counts = [part["batch"].nunique() for part in kinds.values()]
    figure = Figure(figsize=(WIDTH, 2.3 * len(kinds) + 1.1), layout="constrained")
    grid = figure.subplots(len(kinds), max(counts), sharex=True, sharey="row", squeeze=False)
    labels = []
    for row, (name, part) in zip(grid, kinds.items(), strict=True):
        batches = sorted(part["batch"].unique())
        for axes in row[len(batches) :]:
            axes.remove()
        for axes, batch in zip(row, batches, strict=False):
            ends = _curves(axes, part[part["batch"] == batch])
            labels.append((axes, part["units"].max(), ends))
            axes.set_title(f"{name}, batch {batch}", loc="left", fontsize=10)
        row[0].set_ylabel("saved of a\nprediction (%)")
    for axes in grid[-1][: counts[-1]]:
        axes.set_xlabel("units")
    handles = grid[0, 0].lines[1:3]
    legend_below(figure, handles, ["bound: free activations", "ISRU, predicted"], columns=2)
    write_message(figure, _bounds_message(kinds))
    figure.draw_without_rendering()  # all panels have their limits now
    for axes, x, ends in labels:
        _label_ends(axes, x, ends)
    return figure


def _bounds_message(kinds: dict[str, pd.DataFrame]) -> str:
    """Say what free activations save at most, and what ISRU does where it saves the most."""
    said = [
        f"{part['bound'].max():.0f} % ({name}; ISRU {formatted(part['saving'].max(), '.0f')} %)"
        for name, part in kinds.items()
    ]
    return f"Of a prediction free activations would save at most {' and '.join(said)}"


def _curves(axes, part: pd.DataFrame) -> dict[str, tuple[float, str]]:
    """Draw bound and saving, one line style a number of inputs; return where the lines end."""
    axes.axhline(0, color=COLOURS["tanh"], lw=1)
    ends = {}
    lines = part.groupby("features") if "features" in part else [("", part)]
    for style, (value, line) in zip(_LINES, lines, strict=False):
        line = line.sort_values("units")
        axes.plot(line["units"], line["bound"], color=COLOURS["prediction"], ls=style, lw=1.3)
        axes.plot(line["units"], line["saving"], color=COLOURS["isru"], ls=style, lw=2.6)
        if value:
            ends[f"F = {value}"] = (line["bound"].iloc[-1], COLOURS["prediction"])
    axes.set(xscale="log")
    shown = [n for n in (10, 30, 100, 300) if part["units"].min() <= n <= part["units"].max()]
    axes.set_xticks(shown, [str(n) for n in shown])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    return ends


def _label_ends(axes, x: float, ends: dict[str, tuple[float, str]]) -> None:
    """Write each line's name at its right end, moved apart where they would overlap."""
    names = sorted(ends, key=lambda name: ends[name][0])
    shown = [axes.transData.transform((x, ends[name][0]))[1] for name in names]
    gap = 12 / 72 * axes.figure.dpi
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
            fontsize=9,
            color=colour,
            annotation_clip=False,
        )
