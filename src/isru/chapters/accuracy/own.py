"""A reader's own task: as many seeds as a stated time allows, trained like those of the chapter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import perf_counter

import pandas as pd
from tqdm import tqdm

from isru import paths
from isru.chapters.accuracy.own_task import read_task
from isru.chapters.accuracy.tasks import Task
from isru.chapters.accuracy.training import DECIDING, by_rate, train_arm
from isru.records import sha256
from isru.sweep import run_sweep

FEWEST, MOST = 3, 200  # seeds


@dataclass(frozen=True)
class OwnCase:
    """As `isru.chapters.accuracy.training.Case`, of the task in a file.

    Parameters
    ----------
    file, sha256 : str
        Where it lies, and what it holds: kept rows are of this content.
    arm : str
    seed : int
    """

    file: str
    sha256: str
    arm: str
    seed: int


def train_own_case(case: OwnCase) -> dict:
    """Train an arm at every rate; return a row as that of the chapter's own tasks."""
    task = _task(case.file)
    return train_arm(task, task.split(case.seed), case.arm, case.seed, task.rates)


@lru_cache(maxsize=1)
def _task(file: str) -> Task:
    return read_task(Path(file))


def own_task_rows(
    path: str, minutes: float, first_seed: int, processes: int, cache: Path | None
) -> pd.DataFrame:
    """Train every arm that decides on a reader's task; say beforehand how long that takes.

    Parameters
    ----------
    path : str
        Of the file, from the compendium's folder on; "" for none.
    minutes : float
        What it may take.
    first_seed, processes : int
    cache : Path, optional
        Of finished rows.

    Returns
    -------
    pandas.DataFrame
        As `isru.chapters.accuracy.training.train_cases` does; empty without a file.
    """
    if not path:
        return pd.DataFrame()
    file = paths.root() / path
    task = read_task(file)
    seconds = seconds_of_a_seed(task, first_seed)
    seeds = seeds_within(minutes, seconds, processes)
    expected = seeds * seconds / 60 / processes
    tqdm.write(f"{path}: {seeds} seeds of {len(DECIDING)} arms, about {expected:.1f} minutes")
    cases = [
        OwnCase(str(file), sha256(file), arm, seed)
        for seed in range(first_seed, first_seed + seeds)
        for arm in DECIDING
    ]
    return by_rate(run_sweep(train_own_case, cases, processes=processes, cache=cache))


def seconds_of_a_seed(task: Task, seed: int) -> float:
    """Return how long a seed of every arm takes at all rates of a task, on one core, in s.

    Everything is compiled before.
    """
    split = task.split(seed)
    for arm in DECIDING:
        train_arm(task, split, arm, seed, task.rates[:1])
    start = perf_counter()
    for arm in DECIDING:
        train_arm(task, split, arm, seed, task.rates)
    return perf_counter() - start


def seeds_within(minutes: float, seconds: float, processes: int) -> int:
    """Return how many seeds fit into some minutes, at most `MOST`.

    Parameters
    ----------
    minutes : float
    seconds : float
        Of one seed, on one core.
    processes : int

    Raises
    ------
    ValueError
        If that is fewer than an interval needs.

    Examples
    --------
    >>> seeds_within(5, 10.0, 2)
    60
    """
    count = math.floor(60 * minutes * processes / seconds)
    if count < FEWEST:
        needed = FEWEST * seconds / 60 / processes
        raise ValueError(
            f"own_minutes: expected at least {needed:.2g}, as a seed takes {seconds:.0f} s and "
            f"{FEWEST} are the fewest; got {minutes:g}. Give more time, or fewer sequences"
        )
    return min(count, MOST)
