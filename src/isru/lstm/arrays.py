"""Arrays that begin where the cache's lines do."""

from __future__ import annotations

import math

import numpy as np

_LINE_BYTES = 64  # of the cache, and of the widest vector register


def aligned_zeros(shape, dtype) -> np.ndarray:
    """Return an array of zeros that begins with a line of the cache.

    From any other place each of the widest vectors lies in two lines. The product of a matrix
    with one vector, which costs what reading the matrix costs, then takes up to twice as long.

    Parameters
    ----------
    shape : tuple of int
    dtype : dtype

    Examples
    --------
    >>> aligned_zeros((3, 5), "float32").ctypes.data % 64
    0
    """
    dtype = np.dtype(dtype)
    size_bytes = math.prod(shape) * dtype.itemsize
    memory = np.zeros(size_bytes + _LINE_BYTES, np.uint8)
    start = -memory.ctypes.data % _LINE_BYTES
    return memory[start : start + size_bytes].view(dtype).reshape(shape)
