"""The figure of the chapter `frontier`: cycles against error, the front named."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from isru.chapters.frontier.smoothness import SMOOTH
from isru.drawing.message import WIDTH, legend_below, write_message
from isru.drawing.style import COLOURS

_LOOKS = {
    "C0": ("s", COLOURS["copy"], "continuous"),
    "C1": ("^", COLOURS["softsign"], "continuous slope"),
    "C2": ("^", COLOURS["softsign"], ""),
    "C3": ("^", COLOURS["softsign"], ""),
    SMOOTH: ("o", COLOURS["isru"], "analytic"),
    "not proved": ("v", COLOURS["copy"], ""),
}
_LINES = {
    "any": (COLOURS["prediction"], "front", "-"),
    SMOOTH: (COLOURS["isru"], "front, analytic", "--"),
}
_LONGEST_NAME = 24  # longer ones are formulas, which the table has
_LEAST = 5e-5  # of the axis: the C library is nearer than any mark could show
_HALO = [withStroke(linewidth=2.5, foreground="white")]


def cycles_against_error(table: pd.DataFrame) -> Figure:
    """Draw every point of one use; the fronts are joined, their points and the library's named.

    Parameters
    ----------
    table : pandas.DataFrame
        From `front.points`, of one use.
    """
    figure = Figure(figsize=(WIDTH, 5.8), layout="constrained")
    axes = figure.subplots()
    shown = table.assign(error=table["error"].clip(lower=_LEAST))
    for name, part in shown.groupby("smoothness"):
        _draw_class(axes, part, *_LOOKS[name][:2])
    _join(axes, shown[shown["front"]], *_LINES["any"][::2])
    smooth = shown[(shown["smoothness"] == SMOOTH) & shown["class_front"]]
    _join(axes, smooth, *_LINES[SMOOTH][::2])
    axes.set(xscale="log", yscale="log", xlabel="cycles of a call on a Cortex-M4F")
    axes.set_ylabel("largest distance to tanh")
    ticks = [6, 10, 20, 30, 40, 60, 100, 200]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlim(1.7, 400)
    axes.set_ylim(_LEAST / 1.6, 1.6 * shown["error"].max())
    legend_below(figure, _legend(), columns=3)
    write_message(figure, _message(table))
    figure.draw_without_rendering()  # the axes have their final size now
    _name_points(axes, shown[shown["front"] | shown["class_front"] | _from_library(shown)])
    return figure


def _message(table: pd.DataFrame) -> str:
    """Say which analytic function takes the fewest cycles, and what lies nearer for as many."""
    smooth = table[table["smoothness"] == SMOOTH]
    least = smooth.loc[smooth["cycles"].idxmin()]
    said = (
        f"Of {len(smooth)} analytic functions the cheapest is {least['name']}: "
        f"{least.cycles:.0f} cycles, {least.error:.2g} from tanh"
    )
    others = table[table["smoothness"] != SMOOTH]
    others = others[(others["cycles"] <= least.cycles) & others["monotone"]]
    if others.empty or (near := others.loc[others["error"].idxmin()]).error >= least.error:
        return said
    return f"{said}; for no more cycles {near['name']} comes as near as {_plain(near.error)}"


def _plain(number: float) -> str:
    """Return a small number with one digit that counts and no power of ten."""
    return np.format_float_positional(number, precision=1, fractional=False)


def _from_library(table: pd.DataFrame) -> pd.Series:
    return table["source"] == "library"


def _draw_class(axes, part: pd.DataFrame, marker: str, colour: str) -> None:
    library = _from_library(part)
    named = part["front"] | part["class_front"]
    pale, found = part[~library & ~named], part[~library & named]
    axes.scatter(pale["cycles"], pale["error"], s=9, color=colour, alpha=0.25, lw=0, marker=marker)
    axes.scatter(found["cycles"], found["error"], s=34, color=colour, marker=marker, zorder=4)
    edge = {"facecolors": "white", "edgecolors": colour, "linewidths": 1.5, "zorder": 5}
    axes.scatter(part["cycles"][library], part["error"][library], s=46, marker=marker, **edge)


def _join(axes, part: pd.DataFrame, colour: str, dash: str) -> None:
    part = part.sort_values("cycles")
    axes.step(part["cycles"], part["error"], where="post", color=colour, ls=dash, lw=1.2, zorder=2)


def _name_points(axes, part: pd.DataFrame) -> None:
    """Write the names: to the left of the front and of what is no sigmoid, to the right else."""
    part = part[part["name"].str.len() <= _LONGEST_NAME]
    part = part.drop_duplicates("name").sort_values("error", ascending=False)
    on = part["front"] | ~part["monotone"]
    line = 15 / 72 * axes.figure.dpi  # a name's height
    for side, rows in (("right", part[on]), ("left", part[~on])):
        last = float("inf")
        for row in rows.itertuples():
            at = axes.transData.transform((row.cycles, row.error))
            last = min(at[1], last - line)
            _name(axes, row, (last - at[1]) * 72 / axes.figure.dpi, side)


def _name(axes, row, lift: float, side: str) -> None:
    axes.annotate(
        row.name,
        (row.cycles, row.error),
        (-9 if side == "right" else 9, lift),
        textcoords="offset points",
        ha=side,
        va="center",
        fontsize=9,
        weight="bold" if row.source == "library" else "normal",
        zorder=6,
        path_effects=_HALO,
        arrowprops={"arrowstyle": "-", "lw": 0.5, "color": "#888888", "shrinkB": 3},
    )


def _legend() -> list[Line2D]:
    marks = [
        Line2D([], [], ls="", marker=marker, color=colour, label=label)
        for marker, colour, label in _LOOKS.values()
        if label
    ]
    lines = [
        Line2D([], [], color=colour, ls=dash, lw=1.2, label=label)
        for colour, label, dash in _LINES.values()
    ]
    hollow = Line2D([], [], ls="", marker="o", color="#444444", mfc="white", label="of the library")
    return [*marks, hollow, *lines]
