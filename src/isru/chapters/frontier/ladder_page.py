"""What the page shows of the ladder: its equations, and how its rungs come nearer to tanh."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import sympy as sp

from isru.drawing.labels import write_beside
from isru.drawing.message import WIDTH, write_message
from isru.drawing.style import COLOURS

_DASHES = ("-", "-", (0, (5, 2)), (0, (1, 1.4)))
_BOUND = {"color": "#777777", "linewidth": 1.0, "linestyle": (0, (4, 3)), "zorder": 1}


class Equations:
    """Equations below each other, shown as LaTeX by any notebook.

    Parameters
    ----------
    sides : dict of {str: Expr}
        Left side, as LaTeX -> right side.
    """

    def __init__(self, sides: dict[str, sp.Expr]):
        self.sides = sides

    def _repr_latex_(self) -> str:
        rows = [f"{left} &= {sp.latex(right)}" for left, right in self.sides.items()]
        return r"$$\begin{aligned}" + r"\\[6pt] ".join(rows) + r"\end{aligned}$$"

    def __repr__(self) -> str:
        return ", ".join(f"{left} = {right}" for left, right in self.sides.items())


def ladder_figure(gaps, errors, limits):
    """Draw the distance of some rungs from tanh, and the largest distance against n.

    Parameters
    ----------
    gaps : DataFrame
        Columns x and n_1, n_2, ...: tanh x minus the rung.
    errors : DataFrame
        Columns n, error and scaled_error, from `isru.analysis.ladder.errors`.
    limits : dict
        ``constant`` and ``scaled_constant``, from `isru.analysis.ladder.leading_error`.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.7), layout="constrained")
    _draw_gaps(left, gaps)
    _draw_errors(right, errors, limits)
    first = errors.sort_values("n").head(3)
    said = [f"{row.error:.2g} at n = {row.n:.0f}" for row in first.itertuples()]
    write_message(
        figure,
        f"The n-th rung’s distance from tanh is {', '.join(said)}; "
        f"it tends to {limits['constant']:.2g}/n²",
    )
    return figure


def _draw_gaps(axes, gaps):
    for column, dash in zip(gaps.columns[1:], _DASHES, strict=True):
        rung = int(column.removeprefix("n_"))
        colour = COLOURS["isru" if rung == 1 else "ladder"]
        axes.plot(gaps["x"], gaps[column], color=colour, linestyle=dash)
        top = gaps[column].to_numpy().argmax()
        place = (gaps["x"].iloc[top], gaps[column].iloc[top])
        label = "ISRU, $n$ = 1" if rung == 1 else f"$n$ = {rung}"
        write_beside(axes, label, place, (0, 4), "center", colour if rung == 1 else "#333333")
    axes.set(xlabel="input $x$", ylabel="tanh $x$ $-$ $f_n(x)$")
    axes.set(xlim=(gaps["x"].iloc[0], gaps["x"].iloc[-1]), ylim=(0, None))
    axes.margins(y=0.1)


def _draw_errors(axes, errors, limits):
    n = errors["n"].to_numpy(float)
    grid = np.array([n[0], n[-1]])
    kinds = (
        ("error", "constant", COLOURS["ladder"], "as it is"),
        ("scaled_error", "scaled_constant", "white", "with the best\ninput scale"),
    )
    for column, constant, face, label in kinds:
        axes.plot(grid, limits[constant] / grid**2, **_BOUND)
        look = {"markerfacecolor": face, "markeredgecolor": COLOURS["ladder"], "markersize": 6}
        axes.plot(n, errors[column], "o", linestyle="", label=label, **look)
    axes.set(xlabel="$n$", ylabel="largest distance from tanh", xscale="log", yscale="log")
    axes.set_xticks(n, [f"{rung:.0f}" if rung != 3 else "" for rung in n])
    axes.minorticks_off()
    axes.legend(loc="lower left", fontsize=9)
