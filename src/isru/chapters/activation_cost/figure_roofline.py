"""The roofline of the activation-cost chapter."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from isru.chapters.activation_cost.figures import FORM_NAMES, FORM_STYLES, tick_1_2_5
from isru.drawing.style import COLOURS

_NAMES = {"isru_plain": "ISRU", "rational_tanh": "rational tanh", "hard_tanh": "hard tanh"}
_PLACES = {"hard_tanh": (-58, 2), "relu": (-26, 4)}  # clear of the neighbours' marks


def cost_roofline(points: pd.DataFrame, roofs: dict[str, float], dtype: str) -> Figure:
    """Draw operations per second against operations per byte, under the machine's roofs.

    Parameters
    ----------
    points : pandas.DataFrame
        Columns form, arm, intensity (operations per byte), speed (10^9 operations per second).
    roofs : dict
        ``bandwidth`` (10^9 bytes per second), ``peak`` and ``root`` (10^9 operations a second).
    dtype : str
        For the axis.
    """
    figure = Figure(figsize=(7.6, 4.4), layout="constrained")
    axes = figure.subplots()
    low, high = points["intensity"].min() / 1.6, points["intensity"].max() * 3.5
    grid = np.geomspace(low, high, 200)
    roof = np.minimum(roofs["peak"], grid * roofs["bandwidth"])
    axes.plot(grid, roof, color="#000000", lw=1.6)
    axes.axhline(roofs["root"], color=COLOURS["isru"], lw=1.2, ls="--")
    for form, part in points.groupby("form", sort=False):
        colour, marker = FORM_STYLES[form]
        label = FORM_NAMES[form]
        axes.scatter(
            part["intensity"], part["speed"], color=colour, marker=marker, label=label, zorder=3
        )
    for row in points[points["form"].isin(("simd", "numpy"))].itertuples():
        name = _NAMES.get(row.arm, row.arm)
        name += ", NumPy calls" if row.form == "numpy" else ""
        axes.annotate(
            name,
            (row.intensity, row.speed),
            xytext=_PLACES.get(row.arm, (6, -11)),
            textcoords="offset points",
            fontsize=8.5,
        )
    axes.set(xscale="log", yscale="log")
    axes.set_xlim(low, high)
    tick_1_2_5(axes.xaxis)
    tick_1_2_5(axes.yaxis)
    axes.set_xlabel(f"operations per byte moved ({dtype})")
    axes.set_ylabel("10⁹ operations per second")
    axes.annotate(
        "one square root and one division: ISRU’s limit",
        (high, roofs["root"]),
        xytext=(-4, 4),
        textcoords="offset points",
        ha="right",
        fontsize=8.5,
        color=COLOURS["isru"],
    )
    axes.annotate(
        "roof: a copy’s bandwidth, then the multiply-add peak",
        (high, roofs["peak"]),
        xytext=(-4, 5),
        textcoords="offset points",
        ha="right",
        fontsize=8.5,
    )
    axes.legend(loc="lower right", fontsize=8.5)
    return figure
