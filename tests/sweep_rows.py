"""Rows for the tests of the sweeps; imported by name in other processes."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from isru.activations import get_activation
from isru.notes import note_read


@dataclass(frozen=True)
class Case:
    """A seeded configuration; ``log`` is a folder in which each computed row leaves a file."""

    size: int
    seed: int = 0
    log: str = ""
    seconds: float = 0.0


def noise(case):
    """Return the seeded mean of ``size`` normal numbers."""
    if case.log:
        name = f"{case.size}-{os.getpid()}-{time.time_ns()}"
        (Path(case.log) / name).write_text(str(os.getpid()))
    time.sleep(case.seconds)
    values = np.random.default_rng(case.seed).standard_normal(case.size)
    return {"size": case.size, "mean": values.mean(), "count": np.int64(case.size)}


def noise_but_not_of_three(case):
    """Return `noise`, but fail for size 3."""
    if case.size == 3:
        raise ArithmeticError("three is too many")
    return noise(case)


def die_at_three(case):
    """Return `noise`, but end the process for size 3."""
    if case.size == 3:
        os._exit(1)
    return noise(case)


def no_row(case):
    """Return something that is no row."""
    return {"array": np.zeros(2)}


def fields(case):
    """Return the sum of a configuration that is a plain dict."""
    return {"sum": sum(case.values()), "infinite": float("inf")}


def of_tanh(case):
    """Return a row that used an activation and data, for an odd size another one, too."""
    note_read("data/of rows", "1")
    get_activation("tanh")
    if case.size % 2:
        get_activation("relu")
    return noise(case)
