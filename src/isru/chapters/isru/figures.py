"""Figures of the function itself: ISRU beside tanh and softsign, and where they differ.

Every function takes a table with a column ``x`` and one column a curve, as
:func:`isru.analysis.symbolic.sample` computes it, and returns the figure.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from isru.drawing.labels import HALO
from isru.drawing.message import WIDTH, write_message
from isru.drawing.style import COLOURS

LABELS = {"tanh": "tanh", "isru": "ISRU", "softsign": "softsign"}
_DASHES = {"tanh": "-", "isru": (0, (5, 1.5)), "softsign": (0, (1, 1.2))}
_GUIDE = {"color": "#777777", "linewidth": 0.9, "linestyle": (0, (4, 3)), "zorder": 1}


def function_curves(table):
    """Draw the functions on the whole range of ``x`` with their common limits."""
    figure, axes = plt.subplots(figsize=(WIDTH, 3.4), layout="constrained")
    _curves(axes, table)
    for limit in (-1, 1):
        axes.axhline(limit, **_GUIDE)
    _name(axes, table, "tanh", 1.05, (-8, 8), "right")
    _name(axes, table, "isru", 1.75, (10, -10), "left")
    _name(axes, table, "softsign", 2.6, (6, -14), "left")
    axes.set(xlabel="input $x$", ylabel="output", xlim=_span(table), ylim=(-1.12, 1.12))
    away = {name: np.abs(table[name] - table["tanh"]).max() for name in ("isru", "softsign")}
    write_message(
        figure,
        f"ISRU is nowhere further than {away['isru']:.3f} from tanh; softsign up to "
        f"{away['softsign']:.2f}",
    )
    return figure


def derivative_curves(table, crossing):
    """Draw the derivatives; ``crossing`` = (x, value) is where ISRU's and tanh's are equal."""
    figure, axes = plt.subplots(figsize=(WIDTH, 3.4), layout="constrained")
    _curves(axes, table)
    axes.plot(*crossing, "o", color="black", markersize=5, zorder=5)
    axes.annotate(
        f"equal at\n$x$ = {crossing[0]:.2f}",
        crossing,
        xytext=(48, 24),
        textcoords="offset points",
        arrowprops={"arrowstyle": "-", "color": "#777777", "shrinkB": 4},
    )
    _name(axes, table, "tanh", 0.7, (8, 4), "left")
    _name(axes, table, "isru", -0.62, (-8, 2), "right")
    _name(axes, table, "softsign", -2.6, (-4, 6), "center")
    axes.set(xlabel="input $x$", ylabel="derivative", xlim=_span(table), ylim=(0, 1.06))
    inside, end = table["x"].between(0, crossing[0], inclusive="neither"), table.iloc[-1]
    least = (table["isru"] / table["tanh"])[inside].min()
    write_message(
        figure,
        f"ISRU’s slope is at least {least:.2f} times tanh’s up to x = {crossing[0]:.2f}, and "
        f"{end['isru'] / end['tanh']:.0f} times at x = {end['x']:g}",
    )
    return figure


def integral_curves(table):
    """Draw the integrals from 0, with the modulus that all of them run along."""
    figure, axes = plt.subplots(figsize=(WIDTH, 3.4), layout="constrained")
    axes.plot(table["x"], table["modulus"], **_GUIDE)
    _curves(axes, table)
    _name(axes, table, "modulus", 2.2, (-8, 4), "right", "$|x|$")
    for name, lift in (("tanh", 3), ("isru", -5), ("softsign", 0)):
        end = (table["x"].iloc[-1], table[name].iloc[-1])
        _note(axes, LABELS[name], end, (5, lift), "left", COLOURS[name], fontweight="bold")
    axes.set(xlabel="input $x$", ylabel="integral from 0 to $x$", xlim=_span(table), ylim=(0, 4.5))
    end = table.iloc[-1]
    write_message(
        figure,
        f"From 0 to {end['x']:g} tanh’s integral grows to {end['tanh']:.2f}, ISRU’s to "
        f"{end['isru']:.2f}, softsign’s to {end['softsign']:.2f}",
    )
    return figure


def tail_curves(table, ratios):
    """Draw 1 - f and f' on a logarithmic scale; ``ratios`` has x, isru, tanh, ratio."""
    size = (WIDTH, 3.8)
    figure, (missing, slope) = plt.subplots(1, 2, sharex=True, figsize=size, layout="constrained")
    for axes, suffix in ((missing, "missing"), (slope, "slope")):
        for name in ("tanh", "isru"):
            axes.plot(table["x"], table[f"{name}_{suffix}"], color=COLOURS[name], ls=_DASHES[name])
        axes.set(xlabel="input $x$", yscale="log", xlim=(0, 10.4), ylim=(3e-9, 2.5))
        axes.minorticks_off()
    missing.set_title("1 − output", loc="left", fontsize=10)
    slope.set_title("derivative", loc="left", fontsize=10)
    _name(missing, table, "isru_missing", 6.0, (6, 11), "center", "ISRU, $1/(2x^2)$", "isru")
    _name(missing, table, "tanh_missing", 5.0, (-6, -8), "right", "tanh, $2e^{-2x}$", "tanh")
    _name(slope, table, "isru_slope", 4.6, (4, 9), "left", "ISRU, $1/x^3$", "isru")
    _name(slope, table, "tanh_slope", 5.2, (-6, -8), "right", "tanh, $4e^{-2x}$", "tanh")
    for x, isru, tanh, ratio in ratios.itertuples(index=False):
        slope.plot([x, x], [tanh, isru], color="#777777", linewidth=0.9, zorder=1)
        if x >= 5:
            slope.annotate(
                f"× {ratio:,.0f}",
                (x, isru / 8),
                xytext=(-4 if x > 6 else 4, 0),
                textcoords="offset points",
                ha="right" if x > 6 else "left",
                va="center",
            )
    last = ratios.iloc[-1]
    write_message(
        figure,
        f"Far out ISRU keeps a slope: at x = {last['x']:g} it is {last['ratio']:,.0f} times tanh’s",
    )
    return figure


def distance_curves(table, labels):
    """Draw tanh - f for several members of the family.

    Parameters
    ----------
    table : DataFrame
    labels : dict
        Column -> text, in the order of drawing; the first is ISRU as it is.
    """
    styles = [
        {"color": COLOURS["isru"], "linewidth": 2.2},
        {"color": COLOURS["isru_plain"], "linestyle": (0, (6, 2))},
        {"color": COLOURS["exp_free"], "linestyle": (0, (3, 1.5, 1, 1.5))},
        {"color": "black", "linewidth": 1.4},
    ]
    figure, axes = plt.subplots(figsize=(WIDTH, 3.4), layout="constrained")
    axes.axhline(0, color="#777777", linewidth=0.9)
    for (column, label), style in zip(labels.items(), styles, strict=False):
        axes.plot(table["x"], table[column], label=label, **style)
    axes.legend(loc="upper right", handlelength=3, fontsize=9)
    axes.set(xlabel="input $x$", ylabel="tanh − approximation", xlim=_span(table))
    largest = table[list(labels)].abs().max()
    last = list(labels)[-1]
    write_message(
        figure,
        f"ISRU as it is misses tanh by up to {largest.iloc[0]:.3f}; the best pair of scales by "
        f"{largest[last]:.3f}",
    )
    return figure


def identity_curves(stacked, ray):
    """Draw the hyperbola that tanh and ISRU share, and ISRU stacked on itself.

    Parameters
    ----------
    stacked : DataFrame
        ``x`` and a column ``"n"`` for every number n of layers.
    ray : dict
        ``height`` of the point on the hyperbola X^2 - Y^2 = 1, and ``output`` = f(height).
    """
    size = (WIDTH, 3.6)
    figure, (left, right) = plt.subplots(1, 2, figsize=size, layout="constrained")
    _hyperbola(left, ray["height"], ray["output"])
    counts = [column for column in stacked.columns if column != "x"]
    for position, count in enumerate(counts):
        fade = 1 - 0.75 * position / len(counts)
        right.plot(stacked["x"], stacked[count], color=COLOURS["isru"], alpha=fade)
        end = stacked[count].iloc[-1]
        right.annotate(
            f"n = {count}",
            (stacked["x"].iloc[-1], end),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
        )
    right.set(xlabel="input $x$", ylabel="output", xlim=_span(stacked))
    left.set_title("one ray for both", loc="left", fontsize=10)
    right.set_title("$n$ ISRUs in a row", loc="left", fontsize=10)
    height, output = ray["height"], ray["output"]
    write_message(
        figure,
        f"The ray to height x = {height:g} meets X = 1 at {output:.3f}: ISRU of x, and tanh of "
        f"u = {np.arcsinh(height):.3f}",
    )
    return figure


def _hyperbola(axes, height, output):
    """Draw the ray from the origin to (sqrt(1 + x^2), x); it crosses X = 1 at f(x)."""
    area = np.linspace(-0.6, np.arcsinh(height) + 0.35, 200)
    sector = np.linspace(0, np.arcsinh(height), 100)
    tip = (np.hypot(1, height), height)
    axes.fill(
        [0, *np.cosh(sector)], [0, *np.sinh(sector)], color=COLOURS["tanh"], alpha=0.18, linewidth=0
    )
    axes.plot(np.cosh(area), np.sinh(area), color="#555555", linewidth=1.4)
    axes.plot([0, tip[0]], [0, tip[1]], color="black", linewidth=1.2)
    axes.axvline(1, **_GUIDE)
    axes.plot([tip[0]] * 2, [0, height], color=COLOURS["isru"], linewidth=2.2)
    axes.plot([1, 1], [0, output], color="black", linewidth=2.6)
    axes.plot(*tip, "o", color="#555555", markersize=5)
    axes.plot(1, output, "o", color="black", markersize=5)
    _note(axes, "height $x$", (tip[0], height / 2), (5, 0), "left", COLOURS["isru"])
    _note(axes, "area $u/2$", (0.6, 0.12), (0, 0), "center", COLOURS["tanh"])
    _note(axes, "$y$", (1, output / 2), (-6, 8), "right", "black")
    axes.set(xlim=(0, 2.35), ylim=(-0.45, 1.9), xlabel="$X$", ylabel="$Y$", aspect="equal")


def _note(axes, text, place, offset, align, colour, **more):
    more |= {"textcoords": "offset points", "ha": align, "va": "center", "color": colour}
    axes.annotate(text, place, offset, **more)


def origin_curves(table):
    """Draw the integrals f^n / n with their sum, and the slope of the sum beside ELU's."""
    size = (WIDTH, 3.7)
    figure, (terms, slopes) = plt.subplots(1, 2, sharex=True, figsize=size, layout="constrained")
    powers = [column for column in table.columns if column.startswith("power_")]
    for position, column in enumerate(powers):
        fade = 1 - 0.7 * position / len(powers)
        terms.plot(table["x"], table[column], color=COLOURS["isru"], alpha=fade, linewidth=1.2)
        end = (table["x"].iloc[-1], table[column].iloc[-1])
        text = f"n = {column.removeprefix('power_')}" if position == 0 else column[-1]
        _note(terms, text, end, (4, (0, 3, -4)[position % 3]), "left", "#555555")
    terms.plot(table["x"], table["sum"], color="black")
    terms.plot(table["x"], table["elu"], **_GUIDE | {"linewidth": 1.5})
    slopes.plot(table["x"], table["sum_slope"], color="black")
    slopes.plot(table["x"], table["elu_slope"], **_GUIDE | {"linewidth": 1.5})
    _name(terms, table, "sum", 2.6, (6, -12), "left", "sum", "black")
    _name(terms, table, "elu", 2.0, (-6, 4), "right", "ELU", "grey")
    _name(slopes, table, "sum_slope", 1.0, (8, 6), "left", "sum", "black")
    _name(slopes, table, "elu_slope", 3.5, (0, 7), "center", "ELU", "grey")
    terms.set(xlabel="input $x$", ylabel="$f^n/n$ and their sum", ylim=(-1.15, 3))
    slopes.set(xlabel="input $x$", ylabel="derivative", xlim=_span(table), ylim=(0, 1.4))
    top, end = table["sum_slope"].max(), table.iloc[-1]
    write_message(
        figure,
        f"The slope of the sum peaks at {top:.2f} and is {end['sum_slope']:.2f} at x = "
        f"{end['x']:g}, where ELU’s is {end['elu_slope']:g}",
    )
    return figure


def _curves(axes, table):
    """Draw the three functions, ISRU on top."""
    for order, name in enumerate(("softsign", "tanh", "isru"), start=2):
        axes.plot(table["x"], table[name], color=COLOURS[name], ls=_DASHES[name], zorder=order)


def _name(axes, table, column, x, offset, align, text=None, colour=None):
    """Write a curve's name beside the curve at ``x``, in the curve's colour."""
    y = np.interp(x, table["x"], table[column])
    axes.annotate(
        text or LABELS[column],
        (x, y),
        xytext=offset,
        textcoords="offset points",
        ha=align,
        color=COLOURS.get(colour or column, "#555555" if colour != "black" else "black"),
        fontweight="bold",
        bbox=HALO,
        zorder=4,
    )


def _span(table):
    return (table["x"].iloc[0], table["x"].iloc[-1])
