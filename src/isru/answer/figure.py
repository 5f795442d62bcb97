"""The first picture: what ISRU takes over tanh and over its best rival, a row a platform."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from isru.drawing.message import WIDTH, legend_below, write_message
from isru.drawing.style import COLOURS
from isru.wording import formatted

# Arm: its name and marker.
_ARMS = {"isru": ("ISRU for tanh", "o"), "exp_free": ("ISRU everywhere", "D")}
_GROUPS = {
    "measured": "Measured",
    "emulated": "Emulated",
    "analysed": "Analysed: one call in a loop",
}
_SAID = {
    "measured": "where measured",
    "emulated": "on emulated microcontrollers",
    "analysed": "in analysed vector loops",
}
_AGAINST = {"tanh": "over tanh", "rival": "over the best rival"}
# Legends show both arms over tanh first.
_ORDER = [(arm, against) for against in _AGAINST for arm in _ARMS]
_TICKS = (0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.25, 1.5, 2, 2.5, 3, 4, 6, 8)
_APART = 0.19  # of two marks on one row, in rows
_MOST_TICKS = 7


def step_times_figure(table: pd.DataFrame) -> Figure:
    """Draw one row for each platform, grouped by how its times were found.

    Parameters
    ----------
    table : pandas.DataFrame
        See `isru.answer.step_times`.
    """
    rows, headings = _layout(table)
    height = 0.28 * (len(rows) + len(headings)) + 1.8
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.subplots()
    axes.axvline(1, color=COLOURS["tanh"], lw=1.4, zorder=1)
    arms = table.groupby("platform")["arm"].nunique()
    parts = dict(list(table.groupby(["arm", "against"])))
    for arm, against in (one for one in _ORDER if one in parts):
        part = parts[arm, against]
        name, marker = _ARMS[arm]
        beside = _APART / 2 if arm == "isru" else -_APART / 2
        places = [rows[name] + beside * (arms[name] > 1) for name in part["platform"]]
        over_tanh = against == "tanh"
        width = {"lw": 2.4} if over_tanh else {"lw": 1.2, "zorder": 2}
        axes.hlines(places, part["low"], part["high"], color=COLOURS[arm], **width)
        axes.scatter(
            part["ratio"],
            places,
            marker=marker,
            facecolors=COLOURS[arm] if over_tanh else "white",
            edgecolors=COLOURS[arm],
            s=26 if over_tanh else 52,  # a ring around the mark where the two coincide
            label=f"{name}, {_AGAINST[against]}",
            zorder=4 if over_tanh else 3,
        )
    axes.set_yticks(list(rows.values()), list(rows), parse_math=False)
    for how, place in headings.items():
        axes.annotate(
            _GROUPS[how],
            (0, place),
            xycoords=axes.get_yaxis_transform(),
            xytext=(-6, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontweight="bold",
        )
    _scale(axes, table, bottom=min(rows.values()) - 0.6)
    handles, labels = axes.get_legend_handles_labels()
    legend_below(figure, handles, labels, columns=2)
    write_message(figure, _message(table))
    return figure


def _message(table: pd.DataFrame) -> str:
    """Say by group between which times over tanh ISRU lies, in its place or everywhere."""
    over = table[table["against"] == "tanh"].groupby("how")["ratio"]
    said = [
        f"{over.min()[how]:.2f} to {over.max()[how]:.2f} {words}"
        for how, words in _SAID.items()
        if how in over.groups
    ]
    return f"Time with ISRU over time with tanh: {', '.join(said)}"


def _layout(table: pd.DataFrame) -> tuple[dict[str, float], dict[str, float]]:
    """Return the height of each platform and of each group's heading, from 0 downward."""
    rows: dict[str, float] = {}
    headings: dict[str, float] = {}
    place = 0.0
    for how in _GROUPS:
        names = dict.fromkeys(table.loc[table["how"] == how, "platform"])
        if not names:
            continue
        headings[how] = place
        for name in names:
            place -= 1
            rows[name] = place
        place -= 1.15
    return rows, headings


def _scale(axes, table: pd.DataFrame, bottom: float) -> None:
    ends = [*table["low"], *table["high"], 1]
    low, high = min(ends) / 1.12, max(ends) * 1.12
    axes.set(xscale="log", xlim=(low, high), ylim=(bottom, 0.45))
    within = [tick for tick in _TICKS if low < tick < high]
    # Of a long scale every second is left out: all but 1 and its even distances.
    step = 1 + (len(within) > _MOST_TICKS)
    one = within.index(1)
    ticks = within[one % step :: step]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("time with ISRU over time without")
    words = {"\N{LEFTWARDS ARROW} faster with ISRU": (-6, "right")}
    words["slower \N{RIGHTWARDS ARROW}"] = (6, "left")
    for text, (offset, side) in words.items():
        axes.annotate(
            text,
            (1, 1),
            xycoords=("data", "axes fraction"),
            xytext=(offset, 3),
            textcoords="offset points",
            ha=side,
            va="bottom",
            fontsize=9,
            fontweight="bold",
        )


def step_times_words(table: pd.DataFrame) -> str:
    """Return what the picture shows in words, for those who cannot see it."""
    sentences = ["A row for each platform, and on it the time with ISRU over that without."]
    for (platform, how), part in table.groupby(["platform", "how"], sort=False):
        marks = [
            f"{formatted(row.ratio, '.2f')} ({formatted(row.low, '.2f')} to "
            f"{formatted(row.high, '.2f')}) with {_ARMS[row.arm][0]} {_AGAINST[row.against]}"
            for row in part.itertuples()
        ]
        sentences.append(f"{platform}, {how}: {'; '.join(marks)}.")
    return " ".join(sentences)
