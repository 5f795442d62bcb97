"""Can ISRU replace the gates' logistic function, too? The forecaster with further arms.

Everything but the network is that of `isru.studies.forecaster`: the weather, its targets,
the order of the data, early stopping and the measures.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from isru.cost import equal_units, layer_count
from isru.lstm import LSTMNetwork
from isru.stats import bootstrap_interval, groups
from isru.studies import forecaster
from isru.studies.arms import ARMS
from isru.studies.forecaster import OUTPUTS, scores, train_network
from isru.studies.paired import compare
from isru.sweep import run_sweep

FEWEST = 10  # pairs that may be called equivalent


CELLS = ("gru", "coupled")
COMPARED = ("tanh", "exp_free", "exp_free_best", "identity")
TRAINED = tuple(name for name, arm in ARMS.items() if arm.trainable_alpha)


@dataclass(frozen=True)
class Case(forecaster.Case):
    """One training run of any arm; see `isru.studies.forecaster.Case`.

    ``units`` are those of the LSTM; another cell gets as many as bring its number of parameters
    closest to the LSTM's, so that cells are compared at equal size.

    Parameters
    ----------
    k, gate_k : float
        Best-fit input scales of ISRU and of the ISRU gate.
    gain : float
        What the candidate's weights are multiplied with in a gain-matched arm.
    """

    k: float = 1.0
    gate_k: float = 0.5
    gain: float = 1.0
    arms: ClassVar = ARMS

    def build(self, features: int) -> LSTMNetwork:
        """Return the untrained network; its weights depend on seed, sizes and cell."""
        arm, outputs = ARMS[self.arm], OUTPUTS[self.target]
        network = LSTMNetwork(
            features,
            equal_units(arm.cell, features, self.units, outputs),
            outputs,
            **arm.settings(self.k, self.gate_k),
            rng=np.random.default_rng([self.seed, 0]),
        )
        if arm.gain:
            scale_candidate(network, self.gain)
        return network


def scale_candidate(network: LSTMNetwork, factor: float) -> None:
    """Multiply the weights, not the biases, that lead to the candidates of an LSTM."""
    weights = network.get_weights()
    for name, array in zip(network.weight_names, weights, strict=True):
        if name.endswith("kernel") and not name.startswith("dense"):
            units = array.shape[1] // 4
            array[:, 2 * units : 3 * units] *= factor
    network.set_weights(weights)


@threadpool_limits.wrap(limits=1)
def quality_row(case: Case) -> dict:
    """Train one network and say how good it is.

    Returns
    -------
    dict
        That of `isru.studies.forecaster.quality_row`, with ``cell_units``, ``parameters``
        and, for a trained alpha, ``alpha_candidate`` and ``alpha_cell``.
    """
    network, row = train_network(case)
    row |= {"cell_units": network.hidden_sizes[0], "parameters": network.parameters.size}
    if network.trainable_alpha:
        row["alpha_candidate"], row["alpha_cell"] = network.layers[0].alphas
    return row | (scores(network, case) if case.test else {})


def quality(cases: Iterable[Case], **where):
    """Train the networks of many cases; see `isru.studies.forecaster.quality`."""
    return run_sweep(quality_row, cases, **where)


def conditions(
    units: Sequence[int],
    seeds: int,
    *,
    rain: bool,
    more_arms: Sequence[str] = (),
    more_seeds: int = 0,
    cell_units: Sequence[int] = (),
    cell_seeds: int = 0,
) -> list[tuple[str, int, str, int]]:
    """Return what to train: (arm, units, target, number of seeds), each arm and size once.

    Parameters
    ----------
    units, seeds
        tanh, both exp-free arms and the control, all cells, on temperature; the further arms
        at the first of ``units`` only.
    rain : bool
        Whether tanh, exp-free and the control also learn the rain.
    more_arms, more_seeds
        Further arms, and their seeds.
    cell_units, cell_seeds
        Further sizes at which tanh and the cells are compared, and their seeds.
    """
    plan = {(arm, size, "change"): seeds for size in units for arm in (*COMPARED, *CELLS)}
    if rain:
        plan |= {(arm, size, "rain"): seeds for size in units for arm in COMPARED}
    added = [((arm, units[0], "change"), more_seeds) for arm in more_arms]
    added += [
        ((arm, size, "change"), cell_seeds) for size in cell_units for arm in ("tanh", *CELLS)
    ]
    for key, count in added:
        plan[key] = max(plan.get(key, 0), count)
    return [(*key, count) for key, count in plan.items() if count > 0]


def paired_words(pairs: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Compare every arm with the baseline; fewer than `FEWEST` pairs are never "equivalent".

    Parameters and result are those of `isru.studies.paired.compare`.
    """
    table = compare(pairs, rng=rng)
    if not table.empty:
        table.loc[(table["n"] < FEWEST) & (table["word"] == "equivalent"), "word"] = "undecided"
    return table


def cells_table(rows: pd.DataFrame, features: int, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return size, cost and skill of LSTM, GRU and coupled gates.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `quality`; those of the temperature count.
    features : int
        F.
    rng : numpy.random.Generator
        For the bootstrap intervals.

    Returns
    -------
    pandas.DataFrame
        ``arm`` ("tanh" is the LSTM), ``units`` of the LSTM compared with, ``cell_units``,
        ``parameters`` of the network, ``macs`` and ``activations`` of a step, ``seeds``, and the
        ``mean`` skill in % with the ends ``low`` and ``high`` of its 95 % interval.
    """
    found = []
    chosen = rows[(rows["target"] == "change") & rows["arm"].isin(["tanh", *CELLS])]
    for group, part in groups(chosen, ["arm", "units"], sort=False):
        width = int(part["cell_units"].iloc[0])
        count = layer_count(features, width, cell=ARMS[group["arm"]].cell)
        mean = bootstrap_interval(part["skill"], statistic="mean", rng=rng)
        size = {"cell_units": width, "parameters": int(part["parameters"].iloc[0])}
        work = {"macs": count.macs, "activations": count.gates + count.activations}
        found.append(group | size | work | {"seeds": len(part)} | mean.columns("mean"))
    return pd.DataFrame(found)
