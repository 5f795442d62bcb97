"""What bounds an activation: moving memory, the square root with the division, arithmetic.

The roofline model (Williams, Waterman & Patterson 2009, DOI 10.1145/1498765.1498785): with I
operations per byte moved, a kernel does at most min(peak, I x bandwidth) operations a second.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from isru.bench.c_loops import DEPTH, HORNER_DEGREE, HORNERS
from isru.chapters.activation_cost.costs import CLOCK, by_form
from isru.stats import ratio_of_medians

# Operations per element, as the formulas are written: + - * / sqrt, |x|, comparison with choice.
OPERATIONS = {
    "relu": 1,
    "hard_tanh": 2,
    "softsign": 3,
    "isru_plain": 4,
    "rational_tanh": 14,
    "tanh": 43,  # the compiled polynomial of float32, both of its branches
    "horner": (2 * HORNER_DEGREE + 1) * HORNERS - 1,  # multiply-adds: the peak
}
NUMPY_ARRAYS = {"isru_plain": 9}  # read and written by its four calls; a loop: 2
_SIZES = {"float32": 4, "float64": 8}


def limits(samples: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return how near each compiled ISRU comes to the limits of the machine.

    Parameters
    ----------
    samples : pandas.DataFrame
        `isru.bench.measure` of arms labelled ``form_name``: one size and input, with ``copy``,
        ``roots`` and ``divisions`` of the form "simd".
    rng : numpy.random.Generator
        For the bootstrap over processes.

    Returns
    -------
    pandas.DataFrame
        One row a compiled form and dtype: ns of plain ISRU, of a copy, of one root and one
        division, and ``over_limit``, the time over the larger of the two, with its 95 %
        interval low, high. The form "fast" may lie below 1: it replaces root and division by
        an estimate.
    """
    told = by_form(samples)
    told = told[told["form"].isin(["simd", "fast"])].assign(ns=lambda t: 1e9 * t[CLOCK] / t["size"])
    grouped = told.groupby(["dtype", "form", "process", "arm"], sort=False)["ns"]
    medians = grouped.median().unstack("arm")
    rows = []
    for dtype, form in medians.index.droplevel("process").unique():
        strict, isru = medians.loc[dtype, "simd"], medians.loc[dtype, form]["isru_plain"]
        bounds = {"copy": strict["copy"], "root_and_division": _root_and_division(strict)}
        larger = max(bounds.values(), key=np.median)
        over, low, high = ratio_of_medians([[t] for t in isru], [[t] for t in larger], rng=rng)
        ns = {name: np.median(each) for name, each in {"isru": isru, **bounds}.items()}
        about = {"dtype": dtype, "form": form, **ns}
        rows.append(about | {"over_limit": over, "low": low, "high": high})
    return pd.DataFrame(rows)


def roofline(times: pd.DataFrame, dtype: str) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return the points and the roofs of a roofline.

    Parameters
    ----------
    times : pandas.DataFrame
        Columns form, dtype, arm, ns: one size and input, with ``copy``, ``roots``,
        ``divisions`` and ``horner`` of the form "simd".
    dtype : {"float32", "float64"}

    Returns
    -------
    points : pandas.DataFrame
        Columns form, arm, intensity (operations per byte), speed (10^9 operations per second).
        Of tanh only the compiled float32 form, whose operations can be counted.
    roofs : dict
        ``bandwidth`` (10^9 bytes per second, of a copy), ``peak`` and ``root`` (10^9 operations
        per second: the peak, and ISRU's where one root and one division are all that counts).
    """
    own = times[times["dtype"] == dtype]
    rows = []
    for row in own.itertuples(index=False):
        counted = row.arm != "tanh" or dtype == "float32"
        if row.form in ("simd", "fast") and row.arm in OPERATIONS and counted:
            arrays = 2
        elif row.form == "numpy" and row.arm in NUMPY_ARRAYS:
            arrays = NUMPY_ARRAYS[row.arm]
        else:
            continue
        count = OPERATIONS[row.arm]
        intensity = count / (arrays * _SIZES[dtype])
        rows.append([row.form, row.arm, intensity, count / row.ns])
    points = pd.DataFrame(rows, columns=["form", "arm", "intensity", "speed"])
    points = points[points["arm"] != "horner"].reset_index(drop=True)
    simd = own[own["form"] == "simd"].set_index("arm")["ns"]
    root = _root_and_division(simd)
    roofs = {
        "bandwidth": 2 * _SIZES[dtype] / simd["copy"],
        "peak": OPERATIONS["horner"] / simd["horner"],
        "root": OPERATIONS["isru_plain"] / root,
    }
    return points, roofs


def _root_and_division(ns):
    """Return the nanoseconds of one square root and one division, which share a unit."""
    return (ns["roots"] + ns["divisions"]) / DEPTH
