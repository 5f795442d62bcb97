"""The activations compiled, and the LSTM's time loops, the search for formulas: the only place with
Numba.

Not here: definitions; each loop is held to the one in `isru.activations`.

``from isru.kernels import isru, isru_sigmoid`` gives NumPy ufuncs; so for every name of the
registry, and, with the suffix ``_fast``, for those in `isru.kernels.ufuncs.FAST_BOUNDS`.
``KERNELS[name][form]`` are plain loops in three forms, for measuring.

Every function of the registry has a compiled form: functions of its name in this folder, or its
formula; `lstm_forward` and `lstm_backward` run whole windows with any pair of them. Nothing is
compiled at import. The first call for a dtype compiles for some seconds and keeps the result on
disk for every later process.

Arithmetic is IEEE as in NumPy, to the special values. Sums are reassociated in the two
matrix-vector products alone (`isru.kernels.products`).

Examples
--------
>>> import numpy as np
>>> from isru.kernels import isru, isru_fast
>>> isru(np.array([0.0, 1.0, np.inf]))
array([0.        , 0.70710678, 1.        ])
>>> bool(abs(isru_fast(np.float32(1)) - isru(np.float32(1))) < 1e-6)
True

Raises
------
ImportError
    At import, where Numba or SciPy (through which Numba reaches the BLAS) is missing.
"""

from __future__ import annotations

try:
    import numba  # noqa: F401
    import scipy.linalg.cython_blas  # noqa: F401
except ImportError as error:
    raise ImportError(
        f"expected Numba and SciPy for the compiled engine, got: {error}; "
        "run: pip install 'isru[kernels]'"
    ) from error

from isru.kernels.activations import CompiledForm, apply_pair, compiled_pair
from isru.kernels.forms import FORMS, KERNELS, instructions
from isru.kernels.lstm import add_rows, lstm_backward, lstm_forward, stream_step
from isru.kernels.training import adam_update, softmax_cross_entropy
from isru.kernels.ufuncs import has_ufunc, ufunc, ufunc_names

__all__ = [
    "FORMS",
    "KERNELS",
    "CompiledForm",
    "adam_update",
    "add_rows",
    "apply_pair",
    "compiled_pair",
    "instructions",
    "lstm_backward",
    "lstm_forward",
    "softmax_cross_entropy",
    "stream_step",
    "ufunc",
]


def __getattr__(name: str):
    """Return a ufunc by its name, compiled only if somebody asks for it, or the names of all."""
    if name == "UFUNCS":
        return ufunc_names()
    if not has_ufunc(name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return ufunc(name)


def __dir__() -> list[str]:
    return sorted({*__all__, *ufunc_names()})
