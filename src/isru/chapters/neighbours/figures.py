"""Figures of the chapter on ISRU's neighbours: atlas, joints, gates, approximations, hazards.

Every function takes tables as the notebook records them and returns the figure.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from isru.activations import ACTIVATIONS
from isru.chapters.neighbours.atlas import entries
from isru.drawing.labels import write_beside
from isru.drawing.message import WIDTH, legend_below, write_message
from isru.drawing.style import COLOURS

# The panels of the atlas; what else has a formula comes after them.
_ORDER = (
    *("tanh", "isru", "softsign", "hard_tanh", "rational_tanh"),
    *("sigmoid", "isru_sigmoid", "hard_sigmoid", "softplus"),
    *("identity", "relu", "leaky_relu", "elu", "isrlu"),
)


def activation_labels() -> dict[str, str]:
    """Return the labels of all in the atlas that have a formula; ISRU as written is ISRU."""
    formulas = [name for name in entries() if ACTIVATIONS[name].has_formula]
    others = [name for name in formulas if name not in (*_ORDER, "isru_plain")]
    return {name: ACTIVATIONS[name].label for name in (*_ORDER, *others)}


_FAMILY = {
    **dict.fromkeys(("isru", "isru_sigmoid", "isrlu"), COLOURS["isru"]),
    **dict.fromkeys(("tanh", "sigmoid", "rational_tanh"), COLOURS["tanh"]),
    "softsign": COLOURS["softsign"],
}
_GREY = "#666666"
_GUIDE = {"color": "#777777", "linewidth": 0.9, "linestyle": (0, (4, 3)), "zorder": 1}
_MARKS = ("-", (0, (5, 2)), (0, (1, 1.4)))


def atlas(table):
    """Draw value, derivative and integral of every activation, one panel each.

    Parameters
    ----------
    table : DataFrame
        Columns activation, x, value, derivative, integral, smoothness (the number of
        continuous derivatives as text, "all" for a smooth function); panels in the order of
        the rows.
    """
    names = list(table["activation"].unique())
    columns = 3
    rows = -(-len(names) // columns)
    size = {"figsize": (WIDTH, 1.35 * rows + 1.5), "layout": "constrained"}
    figure, panels = plt.subplots(rows, columns, sharex=True, sharey=True, squeeze=False, **size)
    curves = ("value", "derivative", "integral")
    widths = (2.0, 1.2, 1.2)
    groups = table.groupby("activation", sort=False)
    for axes, (name, shown) in zip(panels.flat, groups, strict=False):
        colours = (_FAMILY.get(name, "black"), "black", _GREY)
        for style in zip(curves, colours, _MARKS, widths, strict=True):
            column, colour, dash, width = style
            axes.plot(shown["x"], shown[column], color=colour, linestyle=dash, linewidth=width)
        axes.axhline(0, color="#999999", linewidth=0.6, zorder=1)
        axes.axvline(0, color="#999999", linewidth=0.6, zorder=1)
        order = shown["smoothness"].iloc[0]
        label = activation_labels().get(name, name)
        text = f"{label}  $C^{{{order.replace('all', chr(92) + 'infty')}}}$"
        axes.set_title(text, fontsize=9)
        axes.set(xlim=(-4, 4), ylim=(-1.3, 3.3), xticks=(-3, 0, 3))
    for axes in panels.flat[len(names) :]:
        axes.set_visible(False)
    for axes in panels[-1]:
        axes.set_xlabel("input $x$" if axes.get_visible() else "")
    labels = ("value", "derivative", "integral from 0")
    handles = [
        plt.Line2D([], [], color=colour, linestyle=dash, linewidth=width, label=label)
        for label, colour, dash, width in zip(
            labels, ("black", "black", _GREY), _MARKS, widths, strict=True
        )
    ]
    legend_below(figure, handles, columns=3)
    smooth = table.groupby("activation")["smoothness"].first() == "all"
    write_message(
        figure,
        f"{smooth.sum()} of {len(names)} activations have all derivatives ($C^\\infty$): "
        f"{', '.join(activation_labels().get(name, name) for name in names if smooth[name])}",
    )
    return figure


def joints(table):
    """Draw ISRLU and ELU and their first two derivatives near 0, where the pieces meet.

    Parameters
    ----------
    table : DataFrame
        Column x, and {isrlu, elu}_{0, 1, 2}; no row at 0, where the second one jumps.
    """
    figure, panels = plt.subplots(1, 3, figsize=(WIDTH, 3.2), sharex=True, layout="constrained")
    left = table["x"] < 0
    labels = ("value", "first derivative", "second derivative")
    for order, (axes, label) in enumerate(zip(panels, labels, strict=True)):
        for name, colour, dash in (("elu", COLOURS["tanh"], _MARKS[1]), ("isrlu", None, "-")):
            colour = colour or COLOURS["isru"]
            for half in (left, ~left):
                axes.plot(
                    table["x"][half], table[f"{name}_{order}"][half], color=colour, linestyle=dash
                )
        axes.axvline(0, **_GUIDE)
        axes.set(xlabel="input $x$")
        axes.set_title(label, loc="left", fontsize=9)
    for column, text, colour, place, offset in (
        ("isrlu_2", "ISRLU", COLOURS["isru"], -0.72, (-5, 5)),
        ("elu_2", "ELU", COLOURS["tanh"], -1.9, (-5, 7)),
    ):
        y = np.interp(place, table["x"], table[column])
        write_beside(panels[2], text, (place, y), offset, "right", colour)
    jump = table.loc[left, "elu_2"].iloc[-1]
    panels[2].plot([0, 0], [0, jump], color=COLOURS["tanh"], linewidth=1.2)
    write_beside(panels[2], "jump", (0, jump / 2), (6, 0), "left", COLOURS["tanh"])
    elu, isrlu = (
        abs(_at_0(table, name, left) - _at_0(table, name, ~left)) for name in ("elu", "isrlu")
    )
    said = f"At 0 ELU’s second derivative jumps by {elu:.2f}, ISRLU’s by {isrlu:.2f}"
    write_message(figure, said)
    return figure


def _at_0(table, name, side):
    """Continue the second derivative from the two nearest places to 0."""
    part = table[side].assign(far=np.abs(table["x"])).nsmallest(2, "far")
    slope = np.diff(part[f"{name}_2"])[0] / np.diff(part["x"])[0]
    return part[f"{name}_2"].iloc[0] - slope * part["x"].iloc[0]


def gates(table, members):
    """Draw the logistic function with ISRU gates, and what is left between them.

    Parameters
    ----------
    table : DataFrame
        Columns x, sigmoid and one for each member.
    members : dict
        Column -> label.
    """
    size = (WIDTH, 3.9)
    figure, (curves, errors) = plt.subplots(1, 2, figsize=size, sharex=True, layout="constrained")
    curves.plot(table["x"], table["sigmoid"], color=COLOURS["tanh"])
    colours = (COLOURS["isru"], COLOURS["exp_free"], COLOURS["isru_plain"])
    for (column, label), colour, dash in zip(members.items(), colours, _MARKS, strict=False):
        curves.plot(table["x"], table[column], color=colour, linestyle=dash)
        rest = table["sigmoid"] - table[column]
        errors.plot(table["x"], rest, color=colour, linestyle=dash, label=label)
    errors.axhline(0, color="#777777", linewidth=0.9)
    errors.legend(loc="upper left", fontsize=9)
    y = np.interp(2.0, table["x"], table["sigmoid"])
    write_beside(curves, "logistic", (2.0, y), (-8, 4), "right", COLOURS["tanh"])
    y = np.interp(3.0, table["x"], table[next(iter(members))])
    write_beside(curves, "ISRU-sigmoid", (3.0, y), (4, -12), "left", COLOURS["isru"])
    span = (table["x"].iloc[0], table["x"].iloc[-1])
    curves.set(xlabel="input $x$", xlim=span, ylim=(-0.03, 1.03))
    curves.set_title("the gate", loc="left", fontsize=10)
    errors.set_title("logistic − ISRU-sigmoid", loc="left", fontsize=10)
    low, high = errors.get_ylim()
    errors.set(xlabel="input $x$", ylim=(low, 1.9 * high))
    away = [np.abs(table["sigmoid"] - table[name]).max() for name in members]
    write_message(
        figure,
        f"An ISRU gate with the logistic’s slope stays within {away[0]:.3f} of it; the best "
        f"scale within {min(away):.3f}",
    )
    return figure


_STAND_INS = {  # column: colour, where its name is written, offset in points, alignment
    "softsign": (COLOURS["softsign"], 5.0, (0, 9), "center"),
    "isru": (COLOURS["isru"], 6.0, (0, 8), "center"),
    "isru_scaled": (COLOURS["isru_plain"], 4.5, (0, -10), "center"),
    "hard_tanh": (COLOURS["exp_free"], 3.6, (6, 8), "left"),
    "rational_tanh": ("black", 6.3, (4, 9), "left"),
    "table_tanh": (COLOURS["tanh"], 2.0, (8, 8), "left"),
}


def approximations(table, level, labels):
    """Draw the distance of several functions from tanh on a logarithmic scale.

    Parameters
    ----------
    table : DataFrame
        Columns x and the absolute distances.
    level : float
        Half a step at 8 bits, drawn as a guide.
    labels : dict
        Column -> text, where the name of the activation is not enough.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 4.2), layout="constrained")
    axes.axhline(level, **_GUIDE)
    write_beside(axes, "half a step at 8 bits", (6.9, level), (0, -8), "center", _GREY)
    for column, (colour, place, offset, align) in _STAND_INS.items():
        axes.plot(table["x"], table[column], color=colour, linewidth=1.5)
        y = np.interp(place, table["x"], table[column])
        text = labels.get(column, activation_labels().get(column, column.replace("_", " ")))
        write_beside(axes, text, (place, y), offset, align, colour)
    axes.set(xlabel="input $x$", ylabel="distance from tanh", yscale="log", ylim=(1e-7, 1))
    axes.set_xlim(table["x"].iloc[0], table["x"].iloc[-1])
    axes.minorticks_off()
    said = {"isru": "ISRU", "hard_tanh": "hard tanh", "rational_tanh": "a rational tanh"}
    said |= {"table_tanh": "a table"}
    most = [
        f"{name} {np.format_float_positional(table[column].max(), 2, fractional=False)}"
        for column, name in said.items()
    ]
    write_message(figure, f"The largest distance from tanh: {', '.join(most)}")
    return figure


def rsqrt_errors(roots, slopes):
    """Draw the error of the fast inverse square root, and of ISRU's derivative made with it.

    Parameters
    ----------
    roots : DataFrame
        Columns q and steps_0, steps_1, steps_2: relative errors of the inverse square root.
    slopes : DataFrame
        Columns x, cube, output: relative errors of the derivative after one Newton step.
    """
    figure, (left, right) = plt.subplots(2, 1, figsize=(WIDTH, 5.8), layout="constrained")
    shades = (COLOURS["isru_plain"], COLOURS["isru"], "black")
    place = 2.6
    for steps, colour in enumerate(shades):
        size = np.abs(roots[f"steps_{steps}"])
        left.plot(roots["q"], size, color=colour, linewidth=1.2)
        words = f"{steps} steps" if steps != 1 else "1 step"
        y = size[np.abs(roots["q"] - place).argmin()]
        write_beside(left, words, (place, y), (0, 9), "center", colour)
    left.set(xlabel="argument $q$", ylabel="relative error of $1/\\sqrt{q}$")
    left.set(yscale="log", ylim=(1e-8, 0.3), xlim=(1, 4))
    output = np.abs(slopes["output"]).to_numpy()
    right.plot(slopes["x"], output, color=COLOURS["tanh"], linewidth=1.0)
    right.plot(slopes["x"], np.abs(slopes["cube"]), color=COLOURS["isru"], linewidth=1.0)
    write_beside(
        right, "from the output,\n$(1-y^2)^{3/2}$", (3.0, 1e4), (0, 0), "center", COLOURS["tanh"]
    )
    write_beside(right, "$r^3$", (0.2, 2e-2), (0, 0), "center", COLOURS["isru"])
    right.axhline(1, **_GUIDE)
    write_beside(right, "100 %", (0.4, 1), (0, 8), "center", _GREY)
    right.set(xlabel="input $x$", ylabel="relative error of\nthe derivative")
    right.set(xscale="log", yscale="log", ylim=(1e-7, 1e7))
    right.set_xlim(slopes["x"].iloc[0], slopes["x"].iloc[-1])
    for axes in (left, right):
        axes.minorticks_off()
    most = [f"{100 * np.abs(roots[f'steps_{n}']).max():.2g} %" for n in range(3)]
    write_message(
        figure,
        f"The bit trick misses the root by up to {most[0]}, after one Newton step by {most[1]}, "
        f"after two by {most[2]}",
    )
    return figure


def hazards(values, slopes):
    """Draw the plain form falling to 0, and the derivative from the output losing its digits.

    Parameters
    ----------
    values : DataFrame
        Columns dtype, x, plain, safe.
    slopes : DataFrame
        Columns x, cube, output: relative errors of ISRU's derivative in float32.
    """
    figure, (left, right) = plt.subplots(2, 1, figsize=(WIDTH, 5.8), layout="constrained")
    shades = {"float16": COLOURS["isru_plain"], "float32": COLOURS["tanh"], "float64": "black"}
    left.axhline(1, color=COLOURS["isru"], linewidth=3.5, alpha=0.55, zorder=1)
    for height, (dtype, curve) in zip(
        (0.27, 0.17, 0.07), values.groupby("dtype", sort=False), strict=True
    ):
        power = np.log10(curve["x"])  # a logarithmic axis cannot reach 10^300
        left.plot(power, curve["plain"], color=shades[dtype], linewidth=1.5)
        fall = power[curve["plain"] == 0].iloc[0]
        write_beside(left, dtype, (fall, height), (5, 0), "left", shades[dtype])
    write_beside(left, "safe form, every type", (150, 1.0), (0, 10), "center", COLOURS["isru"])
    left.set(xlabel=r"input $x$, as $\log_{10} x$", ylabel="plain form", ylim=(-0.04, 1.15))
    left.set_xlim(0, 300)
    output, cube = (np.abs(slopes[column]) for column in ("output", "cube"))
    right.plot(slopes["x"], output.where(output > 0), color=COLOURS["tanh"], linewidth=1.0)
    right.plot(slopes["x"], cube.where(cube > 0), color=COLOURS["isru"], linewidth=1.0)
    write_beside(right, "$(1-y^2)^{3/2}$", (30, 3e-3), (0, 0), "center", COLOURS["tanh"])
    write_beside(right, "$r^3$", (3e4, 1.5e-6), (0, 0), "center", COLOURS["isru"])
    write_beside(right, "exactly 0", (3e4, 0.25), (0, 0), "center", COLOURS["tanh"])
    right.set(xscale="log", yscale="log", xlabel="input $x$ (float32)", ylim=(1e-9, 5))
    right.set_ylabel("relative error of\nthe derivative")
    right.set_xlim(slopes["x"].iloc[0], slopes["x"].iloc[-1])
    for axes in (left, right):
        axes.minorticks_off()
    fallen = values[values["plain"] == 0].groupby("dtype", sort=False)["x"].min()
    ends = [f"{np.log10(x):.0f} in {dtype}" for dtype, x in fallen.items()]
    write_message(figure, f"The plain form is 0 from a power of ten on: {', '.join(ends)}")
    return figure
