"""Figures of the activation-cost chapter: the map by form, operations, curves, the roofline."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from isru.drawing.style import COLOURS

FORM_NAMES = {
    "numpy": "NumPy calls",
    "libm": "compiled, scalar, libm",
    "simd": "compiled, SIMD, strict",
    "fast": "compiled, SIMD, fast-math",
    "eager": "TensorFlow, eager",
    "xla": "TensorFlow, XLA",
}
FUNCTION_NAMES = {
    "rational_tanh": "rational\ntanh",
    "table_tanh": "table",
    "hard_tanh": "hard\ntanh",
}
FORM_STYLES = {
    "numpy": (COLOURS["tanh"], "o"),
    "libm": (COLOURS["copy"], "s"),
    "simd": (COLOURS["isru"], "D"),
    "fast": (COLOURS["isru_plain"], "^"),
    "eager": (COLOURS["softsign"], "v"),
    "xla": (COLOURS["exp_free"], "P"),
}
# Who wins lends its colour; the words are printed in the legend, the ratio in the cell.
_WORD_COLOURS = {
    "faster": COLOURS["isru"],
    "equal": COLOURS["floor"],
    "slower": COLOURS["tanh"],
    "undecided": "#FFFFFF",
}


def cost_map(table: pd.DataFrame) -> Figure:
    """Draw where ISRU is faster, equal or slower: forms by opponents, one panel a dtype.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns form, dtype, numerator (the opponent), ratio (its time over ISRU's), direction.
        A combination that was not measured gets a dash.
    """
    dtypes, opponents = sorted(table["dtype"].unique()), list(table["numerator"].unique())
    forms = [form for form in FORM_NAMES if form in set(table["form"])]
    figure = Figure(figsize=(9, 0.5 * len(forms) + 1.5), layout="constrained")
    panels = figure.subplots(1, len(dtypes), sharey=True, squeeze=False)[0]
    for axes, dtype in zip(panels, dtypes, strict=True):
        missing = {(x, y) for x in range(len(opponents)) for y in range(len(forms))}
        for cell in table[table["dtype"] == dtype].itertuples():
            x, y = opponents.index(cell.numerator), forms.index(cell.form)
            missing.remove((x, y))
            axes.add_patch(_tile(x, y, cell.direction))
            axes.text(x, y, _short(cell.ratio), ha="center", va="center", fontsize=9)
        for x, y in missing:
            axes.text(x, y, "–", ha="center", va="center", color="#888888")
        axes.set(xlim=(-0.5, len(opponents) - 0.5), ylim=(len(forms) - 0.5, -0.5))
        axes.set_xticks(range(len(opponents)), [FUNCTION_NAMES.get(n, n) for n in opponents])
        axes.tick_params(axis="both", labelsize=8.5, length=0)
        axes.set_xlabel(f"against ({dtype})")
        axes.grid(False)
    panels[0].set_yticks(range(len(forms)), [FORM_NAMES[form] for form in forms])
    words = [word for word in _WORD_COLOURS if word in set(table["direction"])]
    patches = [
        Patch(facecolor=_tint(_WORD_COLOURS[w]), edgecolor="#666666", label=f"ISRU {w}")
        for w in words
    ]
    figure.legend(handles=patches, loc="outside upper right", ncols=len(words), fontsize=9)
    return figure


def cost_operations(table: pd.DataFrame) -> Figure:
    """Draw the time per element of every operation in every form, one panel a dtype.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns form, dtype, arm, ns (nanoseconds per element).
    """
    dtypes = sorted(table["dtype"].unique())
    forms = [form for form in FORM_STYLES if form in set(table["form"])]
    order = table.groupby("arm")["ns"].median().sort_values().index.tolist()
    figure = Figure(figsize=(8.6, 0.22 * len(order) + 1.2), layout="constrained")
    panels = figure.subplots(1, len(dtypes), sharex=True, sharey=True, squeeze=False)[0]
    for axes, dtype in zip(panels, dtypes, strict=True):
        for form in forms:
            part = table[(table["dtype"] == dtype) & (table["form"] == form)]
            colour, marker = FORM_STYLES[form]
            rows = [order.index(arm) for arm in part["arm"]]
            axes.scatter(part["ns"], rows, s=22, color=colour, marker=marker, zorder=3)
        axes.set_xscale("log")
        tick_1_2_5(axes.xaxis)
        axes.set_xlabel(f"nanoseconds per element ({dtype})")
        axes.set_ylim(-0.7, len(order) - 0.3)
        axes.tick_params(axis="y", labelsize=8.5, length=0)
    panels[0].set_yticks(range(len(order)), [name.replace("_", " ") for name in order])
    for label, arm in zip(panels[0].get_yticklabels(), order, strict=True):
        label.set_color(COLOURS.get({"isru": "isru", "tanh": "tanh"}.get(arm, ""), "#333333"))
    handles = [
        axes.scatter([], [], s=22, color=FORM_STYLES[f][0], marker=FORM_STYLES[f][1]) for f in forms
    ]
    names = [FORM_NAMES[form] for form in forms]
    figure.legend(handles, names, loc="outside upper center", ncols=3, fontsize=8.5)
    return figure


def tick_1_2_5(axis) -> None:
    """Label a logarithmic axis at 1, 2 and 5 times the powers of ten, as plain numbers."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _short(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 9.95 else f"{ratio:.0f}"


def _tile(x: int, y: int, word: str):
    return Rectangle(
        (x - 0.5, y - 0.5), 1, 1, facecolor=_tint(_WORD_COLOURS[word]), edgecolor="#FFFFFF"
    )


def _tint(colour: str) -> tuple[float, ...]:
    """Return a light tint, on which black text has contrast enough."""
    return tuple(0.45 * channel + 0.55 for channel in to_rgb(colour))


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


_NAMES = {"isru_plain": "ISRU", "rational_tanh": "rational tanh", "hard_tanh": "hard tanh"}
_PLACES = {"hard_tanh": (-58, 2), "relu": (-26, 4)}  # clear of the neighbours' marks


def cost_roofline(points: pd.DataFrame, roofs: dict[str, float], dtype: str) -> Figure:
    """Draw operations per second against operations per byte, under the machine's roofs.

    Parameters
    ----------
    points : pandas.DataFrame
        Columns form, arm, intensity (operations per byte), speed (10^9 operations per second).
    roofs : dict
        ``bandwidth`` (10^9 bytes per second), ``peak`` and ``root`` (10^9 operations a second).
    dtype : str
        For the axis.
    """
    figure = Figure(figsize=(7.6, 4.4), layout="constrained")
    axes = figure.subplots()
    low, high = points["intensity"].min() / 1.6, points["intensity"].max() * 3.5
    grid = np.geomspace(low, high, 200)
    roof = np.minimum(roofs["peak"], grid * roofs["bandwidth"])
    axes.plot(grid, roof, color="#000000", lw=1.6)
    axes.axhline(roofs["root"], color=COLOURS["isru"], lw=1.2, ls="--")
    for form, part in points.groupby("form", sort=False):
        colour, marker = FORM_STYLES[form]
        label = FORM_NAMES[form]
        axes.scatter(
            part["intensity"], part["speed"], color=colour, marker=marker, label=label, zorder=3
        )
    for row in points[points["form"].isin(("simd", "numpy"))].itertuples():
        name = _NAMES.get(row.arm, row.arm)
        name += ", NumPy calls" if row.form == "numpy" else ""
        axes.annotate(
            name,
            (row.intensity, row.speed),
            xytext=_PLACES.get(row.arm, (6, -11)),
            textcoords="offset points",
            fontsize=8.5,
        )
    axes.set(xscale="log", yscale="log")
    axes.set_xlim(low, high)
    tick_1_2_5(axes.xaxis)
    tick_1_2_5(axes.yaxis)
    axes.set_xlabel(f"operations per byte moved ({dtype})")
    axes.set_ylabel("10⁹ operations per second")
    axes.annotate(
        "one square root and one division: ISRU’s limit",
        (high, roofs["root"]),
        xytext=(-4, 4),
        textcoords="offset points",
        ha="right",
        fontsize=8.5,
        color=COLOURS["isru"],
    )
    axes.annotate(
        "roof: a copy’s bandwidth, then the multiply-add peak",
        (high, roofs["peak"]),
        xytext=(-4, 5),
        textcoords="offset points",
        ha="right",
        fontsize=8.5,
    )
    axes.legend(loc="lower right", fontsize=8.5)
    return figure
