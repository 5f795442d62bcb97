"""Who is faster, in which form: ratios of activations' times, beside tanh against itself.

Every ratio is t_numerator / t_denominator within one form, case and measurement: above 1 the
denominator is the faster one.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from isru.bench import floor, ratio
from isru.chapters.activation_cost.costs import CLOCK, by_form
from isru.stats import direction, groups

CASE = ["form", "dtype", "size", "input"]
# What an LSTM could use in tanh's place, besides ISRU; tanh itself counts, in its best form.
ALTERNATIVES = ("tanh", "rational_tanh", "table_tanh", "hard_tanh", "softsign")
# The activations of the original study's own benchmark, besides tanh and ISRU.
RIVALS = ("sigmoid", "softsign", "relu", "leaky_relu", "elu")
CLAIMED = {"plain": ("tanh", "isru_plain"), "rsqrt": ("tanh", "rsqrt"), "elu": ("elu", "isrlu")}
"""What the claims compare, by the word in the values' names."""


def floors(samples: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return the A/A floor of tanh for each form that has one, dtype and size, over all inputs.

    Parameters
    ----------
    samples : pandas.DataFrame
        `isru.bench.measure` of arms labelled ``form_name``.

    Returns
    -------
    pandas.DataFrame
        Columns form, dtype, size, low, high (ratios around 1).
    """
    told = by_form(samples)
    paired = told[told["form"].isin(told.loc[told["arm"] == "tanh_again", "form"].unique())]
    rows = []
    for group, part in groups(paired, ["form", "dtype", "size"], sort=False):
        found = floor(part, "tanh", "tanh_again", clock=CLOCK, rng=rng)
        rows.append(group | {"low": found.low, "high": found.high})
    return pd.DataFrame(rows)


def compare(
    samples: pd.DataFrame,
    pairs: Iterable[tuple[str, str]],
    _bands: pd.DataFrame,
    *,
    margin: float = 0.02,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the ratio and the verdict of pairs of functions, wherever both were measured.

    Parameters
    ----------
    samples, _bands : pandas.DataFrame
        As given to and returned by `floors`. The floors stand beside the ratios; no word rests on
        them, and they are kept here until the next run.
    pairs : iterable of (numerator, denominator)
    margin : float
        Relative difference below which a difference is of no relevance.
    rng : numpy.random.Generator
        For the bootstrap over processes.

    Returns
    -------
    pandas.DataFrame
        Columns form, dtype, size, input, numerator, denominator, ratio, low, high, direction
        ("faster": the denominator is).
    """
    rows = []
    for case, part in by_form(samples).groupby(CASE, sort=False):
        measured = set(part["arm"].unique())
        for upper, lower in pairs:
            if {upper, lower} <= measured and upper != lower:
                found = ratio(part, upper, lower, clock=CLOCK, rng=rng)
                word = direction(found, margin=margin)
                rows.append([*case, upper, lower, *found, word])
    names = ["numerator", "denominator", "ratio", "low", "high", "direction"]
    return pd.DataFrame(rows, columns=[*CASE, *names])


def best_alternatives(comparison: pd.DataFrame) -> pd.DataFrame:
    """Return, for each case, the row of the fastest alternative to plain ISRU.

    Choosing the fastest of several lowers its time a little, where they are about equally fast.

    Parameters
    ----------
    comparison : pandas.DataFrame
        From `compare`, with pairs of `ALTERNATIVES` and ``isru_plain``.
    """
    rows = comparison[
        (comparison["denominator"] == "isru_plain") & comparison["numerator"].isin(ALTERNATIVES)
    ]
    rows = rows.reset_index(drop=True)
    return rows.loc[rows.groupby(CASE, sort=False)["ratio"].idxmin()].reset_index(drop=True)


def slowest_rivals(comparison: pd.DataFrame) -> pd.DataFrame:
    """Return, for each case, the row of tanh against the slowest of `RIVALS`.

    Its ratio is above 1 where tanh is the slowest of them all. Choosing the slowest pulls the
    ratio down a little, where several rivals are about equally slow.
    """
    rows = comparison[(comparison["numerator"] == "tanh") & comparison["denominator"].isin(RIVALS)]
    rows = rows.reset_index(drop=True)
    return rows.loc[rows.groupby(CASE, sort=False)["ratio"].idxmin()].reset_index(drop=True)


def against_libm(samples: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return what plain ISRU of each form gains on a scalar call of the C library's tanh.

    Returns
    -------
    pandas.DataFrame
        Columns form, dtype, size, input, ratio (t_libm_tanh / t_isru), low, high.
    """
    arms = [arm for arm in samples["arm"].unique() if arm.endswith("_isru_plain")]
    rows = []
    for case, part in samples.groupby(CASE[1:], sort=False):
        for arm in arms:
            found = ratio(part, "libm_tanh", arm, clock=CLOCK, rng=rng)
            rows.append([arm.partition("_")[0], *case, *found])
    return pd.DataFrame(rows, columns=[*CASE, "ratio", "low", "high"])


def all_pairs() -> list[tuple[str, str]]:
    """Return every pair that the chapter compares within a form."""
    pairs = [(name, "isru_plain") for name in ALTERNATIVES]
    pairs += [("tanh", name) for name in RIVALS]
    pairs += [("tanh", f"isru_{form}") for form in ("naive", "safe", "network")]
    pairs += [("tanh", name) for name in ("isru", "copy")] + [("isru_plain", "copy")]
    return [*pairs, CLAIMED["rsqrt"], CLAIMED["elu"]]


def named_ratios(comparison: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that the chapter quotes, by the pair that each compares.

    Parameters
    ----------
    comparison : pandas.DataFrame
        From `compare` with `all_pairs`, one size and input a form.

    Returns
    -------
    pandas.DataFrame
        The comparison's columns, with pair before them: "plain", "rsqrt" and "elu", which the
        claims compare, "best" and "slowest" with the one that was chosen, each alternative
        against ISRU, and for NumPy's calls "naive", "safe", "network" and "copy".
    """
    found = comparison["numerator"] + "/" + comparison["denominator"]
    parts = {word: comparison[found == "/".join(names)] for word, names in CLAIMED.items()}
    parts |= {name: comparison[found == f"{name}/isru_plain"] for name in ALTERNATIVES[1:]}
    best, slowest = best_alternatives(comparison), slowest_rivals(comparison)
    parts["best"] = best.assign(chosen=best["numerator"].str.replace("_", " "))
    parts["slowest"] = slowest.assign(chosen=slowest["denominator"].str.replace("_", " "))
    numpy = comparison[(comparison["form"] == "numpy") & (comparison["numerator"] == "tanh")]
    for word in ("naive", "safe", "network", "copy"):
        name = "copy" if word == "copy" else f"isru_{word}"
        parts[word] = numpy[numpy["denominator"] == name]
    named = [part.assign(pair=word) for word, part in parts.items()]
    columns = ["pair", *comparison.columns, "chosen"]
    return pd.concat(named, ignore_index=True).reindex(columns=columns)
