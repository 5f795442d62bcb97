"""Does a forecaster learn as well with ISRU as with tanh? One configuration -> one row.

A network of one LSTM layer sees 24 hours of weather and predicts the temperature change some
hours ahead, or whether it will rain. Every arm starts from the same weights and sees the same
batches when the seed is the same, so that arms are compared by pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.special import logsumexp
from threadpoolctl import threadpool_limits

from isru.data.forecast import ForecastWindows, WindowSet, forecast_windows
from isru.lstm import Adam, DivergenceError, History, LSTMNetwork, train
from isru.lstm.inputs import check_choice
from isru.studies.arms import ARMS, CORE
from isru.studies.baselines import skill
from isru.sweep import run_sweep

FORECASTER_ARMS = ("tanh", "isru", "isru_matched", "exp_free", "hard", "softsign", "identity")
TARGETS = ("change", "rain")
OUTPUTS = {"change": 1, "rain": 2}
_LOSSES = {"change": "mse", "rain": "cross_entropy"}


@dataclass(frozen=True)
class Case:
    """One training run.

    Parameters
    ----------
    arm : str
        One of `arms`.
    units, seed : int
        Cells of the layer; seed of initial weights and of the order of the data.
    learning_rate : float
        Of Adam.
    epochs, patience : int
        Most epochs, and how many without a better validation loss end the training.
    batch_size : int
    target : {"change", "rain"}
    airports : tuple of str
    window, horizon, fill_hours : int
        See `isru.data.forecast.forecast_windows`.
    test : bool
        Whether the test part is evaluated: not while anything is still being chosen.
    """

    arm: str
    units: int
    seed: int
    learning_rate: float = 3e-3
    epochs: int = 12
    patience: int = 4
    batch_size: int = 128
    target: str = "change"
    airports: tuple[str, ...] = ("JFK",)
    window: int = 24
    horizon: int = 6
    fill_hours: int = 6
    test: bool = False
    arms: ClassVar = FORECASTER_ARMS

    def __post_init__(self):
        check_choice("arm", self.arm, self.arms)
        check_choice("target", self.target, TARGETS)
        object.__setattr__(self, "airports", tuple(self.airports))

    def build(self, features: int) -> LSTMNetwork:
        """Return the untrained network; its weights depend on seed and sizes, not on the arm."""
        return LSTMNetwork(
            features,
            self.units,
            OUTPUTS[self.target],
            **ARMS[self.arm].settings(),
            rng=np.random.default_rng([self.seed, 0]),
        )


@threadpool_limits.wrap(limits=1)
def quality_row(case: Case) -> dict:
    """Train one network, on one thread of the BLAS, and say how good it is.

    Returns
    -------
    dict
        ``arm``, ``units``, ``seed``, ``target``, ``learning_rate``; ``best_epoch`` (from 0, -1 is
        untrained), ``updates``, ``diverged`` (a loss was not finite; the best weights before
        count); ``validation_loss``; and with ``case.test`` the test part's ``loss`` and, for
        the change, ``skill`` over persistence in %, for the rain ``accuracy`` in % with the
        counts ``tp``, ``tn``, ``fp``, ``fn``; and the sums by day of `scores`.
    """
    network, row = train_network(case)
    return row | (scores(network, case) if case.test else {})


def scores(network: LSTMNetwork, case: Case) -> dict:
    """Return what a network reaches on the test part; see `quality_row`.

    ``day_losses`` and, on rain, ``day_right`` are sums over the windows that end on each day
    (UTC) of the part: of the squared error or the cross-entropy, and of right answers. They stand
    as text, parted by spaces, in the order of `days_of_test`, so that a row stays a row.
    """
    part = windows_of(case).test
    output = network.predict(part.inputs)
    found = {"loss": _loss(network, part, case.target)}
    if case.target == "change":
        found["skill"] = skill(output, part.change)
        errors = (output.astype(float) - part.change)[:, 0] ** 2
        return found | {"day_losses": _day_sums(part, errors)}
    said, rain = output.argmax(axis=1) == 1, part.rain[:, 0] == 1
    logits = output.astype(float)
    surprise = logsumexp(logits, axis=1) - logits[np.arange(len(rain)), rain.astype(int)]
    found |= {"day_losses": _day_sums(part, surprise), "day_right": _day_sums(part, said == rain)}
    counts = {
        "tp": int(np.sum(said & rain)),
        "tn": int(np.sum(~said & ~rain)),
        "fp": int(np.sum(said & ~rain)),
        "fn": int(np.sum(~said & rain)),
    }
    return found | {"accuracy": 100.0 * float(np.mean(said == rain))} | counts


def days_of_test(case: Case) -> pd.DataFrame:
    """Return the days of a case's test part: day, its ``windows``, and persistence's errors.

    ``persistence`` is the sum of the squared changes, in the units of ``day_losses``: the skill
    of a network is 100 (1 - sum of its ``day_losses`` / sum of these).
    """
    part = windows_of(case).test
    days, place = np.unique(part.end.astype("datetime64[D]"), return_inverse=True)
    squares = part.change[:, 0].astype(float) ** 2
    return pd.DataFrame(
        {
            "day": days,
            "windows": np.bincount(place),
            "persistence": np.bincount(place, weights=squares),
        }
    )


@threadpool_limits.wrap(limits=1)
def train_network(case: Case) -> tuple[LSTMNetwork, dict]:
    """Train the network of a case; return it, at its best epoch, with the row so far."""
    network = case.build(windows_of(case).train.inputs.shape[2])
    history, diverged = fit(network, case)
    row = {name: getattr(case, name) for name in ("arm", "units", "seed", "target")}
    row |= {
        "learning_rate": case.learning_rate,
        "best_epoch": history.best_epoch,
        "updates": history.iterations,
        "diverged": diverged,
        "validation_loss": _loss(network, windows_of(case).validation, case.target),
    }
    return network, row


def fit(network: LSTMNetwork, case: Case, **how) -> tuple[History, bool]:
    """Train any network as a case says; return its history, and whether it diverged.

    Parameters
    ----------
    network : LSTMNetwork
        At the weights to start from; left at its best epoch.
    case : Case
    **how
        ``order`` and ``trainer``, as for `fit_parts`.
    """
    windows = windows_of(case)
    parts = [
        (part.inputs, _target(part, case.target)) for part in (windows.train, windows.validation)
    ]
    return fit_parts(network, case, *parts, loss=_LOSSES[case.target], **how)


def fit_parts(
    network: LSTMNetwork,
    case,
    training,
    validation,
    *,
    order: int = 1,
    trainer: Callable[..., History] | None = None,
    **settings,
) -> tuple[History, bool]:
    """Train a network on given data as a case says; return its history, and whether it diverged.

    Parameters
    ----------
    network : LSTMNetwork
        Left at its best epoch.
    case : object
        With ``seed``, ``learning_rate``, ``batch_size``, ``epochs`` and ``patience``.
    training, validation : pair of ndarray
        Inputs and targets.
    order : int
        Another number draws another order of the data from the same seed.
    trainer : callable, optional
        `isru.lstm.train`, which is the default, or one with its arguments.
    **settings
        Further arguments of `isru.lstm.train`, ``loss`` among them.
    """
    try:
        history = (trainer or train)(
            network,
            training,
            optimizer=Adam(case.learning_rate),
            batch_size=case.batch_size,
            epochs=case.epochs,
            patience=case.patience,
            validation=validation,
            rng=np.random.default_rng([case.seed, order]),
            **settings,
        )
    except DivergenceError as error:
        return error.history, True
    return history, False


def quality(cases: Iterable[Case], **where):
    """Train the networks of many cases, one thread each.

    Parameters
    ----------
    cases : iterable of Case
    **where
        ``processes``, ``scheduler``, ``cache``, ``fresh``, ``progress``: see
        `isru.sweep.run_sweep`.

    Returns
    -------
    pandas.DataFrame
        The rows of `quality_row` in the order of ``cases``, the same wherever they are computed.
    """
    return run_sweep(quality_row, cases, **where)


def choose_learning_rates(
    rows: pd.DataFrame,
    keys: Sequence[str] = ("arm", "units", "target"),
    *,
    by: str = "validation_loss",
) -> dict[tuple, float]:
    """Return the learning rate with the lowest mean of a column, for each group.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `quality`, several learning rates over the same seeds; perhaps none.
    keys : sequence of str
        Columns that name a group, at least two.
    by : str
    """
    if rows.empty:
        return {}
    mean = rows.groupby([*keys, "learning_rate"], sort=False)[by].mean()
    best = mean.groupby(list(keys), sort=False).idxmin()
    return {tuple(index[:-1]): float(index[-1]) for index in best}


def conditions(
    units: Sequence[int],
    seeds: int,
    *,
    more_arms: Sequence[str] = (),
    more_units: Sequence[int] = (),
    more_seeds: int = 0,
) -> list[tuple[str, int, str, int]]:
    """Return what to train: (arm, units, target, number of seeds).

    tanh, ISRU and the identity, on both targets and all ``units``, with ``seeds`` seeds. With
    ``more_seeds`` further arms on both targets, and tanh, ISRU and exp-free networks of
    ``more_units`` on the temperature only.
    """
    plan = [
        (arm, count, target, seeds if arm in CORE else more_seeds)
        for target in TARGETS
        for count in units
        for arm in (*CORE, *(arm for arm in more_arms if arm not in CORE))
    ]
    larger = [count for count in more_units if count not in units]
    plan += [
        (arm, count, "change", more_seeds)
        for count in larger
        for arm in ("tanh", "isru", "exp_free")
    ]
    return [entry for entry in plan if entry[-1] > 0]


def windows_of(case: Case) -> ForecastWindows:
    """Return the weather that a case learns from, made once for all cases alike."""
    return _cached_windows(case.airports, case.window, case.horizon, case.fill_hours)


@lru_cache(maxsize=2)
def _cached_windows(airports: Sequence[str], window: int, horizon: int, fill_hours: int):
    return forecast_windows(airports, window=window, horizon=horizon, fill_hours=fill_hours)


def _target(part: WindowSet, target: str) -> np.ndarray:
    return part.change if target == "change" else part.rain[:, 0].astype(int)


def _day_sums(part: WindowSet, values: np.ndarray) -> str:
    place = np.unique(part.end.astype("datetime64[D]"), return_inverse=True)[1]
    return " ".join(f"{total:.5g}" for total in np.bincount(place, weights=values))


def _loss(network: LSTMNetwork, part: WindowSet, target: str) -> float:
    return float(network.evaluate(part.inputs, _target(part, target), _LOSSES[target]))
