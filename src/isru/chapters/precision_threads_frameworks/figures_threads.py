"""Figures of threads: the speed-up by units, and by the work that one hand-off shares out."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from isru.drawing.message import WIDTH, legend_below, write_message
from isru.drawing.sentences import listed
from isru.drawing.style import COLOURS, OTHERS

FORM_NAMES = {"kept": "waiting threads", "new": "new threads", "blas": "threads of the BLAS"}
FORM_COLOURS = dict(zip(FORM_NAMES, OTHERS, strict=True))
_FORM_MARKERS = {"kept": "o", "new": "^", "blas": "D"}
CPU_NAMES = {"i7": "i7", "m1": "M1", "xeon": "Xeon"}
_TICKS = (16, 32, 64, 100, 256)


def speedup_by_units(table: pd.DataFrame, published: pd.DataFrame) -> Figure:
    """Draw the speed-up by threads against the units, one panel a batch and number of layers.

    Parameters
    ----------
    table : pandas.DataFrame
        From `threads.speedups`, of all forms.
    published : pandas.DataFrame
        Columns cpu, units, speedup: medians over the layers.
    """
    batches, layers = sorted(table["batch"].unique()), sorted(table["layers"].unique())
    figure = Figure(figsize=(WIDTH, 2.7 * len(layers) + 1.4), layout="constrained")
    write_message(figure, _units_message(table))
    panels = figure.subplots(len(layers), len(batches), sharex=True, sharey=True, squeeze=False)
    for row, count in zip(panels, layers, strict=True):
        for axes, batch in zip(row, batches, strict=True):
            _published_lines(axes, published, named=axes is panels[0, 0])
            part = table[(table["batch"] == batch) & (table["layers"] == count)]
            for form in (name for name in FORM_NAMES if name in set(part["form"])):
                _speedup_curve(axes, part[part["form"] == form].sort_values("units"), form)
            axes.axhline(1, color=COLOURS["copy"], lw=1.0)
            plural = "layers" if count > 1 else "layer"
            axes.set_title(f"batch {batch}, {count} {plural}", loc="left")
        row[0].set_ylabel("one thread's time\nover that of several")
    _ratio_axis(panels[0, 0])
    shown = [units for units in _TICKS if units in {*table["units"], *published["units"]}]
    for axes in panels[-1]:
        axes.set(xlabel="units of a layer", xscale="log")
        axes.set_xlim(0.4 * min(table["units"].min(), published["units"].min()))  # room for names
        axes.set_xticks(shown, [str(units) for units in shown])
        axes.xaxis.set_minor_locator(NullLocator())
    handles, labels = panels[0, 0].get_legend_handles_labels()
    legend = dict(zip(labels, handles, strict=True))
    legend_below(figure, list(legend.values()), list(legend), columns=2)
    return figure


def _units_message(table: pd.DataFrame) -> str:
    """Return at how many points each form speeds a step up."""
    found = [
        f"{FORM_NAMES[form]} {(rows['direction'] == 'faster').sum()} of {len(rows)}"
        for form, rows in ((name, table[table["form"] == name]) for name in FORM_NAMES)
        if len(rows)
    ]
    return f"Points at which several threads are faster than one: {listed(found)}"


def _published_lines(axes, published: pd.DataFrame, *, named: bool) -> None:
    for place, (cpu, rows) in enumerate(published.sort_values("units").groupby("cpu")):
        label = "published, by machine" if place == 0 else "_"
        style = {"color": COLOURS["identity"], "lw": 1.0, "zorder": 1}
        axes.plot(rows["units"], rows["speedup"], label=label, **style)
        if not named:
            continue
        first = rows.iloc[0]
        where = {"xytext": (-3, 0), "textcoords": "offset points", "ha": "right", "va": "center"}
        text = CPU_NAMES.get(cpu, cpu)
        axes.annotate(
            text, (first["units"], first["speedup"]), fontsize=9, color="#555555", **where
        )


def _speedup_curve(axes, rows: pd.DataFrame, form: str) -> None:
    colour = FORM_COLOURS[form]
    axes.vlines(rows["units"], rows["low"], rows["high"], color=colour, lw=4, alpha=0.4)
    axes.plot(
        rows["units"],
        rows["speedup"],
        color=colour,
        marker=_FORM_MARKERS[form],
        ms=5,
        label=FORM_NAMES[form],
    )
    if rows["predicted"].notna().all():
        axes.plot(rows["units"], rows["predicted"], color=colour, lw=1.2, ls="--")
        axes.plot([], [], color=COLOURS["identity"], lw=1.2, ls="--", label="predicted")


def speedup_by_work(table: pd.DataFrame, published: pd.DataFrame, costs_us: dict) -> Figure:
    """Draw the speed-up against the work of one hand-off: every size, batch and stack on one axis.

    Parameters
    ----------
    table : pandas.DataFrame
        From `threads.speedups`; rows without ``shared_us`` are left out.
    published : pandas.DataFrame
        Columns cpu, shared_us (estimated), speedup.
    costs_us : dict of {str: float}
        Form -> cost of one hand-off, drawn as a vertical line.
    """
    figure = Figure(figsize=(WIDTH, 4.9), layout="constrained")
    shared = table.dropna(subset=["shared_us"])
    write_message(figure, _work_message(shared))
    axes = figure.subplots()
    markers = dict(zip(CPU_NAMES, ("s", "^", "v"), strict=True))
    for cpu, rows in published.groupby("cpu"):
        style = {"color": COLOURS["identity"], "mfc": "none", "ls": "none", "ms": 5}
        label = f"published, {CPU_NAMES.get(cpu, cpu)} (estimated)"
        axes.plot(
            rows["shared_us"], rows["speedup"], marker=markers.get(cpu, "x"), label=label, **style
        )
    for form, rows in shared.groupby("form"):
        colour = FORM_COLOURS[form]
        axes.vlines(rows["shared_us"], rows["low"], rows["high"], color=colour, lw=3, alpha=0.3)
        style = {"color": colour, "marker": _FORM_MARKERS[form], "ms": 5, "ls": "none"}
        axes.plot(rows["shared_us"], rows["speedup"], label=FORM_NAMES[form], **style)
        axes.axvline(costs_us[form], color=colour, lw=1.2, ls=":")
        where = {"xytext": (3, 4), "textcoords": "offset points", "rotation": 90, "va": "bottom"}
        text = f"hand-off {costs_us[form]:.0f} µs"
        anchor = axes.get_xaxis_transform()
        axes.annotate(
            text, (costs_us[form], 0.02), xycoords=anchor, fontsize=9, color="#222222", **where
        )
    axes.axhline(1, color=COLOURS["copy"], lw=1.0)
    axes.set(xscale="log", xlabel="work that one hand-off shares out (µs, one thread)")
    axes.set_ylabel("one thread's time\nover that of several")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    _ratio_axis(axes)
    handles, names = axes.get_legend_handles_labels()
    legend_below(figure, handles, names, columns=2)
    return figure


def _work_message(shared: pd.DataFrame) -> str:
    """Return the least shared work with which each form was shown to be faster than one thread."""
    found: dict[str, list[str]] = {}
    for form, rows in shared.groupby("form"):
        faster = rows.loc[rows["direction"] == "faster", "shared_us"]
        if len(faster):
            shown = f"shown to be faster with as little as {faster.min():.0f} µs of work"
        else:
            shown = f"not shown to be faster with up to {rows['shared_us'].max():.0f} µs of work"
        found.setdefault(shown, []).append(FORM_NAMES[form])
    said = [f"{listed(names)} were {shown}" for shown, names in found.items()]
    return f"Against one thread, {listed(said)}"


def _ratio_axis(axes) -> None:
    axes.set_yscale("log")
    ticks = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 4)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.yaxis.set_minor_locator(NullLocator())
