"""Figures of the activation-cost chapter: the map by form, operations, curves, the roofline."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from isru.drawing.message import WIDTH, legend_below, write_message
from isru.drawing.style import COLOURS
from isru.wording import formatted

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
    "numpy": (COLOURS["prediction"], "o"),
    "libm": ("#888888", "s"),
    "simd": (COLOURS["softsign"], "D"),
    "fast": (COLOURS["exp_free"], "^"),
    "eager": (COLOURS["ladder"], "v"),
    "xla": (COLOURS["isru_plain"], "P"),
}
# Who wins lends its colour: how much of it, and a hatching. In grey, faster is dark.
_WORD_LOOKS = {
    "faster": (COLOURS["isru"], 0.6, ""),
    "equal": (COLOURS["copy"], 0.15, "...."),
    "slower": (COLOURS["tanh"], 0.15, ""),
    "undecided": ("#FFFFFF", 1, "////"),
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
    size = WIDTH, 1.6 + (0.28 * len(forms) + 0.5) * len(dtypes)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(dtypes), 1, sharex=True, squeeze=False)[:, 0]
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
        axes.set_yticks(range(len(forms)), [FORM_NAMES[form] for form in forms])
        axes.tick_params(axis="both", labelsize=9, length=0)
        axes.set_title(f"{dtype}: time over that of ISRU", loc="left", fontsize=10)
        axes.grid(False)
    words = [word for word in _WORD_LOOKS if word in set(table["direction"])]
    patches = [Patch(**_look(word), label=f"ISRU {word}") for word in words]
    legend_below(figure, patches, columns=len(words))
    write_message(figure, _map_message(table))
    return figure


def _map_message(table: pd.DataFrame) -> str:
    """Count the words against tanh, and those against all others."""
    said = []
    for name, chosen in (("tanh", True), ("the others", False)):
        part = table.loc[(table["numerator"] == "tanh") == chosen, "direction"]
        counts = [f"{word} in {n}" for word in _WORD_LOOKS if (n := (part == word).sum())]
        if counts:
            said.append(f"{', '.join(counts)} of {len(part)} cells against {name}")
    return f"ISRU is {'; '.join(said)}"


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
    figure = Figure(figsize=(WIDTH, 0.2 * len(order) + 1.9), layout="constrained")
    panels = figure.subplots(1, len(dtypes), sharex=True, sharey=True, squeeze=False)[0]
    for axes, dtype in zip(panels, dtypes, strict=True):
        for form in forms:
            part = table[(table["dtype"] == dtype) & (table["form"] == form)]
            colour, marker = FORM_STYLES[form]
            rows = [order.index(arm) for arm in part["arm"]]
            axes.scatter(part["ns"], rows, s=22, color=colour, marker=marker, zorder=3)
        axes.set_xscale("log")
        tick_1_2_5(axes.xaxis)
        axes.set_xlabel(f"ns per element ({dtype})")
        axes.set_ylim(-0.7, len(order) - 0.3)
        axes.tick_params(axis="y", labelsize=9, length=0)
    names = {"isru": "ISRU, safe", "isru_plain": "ISRU, plain", "isru_sigmoid": "ISRU-sigmoid"}
    names |= {"isru_rsqrt1": "ISRU, bit trick 1", "isru_rsqrt2": "ISRU, bit trick 2"}
    panels[0].set_yticks(range(len(order)), [names.get(n, n.replace("_", " ")) for n in order])
    for label, arm in zip(panels[0].get_yticklabels(), order, strict=True):
        if arm in (colours := {"isru": "isru", "isru_plain": "isru", "tanh": "tanh"}):
            label.set(color=COLOURS[colours[arm]], fontweight="bold")
    handles = [
        axes.scatter([], [], s=22, color=FORM_STYLES[f][0], marker=FORM_STYLES[f][1]) for f in forms
    ]
    legend_below(figure, handles, [FORM_NAMES[form] for form in forms], columns=2)
    write_message(figure, _operations_message(table[table["dtype"] == dtypes[0]], forms))
    return figure


def _operations_message(table: pd.DataFrame, forms: list[str]) -> str:
    """Say what a number costs as tanh and as ISRU, in two forms."""
    ns = table.set_index(["form", "arm"])["ns"]
    said = []
    for form in ("libm", "numpy"):
        arms = {"tanh": "tanh", "isru": "ISRU"}
        if form in forms:
            times = [f"{name} {ns[form, arm]:.2g} ns" for arm, name in arms.items()]
            said.append(f"{' and '.join(times)} ({FORM_NAMES[form]})")
    return f"What one number of {table['dtype'].iloc[0]} takes: {'; '.join(said)}"


def tick_1_2_5(axis) -> None:
    """Label a logarithmic axis at 1, 2 and 5 times the powers of ten, as plain numbers."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _short(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 9.95 else f"{ratio:.0f}"


def _tile(x: int, y: int, word: str):
    return Rectangle((x - 0.5, y - 0.5), 1, 1, **_look(word))


def _look(word: str) -> dict:
    """Return the look of a tile: a tint, on which black text has contrast enough."""
    colour, strength, hatch = _WORD_LOOKS[word]
    tint = tuple(1 - strength * (1 - channel) for channel in to_rgb(colour))
    return {"facecolor": tint, "hatch": hatch, "edgecolor": "#CCCCCC", "linewidth": 1}


LINES = {
    ("numpy", "tanh"): ("np.tanh", COLOURS["tanh"], "-"),
    ("numpy", "isru_plain"): ("ISRU, NumPy calls", COLOURS["isru_plain"], "--"),
    ("simd", "isru_plain"): ("ISRU, compiled", COLOURS["isru"], "-"),
    ("fast", "isru"): ("ISRU, fast-math", COLOURS["isru"], ":"),
    ("simd", "rational_tanh"): ("rational tanh, compiled", COLOURS["softsign"], "-"),
    ("numpy", "copy"): ("copy", COLOURS["copy"], ":"),
}
_SHAPES = {"tanh": "o", "isru": "s", "isru_plain": "s"}
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
    figure = Figure(figsize=(WIDTH, 3.9), layout="constrained")
    panels = figure.subplots(1, len(dtypes), sharey=True, squeeze=False)[0]
    for axes, dtype in zip(panels, dtypes, strict=True):
        for (form, arm), (name, colour, style) in LINES.items():
            chosen = (table["dtype"] == dtype) & (table["form"] == form) & (table["arm"] == arm)
            line = table[chosen].sort_values("size")
            axes.plot(
                line["size"],
                line["ns"],
                color=colour,
                ls=style,
                marker=_SHAPES.get(arm, "^"),
                ms=3.5,
                label=name,
            )
            axes.vlines(line["size"], line["low"], line["high"], color=colour, lw=3, alpha=0.35)
        axes.set(xscale="log", yscale="log", xlabel=f"elements ({dtype})")
        tick_1_2_5(axes.yaxis)
    panels[0].set_ylabel("nanoseconds per element")
    handles, names = panels[0].get_legend_handles_labels()
    legend_below(figure, handles, names, columns=3)
    write_message(figure, _sizes_message(table[table["dtype"] == dtypes[0]]))
    return figure


def _sizes_message(table: pd.DataFrame) -> str:
    """Say what compiled ISRU takes over NumPy's tanh, in arrays of three sizes."""
    ns = table.set_index(["form", "arm", "size"])["ns"].sort_index()
    isru, tanh = ns["simd", "isru_plain"], ns["numpy", "tanh"]
    sizes = sorted(set(isru.index) & set(tanh.index))
    sizes = list(dict.fromkeys([sizes[0], sizes[len(sizes) // 2], sizes[-1]]))
    said = [f"{isru[n] / tanh[n]:.2f} at {n:,}" for n in sizes]
    return (
        f"Compiled ISRU’s time over that of np.tanh ({table['dtype'].iloc[0]}): "
        f"{', '.join(said)} numbers"
    )


def cost_inputs(table: pd.DataFrame) -> Figure:
    """Draw how the time of tanh and ISRU depends on the numbers, one panel a dtype.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns form, dtype, input, arm, ns.
    """
    dtypes = sorted(table["dtype"].unique())
    figure = Figure(figsize=(WIDTH, 3.5), layout="constrained")
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
        axes.set_xlabel(f"ns per element ({dtype})")
    panels[0].set_ylim(-0.5, len(rows) - 0.5)
    panels[0].set_yticks(range(len(rows)), [INPUT_ROWS[row] for row in rows])
    handles = [
        panels[0].scatter([], [], color="#444444", marker=m) for _, m in INPUT_MARKERS.values()
    ]
    names = [name for name, _ in INPUT_MARKERS.values()]
    legend_below(figure, handles, names, columns=2)
    times = table[table["dtype"] == dtypes[0]].groupby(["form", "arm"])["ns"]
    scalar = {"tanh": "the C library’s tanh", "isru_plain": "scalar ISRU"}
    said = [
        f"{name} takes {times.min()['libm', arm]:.2g} to {times.max()['libm', arm]:.2g} ns"
        for arm, name in scalar.items()
    ]
    write_message(figure, f"By the numbers it is given, {', '.join(said)} ({dtypes[0]})")
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
    figure = Figure(figsize=(WIDTH, 4.8), layout="constrained")
    panels = figure.subplots(1, len(dtypes), sharey=True, squeeze=False)[0]
    for axes, dtype in zip(panels, dtypes, strict=True):
        runs, fair = (frame[frame["dtype"] == dtype] for frame in (net, table))
        rows = [order.index(name) for name in runs["operation"]]
        axes.scatter(runs["net"], rows, s=34, marker="|", color="#888888")
        rows = [order.index(name) for name in fair["operation"]]
        axes.scatter(fair["unit"], rows, s=26, marker="o", fc="white", ec="black", zorder=3)
        axes.scatter(fair["typical"], rows, s=20, marker="D", color="black", zorder=4)
        axes.axvline(0, color="#000000", lw=1)
        axes.set_xscale("symlog", linthresh=1)
        left = min(1.3 * runs["net"].min(), -1)
        axes.set_xlim(left, 1.3 * max(runs["net"].max(), fair[["unit", "typical"]].max().max()))
        axes.axvspan(left, 0, color=COLOURS["floor"], alpha=0.25, lw=0)
        axes.set_xlabel(f"ns per call ({dtype})")
        _tick_plain(axes)
    panels[0].set_yticks(range(len(order)), [name.replace("_", " ") for name in order])
    for label in panels[0].get_yticklabels():
        if label.get_text() in ("tanh", "isru"):
            label.set(color=COLOURS[label.get_text()], fontweight="bold")
    kinds = {
        "the original’s way, net, a run each": {"color": "#888888", "marker": "|"},
        "fair, 0 to 1": {"fc": "white", "ec": "black", "marker": "o"},
        "fair, N(0, 1)": {"color": "black", "marker": "D"},
    }
    handles = [panels[0].scatter([], [], **look) for look in kinds.values()]
    legend_below(figure, handles, list(kinds), columns=3)
    write_message(figure, _original_message(net, table, dtypes[0]))
    return figure


def _original_message(net: pd.DataFrame, table: pd.DataFrame, dtype: str) -> str:
    """Count the net times below 0, and say between which ISRU's lie."""
    own = net.loc[(net["dtype"] == dtype) & (net["operation"] == "isru"), "net"]
    fair = table[(table["dtype"] == dtype) & (table["operation"] == "isru")]["typical"].iloc[0]
    low, high = (formatted(float(end), ".1f") for end in (own.min(), own.max()))
    return (
        f"{(net['net'] < 0).sum()} of the original procedure’s {len(net)} times are below 0; "
        f"ISRU’s run from {low} to {high} ns, measured fairly {fair:.1f} ns ({dtype})"
    )


def _tick_plain(axes) -> None:
    """Label a symmetric logarithmic axis at a few plain numbers."""
    low, high = axes.get_xlim()
    ticks = [tick for tick in (-10, -1, 0, 1, 10, 100) if low <= tick <= high]
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
    figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
    axes = figure.subplots()
    low, high = points["intensity"].min() / 1.6, points["intensity"].max() * 3.5
    grid = np.geomspace(low, high, 200)
    roof = np.minimum(roofs["peak"], grid * roofs["bandwidth"])
    axes.plot(grid, roof, color="#000000", lw=1.6)
    axes.axhline(roofs["root"], color=COLOURS["isru"], lw=1.2, ls="--")
    for form, part in points.groupby("form", sort=False):
        colour, marker = FORM_STYLES[form]
        label = FORM_NAMES[form]
        look = {"color": colour, "marker": marker, "label": label, "zorder": 3}
        axes.scatter(part["intensity"], part["speed"], **look)
    for row in points[points["form"].isin(("simd", "numpy"))].itertuples():
        name = _NAMES.get(row.arm, row.arm)
        name += ", NumPy calls" if row.form == "numpy" else ""
        axes.annotate(
            name,
            (row.intensity, row.speed),
            xytext=_PLACES.get(row.arm, (6, -11)),
            textcoords="offset points",
            fontsize=9,
        )
    axes.set(xscale="log", yscale="log")
    axes.set_xlim(low, high)
    tick_1_2_5(axes.xaxis)
    tick_1_2_5(axes.yaxis)
    axes.set_xlabel(f"operations per byte moved ({dtype})")
    axes.set_ylabel("10⁹ operations per second")
    axes.annotate(
        "a square root and a division",
        (high, roofs["root"]),
        xytext=(-4, 4),
        textcoords="offset points",
        ha="right",
        fontsize=9,
        color=COLOURS["isru"],
    )
    axes.annotate(
        "a copy’s bandwidth, then the multiply-add peak",
        (high, roofs["peak"]),
        xytext=(-4, 5),
        textcoords="offset points",
        ha="right",
        fontsize=9,
    )
    axes.legend(loc="lower right", fontsize=9)
    own = points.set_index(["form", "arm"])["speed"]["simd", "isru_plain"]
    write_message(
        figure,
        f"Strict compiled ISRU does {own:.2g} × 10⁹ operations a second; its square root and "
        f"division allow {roofs['root']:.2g} × 10⁹",
    )
    return figure
