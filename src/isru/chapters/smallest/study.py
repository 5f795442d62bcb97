"""Which small networks there are to choose from, and how well each of them does its task.

Four families of LSTM and GRU, of one or two layers, on the tasks of
`tasks`. One configuration becomes one row: the skill with float32
weights, with weights rounded to int8, and all in integers.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from isru.chapters.smallest.tasks import OUTPUTS, TASKS, task_data
from isru.firmware import LSTM_ARMS, dequantised
from isru.firmware.integer import functions_of, quantise, run
from isru.firmware.reference import outputs
from isru.lstm import LSTMNetwork
from isru.lstm.inputs import check_choice
from isru.studies import forecaster
from isru.studies.arms import ARMS
from isru.sweep import run_sweep

CELLS = ("lstm", "gru")
# Each family with the arms of `isru.firmware` that compute it, the exact one first.
FAMILIES = {name: ARMS[name].device for name in ("tanh", "exp_free", "ladder2", "hard")}
STAND_INS = {arm: family for family, arms in FAMILIES.items() for arm in arms[1:]}
WEIGHTS = ("float32", "int8")
INTEGER = "integer"  # in the place of the weights' format: all arithmetic is in integers


@dataclass(frozen=True)
class Case(forecaster.Case):
    """One training run; ``arm`` is a family, ``target`` a task.

    See `isru.studies.forecaster.Case`.

    Parameters
    ----------
    upper : int
        Cells of a second layer; 0 for a network of one layer.
    cell : {"lstm", "gru"}
    folder : str
        Where the room's files lie, for that task only; its ``window`` counts minutes.
    keep : bool
        Whether the row holds the trained weights.
    """

    upper: int = 0
    cell: str = "lstm"
    folder: str = ""
    keep: bool = False
    arms: ClassVar = FAMILIES

    def __post_init__(self):
        for name, known in {"arm": self.arms, "target": TASKS, "cell": CELLS}.items():
            check_choice(name, getattr(self, name), known)
        object.__setattr__(self, "airports", tuple(self.airports))

    @property
    def hidden_sizes(self) -> tuple[int, ...]:
        """Cells of each layer."""
        return (self.units, self.upper) if self.upper else (self.units,)

    @property
    def hidden(self) -> str:
        """The sizes as text, ``"25"`` or ``"10x5"``."""
        return "x".join(map(str, self.hidden_sizes))

    def build(self, features: int) -> LSTMNetwork:
        """Return the untrained network; its weights depend on seed, cell and sizes only."""
        return LSTMNetwork(
            features,
            self.hidden_sizes,
            OUTPUTS[self.target],
            **ARMS[self.arm].settings() | {"cell": self.cell},
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


def skill_of(network: LSTMNetwork, case: Case) -> float:
    """Return a network's skill on the test part in %; see `TaskData.skill`."""
    data = task_data(case)
    return data.skill(network.predict(data.test[0]))


@threadpool_limits.wrap(limits=1)
def train_case(case: Case) -> tuple[LSTMNetwork, bool, float]:
    """Train the network of a case; return it, whether it diverged, and its validation loss."""
    data = task_data(case)
    network = case.build(data.features)
    parts = data.train, data.validation
    _, diverged = forecaster.fit_parts(network, case, *parts, loss=data.loss)
    return network, diverged, float(network.evaluate(*data.validation, data.loss))


@threadpool_limits.wrap(limits=1)
def skill_row(case: Case) -> dict:
    """Train one network and say how good it is.

    Returns
    -------
    dict
        ``task, cell, family, hidden, seed, learning_rate, diverged, validation_loss``; with
        ``case.test`` the skills in % ``float32``, ``int8`` and, where `INTEGER_ARMS` has the
        cell and the family, ``integer``, else None; and ``kept``, the weights as base64 of
        float32 in Keras's order, or empty.
    """
    network, diverged, loss = train_case(case)
    row = {"task": case.target, "cell": case.cell, "family": case.arm, "hidden": case.hidden}
    row |= {"seed": case.seed, "learning_rate": case.learning_rate}
    row |= {"diverged": diverged, "validation_loss": loss}
    if not case.test:
        return row
    data, arm = task_data(case), INTEGER_ARMS.get((case.cell, case.arm))
    row |= {
        "float32": skill_of(network, case),
        "int8": skill_of(dequantised(network), case),
        INTEGER: arm and data.skill(integer_output(network, data.train[0], data.test[0], arm)),
    }
    kept = b"".join(array.astype("<f4").tobytes() for array in network.get_weights())
    return row | {"kept": base64.b64encode(kept).decode() if case.keep else ""}


def skills(cases: Iterable[Case], **where) -> pd.DataFrame:
    """Train the networks of many cases; ``where`` as for `isru.sweep.run_sweep`."""
    return run_sweep(skill_row, cases, **where)


def chosen_rates(rows: pd.DataFrame) -> dict[tuple[str, str, str], float]:
    """Return the learning rate of the lowest mean validation loss, per (task, cell, family).

    Parameters
    ----------
    rows : pandas.DataFrame
        From `skills`, of several learning rates over the same seeds; perhaps none.
    """
    return forecaster.choose_learning_rates(rows, ("task", "cell", "family"))


def tidy(rows: pd.DataFrame) -> pd.DataFrame:
    """Return ``task, cell, family, hidden, seed, weights, skill``: a row a network and format."""
    names = ["task", "cell", "family", "hidden", "seed"]
    long = rows.melt(names, [*WEIGHTS, INTEGER], var_name="weights", value_name="skill")
    return long.dropna(subset="skill").astype({"skill": float}).reset_index(drop=True)


def kept_network(case: Case, text: str) -> LSTMNetwork:
    """Return the trained network of a row that kept its weights.

    Raises
    ------
    ValueError
        If ``text`` holds another number of weights than the case's network.
    """
    network = case.build(task_data(case).features)
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
    data, inputs = task_data(case), task_data(case).test[0]
    exact = network.activation.value, network.recurrent_activation.value
    other = (form.reference for form in LSTM_ARMS[arm].forms)
    found = [data.skill(outputs(network, inputs, *pair)[:, -1]) for pair in (exact, other)]
    return float(found[1] - found[0])


INTEGER_ARMS = {("lstm", "tanh"): "integer_tanh", ("lstm", "exp_free"): "integer_isru"}
"""The integer arm for a cell and a family. The kernel has no GRU, and no table of straight lines
is worth its bytes."""


def integer_output(
    network: LSTMNetwork, seen: np.ndarray, inputs: np.ndarray, arm: str
) -> np.ndarray:
    """Return the outputs after each window.

    Parameters
    ----------
    network : LSTMNetwork
    seen : ndarray, shape (m, T, F)
        Training windows, whose largest number sets the scale of the inputs.
    inputs : ndarray, shape (n, T, F)
        Numbers beyond that scale are clipped.
    arm : str
        Of `INTEGER_ARMS`.

    Returns
    -------
    ndarray of float64, shape (n, C)
    """
    model = quantise(network, seen.reshape(-1, seen.shape[2]))
    whole = np.clip(np.rint(inputs / model.input_scale), -127, 127).astype(np.int8)
    hidden = run(model, functions_of(arm), whole)[..., -1, :]
    dense, bias = (array.astype(np.float64) for array in network.get_weights()[-2:])
    return hidden / 128 @ dense + bias
