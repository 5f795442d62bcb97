"""Figures of the chapter `processors`: each takes a table as the notebook records it."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from isru.chapters.processors.rule import BAND
from isru.drawing.message import WIDTH, write_message
from isru.drawing.style import COLOURS

_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
_GROUPS = {
    "measured": ("prediction", "o"),
    "emulated": ("exp_free", "D"),
    "analysed": ("softsign", "s"),
}


def predicted_against_found(calls: pd.DataFrame) -> Figure:
    """Draw each call's time over that of ISRU, predicted against found, and the band.

    Predictions are by rules that had not seen the platform.

    Parameters
    ----------
    calls : pandas.DataFrame
        From `isru.chapters.processors.rule.held`.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 4.6), layout="constrained")
    told = calls.dropna(subset=["unseen"])
    ends = np.array([told[["found", "unseen"]].min().min(), told[["found", "unseen"]].max().max()])
    ends = ends * [0.8, 1.25]
    axes.fill_between(
        ends,
        ends * (1 - BAND / 100),
        ends * (1 + BAND / 100),
        color=COLOURS["floor"],
        alpha=0.45,
        lw=0,
        label=f"within {BAND:.0f} %",
    )
    axes.plot(ends, ends, color=COLOURS["prediction"], lw=1)
    for group, part in told.groupby("group", sort=False):
        colour, marker = _GROUPS[group]
        axes.scatter(
            part["found"], part["unseen"], s=26, marker=marker, c=COLOURS[colour], label=group
        )
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    ticks = [tick for tick in _TICKS if ends[0] < tick < ends[1]]
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.set_minor_locator(NullLocator())
    axes.set(xlabel="found: time over that of ISRU", ylabel="predicted, platform unseen")
    axes.legend(loc="upper left", fontsize=9)
    within = (told["unseen"] / told["found"] - 1).abs() <= BAND / 100
    write_message(
        figure,
        f"{within.sum()} of {len(told)} predictions by a rule that had not seen the platform lie "
        f"within {BAND:.0f} % of what was found",
    )
    return figure
