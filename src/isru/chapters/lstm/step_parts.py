"""Where the time of a network's step goes, and the bound that this puts on any activation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from isru.activations import get_activation
from isru.bench import Arm
from isru.cost import layer_count, saving
from isru.stats import bootstrap_interval, groups
from isru.studies.timed_steps import SETUP_ACTIVATIONS, SETUP_STEP

CLOCK = "cpu_seconds"
PARTS = ("products", "gates", "activations")
_CASE = ["step", "batch", "units"]
_HERE = "isru.chapters.lstm.step_parts"


def setup_products(
    *, rng: np.random.Generator, units: int, batch: int, step: str, steps: int, features: int
) -> Callable[[], object]:
    """Return a call that makes the matrix products of a layer's step, and nothing else.

    The same products, on arrays of the same shape and order, as the NumPy engine makes: one for
    each time step; for ``step="train"`` also one back through each, and one for all weights.

    Parameters
    ----------
    rng : numpy.random.Generator
    units, batch, steps, features : int
        H, B, T, F.
    step : {"train", "predict"}
    """
    width = 4 * units
    rows = rng.standard_normal((steps, batch, features + units + 1)).astype(np.float32)
    weights = rng.standard_normal((features + units + 1, width)).astype(np.float32)
    z, dh = np.empty((steps, batch, width), np.float32), np.empty((batch, units), np.float32)
    dweights, recurrent_t = np.empty_like(weights), weights[features:-1].T
    first = 0
    if batch == 1:  # the input's part is made for all steps at once
        first = features
    else:
        recurrent_t = np.ascontiguousarray(recurrent_t)
    step_rows, step_weights = list(rows[:, :, first:]), weights[first:]

    def forward():
        if first:
            np.dot(rows[:, 0, :first], weights[:first], out=z[:, 0])
        for row, out in zip(step_rows, z, strict=True):
            np.dot(row, step_weights, out=out)

    def forward_and_backward():
        forward()
        for dz in z:
            np.dot(dz, recurrent_t, out=dh)
        np.dot(rows.reshape(-1, len(weights)).T, z.reshape(-1, width), out=dweights)

    return forward if step == "predict" else forward_and_backward


def setup_gates(
    *, rng: np.random.Generator, units: int, batch: int, step: str, steps: int
) -> Callable[[], object]:
    """Return a call that computes the three logistic gates of each step, and nothing else."""
    entry = get_activation("sigmoid")
    z = rng.standard_normal((steps, batch, 4, units)).astype(np.float32).swapaxes(1, 2)
    gates, slopes = np.empty((2, steps, 3, batch, units), np.float32)
    pairs = list(zip(z[:, :3], gates, strict=True))

    def forward():
        for one_z, one_gates in pairs:
            entry.kernel(one_z, one_gates, None)

    def forward_and_derivative():
        forward()
        entry.derivative(gates, out=slopes)

    return forward if step == "predict" else forward_and_derivative


def part_arms(*, steps: int, features: int, compiled: bool) -> list[Arm]:
    """Return the arms: whole steps, with an A/A arm, and their parts.

    Parameters
    ----------
    steps, features : int
        T and F.
    compiled : bool
        Whether to time the Numba engine, too.
    """
    network = {"activation": "tanh", "steps": steps, "features": features}
    arms = [
        Arm("step", SETUP_STEP, network),
        Arm("step_again", SETUP_STEP, network),
        Arm("products", f"{_HERE}:setup_products", {"steps": steps, "features": features}),
        Arm("gates", f"{_HERE}:setup_gates", {"steps": steps}),
        Arm("activations", SETUP_ACTIVATIONS, {"activation": "tanh", "steps": steps}),
    ]
    if compiled:
        arms.append(Arm("compiled_step", SETUP_STEP, network | {"engine": "numba"}))
        for name in ("tanh", "isru"):
            settings = {"activation": name, "steps": steps, "framework": "numba"}
            arms.append(Arm(f"compiled_{name}", SETUP_ACTIVATIONS, settings))
    return arms


def part_cases(units: Sequence[int], batches: Sequence[int]) -> list[dict]:
    """Return the cases: an update and a prediction, for each batch and size."""
    return [
        {"step": step, "batch": batch, "units": count}
        for step in ("predict", "train")
        for batch in batches
        for count in units
    ]


def shares(samples: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return the parts' shares of each step of the NumPy engine, in %.

    Parameters
    ----------
    samples : pandas.DataFrame
        Of `isru.bench.measure` with `part_arms` and `part_cases`.
    rng : numpy.random.Generator
        For the bootstrap over processes.

    Returns
    -------
    pandas.DataFrame
        Columns step, batch, units, part, step_us (the whole step), share, low, high. The part
        "rest" is what the others leave: sums and products of gates and states, the calls
        themselves, and in training the loss and Adam.
    """
    rows = []
    for group, case in groups(samples, _CASE):
        medians = case.groupby(["arm", "process"])[CLOCK].median().unstack()
        fractions = {part: 100 * medians.loc[part] / medians.loc["step"] for part in PARTS}
        fractions["rest"] = 100 - sum(fractions.values())
        step_us = 1e6 * float(medians.loc["step"].median())
        for part, values in fractions.items():
            found = bootstrap_interval(values.to_numpy(), rng=rng)
            rows.append(group | {"part": part, "step_us": step_us} | found.columns("share"))
    return pd.DataFrame(rows)


def fit_steps(table: pd.DataFrame, *, features: int, steps: int) -> pd.DataFrame:
    """Fit the cost of one sequence's time step, in ns, for each kind of step and batch.

    ``step_ns + unit_ns C + mac_ns M(F, C)``, M the MACs of `isru.cost.layer_count`, none
    negative, by least squares of relative errors.

    Parameters
    ----------
    table : pandas.DataFrame
        From `shares`, with three sizes or more.
    features, steps : int
        F and T of the timed network.

    Returns
    -------
    pandas.DataFrame
        step, batch, step_ns, unit_ns, mac_ns, worst: the largest relative error in %.
    """
    rows = []
    whole = table[table["part"] == "rest"]
    for group, part in groups(whole, ["step", "batch"], sort=False):
        ns = 1e3 * part["step_us"].to_numpy() / (steps * group["batch"])
        units = part["units"].to_numpy(float)
        macs = np.array([layer_count(features, int(count)).macs for count in units], float)
        terms = np.stack([np.ones_like(units), units, macs], axis=1) / ns[:, None]
        length = np.linalg.norm(terms, axis=0)  # the solver stops on absolute tolerances
        cost = nnls(terms / length, np.ones_like(ns))[0] / length
        names = dict(zip(("step_ns", "unit_ns", "mac_ns"), map(float, cost), strict=True))
        rows.append(group | names | {"worst": 100 * float(np.abs(terms @ cost - 1).max())})
    return pd.DataFrame(rows)


def bounds(
    fits: pd.DataFrame, *, features: Sequence[int], units: Sequence[int], tanh_ns, isru_ns
) -> pd.DataFrame:
    """Predict what the cheapest activation, and ISRU, can save of a step (Amdahl's law), in %.

    Parameters
    ----------
    fits : pandas.DataFrame
        From `fit_steps`.
    features, units : sequence of int
        F and C to predict for.
    tanh_ns, isru_ns : float
        Cost of one activation, ns.

    Returns
    -------
    pandas.DataFrame
        step, batch, features, units, ``bound`` (an activation that costs nothing), ``saving``.
    """
    rows = []
    for fit in fits.itertuples():
        for feature in features:
            for count in units:
                work = layer_count(feature, int(count))
                step_ns = fit.step_ns + fit.unit_ns * count + fit.mac_ns * work.macs
                rows.append(
                    {"step": fit.step, "batch": fit.batch, "features": feature, "units": count}
                    | {"bound": saving(step_ns, work.activations, tanh_ns, 0.0)}
                    | {"saving": saving(step_ns, work.activations, tanh_ns, isru_ns)}
                )
    return pd.DataFrame(rows)


def compiled_bounds(samples: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return the same for the compiled engine, from its own activations' times, in %.

    Columns step, batch, units, bound, bound_low, bound_high, saving, saving_low, saving_high,
    speed (the NumPy engine's time over the compiled one's).
    """
    rows = []
    for row, case in groups(samples, _CASE):
        medians = case.groupby(["arm", "process"])[CLOCK].median().unstack()
        whole, tanh = medians.loc["compiled_step"], medians.loc["compiled_tanh"]
        found = {"bound": 100 * tanh / whole}
        found["saving"] = 100 * (tanh - medians.loc["compiled_isru"]) / whole
        for name, values in found.items():
            row |= bootstrap_interval(values.to_numpy(), rng=rng).columns(name, f"{name}_")
        rows.append(row | {"speed": float((medians.loc["step"] / whole).median())})
    return pd.DataFrame(rows)
