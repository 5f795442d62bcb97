"""Figures of the microcontroller chapter."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

from isru.drawing.style import COLOURS
from isru.studies.arms import DEVICE_LABELS

FUNCTION_NAMES = {
    "tanh": "tanh, C library",
    "sigmoid": "logistic, C library",
    "isru": "ISRU",
    "isru_rsqrt2": "ISRU, bit trick, 2 steps",
    "isru_rsqrt1": "ISRU, bit trick, 1 step",
    "rational": "rational",
    "polynomial": "polynomial",
    "table": "table",
    "cmsis_nn": "CMSIS-NN, float32",
    "cmsis_dsp": "CMSIS-DSP's form",
    "isru_quintic": "ISRU of a quintic",
    "clipped_parabola": "clipped parabola",
    "ladder2": "ladder, n = 2",
    "ladder3": "ladder, n = 3",
    "ladder4": "ladder, n = 4",
    "softsign": "softsign",
    "hard": "hard",
    "identity": "none",
}
ROLE_NAMES = {"activation": "for candidate and output", "gate": "for a gate"}
_LINES = {
    "isru": {"color": COLOURS["isru"], "ls": "--"},
    "exp_free": {"color": COLOURS["isru"]},
    "exp_free_rsqrt1": {"color": COLOURS["isru_plain"]},
    "table": {"color": COLOURS["tanh"], "ls": "--"},
    "rational": {"color": COLOURS["tanh"], "ls": ":"},
    "hard": {"color": COLOURS["softsign"], "ls": ":"},
    "identity": {"color": COLOURS["identity"]},
}
_KINDS = {
    **{"libm": "tanh", "isru": "isru", "bound": "identity"},
    **{"stand_in": "softsign", "other": "softsign"},
}


def call_costs(calls: pd.DataFrame) -> Figure:
    """Draw the cycles of one call, with their bracket, for candidate and gate on one core.

    Parameters
    ----------
    calls : pandas.DataFrame
        From `isru.firmware.measure_activation`, one target with a table of cycles.
    """
    rows = calls["role"].value_counts().max()
    figure = Figure(figsize=(8.2, 1.0 + 0.26 * rows), layout="constrained")
    panels = figure.subplots(1, 2, sharex=True)
    for axes, (role, title) in zip(panels, ROLE_NAMES.items(), strict=True):
        part = calls[calls["role"] == role].sort_values("cycles", ascending=False)
        for place, row in enumerate(part.itertuples()):
            colour = COLOURS[_KINDS[row.kind]]
            axes.hlines(place, row.cycles_low, row.cycles_high, color=colour, lw=5, alpha=0.4)
            axes.plot(row.cycles, place, "o", color=colour, ms=6)
            axes.annotate(
                f"{row.cycles:.0f}",
                (row.cycles_high, place),
                (5, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
        axes.set_yticks(range(len(part)), [_function_name(name) for name in part["arm"]])
        axes.set(xlabel="cycles of one call", title=title, xlim=(0, None))
        axes.grid(axis="y", visible=False)
        axes.margins(x=0.12)
        axes.invert_yaxis()
    return figure


def _function_name(arm: str) -> str:
    for ending in ("_sigmoid", "_tanh"):
        if arm not in FUNCTION_NAMES:
            arm = arm.removesuffix(ending)
    return FUNCTION_NAMES[arm]


def step_gains(steps: pd.DataFrame) -> Figure:
    """Draw how many times faster than with the C library a step is, against the units.

    Parameters
    ----------
    steps : pandas.DataFrame
        From `isru.firmware.measure_lstm`, one target.
    """
    figure = Figure(figsize=(8.2, 4.2), layout="constrained")
    axes = figure.subplots()
    units = sorted(steps["units"].unique())
    axes.plot(units, [1] * len(units), color=COLOURS["tanh"])
    ends = [(1.0, "libm", COLOURS["tanh"])]
    for arm, style in _LINES.items():
        part = steps[steps["arm"] == arm].sort_values("units")
        axes.plot(part["units"], part["speedup_libm"], marker="o", ms=4, **style)
        ends.append((float(part["speedup_libm"].iloc[0]), arm, style["color"]))
    _label_left(axes, ends, units[0])
    axes.set(
        xscale="log",
        xlabel="units of the layer",
        ylabel="steps in the time of one step\nwith the C library's functions",
        xlim=(units[0] / (units[-1] / units[0]) ** 0.62, units[-1] * 1.08),
        ylim=(0.85, None),
    )
    axes.xaxis.set_major_locator(FixedLocator(units))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xticks(units, [str(count) for count in units])
    return figure


def _label_left(axes, ends, first) -> None:
    """Write each arm's name left of its line's beginning, names apart from each other."""
    ends = sorted(ends)
    room = 0.055 * (ends[-1][0] - 0.85)
    places = [ends[0][0]]
    for value, *_ in ends[1:]:
        places.append(max(value, places[-1] + room))
    for (value, arm, colour), place in zip(ends, places, strict=True):
        axes.annotate(
            f"{DEVICE_LABELS[arm]} {value:.2f}",
            (first, value),
            (first * 0.9, place),
            ha="right",
            va="center",
            fontsize=8.5,
            color=colour if colour != COLOURS["identity"] else "#666666",
            arrowprops={"arrowstyle": "-", "lw": 0.5, "color": colour},
        )
