"""The tasks of the smallest model behind one interface: parts, loss, and what counts as skill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from isru.data.forecast import forecast_windows
from isru.data.occupancy import occupancy_windows
from isru.studies import forecaster
from isru.studies.baselines import skill

OCCUPANCY = "occupancy"
TASKS = (*forecaster.TARGETS, OCCUPANCY)
OUTPUTS = forecaster.OUTPUTS | {OCCUPANCY: 2}
STRIDE = 3  # minutes from one training window of the room to the next, as in chapter 6


@dataclass(frozen=True)
class TaskData:
    """What networks learn from.

    Attributes
    ----------
    windows : ForecastWindows or OccupancyWindows
    train, validation, test : pair of ndarray
        Inputs (n, T, F) in float32, and targets: (n, 1), or classes (n,).
    loss : {"mse", "cross_entropy"}
    """

    windows: object
    train: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    loss: str

    @property
    def features(self) -> int:
        """F."""
        return self.train[0].shape[2]

    def skill(self, output: np.ndarray) -> float:
        """Return the skill of outputs (n, C) for the test part, in %.

        Of the temperature's change: over persistence. Of answers: the share of right ones.
        """
        truth = self.test[1]
        if self.loss == "mse":
            return skill(output, truth)
        return 100.0 * float(np.mean(output.argmax(axis=1) == truth))


def task_data(case) -> TaskData:
    """Return what a case of `study` learns from, made once for all alike."""
    if case.target == OCCUPANCY:
        return _room(case.folder, case.window)
    return _weather(case.target, case.airports, case.window, case.horizon, case.fill_hours)


@lru_cache(maxsize=2)
def _weather(task: str, airports, window: int, horizon: int, fill_hours: int) -> TaskData:
    windows = _forecast_windows(airports, window, horizon, fill_hours)
    if task == "rain":
        return _parts(windows, "test", lambda part: part.rain[:, 0].astype(int), "cross_entropy")
    return _parts(windows, "test", lambda part: part.change, "mse")


@lru_cache(maxsize=1)
def _forecast_windows(airports, window: int, horizon: int, fill_hours: int):
    return forecast_windows(airports, window=window, horizon=horizon, fill_hours=fill_hours)


@lru_cache(maxsize=1)
def _room(folder: str, window: int) -> TaskData:
    """The room, light sensor and all; the test part is the week after the training part."""
    windows = occupancy_windows(folder, window=window, stride=STRIDE)
    return _parts(windows, "after", lambda part: part.occupied.astype(int), "cross_entropy")


def _parts(windows, test: str, target: Callable, loss: str) -> TaskData:
    parts = [getattr(windows, name) for name in ("train", "validation", test)]
    return TaskData(windows, *((part.inputs, target(part)) for part in parts), loss)
