"""Figures of the activation-cost chapter: times by size, by input, and in the original's way."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from isru.chapters.activation_cost.figures import tick_1_2_5
from isru.drawing.style import COLOURS

LINES = {
    ("numpy", "tanh"): ("np.tanh", COLOURS["tanh"], "-"),
    ("numpy", "isru_plain"): ("ISRU, NumPy calls", COLOURS["isru_plain"], "--"),
    ("simd", "isru_plain"): ("ISRU, compiled", COLOURS["isru"], "-"),
    ("fast", "isru"): ("ISRU, fast-math", COLOURS["isru"], ":"),
    ("simd", "rational_tanh"): ("rational tanh, compiled", COLOURS["softsign"], "-"),
    ("numpy", "copy"): ("copy", COLOURS["copy"], ":"),
}
INPUT_MARKERS = {
    "near_zero": ("near zero", "v"),
    "typical": ("N(0, 1)", "o"),
    "saturated": ("saturated", "^"),
    "repeated": ("N(0, 1), 100 numbers repeated", "x"),
}
INPUT_ROWS = {
    ("libm", "tanh"): "tanh, scalar libm",
    ("libm", "isru_plain"): "ISRU, scalar",
    ("simd", "tanh"): "tanh, SIMD",
    ("simd", "isru_plain"): "ISRU, SIMD",
    ("numpy", "tanh"): "tanh, NumPy",
    ("numpy", "isru_plain"): "ISRU, NumPy",
}


def cost_sizes(table: pd.DataFrame) -> Figure:
    """Draw nanoseconds per element against the array's size, one panel a dtype.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns form, dtype, size, arm, ns, low, high.
    """
    dtypes = sorted(table["dtype"].unique())
    figure = Figure(figsize=(8.6, 4), layout="constrained")
    panels = figure.subplots(1, len(dtypes), sharey=True, squeeze=False)[0]
    for axes, dtype in zip(panels, dtypes, strict=True):
        for (form, arm), (name, colour, style) in LINES.items():
            chosen = (table["dtype"] == dtype) & (table["form"] == form) & (table["arm"] == arm)
            line = table[chosen].sort_values("size")
            axes.plot(
                line["size"], line["ns"], color=colour, ls=style, marker="o", ms=3, label=name
            )
            axes.vlines(line["size"], line["low"], line["high"], color=colour, lw=3, alpha=0.35)
        axes.set(xscale="log", yscale="log", xlabel=f"elements ({dtype})")
        tick_1_2_5(axes.yaxis)
    panels[0].set_ylabel("nanoseconds per element")
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=3, fontsize=8.5)
    return figure


def cost_inputs(table: pd.DataFrame) -> Figure:
    """Draw how the time of tanh and ISRU depends on the numbers, one panel a dtype.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns form, dtype, input, arm, ns.
    """
    dtypes = sorted(table["dtype"].unique())
    figure = Figure(figsize=(8.6, 3.2), layout="constrained")
    panels = figure.subplots(1, len(dtypes), sharex=True, sharey=True, squeeze=False)[0]
    rows = list(reversed(INPUT_ROWS))
    for axes, dtype in zip(panels, dtypes, strict=True):
        for row, (form, arm) in enumerate(rows):
            chosen = (table["dtype"] == dtype) & (table["form"] == form) & (table["arm"] == arm)
            ns = table[chosen].set_index("input")["ns"]
            colour = COLOURS["tanh" if arm == "tanh" else "isru"]
            axes.hlines(row, ns.min(), ns.max(), color=colour, lw=2, alpha=0.4)
            for input, (_, marker) in INPUT_MARKERS.items():
                axes.scatter(ns[input], row, color=colour, marker=marker, s=30, zorder=3)
        axes.set_xscale("log")
        tick_1_2_5(axes.xaxis)
        axes.set_xlabel(f"nanoseconds per element ({dtype})")
    panels[0].set_yticks(range(len(rows)), [INPUT_ROWS[row] for row in rows])
    handles = [
        panels[0].scatter([], [], color="#444444", marker=m) for _, m in INPUT_MARKERS.values()
    ]
    names = [name for name, _ in INPUT_MARKERS.values()]
    figure.legend(handles, names, loc="outside upper center", ncols=4, fontsize=8.5)
    return figure


def cost_original(net: pd.DataFrame, table: pd.DataFrame) -> Figure:
    """Draw what the original's procedure reports beside the fair times, one panel a dtype.

    Parameters
    ----------
    net : pandas.DataFrame
        Columns dtype, operation, net: one row a run.
    table : pandas.DataFrame
        Columns dtype, operation, unit, typical (fair nanoseconds per element).
    """
    dtypes = sorted(table["dtype"].unique())
    order = table[table["dtype"] == dtypes[0]].sort_values("typical")["operation"].tolist()
    figure = Figure(figsize=(8.8, 4.4), layout="constrained")
    panels = figure.subplots(1, len(dtypes), sharey=True, squeeze=False)[0]
    for axes, dtype in zip(panels, dtypes, strict=True):
        runs, fair = (frame[frame["dtype"] == dtype] for frame in (net, table))
        rows = [order.index(name) for name in runs["operation"]]
        axes.scatter(runs["net"], rows, s=34, marker="|", color="#777777")
        rows = [order.index(name) for name in fair["operation"]]
        axes.scatter(fair["unit"], rows, s=24, marker="o", color=COLOURS["isru_plain"], zorder=3)
        axes.scatter(fair["typical"], rows, s=24, marker="D", color=COLOURS["tanh"], zorder=3)
        axes.axvline(0, color="#000000", lw=1)
        axes.set_xscale("symlog", linthresh=1)
        left = min(1.3 * runs["net"].min(), -1)
        axes.set_xlim(left, 1.3 * max(runs["net"].max(), fair[["unit", "typical"]].max().max()))
        axes.axvspan(left, 0, color=COLOURS["floor"], alpha=0.25, lw=0)
        axes.set_xlabel(f"nanoseconds per call ({dtype})")
        _tick_plain(axes)
    panels[0].set_yticks(range(len(order)), [name.replace("_", " ") for name in order])
    kinds = (
        ("the original’s way, net, one mark a run", "#777777", "|"),
        ("fair, numbers from 0 to 1", COLOURS["isru_plain"], "o"),
        ("fair, N(0, 1)", COLOURS["tanh"], "D"),
    )
    handles = [panels[0].scatter([], [], color=c, marker=m) for _, c, m in kinds]
    figure.legend(
        handles, [name for name, _, _ in kinds], loc="outside upper center", ncols=3, fontsize=8.5
    )
    return figure


def _tick_plain(axes) -> None:
    """Label a symmetric logarithmic axis at a few plain numbers."""
    low, high = axes.get_xlim()
    ticks = [tick for tick in (-10, -3, -1, 0, 1, 3, 10, 30, 100) if low <= tick <= high]
    axes.set_xticks(ticks, [f"{tick:g}".replace("-", "−") for tick in ticks])
    axes.minorticks_off()
