"""What the small networks cost on a core: cycles, flash, RAM and energy of every way to compute.

One network a size is measured, with random weights. Every arm but the C library's takes the same
time for all weights and inputs; for the C library's functions it is a sample of their cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import numpy as np
import pandas as pd

from isru import paths
from isru.chapters.smallest.study import FAMILIES, INTEGER, INTEGER_ARMS, WEIGHTS, parse_hidden
from isru.chapters.smallest.tasks import OUTPUTS
from isru.emulator import toolchain_problem
from isru.firmware import LSTM_ARMS, code_size, measure_lstm
from isru.lstm import LSTMNetwork
from isru.studies.battery import Device
from isru.sweep import run_sweep

ARMS = {arm: family for family, arms in FAMILIES.items() for arm in arms}
KEYS = ["task", "cell", "family", "hidden", "weights"]
_COSTS = ["instructions", "cycles", "cycles_low", "cycles_high"]


def network_costs(
    target: str, sizes: Iterable[tuple[str, str]], sequences: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    """Count one time step, and the bytes, of every size, arm and weight format on one core.

    Parameters
    ----------
    target : str
        A name in `isru.emulator.TARGETS`.
    sizes : iterable of (cell, hidden)
        See `study.CELLS` and `parse_hidden`.
    sequences : mapping of task to ndarray, shape (T, F)
        Inputs. Networks of two tasks of equal F differ in the number of outputs only.

    Returns
    -------
    pandas.DataFrame
        ``target, task, cell, family, hidden, weights, arm``; of one step, without the dense
        layer, ``instructions, cycles, cycles_low, cycles_high`` (NaN where the core has no
        published table); in bytes ``flash`` (code, constants and weights) and ``ram`` (the
        state). Integer arms have ``weights`` "integer"; they cost the same by construction, so
        that one is counted; their flash has the dense layer's numbers, but not its code.
    """
    rows = []
    for cell, hidden in sizes:
        for weights in WEIGHTS:
            rows += _rows(target, cell, hidden, weights, sequences)
    return pd.DataFrame(rows)


def _rows(target, cell, hidden, weights, sequences):
    integer = [arm for (kind, _), arm in INTEGER_ARMS.items() if kind == cell]
    counted = [*ARMS, *(integer[:1] if weights == WEIGHTS[0] else [])]
    about = {"arms": counted, "weights": weights}
    steps, rows = {}, []
    for task, sequence in sequences.items():
        network = _any_network(cell, hidden, sequence.shape[1], OUTPUTS[task])
        shape = sequence.shape[1]
        if shape not in steps:
            found = measure_lstm(target, network, inputs=sequence, steps=len(sequence), **about)
            steps[shape] = found.set_index("arm")[_COSTS]
        sizes = code_size(target, network, **about).set_index("arm")
        dense = sum(array.nbytes for array in network.get_weights()[-2:])
        for arm in counted:
            price = steps[shape].loc[arm].to_dict()
            price["flash"] = int(sizes.loc[arm, ["flash", "weights"]].sum())
            price["ram"] = int(sizes.loc[arm, "ram"])
            kind, alike = weights, {arm: ARMS.get(arm)}
            if LSTM_ARMS[arm].kind == "integer":
                kind, price["flash"] = INTEGER, price["flash"] + dense
                alike = {name: family for (c, family), name in INTEGER_ARMS.items() if c == cell}
            about_it = {"target": target, "task": task, "cell": cell}
            rows += [
                about_it
                | {"family": family, "hidden": hidden, "weights": kind, "arm": name}
                | price
                for name, family in alike.items()
            ]
    return rows


CMSIS_ARMS = ("table", "cmsis_nn", "cmsis_dsp")
CMSIS_INTEGER_ARMS = ("integer_tanh", "integer_cmsis_s16", "integer_cmsis_q15")


def cmsis_costs(
    target: str, sizes: Iterable[tuple[str, str]], sequence: np.ndarray
) -> pd.DataFrame:
    """Count one time step, and the bytes, of tanh by the tables of CMSIS, beside our own tables.

    Parameters
    ----------
    target, sizes
        As for `network_costs`.
    sequence : ndarray, shape (T, F)

    Returns
    -------
    pandas.DataFrame
        ``target, cell, hidden, arm, instructions, cycles, cycles_low, cycles_high``, and in bytes
        ``flash``: code and constants, without weights. Integer arms for LSTMs alone.
    """
    parts = []
    for cell, hidden in sizes:
        arms = [*CMSIS_ARMS, *(CMSIS_INTEGER_ARMS if cell == "lstm" else ())]
        network = _any_network(cell, hidden, sequence.shape[1], 1)
        steps = measure_lstm(target, network, inputs=sequence, steps=len(sequence), arms=arms)
        flash = code_size(target, network, arms=arms)[["arm", "flash"]]
        parts.append(steps.merge(flash).assign(cell=cell, hidden=hidden))
    return pd.concat(parts, ignore_index=True)[
        ["target", "cell", "hidden", "arm", *_COSTS, "flash"]
    ]


def cost_row(case: dict) -> dict:
    """Return the rows of `network_costs` of one size on one core, for `isru.sweep.run_sweep`."""
    sequences = {task: np.array(one, np.float32) for task, one in case["sequences"].items()}
    frame = network_costs(case["target"], [tuple(case["size"])], sequences)
    rows = frame.astype(object).where(frame.notna(), None)
    return {"rows": rows.to_dict("records")}


def all_costs(
    targets: Sequence[str],
    sizes: Sequence[tuple[str, str]],
    sequences: Mapping[str, np.ndarray],
    *,
    processes: int = 1,
) -> tuple[pd.DataFrame, bool]:
    """Count on several cores; where the toolchain is missing, take the published counts.

    Parameters
    ----------
    targets, sizes, sequences
        As for `network_costs`.
    processes : int
        Local processes that count, a size on a core each.

    Returns
    -------
    costs : pandas.DataFrame
    stored : bool
        Whether they are the published ones; of what is asked for, only what is there.

    Raises
    ------
    FileNotFoundError
        If the toolchain is missing and nothing is published; the message says what to install.
    """
    problem, file = toolchain_problem(), paths.results() / "tables" / "smallest-costs.csv"
    if not problem:
        inputs = {task: np.asarray(one).tolist() for task, one in sequences.items()}
        jobs = [
            {"target": target, "size": list(size), "sequences": inputs}
            for target in targets
            for size in sizes
        ]
        parts = run_sweep(cost_row, jobs, processes=processes)["rows"]
        frame = pd.DataFrame(list(chain.from_iterable(parts)))
        return frame.astype(dict.fromkeys(_COSTS, float)), False
    if not file.is_file():
        raise FileNotFoundError(f"{problem} (there are no stored counts in {file} either)")
    kept = pd.read_csv(file, dtype={"hidden": str})
    asked = pd.MultiIndex.from_tuples(sizes)
    chosen = kept["target"].isin(targets) & kept["task"].isin(sequences)
    chosen &= pd.MultiIndex.from_frame(kept[["cell", "hidden"]]).isin(asked)
    return kept[chosen].reset_index(drop=True), True


def _any_network(cell: str, hidden: str, features: int, outputs: int) -> LSTMNetwork:
    sizes = [size for size in parse_hidden(hidden) if size]
    return LSTMNetwork(features, sizes, outputs, cell=cell, rng=np.random.default_rng(0))


def join(costs: pd.DataFrame, skills: pd.DataFrame) -> tuple[pd.DataFrame, dict]:
    """Return the points of the map and the skills behind them.

    Parameters
    ----------
    costs : pandas.DataFrame
        From `network_costs`, perhaps of several cores.
    skills : pandas.DataFrame
        From `study.tidy`.

    Returns
    -------
    points : pandas.DataFrame
        The rows of ``costs`` whose networks were trained, with ``seeds`` and the mean ``skill``;
        the index numbers them.
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


def with_joules(points: pd.DataFrame, device: Device, target: str) -> pd.DataFrame:
    """Return the points with what a device would spend in a day, by arithmetic on the cycles.

    Parameters
    ----------
    points : pandas.DataFrame
        With ``target`` and ``cycles``.
    device : Device
    target : str
        The device's core.

    Returns
    -------
    pandas.DataFrame
        With ``joules_a_day``, asleep and awake; NaN on other cores, and where the steps do not
        fit into the time.
    """
    cycles = points["cycles"].where(points["target"] == target)
    day = device.joules_a_day(cycles.where(cycles <= most_cycles(device)))
    return points.assign(joules_a_day=day)


def most_cycles(device: Device) -> float:
    """Return the most cycles that a step may take at the device's clock and rate."""
    return 1e6 * device.clock_mhz / device.steps_per_second


def equal_cost_units(costs: pd.DataFrame, arm: str, rival: str, units: int) -> float:
    """Return how many units the rival has at the cycles of an arm with so many units.

    Interpolated between the sizes of one layer that were counted, in the logarithms of both;
    beyond them, the nearest.

    Parameters
    ----------
    costs : pandas.DataFrame
        From `network_costs`, one core with a table of cycles, one task and one cell.
    arm, rival : str
    units : int
        A size that was counted.
    """
    table = _by_units(costs)
    known = np.log(table.index.to_numpy(float))
    return float(np.exp(np.interp(np.log(table.loc[units, arm]), np.log(table[rival]), known)))


def unit_cycles(costs: pd.DataFrame, arm: str, units: int) -> float:
    """Return what one unit more costs in cycles: the slope to the nearest larger size.

    To the nearest smaller one for the largest size; of a single size, its cycles over its units.
    Parameters as of `equal_cost_units`.
    """
    cycles = _by_units(costs)[arm]
    if len(cycles) < 2:
        return float(cycles[units] / units)
    place = min(cycles.index.get_loc(units), len(cycles) - 2)
    return float(np.diff(cycles)[place] / np.diff(cycles.index)[place])


def _by_units(costs: pd.DataFrame) -> pd.DataFrame:
    """Return the cycles of one layer in float32: a row a size, a column an arm."""
    flat = costs[~costs["hidden"].str.contains("x") & (costs["weights"] == WEIGHTS[0])]
    flat = flat.assign(units=flat["hidden"].astype(int))
    return flat.pivot(index="units", columns="arm", values="cycles")
