"""Which networks a device is counted with, and a memory that makes its core wait."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from isru import paths
from isru.firmware import pre_activations
from isru.lstm import LSTMNetwork
from isru.studies.arms import ARMS
from isru.studies.forecaster import Case, train_network, windows_of

_STUDIES = ("forecaster", "exp-free")
OWN_WEIGHTS = {ARMS[name].device[0]: name for name in ("tanh", "isru", "exp_free")}
"""The arms that run with weights of their own, and how the studies that keep them call them."""


def kept_forecasters(units: int) -> dict[str, LSTMNetwork]:
    """Return the forecasters of one size that a study kept, by arm; none where none did."""
    names = {arm: f"{study.replace('_', '-')}-{units}" for arm, study in OWN_WEIGHTS.items()}
    found = {arm: _find_model(name) for arm, name in names.items()}
    return {arm: LSTMNetwork.load(kept) for arm, kept in found.items() if kept}


def trained_forecasters(
    units: int, *, epochs: int, seed: int
) -> tuple[dict[str, LSTMNetwork], list[str]]:
    """Return forecasters of one size, by arm.

    Parameters
    ----------
    units : int
    epochs : int
        Of training, where no study kept such a network.
    seed : int

    Returns
    -------
    networks : dict of {str: LSTMNetwork}
        ``"libm"`` and ``"exp_free"`` always, ``"isru"`` where a study kept one.
    brief : list of str
        The arms that were trained here, and briefly.
    """
    networks = kept_forecasters(units)
    brief = [arm for arm in OWN_WEIGHTS if arm not in networks and arm != "isru"]
    for arm in brief:
        networks[arm], _ = train_network(Case(OWN_WEIGHTS[arm], units, seed, epochs=epochs))
    return {arm: networks[arm] for arm in OWN_WEIGHTS if arm in networks}, brief


def _find_model(name: str) -> Path | None:
    """Return the file of a network that the forecaster's or the exp-free study kept, or None."""
    places = (
        run / "models" / f"{study}-{name}.npz" for study in _STUDIES for run in paths.upstream()
    )
    return next((place for place in places if place.is_file()), None)


def weather_sequence(steps: int, *, seed: int) -> np.ndarray:
    """Return one window of the test part, its last ``steps`` hours: shape (steps, F), float32."""
    windows = windows_of(Case("tanh", 10, seed)).test.inputs
    chosen = np.random.default_rng(seed).integers(len(windows))
    return np.ascontiguousarray(windows[chosen, -steps:])


def arguments(network: LSTMNetwork, sequence: np.ndarray, count: int, place: str) -> np.ndarray:
    """Return ``count`` of the arguments of a network's functions, evenly spread by rank.

    Parameters
    ----------
    network : LSTMNetwork
    sequence : ndarray, shape (T, F)
    count : int
    place : {"activation", "gate"}
        Of candidate and output, or of the gates.
    """
    seen = np.sort(pre_activations(network, sequence)[place])
    return seen[np.linspace(0, len(seen) - 1, count).round().astype(int)]


def with_wait_states(
    steps: pd.DataFrame, networks: Sequence[Mapping[str, LSTMNetwork]], states: int
) -> pd.DataFrame:
    """Return the steps as if the memory kept the core waiting for every weight of the layer.

    Parameters
    ----------
    steps : pandas.DataFrame
        From `isru.firmware.measure_lstm`; the cycles are raised.
    networks : sequence of mapping
        Of one layer each, as they were counted.
    states : int
        Cycles of waiting for each weight.
    """
    layers = (one["libm"] for one in networks)
    words = {net.hidden_sizes[0]: sum(w.size for w in net.get_weights()[:3]) for net in layers}
    waiting = states * steps["units"].map(words)
    return steps.assign(**{name: steps[name] + waiting for name in readings(steps, "cycles")})


def readings(steps: pd.DataFrame, measure: str) -> list[str]:
    """Return the columns of a measure, "cycles" say: the nominal one, then its readings."""
    return [name for name in steps.columns if re.fullmatch(rf"{measure}(_(\d+|low|high))?", name)]
