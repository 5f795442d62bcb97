"""What a free activation could save, from samples of `isru.chapters.convolutions.study`.

Per process first, then the median over the processes with its bootstrap interval.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from isru.chapters.convolutions.study import (
    FUNCTION_SIZE,
    IMAGE,
    KERNELS,
    USUAL_KERNEL,
    convolution_macs,
)
from isru.cost import layer_count
from isru.stats import by_group, groups

CLOCK = "cpu_seconds"  # every arm computes on one thread and waits for nothing
STEPS, FEATURES = 24, 10  # T and F of the LSTM, as `isru.studies.timed_steps` has them
EFFECT = {"unit": "pp", "low": "low", "high": "high"}  # what an effect is recorded with
FORMS = ("numpy", "compiled", "library")
_CASE = ["layer", "batch", "units", "kernel"]


def work(layer: str, units: int, kernel: int) -> dict[str, int]:
    """Count a step's work for one image or sequence: macs, activations, gates.

    A convolution of C channels makes k^2 C + 1 MACs for each activation; an LSTM of C units
    (4 (F + C + 1) + 3) / 2 for each of its two, and 3 gates for these.
    """
    if layer == "convolution":
        macs = convolution_macs(units, kernel)
        return {"macs": macs, "activations": IMAGE * IMAGE * units, "gates": 0}
    count = layer_count(FEATURES, units) * STEPS
    return {"macs": count.macs, "activations": count.activations, "gates": count.gates}


def counts(units: list[int], kernels: list[int]) -> pd.DataFrame:
    """Return MACs per activation: a row a width, a column a kernel, and one for the LSTM."""
    rows = {}
    for count in units:
        cases = {f"{k} x {k}": ("convolution", count, k) for k in kernels}
        cases["LSTM"] = ("lstm", count, 0)
        done = {name: work(*case) for name, case in cases.items()}
        rows[count] = {name: d["macs"] / d["activations"] for name, d in done.items()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("units")


def by_process(samples: pd.DataFrame, functions: pd.DataFrame) -> pd.DataFrame:
    """Return the saving of a free activation in each process and case, in %.

    Parameters
    ----------
    samples : pandas.DataFrame
        `isru.bench.measure` of ``layer_arms`` over ``layer_cases``.
    functions : pandas.DataFrame
        Of ``function_arms`` over ``function_cases``, with as many processes.

    Returns
    -------
    pandas.DataFrame
        Columns layer, batch, units, kernel, form, process, saving, again (what tanh "saves"
        against itself) and predicted (by Amdahl's law, from the cost of the functions alone).

    Notes
    -----
    The form "library" is no measured step but the compiled one with other functions: its time
    is that with the free activation, plus the activations at the cost of the C library's, plus
    what the library's gates take more; ``saving`` is the prediction. Compiled loops are taken at
    the length that the layer gives them, without what calling an empty one takes.
    """
    times, rows = _medians(samples, _CASE), []
    cost = _costs(functions)
    for (layer, batch, units, kernel, process), step in times.iterrows():
        case = {"layer": layer, "batch": batch, "units": units, "kernel": kernel}
        done = {name: batch * n for name, n in work(layer, units, kernel).items()}
        length = units if layer == "lstm" else FUNCTION_SIZE
        short, long = cost.loc[length, process], cost.loc[FUNCTION_SIZE, process]
        moved = long["numpy_free"] if layer == "lstm" else 0.0
        extra = {
            "numpy": done["activations"] * (long["numpy_tanh"] - moved),
            "compiled": done["activations"] * short["simd_tanh"],
            "library": done["activations"] * long["libm_tanh"],
        }
        gates = done["gates"] * (long["libm_sigmoid"] - short["simd_sigmoid"])
        for form in FORMS:
            kind = "compiled" if form == "library" else form
            tanh, again, free = (step[f"{kind}_{name}"] for name in ("tanh", "again", "free"))
            whole = free + extra[form] + gates if form == "library" else tanh
            predicted = 100 * extra[form] / whole
            saving = predicted if form == "library" else 100 * (1 - free / tanh)
            rows.append(
                {**case, "process": process, "form": form, "saving": saving}
                | {"again": 100 * (1 - again / tanh), "predicted": predicted}
            )
    return pd.DataFrame(rows)


def costs(functions: pd.DataFrame) -> pd.DataFrame:
    """Return ns per number of each function, by the length of the array; medians over processes."""
    by_size = 1e9 * _costs(functions).groupby("size").median()
    return by_size.drop(columns=["simd_identity", "libm_identity"]).rename_axis(columns=None)


def _costs(functions: pd.DataFrame) -> pd.DataFrame:
    """Return seconds per element by size and process; compiled loops without their call."""
    cost = _medians(functions, ["size"])
    for form in ("simd", "libm"):
        for name in ("tanh", "sigmoid"):
            cost[f"{form}_{name}"] -= cost[f"{form}_identity"]
    return cost.div(cost.index.get_level_values("size"), axis=0)


def savings(table: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return the saving of a free activation: layer, batch, units, kernel, form, saving, ends.

    Parameters
    ----------
    table : pandas.DataFrame
        From `by_process`.
    rng : numpy.random.Generator
        For the bootstrap over processes.
    """
    case = [*_CASE, "form"]
    saved = by_group(table, case, "saving", name="saving", rng=rng).drop(columns="n")
    return saved.merge(table.groupby(case)["predicted"].median().reset_index(), on=case)


def gaps(table: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return the largest saving of an LSTM minus that of a convolution, in percentage points.

    Of as many channels as units, with the usual kernel. Columns form, batch, units, gap, low,
    high, and floor (0) with ``floor_low`` and ``floor_high``: the 95 % range that tanh against
    itself gives, over all units of a form and batch.
    """
    both = table[(table["layer"] == "lstm") | (table["kernel"] == USUAL_KERNEL)]
    index = ["form", "batch", "units", "process"]
    wide = both.pivot(index=index, columns="layer", values=["saving", "again"]).dropna()
    difference = wide.xs("lstm", axis=1, level=1) - wide.xs("convolution", axis=1, level=1)
    return _effects(difference.reset_index(), "gap", ["form", "batch"], rng)


def slopes(table: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return how a convolution's share of the activation changes as its kernel's area is halved.

    The least-squares slope of the saving against -log2 k^2. Columns form, batch, units, slope,
    low, high, floor, floor_low, floor_high; percentage points for each halving.
    """
    return _effects(_fits(table), "slope", ["form"], rng)


def mean_slopes(
    table: pd.DataFrame, *, kernels: Sequence[int] = KERNELS, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the same for each form, the mean over batches and widths in each process.

    Over some of the kernels, if ``kernels`` names them: those of 1 x 1 have no neighbours to look
    at, and a slope that rests on them says little of usual convolutions.
    """
    mean = (
        _fits(table, kernels).groupby(["form", "process"])[["saving", "again"]].mean().reset_index()
    )
    return _effects(mean.assign(batch=0, units=0), "slope", ["form"], rng)


def _fits(table: pd.DataFrame, kernels: Sequence[int] = KERNELS) -> pd.DataFrame:
    rows = []
    index = ["form", "batch", "units", "process"]
    wanted = (table["layer"] == "convolution") & table["kernel"].isin(kernels)
    for case, line in groups(table[wanted], index):
        if len(line) == len(kernels):
            halvings = -2 * np.log2(line["kernel"].to_numpy(float))
            slope = {n: float(np.polyfit(halvings, line[n], 1)[0]) for n in ("saving", "again")}
            rows.append(case | slope)
    return pd.DataFrame(rows)


def _effects(
    table: pd.DataFrame, name: str, pooled: list[str], rng: np.random.Generator
) -> pd.DataFrame:
    """Summarise an effect and its A/A counterpart by case; the floor is one for `pooled`."""
    floors = pd.DataFrame(
        group | _floor([p["again"].to_numpy() for _, p in part.groupby(["batch", "units"])], rng)
        for group, part in groups(table, pooled)
    )
    case = ["form", "batch", "units"]
    effects = by_group(table, case, "saving", name=name, rng=rng).drop(columns="n")
    order = {form: place for place, form in enumerate(FORMS)}
    return effects.merge(floors, on=pooled).sort_values(
        case, key=lambda column: column.replace(order), ignore_index=True
    )


def _floor(effects: list[np.ndarray], rng: np.random.Generator) -> dict[str, float]:
    """Return the 95 % range around 0 of an effect of nothing, labels exchangeable."""
    medians = []
    for values in effects:
        drawn = rng.integers(len(values), size=(2_000, len(values)))
        medians.append(np.median(values[drawn], axis=1))
    end = float(np.quantile(np.abs(np.concatenate(medians)), 0.95))
    return {"floor": 0.0, "floor_low": -end, "floor_high": end}


def _medians(samples: pd.DataFrame, case: list[str]) -> pd.DataFrame:
    """Return each arm's median by case and process, seconds."""
    keys = [*case, "process", "arm"]
    return samples.groupby(keys)[CLOCK].median().unstack("arm")
