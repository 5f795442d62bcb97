"""Figures of the character chapter."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, ScalarFormatter

from isru.drawing.marks import draw_estimates, draw_floor, view
from isru.drawing.message import WIDTH, legend_below, write_message
from isru.drawing.sentences import commonest, listed, tally
from isru.drawing.style import COLOURS, arm_dash, arm_marker
from isru.studies.arms import ARMS
from isru.studies.figures import difference_marks, text_beside

RATE_NAMES = {"low": "low rate", "middle": "middle rate", "high": "high rate", "own": "own rates"}
ENGINE_NAMES = {"numba": "Numba", "numpy": "NumPy"}
STEP_NAMES = {"predict": "forward", "train": "whole update"}
_GREY = "#777777"
_SHOWN = 0.98  # of the differences fit on the axis: a network that diverged lies far outside
_MARKERS = ("o", "s", "^", "D", "v", "P")  # of 1, 2, 3 ... layers
_BASELINE_DASHES = (":", "-.")


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
    figure = Figure(figsize=(WIDTH, 2.0 * rows + 1.1), layout="constrained")
    drawn = curves[(curves["updates"] > 0) & curves["arm"].isin(["tanh", "isru"])]
    write_message(figure, _curves_message(drawn))
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes, network in zip(panels.flat, networks, strict=False):
        for arm in ("tanh", "isru"):
            part = drawn[(drawn["network"] == network) & (drawn["arm"] == arm)]
            bits = part.groupby("updates")["bits"].agg(["mean", "min", "max"])
            ends = bits["min"], bits["max"]
            axes.fill_between(bits.index, *ends, color=COLOURS[arm], alpha=0.15, lw=0)
            look = {"color": COLOURS[arm], "ls": arm_dash(arm), "label": ARMS[arm].label}
            axes.plot(bits.index, bits["mean"], **look)
        for value, dash in zip(baselines.values(), _BASELINE_DASHES, strict=False):
            axes.axhline(value, color=_GREY, lw=1.1, ls=dash)
        depth, units = network.split("x")
        axes.set_title(f"{_layers(int(depth))} of {units}", loc="left")
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticks(_few(drawn["updates"]))
    for axes in list(panels.flat)[len(networks) :]:
        axes.set_visible(False)
    means = drawn.groupby(["network", "arm", "updates"])["bits"].mean()
    lowest = min(drawn["bits"].min(), *baselines.values())
    panels[0, 0].set_ylim(lowest - 0.2, means.max() + 0.1)  # a band of what diverged is cut
    for axes in panels[-1]:
        axes.set_xlabel("updates")
    for axes in panels[:, 0]:
        axes.set_ylabel("bits per character")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    for label, dash in zip(baselines, _BASELINE_DASHES, strict=False):
        handles += panels[0, 0].plot([], [], color=_GREY, lw=1.1, ls=dash)
        labels.append(label)
    legend_below(figure, handles, labels, columns=len(labels))
    return figure


def _curves_message(drawn: pd.DataFrame) -> str:
    """Return how far apart the means of tanh and ISRU are where all runs of a network are left."""
    sizes = drawn.groupby(["network", "updates"]).size().reset_index(name="runs")
    complete = sizes[sizes["runs"] == sizes.groupby("network")["runs"].transform("max")]
    last = complete.groupby("network", as_index=False)["updates"].max()
    means = drawn.merge(last).groupby(["network", "arm"])["bits"].mean().unstack()
    apart = (100 * (means["isru"] / means["tanh"] - 1)).abs().max()
    updates = " to ".join(str(count) for count in sorted({*last["updates"].agg(["min", "max"])}))
    return (
        f"After {updates} updates the mean losses of tanh and ISRU differ by at "
        f"most {apart:.1f} % in each of {len(means)} networks"
    )


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
    figure = Figure(figsize=(WIDTH, 0.4 * len(conditions) + 1.9), layout="constrained")
    found = [
        f"{ARMS[arm].label} {tally(summary.loc[summary['arm'] == arm, 'word'])}" for arm in arms
    ]
    write_message(figure, f"Loss against tanh, margin ±{margin:g} %: {'; '.join(found)}")
    axes = figure.subplots()
    axes.axvspan(-margin, margin, color=COLOURS["floor"], lw=0, alpha=0.5)
    axes.axvline(0, color=COLOURS["tanh"], lw=1.2)
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
            text_beside(axes, place, text.replace("-", "\N{MINUS SIGN}"))
    text_beside(axes, -0.85, "identity (%)")
    axes.set(xlim=(-limit, limit), ylim=(len(conditions) - 0.4, -0.6))
    axes.set_xlabel(f"held-out loss against tanh (%; band: ±{margin:g})")
    axes.set_yticks(range(len(conditions)), [_condition(name) for name in conditions])
    axes.grid(axis="y", visible=False)
    handles = [
        axes.plot([], [], arm_marker(arm), color=COLOURS[arm], ls="none", ms=6)[0] for arm in arms
    ]
    legend_below(figure, handles, [ARMS[arm].label for arm in arms], columns=len(arms))
    return figure


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
    figure = Figure(figsize=(WIDTH, 6.2), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    columns = ("loss_difference_last10_percent", "forward_saving_percent")
    ours = (losses, "mean"), (savings, "saving")
    write_message(figure, _published_message(grid, columns, ours))
    upper.axhspan(-margin, margin, color=COLOURS["floor"], alpha=0.5, lw=0, zorder=0)
    for axes, column, (table, value) in zip((upper, lower), columns, ours, strict=True):
        estimates = pd.concat([grid[column], table[value]])
        axes.set_ylim(view(estimates, table[["low", "high"]], least=margin))
        axes.axhline(0, color=COLOURS["tanh"], lw=1.2)
        label = "published, single runs"
        axes.scatter(grid["units"], grid[column], s=18, color=_GREY, alpha=0.7, lw=0, label=label)
        for marker, (depth, part) in zip(_MARKERS, table.groupby("layers"), strict=False):
            x = part["units"] * 1.07 ** (depth - table["layers"].mean())
            look = {"colour": COLOURS["isru"], "marker": marker, "label": f"ours, {_layers(depth)}"}
            draw_estimates(axes, x, part, value, **look)
    sizes = sorted({8, 16, 32, 64, 128, 256, 512} & {*grid["units"], *losses["units"]})
    lower.set(xlabel="units per layer", xscale="log")
    lower.set_xticks(sizes, [str(size) for size in sizes])
    lower.xaxis.set_minor_locator(NullLocator())
    upper.set_ylabel("loss with ISRU against tanh (%)")
    upper.set_title("Loss (published: training; ours: held out)", loc="left")
    lower.set_ylabel("time saved by ISRU (%)")
    lower.set_title("Forward pass, compiled", loc="left")
    legend_below(figure, *upper.get_legend_handles_labels(), columns=2)
    return figure


def _published_message(grid: pd.DataFrame, columns, ours) -> str:
    """Return the medians of both grids."""
    names = ("loss against tanh", "forward saving")
    medians = [
        f"{name} {grid[column].median():+.1f} % published, {table[value].median():+.1f} % ours"
        for name, column, (table, value) in zip(names, columns, ours, strict=True)
    ]
    return f"Medians with ISRU: {'; '.join(medians)}".replace("-", "\N{MINUS SIGN}")


def window_saving(table: pd.DataFrame) -> Figure:
    """Draw the saving of a window, measured and predicted, by engine, over the A/A floor.

    Parameters
    ----------
    table : pandas.DataFrame
        From `isru.chapters.characters.steps.window_savings`.
    """
    engines = [name for name in ENGINE_NAMES if name in set(table["engine"])]
    figure = Figure(figsize=(WIDTH, 2.6 * len(engines) + 1.4), layout="constrained")
    table = table[table["step"].isin(STEP_NAMES)]
    found = [
        f"{commonest(table.loc[table['engine'] == name, 'direction'], 'points')} with "
        f"{ENGINE_NAMES[name]}"
        for name in engines
    ]
    write_message(figure, f"A window with ISRU is {listed(found)}")
    panels = figure.subplots(
        len(engines), len(STEP_NAMES), sharex=True, sharey="row", squeeze=False
    )
    for row, engine in zip(panels, engines, strict=True):
        of_engine = table[table["engine"] == engine]
        shown = of_engine[["saving", "expected"]], of_engine[["low", "high"]]
        row[0].set_ylim(view(*shown, least=5.0))
        for axes, step in zip(row, STEP_NAMES, strict=True):
            _saving_panel(axes, of_engine[of_engine["step"] == step])
        row[0].set_ylabel(f"{ENGINE_NAMES[engine]}:\ntime saved by ISRU (%)")
    for axes, name in zip(panels[0], STEP_NAMES.values(), strict=True):
        axes.set_title(name, loc="left")
    sizes = sorted(set(table["units"]))
    for axes in panels[-1]:
        axes.set(xlabel="units per layer", xscale="log")
        axes.set_xticks(sizes, [str(size) for size in sizes])
        axes.xaxis.set_minor_locator(NullLocator())
    look = {"ls": "none", "color": COLOURS["isru"], "mfc": "white", "label": "hollow: undecided"}
    panels[0, 0].plot([], [], "o", **look)
    legend_below(figure, *panels[0, 0].get_legend_handles_labels(), columns=2)
    return figure


def _saving_panel(axes, part: pd.DataFrame) -> None:
    by_units = part.groupby("units")
    ends = by_units["floor_low"].min(), by_units["floor_high"].max()
    draw_floor(axes, ends[0].index, *ends)
    axes.axhline(0, color=COLOURS["tanh"], lw=1.2)
    expected = by_units["expected"].mean()
    label = "predicted by its calls"
    axes.plot(expected.index, expected, "--", color=COLOURS["prediction"], lw=1.2, label=label)
    for marker, (depth, line) in zip(_MARKERS, part.groupby("layers"), strict=False):
        x = line["units"] * 1.1 ** (depth - part["layers"].mean())
        look = {"colour": COLOURS["isru"], "marker": marker, "label": _layers(depth)}
        decided = line["direction"] != "undecided"
        draw_estimates(axes, x, line, "saving", decided=decided, **look)


def _layers(count: int) -> str:
    return "1 layer" if count == 1 else f"{count} layers"


def _few(updates: pd.Series) -> list[int]:
    """Return a few of the points of a curve, each at four times the updates of the one before."""
    points = sorted(set(updates))
    return points[::-4][::-1]
