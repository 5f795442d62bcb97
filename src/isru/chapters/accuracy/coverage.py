"""How often the intervals of `isru.studies.octaves` hold the truth, in simulated batteries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from isru.studies.octaves import FEWEST, MARGIN, Ratios, pooled, ratios

PILOT_SEEDS = 30
TRUTHS = tuple((octaves, tau) for octaves in (0.0, MARGIN) for tau in (0.0, 0.05, 0.1))
"""Octaves over all tasks, and their standard deviation between tasks."""
_CONTROL = 0.4  # octaves: about what three quarters of the units cost
_AT_ONCE = 250  # batteries, for the memory
Noise = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


@dataclass(frozen=True)
class Pilot:
    """A task of the battery: its seeds, the pilots' t of half the units, and its overlap."""

    seeds: int
    t: float
    overlap: float = 0.0


PILOTS = {
    "vowels": Pilot(120, 5),
    "watch": Pilot(160, 5, 3 / 5),
    "digits": Pilot(60, 11),
    "laser": Pilot(40, 15),
    "mackey_glass": Pilot(80, 5),
    "narma": Pilot(80, 7),
    "dyck": Pilot(80, 6),
    "characters": Pilot(20, 24),
}


def coverage(
    *,
    batteries: int = 2000,
    truths: tuple[tuple[float, float], ...] = TRUTHS,
    pilots: Mapping[str, Pilot] = PILOTS,
    noise: Noise = lambda rng, shape: rng.standard_normal(shape),
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return how often intervals hold the truth, and how often *non-inferior* is said.

    A task's true octaves are drawn about those of the battery; a network's loss is what it costs
    and a deviation of its own, of variance 1 in every arm, which the splits of a task with
    overlap share in part. Half the units cost what gave the pilots their t.

    Parameters
    ----------
    batteries : int
    truths : sequence of (octaves, tau)
    pilots : mapping of str to Pilot
    noise : callable
        ``noise(rng, shape)``: deviations of mean 0 and variance 1.
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        Columns octaves, tau, batteries, tasks (the mean number that count), bias (of the mean, in
        octaves); in %: covered (the interval holds the octaves), covered_new (the prediction
        holds a new task's), gates (they are open), non_inferior (said, or more).
    """
    rows = []
    for octaves, tau in truths:
        parts = [
            _batteries(min(_AT_ONCE, batteries - first), octaves, tau, pilots, noise, rng)
            for first in range(0, batteries, _AT_ONCE)
        ]
        shares = pd.concat(parts).mean()
        rows.append({"octaves": octaves, "tau": tau, "batteries": batteries, **shares})
    return pd.DataFrame(rows)


def _batteries(count, octaves, tau, pilots, noise, rng) -> pd.DataFrame:
    """Return what was found in each of ``count`` batteries."""
    arm, control = zip(
        *(_task(count, octaves, tau, pilot, noise, rng) for pilot in pilots.values()), strict=True
    )
    arm, control = (Ratios(*map(_side_by_side, zip(*each, strict=True))) for each in (arm, control))
    found, beside = pooled(arm), pooled(control, new=False)
    new = octaves + tau * rng.standard_normal(count)
    gates = (found.tasks >= FEWEST) & (beside.low > 0)
    holds = (found.low <= octaves) & (octaves <= found.high)
    holds_new = (found.prediction_low <= new) & (new <= found.prediction_high)
    return pd.DataFrame(
        {
            "tasks": found.tasks,
            "bias": found.octaves - octaves,
            "covered": 100.0 * holds,
            "covered_new": 100.0 * holds_new,
            "gates": 100.0 * gates,
            "non_inferior": 100.0 * (gates & (found.high < MARGIN)),
        }
    )


def _side_by_side(tasks) -> np.ndarray:
    return np.stack(tasks, axis=-1)


def _task(count, octaves, tau, pilot, noise, rng) -> tuple[Ratios, Ratios]:
    """Return what an arm and the control cost on a task, in ``count`` batteries."""
    common = pilot.overlap / (1 + pilot.overlap)  # correlation of two splits' losses
    half_cost = pilot.t * np.sqrt(2 * (1 - common) / PILOT_SEEDS)
    true = octaves + tau * rng.standard_normal((count, 1))

    def deviations():
        own = noise(rng, (count, pilot.seeds))
        return np.sqrt(common) * rng.standard_normal((count, 1)) + np.sqrt(1 - common) * own

    tanh, half = deviations(), half_cost + deviations()
    arm, control = true * half_cost + deviations(), _CONTROL * half_cost + deviations()
    cost = half - tanh
    return (
        ratios(arm - tanh, cost, overlap=pilot.overlap),
        ratios(control - tanh, cost, overlap=pilot.overlap),
    )
