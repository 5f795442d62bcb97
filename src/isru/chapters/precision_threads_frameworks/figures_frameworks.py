"""Figures of Keras and NumPy side by side: time per update, and what ISRU saves of it."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from isru.drawing.marks import draw_estimates, view
from isru.drawing.message import WIDTH, legend_below, write_message
from isru.drawing.sentences import commonest, listed
from isru.drawing.style import COLOURS, arm_marker
from isru.studies.arms import ARMS

MODE_NAMES = {"graph": "Keras, graph", "xla": "Keras, XLA", "numpy": "NumPy"}
_MODE_WORDS = {"graph": "as a graph", "xla": "under XLA"}
_MODE_MARKERS = {"graph": "s", "xla": "^"}


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
    figure = Figure(figsize=(WIDTH, 6.4), layout="constrained")
    found = [
        f"{commonest(rows['direction'], 'sizes')} {_MODE_WORDS[mode]}"
        for mode, rows in table.groupby("mode")
    ]
    write_message(figure, f"An update with ISRU in Keras is {listed(found)}")
    left, right = figure.subplots(2, 1)
    modes = [mode for mode in MODE_NAMES if mode in set(times["mode"])]
    for place, mode in enumerate(modes):
        for shift, activation in ((-0.12, "tanh"), (0.12, "isru")):
            chosen = (times["mode"] == mode) & (times["activation"] == activation)
            for rank, row in enumerate(times[chosen].sort_values("units").itertuples()):
                where = place + shift
                left.vlines(where, row.low, row.high, color=COLOURS[activation], lw=2.5, alpha=0.45)
                label = ARMS[activation].label if place == 0 and rank == 0 else "_"
                look = {"marker": arm_marker(activation), "ls": "none", "ms": 5.5, "label": label}
                left.plot(where, row.ms, color=COLOURS[activation], **look)
                if activation == "isru":
                    text = {"xytext": (7, 0), "textcoords": "offset points", "va": "center"}
                    left.annotate(f"{row.units} units", (where, row.ms), fontsize=9, **text)
    left.set_xticks(range(len(modes)), [MODE_NAMES[mode] for mode in modes])
    left.set(xlim=(-0.5, len(modes) - 0.3), yscale="log")
    left.set_ylabel("time of an update (ms)")
    left.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    left.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    left.yaxis.set_minor_locator(NullLocator())
    _saving_panel(right, table, published)
    handles, labels = left.get_legend_handles_labels()
    more, names = right.get_legend_handles_labels()
    legend_below(figure, [*handles, *more], [*labels, *names], columns=3)
    return figure


def _saving_panel(axes, table: pd.DataFrame, published: tuple[float, float]) -> None:
    shown = table[["saving", "expected"]].to_numpy().ravel()
    axes.set_ylim(view([*shown, *published], table[["low", "high"]], least=5.0))
    style = {"facecolor": "none", "edgecolor": COLOURS["identity"], "hatch": "////", "lw": 0}
    axes.axhspan(*published, label="published, per epoch", **style)
    modes = [mode for mode in _MODE_MARKERS if mode in set(table["mode"])]
    sizes = sorted(table["units"].unique())
    for turn, mode in enumerate(modes):
        rows = table[table["mode"] == mode].sort_values("units")
        shift = 0.24 * (turn - 0.5 * (len(modes) - 1))
        places = [sizes.index(units) + shift for units in rows["units"]]
        style = {"color": COLOURS["floor"], "lw": 14, "alpha": 0.6}
        axes.vlines(places, rows["floor_low"], rows["floor_high"], **style)
        axes.plot(places, rows["expected"], "_", color=COLOURS["prediction"], ms=18, mew=1.5)
        look = {"colour": COLOURS["isru"], "marker": _MODE_MARKERS[mode]}
        decided = rows["direction"] != "undecided"
        label = f"ISRU in {MODE_NAMES[mode]}"
        draw_estimates(axes, places, rows, "saving", decided=decided, label=label, **look)
    axes.plot(
        [], [], "_", color=COLOURS["prediction"], ms=12, mew=1.5, label="predicted by its calls"
    )
    axes.plot([], [], color=COLOURS["floor"], lw=8, alpha=0.6, label="tanh against itself")
    axes.axhline(0, color=COLOURS["tanh"], lw=1.2)
    axes.set_xticks(range(len(sizes)), [str(units) for units in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(xlabel="units of a layer", xlim=(-0.6, len(sizes) - 0.4))
    axes.set_ylabel("time saved by ISRU (%)")
