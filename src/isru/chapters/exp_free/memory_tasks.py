"""How long does a network need to learn to remember? One configuration -> one row.

An LSTM layer learns the adding or the copy problem of one length, with new sequences in every
update, until it solves it or the updates run out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from isru.activations import Activation, get_activation
from isru.data.memory import adding, copying
from isru.lstm import Adam, LSTMNetwork, train_step
from isru.lstm.inputs import check_choice
from isru.studies.arms import ARMS
from isru.studies.forecaster import choose_learning_rates
from isru.sweep import run_sweep

TASKS = ("adding", "copying")
SYMBOLS, LENGTH = 4, 3  # of the copy problem
SOLVED = {"adding": 0.01, "copying": 0.01}  # mean squared error; share of wrong answers
CONTROL = "frozen"  # its gates stay near 1/2, so that nothing survives some steps
_JUDGED = 128  # sequences that say whether it is solved


@dataclass(frozen=True)
class Task:
    """One training run on sequences to remember.

    Parameters
    ----------
    task : {"adding", "copying"}
    arm : str
        A name in `isru.studies.arms.ARMS`, of an LSTM; or `CONTROL`.
    steps : int
        Length of the sequences (adding), or the delay (copying).
    seed, units : int
    learning_rate : float
        Of Adam.
    batch_size, most_updates, judged_every : int
        Sequences in an update; when it is given up; updates between two looks at the error.
    """

    task: str
    arm: str
    steps: int
    seed: int
    units: int = 32
    learning_rate: float = 5e-3
    batch_size: int = 32
    most_updates: int = 1500
    judged_every: int = 20

    def __post_init__(self):
        check_choice("task", self.task, TASKS)
        check_choice("arm", self.arm, (*ARMS, CONTROL))


@threadpool_limits.wrap(limits=1)
def memory_row(case: Task) -> dict:
    """Train one network until its error is below `SOLVED`, or the updates run out.

    Weights, training and judging sequences depend on the seed and the task alone: networks of
    other arms start alike and see the same.

    Returns
    -------
    dict
        ``task``, ``arm``, ``steps``, ``seed``, ``learning_rate``; ``solved``; ``updates`` until
        then, or all; ``error`` at the end, infinite if the loss was no longer finite.
    """
    network = _network(case)
    draw = np.random.default_rng([case.seed, 1])
    x, target = _sequences(case, np.random.default_rng([case.seed, 2]), _JUDGED)
    optimizer, updates, error = Adam(case.learning_rate), 0, math.inf
    loss = "mse" if case.task == "adding" else "cross_entropy"
    with np.errstate(over="ignore", invalid="ignore"):  # divergence is an answer, not a warning
        while updates < case.most_updates and not error < SOLVED[case.task]:
            batch = _sequences(case, draw, case.batch_size)
            value, _ = train_step(network, optimizer, *batch, loss, clip_norm=1.0)
            updates += 1
            if not math.isfinite(value):
                error = math.inf
                break
            if updates % case.judged_every == 0:
                error = _error(network, x, target, case)
    names = ("task", "arm", "steps", "seed", "learning_rate")
    row = {name: getattr(case, name) for name in names}
    solved = error < SOLVED[case.task]
    return row | {"solved": solved, "updates": updates, "error": error}


def choose_rates(rows: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Return the learning rate that solves a task in the fewest updates, per (task, arm).

    Parameters
    ----------
    rows : pandas.DataFrame
        From `memory_row`, several learning rates over the same seeds; perhaps none. The mean
        counts, with all updates of a run that was given up.
    """
    return choose_learning_rates(rows, ("task", "arm"), by="updates")


def update_ratios(rows: pd.DataFrame, baseline: str = "tanh") -> pd.DataFrame:
    """Return how many times the baseline's updates an arm takes, task by task and seed by seed.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `memory_row`.
    baseline : str

    Returns
    -------
    pandas.DataFrame
        task, arm, seed, ``ratio``: geometric mean over the lengths. A run that was given up
        counts with its updates, so that the ratio is a bound where one of the two was.
    """
    wide = rows.pivot(index=["task", "seed", "steps"], columns="arm", values="updates")
    logs = np.log(wide.div(wide[baseline], axis=0)).drop(columns=baseline)
    means = np.exp(logs.groupby(["task", "seed"], sort=False).mean())
    return means.melt(ignore_index=False, var_name="arm", value_name="ratio").reset_index()


def input_to_hold(gate: str | Activation, steps: int) -> float:
    """Return the gate's input at which half of a cell state survives so many steps.

    That is the z with s(z)^steps = 1/2, to 1e-9 of itself.

    Parameters
    ----------
    gate : str or Activation
        A rising function into [0, 1] that is 1/2 at 0.
    steps : int
        2 or more.
    """
    entry, wanted = get_activation(gate), 0.5 ** (1 / steps)
    low, high = 0.0, 1.0
    while entry.value(high) < wanted:
        low, high = high, 2 * high
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if entry.value(middle) < wanted else (low, middle)
    return high


def by_length(rows: pd.DataFrame) -> pd.DataFrame:
    """Return how each arm fares at each length, over the seeds.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `memory_row`.

    Returns
    -------
    pandas.DataFrame
        task, arm, steps, ``seeds``, how many of them were ``solved``, and the ``median``,
        ``fewest`` and ``most`` updates, where an unsolved run counts with all it was given.
    """
    groups = rows.groupby(["task", "arm", "steps"], sort=False)
    return groups.agg(
        seeds=("seed", "size"),
        solved=("solved", "sum"),
        median=("updates", "median"),
        fewest=("updates", "min"),
        most=("updates", "max"),
    ).reset_index()


def memory(cases: Iterable[Task], **where) -> pd.DataFrame:
    """Return the rows of many cases; see `isru.studies.forecaster.quality`."""
    return run_sweep(memory_row, cases, **where)


def _network(case: Task) -> LSTMNetwork:
    if case.arm == CONTROL:
        frozen = get_activation("isru_sigmoid").with_parameters(k=1e-3)
        settings = {"recurrent_activation": frozen}
    else:
        settings = ARMS[case.arm].settings()
    if case.task == "adding":
        shape = 2, case.units, 1
    else:
        shape, settings["return_sequences"] = (SYMBOLS + 2, case.units, SYMBOLS + 2), True
    return LSTMNetwork(*shape, **settings, rng=np.random.default_rng([case.seed, 0]))


def _sequences(case: Task, rng: np.random.Generator, count: int):
    if case.task == "adding":
        return adding(rng, count, case.steps)
    return copying(rng, count, case.steps, length=LENGTH, symbols=SYMBOLS)


def _error(network: LSTMNetwork, x, target, case: Task) -> float:
    answer = network.predict(x)
    if case.task == "adding":
        return float(np.mean((answer - target) ** 2))
    said = answer[:, -LENGTH:].argmax(axis=2)
    return float(np.mean(said != target[:, -LENGTH:]))
