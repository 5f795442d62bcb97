"""The fast inverse square root and its error, measured on every float32 of two octaves.

A float's bit pattern is nearly its logarithm: halving it and changing its sign gives nearly
1/sqrt. Newton's steps do the rest.
"""

from __future__ import annotations

import numpy as np

MAGIC = np.uint32(0x5F3759DF)
STEPS = (0, 1, 2)
_BLOCK = 1 << 16  # inputs at a time: the arrays of one block stay in the cache
_OCTAVE = 1 << 23  # float32 numbers between a power of two and the next


def fast_rsqrt(q: np.ndarray, steps: int) -> np.ndarray:
    """Return nearly 1 / sqrt(q), by the bit trick and Newton's method.

    Starts from the bits MAGIC - bits(q) / 2; each step is r <- r (3/2 - q r^2 / 2). The same
    bits as what the activations ``isru_rsqrt0`` to ``isru_rsqrt2`` compute, by test.

    Parameters
    ----------
    q : ndarray of float32
        Positive and normal.
    steps : int
        Newton steps, 0 or more.

    Raises
    ------
    TypeError
        If ``q`` is no float32 array.

    References
    ----------
    C. Lomont, "Fast inverse square root", Purdue University, 2003.
    """
    if getattr(q, "dtype", None) != np.float32:
        raise TypeError(f"expected an array of float32, got {getattr(q, 'dtype', type(q))}")
    r = (MAGIC - (q.view(np.uint32) >> np.uint32(1))).view(np.float32)
    half = np.float32(0.5) * q
    for _ in range(steps):
        r = r * (np.float32(1.5) - r * r * half)
    return r


def relative_error(q: np.ndarray, steps: int) -> np.ndarray:
    """Return r sqrt(q) - 1, signed, in float64, for float32 ``q``."""
    return fast_rsqrt(q, steps).astype(np.float64) * np.sqrt(q.astype(np.float64)) - 1


def error_curves(low: float, high: float, count: int) -> dict[str, np.ndarray]:
    """Return ``q``, nearly ``count`` equal steps of the bits, and ``steps_0`` to ``steps_2``."""
    first, last = (int(np.float32(end).view(np.uint32)) for end in (low, high))
    step = max(1, (last - first) // count)
    q = np.arange(first, last, step, dtype=np.uint32).view(np.float32)
    return {"q": q} | {f"steps_{steps}": relative_error(q, steps) for steps in STEPS}


def every_error(steps: int) -> dict[str, float]:
    """Return the extreme relative errors over all 2^24 float32 numbers in [1, 4).

    These decide for all: with 4 q the bit pattern of the start falls by one exponent, r is
    halved exactly and every Newton step sees the same q r^2.

    Returns
    -------
    dict
        ``inputs``; ``least`` and ``largest`` signed error, ``least_at`` and ``largest_at`` the
        first q that has it.
    """
    first = int(np.float32(1).view(np.uint32))
    found = {"inputs": 2 * _OCTAVE, "least": np.inf, "largest": -np.inf}
    for start in range(first, first + 2 * _OCTAVE, _BLOCK):
        q = np.arange(start, start + _BLOCK, dtype=np.uint32).view(np.float32)
        error = relative_error(q, steps)
        low, high = int(error.argmin()), int(error.argmax())
        if error[low] < found["least"]:
            found |= {"least": float(error[low]), "least_at": float(q[low])}
        if error[high] > found["largest"]:
            found |= {"largest": float(error[high]), "largest_at": float(q[high])}
    return found
