"""Figures of the activation-cost chapter: the map by form, and every operation's time."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from isru.figures.style import COLOURS

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
        A combination that is missing leaves its cell empty.
    """
    dtypes, opponents = list(table["dtype"].unique()), list(table["numerator"].unique())
    forms = [form for form in FORM_NAMES if form in set(table["form"])]
    figure = Figure(figsize=(9, 0.5 * len(forms) + 1.5), layout="constrained")
    panels = figure.subplots(1, len(dtypes), sharey=True, squeeze=False)[0]
    for axes, dtype in zip(panels, dtypes, strict=True):
        for cell in table[table["dtype"] == dtype].itertuples():
            x, y = opponents.index(cell.numerator), forms.index(cell.form)
            axes.add_patch(_tile(x, y, cell.direction))
            axes.text(x, y, _short(cell.ratio), ha="center", va="center", fontsize=9)
        axes.set(xlim=(-0.5, len(opponents) - 0.5), ylim=(len(forms) - 0.5, -0.5))
        axes.set_xticks(range(len(opponents)), [FUNCTION_NAMES.get(n, n) for n in opponents])
        axes.tick_params(axis="x", labelsize=8.5, length=0)
        axes.set_xlabel(f"ISRU against, {dtype}")
        axes.grid(False)
    panels[0].set_yticks(range(len(forms)), [FORM_NAMES[form] for form in forms])
    panels[0].tick_params(axis="y", labelsize=9, length=0)
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
    dtypes = list(table["dtype"].unique())
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
        tick_decades(axes.xaxis)
        axes.set_xlabel(f"nanoseconds per element ({dtype})")
        axes.set_ylim(-0.7, len(order) - 0.3)
    panels[0].set_yticks(range(len(order)), [name.replace("_", " ") for name in order])
    panels[0].tick_params(axis="y", labelsize=8.5, length=0)
    for label, arm in zip(panels[0].get_yticklabels(), order, strict=True):
        label.set_color(COLOURS.get({"isru": "isru", "tanh": "tanh"}.get(arm, ""), "#333333"))
    handles = [
        axes.scatter([], [], s=22, color=FORM_STYLES[f][0], marker=FORM_STYLES[f][1]) for f in forms
    ]
    names = [FORM_NAMES[form] for form in forms]
    figure.legend(handles, names, loc="outside upper center", ncols=3, fontsize=8.5)
    return figure


def tick_decades(axis) -> None:
    """Label a logarithmic axis at powers of ten, as plain numbers."""
    axis.set_major_locator(LogLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def label_ends(axes, x: float, ends: dict[str, tuple[float, str]], gap: float = 0.075) -> None:
    """Write each line's name at its right end, moved apart where they would overlap.

    Parameters
    ----------
    axes : matplotlib Axes with a logarithmic y axis
    x : float
        Where the lines end.
    ends : dict
        Name -> (y, colour).
    gap : float
        Least distance, as a share of the axis.
    """
    names = sorted(ends, key=lambda name: ends[name][0])
    low, high = np.log(axes.get_ylim())
    heights = np.log([ends[name][0] for name in names])
    for i in range(1, len(heights)):
        heights[i] = max(heights[i], heights[i - 1] + gap * (high - low))
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


def _short(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 9.95 else f"{ratio:.0f}"


def _tile(x: int, y: int, word: str):
    return Rectangle(
        (x - 0.5, y - 0.5), 1, 1, facecolor=_tint(_WORD_COLOURS[word]), edgecolor="#FFFFFF"
    )


def _tint(colour: str) -> tuple[float, ...]:
    """Return a light tint, on which black text has contrast enough."""
    return tuple(0.45 * channel + 0.55 for channel in to_rgb(colour))
