"""One arm learns one task, at each of some learning rates: one case -> one row.

A seed draws the data or their split, the starting weights and the order of the batches, each the
same for every arm that has weights of that shape. The test part is looked at once, with the
weights of the epoch that was best on the validation part.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from isru.chapters.accuracy.tasks import TASKS, Part, Split, Task
from isru.cost import equal_units
from isru.lstm import Adam, DivergenceError, History, LSTMNetwork, train
from isru.lstm.inputs import check_choice
from isru.studies.arms import ARMS
from isru.sweep import run_sweep

BASELINE, HALF = "tanh", "half"
DECIDING = (BASELINE, HALF, "three_quarters", "isru", "exp_free")
BEST_FORMULAS = (
    *("clipped_parabola", "table_tanh", "ladder2_logistic", "ladder3", "ladder4", "isru_quintic"),
)
"""The library's functions on the front of distance to tanh and cycles on a Cortex-M4F.

Those that no function of the library with as many derivatives beats in both, of the published
chapter `frontier` and with the input scaled; without tanh, ISRU and hard tanh, which have arms of
their own.
"""
DESCRIBED = ("identity", "softsign", "hard", *BEST_FORMULAS)
CELLS = ("gru", "gru_isru", "coupled")
CLIP_NORM = 1.0
LOG_MSE = "log_mse"
_PER_RATE = ("rate", "validation", "test", "epoch", "diverged")
_LEAST = np.finfo(np.float64).tiny  # an error whose logarithm is finite


@dataclass(frozen=True)
class Case:
    """What one row needs.

    Parameters
    ----------
    task : str
        A name in `TASKS`.
    arm : str
        A name in `ARMS`.
    seed : int
        Of data, starting weights and order.
    rates : tuple of float
        Learning rates of Adam, each a training of its own.
    """

    task: str
    arm: str
    seed: int
    rates: tuple[float, ...]

    def __post_init__(self):
        check_choice("task", self.task, TASKS)
        check_choice("arm", self.arm, ARMS)
        object.__setattr__(self, "rates", tuple(self.rates))


def train_case(case: Case) -> dict:
    """Train a network at each rate of a case, on one thread of the BLAS.

    Returns
    -------
    dict
        ``task``, ``arm``, ``units``, ``seed``, ``parameters``; and lists with an entry a rate:
        ``rate``; ``validation`` and ``test``, the mean cross-entropy in nats or the logarithm of
        the mean squared error; ``epoch`` (from 0, -1 is untrained), that of the least validation
        loss, whose weights are tested; ``diverged``, where a loss was not finite and the best
        weights before it count.
    """
    split = _split(case.task, case.seed)
    return train_arm(TASKS[case.task], split, case.arm, case.seed, case.rates)


@threadpool_limits.wrap(limits=1)
def train_arm(
    task: Task,
    split: Split,
    arm: str,
    seed: int,
    rates: Sequence[float],
    fit: Callable[..., History] = train,
) -> dict:
    """Train an arm on given data, with `isru.lstm.train` or a twin; return `train_case`'s row."""
    found = []
    for rate in rates:
        network = build(task, split, arm, seed)
        found.append({"rate": rate} | _train_network(network, task, split, seed, rate, fit))
    row = {"task": task.name, "arm": arm, "units": network.hidden_sizes[0], "seed": seed}
    row["parameters"] = network.parameters.size
    return row | {name: [one[name] for one in found] for name in _PER_RATE}


def build(task: Task, split: Split, arm: str, seed: int) -> LSTMNetwork:
    """Return an arm's untrained network; its weights depend on the seed and on shapes.

    A cell other than the LSTM gets the units that bring its number of parameters closest to the
    LSTM's, and the NumPy engine, as the compiled one has none.
    """
    kind, outputs = ARMS[arm], task.classes or 1
    inputs = split.train.inputs
    features = inputs.shape[2] if inputs.ndim == 3 else task.classes  # symbols are classes, too
    units = equal_units(kind.cell, features, round(kind.share * task.units), outputs)
    return LSTMNetwork(
        features,
        units,
        outputs,
        **kind.settings(),
        return_sequences=task.sequences,
        engine="numba" if kind.cell == "lstm" else "numpy",
        rng=np.random.default_rng([seed, 0]),
    )


def _train_network(network, task: Task, split: Split, seed: int, rate: float, fit) -> dict:
    """Train a network for all epochs of its task; return what `train_case` says of one rate."""
    name = "mse" if task.loss == LOG_MSE else task.loss
    try:
        history = fit(
            network,
            (split.train.inputs, split.train.targets),
            loss=name,
            optimizer=Adam(rate),
            batch_size=task.batch,
            epochs=task.epochs,
            rng=np.random.default_rng([seed, 1]),
            validation=(split.validation.inputs, split.validation.targets),
            clip_norm=CLIP_NORM,
        )
        diverged = False
    except DivergenceError as error:
        history, diverged = error.history, True
    return {
        "validation": _loss(network, task, split.validation),
        "test": _loss(network, task, split.test),
        "epoch": history.best_epoch,
        "diverged": diverged,
    }


def _loss(network: LSTMNetwork, task: Task, part: Part) -> float:
    """Return a network's loss as the analysis takes it."""
    if task.loss != LOG_MSE:
        return network.evaluate(part.inputs, part.targets, task.loss)
    return math.log(max(network.evaluate(part.inputs, part.targets, "mse"), _LEAST))


@lru_cache(maxsize=4)  # arms of a seed follow each other
def _split(task: str, seed: int) -> Split:
    return TASKS[task].split(seed)


def train_cases(cases: Iterable[Case], **where) -> pd.DataFrame:
    """Train many cases; return a row for each case and rate, see `train_case`.

    Parameters
    ----------
    cases : iterable of Case
    **where
        ``processes``, ``cache``, ``progress``, ...: see `isru.sweep.run_sweep`.
    """
    return by_rate(run_sweep(train_case, cases, **where))


def by_rate(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each case and rate from one for each case."""
    if rows.empty:
        return rows
    rows = rows.explode(list(_PER_RATE), ignore_index=True)
    return rows.astype(
        {"rate": float, "validation": float, "test": float, "epoch": int, "diverged": bool}
    )


def plan(
    seeds: dict[str, int],
    arms: Sequence[str],
    first_seed: int,
    rates: dict[str, Sequence[float]],
) -> list[Case]:
    """Return every case: of each task its seeds, of each seed every arm.

    Parameters
    ----------
    seeds : dict of {str: int}
        How many of each task.
    arms : sequence of str
    first_seed : int
    rates : dict of {str: sequence of float}
        Of each task.
    """
    return [
        Case(task, arm, seed, tuple(rates[task]))
        for task, count in seeds.items()
        for seed in range(first_seed, first_seed + count)
        for arm in arms
    ]
