"""Figures of the chapter on convolutions: what a free activation could save, and where more."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from isru.drawing.message import WIDTH, legend_below, write_message
from isru.drawing.style import COLOURS

FORM_NAMES = {
    "numpy": "NumPy calls",
    "compiled": "compiled",
    "library": "C library's tanh",
}
# Layer and kernel: name, colour, marker. The larger the kernel, the darker.
_LINES = {
    ("lstm", 0): ("LSTM", COLOURS["prediction"], "o"),
    ("convolution", 1): ("1 x 1", "#8FD3B8", "^"),
    ("convolution", 3): ("3 x 3", "#3FB08A", "s"),
    ("convolution", 5): ("5 x 5", "#008060", "D"),
    ("convolution", 7): ("7 x 7", "#004030", "v"),
}
_BATCHES = {0: ("o", "none", -0.14), 1: ("s", COLOURS["copy"], 0.14)}


def free_savings(table: pd.DataFrame) -> Figure:
    """Draw the saving of a free activation by width: a panel a form and batch.

    Parameters
    ----------
    table : pandas.DataFrame
        From `isru.chapters.convolutions.shares.savings`.
    """
    forms = [form for form in FORM_NAMES if form in set(table["form"])]
    batches = sorted(table["batch"].unique())
    figure = Figure(figsize=(WIDTH, 1.9 * len(forms) + 1.3), layout="constrained")
    panels = figure.subplots(len(forms), len(batches), sharex=True, sharey=True, squeeze=False)
    for row, form in zip(panels, forms, strict=True):
        for axes, batch in zip(row, batches, strict=True):
            part = table[(table["form"] == form) & (table["batch"] == batch)]
            for case, line in part.groupby(["layer", "kernel"]):
                name, colour, marker = _LINES[case]
                bars = [line["saving"] - line["low"], line["high"] - line["saving"]]
                axes.errorbar(
                    line["units"],
                    line["saving"],
                    yerr=bars,
                    color=colour,
                    marker=marker,
                    ms=4.5,
                    ls="--" if case[0] == "lstm" else "-",
                    lw=1.5,
                    elinewidth=1,
                    label=name,
                )
            axes.axhline(0, color="black", lw=0.8)
            axes.set_xscale("log")
            _units_axis(axes, table)
            axes.set_title(f"{FORM_NAMES[form]}, batch {batch}", loc="left", fontsize=10)
        row[0].set_ylabel("saved at most (%)")
    for axes in panels[-1]:
        axes.set_xlabel("units or channels")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda n: (labels[n] == "LSTM", labels[n]))
    names = [labels[n] if labels[n] == "LSTM" else f"convolution {labels[n]}" for n in order]
    legend_below(figure, [handles[n] for n in order], names, columns=3)
    write_message(figure, _savings_message(table))
    return figure


def _savings_message(table: pd.DataFrame) -> str:
    """Say what the smallest kernel saves at most and what the largest, in the largest batch."""
    part = table[(table["batch"] == table["batch"].max()) & (table["layer"] == "convolution")]
    form = "compiled" if "compiled" in set(part["form"]) else part["form"].iloc[0]
    part = part[part["form"] == form]
    part = part[part["units"] == part["units"].min()].sort_values("kernel")
    said = [f"{row.saving:.0f} % at {row.kernel} × {row.kernel}" for row in part.itertuples()]
    return (
        f"A free activation would save of a convolution with {part['units'].iloc[0]} channels "
        f"({FORM_NAMES[form]}, batch {part['batch'].iloc[0]}) {', '.join(said)}"
    )


def saving_gaps(table: pd.DataFrame, *, margin: float) -> Figure:
    """Draw the LSTM's largest saving minus the convolution's, with the margin as a band.

    Parameters
    ----------
    table : pandas.DataFrame
        From `isru.chapters.convolutions.shares.gaps`.
    margin : float
        Half-width of the band of no relevance, percentage points.
    """
    forms = [form for form in FORM_NAMES if form in set(table["form"])]
    figure = Figure(figsize=(WIDTH, 3.5), layout="constrained")
    panels = figure.subplots(1, len(forms), sharey=True, squeeze=False)[0]
    units = sorted(table["units"].unique())
    for axes, form in zip(panels, forms, strict=True):
        axes.axhspan(-margin, margin, color=COLOURS["floor"], alpha=0.5, lw=0, zorder=0)
        axes.axhline(0, color="black", lw=0.8)
        part = table[table["form"] == form]
        for place, (batch, line) in enumerate(part.groupby("batch")):
            marker, colour, shift = _BATCHES[place % 2]
            at = [units.index(count) + shift for count in line["units"]]
            axes.vlines(at, line["low"], line["high"], color=COLOURS["copy"], lw=1.5)
            look = {"marker": marker, "edgecolors": COLOURS["copy"], "s": 30, "zorder": 3}
            face = "white" if colour == "none" else colour
            axes.scatter(at, line["gap"], facecolors=face, label=f"batch {batch}", **look)
        axes.set_xticks(range(len(units)), units)
        axes.set_xlim(-0.5, len(units) - 0.5)
        axes.set_title(FORM_NAMES[form], loc="left", fontsize=10)
    panels[len(forms) // 2].set_xlabel("units or channels")
    panels[0].set_ylabel("LSTM minus convolution (pp)")
    handles, labels = panels[0].get_legend_handles_labels()
    legend_below(figure, handles, labels, columns=len(labels))
    write_message(figure, _gaps_message(table, margin))
    return figure


def _gaps_message(table: pd.DataFrame, margin: float) -> str:
    """Say in how many cases each of both has surely more to gain, by more than the margin."""
    lstm, convolution = (table["low"] > margin).sum(), (table["high"] < -margin).sum()
    return (
        f"More to gain: the LSTM in {lstm} of {len(table)} cases, the 3 × 3 convolution in "
        f"{convolution}, by more than {margin:g} pp; the other {len(table) - lstm - convolution} "
        "do not tell"
    )


def _units_axis(axes, table: pd.DataFrame) -> None:
    units = sorted(table["units"].unique())
    axes.set_xticks(units, [str(count) for count in units])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(units[0] / 1.25, units[-1] * 1.25)
