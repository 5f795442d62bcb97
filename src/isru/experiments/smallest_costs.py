"""What the small networks cost on a core: cycles, flash and RAM of every way to compute them.

One network a size is measured, with random weights. Every arm but the C library's takes the same
time for all weights and inputs; for the C library's functions it is a sample of their cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from isru import paths
from isru.embedded import LSTM_ARMS, code_size, measure_lstm, toolchain_problem
from isru.experiments.forecaster import OUTPUTS
from isru.experiments.smallest import FAMILIES, WEIGHTS, parse_hidden
from isru.lstm import LSTMNetwork

INTEGER = "integer_tanh"
ARMS = {arm: family for family, arms in FAMILIES.items() for arm in arms}
KEYS = ["task", "family", "hidden", "weights"]
_COSTS = ["instructions", "cycles", "cycles_low", "cycles_high"]


def network_costs(
    target: str,
    hidden: Iterable[str],
    sequence: np.ndarray,
    *,
    tasks: Sequence[str] = tuple(OUTPUTS),
) -> pd.DataFrame:
    """Count one time step, and the bytes, of every size, arm and weight format on one core.

    Parameters
    ----------
    target : str
        A name in `isru.embedded.TARGETS`.
    hidden : iterable of str
        Sizes, see `isru.experiments.smallest.parse_hidden`.
    sequence : ndarray, shape (T, F)
        Inputs.
    tasks : sequence of str
        Their networks differ in the number of outputs.

    Returns
    -------
    pandas.DataFrame
        ``target, task, family, hidden, weights, arm``; of one step, without the dense layer,
        ``instructions, cycles, cycles_low, cycles_high`` (NaN where the core has no published
        table); in bytes ``flash`` (code, constants and weights) and ``ram`` (the state). The arm
        in integers has ``weights`` "integer"; its flash lacks the dense layer.
    """
    rows = []
    for text in hidden:
        for weights in WEIGHTS:
            arms = [*ARMS, *([INTEGER] if weights == WEIGHTS[0] else [])]
            about = {"arms": arms, "weights": weights}
            steps = None
            for task in tasks:
                network = _any_network(text, sequence.shape[1], OUTPUTS[task])
                if steps is None:
                    counted = measure_lstm(
                        target, network, inputs=sequence, steps=len(sequence), **about
                    )
                    steps = counted.set_index("arm")[_COSTS]
                sizes = code_size(target, network, **about).set_index("arm")
                for arm in arms:
                    rows.append(
                        {"target": target, "task": task, "family": ARMS.get(arm, "tanh")}
                        | {"hidden": text, "weights": _format(arm, weights), "arm": arm}
                        | steps.loc[arm].to_dict()
                        | {"flash": int(sizes.loc[arm, ["flash", "weights"]].sum())}
                        | {"ram": int(sizes.loc[arm, "ram"])}
                    )
    return pd.DataFrame(rows)


def all_costs(
    targets: Sequence[str], hidden: Sequence[str], sequence: np.ndarray
) -> tuple[pd.DataFrame, bool]:
    """Count on several cores; where the toolchain is missing, take the published counts.

    Parameters
    ----------
    targets, hidden, sequence
        As for `network_costs`.

    Returns
    -------
    costs : pandas.DataFrame
    stored : bool
        Whether they are the published ones; of the sizes asked for, only those that are there.

    Raises
    ------
    FileNotFoundError
        If the toolchain is missing and nothing is published; the message says what to install.
    """
    problem, file = toolchain_problem(), paths.results() / "tables" / "11-costs.csv"
    if not problem:
        parts = [network_costs(target, hidden, sequence) for target in targets]
        return pd.concat(parts, ignore_index=True), False
    if not file.is_file():
        raise FileNotFoundError(f"{problem} (there are no stored counts in {file} either)")
    kept = pd.read_csv(file, dtype={"hidden": str})
    chosen = kept["target"].isin(targets) & kept["hidden"].isin(hidden)
    return kept[chosen].reset_index(drop=True), True


def _any_network(text: str, features: int, outputs: int) -> LSTMNetwork:
    sizes = [size for size in parse_hidden(text) if size]
    return LSTMNetwork(features, sizes, outputs, rng=np.random.default_rng(0))


def _format(arm: str, weights: str) -> str:
    return "integer" if LSTM_ARMS[arm].kind == "integer" else weights


def join(costs: pd.DataFrame, skills: pd.DataFrame) -> tuple[pd.DataFrame, dict]:
    """Return the points of the map and the skills behind them.

    Parameters
    ----------
    costs : pandas.DataFrame
        From `network_costs`, perhaps of several cores.
    skills : pandas.DataFrame
        From `isru.experiments.smallest.tidy`.

    Returns
    -------
    points : pandas.DataFrame
        The rows of ``costs`` whose networks were trained, with ``seeds`` and the mean ``skill``;
        the index numbers them. The integer arm, whose skill was not measured, is left out.
    samples : dict of {int: ndarray, shape (seeds,)}
        In the order of the seeds. Stand-ins have those of the function that they stand for.
    """
    drawn = {
        key: part.sort_values("seed")["skill"].to_numpy()
        for key, part in skills.groupby(KEYS, sort=False)
    }
    keys = [tuple(row) for row in costs[KEYS].itertuples(index=False)]
    known = [key in drawn for key in keys]
    points = costs[known].reset_index(drop=True)
    samples = dict(enumerate(drawn[key] for key in keys if key in drawn))
    points["seeds"] = [len(values) for values in samples.values()]
    points["skill"] = [float(values.mean()) for values in samples.values()]
    return points, samples


def equal_cost_units(costs: pd.DataFrame, arm: str, rival: str, units: int) -> float:
    """Return how many units the rival has at the cycles of an arm with so many units.

    Interpolated between the sizes of one layer that were counted, in the logarithms of both;
    beyond them, the nearest.

    Parameters
    ----------
    costs : pandas.DataFrame
        From `network_costs`, one core and one task with a table of cycles, float32 weights.
    arm, rival : str
    units : int
        A size that was counted.
    """
    flat = costs[~costs["hidden"].str.contains("x") & (costs["weights"] == WEIGHTS[0])]
    table = flat.assign(units=flat["hidden"].astype(int)).pivot(
        index="units", columns="arm", values="cycles"
    )
    known = np.log(table.index.to_numpy(float))
    return float(np.exp(np.interp(np.log(table.loc[units, arm]), np.log(table[rival]), known)))
