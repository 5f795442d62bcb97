"""Can the original's task tell one activation from another? Room occupancy, paired by seed.

A network of one LSTM layer sees some minutes of a room's sensors and says whether somebody is
there. One configuration -> one row; beside the networks stand the plainest rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from isru.data.occupancy import TESTS, OccupancyPart, OccupancyWindows, occupancy_windows
from isru.lstm import LSTMNetwork
from isru.lstm.inputs import check_choice
from isru.studies.arms import ARMS
from isru.studies.forecaster import FORECASTER_ARMS, choose_learning_rates, fit_parts
from isru.studies.occupancy_rules import COUNTS, confusion, rules
from isru.studies.paired import BASELINE, compare, told_apart
from isru.sweep import run_sweep

INPUTS = {"all": True, "dark": False}
"""The inputs' names, and whether the light sensor is among them."""

_EMPTY = (
    ("arm", "inputs", "seed", "test", "accuracy", *COUNTS),
    ("inputs", "test", "seed", "arm", "difference"),
    ("inputs", "test", "arm", "n", "mean", "low", "high", "sd", "p_holm", "word", "told_apart"),
    ("rule", "test", "detail", "accuracy", *COUNTS, "inputs"),
)


@dataclass(frozen=True)
class OccupancyCase:
    """One training run.

    Parameters
    ----------
    arm : str
        One of `isru.studies.forecaster.FORECASTER_ARMS`.
    inputs : {"all", "dark"}
        With the light sensor or without it.
    seed : int
        Of initial weights and of the order of the data.
    folder : str
        Where the data lie; on a cluster, there on every worker.
    units, epochs, patience, batch_size, window, stride : int
        See `isru.studies.forecaster.Case` and `isru.data.occupancy.occupancy_windows`.
    learning_rate : float
    test : bool
        Whether the test parts are evaluated: not while anything is still being chosen.
    """

    arm: str
    inputs: str
    seed: int
    folder: str
    units: int = 10
    epochs: int = 8
    patience: int = 4
    batch_size: int = 64
    window: int = 5
    stride: int = 3
    learning_rate: float = 1e-3
    test: bool = False

    def __post_init__(self):
        check_choice("arm", self.arm, FORECASTER_ARMS)
        check_choice("inputs", self.inputs, INPUTS)


@dataclass(frozen=True)
class OccupancyStudy:
    """What came out, as tables; all without rows where the data were not there.

    Attributes
    ----------
    networks : pandas.DataFrame
        From `long_rows`: arm, inputs, seed, test, accuracy, tp, tn, fp, fn and more.
    pairs : pandas.DataFrame
        From `occupancy_differences`.
    summary : pandas.DataFrame
        From `compare_occupancy`.
    rules : pandas.DataFrame
        From `isru.studies.occupancy_rules.rules`, with a column ``inputs``.
    """

    networks: pd.DataFrame
    pairs: pd.DataFrame
    summary: pd.DataFrame
    rules: pd.DataFrame


@threadpool_limits.wrap(limits=1)
def occupancy_row(case: OccupancyCase) -> dict:
    """Train one network, on one thread of the BLAS, and count its answers on both test parts.

    Returns
    -------
    dict
        ``arm``, ``inputs``, ``seed``, ``units``, ``learning_rate``, ``best_epoch``,
        ``diverged``, ``validation_loss``; and, with ``case.test``, for each of
        `isru.data.occupancy.TESTS` the ``accuracy_...`` in % and the counts ``tp_...``,
        ``tn_...``, ``fp_...``, ``fn_...``.
    """
    windows = _windows(case.folder, case.window, case.stride, case.inputs)
    network = LSTMNetwork(
        len(windows.features),
        case.units,
        2,
        **ARMS[case.arm].settings(),
        rng=np.random.default_rng([case.seed, 0]),
    )
    parts = _pair(windows.train), _pair(windows.validation)
    history, diverged = fit_parts(network, case, *parts, loss="cross_entropy")
    row = {
        name: getattr(case, name) for name in ("arm", "inputs", "seed", "units", "learning_rate")
    }
    loss = network.evaluate(*_pair(windows.validation), "cross_entropy")
    row |= {"best_epoch": history.best_epoch, "diverged": diverged, "validation_loss": loss}
    for test in TESTS if case.test else ():
        part = getattr(windows, test)
        said = network.predict(part.inputs).argmax(axis=1) == 1
        found = confusion(said, part.occupied)
        row |= {f"{name}_{test}": value for name, value in found.items()}
    return row


def long_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with one line for each test part: columns test, accuracy and counts."""
    kept = [name for name in rows if not name.endswith(tuple(f"_{test}" for test in TESTS))]
    parts = [
        rows[kept].assign(
            test=test, **{name: rows[f"{name}_{test}"] for name in ("accuracy", *COUNTS)}
        )
        for test in TESTS
    ]
    return pd.concat(parts, ignore_index=True)


def occupancy_differences(long: pd.DataFrame) -> pd.DataFrame:
    """Return the accuracy of each arm minus tanh's, in pp: inputs, test, arm, seed, difference."""
    wide = long.pivot(index=["inputs", "test", "seed"], columns="arm", values="accuracy")
    others = wide.drop(columns=BASELINE).sub(wide[BASELINE], axis=0)
    return others.stack().rename("difference").reset_index()


def compare_occupancy(pairs: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return what `isru.studies.paired.compare` says for each inputs, test part and arm.

    Returns
    -------
    pandas.DataFrame
        Columns inputs, test, arm, n, mean, low, high (pp), median, sd, p, p_holm (over the
        inputs and test parts of an arm), word, and ``told_apart``: whether that test tells the
        identity from tanh.
    """
    condition = pairs["inputs"] + " " + pairs["test"]
    table = compare(pairs.assign(metric="accuracy", units=condition), rng=rng)
    table["told_apart"] = [told_apart(table, "accuracy", name) for name in table["units"]]
    names = table.pop("units").str.split(" ", expand=True)
    table = table.drop(columns="metric")
    table.insert(0, "inputs", names[0])
    table.insert(1, "test", names[1])
    return table


def occupancy_study(
    folder: str | Path | None,
    *,
    seeds: int,
    seed: int,
    learning_rates: Sequence[float],
    choice_seeds: int,
    where: Mapping[str, object],
    rng: np.random.Generator,
    **settings,
) -> OccupancyStudy:
    """Train all arms with and without the light sensor and compare them by pairs.

    The validation part chooses a learning rate for each arm and inputs, on seeds of its own.

    Parameters
    ----------
    folder : str or Path, optional
        From `isru.data.occupancy.occupancy_folder`; None gives a study without rows.
    seeds, choice_seeds : int
        Paired seeds of the result, and of the choice.
    seed : int
        The first one.
    learning_rates : sequence of float
    where : mapping
        Where the networks are trained: arguments of `isru.sweep.run_sweep`.
    rng : numpy.random.Generator
        For the bootstrap.
    **settings
        Of `OccupancyCase`.
    """
    if folder is None:
        return OccupancyStudy(*(pd.DataFrame(columns=names) for names in _EMPTY))
    place = str(Path(folder).resolve())
    grid = [(arm, inputs) for inputs in INPUTS for arm in FORECASTER_ARMS]
    choosing = [
        OccupancyCase(arm, inputs, seed + k, place, learning_rate=rate, **settings)
        for arm, inputs in grid
        for rate in (learning_rates if len(learning_rates) > 1 else ())
        for k in range(choice_seeds)
    ]
    tried = run_sweep(occupancy_row, choosing, **where).rename(columns={"inputs": "target"})
    rates = {(arm, inputs): rate for (arm, _, inputs), rate in choose_learning_rates(tried).items()}
    cases = [
        OccupancyCase(
            arm,
            inputs,
            seed + 1000 + k,
            place,
            learning_rate=rates.get((arm, inputs), learning_rates[0]),
            test=True,
            **settings,
        )
        for arm, inputs in grid
        for k in range(seeds)
    ]
    networks = long_rows(run_sweep(occupancy_row, cases, **where))
    pairs = occupancy_differences(networks)
    windows = {
        inputs: _windows(place, cases[0].window, cases[0].stride, inputs) for inputs in INPUTS
    }
    simple = [rules(one).assign(inputs=inputs) for inputs, one in windows.items()]
    summary = compare_occupancy(pairs, rng=rng)
    return OccupancyStudy(networks, pairs, summary, pd.concat(simple, ignore_index=True))


def _pair(part: OccupancyPart) -> tuple[np.ndarray, np.ndarray]:
    return part.inputs, part.occupied.astype(int)


@lru_cache(maxsize=2)
def _windows(folder: str, window: int, stride: int, inputs: str) -> OccupancyWindows:
    return occupancy_windows(folder, window=window, stride=stride, light=INPUTS[inputs])
