"""Which small networks there are to choose from, and how well each of them forecasts.

Three families of one or two LSTM layers, on the tasks of `isru.experiments.forecaster`. One
configuration becomes one row: the skill with float32 weights, and with weights rounded to int8.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from isru.embedded import LSTM_ARMS, dequantised
from isru.embedded.twins import twin
from isru.experiments import exp_free, forecaster
from isru.experiments.forecaster import OUTPUTS, TARGETS, train_network, windows_of
from isru.lstm import LSTMNetwork
from isru.sweep import run_sweep

__all__ = [
    "FAMILIES",
    "STAND_INS",
    "TARGETS",
    "WEIGHTS",
    "Case",
    "kept_network",
    "parse_hidden",
    "skill_of",
    "skill_row",
    "skills",
    "stand_in_gap",
    "tidy",
]

# The arms of `isru.embedded` that compute what a family was trained with, the exact one first.
FAMILIES = {
    "tanh": ("libm", "table"),
    "exp_free": ("exp_free", "exp_free_rsqrt1"),
    "hard": ("hard",),
}
STAND_INS = {arm: family for family, arms in FAMILIES.items() for arm in arms[1:]}
WEIGHTS = ("float32", "int8")


@dataclass(frozen=True)
class Case(forecaster.Case):
    """One training run; ``arm`` is a family. See `isru.experiments.forecaster.Case`.

    Parameters
    ----------
    upper : int
        Cells of a second layer; 0 for a network of one layer.
    keep : bool
        Whether the row holds the trained weights.
    """

    upper: int = 0
    keep: bool = False
    arms: ClassVar = FAMILIES

    @property
    def hidden_sizes(self) -> tuple[int, ...]:
        """Cells of each layer."""
        return (self.units, self.upper) if self.upper else (self.units,)

    @property
    def hidden(self) -> str:
        """The sizes as text, ``"25"`` or ``"10x5"``."""
        return "x".join(map(str, self.hidden_sizes))

    def build(self, features: int) -> LSTMNetwork:
        """Return the untrained network; its weights depend on seed and sizes only."""
        return LSTMNetwork(
            features,
            self.hidden_sizes,
            OUTPUTS[self.target],
            **exp_free.ARMS[self.arm].settings(),
            rng=np.random.default_rng([self.seed, 0]),
        )


def parse_hidden(text: str) -> tuple[int, int]:
    """Return the cells of the first and the second layer (0 for none) of ``"25"`` or ``"10x5"``.

    Raises
    ------
    ValueError
    """
    parts = text.split("x")
    if len(parts) > 2 or not all(part.isdecimal() and int(part) for part in parts):
        raise ValueError(f"expected cells such as '25', or '10x5' of two layers, got {text!r}")
    return int(parts[0]), int(parts[1]) if len(parts) == 2 else 0


def skill_of(network: LSTMNetwork, case: forecaster.Case) -> float:
    """Return a network's skill on the test part in %.

    Temperature: the skill over persistence. Rain: the share of right answers.
    """
    found = forecaster.scores(network, case)
    return found["skill" if case.target == "change" else "accuracy"]


@threadpool_limits.wrap(limits=1)
def skill_row(case: Case) -> dict:
    """Train one network and say how good it is.

    Returns
    -------
    dict
        ``task, family, hidden, seed, diverged``, the skills ``float32`` and ``int8`` in % (see
        `skill_of`), and ``kept``, the weights as base64 of float32 in Keras's order, or empty.
    """
    network, row = train_network(case)
    kept = b"".join(array.astype("<f4").tobytes() for array in network.get_weights())
    return {
        "task": case.target,
        "family": case.arm,
        "hidden": case.hidden,
        "seed": case.seed,
        "diverged": row["diverged"],
        "float32": skill_of(network, case),
        "int8": skill_of(dequantised(network), case),
        "kept": base64.b64encode(kept).decode() if case.keep else "",
    }


def skills(cases: Iterable[Case], **where) -> pd.DataFrame:
    """Train the networks of many cases; ``where`` as for `isru.sweep.run_sweep`."""
    return run_sweep(skill_row, cases, **where)


def tidy(rows: pd.DataFrame) -> pd.DataFrame:
    """Return ``task, family, hidden, weights, seed, skill``: a row a network and weight format."""
    names = ["task", "family", "hidden", "seed"]
    return rows.melt(names, list(WEIGHTS), var_name="weights", value_name="skill")


def kept_network(case: Case, text: str) -> LSTMNetwork:
    """Return the trained network of a row that kept its weights.

    Raises
    ------
    ValueError
        If ``text`` holds another number of weights than the case's network.
    """
    network = case.build(windows_of(case).train.inputs.shape[2])
    flat, shapes = np.frombuffer(base64.b64decode(text), "<f4"), network.get_weights()
    if flat.size != network.parameters.size:
        raise ValueError(
            f"expected {network.parameters.size} weights of {case.arm} {case.hidden}, "
            f"got {flat.size}: was the row made with keep=True?"
        )
    ends = np.cumsum([array.size for array in shapes])[:-1]
    parts = np.split(flat, ends)
    network.set_weights([p.reshape(a.shape) for p, a in zip(parts, shapes, strict=True)])
    return network


def stand_in_gap(network: LSTMNetwork, case: Case, arm: str) -> float:
    """Return by how many pp a network's test skill changes when a stand-in computes it.

    Parameters
    ----------
    network : LSTMNetwork
        Trained with the function that the arm stands for.
    case : Case
    arm : str
        One of `STAND_INS`.
    """
    part, names = windows_of(case).test, LSTM_ARMS[arm]
    exact = network.activation.value, network.recurrent_activation.value
    other = twin(names.activation).reference, twin(names.gate).reference
    found = []
    for activation, gate in (exact, other):
        output = _last_output(network, part.inputs, activation, gate)
        if case.target == "change":
            found.append(forecaster.skill(output, part.change))
        else:
            found.append(100.0 * np.mean(output.argmax(axis=1) == part.rain[:, 0]))
    return float(found[1] - found[0])


def _last_output(network: LSTMNetwork, inputs: np.ndarray, activation, gate) -> np.ndarray:
    """Return the outputs (n, C) after the windows (n, T, F), in float64, of given functions."""
    *layers, dense, bias = (array.astype(np.float64) for array in network.get_weights())
    states: Sequence = [(np.zeros((len(inputs), size)),) * 2 for size in network.hidden_sizes]
    for x in inputs.transpose(1, 0, 2).astype(np.float64):
        for number, (h, c) in enumerate(states):
            kernel, recurrent, offset = layers[3 * number : 3 * number + 3]
            i, f, z, o = np.split(x @ kernel + h @ recurrent + offset, 4, axis=1)
            c = gate(f) * c + gate(i) * activation(z)
            x = gate(o) * activation(c)
            states[number] = x, c
    return x @ dense + bias
