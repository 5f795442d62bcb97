"""Figures of the character chapter."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, ScalarFormatter

from isru.drawing.style import COLOURS
from isru.studies.arms import ARMS
from isru.studies.figures import difference_marks

RATE_NAMES = {"low": "low rate", "middle": "middle rate", "high": "high rate", "own": "own rates"}
ENGINE_NAMES = {"numba": "Numba", "numpy": "NumPy"}
STEP_NAMES = {"predict": "forward", "train": "whole update"}
_GREY = "#777777"
_SHOWN = 0.98  # of the differences fit on the axis: a network that diverged lies far outside
_MARKERS = ("o", "s", "^", "D", "v", "P")


def learning_curves(curves: pd.DataFrame, baselines: Mapping[str, float]) -> Figure:
    """Draw the validation loss against the updates, tanh beside ISRU, over what to beat.

    Parameters
    ----------
    curves : pandas.DataFrame
        Columns network, arm, seed, updates, bits; one rate, at most nine networks. Lines are
        means over the seeds, bands reach from the lowest seed to the highest.
    baselines : dict
        Label -> bits per character.
    """
    networks = list(dict.fromkeys(curves["network"]))
    columns = 2 if len(networks) in (2, 4) else min(len(networks), 3)
    rows = -(-len(networks) // columns)
    figure = Figure(figsize=(8.4, 2.9 * rows + 0.3), layout="constrained")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    drawn = curves[(curves["updates"] > 0) & curves["arm"].isin(["tanh", "isru"])]
    for axes, network in zip(panels.flat, networks, strict=False):
        for arm, style in (("tanh", "-"), ("isru", "--")):
            part = drawn[(drawn["network"] == network) & (drawn["arm"] == arm)]
            bits = part.groupby("updates")["bits"].agg(["mean", "min", "max"])
            ends = bits["min"], bits["max"]
            axes.fill_between(bits.index, *ends, color=COLOURS[arm], alpha=0.15, lw=0)
            axes.plot(bits.index, bits["mean"], style, color=COLOURS[arm], label=ARMS[arm].label)
        highest = max(baselines.values())
        for label, value in baselines.items():
            axes.axhline(value, color=_GREY, lw=0.9, ls=":")
            above = value == highest
            place = {"xy": (0.02, value), "xycoords": ("axes fraction", "data")}
            near = {"xytext": (0, 2 if above else -2), "textcoords": "offset points"}
            side = {"va": "bottom" if above else "top", "fontsize": 8, "color": "#555555"}
            axes.annotate(label, **place, **near, **side)
        depth, units = network.split("x")
        axes.set_title(f"{_layers(int(depth))} of {units} units", loc="left")
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticks(_doublings(drawn["updates"]))
        axes.set_ylim(bottom=min(drawn["bits"].min(), *baselines.values()) - 0.4)
    for axes in list(panels.flat)[len(networks) :]:
        axes.set_visible(False)
    for axes in panels[-1]:
        axes.set_xlabel("updates")
    for axes in panels[:, 0]:
        axes.set_ylabel("held-out bits\nper character")
    panels[0, 0].legend(loc="upper right", fontsize=9)
    return figure


def loss_differences(pairs: pd.DataFrame, summary: pd.DataFrame, *, margin: float) -> Figure:
    """Draw how much higher the loss is than with tanh, seed by seed, over the band of +-margin.

    The axis holds all but a few of the seeds; what lies beyond stands at its edge.

    Parameters
    ----------
    pairs : pandas.DataFrame
        From `isru.chapters.characters.study.differences`.
    summary : pandas.DataFrame
        Of `isru.studies.paired.compare`. The identity is written beside each row, as its
        losses lie far outside.
    margin : float
        In %.
    """
    conditions = list(dict.fromkeys(summary["units"]))
    arms = [arm for arm in ("isru", "exp_free") if arm in set(summary["arm"])]
    figure = Figure(figsize=(8.2, 0.5 * len(conditions) + 1.2), layout="constrained")
    axes = figure.subplots()
    axes.axvspan(-margin, margin, color=COLOURS["floor"], lw=0, alpha=0.5)
    axes.axvline(0, color=COLOURS["tanh"], lw=1.2)
    top = {"xycoords": ("data", "axes fraction"), "ha": "center", "fontsize": 8}
    axes.annotate(f"±{margin:g} %", (0, 1.01), **top)
    shown = pairs.loc[pairs["arm"].isin(arms), "difference"].abs()
    limit = 1.2 * max(shown.quantile(_SHOWN), 2 * margin)
    for arm, offset in zip(arms, (-0.16, 0.2), strict=False):
        for place, condition in enumerate(conditions):
            chosen = (summary["units"] == condition) & (summary["arm"] == arm)
            for row in summary[chosen].itertuples():
                same = (pairs["units"] == condition) & (pairs["arm"] == arm)
                values = pairs.loc[same, "difference"].to_numpy()
                difference_marks(axes, place + offset, values, row, limit)
    for place, condition in enumerate(conditions):
        control = summary[(summary["units"] == condition) & (summary["arm"] == "identity")]
        for row in control.itertuples():
            text = f"{row.mean:+.0f} ({row.low:+.0f} to {row.high:+.0f})"
            _beside(axes, place, text.replace("-", "−"))
    _beside(axes, -0.85, "identity (%)")
    axes.set(xlim=(-limit, limit), ylim=(len(conditions) - 0.4, -0.6))
    axes.set_xlabel("held-out loss against tanh (%), after equally many updates")
    axes.set_yticks(range(len(conditions)), [_condition(name) for name in conditions])
    axes.grid(axis="y", visible=False)
    handles = [axes.plot([], [], "D", color=COLOURS[arm], ms=6)[0] for arm in arms]
    names = [ARMS[arm].label for arm in arms]
    figure.legend(handles, names, loc="outside lower center", ncols=2, fontsize=9)
    return figure


def _beside(axes, place: float, text: str) -> None:
    axes.text(*(1.02, place, text), transform=axes.get_yaxis_transform(), va="center", fontsize=8.5)


def _condition(name: str) -> str:
    network, _, rate = name.partition("_")
    depth, units = network.split("x")
    return f"{_layers(int(depth))} of {units}, {RATE_NAMES[rate]}"


def published_beside_ours(
    grid: pd.DataFrame, losses: pd.DataFrame, savings: pd.DataFrame, *, margin: float
) -> Figure:
    """Draw the published grids beside ours: what ISRU did to the loss, and to the forward time.

    Parameters
    ----------
    grid : pandas.DataFrame
        The published table ``characters_grid``.
    losses : pandas.DataFrame
        Ours: layers, units, mean, low, high, in %.
    savings : pandas.DataFrame
        Ours, forward pass of the compiled engine: layers, units, saving, low, high, in %.
    margin : float
        In %.
    """
    figure = Figure(figsize=(8.4, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.axhspan(-margin, margin, color=COLOURS["floor"], alpha=0.5, lw=0, zorder=0)
    columns = ("loss_difference_last10_percent", "forward_saving_percent")
    ours = (losses, "mean"), (savings, "saving")
    for axes, column, (table, value) in zip((left, right), columns, ours, strict=True):
        axes.axhline(0, color=COLOURS["tanh"], lw=1.2)
        label = "published, one unpaired run each"
        axes.scatter(grid["units"], grid[column], s=16, color=_GREY, alpha=0.7, lw=0, label=label)
        for marker, (depth, part) in zip(_MARKERS, table.groupby("layers"), strict=False):
            x = part["units"] * 1.05 ** (depth - table["layers"].mean())
            axes.vlines(x, part["low"], part["high"], color=COLOURS["isru"], lw=3, alpha=0.4)
            style = {"color": COLOURS["isru"], "marker": marker, "ls": "", "ms": 5.5}
            axes.plot(x, part[value], label=f"ours, {_layers(depth)}", **style)
        sizes = sorted({8, 16, 32, 64, 128, 256, 512} & {*grid["units"], *table["units"]})
        axes.set(xlabel="units per layer", xscale="log")
        axes.set_xticks(sizes, [str(size) for size in sizes])
        axes.xaxis.set_minor_locator(NullLocator())
    left.set_ylabel("loss with ISRU against tanh (%)")
    left.set_title("Loss (published: training; ours: held out)", loc="left", fontsize=9.5)
    right.set_ylabel("time saved by ISRU (%)")
    right.set_title("Forward pass (compiled)", loc="left", fontsize=9.5)
    for axes in (left, right):
        axes.legend(loc="best", fontsize=8)
    return figure


def window_saving(table: pd.DataFrame) -> Figure:
    """Draw the saving of a window, measured and predicted, by engine, over the A/A floor.

    Parameters
    ----------
    table : pandas.DataFrame
        From `isru.chapters.characters.steps.window_savings`.
    """
    engines = [name for name in ENGINE_NAMES if name in set(table["engine"])]
    figure = Figure(figsize=(8.4, 2.8 * len(engines) + 0.4), layout="constrained")
    panels = figure.subplots(len(engines), len(STEP_NAMES), sharex=True, squeeze=False)
    for row, engine in zip(panels, engines, strict=True):
        for axes, step in zip(row, STEP_NAMES, strict=True):
            part = table[(table["engine"] == engine) & (table["step"] == step)]
            _saving_panel(axes, part)
            axes.set_title(f"{ENGINE_NAMES[engine]}, {STEP_NAMES[step]}", loc="left")
        shown = table.loc[table["engine"] == engine, ["saving", "low", "high", "expected"]]
        low, high = min(shown.min().min(), -5.0), max(shown.max().max(), 5.0)
        for axes in row:  # a noisy floor may be wider than all else: it is cut off, not followed
            axes.set_ylim(low - 0.06 * (high - low), high + 0.06 * (high - low))
        row[0].set_ylabel("time saved by ISRU (%)\n(negative: slower)")
    sizes = sorted(set(table["units"]))
    for axes in panels[-1]:
        axes.set(xlabel="units per layer", xscale="log")
        axes.set_xticks(sizes, [str(size) for size in sizes])
        axes.xaxis.set_minor_locator(NullLocator())
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=9)
    return figure


def _saving_panel(axes, part: pd.DataFrame) -> None:
    ends = part.groupby("units")[["floor_low", "floor_high"]].agg({"floor_low": "min"})
    ends["floor_high"] = part.groupby("units")["floor_high"].max()
    style = {"color": COLOURS["floor"], "lw": 0, "alpha": 0.7, "label": "A/A floor"}
    axes.fill_between(ends.index, ends["floor_low"], ends["floor_high"], **style)
    axes.axhline(0, color=COLOURS["tanh"], lw=1.2)
    label = "predicted by its calls"
    for marker, (depth, line) in zip(_MARKERS, part.groupby("layers"), strict=False):
        line = line.sort_values("units")
        x = line["units"] * 1.04 ** (depth - part["layers"].mean())
        axes.plot(x, line["expected"], color=COLOURS["prediction"], lw=1.1, ls="--", label=label)
        label = None
        axes.vlines(x, line["low"], line["high"], color=COLOURS["isru"], lw=3, alpha=0.4)
        style = {"color": COLOURS["isru"], "marker": marker, "ms": 4.5, "lw": 1.2}
        axes.plot(x, line["saving"], label=f"measured, {_layers(depth)}", **style)


def _layers(count: int) -> str:
    return "1 layer" if count == 1 else f"{count} layers"


def _doublings(updates: pd.Series) -> list[int]:
    """Return a few of the points of a curve, each at twice the updates of the one before."""
    points = sorted(set(updates))
    return points[::-2][::-1]
