"""Figures of the activation-cost chapter."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from isru.figures.style import COLOURS

ARM_NAMES = {
    "isru_plain": "ISRU, in place",
    "isru_naive": "ISRU, one line",
    "isru_safe": "ISRU, safe",
    "isru_network": "ISRU, network",
    "copy": "copy",
}
INPUT_NAMES = {"near_zero": "near zero", "typical": "N(0, 1)", "saturated": "saturated"}
# Who wins lends its colour; the words are printed in the legend, the ratio in the cell.
_WORD_COLOURS = {
    "faster": COLOURS["isru"],
    "equal": COLOURS["floor"],
    "slower": COLOURS["tanh"],
    "undecided": "#FFFFFF",
}
_ARM_LINES = {
    "isru_plain": (COLOURS["isru_plain"], "o", "-"),
    "isru_naive": (COLOURS["isru_plain"], "s", "--"),
    "isru_safe": (COLOURS["isru"], "D", "-"),
    "isru_network": (COLOURS["isru"], "v", "--"),
    "copy": (COLOURS["copy"], "^", ":"),
}


def cost_ratios(ratios: pd.DataFrame, floors: pd.DataFrame) -> Figure:
    """Draw t_tanh / t_arm against the array's size, one panel a dtype, with the A/A floor.

    Parameters
    ----------
    ratios : pandas.DataFrame
        Columns dtype, size, arm, ratio, low, high; one input only.
    floors : pandas.DataFrame
        Columns dtype, size, low, high: the range of tanh against itself.
    """
    dtypes = list(ratios["dtype"].unique())
    figure = Figure(figsize=(8.2, 3.8), layout="constrained")
    panels = figure.subplots(1, len(dtypes), sharey=True, squeeze=False)[0]
    for axes, dtype in zip(panels, dtypes, strict=True):
        band = floors[floors["dtype"] == dtype].sort_values("size")
        axes.fill_between(band["size"], band["low"], band["high"], color=COLOURS["floor"], lw=0)
        axes.axhline(1, color=COLOURS["tanh"], linewidth=1.2)
        shown = ratios[ratios["dtype"] == dtype]
        ends = {"np.tanh (grey: A/A floor)": (1.0, COLOURS["tanh"])}
        for arm, line in shown.groupby("arm", sort=False):
            colour, marker, style = _ARM_LINES[arm]
            line = line.sort_values("size")
            axes.plot(line["size"], line["ratio"], color=colour, ls=style, marker=marker, ms=4)
            axes.vlines(line["size"], line["low"], line["high"], color=colour, lw=3, alpha=0.4)
            ends[ARM_NAMES[arm]] = (line["ratio"].iloc[-1], colour)
        axes.set(xscale="log", yscale="log", xlabel=f"elements ({dtype})")
        _label_ends(axes, shown["size"].max(), ends)
    panels[0].set_ylabel("time of np.tanh / time of the arm\n(above 1: faster than np.tanh)")
    _tick_1_2_5(panels[0].yaxis)
    return figure


def cost_map(table: pd.DataFrame) -> Figure:
    """Draw where ISRU is faster, equal or slower than np.tanh: arm and input by size.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns dtype, input, size, arm, ratio, direction.
    """
    table = table[table["arm"] != "copy"]
    dtypes, sizes = list(table["dtype"].unique()), sorted(table["size"].unique())
    rows = list(dict.fromkeys(zip(table["arm"], table["input"], strict=True)))
    figure = Figure(figsize=(9, 0.32 * len(rows) + 1.6), layout="constrained")
    panels = figure.subplots(1, len(dtypes), sharey=True, squeeze=False)[0]
    for axes, dtype in zip(panels, dtypes, strict=True):
        for cell in table[table["dtype"] == dtype].itertuples():
            x, y = sizes.index(cell.size), rows.index((cell.arm, cell.input))
            axes.add_patch(_tile(x, y, cell.direction))
            axes.text(x, y, f"{cell.ratio:.2f}", ha="center", va="center", fontsize=8)
        axes.set(xlim=(-0.5, len(sizes) - 0.5), ylim=(len(rows) - 0.5, -0.5))
        axes.set_xticks(range(len(sizes)), [f"{size:,}".replace(",", " ") for size in sizes])
        axes.tick_params(axis="x", labelsize=8, length=0)
        axes.set_xlabel(f"elements ({dtype})")
        axes.grid(False)
    names = [f"{ARM_NAMES[arm]}, {INPUT_NAMES[input]}" for arm, input in rows]
    panels[0].set_yticks(range(len(rows)), names)
    panels[0].tick_params(axis="y", labelsize=8, length=0)
    words = [word for word in _WORD_COLOURS if word in set(table["direction"])]
    patches = [
        Patch(facecolor=_tint(_WORD_COLOURS[w]), edgecolor="#666666", label=w) for w in words
    ]
    figure.legend(handles=patches, loc="outside upper right", ncols=len(words), fontsize=9)
    return figure


def cost_registry(table: pd.DataFrame) -> Figure:
    """Draw the time per element of every activation, sorted, one panel a dtype.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns dtype, arm, ns, low, high (nanoseconds per element).
    """
    dtypes = list(table["dtype"].unique())
    order = table[table["dtype"] == dtypes[0]].sort_values("ns")["arm"].tolist()
    figure = Figure(figsize=(8.2, 0.24 * len(order) + 1), layout="constrained")
    panels = figure.subplots(1, len(dtypes), sharey=True, squeeze=False)[0]
    for axes, dtype in zip(panels, dtypes, strict=True):
        times = table[table["dtype"] == dtype].set_index("arm").loc[order]
        colours = [COLOURS.get(arm, COLOURS["copy"]) for arm in order]
        rows = np.arange(len(order))
        axes.hlines(rows, times["low"], times["high"], color=colours, lw=4, alpha=0.4)
        axes.scatter(times["ns"], rows, c=colours, s=28, zorder=3)
        for row, (arm, ns) in enumerate(times["ns"].items()):
            axes.annotate(
                f"{ns:.2f}",
                (times.loc[arm, "high"], row),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
        axes.axvline(times.loc["tanh", "ns"], color=COLOURS["tanh"], lw=1, ls=":")
        axes.set_xscale("log")
        _tick_1_2_5(axes.xaxis)
        axes.set_xlabel(f"nanoseconds per element ({dtype})")
        axes.set_xlim(right=times["high"].max() * 1.6)
    panels[0].set_yticks(rows, order)
    return figure


def _tick_1_2_5(axis) -> None:
    """Label a logarithmic axis at 1, 2 and 5 times the powers of ten, as plain numbers."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _tile(x: int, y: int, word: str):
    return Rectangle(
        (x - 0.5, y - 0.5), 1, 1, facecolor=_tint(_WORD_COLOURS[word]), edgecolor="#FFFFFF"
    )


def _tint(colour: str) -> tuple[float, ...]:
    """Return a light tint, on which black text has contrast enough."""
    return tuple(0.45 * channel + 0.55 for channel in to_rgb(colour))


def _label_ends(axes, x: float, ends: dict[str, tuple[float, str]]) -> None:
    """Write each line's name at its right end, moved apart where they would overlap."""
    names = sorted(ends, key=lambda name: ends[name][0])
    low, high = np.log(axes.get_ylim())
    gap = 0.075 * (high - low)
    heights = np.log([ends[name][0] for name in names])
    for i in range(1, len(heights)):
        heights[i] = max(heights[i], heights[i - 1] + gap)
    for name, height in zip(names, np.exp(heights), strict=True):
        axes.annotate(
            name,
            (x, height),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            color=ends[name][1],
            annotation_clip=False,
        )
