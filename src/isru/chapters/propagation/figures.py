"""Figures of the chapter on signal propagation: depth, recurrence, the LSTM, saturation.

Every function takes a table as the notebook records it and returns the figure.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from isru.drawing.labels import write_beside
from isru.drawing.message import WIDTH, legend_below, write_message
from isru.drawing.sentences import listed
from isru.drawing.style import COLOURS, arm_dash, arm_marker

NAMES = {"tanh": "tanh", "isru": "ISRU"}
GATES = {"sigmoid": "logistic gates", "isru_sigmoid": "ISRU gates"}
_GUIDE = {"color": "#777777", "linewidth": 0.9, "linestyle": (0, (4, 3)), "zorder": 1}
_DASHED = (0, (5, 2))
_MINUS = "\N{MINUS SIGN}"


def depth(table):
    """Draw signal and gradient against the layer: lines are theory, marks simulation.

    Parameters
    ----------
    table : DataFrame
        As `signal.compare_deep` returns it; a gain of 1 is drawn solid, any
        other dashed.
    """
    figure, panels = plt.subplots(2, 1, figsize=(WIDTH, 6.0), sharex=True)
    write_message(figure, _depth_message(table))
    for (name, gain), runs in table.groupby(["activation", "gain"], sort=False):
        style = {"color": COLOURS[name], "linestyle": "-" if gain == 1 else _DASHED}
        for axes, what in zip(panels, ("signal", "gradient"), strict=True):
            axes.plot(runs["layer"], runs[what], linewidth=1.5, **style)
            axes.plot(
                runs["layer"][::2],
                runs[f"{what}_measured"][::2],
                arm_marker(name),
                color=COLOURS[name],
                markersize=4.5,
                markerfacecolor="white",
            )
    last = int(table["layer"].max())
    panels[0].set(ylabel="mean square of the outputs", yscale="log")
    panels[1].set(ylabel="mean square of the gradient", yscale="log", xlabel="layer")
    panels[1].set_xlim(-0.5, last + 0.5)
    panels[1].xaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in panels:
        axes.minorticks_off()
    lines = [
        plt.Line2D(
            [], [], color=COLOURS[name], marker=arm_marker(name), markersize=4.5, label=NAMES[name]
        )
        for name in NAMES
    ]
    lines += [
        plt.Line2D([], [], color="#555555", linestyle=dash, label=text)
        for dash, text in (("-", "gain 1"), (_DASHED, "gain of unit variance"))
    ]
    legend_below(figure, lines, columns=2)
    return figure


def _depth_message(table) -> str:
    """Return by which factor the gradient changes on its way back to the first layer."""
    last = table["layer"].max()
    parts = []
    for gain, rows in table.groupby(table["gain"] == 1, sort=False):
        first = rows[rows["layer"] == 0]
        found = [
            f"{value:.2g} ({NAMES[name]})"
            for name, value in zip(first["activation"], first["gradient"], strict=True)
        ]
        parts.append(f"{listed(found)} {'at gain 1' if gain else 'where variance is kept'}")
    return f"Over {last} layers the gradient's mean square comes to {', '.join(parts)}"


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
    figure, panels = plt.subplots(2, 2, figsize=(WIDTH, 5.8))
    write_message(figure, _recurrence_message(random))
    (points, slopes), (variances, rates) = panels
    points.plot([0, 1], [0, 0], color="#555555", linewidth=1.2)
    points.plot([1, 4], [0, 0], **_GUIDE)
    for name, branch in single.groupby("activation", sort=False):
        for sign in (1, -1):
            look = {"color": COLOURS[name], "linestyle": arm_dash(name)}
            points.plot(branch["weight"], sign * branch["point"], **look)
        slopes.plot(branch["weight"], branch["slope"], **look)
    for name, line in random.groupby("activation", sort=False):
        dots = {"marker": arm_marker(name), "linestyle": "none", "markerfacecolor": "white"}
        for axes, what in ((variances, "variance"), (rates, "rate")):
            look = {"color": COLOURS[name], "linestyle": arm_dash(name)}
            axes.plot(line["gain"], line[what], linewidth=1.5, **look)
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
    rates.set(xlabel="gain", ylabel="growth of a difference per step", xlim=span)
    return figure


def _recurrence_message(random) -> str:
    """Return beyond which gain a difference grows."""
    lines = dict(list(random.dropna(subset=["rate"]).groupby("activation")))
    found = [f"{_chaos(lines[name])} with {NAMES[name]}" for name in NAMES if name in lines]
    return f"Random networks are chaotic {listed(found)}"


def _chaos(line) -> str:
    """Return where the rate passes zero for good, on a straight line from gain to gain."""
    line = line.drop_duplicates("gain").sort_values("gain")
    gain, rate = line["gain"].to_numpy(float), line["rate"].to_numpy(float)
    (calm,) = np.nonzero(rate <= 0)
    if not len(calm):
        return f"at each gain from {gain[0]:g} on"
    if calm[-1] == len(gain) - 1:
        return f"at no gain up to {gain[-1]:g}"
    pair = slice(calm[-1], calm[-1] + 2)
    return f"beyond a gain of {np.interp(0, rate[pair], gain[pair]):.2f}"


def lags(table):
    """Draw the gradient in an LSTM's cell state against the number of steps back.

    Parameters
    ----------
    table : DataFrame
        As :func:`isru.chapters.propagation.recurrence.compare_lstm` returns it.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 4.2))
    write_message(figure, _lags_message(table))
    for (name, gate), line in table.groupby(["activation", "recurrent_activation"], sort=False):
        dash = "-" if gate == "sigmoid" else _DASHED
        look = {"color": COLOURS[name], "linestyle": dash, "label": f"{NAMES[name]}, {GATES[gate]}"}
        look |= {"marker": arm_marker(name), "markevery": 10, "markersize": 5}
        axes.plot(line["lag"], line["cell"], **look)
    axes.legend(loc="lower left", handlelength=4, fontsize=9)
    axes.set(xlabel="steps back in time", ylabel="gradient in the cell state", yscale="log")
    axes.set_xlim(0, table["lag"].max())
    axes.minorticks_off()
    return figure


def _lags_message(table) -> str:
    """Return what each change takes of the gradient at a step."""
    ends = table.sort_values("lag").groupby(["activation", "recurrent_activation"])["cell"]
    steps = table["lag"].max() - table["lag"].min()
    pace = (ends.last() / ends.first()) ** (1 / steps)
    usual = pace[("tanh", "sigmoid")]
    changes = {
        "ISRU for tanh": pace.get(("isru", "sigmoid")),
        "ISRU gates": pace.get(("tanh", "isru_sigmoid")),
    }
    found = [
        f"{name} {100 * (value / usual - 1):+.1f} %" for name, value in changes.items() if value
    ]
    text = f"Each step back keeps {100 * usual:.0f} % of the gradient; {listed(found)} of that"
    return text.replace("-", _MINUS)


def saturation(table):
    """Draw what slope normal inputs meet, on average and typically, and how many hardly any.

    Parameters
    ----------
    table : DataFrame
        Columns sigma; {tanh, isru}_square, the root mean square of the slope; {..}_typical, its
        geometric mean; {..}_flat, the share of inputs with a slope below 1 %, in percent.
    """
    figure, (slopes, flat) = plt.subplots(2, 1, figsize=(WIDTH, 6.2), sharex=True)
    write_message(figure, _saturation_message(table))
    for name in NAMES:
        colour = COLOURS[name]
        look = {"color": colour, "marker": arm_marker(name), "markevery": 4, "markersize": 4.5}
        slopes.plot(table["sigma"], table[f"{name}_square"], **look)
        slopes.plot(table["sigma"], table[f"{name}_typical"], linestyle=_DASHED, **look)
        flat.plot(table["sigma"], table[f"{name}_flat"], **look)
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
    slopes.set(ylabel="slope of the activation")
    flat.set(xlabel="standard deviation of the input", ylabel="inputs with slope below 1 % (%)")
    flat.set_xlim(table["sigma"].iloc[0], table["sigma"].iloc[-1])
    ticks = (0.25, 0.5, 1, 2, 4, 8, 16)
    flat.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    for axes in (slopes, flat):
        axes.minorticks_off()
    return figure


def _saturation_message(table) -> str:
    """Return which function gives a typical input the larger slope, and from where on."""
    ratio = np.log((table["isru_typical"] / table["tanh_typical"]).to_numpy(float))
    sigma = np.log(table["sigma"].to_numpy(float))
    name, other, sign = ("ISRU", "tanh", 1) if ratio[-1] > 0 else ("tanh", "ISRU", -1)
    (others,) = np.nonzero(sign * ratio <= 0)
    start = sigma[0]
    if len(others):  # where the straight line to the next point passes zero
        pair = slice(others[-1], others[-1] + 2)
        start = np.interp(0, sign * ratio[pair], sigma[pair])
    return (
        f"A typical input meets a larger slope with {name} than with {other} from a standard "
        f"deviation of {np.exp(start):.1f} on"
    )
