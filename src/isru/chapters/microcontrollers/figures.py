"""Figures of the microcontroller chapter."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

from isru.drawing.message import WIDTH, write_message
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
    "hard": "straight lines",
    "identity": "none",
}
_NETWORKS = DEVICE_LABELS | {"hard": "straight lines"}
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
_KINDS = {  # colour and marker
    "libm": ("tanh", "o"),
    "isru": ("isru", "s"),
    "bound": ("copy", "x"),
    "stand_in": ("ladder", "D"),
    "other": ("softsign", "^"),
}
_SAID = {"isru": "ISRU", "tanh": "the C library's tanh"}


def call_costs(calls: pd.DataFrame) -> Figure:
    """Draw the cycles of one call, with their bracket, for candidate and gate on one core.

    Parameters
    ----------
    calls : pandas.DataFrame
        From `isru.firmware.measure_activation`, one target with a table of cycles.
    """
    parts = {role: calls[calls["role"] == role] for role in ROLE_NAMES}
    rows = [len(part) for part in parts.values()]
    figure = Figure(figsize=(WIDTH, 1.5 + 0.24 * sum(rows)), layout="constrained")
    panels = figure.subplots(2, 1, sharex=True, height_ratios=rows)
    for axes, (role, part) in zip(panels, parts.items(), strict=True):
        part = part.sort_values("cycles", ascending=False)
        for place, row in enumerate(part.itertuples()):
            name, marker = _KINDS[row.kind]
            colour = COLOURS[name]
            axes.hlines(place, row.cycles_low, row.cycles_high, color=colour, lw=5, alpha=0.4)
            axes.plot(row.cycles, place, marker, color=colour, ms=6)
            axes.annotate(
                f"{row.cycles:.0f}",
                (max(row.cycles, row.cycles_high), place),
                (7, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
            )
        axes.set_yticks(range(len(part)), [_function_name(name) for name in part["arm"]])
        axes.tick_params(axis="y", labelsize=9, length=0)
        axes.set_title(ROLE_NAMES[role], loc="left", fontsize=10)
        axes.grid(axis="y", visible=False)
        axes.invert_yaxis()
    panels[-1].set(xlabel="cycles of one call", xlim=(0, 1.1 * calls["cycles_high"].max()))
    write_message(figure, _calls_message(parts["activation"]))
    return figure


def _calls_message(part: pd.DataFrame) -> str:
    """Say what ISRU takes, beside the C library and the cheapest that stands in for it."""
    cycles = part.set_index("arm")["cycles"]
    others = part[part["kind"] == "stand_in"].set_index("arm")["cycles"]
    said = [f"{cycles[arm]:.0f} with {name}" for arm, name in _SAID.items() if arm in cycles]
    if len(others):
        said.append(
            f"{others.min():.0f} with its cheapest stand-in ({_function_name(others.idxmin())})"
        )
    return f"Cycles of one call: {', '.join(said)}"


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
    figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
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
        ylabel="steps in the time of one\nwith the C library's functions",
        xlim=(units[0] / (units[-1] / units[0]) ** 1.05, units[-1] * 1.12),
        ylim=(0.85, None),
    )
    axes.xaxis.set_major_locator(FixedLocator(units))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xticks(units, [str(count) for count in units])
    write_message(figure, _gains_message(steps))
    return figure


def _gains_message(steps: pd.DataFrame) -> str:
    """Say how many steps with ISRU everywhere, and with a table, fit into one of the C library."""
    ends = sorted({steps["units"].min(), steps["units"].max()})
    gains = steps.set_index(["arm", "units"])["speedup_libm"]
    arms = {"exp_free": "ISRU everywhere", "table": "a table"}
    said = [
        f"{name} {' and '.join(f'{gains[arm, n]:.2f}' for n in ends)}"
        for arm, name in arms.items()
        if (arm, ends[0]) in gains.index
    ]
    sizes = " and ".join(str(n) for n in ends)
    return (
        f"Steps in the time of one with the C library's tanh, at {sizes} units: {', '.join(said)}"
    )


def _label_left(axes, ends, first) -> None:
    """Write each arm's name left of its line's beginning, names apart from each other."""
    ends = sorted(ends)
    room = 0.062 * (ends[-1][0] - 0.85)
    places = [ends[0][0]]
    for value, *_ in ends[1:]:
        places.append(max(value, places[-1] + room))
    for (value, arm, colour), place in zip(ends, places, strict=True):
        axes.annotate(
            f"{_NETWORKS[arm]} {value:.2f}",
            (first, value),
            (first * 0.9, place),
            ha="right",
            va="center",
            fontsize=9,
            color=colour if arm in ("libm", "isru", "exp_free") else "#333333",
            arrowprops={"arrowstyle": "-", "lw": 0.5, "color": colour},
        )
