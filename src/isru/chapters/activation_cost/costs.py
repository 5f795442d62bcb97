"""What an activation costs: which arms are compared where, and times per element.

Not the full product of functions, forms, types, sizes and inputs, but these subsets:

=========== ========================================= ==================================
measurement arms                                      cases
=========== ========================================= ==================================
reference   every function in every form              100,000 typical numbers, two types
sizes       tanh and ISRU by NumPy, ISRU compiled     typical numbers, all sizes
inputs      tanh and ISRU by NumPy and compiled       four inputs
widths      tanh and ISRU by NumPy                    with and without AVX-512, two types
loops       the original's fifteen operations in C    typical numbers, and from 0 to 1
tensorflow  activations, eager and compiled by XLA    a million typical numbers; a thousand
=========== ========================================= ==================================
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from isru.bench import Arm, per_call
from isru.bench.activation_arms import INPUTS
from isru.bench.c_loops import CHAINED, OPERATIONS
from isru.bench.form_arms import form_arms
from isru.bench.tensorflow_arms import tensorflow_arms

REFERENCE_SIZE = 100_000
CALL_SIZE = 1_000  # about the gates of a small LSTM: the fixed cost of a call
CLOCK = "cpu_seconds"  # every arm computes on one thread and waits for nothing
DTYPES = ("float32", "float64")

_COMPARED = ("tanh", "tanh_again", "isru_plain", "isru", "copy", "rsqrt")
_ALTERNATIVES = ("rational_tanh", "table_tanh", "hard_tanh", "softsign")
_COMMON = ("sigmoid", "relu", "leaky_relu", "elu", "isrlu")
_ACTIVATIONS = (*_COMPARED, *_ALTERNATIVES, *_COMMON)
_FEW = ("tanh", "tanh_again", "isru_plain", "copy", "rsqrt", "rational_tanh", "hard_tanh")
_FEW += ("sigmoid", "elu", "isrlu")
_RSQRT = ("isru_rsqrt1", "isru_rsqrt2")
_TENSORFLOW = (
    *("tanh", "isru_plain", "isru", "rational_tanh", "hard_tanh", "softsign", "sigmoid"),
    *("relu", "leaky_relu", "elu", "isrlu", "rsqrt", "identity"),
)


def reference_arms(libraries: Mapping[str, str], *, few: bool = False) -> list[Arm]:
    """Return the arms of every form.

    Parameters
    ----------
    libraries : mapping
        As for `isru.bench.form_arms.form_arms`.
    few : bool
        Only what the claims and the chapter's text need.
    """
    names = _FEW if few else _ACTIVATIONS
    more = () if few else ("isru_sigmoid", *_RSQRT)
    arithmetic = ("plus", "minus", "mult", "div", "sqrt", "log", "exp")
    numpy = () if few else (*arithmetic, "softplus", "hard_sigmoid")
    numpy += ("isru_naive", "isru_safe", "isru_network")
    labels = {
        # The network's call of ISRU is the registry's, which the other names stand for.
        "numpy": (*(name for name in names if name != "isru"), *more, *numpy),
        "libm": names,
        "simd": (*names, *more, "horner", "roots", "divisions"),
        "fast": (*names, *more),
    }
    return form_arms(labels, libraries)


def size_arms() -> list[Arm]:
    """Return the arms of the curves by size."""
    return form_arms(
        {
            "numpy": ("tanh", "tanh_again", "isru_plain", "copy"),
            "simd": ("rational_tanh", "isru_plain"),
            "fast": ("isru",),
        },
        {},
    )


def input_arms() -> list[Arm]:
    """Return the arms that are compared over the inputs."""
    pair = ("tanh", "isru_plain")
    return form_arms({"numpy": (*pair, "tanh_again"), "libm": pair, "simd": pair}, {})


def loop_arms(library: str) -> list[Arm]:
    """Return the C loops: ``array_...`` of all operations, ``chain_...`` of some."""
    labels = {f"array_{name}": name for name in OPERATIONS} | {"array_tanh_again": "tanh"}
    labels |= {f"chain_{name}": name for name in CHAINED}
    return [
        Arm(
            label,
            "isru.bench.c_loops:c_loop",
            {"name": name, "library": library, "loop": label.partition("_")[0]},
        )
        for label, name in labels.items()
    ]


def framework_arms(library: str, *, few: bool = False) -> list[Arm]:
    """Return TensorFlow's arms and ``libm_tanh``, a C loop that calls the C library."""
    known = [name for name in _FEW if name in _TENSORFLOW]
    loop = Arm("libm_tanh", "isru.bench.c_loops:c_loop", {"name": "tanh", "library": library})
    return [*tensorflow_arms(known if few else _TENSORFLOW), loop]


def cases(sizes: list[int], inputs=("typical",), dtypes=DTYPES) -> list[dict]:
    """Return every combination of size, dtype and input."""
    return [
        {"size": size, "dtype": dtype, "input": input}
        for size in sizes
        for dtype in dtypes
        for input in inputs
    ]


def input_cases() -> list[dict]:
    """Return the cases that differ in their input: three ranges, and repeated numbers."""
    return cases([REFERENCE_SIZE], (*INPUTS, "repeated"))


def by_form(samples: pd.DataFrame) -> pd.DataFrame:
    """Return the samples with arms ``form_name`` told apart: a column form, and arm the name."""
    parts = samples["arm"].str.partition("_")
    return samples.assign(form=parts[0], arm=parts[2])


def ns_per_element(samples: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return nanoseconds per element of every case and arm.

    Parameters
    ----------
    samples : pandas.DataFrame
        `isru.bench.measure` of arms labelled ``form_name``.

    Returns
    -------
    pandas.DataFrame
        Columns form, dtype, size, input, arm, ns, low, high (95 % interval).
    """
    times = per_call(by_form(samples), clock=CLOCK, rng=rng)
    for column in ("seconds", "low", "high"):
        times[column] *= 1e9 / times["size"]
    times = times.rename(columns={"seconds": "ns"})
    return times[["form", "dtype", "size", "input", "arm", "ns", "low", "high"]]


def operation_times(times: pd.DataFrame, loops: pd.DataFrame) -> pd.DataFrame:
    """Return the times of the original's operations and of the registry, form by form.

    Parameters
    ----------
    times, loops : pandas.DataFrame
        `ns_per_element` of the measurements "reference" and "loops"; the second gives the
        operations that have no kernel, on typical numbers, to the form "libm".

    Returns
    -------
    pandas.DataFrame
        The columns of `ns_per_element`; the baseline is called copy, and NumPy's ISRU is the
        network's, as for every other activation.
    """
    array = loops[(loops["form"] == "array") & (loops["input"] == "typical")]
    array = array.assign(form="libm", arm=array["arm"].replace("baseline", "copy"))
    called = (times["form"] == "numpy") & (times["arm"] == "isru_network")
    times = times.assign(arm=times["arm"].mask(called, "isru"))
    known = set(times.loc[times["form"] == "libm", "arm"])
    table = pd.concat([times, array[~array["arm"].isin(known)]], ignore_index=True)
    variants = ("tanh_again", "isru_naive", "isru_safe")
    variants += ("horner", "roots", "divisions")
    return table[~table["arm"].isin(variants)].reset_index(drop=True)
