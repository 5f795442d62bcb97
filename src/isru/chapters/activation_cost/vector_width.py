"""NumPy's calls with all vector instructions of the processor, and without AVX-512.

NumPy chooses its loops by what the processor can do, and looks for that when it is imported. So
the same calls are timed in fresh processes that may use everything and in others from which
AVX-512 is kept, in turn: one processor, other instructions.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pandas as pd
from tqdm import tqdm

from isru.bench import measure, per_call, ratio
from isru.bench.form_arms import form_arms
from isru.chapters.activation_cost.costs import CLOCK
from isru.stats import direction

ALL, WITHOUT = "all", "without_avx512"
_SETTING = "NPY_DISABLE_CPU_FEATURES"
_TANH, _ISRU = "numpy_tanh", "numpy_isru_plain"


def avx512_features() -> list[str]:
    """Return NumPy's names of the AVX-512 instructions that its loops use on this processor."""
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    return [name for name in found if name == "X86_V4" or name.startswith("AVX512")]


@contextmanager
def kept_from(features: Sequence[str]) -> Iterator[None]:
    """Let processes that are started meanwhile import NumPy without these instructions too.

    What the environment already keeps from NumPy stays kept.
    """
    before = os.environ.get(_SETTING)
    wanted = " ".join([*(before or "").replace(",", " ").split(), *features])
    try:
        if wanted:
            os.environ[_SETTING] = wanted
        yield
    finally:
        os.environ.pop(_SETTING, None)
        if before is not None:
            os.environ[_SETTING] = before


def measure_widths(
    cases: Sequence[dict], *, processes: int, seed: int = 0, progress: bool = True, **protocol
) -> pd.DataFrame:
    """Measure NumPy's tanh and ISRU with all instructions and without AVX-512, in turn.

    On a processor without AVX-512 both are the same measurement.

    Parameters
    ----------
    cases, processes, seed, progress, **protocol
        As for `isru.bench.measure`; each process is run twice.

    Returns
    -------
    pandas.DataFrame
        As `isru.bench.measure` returns it, with a column ``vectors``: "all" or "without_avx512".
    """
    arms = form_arms({"numpy": ("tanh", "isru_plain")}, {})
    frames = []
    for process in tqdm(range(processes), "vector widths", leave=False, disable=not progress):
        for vectors, features in ((ALL, []), (WITHOUT, avx512_features())):
            with kept_from(features):
                frame = measure(
                    arms, cases, processes=1, seed=seed + process, progress=False, **protocol
                )
            frames.append(frame.assign(process=process, vectors=vectors))
    return pd.concat(frames, ignore_index=True)


def compare_widths(samples: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return what NumPy's tanh and ISRU take, by type and instructions.

    Parameters
    ----------
    samples : pandas.DataFrame
        From `measure_widths`, over cases that differ in their type alone.
    rng : numpy.random.Generator
        For the bootstrap over processes.

    Returns
    -------
    pandas.DataFrame
        Columns dtype, vectors, tanh and isru (nanoseconds a number), ratio (tanh's time over
        ISRU's) with low and high, direction ("faster": ISRU is).
    """
    rows = []
    for (dtype, vectors), part in samples.groupby(["dtype", "vectors"], sort=False):
        times = per_call(part, clock=CLOCK, rng=rng).set_index("arm")
        ns = 1e9 * times["seconds"] / times["size"]
        found = ratio(part, _TANH, _ISRU, clock=CLOCK, rng=rng)
        row = {"dtype": dtype, "vectors": vectors, "tanh": ns[_TANH], "isru": ns[_ISRU]}
        rows.append(row | found.columns("ratio") | {"direction": direction(found)})
    return pd.DataFrame(rows)
