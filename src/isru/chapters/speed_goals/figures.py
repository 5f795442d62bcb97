"""Figure of the chapter on the speed goals."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from isru.drawing.message import WIDTH, write_message
from isru.drawing.style import COLOURS


def roofline(rates: pd.DataFrame) -> Figure:
    """Draw the speed of training steps against their arithmetic intensity, under the roofs.

    Parameters
    ----------
    rates : pandas.DataFrame
        From `isru.chapters.speed_goals.goals.rates`.
    """
    figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
    axes = figure.subplots()
    roofs = rates.groupby("arm")["gflops"].median()
    steps = rates[~rates["arm"].isin(["product", "copy", "numpy again"])]
    ridge = roofs["product"] / roofs["copy"]
    ends = steps["intensity"].min() / 2, 2 * max(steps["intensity"].max(), ridge)
    at = np.geomspace(*ends, 100)
    axes.plot(at, np.minimum(at * roofs["copy"], roofs["product"]), color=COLOURS["prediction"])
    points = {"textcoords": "offset points", "fontsize": 9}
    axes.annotate("large product", (ends[1], roofs["product"]), (0, 4), ha="right", **points)
    middle = (ridge / 2.5, roofs["product"] / 2.5)
    axes.annotate("copying within\nthe cache", middle, (8, -20), **points)
    for arm, part in steps.groupby("arm"):
        colour, marker = _ROOF_STYLES.get(arm, (COLOURS["floor"], "x"))
        axes.scatter(
            part["intensity"],
            part["gflops"],
            c=colour,
            marker=marker,
            s=30,
            label=_NAMES.get(arm, arm),
        )
    axes.set(xscale="log", yscale="log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("arithmetic intensity (FLOP per byte)")
    axes.set_ylabel("speed (GFLOP/s)")
    axes.legend(fontsize=9, loc="lower right")
    best = steps.groupby("arm")["gflops"].max().sort_values(ascending=False)
    said = [
        f"{_NAMES.get(arm, arm)} {100 * speed / roofs['product']:.0f} %"
        for arm, speed in best.items()
    ]
    write_message(
        figure, f"Of a large product's speed, training steps reach at best: {', '.join(said)}"
    )
    return figure


_NAMES = {"numpy": "NumPy", "numba": "Numba", "c": "C", "keras": "Keras", "torch": "PyTorch"}
_ROOF_STYLES = {
    "numpy": (COLOURS["prediction"], "o"),
    "numba": (COLOURS["softsign"], "s"),
    "c": (COLOURS["copy"], "v"),
    "keras": (COLOURS["exp_free"], "D"),
    "torch": (COLOURS["ladder"], "^"),
}
