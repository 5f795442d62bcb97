"""Figures of the forecaster chapter."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.dates import DateFormatter, MonthLocator
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from isru.drawing.marks import draw_estimates, draw_floor, view
from isru.drawing.message import WIDTH, legend_below, write_message
from isru.drawing.sentences import commonest, equivalent_counts, listed
from isru.drawing.style import COLOURS, arm_colour, arm_marker
from isru.studies.arms import ARMS
from isru.studies.figures import STEP_NAMES, difference_row
from isru.studies.forecaster import FORECASTER_ARMS
from isru.studies.paired import METRICS

FRAMEWORK_NAMES = {"numpy": "NumPy", "numba": "compiled code", "keras": "Keras"}
METRIC_NAMES = {
    "skill": "temperature: skill",
    "accuracy": "rain: accuracy",
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
    figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
    (start, end), (first_test, last_test) = spans["training"], spans["test"]
    write_message(
        figure,
        f"The network trains on {_month(start)} to {_month(end)} {pd.Timestamp(end).year} and is "
        f"tested on {_month(first_test)} to {_month(last_test)}",
    )
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
        top.annotate(
            name, (middle, 1.02), xycoords=("data", "axes fraction"), ha="center", fontsize=9
        )
    top.set_ylabel(f"temperature at {airport} (°C),\ndaily range and mean")
    bottom.bar(days["day"], days["rain"], width=1.0, color=COLOURS["copy"])
    bottom.set_ylabel("rain\n(mm a day)")
    bottom.xaxis.set_major_locator(MonthLocator(interval=2))
    bottom.xaxis.set_major_formatter(DateFormatter("%b"))
    bottom.set_xlabel(f"{days['day'].iloc[0].year}")
    bottom.set_xlim(days["day"].iloc[0], days["day"].iloc[-1])
    return figure


def _month(day) -> str:
    return f"{pd.Timestamp(day):%B}"


def saving_by_units(table: pd.DataFrame) -> Figure:
    """Draw the saving of a step against the units, measured and predicted, over the A/A floor.

    One row for each framework, with a vertical axis of its own.

    Parameters
    ----------
    table : pandas.DataFrame
        From `isru.studies.savings.savings`, with a column ``predicted`` (NaN where there is
        no prediction from large arrays); one batch size. Undecided savings are hollow.
    """
    steps = [step for step in STEP_NAMES if step in set(table["step"])]
    frameworks = [name for name in FRAMEWORK_NAMES if name in set(table["framework"])]
    figure = Figure(figsize=(WIDTH, 2.05 * len(frameworks) + 1.1), layout="constrained")
    write_message(figure, _saving_message(table, frameworks))
    panels = figure.subplots(len(frameworks), len(steps), sharex=True, sharey="row", squeeze=False)
    for row, framework in zip(panels, frameworks, strict=True):
        part = table[table["framework"] == framework]
        expected = part[["saving", "expected", "predicted"]]
        row[0].set_ylim(view(expected, part[["low", "high"]], least=5.0))
        for axes, step in zip(row, steps, strict=True):
            _saving_panel(axes, part[part["step"] == step].sort_values("units"))
        row[0].set_ylabel(f"{FRAMEWORK_NAMES[framework]}:\ntime saved by ISRU (%)")
    for axes, step in zip(panels[0], steps, strict=True):
        axes.set_title(STEP_NAMES[step], loc="left")
    sizes = [count for count in (10, 25, 100, 300) if count in set(table["units"])]
    for axes in panels[-1]:
        axes.set(xlabel="units of the layer", xscale="log")
        axes.set_xticks(sizes, [str(count) for count in sizes])
        axes.xaxis.set_minor_locator(NullLocator())
    handles, labels = panels[0, 0].get_legend_handles_labels()
    legend_below(figure, handles, labels, columns=2)
    return figure


def _saving_message(table: pd.DataFrame, frameworks: list[str]) -> str:
    """Return the commonest direction in each framework, over sizes and steps."""
    found = [
        f"{commonest(table.loc[table['framework'] == name, 'direction'], 'points')} in "
        f"{FRAMEWORK_NAMES[name]}"
        for name in frameworks
    ]
    return f"A step with ISRU is {listed(found)}"


def _saving_panel(axes, part: pd.DataFrame) -> None:
    units = part["units"].to_numpy()
    draw_floor(axes, units, part["floor_low"], part["floor_high"])
    axes.axhline(0, color=COLOURS["tanh"], lw=1.2)
    style = {"color": COLOURS["prediction"], "lw": 1.2}
    axes.plot(units, part["expected"], ls="--", label="predicted by its calls", **style)
    if part["predicted"].notna().all():
        axes.plot(units, part["predicted"], ls=":", label="predicted from large arrays", **style)
    look = {"colour": COLOURS["isru"], "marker": arm_marker("isru"), "ls": "-"}
    label = "measured (hollow: undecided)"
    decided = part["direction"] != "undecided"
    draw_estimates(axes, units, part, "saving", decided=decided, label=label, **look)


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
    figure = Figure(figsize=(WIDTH, len(metrics) * (0.32 * len(keys) + 0.5) + 1.0))
    figure.set_layout_engine("constrained")
    margins = {f"±{METRICS[metric].margin:g} pp" for metric in metrics}
    counts = equivalent_counts(cells, {arm: ARMS[arm].label for _, arm in keys})
    write_message(figure, f"Equivalent to tanh within {'/'.join(margins)}: {counts} comparisons")
    panels = figure.subplots(len(metrics), 1, sharex=True, squeeze=False)[:, 0]
    names = [f"{ARMS[arm].label}, {units} units" for units, arm in keys]
    for axes, metric in zip(panels, metrics, strict=True):
        margin = METRICS[metric].margin
        axes.axvspan(-margin, margin, color=COLOURS["floor"], lw=0, alpha=0.5)
        axes.axvline(0, color=COLOURS["tanh"], lw=1.2)
        for place, (units, arm) in enumerate(keys):
            match = (summary["metric"] == metric) & (summary["units"] == units)
            for row in summary[match & (summary["arm"] == arm)].itertuples():
                same = (pairs["metric"] == metric) & (pairs["units"] == units)
                values = pairs.loc[same & (pairs["arm"] == arm), "difference"].to_numpy()
                difference_row(axes, place, values, row, limit)
        axes.set(xlim=(-limit, limit), ylim=(len(keys) - 0.4, -0.6))
        axes.set_title(METRIC_NAMES[metric], loc="left")
        axes.grid(axis="y", visible=False)
        axes.set_yticks(range(len(keys)), names)
    panels[-1].set_xlabel(f"minus that of tanh (pp; band: {'/'.join(margins)})")
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
    figure = Figure(figsize=(WIDTH, 0.36 * len(names) + 1.8), layout="constrained")
    write_message(figure, _occupancy_message(networks, rules))
    panels = figure.subplots(1, len(TEST_NAMES), sharey=True)
    for axes, (test, title) in zip(panels, TEST_NAMES.items(), strict=True):
        for place, name in enumerate(names):
            for inputs, shift in _SHIFT.items():
                table, column = (rules, "rule") if name in RULE_NAMES else (networks, "arm")
                chosen = (table["test"] == test) & (table["inputs"] == inputs)
                values = table.loc[chosen & (table[column] == name), "accuracy"].to_numpy()
                _row(axes, place + shift, values, name, inputs)
        axes.axhline(len(RULE_NAMES) - 0.5, color=COLOURS["copy"], lw=0.6)
        axes.set(xlabel="right answers (%)", ylim=(len(names) - 0.4, -0.6))
        axes.set_title(title, loc="left")
        axes.grid(axis="y", visible=False)
    panels[0].set_yticks(range(len(names)), list(names.values()))
    handles = [
        panels[0].plot([], [], "D", color=COLOURS["copy"], mfc=_face(inputs, COLOURS["copy"]))[0]
        for inputs in _SHIFT
    ]
    labels = ["with the light sensor", "without it"]
    legend_below(figure, handles, labels, columns=2)
    return figure


def _occupancy_message(networks: pd.DataFrame, rules: pd.DataFrame) -> str:
    """Return how the best rule and the best network compare on the original's test."""
    bests = []
    for table, column in ((rules, "rule"), (networks, "arm")):
        chosen = table[(table["test"] == "original") & (table["inputs"] == "all")]
        means = chosen.groupby(column)["accuracy"].mean()
        bests.append((means.idxmax(), means.max()))
    (rule, right), (arm, learned) = bests
    order = "more often than" if right > learned else "no more often than"
    return (
        f"The best rule ({RULE_NAMES[rule]}, {right:.1f} %) is right {order} the best network "
        f"({ARMS[arm].label}, {learned:.1f} %) on {TEST_NAMES['original']}"
    )


def _row(axes, place: float, values: np.ndarray, name: str, inputs: str) -> None:
    colour, marker = arm_colour(name), "D" if name in RULE_NAMES else arm_marker(name)
    if len(values) > 1:
        axes.scatter(values, np.full(len(values), place), s=9, color=colour, alpha=0.4, lw=0)
    if len(values):
        axes.plot(values.mean(), place, marker, color=colour, mfc=_face(inputs, colour), ms=6)


def _face(inputs: str, colour: str) -> str:
    return colour if _FACES[inputs] else "white"
