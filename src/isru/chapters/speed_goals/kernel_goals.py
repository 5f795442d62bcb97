"""The goal of the compiled activations: close to the slowest thing that they cannot avoid.

Each ufunc of `isru.kernels` against a copy of the same array and against NumPy's own square root
and division, that is, the machine's throughput of each; per dtype.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from isru.bench.protocol import Arm
from isru.bench.protocol import measure as time_arms
from isru.bench.summary import ratio

TIMES_THE_LIMIT = 1.3
SIZE = 8192  # in and out fit the second-level cache in both dtypes
LIMITS = {"copy": np.copyto, "square root": np.sqrt, "division": np.divide}
_FACTORY = "isru.chapters.speed_goals.kernel_goals:"


def kernel(*, rng: np.random.Generator, dtype: str, name: str) -> Callable:
    """Return a call of a ufunc over fresh normal numbers."""
    from isru import kernels

    x = rng.normal(0, 2, SIZE).astype(dtype)
    return partial(kernels.ufunc(name), x, np.empty_like(x))


def limit(*, rng: np.random.Generator, dtype: str, name: str) -> Callable:
    """Return a call of one of `LIMITS` over positive numbers."""
    x = np.abs(rng.normal(0, 2, SIZE)).astype(dtype)
    arguments = {"copy": (np.empty_like(x), x), "square root": (x, np.empty_like(x))}
    return partial(LIMITS[name], *arguments.get(name, (x, x[::-1].copy(), np.empty_like(x))))


def measure_kernels(
    *, processes: int = 6, blocks: int = 3, progress: bool = True, names=None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Time all ufuncs and their limits.

    Parameters
    ----------
    processes, blocks : int
        Of the timing protocol.
    progress : bool
    names : sequence of str, optional
        Of `isru.kernels.UFUNCS`; all of them by default.

    Returns
    -------
    table : pandas.DataFrame
        kernel, dtype, ns_per_element, slowest (which of `LIMITS`), measured (times that), low,
        high, holds ("yes", "no", "undecided" as the 95 % interval lies), limited_by.
    samples : pandas.DataFrame
    """
    from isru.kernels import UFUNCS

    names = tuple(names or UFUNCS)
    arms = [Arm(name, _FACTORY + "limit", {"name": name}) for name in LIMITS]
    arms += [Arm(name, _FACTORY + "kernel", {"name": name}) for name in names]
    cases = [{"dtype": dtype} for dtype in ("float32", "float64")]
    samples = time_arms(arms, cases, processes=processes, blocks=blocks, progress=progress)
    parts = samples.groupby("dtype", sort=True)
    rows = [_row(name, dtype, part) for dtype, part in parts for name in names]
    return pd.DataFrame(rows), samples


def _row(name: str, dtype: str, part: pd.DataFrame) -> dict:
    medians = part.groupby("arm")["cpu_seconds"].median()
    slowest = medians[list(LIMITS)].idxmax()
    found = ratio(part, name, slowest, clock="cpu_seconds", rng=np.random.default_rng(0))
    within = [end <= TIMES_THE_LIMIT for end in (found.low, found.high)]
    holds = "yes" if all(within) else "undecided" if any(within) else "no"
    return {
        "kernel": name,
        "dtype": dtype,
        "ns_per_element": 1e9 * medians[name] / SIZE,
        "slowest": slowest,
        "measured": found.estimate,
        "low": found.low,
        "high": found.high,
        "holds": holds,
        "limited_by": "" if holds == "yes" else limited_by(name, dtype),
    }


def limited_by(name: str, dtype: str) -> str:
    """Return what keeps a ufunc from its goal, from the machine code of its loop."""
    from isru.kernels import instructions

    form = "fast" if name.endswith("_fast") else "simd"
    found = " ".join(instructions(name.removesuffix("_fast"), form, dtype))
    if "call" in found:
        return "a call of the C library for each number"
    if "vsqrt" in found and "vdiv" in found:
        return "square root and division, which share one unit of the processor"
    return "its own arithmetic, or the reads of its table"
