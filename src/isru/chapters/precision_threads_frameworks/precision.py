"""What does float32 save against float64, with tanh and with ISRU, and what does it cost?

Steps in both precisions are timed side by side; forecasters are trained in both from equal
weights (drawn in float64 and rounded) on equal batches, so that they are compared by pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from isru.bench import Arm, floor, ratio
from isru.lstm import LSTMNetwork
from isru.stats import Interval, bootstrap_interval, direction, groups
from isru.studies.arms import ARMS
from isru.studies.forecaster import OUTPUTS, Case, quality_row
from isru.studies.savings import COLUMNS, floor_columns, percent_saved, savings
from isru.studies.timed_steps import SETUP_STEP, step_arms

CLOCK = "cpu_seconds"
DTYPES = ("float32", "float64")
ACTIVATIONS = ("tanh", "isru")
LIMIT = 50.0  # half the bytes, twice the numbers in a register: no saving can exceed it for long
# What the tables below are recorded with.
ISRU_COLUMNS = {name: about for name, about in COLUMNS.items() if name != "plain"}
FLOAT32_COLUMNS = {name: COLUMNS[name] for name in ("step_ms", "saving", "floor")}


def precision_arms(steps: int) -> list[Arm]:
    """Return the arms of `isru.studies.timed_steps.step_arms` in both precisions.

    All but the plain form of ISRU. Their labels end with the precision: ``"tanh float32"``.
    """
    return [
        Arm(f"{arm.label} {dtype}", arm.factory, arm.arguments | {"dtype": dtype})
        for arm in step_arms(steps)
        if arm.label != "plain"
        for dtype in DTYPES
    ]


def precision_savings(samples: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return what ISRU saves in each precision, beside what its calls predict.

    The columns of `library_savings`, and ``dtype``.
    """
    tables = []
    for dtype in DTYPES:
        part = samples[samples["arm"].str.endswith(f" {dtype}")]
        part = part.assign(arm=part["arm"].str.removesuffix(f" {dtype}"))
        tables.append(library_savings(part, rng=rng).assign(dtype=dtype))
    return pd.concat(tables)


def library_savings(samples: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return `isru.studies.savings.savings` where the plain form was not timed."""
    plain = samples[samples["arm"] == "isru"].assign(arm="plain")  # a stand-in, dropped below
    table = savings(pd.concat([samples, plain]), rng=rng)
    return table.loc[:, ~table.columns.str.startswith("plain")]


def stack_arms(*, layers: int, units: int, steps: int) -> list[Arm]:
    """Return the arms of the published comparison: one stack, both precisions, two steps."""
    shape = {"layers": layers, "units": units, "steps": steps, "features": 87}
    about = shape | {"activation": "tanh"}
    arms = [
        Arm(f"{step} {dtype}", SETUP_STEP, about | {"step": step, "dtype": dtype})
        for step in ("predict", "train")
        for dtype in DTYPES
    ]
    return [*arms, replace(arms[2], label="train float32 again")]


def stack_savings(samples: pd.DataFrame, *, rng: np.random.Generator) -> dict[str, Interval]:
    """Return what float32 saves of a stack's step in %: forward, backward, total.

    "backward" is what an update takes beyond the forward pass, Adam included.
    """
    times = samples.groupby(["arm", "process"])[CLOCK].median().unstack()
    total, forward = ({d: times.loc[f"{s} {d}"] for d in DTYPES} for s in ("train", "predict"))
    backward = {dtype: total[dtype] - forward[dtype] for dtype in DTYPES}
    found = {}
    for name, part in {"forward": forward, "backward": backward, "total": total}.items():
        saved = 100 * (1 - part["float32"] / part["float64"])
        found[name] = bootstrap_interval(saved.to_numpy(), rng=rng)
    return found


def float32_savings(
    samples: pd.DataFrame, *, margin: float = 0.02, rng: np.random.Generator
) -> pd.DataFrame:
    """Return what float32 saves of each step against float64, in %.

    Parameters
    ----------
    samples : pandas.DataFrame
        Of `isru.bench.measure` with `precision_arms`.
    margin : float
        Relative difference below which a difference is of no relevance.
    rng : numpy.random.Generator
        For the bootstrap over processes.

    Returns
    -------
    pandas.DataFrame
        activation, step, batch, units; ``step_ms`` (float64); ``saving``, ``low``, ``high``;
        ``floor`` (0), ``floor_low``, ``floor_high``; ``direction`` (of float32).
    """
    rows = []
    for group, case in groups(samples, ["step", "batch", "units"], sort=False):
        again = "tanh float32", "tanh_again float32"
        band = floor(case, *again, clock=CLOCK, rng=rng)
        for activation in ACTIVATIONS:
            arms = [f"{activation} {dtype}" for dtype in ("float64", "float32")]
            found = ratio(case, *arms, clock=CLOCK, rng=rng)
            wide = case[case["arm"] == arms[0]].groupby("process")[CLOCK].median()
            rows.append(
                {"activation": activation, **group, "step_ms": 1e3 * float(wide.median())}
                | percent_saved(found).columns("saving")
                | floor_columns(percent_saved(band), 0.0)
                | {"direction": direction(found, margin=margin)}
            )
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class PrecisionCase(Case):
    """A forecaster's training as in `isru.studies.forecaster.Case`, in a given precision."""

    dtype: str = "float32"

    def __post_init__(self):
        super().__post_init__()
        if self.dtype not in DTYPES:
            raise ValueError(f"dtype: expected one of {DTYPES}, got {self.dtype!r}")

    def build(self, features: int) -> LSTMNetwork:
        """Return the untrained network: in both precisions the same weights, but for rounding."""
        return LSTMNetwork(
            features,
            self.units,
            OUTPUTS[self.target],
            **ARMS[self.arm].settings(),
            dtype=self.dtype,
            rng=np.random.default_rng([self.seed, 0]),
        )


def precision_row(case: PrecisionCase) -> dict:
    """Return `isru.studies.forecaster.quality_row` of a case, with its ``dtype``."""
    return quality_row(case) | {"dtype": case.dtype}


def precision_cases(units: Sequence[int], seeds: int, first_seed: int, **settings) -> list:
    """Return the cases: both activations in both precisions, for each size and seed."""
    return [
        PrecisionCase(activation, size, first_seed + k, dtype=dtype, test=True, **settings)
        for size in units
        for k in range(seeds)
        for activation in ACTIVATIONS
        for dtype in DTYPES
    ]


def precision_pairs(rows: pd.DataFrame) -> pd.DataFrame:
    """Return float32 minus float64 in skill, by seed, as `isru.studies.paired.compare` takes.

    Columns metric ("skill"), units, arm (the activation), seed, difference (pp).
    """
    wide = rows.pivot(index=["units", "arm", "seed"], columns="dtype", values="skill")
    change = (wide["float32"] - wide["float64"]).rename("difference").reset_index()
    return change.assign(metric="skill")
