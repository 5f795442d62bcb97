"""Figures of the published evidence: what the original study and the ISRLU paper measured."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from isru.drawing.message import WIDTH, write_message
from isru.drawing.style import COLOURS
from isru.wording import formatted

# Markers tell groups apart without their colour; none of the functions' colours is used.
_GRIDS = {"small": ("o", "#009E73", "grid “small”"), "var": ("s", "#CC79A7", "grid “var”")}
_CPUS = {"xeon": ("s", "#009E73"), "m1": ("^", "#000000"), "i7": ("o", "#CC79A7")}
_CPU_NAMES = {"xeon": "Xeon", "m1": "Apple M1", "i7": "Core i7"}
_GREY = "#777777"


def published_saving(grid, laws, forecaster) -> Figure:
    """Draw the savings against the units: the character model with its law, the forecaster.

    Parameters
    ----------
    grid : pandas.DataFrame
        Published grid of the character model: grid, units, forward_saving_percent.
    laws : pandas.DataFrame
        Columns layers, units, saving_percent: the law for a few depths.
    forecaster : pandas.DataFrame
        Published pairs: machine, units, train_saving_percent.
    """
    figure = Figure(figsize=(WIDTH, 6.6), layout="constrained")
    left, right = figure.subplots(2, 1, sharey=True)
    depths = dict(zip(range(1, 7), colormaps["cividis"](np.linspace(0, 0.88, 6)), strict=True))
    for depth, line in laws.groupby("layers"):
        left.plot(line["units"], line["saving_percent"], color=depths[depth], linewidth=1.4)
        start = line.iloc[0]
        place = (start["units"], start["saving_percent"])
        _value(left, _layers(depth), place, -6, "right", "black")
    for name, (marker, _, _) in _GRIDS.items():
        part = grid[grid["grid"] == name]
        place = part["units"], part["forward_saving_percent"]
        colours = [depths[depth] for depth in part["layers"]]
        left.scatter(*place, marker=marker, s=24, c=colours, linewidths=0, zorder=3)
    for axes in (left, right):
        axes.set_ylabel("saving with ISRU,\n% of tanh's time")
    left.set_title("Character model, forward pass (lines: the law)", loc="left", fontsize=10)
    left.set_xlim(left=4.2)
    for machine, line in forecaster.groupby("machine"):
        line = line.sort_values("units")
        colour = COLOURS["isru"] if machine.startswith("wsl") else _GREY
        right.plot(line["units"], line["train_saving_percent"], color=colour, lw=1.2)
    right.annotate("i7 and i9 under WSL", (52, 13.6), color=COLOURS["isru"], fontsize=9)
    right.axhspan(1, 2, color=COLOURS["floor"], alpha=0.6, lw=0, zorder=0)
    right.annotate("five other machines", (12, 3.9), color="#555555", fontsize=9)
    right.annotate("grey band: claimed, 1 to 2 %", (62, -1.8), color="#555555", fontsize=9)
    right.set_title("Forecaster, training", loc="left", fontsize=10)
    for axes, ticks in ((left, (8, 16, 32, 64, 128, 256, 512)), (right, (10, 25, 50, 100, 300))):
        axes.axhline(0, color="black", linewidth=0.8)
        _units_axis(axes, ticks)
    means = grid.groupby("units")["forward_saving_percent"].mean()
    write_message(
        figure,
        f"Published savings of the character model go from {means.iloc[0]:.0f} % at "
        f"{means.index[0]} units to {means.iloc[-1]:.1f} % at {means.index[-1]}",
    )
    return figure


def published_loss(grid, margin: float) -> Figure:
    """Draw what ISRU did to the character model's training loss, by size.

    Parameters
    ----------
    grid : pandas.DataFrame
        Columns grid, layers, units, loss_difference_last10_percent.
    margin : float
        Half the width of the band that counts as no difference, in percent.
    """
    figure = Figure(figsize=(WIDTH, 3.8), layout="constrained")
    axes = figure.subplots()
    axes.axhspan(-margin, margin, color=COLOURS["floor"], alpha=0.5, lw=0, zorder=0)
    axes.axhline(0, color="black", linewidth=0.8)
    for name, (marker, colour, label) in _GRIDS.items():
        part = grid[grid["grid"] == name]
        # Depths beside each other, so that configurations of one size do not cover each other.
        place = part["units"] * 1.035 ** (part["layers"] - 3)
        axes.scatter(
            place,
            part["loss_difference_last10_percent"],
            marker=marker,
            s=26,
            color=colour,
            linewidths=0,
            label=label,
            zorder=3,
        )
    axes.annotate(
        f"±{margin:g} %",
        (1.0, margin),
        xycoords=("axes fraction", "data"),
        xytext=(-4, -4),
        textcoords="offset points",
        ha="right",
        va="top",
        color="#555555",
        fontsize=9,
    )
    axes.set_ylabel("training loss with ISRU\nagainst tanh, %")
    axes.legend(loc="upper right", fontsize=9)
    _units_axis(axes, (8, 16, 32, 64, 128, 256, 512))
    axes.set_xlabel("units per layer (depths beside each other)")
    off = grid["loss_difference_last10_percent"]
    ends = (formatted(float(end), "+.1f") for end in (off.min(), off.max()))
    write_message(
        figure,
        f"ISRU changed the published training loss by {' to '.join(ends)} %, in "
        f"{(off.abs() <= margin).sum()} of {len(off)} configurations by at most {margin:g} %",
    )
    return figure


def published_net_times(times) -> Figure:
    """Draw the micro-benchmark's net times of tanh and ISRU, negative ones marked.

    Parameters
    ----------
    times : pandas.DataFrame
        Index machine, columns tanh and isru, in ns a call.
    """
    times = times.sort_values("tanh")
    rows = np.arange(len(times))
    figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
    axes = figure.subplots()
    start = min(-1.2, 1.3 * times["isru"].min())
    axes.axvspan(start, 0, color=COLOURS["floor"], alpha=0.45, lw=0, zorder=0)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.hlines(rows, times["isru"], times["tanh"], color=_GREY, linewidth=1, zorder=1)
    axes.scatter(times["tanh"], rows, color=COLOURS["tanh"], s=40, zorder=3)
    positive = (times["isru"] >= 0).to_numpy()
    style = {"edgecolors": COLOURS["isru"], "s": 40, "zorder": 3, "linewidths": 1.6}
    axes.scatter(times["isru"][positive], rows[positive], facecolors=COLOURS["isru"], **style)
    axes.scatter(times["isru"][~positive], rows[~positive], facecolors="white", **style)
    for row, (isru, tanh) in enumerate(times[["isru", "tanh"]].itertuples(index=False)):
        _value(axes, f"{tanh:.1f}", (tanh, row), 8, "left", COLOURS["tanh"])
        if isru < 0 or tanh - isru > 3:
            text = f"{isru:.2f}".replace("-", "−")
            _value(axes, text, (isru, row), 8, "left", COLOURS["isru"], above=True)
    top = len(times) - 1
    ends = {"ISRU": (times["isru"].iloc[-1], "isru"), "tanh": (times["tanh"].iloc[-1], "tanh")}
    for name, (x, key) in ends.items():
        axes.annotate(
            name,
            (x, top),
            xytext=(0, 18),
            textcoords="offset points",
            ha="center",
            color=COLOURS[key],
            fontweight="bold",
        )
    axes.set_yticks(rows, times.index)
    axes.tick_params(axis="y", labelsize=9, length=0)
    axes.grid(axis="y", visible=False)
    axes.set(xlabel="net time, ns a call (grey: below 0)", ylim=(-0.6, top + 1.15))
    axes.set_xlim(start, times["tanh"].max() * 1.12)
    told = ": they tell a difference, no ratio" if not positive.all() else ""
    said = f"{(~positive).sum()} of {len(times)} published net times of ISRU are below 0{told}"
    write_message(figure, said)
    return figure


def published_threads(frame) -> Figure:
    """Draw the speed-up by threads against the units: medians and ranges over the layers.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns cpu, layers, units, speedup_total.
    """
    figure = Figure(figsize=(WIDTH, 3.8), layout="constrained")
    axes = figure.subplots()
    axes.axhline(1, color="black", linewidth=0.8)
    axes.axvline(100, color=_GREY, linewidth=0.9, linestyle=(0, (4, 3)))
    for cpu, (marker, colour) in _CPUS.items():
        by_units = frame[frame["cpu"] == cpu].groupby("units")["speedup_total"]
        medians = by_units.median()
        axes.fill_between(medians.index, by_units.min(), by_units.max(), color=colour, alpha=0.2)
        axes.plot(medians.index, medians, color=colour, marker=marker, ms=5)
        _value(axes, _CPU_NAMES[cpu], (16, medians[16]), -8, "right", "black")
    axes.annotate("threads help", (16, 1), xytext=(0, 4), textcoords="offset points", fontsize=9)
    axes.annotate(
        "threads hurt", (16, 1), xytext=(0, -4), textcoords="offset points", fontsize=9, va="top"
    )
    axes.set_yscale("log", base=2)
    axes.yaxis.set_major_locator(FixedLocator([1 / 32, 1 / 8, 1 / 2, 1, 2]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: str(Fraction(value))))
    axes.set_ylabel("speed-up of a step by threads")
    axes.set_xlim(left=9)
    _units_axis(axes, (16, 32, 64, 128, 256))
    medians = frame.groupby(["cpu", "units"])["speedup_total"].median().unstack()
    said = [
        f"{medians[n].min():.2g} to {medians[n].max():.2g} at {n} units"
        for n in (medians.columns[0], medians.columns[-1])
    ]
    write_message(figure, f"Threads multiply the speed of a step by {', by '.join(said)}")
    return figure


def _units_axis(axes, ticks) -> None:
    """Make the horizontal axis logarithmic in the units, with the sizes that were used."""
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel("units per layer")


def _layers(depth: int) -> str:
    return "1 layer" if depth == 1 else f"{depth} layers"


def _value(axes, text, place, shift, side, colour, above=False) -> None:
    axes.annotate(
        text,
        place,
        xytext=(shift - 4, 6) if above else (shift, 0),
        textcoords="offset points",
        ha=side,
        va="bottom" if above else "center",
        color=colour,
        fontsize=9,
    )
