"""Figures of the forecaster chapter."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.dates import DateFormatter, MonthLocator
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from isru.drawing.style import COLOURS, arm_colour
from isru.studies.arms import ARMS
from isru.studies.figures import STEP_NAMES, difference_row
from isru.studies.forecaster import FORECASTER_ARMS
from isru.studies.paired import METRICS

FRAMEWORK_NAMES = {"numpy": "NumPy", "numba": "compiled", "keras": "Keras"}
METRIC_NAMES = {
    "skill": "temperature: skill minus tanh's (pp)",
    "accuracy": "rain: accuracy minus tanh's (pp)",
}
_SHADES = {"training": "#FFFFFF", "validation": "#DDE8F0", "test": "#F6DFCF"}


def weather_year(days: pd.DataFrame, spans: dict, airport: str) -> Figure:
    """Draw a year of weather with the parts that train, validate and test.

    Parameters
    ----------
    days : pandas.DataFrame
        From `isru.data.weather.daily_weather`.
    spans : dict
        From `isru.data.forecast.ForecastWindows.spans`.
    airport : str
    """
    figure = Figure(figsize=(8.2, 4.2), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    for axes in (top, bottom):
        for name, (first, last) in spans.items():
            axes.axvspan(first, last, color=_SHADES[name], lw=0)
            for end in (first, last):
                axes.axvline(end, color=COLOURS["copy"], lw=0.6, ls=":")
    top.fill_between(
        days["day"], days["low"], days["high"], color=COLOURS["floor"], lw=0, alpha=0.8
    )
    top.plot(days["day"], days["mean"], color=COLOURS["copy"], lw=1.2)
    for name, (first, last) in spans.items():
        middle = first + (last - first) / 2
        top.annotate(name, (middle, 1.02), xycoords=("data", "axes fraction"), ha="center")
    top.set_ylabel(f"temperature at {airport} (°C)\ndaily range and mean")
    bottom.bar(days["day"], days["rain"], width=1.0, color=COLOURS["tanh"])
    bottom.set_ylabel("rain\n(mm a day)")
    bottom.xaxis.set_major_locator(MonthLocator())
    bottom.xaxis.set_major_formatter(DateFormatter("%b"))
    bottom.set_xlabel("2013")
    bottom.set_xlim(days["day"].iloc[0], days["day"].iloc[-1])
    return figure


def saving_by_units(table: pd.DataFrame) -> Figure:
    """Draw the saving of a step against the units, measured and predicted, over the A/A floor.

    One column for each framework, with a vertical axis of its own.

    Parameters
    ----------
    table : pandas.DataFrame
        From `isru.studies.savings.savings`, with a column ``predicted`` (NaN where there is
        no prediction from large arrays); one batch size.
    """
    steps = [step for step in STEP_NAMES if step in set(table["step"])]
    frameworks = [name for name in FRAMEWORK_NAMES if name in set(table["framework"])]
    figure = Figure(figsize=(8.2, 2.9 * len(steps) + 0.3), layout="constrained")
    panels = figure.subplots(len(steps), len(frameworks), sharex=True, sharey="col", squeeze=False)
    for row, step in zip(panels, steps, strict=True):
        for axes, framework in zip(row, frameworks, strict=True):
            chosen = (table["framework"] == framework) & (table["step"] == step)
            _saving_panel(axes, table[chosen].sort_values("units"))
            axes.set_title(f"{FRAMEWORK_NAMES[framework]}, {STEP_NAMES[step]}")
        row[0].set_ylabel("time saved by ISRU (%)\n(negative: slower)")
    sizes = [count for count in (10, 25, 100, 300) if count in set(table["units"])]
    for axes in panels[-1]:
        axes.set(xlabel="units of the layer", xscale="log")
        axes.set_xticks(sizes, [str(count) for count in sizes])
        axes.xaxis.set_minor_locator(NullLocator())
    # A noisy floor may be wider than everything else: it is cut off, not followed.
    for axes, framework in zip(panels[0], frameworks, strict=True):
        part = table[table["framework"] == framework]
        shown = part[["saving", "low", "high", "expected", "predicted"]].to_numpy()
        low, high = min(np.nanmin(shown), -5.0), max(np.nanmax(shown), 5.0)
        axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=9)
    return figure


def _saving_panel(axes, part: pd.DataFrame) -> None:
    units = part["units"].to_numpy()
    axes.fill_between(
        units,
        part["floor_low"],
        part["floor_high"],
        color=COLOURS["floor"],
        lw=0,
        alpha=0.7,
        label="A/A floor",
    )
    axes.axhline(0, color=COLOURS["tanh"], lw=1.2)
    style = {"color": COLOURS["prediction"], "lw": 1.3}
    axes.plot(units, part["expected"], ls="--", label="predicted by its calls", **style)
    if part["predicted"].notna().all():
        axes.plot(units, part["predicted"], ls=":", label="predicted from large arrays", **style)
    axes.vlines(units, part["low"], part["high"], color=COLOURS["isru"], lw=4, alpha=0.4)
    axes.plot(units, part["saving"], color=COLOURS["isru"], marker="o", ms=4, label="measured")


def paired_differences(pairs: pd.DataFrame, summary: pd.DataFrame, *, limit: float) -> Figure:
    """Draw what each arm gains or loses against tanh, seed by seed, over the band of +-margin.

    Parameters
    ----------
    pairs, summary : pandas.DataFrame
        From `isru.studies.paired.differences` and `compare`; the metrics in `METRIC_NAMES`
        are drawn.
    limit : float
        Half the width of the axes; what lies beyond stands at the edge as an arrowhead.
    """
    metrics = [name for name in METRIC_NAMES if name in set(summary["metric"])]
    cells = summary[summary["metric"].isin(metrics)]
    keys = list(dict.fromkeys(zip(cells["units"], cells["arm"], strict=True)))
    keys.sort(key=lambda key: (key[0], list(ARMS).index(key[1])))
    figure = Figure(figsize=(8.2, 0.5 * len(keys) + 1.1), layout="constrained")
    panels = figure.subplots(1, len(metrics), sharey=True, squeeze=False)[0]
    for axes, metric in zip(panels, metrics, strict=True):
        margin = METRICS[metric].margin
        axes.axvspan(-margin, margin, color=COLOURS["floor"], lw=0, alpha=0.5)
        axes.axvline(0, color=COLOURS["tanh"], lw=1.2)
        band = f"±{margin:g} pp"
        axes.annotate(band, (0, 1.01), xycoords=("data", "axes fraction"), ha="center", fontsize=8)
        for place, (units, arm) in enumerate(keys):
            match = (summary["metric"] == metric) & (summary["units"] == units)
            for row in summary[match & (summary["arm"] == arm)].itertuples():
                same = (pairs["metric"] == metric) & (pairs["units"] == units)
                values = pairs.loc[same & (pairs["arm"] == arm), "difference"].to_numpy()
                difference_row(axes, place, values, row, limit)
        axes.set(xlim=(-limit, limit), ylim=(len(keys) - 0.4, -0.6), xlabel=METRIC_NAMES[metric])
        axes.grid(axis="y", visible=False)
    names = [f"{ARMS[arm].label}, {units} units" for units, arm in keys]
    panels[0].set_yticks(range(len(keys)), names)
    return figure


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
