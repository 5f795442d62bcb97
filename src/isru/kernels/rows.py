"""The activations of a window alone, row by row as the time loops call them, for measuring."""

from __future__ import annotations

import numpy as np

from isru.kernels.compiling import apply, kept


@kept
def apply_rows(forward, slope, x, y, saved, dy):
    """Put f(x) into y, and the derivative into dy unless that is empty, one row after another.

    A row is as long as a layer has units: the last vector of each row counts, which a long array
    would hide.

    Parameters
    ----------
    forward, slope : tuple
        From `isru.kernels.compiled_pair`.
    x, y, saved, dy : ndarray, shape (n, H)
        `saved` may be y for an activation that saves its output; dy may have no rows.
    """
    for row in range(len(x)):
        y[row] = x[row]
        apply(forward, y[row], saved[row])
    for row in range(len(dy)):
        apply(slope, saved[row], dy[row])


def room(x: np.ndarray, saves_output: bool, derivative: bool) -> tuple[np.ndarray, ...]:
    """Return y, saved and dy for `apply_rows`."""
    y = np.empty_like(x)
    saved = y if saves_output else np.empty_like(y)
    return y, saved, np.empty_like(y) if derivative else y[:0]
