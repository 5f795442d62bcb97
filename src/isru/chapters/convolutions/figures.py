"""Figures of the chapter on convolutions: what a free activation could save, and where more."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from isru.drawing.style import COLOURS

FORM_NAMES = {
    "numpy": "NumPy calls",
    "compiled": "compiled",
    "library": "C library's tanh",
}
# Layer and kernel: name, colour, marker. Greys for the other kernels, from light to dark.
_LINES = {
    ("lstm", 0): ("LSTM", COLOURS["exp_free"], "o"),
    ("convolution", 1): ("1 x 1", "#BBBBBB", "^"),
    ("convolution", 3): ("3 x 3", COLOURS["softsign"], "s"),
    ("convolution", 5): ("5 x 5", "#888888", "D"),
    ("convolution", 7): ("7 x 7", "#444444", "v"),
}
_BATCHES = {0: ("o", COLOURS["copy"], -0.12), 1: ("s", COLOURS["exp_free"], 0.12)}


def free_savings(table: pd.DataFrame) -> Figure:
    """Draw the saving of a free activation by width: a panel a form and batch.

    Parameters
    ----------
    table : pandas.DataFrame
        From `isru.chapters.convolutions.shares.savings`.
    """
    forms = [form for form in FORM_NAMES if form in set(table["form"])]
    batches = sorted(table["batch"].unique())
    figure = Figure(figsize=(8.8, 2.5 * len(batches) + 0.7), layout="constrained")
    panels = figure.subplots(len(batches), len(forms), sharex=True, sharey=True, squeeze=False)
    for row, batch in zip(panels, batches, strict=True):
        for axes, form in zip(row, forms, strict=True):
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
                    lw=1.6 if case[0] == "lstm" or case[1] == 3 else 1.1,
                    elinewidth=1,
                    label=name,
                )
            axes.axhline(0, color="black", lw=0.8)
            axes.set_xscale("log")
            _units_axis(axes, table)
            axes.set_title(f"{FORM_NAMES[form]}, batch {batch}", loc="left", fontsize=9.5)
        row[0].set_ylabel("saved at most (%)")
    for axes in panels[-1]:
        axes.set_xlabel("units or channels")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda n: (labels[n] == "LSTM", labels[n]))
    figure.legend(
        [handles[n] for n in order],
        [labels[n] if labels[n] == "LSTM" else f"convolution {labels[n]}" for n in order],
        loc="outside lower center",
        ncols=len(labels),
        fontsize=9,
    )
    return figure


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
    figure = Figure(figsize=(8.8, 3.4), layout="constrained")
    panels = figure.subplots(1, len(forms), sharey=True, squeeze=False)[0]
    units = sorted(table["units"].unique())
    for axes, form in zip(panels, forms, strict=True):
        axes.axhspan(-margin, margin, color=COLOURS["floor"], alpha=0.5, lw=0, zorder=0)
        axes.axhline(0, color="black", lw=0.8)
        part = table[table["form"] == form]
        for place, (batch, line) in enumerate(part.groupby("batch")):
            marker, colour, shift = _BATCHES[place % 2]
            at = [units.index(count) + shift for count in line["units"]]
            axes.vlines(at, line["low"], line["high"], color=colour, lw=1.5)
            axes.scatter(at, line["gap"], marker=marker, c=colour, s=30, label=f"batch {batch}")
        axes.set_xticks(range(len(units)), units)
        axes.set_xlim(-0.5, len(units) - 0.5)
        axes.set_title(FORM_NAMES[form], loc="left", fontsize=9.5)
        axes.set_xlabel("units or channels")
    panels[0].set_ylabel("LSTM minus convolution (pp)\nbelow 0: the convolution gains more")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=9)
    return figure


def _units_axis(axes, table: pd.DataFrame) -> None:
    units = sorted(table["units"].unique())
    axes.set_xticks(units, [str(count) for count in units])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(units[0] / 1.25, units[-1] * 1.25)
