"""Figures of what ISRLU does for a convolutional network's learning, beside the paper's runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from isru.drawing.style import COLOURS
from isru.studies.level_words import level_words
from isru.studies.octaves import MARGIN

_MEASURES = {"area": ("o", COLOURS["exp_free"], 0.14), "end": ("s", COLOURS["copy"], -0.14)}
_WIDEST = 1.5  # octaves; what lies beyond stands at the edge as an arrowhead
_ORDER = ("isrlu_3", "isrlu_1", "elu_58", "relu", "leaky_relu", "identity")
_PAPER = ("isrlu_3", "isrlu_1", "relu")


def octaves_of_channels(table: pd.DataFrame) -> Figure:
    """Draw how much worse than ELU each arm is, by measure, with the margin as a band.

    Parameters
    ----------
    table : pandas.DataFrame
        From `isru.chapters.convolutions.learning.against_elu`.
    """
    arms = [arm for arm in _ORDER if arm in set(table["arm"])]
    figure = Figure(figsize=(5.2, 1.6 + 0.45 * len(arms)), layout="constrained")
    axes = figure.subplots()
    axes.axvspan(-MARGIN, MARGIN, color=COLOURS["floor"], alpha=0.5, lw=0, zorder=0)
    axes.axvline(0, color="black", lw=0.8)
    for measure, (marker, colour, shift) in _MEASURES.items():
        part = table[table["measure"] == measure].set_index("arm").loc[arms]
        at = np.arange(len(arms))[::-1] + shift
        ends = part[["low", "high"]].fillna({"low": -_WIDEST, "high": _WIDEST})
        axes.hlines(at, *ends.clip(-_WIDEST, _WIDEST).to_numpy().T, color=colour, lw=1.6)
        beyond = part["octaves"].abs().to_numpy() > _WIDEST
        value = part["octaves"].to_numpy()
        label = level_words("measure", measure)
        axes.scatter(value[~beyond], at[~beyond], marker=marker, c=colour, s=34, label=label)
        edge = np.sign(value[beyond]) * _WIDEST
        for x, y in zip(edge, at[beyond], strict=True):
            axes.scatter(x, y, marker=">" if x > 0 else "<", c=colour, s=34)
    axes.set_yticks(np.arange(len(arms))[::-1], [level_words("arm", arm) for arm in arms])
    axes.set_ylim(-0.6, len(arms) - 0.4)
    axes.set_xlim(-_WIDEST * 1.05, _WIDEST * 1.05)
    axes.set_xlabel("worse than ELU, in octaves of channels\n(1: as much as half the channels)")
    figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return figure


def beside_the_paper(runs: pd.DataFrame, paper: pd.DataFrame) -> Figure:
    """Draw the largest test accuracy of single runs minus ELU's: ours by seed, and the paper's.

    Parameters
    ----------
    runs : pandas.DataFrame
        From `isru.chapters.convolutions.learning.single_runs`.
    paper : pandas.DataFrame
        From `isru.chapters.convolutions.paper.of_the_paper`.
    """
    arms = [arm for arm in _PAPER if arm in set(runs["arm"])]
    figure = Figure(figsize=(5.2, 1.8 + 0.5 * len(arms)), layout="constrained")
    axes = figure.subplots()
    axes.axvline(0, color="black", lw=0.8)
    places = dict(zip(arms, range(len(arms))[::-1], strict=True))
    drawn = (
        (runs, 0.13, {"marker": "o", "color": COLOURS["exp_free"], "s": 22, "alpha": 0.6}),
        (paper, -0.15, {"marker": "D", "color": "black", "s": 30, "facecolors": "none"}),
    )
    for (table, shift, style), label in zip(
        drawn, ("this run, a seed each", "the paper"), strict=True
    ):
        part = table[table["arm"].isin(arms)]
        axes.scatter(part["difference"], part["arm"].map(places) + shift, label=label, **style)
    axes.set_yticks(list(places.values()), [level_words("arm", arm) for arm in places])
    axes.set_ylim(-0.6, len(arms) - 0.4)
    axes.set_xlabel("largest test accuracy minus ELU's (pp)")
    figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return figure
