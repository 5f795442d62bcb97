"""The figure of the room-occupancy data: rules and networks on the same test parts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from isru.drawing.style import COLOURS, arm_colour
from isru.studies.arms import ARMS
from isru.studies.forecaster import FORECASTER_ARMS

RULE_NAMES = {
    "majority": "always the more frequent",
    "threshold": "one input, one threshold",
    "linear": "logistic regression",
    "persistence": "as a minute ago",
}
TEST_NAMES = {"original": "the original's test", "after": "the week after training"}
_NETWORKS = {name: f"LSTM, {ARMS[name].label}" for name in FORECASTER_ARMS}
_SHIFT = {"all": -0.17, "dark": 0.17}
_FACES = {"all": True, "dark": False}


def rules_and_networks(networks: pd.DataFrame, rules: pd.DataFrame) -> Figure:
    """Draw the accuracy of every rule and network, with the light sensor and without it.

    Parameters
    ----------
    networks, rules : pandas.DataFrame
        Of `occupancy.OccupancyStudy`. Without rows the figure says that the
        data were not there.
    """
    if networks.empty:
        figure = Figure(figsize=(8.2, 1.0), layout="constrained")
        axes = figure.subplots()
        axes.set_axis_off()
        said = "The room-occupancy data were not there when this run was made."
        axes.text(0.5, 0.5, said, ha="center", va="center")
        return figure
    names = RULE_NAMES | {a: n for a, n in _NETWORKS.items() if a in set(networks["arm"])}
    figure = Figure(figsize=(8.2, 0.36 * len(names) + 1.5), layout="constrained")
    panels = figure.subplots(1, len(TEST_NAMES), sharey=True)
    for axes, (test, title) in zip(panels, TEST_NAMES.items(), strict=True):
        for place, name in enumerate(names):
            for inputs, shift in _SHIFT.items():
                table, column = (rules, "rule") if name in RULE_NAMES else (networks, "arm")
                chosen = (table["test"] == test) & (table["inputs"] == inputs)
                values = table.loc[chosen & (table[column] == name), "accuracy"].to_numpy()
                _row(axes, place + shift, values, arm_colour(name), inputs)
        axes.axhline(len(RULE_NAMES) - 0.5, color=COLOURS["copy"], lw=0.6)
        axes.set(title=title, xlabel="right answers (%)", ylim=(len(names) - 0.4, -0.6))
        axes.grid(axis="y", visible=False)
    panels[0].set_yticks(range(len(names)), list(names.values()))
    handles = [
        panels[0].plot([], [], "D", color=COLOURS["copy"], mfc=_face(inputs, COLOURS["copy"]))[0]
        for inputs in _SHIFT
    ]
    labels = ["with the light sensor", "without it"]
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=9)
    return figure


def _row(axes, place: float, values: np.ndarray, colour: str, inputs: str) -> None:
    if len(values) > 1:
        axes.scatter(values, np.full(len(values), place), s=9, color=colour, alpha=0.4, lw=0)
    if len(values):
        axes.plot(values.mean(), place, "D", color=colour, mfc=_face(inputs, colour), ms=6)


def _face(inputs: str, colour: str) -> str:
    return colour if _FACES[inputs] else "white"
