"""What a user passes as an array, read without a loss that nobody would see."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_DEEPEST = 64  # axes that NumPy's arrays have at most
_MASKLESS = {float, int, bool, np.float64, np.float32, np.int64, np.ndarray}  # looked past


def read_array(name: str, value: object) -> np.ndarray:
    """Return what a user passed as a plain array; its values are not looked at.

    Raises
    ------
    ValueError
        For masked elements, however deep in lists, which an array would lose the mask of, and
        for lists of unequal lengths.
    """
    if type(value) is np.ndarray:
        return value
    if _has_masked(value):
        raise ValueError(
            f"{name}: expected numbers without a mask, got masked elements: fill them "
            "(x.filled(...)) or leave out the sequences that they lie in"
        )
    try:
        return np.asarray(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(
            f"{name}: expected one array, or lists in lists whose lengths agree, got "
            f"{type(value).__name__} of which NumPy says: {error}"
        ) from error


def _has_masked(value, depth: int = 0) -> bool:
    if isinstance(value, np.ma.MaskedArray):
        return bool(np.ma.is_masked(value))
    if not isinstance(value, Sequence) or isinstance(value, str | bytes) or depth > _DEEPEST:
        return False
    return any(_has_masked(item, depth + 1) for item in value if type(item) not in _MASKLESS)
