"""Compiled twins of the activations, and the LSTM's time loops: the only place with Numba.

Every function of the registry has its scalar twin here, under the same name; `lstm_forward` and
`lstm_backward` run whole windows with any pair of them. Nothing is compiled at import. The first
call for a dtype compiles for some seconds and keeps the result on disk for every later process.

Arithmetic is IEEE as in NumPy, to the special values. Sums are reassociated in the two
matrix-vector products alone (`isru.kernels.products`).

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

from isru.kernels.activations import TWINS, Twin, apply_twin, array_function, twin
from isru.kernels.lstm import add_rows, lstm_backward, lstm_forward, stream_step

__all__ = [
    "TWINS",
    "Twin",
    "add_rows",
    "apply_twin",
    "array_function",
    "lstm_backward",
    "lstm_forward",
    "stream_step",
    "twin",
]
