"""The figure of the chapter `frontier`: cycles against error, the front named."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from isru.chapters.frontier.smoothness import SMOOTH
from isru.drawing.style import COLOURS

_LOOKS = {
    "C0": ("s", COLOURS["copy"], "continuous"),
    "C1": ("^", COLOURS["softsign"], "continuous slope"),
    "C2": ("^", COLOURS["softsign"], ""),
    "C3": ("^", COLOURS["softsign"], ""),
    SMOOTH: ("o", COLOURS["isru"], "analytic"),
    "not proved": ("x", COLOURS["floor"], ""),
}
_LINES = {"any": (COLOURS["prediction"], "front"), SMOOTH: (COLOURS["isru"], "front, analytic")}
_APART, _LONGEST_NAME = 0.8, 48
_LEAST = 5e-5  # of the axis: the C library is nearer than any mark could show
_HALO = [withStroke(linewidth=2.5, foreground="white")]


def cycles_against_error(table: pd.DataFrame) -> Figure:
    """Draw every point of one use; the fronts are joined, their points and the library's named.

    Parameters
    ----------
    table : pandas.DataFrame
        From `front.points`, of one use.
    """
    figure = Figure(figsize=(9.0, 6.2), layout="constrained")
    axes = figure.subplots()
    shown = table.assign(error=table["error"].clip(lower=_LEAST))
    for name, part in shown.groupby("smoothness"):
        _draw_class(axes, part, *_LOOKS[name][:2])
    _join(axes, shown[shown["front"]], _LINES["any"][0])
    smooth = shown[(shown["smoothness"] == SMOOTH) & shown["class_front"]]
    _join(axes, smooth, _LINES[SMOOTH][0])
    _name_points(axes, shown[shown["front"] | shown["class_front"] | _from_library(shown)])
    axes.set(xscale="log", yscale="log", xlabel="cycles of a call on a Cortex-M4F")
    axes.set_ylabel("largest distance to tanh")
    ticks = [6, 10, 15, 20, 30, 40, 60, 100, 200]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlim(5, 330)
    axes.legend(handles=_legend(), loc="upper right")
    return figure


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


def _join(axes, part: pd.DataFrame, colour: str) -> None:
    part = part.sort_values("cycles")
    axes.step(part["cycles"], part["error"], where="post", color=colour, lw=1, alpha=0.7, zorder=2)


def _name_points(axes, part: pd.DataFrame) -> None:
    """Write the names: to the left of the front and of what is no sigmoid, to the right else."""
    part = part.drop_duplicates("name").sort_values("error", ascending=False)
    on = part["front"] | ~part["monotone"]
    for side, rows in (("right", part[on]), ("left", part[~on])):
        last = float("inf")
        for row in rows.itertuples():
            last = min(row.error * 0.95, last * _APART)
            _name(axes, row, last, side)


def _name(axes, row, height: float, side: str) -> None:
    name = row.name if len(row.name) <= _LONGEST_NAME else f"{row.name[: _LONGEST_NAME - 2]}…"
    axes.annotate(
        name,
        (row.cycles, row.error),
        (row.cycles * (0.93 if side == "right" else 1.07), height),
        ha=side,
        va="center",
        fontsize=7.5,
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
    lines = [Line2D([], [], color=colour, lw=1, label=label) for colour, label in _LINES.values()]
    hollow = Line2D([], [], ls="", marker="o", color="#444444", mfc="white", label="of the library")
    return [*marks, hollow, *lines]
