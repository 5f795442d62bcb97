"""Figures of what ISRLU does for a convolutional network's learning, beside the paper's runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from isru.drawing.message import WIDTH, legend_below, write_message
from isru.drawing.style import COLOURS
from isru.studies.level_words import level_words
from isru.studies.octaves import MARGIN
from isru.wording import formatted

_MEASURES = {"area": ("o", "white", 0.16), "end": ("s", None, -0.16)}  # None: as the row
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
    figure = Figure(figsize=(WIDTH, 1.9 + 0.42 * len(arms)), layout="constrained")
    axes = figure.subplots()
    axes.axvspan(-MARGIN, MARGIN, color=COLOURS["floor"], alpha=0.5, lw=0, zorder=0)
    axes.axvline(0, color="black", lw=0.8)
    colours = [COLOURS["isru" if arm.startswith("isrlu") else "copy"] for arm in arms]
    for measure, (marker, face, shift) in _MEASURES.items():
        part = table[table["measure"] == measure].set_index("arm").loc[arms]
        at = np.arange(len(arms))[::-1] + shift
        open_ended = part[["low", "high"]].isna().any(axis=1)
        ends = part[["low", "high"]].fillna({"low": -_WIDEST, "high": _WIDEST})
        dashes = [":" if one else "-" for one in open_ended]
        ends = ends.clip(-_WIDEST, _WIDEST).to_numpy().T
        axes.hlines(at, *ends, color=colours, ls=dashes, lw=1.6)
        value = part["octaves"].to_numpy()
        for x, y, colour in zip(value, at, colours, strict=True):
            look = {"edgecolors": colour, "facecolors": face or colour, "s": 34, "zorder": 3}
            shape = marker if abs(x) <= _WIDEST else ">" if x > 0 else "<"
            axes.scatter(np.clip(x, -_WIDEST, _WIDEST), y, marker=shape, **look)
        grey = {"ls": "", "marker": marker, "color": "black", "mfc": face or "black"}
        axes.plot([], [], label=level_words("measure", measure), **grey)
    axes.plot([], [], color="black", ls=":", label="interval without an end")
    axes.set_yticks(np.arange(len(arms))[::-1], [level_words("arm", arm) for arm in arms])
    axes.set_ylim(-0.6, len(arms) - 0.4)
    axes.set_xlim(-_WIDEST * 1.05, _WIDEST * 1.05)
    axes.set_xlabel("worse than ELU, in octaves of channels\n(1: as much as half the channels)")
    legend_below(figure, *axes.get_legend_handles_labels(), columns=3)
    write_message(figure, _octaves_message(table))
    return figure


def _octaves_message(table: pd.DataFrame) -> str:
    """Say where the ISRLUs stand at the end of the training, with their intervals."""
    part = table[(table["measure"] == "end") & table["arm"].str.startswith("isrlu")]
    said = [
        f"{level_words('arm', row.arm).replace(', ', ' with ')}: "
        f"{formatted(row.octaves, '+.2f')} ({_end(row.low)} to {_end(row.high)})"
        for row in part.sort_values("arm", ascending=False).itertuples()
    ]
    return f"Octaves from ELU at the end of the training: {'; '.join(said)}"


def _end(value: float) -> str:
    return "no end" if np.isnan(value) else formatted(value, "+.2f")


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
    figure = Figure(figsize=(WIDTH, 2.0 + 0.5 * len(arms)), layout="constrained")
    axes = figure.subplots()
    axes.axvline(0, color="black", lw=0.8)
    places = dict(zip(arms, range(len(arms))[::-1], strict=True))
    drawn = (
        (runs, 0.13, {"marker": "o", "color": COLOURS["copy"], "s": 26, "alpha": 0.5, "lw": 0}),
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
    legend_below(figure, *axes.get_legend_handles_labels(), columns=2)
    own = runs[runs["arm"].isin(arms)].groupby("arm")["difference"]
    theirs = paper.loc[paper["arm"].isin(arms), "difference"].abs()
    write_message(
        figure,
        f"Differences from ELU lie up to {(own.max() - own.min()).max():.2f} pp apart between the "
        f"seeds of one activation; the paper's are at most {theirs.max():.2f} pp",
    )
    return figure
