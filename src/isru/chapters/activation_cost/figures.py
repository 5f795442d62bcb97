"""Figures of the activation-cost chapter: the map by form, and every operation's time."""

from __future__ import annotations

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
