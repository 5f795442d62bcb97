"""What bounds an activation: moving memory, the square root with the division, arithmetic.

The roofline model (Williams, Waterman & Patterson 2009, DOI 10.1145/1498765.1498785): with I
operations per byte moved, a kernel does at most min(peak, I x bandwidth) operations a second.
"""

from __future__ import annotations

import pandas as pd

from isru.bench.c_loops import DEPTH, HORNER_DEGREE, HORNERS

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


def limits(times: pd.DataFrame) -> pd.DataFrame:
    """Return how near each compiled ISRU comes to the limits of the machine.

    Parameters
    ----------
    times : pandas.DataFrame
        Columns form, dtype, arm, ns: one size and input, with ``copy``, and ``roots`` and
        ``divisions`` of the form "simd".

    Returns
    -------
    pandas.DataFrame
        One row a compiled form and dtype: ns of plain ISRU, of a copy, of one root and one
        division, and ``over_limit``, the time over the larger of the two. The form "fast" may
        lie below 1: it replaces root and division by an estimate.
    """
    rows = []
    for (dtype, form), part in times.groupby(["dtype", "form"], sort=False):
        if form not in ("simd", "fast"):
            continue
        ns = part.set_index("arm")["ns"]
        simd = times[(times["dtype"] == dtype) & (times["form"] == "simd")].set_index("arm")["ns"]
        root = _root_and_division(simd)
        row = {"dtype": dtype, "form": form, "isru": ns["isru_plain"], "copy": simd["copy"]}
        bound = max(root, simd["copy"])
        rows.append({**row, "root_and_division": root, "over_limit": ns["isru_plain"] / bound})
    return pd.DataFrame(rows)


def roofline(times: pd.DataFrame, dtype: str) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return the points and the roofs of a roofline.

    Parameters
    ----------
    times : pandas.DataFrame
        As for `limits`, with ``horner`` of the form "simd".
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


def _root_and_division(ns: pd.Series) -> float:
    """Return the nanoseconds of one square root and one division, which share a unit."""
    return (ns["roots"] + ns["divisions"]) / DEPTH
