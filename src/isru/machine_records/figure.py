"""Figures over machines: what a call of ISRU gains, what a step saves, recorded and published."""

from __future__ import annotations

from itertools import cycle

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from isru.drawing.style import COLOURS

# Form: marker and colour.
_FORMS = {
    "NumPy calls": ("o", COLOURS["tanh"]),
    "compiled, libm": ("s", COLOURS["isru"]),
    "compiled, SIMD": ("^", COLOURS["softsign"]),
    "published, libm": ("D", COLOURS["copy"]),
}
_PANELS = {"NumPy": "NumPy", "compiled": "Compiled", "published": "Published machines"}
_STEPS = {"train": "-", "predict": "--"}
_MARKERS = "o^sDvPX*"  # a machine each; the ninth has the first one's again
_UNITS = (10, 25, 50, 100, 300)


def machine_gains(table: pd.DataFrame) -> Figure:
    """Draw what one call of ISRU takes less than one of tanh: a row a machine.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns machine, form (of NumPy calls; compiled, libm; compiled, SIMD; published, libm),
        gain_ns, low, high; the ends NaN where none were published.
    """
    machines = list(dict.fromkeys(table["machine"]))[::-1]
    figure = Figure(figsize=(8.2, 0.34 * len(machines) + 1.5), layout="constrained")
    axes = figure.subplots()
    axes.axvline(0, color="black", lw=0.8)
    for form, part in table.groupby("form", sort=False):
        marker, colour = _FORMS[form]
        places = [machines.index(machine) for machine in part["machine"]]
        axes.hlines(places, part["low"], part["high"], color=colour, lw=2)
        axes.scatter(part["gain_ns"], places, marker=marker, c=colour, s=36, label=form, zorder=3)
    axes.set_xscale("symlog", linthresh=1, linscale=0.7)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_yticks(range(len(machines)), machines, parse_math=False)  # names, no formulas
    axes.set_ylim(-0.7, len(machines) - 0.3)
    axes.set_xlabel("time of tanh minus time of ISRU, ns a number (left of 0: ISRU is slower)")
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=9)
    return figure


def machine_steps(table: pd.DataFrame, published: pd.DataFrame) -> Figure:
    """Draw what ISRU saves of an LSTM's step by its units: recorded engines, published machines.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns machine, engine, step, units, saving, low, high; may be empty.
    published : pandas.DataFrame
        Columns machine, units, train_saving_percent, predict_saving_percent.
    """
    machines = list(dict.fromkeys(table["machine"])) if len(table) else []
    markers = dict(zip(machines, cycle(_MARKERS), strict=False))
    engines = list(dict.fromkeys(table["engine"])) if len(table) else []
    figure = Figure(figsize=(3.1 * (len(engines) + 1) + 0.4, 3.6), layout="constrained")
    panels = figure.subplots(1, len(engines) + 1, sharey=True, squeeze=False)[0]
    for axes, engine in zip(panels, engines, strict=False):
        for (machine, step), line in table[table["engine"] == engine].groupby(["machine", "step"]):
            look = {"color": COLOURS["isru"], "marker": markers[machine], "ms": 4, "lw": 1.3}
            axes.plot(line["units"], line["saving"], _STEPS[step], **look)
            axes.vlines(line["units"], line["low"], line["high"], color=COLOURS["isru"], lw=1)
        axes.set_title(_PANELS.get(engine, engine), loc="left")
    for _, line in published.groupby("machine"):
        line = line.sort_values("units")
        for step, style in _STEPS.items():
            column = line[f"{step}_saving_percent"]
            panels[-1].plot(line["units"], column, style, color=COLOURS["copy"], lw=0.9)
    panels[-1].set_title(_PANELS["published"], loc="left")
    for axes in panels:
        axes.axhline(0, color=COLOURS["tanh"], lw=1)
        axes.set(xscale="log", xlabel="units")
        axes.set_xticks(_UNITS, [str(n) for n in _UNITS])
        axes.xaxis.set_minor_locator(NullLocator())
    panels[0].set_ylabel("saving with ISRU, % of tanh's time")
    looks = [("training step", {"ls": "-"}), ("prediction", {"ls": "--"})]
    looks += [(name, {"ls": "", "marker": marker, "ms": 4}) for name, marker in markers.items()]
    for name, look in looks:
        panels[-1].plot([], [], color="black", lw=1, label=name, **look)
    figure.legend(loc="outside lower center", ncols=4, fontsize=9)
    return figure
