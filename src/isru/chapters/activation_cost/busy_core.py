"""What an activation costs beside a busy core.

Two programs on one physical core share its units. On a virtual machine the other one may be
another user's, and nothing in a guest tells. So the same arms are timed with the machine's other
cores idle and busy, in turn.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import pandas as pd
from tqdm import tqdm

from isru.bench import Arm, measure, ratio
from isru.bench.busy_core import busy_cores
from isru.bench.form_arms import form_arms
from isru.chapters.activation_cost.costs import CLOCK

ALONE, BESIDE = "alone", "beside"
FORMS = ("libm", "simd", "numpy")


def busy_core_arms() -> list[Arm]:
    """Return tanh and plain ISRU in scalar code, vector code and NumPy calls."""
    return form_arms(dict.fromkeys(FORMS, ("tanh", "isru_plain")), {})


def measure_beside(
    arms: Sequence[Arm],
    cases: Sequence[dict],
    *,
    processes: int,
    busy: int | None = None,
    seed: int = 0,
    progress: bool = True,
    **protocol,
) -> pd.DataFrame:
    """Measure arms alone and beside busy cores, in turn, in equal fresh processes.

    Parameters
    ----------
    arms, cases, processes, seed, progress, **protocol
        As for `isru.bench.measure`; each process is run twice.
    busy : int, optional
        Busy processes; by default one for each core but one.

    Returns
    -------
    pandas.DataFrame
        As `isru.bench.measure` returns it, with labels that end in "_alone" or "_beside".
    """
    count = (os.cpu_count() or 1) - 1 if busy is None else busy
    frames = []
    for process in tqdm(range(processes), "alone and beside", leave=False, disable=not progress):
        for label, number in ((ALONE, 0), (BESIDE, count)):
            with busy_cores(number):
                frame = measure(
                    arms, cases, processes=1, seed=seed + process, progress=False, **protocol
                )
            frames.append(frame.assign(process=process, arm=frame["arm"] + f"_{label}"))
    return pd.concat(frames, ignore_index=True)


def slowdowns(samples: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return time beside busy cores over time alone, for each arm of one case.

    Columns form, arm, slowdown, low, high.
    """
    rows = []
    for form in FORMS:
        for arm in ("tanh", "isru_plain"):
            names = (f"{form}_{arm}_{label}" for label in (BESIDE, ALONE))
            found = ratio(samples, *names, clock=CLOCK, rng=rng)
            rows.append({"form": form, "arm": arm} | found.columns("slowdown"))
    return pd.DataFrame(rows)


def tanh_over_isru(samples: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return the time of tanh over that of plain ISRU, alone and beside, for one case.

    Columns form, neighbour ("alone" or "beside"), ratio, low, high.
    """
    rows = []
    for form in FORMS:
        for label in (ALONE, BESIDE):
            names = (f"{form}_{arm}_{label}" for arm in ("tanh", "isru_plain"))
            found = ratio(samples, *names, clock=CLOCK, rng=rng)
            rows.append({"form": form, "neighbour": label} | found.columns("ratio"))
    return pd.DataFrame(rows)
