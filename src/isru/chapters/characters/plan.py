"""What the character chapter trains, and its rows made pairs: sizes, learning rates, seeds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from isru.chapters.characters.study import COMPARED, Case
from isru.data.text import KJV, read_text
from isru.stats import bootstrap_interval, groups
from isru.studies.arms import CORE
from isru.studies.paired import BASELINE

RATES = ("low", "middle", "high")
OWN = "own"  # the rate that the validation part chose for the arm


def plan(
    *,
    layers: Sequence[int],
    units: Sequence[int],
    swept_layers: Sequence[int],
    swept_units: Sequence[int],
    rates: Mapping[str, float],
    seeds: Sequence[int],
    more_seeds: int = 0,
    text: str = KJV,
    characters: int = 0,
    **common: object,
) -> list[Case]:
    """Return what to train: every size at the middle rate, the swept sizes at all rates.

    tanh, ISRU and the identity with all seeds; with ``more_seeds`` the exp-free network, too, at
    the middle rate.

    Parameters
    ----------
    layers, units, swept_layers, swept_units : sequence of int
    rates : dict
        Learning rate of each of `RATES`.
    seeds : sequence of int
    more_seeds : int
    text, characters
        See `isru.data.text.read_text`.
    **common
        Further fields of every `Case`.

    Raises
    ------
    ValueError
        If the rates do not rise from low to high.
    """
    given = [rates[name] for name in RATES]
    if not given[0] < given[1] < given[2]:
        raise ValueError(f"expected rates that rise from low to high, got {given}")
    sizes = {(depth, width): ("middle",) for depth in layers for width in units}
    sizes |= {(depth, width): RATES for depth in swept_layers for width in swept_units}
    content = hashlib.sha256(read_text(text, characters).encode()).hexdigest()
    common |= {"text": text, "characters": characters, "content": content}
    found = []
    for (depth, width), names in sorted(sizes.items()):
        for name in names:
            for arm in COMPARED:
                more = more_seeds if name == "middle" else 0
                for seed in seeds[: len(seeds) if arm in CORE else more]:
                    found.append(Case(arm, depth, width, seed, rates[name], **common))
    return found


def with_own_rates(rows: pd.DataFrame, rates: Mapping[str, float]) -> pd.DataFrame:
    """Name each row's rate, and repeat rows of the rate that suits the arm best as ``"own"``.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `quality`.
    rates : dict
        As for `plan`.

    Returns
    -------
    pandas.DataFrame
        With a column ``rate``. The own rate of an arm and size has the lowest mean validation
        bits; only sizes trained at all rates have one.
    """
    names = {value: name for name, value in rates.items()}
    rows = rows.assign(rate=rows["learning_rate"].map(names))
    own = []
    for _, part in rows.groupby(["network", "arm"]):
        means = part.groupby("rate")["validation_bits"].mean()
        if len(means) == len(RATES):
            own.append(part[part["rate"] == means.idxmin()].assign(rate=OWN))
    return pd.concat([rows, *own], ignore_index=True)


def differences(rows: pd.DataFrame) -> pd.DataFrame:
    """Return by how many % each arm's test loss exceeds the baseline's, seed by seed.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `with_own_rates`.

    Returns
    -------
    pandas.DataFrame
        Columns metric (``"loss"``), units (the condition, such as ``"2x32_middle"``), arm, seed,
        difference: what `isru.studies.paired.compare` takes.
    """
    keys = ["network", "rate", "seed"]
    base = rows[rows["arm"] == BASELINE].set_index(keys)["test_bits"]
    others = rows[rows["arm"] != BASELINE]
    pairs = others.join(base.rename("base"), on=keys, how="inner")
    return pd.DataFrame(
        {
            "metric": "loss",
            "units": pairs["network"] + "_" + pairs["rate"],
            "arm": pairs["arm"],
            "seed": pairs["seed"],
            "difference": 100.0 * (pairs["test_bits"] / pairs["base"] - 1.0),
        }
    ).reset_index(drop=True)


def curves(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the learning curves: one line a run and point, updates and validation bits.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `with_own_rates`.
    """
    names = ["network", "rate", "arm", "seed"]
    lines = [
        {name: getattr(row, name) for name in names} | {"updates": updates, "bits": bits}
        for row in rows.itertuples()
        if row.rate != OWN
        for updates, bits in row.curve
    ]
    return pd.DataFrame(lines, columns=[*names, "updates", "bits"])


def mean_bits(rows: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return the mean test loss of each arm, network and rate over the seeds.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `with_own_rates`.
    rng : numpy.random.Generator
        For the bootstrap intervals.

    Returns
    -------
    pandas.DataFrame
        Columns arm, network, rate, n, ``bits`` with its ends ``low`` and ``high``, ``sd`` (of the
        seeds, in % of the mean) and ``learning_rate``.
    """
    found = []
    for group, part in groups(rows, ["arm", "network", "rate"]):
        mean = bootstrap_interval(part["test_bits"], statistic="mean", rng=rng)
        sd = 100 * float(part["test_bits"].std() / mean.estimate)
        rate = float(part["learning_rate"].iloc[0])
        about = {"sd": sd, "learning_rate": rate}
        found.append(group | {"n": len(part)} | mean.columns("bits") | about)
    return pd.DataFrame(found)
