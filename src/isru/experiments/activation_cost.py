"""What an activation costs: summaries of the activation arms' samples."""

from __future__ import annotations

import numpy as np
import pandas as pd

from isru.bench import floor, per_call, ratios
from isru.bench.activation_arms import INPUTS, cost_arms
from isru.stats import Interval, direction

REFERENCE_SIZE = 100_000
CLOCK = "cpu_seconds"  # every arm computes on one thread and waits for nothing
# The activations of the original study's own benchmark, besides tanh and ISRU.
PUBLISHED_RIVALS = ("sigmoid", "softsign", "relu", "leaky_relu", "elu")


def floors(samples: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return the A/A floor of np.tanh for each dtype and size, over all inputs.

    Parameters
    ----------
    samples : pandas.DataFrame
        `isru.bench.measure` of `isru.bench.activation_arms.cost_arms`.

    Returns
    -------
    pandas.DataFrame
        Columns dtype, size, low, high (ratios around 1).
    """
    rows = []
    for (dtype, size), part in samples.groupby(["dtype", "size"]):
        found = floor(part, "tanh", "tanh_again", clock=CLOCK, rng=rng)
        rows.append({"dtype": dtype, "size": size, "low": found.low, "high": found.high})
    return pd.DataFrame(rows)


def compare(
    samples: pd.DataFrame, floors: pd.DataFrame, *, margin: float, rng: np.random.Generator
) -> pd.DataFrame:
    """Return how every arm compares with np.tanh in every case.

    Parameters
    ----------
    samples, floors : pandas.DataFrame
        As given to and returned by `floors`.
    margin : float
        Relative difference below which a difference is of no relevance.
    rng : numpy.random.Generator
        For the bootstrap over processes.

    Returns
    -------
    pandas.DataFrame
        Columns size, dtype, input, arm, ratio (t_tanh / t_arm), low, high, direction; sorted by
        dtype, arm, input (both as in `isru.bench.activation_arms`) and size.
    """
    arms = [arm.label for arm in cost_arms() if not arm.label.startswith("tanh")]
    table = ratios(samples, "tanh", arms, clock=CLOCK, rng=rng)
    bands = {
        (band.dtype, band.size): Interval(1.0, band.low, band.high)
        for band in floors.itertuples(index=False)
    }
    table["direction"] = [
        direction(Interval(row.ratio, row.low, row.high), bands[row.dtype, row.size], margin=margin)
        for row in table.itertuples(index=False)
    ]
    order = {name: place for place, name in enumerate([*arms, *INPUTS])}
    return table.sort_values(
        ["dtype", "arm", "input", "size"], key=lambda column: column.replace(order)
    ).reset_index(drop=True)


def ns_per_element(samples: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return nanoseconds per element of every case and arm: case columns, arm, ns, low, high."""
    times = per_call(samples, clock=CLOCK, rng=rng)
    for column in ("seconds", "low", "high"):
        times[column] *= 1e9 / times["size"]
    return times.rename(columns={"seconds": "ns"})


def slowest_rival(samples: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return, for each dtype, the slowest published rival of tanh: dtype, arm, ratio, low, high.

    The ratio is t_tanh / t_rival: above 1 where tanh is the slowest of them all. Choosing the
    slowest pulls the ratio down a little where several rivals are about equally slow.

    Parameters
    ----------
    samples : pandas.DataFrame
        `isru.bench.measure` of `isru.bench.activation_arms.registry_arms`, one case a dtype.
    """
    rivals = [arm for arm in samples["arm"].unique() if arm in PUBLISHED_RIVALS]
    table = ratios(samples, "tanh", rivals, clock=CLOCK, rng=rng)
    slowest = table.loc[table.groupby("dtype")["ratio"].idxmin()]
    return slowest[["dtype", "arm", "ratio", "low", "high"]].reset_index(drop=True)


def original_way(samples: pd.DataFrame) -> pd.DataFrame:
    """Return what the original study's procedure finds, once for each process.

    One cold call of each arm, random numbers drawn inside; the draw alone is subtracted.

    Parameters
    ----------
    samples : pandas.DataFrame
        `isru.bench.measure` of `isru.bench.activation_arms.original_arms`, one case.

    Returns
    -------
    pandas.DataFrame
        Columns process, tanh, isru (net nanoseconds per element, negative ones included), and
        ratio, tanh / isru.
    """
    first = samples.sort_values(["block", "position"]).groupby(["process", "arm"]).first()
    ns = (first[CLOCK] * 1e9 / first["size"]).unstack("arm")
    net = pd.DataFrame({"tanh": ns["draw_tanh"] - ns["draw"], "isru": ns["draw_isru"] - ns["draw"]})
    return net.assign(ratio=net["tanh"] / net["isru"]).reset_index()
