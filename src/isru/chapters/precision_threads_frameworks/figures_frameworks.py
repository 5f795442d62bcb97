"""Figures of Keras and NumPy side by side: time per update, and what ISRU saves of it."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from isru.drawing.style import COLOURS
from isru.studies.arms import ARMS

MODE_NAMES = {"graph": "Keras, graph", "xla": "Keras, XLA", "numpy": "NumPy"}


def keras_steps(times: pd.DataFrame, table: pd.DataFrame, published: tuple[float, float]) -> Figure:
    """Draw ms per update by framework, and ISRU's saving in Keras beside the prediction.

    Parameters
    ----------
    times : pandas.DataFrame
        From `frameworks.step_times`.
    table : pandas.DataFrame
        From `frameworks.keras_savings`, with a column ``mode``.
    published : (low, high)
        The published savings in %, drawn as a band.
    """
    figure = Figure(figsize=(8.2, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    modes = [mode for mode in MODE_NAMES if mode in set(times["mode"])]
    for place, mode in enumerate(modes):
        for shift, activation in ((-0.12, "tanh"), (0.12, "isru")):
            chosen = (times["mode"] == mode) & (times["activation"] == activation)
            for rank, row in enumerate(times[chosen].sort_values("units").itertuples()):
                where = place + shift
                left.vlines(where, row.low, row.high, color=COLOURS[activation], lw=4, alpha=0.4)
                label = ARMS[activation].label if place == 0 and rank == 0 else "_"
                left.plot(where, row.ms, "o", color=COLOURS[activation], ms=5, label=label)
                if activation == "isru":
                    text = {"xytext": (7, 0), "textcoords": "offset points", "va": "center"}
                    left.annotate(f"{row.units}", (where, row.ms), fontsize=8, **text)
    left.set_xticks(range(len(modes)), [MODE_NAMES[mode].replace(", ", ",\n") for mode in modes])
    left.set(xlim=(-0.5, len(modes) - 0.3), yscale="log")
    left.set_ylabel("time of an update (ms); labels: units")
    for which in (left.yaxis.set_major_formatter, left.yaxis.set_minor_formatter):
        which(FuncFormatter(lambda y, _: f"{y:g}"))
    left.legend(fontsize=9)
    _saving_panel(right, table, published)
    handles, labels = right.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower right", ncols=3, fontsize=9)
    return figure


def _saving_panel(axes, table: pd.DataFrame, published: tuple[float, float]) -> None:
    colours = {"graph": COLOURS["isru"], "xla": COLOURS["exp_free"]}
    label = "published, per epoch"
    axes.axhspan(*published, color=COLOURS["isru_plain"], alpha=0.35, lw=0, label=label)
    modes = [mode for mode in colours if mode in set(table["mode"])]
    sizes = sorted(table["units"].unique())
    for turn, mode in enumerate(modes):
        rows = table[table["mode"] == mode].sort_values("units")
        places = [
            sizes.index(units) + 0.16 * (turn - 0.5 * (len(modes) - 1)) for units in rows["units"]
        ]
        style = {"color": COLOURS["floor"], "lw": 11, "alpha": 0.6}
        axes.vlines(places, rows["floor_low"], rows["floor_high"], **style)
        axes.vlines(places, rows["low"], rows["high"], color=colours[mode], lw=4, alpha=0.5)
        axes.plot(places, rows["saving"], "o", color=colours[mode], ms=5, label=MODE_NAMES[mode])
        axes.plot(places, rows["expected"], "_", color=COLOURS["prediction"], ms=16, mew=1.5)
    axes.plot(
        [], [], "_", color=COLOURS["prediction"], ms=12, mew=1.5, label="predicted by its calls"
    )
    axes.plot([], [], color=COLOURS["floor"], lw=8, alpha=0.6, label="A/A floor")
    axes.axhline(0, color=COLOURS["tanh"], lw=1.2)
    axes.set_xticks(range(len(sizes)), [str(units) for units in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(xlabel="units of a layer", xlim=(-0.6, len(sizes) - 0.4))
    axes.set_ylabel("time saved by ISRU (%)\n(negative: slower)")
