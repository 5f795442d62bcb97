"""Figures of the chapter on signal propagation: depth, recurrence, the LSTM, saturation.

Every function takes a table as the notebook records it and returns the figure.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from isru.drawing.labels import write_beside
from isru.drawing.style import COLOURS

NAMES = {"tanh": "tanh", "isru": "ISRU"}
GATES = {"sigmoid": "logistic gates", "isru_sigmoid": "ISRU gates"}
_GUIDE = {"color": "#777777", "linewidth": 0.9, "linestyle": (0, (4, 3)), "zorder": 1}
_DASHED = (0, (5, 2))
_MARKS = {"tanh": "s", "isru": "o"}


def depth(table):
    """Draw signal and gradient against the layer: lines are theory, marks simulation.

    Parameters
    ----------
    table : DataFrame
        As `signal.compare_deep` returns it; a gain of 1 is drawn solid, any
        other dashed.
    """
    figure, panels = plt.subplots(1, 2, figsize=(8.4, 3.7), sharex=True)
    for (name, gain), runs in table.groupby(["activation", "gain"], sort=False):
        style = {"color": COLOURS[name], "linestyle": "-" if gain == 1 else _DASHED}
        for axes, what in zip(panels, ("signal", "gradient"), strict=True):
            axes.plot(runs["layer"], runs[what], linewidth=1.5, **style)
            axes.plot(
                runs["layer"][::2],
                runs[f"{what}_measured"][::2],
                _MARKS[name],
                color=COLOURS[name],
                markersize=4,
                markerfacecolor="white",
            )
    last = int(table["layer"].max())
    panels[0].set(ylabel="mean square of the outputs", yscale="log", xlabel="layer")
    panels[1].set(ylabel="mean square of the gradient", yscale="log", xlabel="layer")
    panels[1].set_xlim(-0.5, last + 0.5)
    for axes in panels:
        axes.minorticks_off()
    lines = [
        plt.Line2D(
            [], [], color=COLOURS[name], marker=_MARKS[name], markersize=4, label=NAMES[name]
        )
        for name in NAMES
    ]
    lines += [
        plt.Line2D([], [], color="#555555", linestyle=dash, label=text)
        for dash, text in (("-", "gain 1"), (_DASHED, "gain of unit variance"))
    ]
    figure.legend(handles=lines, loc="outside upper center", ncols=4)
    return figure


def recurrence(single, random):
    """Draw one unit that feeds itself, and random recurrent networks.

    Parameters
    ----------
    single : DataFrame
        Columns activation, weight, point, slope: the positive fixed point of w f(x) and the
        slope there.
    random : DataFrame
        As `recurrence.compare_recurrent` returns it, theory on a fine grid with the
        measured columns NaN where nothing was simulated.
    """
    figure, panels = plt.subplots(2, 2, figsize=(8.4, 6.4))
    (points, slopes), (variances, rates) = panels
    points.plot([0, 1], [0, 0], color="#555555", linewidth=1.2)
    points.plot([1, 4], [0, 0], **_GUIDE)
    for name, branch in single.groupby("activation", sort=False):
        for sign in (1, -1):
            points.plot(branch["weight"], sign * branch["point"], color=COLOURS[name])
        slopes.plot(branch["weight"], branch["slope"], color=COLOURS[name])
    for name, line in random.groupby("activation", sort=False):
        dots = {"marker": _MARKS[name], "linestyle": "none", "markerfacecolor": "white"}
        for axes, what in ((variances, "variance"), (rates, "rate")):
            axes.plot(line["gain"], line[what], color=COLOURS[name], linewidth=1.5)
            axes.plot(
                line["gain"], line[f"{what}_measured"], color=COLOURS[name], markersize=5, **dots
            )
    rates.axhline(0, **_GUIDE)
    write_beside(rates, "chaos", (2.9, 0), (0, 8), "center", "#555555")
    write_beside(rates, "dies out", (2.9, 0), (0, -9), "center", "#555555")
    for name, place, align in (("tanh", (-4, -9), "right"), ("isru", (6, 8), "left")):
        branch = single[single["activation"] == name]
        weight = 3.0
        y = np.interp(weight, branch["weight"], branch["slope"])
        write_beside(slopes, NAMES[name], (weight, y), place, align, COLOURS[name])
    points.set(xlabel="weight $w$", ylabel="fixed points of $w\\,f(x)$", xlim=(0, 4))
    slopes.set(xlabel="weight $w$", ylabel="slope at the fixed point", yscale="log")
    slopes.set(xlim=(1, 4), ylim=(3e-3, 1.2))
    slopes.minorticks_off()
    span = (random["gain"].min(), random["gain"].max())
    variances.set(xlabel="gain", ylabel="variance at rest", xlim=span)
    rates.set(xlabel="gain", ylabel="growth rate of a difference per step", xlim=span)
    return figure


def lags(table):
    """Draw the gradient in an LSTM's cell state against the number of steps back.

    Parameters
    ----------
    table : DataFrame
        As :func:`isru.chapters.propagation.recurrence.compare_lstm` returns it.
    """
    figure, axes = plt.subplots(figsize=(7.0, 3.8))
    for (name, gate), line in table.groupby(["activation", "recurrent_activation"], sort=False):
        dash = "-" if gate == "sigmoid" else _DASHED
        label = f"{NAMES[name]}, {GATES[gate]}"
        axes.plot(line["lag"], line["cell"], color=COLOURS[name], linestyle=dash, label=label)
    axes.legend(loc="lower left", handlelength=3)
    axes.set(xlabel="steps back in time", ylabel="gradient in the cell state", yscale="log")
    axes.set_xlim(0, table["lag"].max())
    axes.minorticks_off()
    return figure


def saturation(table):
    """Draw what slope normal inputs meet, on average and typically, and how many hardly any.

    Parameters
    ----------
    table : DataFrame
        Columns sigma; {tanh, isru}_square, the root mean square of the slope; {..}_typical, its
        geometric mean; {..}_flat, the share of inputs with a slope below 1 %, in percent.
    """
    figure, (slopes, flat) = plt.subplots(1, 2, figsize=(8.4, 3.7), sharex=True)
    for name in NAMES:
        colour = COLOURS[name]
        slopes.plot(table["sigma"], table[f"{name}_square"], color=colour)
        slopes.plot(table["sigma"], table[f"{name}_typical"], color=colour, linestyle=_DASHED)
        flat.plot(table["sigma"], table[f"{name}_flat"], color=colour)
    for name, place, offset, align in (
        ("tanh", 5.0, (-6, 8), "right"),
        ("isru", 6.5, (6, -10), "left"),
    ):
        y = np.interp(place, table["sigma"], table[f"{name}_flat"])
        write_beside(flat, NAMES[name], (place, y), offset, align, COLOURS[name])
    y = np.interp(6.0, table["sigma"], table["tanh_square"])
    write_beside(slopes, "root mean square", (6.0, y), (0, 13), "center", "#555555")
    for name, place, offset in (("isru", 3.4, (8, 8)), ("tanh", 4.2, (-6, -6))):
        y = np.interp(place, table["sigma"], table[f"{name}_typical"])
        align = "left" if name == "isru" else "right"
        write_beside(slopes, f"{NAMES[name]}, typical", (place, y), offset, align, COLOURS[name])
    slopes.set(xscale="log", yscale="log", ylim=(1e-5, 1.3))
    slopes.set(xlabel="standard deviation of the input", ylabel="slope of the activation")
    flat.set(xlabel="standard deviation of the input", ylabel="inputs with a slope below 1 %, in %")
    flat.set_xlim(table["sigma"].iloc[0], table["sigma"].iloc[-1])
    ticks = (0.25, 0.5, 1, 2, 4, 8, 16)
    flat.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    for axes in (slopes, flat):
        axes.minorticks_off()
    return figure
