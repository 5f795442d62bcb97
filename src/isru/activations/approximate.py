"""Approximations: tanh by a rational function or a table, ISRU by a fast inverse square root.

Each entry names the function that it approximates and its largest absolute ``error``. Its
``ulp`` are measured against its own definition in exact arithmetic.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from isru.activations.entry import Activation, clip, tolerance

# The fraction reaches 1 at the real root of x^5 - 15x^4 + 105x^3 - 420x^2 + 945x - 945; this is
# the next double after it, where every dtype computes exactly 1.
RATIONAL_END = 3.646738595329644
TABLE_END = 8
TABLE_PER_UNIT = 32

# The constant of id Software's Quake III (1999), and the same one for the format with 52 bits:
# both are 1.5 bias - 0.0675... in steps of the exponent, so both types compute one function.
_FLOAT32_MAGIC = 0x5F3759DF
_MAGIC = {
    np.dtype(np.float32): np.uint32(_FLOAT32_MAGIC),
    np.dtype(np.float64): np.uint64((_FLOAT32_MAGIC << 29) + ((1023 - 127) * 3 // 2 << 52)),
}
_FAR = 2.0**62  # here f(x) has reached its limit and x*x is far from overflow


def _rational_tanh(x, out, saved):
    saved = clip(x, -RATIONAL_END, RATIONAL_END, out=saved)
    square = saved * saved
    top = square + 105
    top *= square
    top += 945
    top *= saved
    bottom = 15 * square
    bottom += 420
    bottom *= square
    bottom += 945
    out = np.divide(top, bottom, out=top if out is None else out)
    return clip(out, -1.0, 1.0, out=out), saved  # it may be rounded to above 1


def _rational_tanh_slope(clipped, out):
    # (s^4 - 21 s^3 + 420 s^2 - 6615 s + 59535) / (15 (s^2 + 28 s + 63)^2), s = x^2
    square = clipped * clipped
    top = (((square - 21) * square + 420) * square - 6615) * square + 59535
    bottom = (square + 28) * square + 63
    bottom *= bottom
    bottom *= 15
    out = np.divide(top, bottom, out=out)
    out *= np.abs(clipped) < clipped.dtype.type(RATIONAL_END)
    return out


RATIONAL_TANH = Activation(
    name="rational_tanh",
    description="x (x^4 + 105 x^2 + 945) / (15 x^4 + 420 x^2 + 945) clipped to [-1, 1]: "
    "tanh's continued fraction after five steps (Lambert 1768)",
    range=(-1.0, 1.0),
    smoothness=0,
    odd=True,
    ulp=tolerance(0.51, 6, 6),
    kernel=_rational_tanh,
    slope=_rational_tanh_slope,
    approximates="tanh",
    error=1.36e-3,
)


@cache
def tanh_table(dtype) -> tuple[np.ndarray, np.ndarray]:
    """Return tanh at the knots 0, 1/32, ..., 8 and the steps to the next knot, the last one 0.

    Parameters
    ----------
    dtype : dtype
        float32 or float64.

    Returns
    -------
    knots, steps : ndarray, shape (257,)
    """
    exact = np.tanh(np.arange(TABLE_END * TABLE_PER_UNIT + 1) / TABLE_PER_UNIT)
    return exact.astype(dtype), np.append(np.diff(exact), 0).astype(dtype)


def _table_tanh(x, out, saved):
    knots, steps = tanh_table(x.dtype)
    place = np.abs(x)
    np.minimum(place, TABLE_END, out=place)
    place *= TABLE_PER_UNIT
    index = np.fmin(place, len(knots) - 1).astype(np.intp)  # fmin: a NaN needs an index too
    place -= index
    step = steps[index]
    place *= step
    place += knots[index]
    saved = np.multiply(step, TABLE_PER_UNIT, out=saved)
    return np.copysign(place, x, out=place if out is None else out), saved


def _table_tanh_slope(slope, out):
    return np.positive(slope, out=out)


TABLE_TANH = Activation(
    name="table_tanh",
    description="tanh by linear interpolation in a table of 257 values, 1/32 apart, "
    "constant from 8 on: what firmware without libm does",
    range=(-math.tanh(TABLE_END), math.tanh(TABLE_END)),
    smoothness=0,
    odd=True,
    ulp=tolerance(0.51, 3, 3),
    kernel=_table_tanh,
    slope=_table_tanh_slope,
    approximates="tanh",
    error=9.5e-5,
)


def _isru_rsqrt(steps: int, relative_error: float, top: float) -> Activation:
    """Return ISRU with 1/sqrt by the bit trick and ``steps`` Newton steps."""

    def forward(x, out, saved):
        out = clip(x, -_FAR, _FAR, out=out)
        saved = np.multiply(out, out, out=saved)
        saved += 1
        half = 0.5 * saved if steps else None
        magic = _MAGIC[saved.dtype]
        bits = saved.view(magic.dtype)
        np.right_shift(bits, 1, out=bits)
        np.subtract(magic, bits, out=bits)
        for _ in range(steps):  # r <- r (3/2 - q r^2 / 2)
            change = saved * saved
            change *= half
            np.subtract(1.5, change, out=change)
            saved *= change
        out *= saved
        return out, saved

    def derivative(saved, out):
        # r^3, never (1 - y^2)^(3/2): with an approximate r, 1 - y^2 can be negative
        out = np.multiply(saved, saved, out=out)
        out *= saved
        return out

    return Activation(
        name=f"isru_rsqrt{steps}",
        description=f"isru with 1/sqrt by the bit trick and {steps} Newton steps, relative error "
        f"up to {relative_error:.2g} (Lomont 2003; derivative r^3)",
        range=(-top, top),
        smoothness=0,
        odd=True,
        ulp=tolerance(0.51, 5, 5),
        kernel=forward,
        slope=derivative,
        rises=False,  # the error of 1/sqrt goes up and down with every doubling of its argument
        approximates="isru",
        error=relative_error,
    )


ISRU_RSQRT = (
    _isru_rsqrt(0, 0.0344, 1.0344),
    # Newton's steps come from below 1, but rounding may end four units above it
    _isru_rsqrt(1, 1.76e-3, 1 + 2**-21),
    _isru_rsqrt(2, 4.8e-6, 1 + 2**-21),
)


def rational_tanh(x, out: np.ndarray | None = None):
    """Return tanh x by a clipped rational function, within 1.4e-3. Otherwise as `isru`."""
    return RATIONAL_TANH.value(x, out)


def table_tanh(x, out: np.ndarray | None = None):
    """Return tanh x by linear interpolation in a table, within 9.5e-5. Otherwise as `isru`."""
    return TABLE_TANH.value(x, out)


def isru_rsqrt(x, steps: int = 1, out: np.ndarray | None = None):
    """Return x / sqrt(1 + x^2) by the fast inverse square root. Otherwise as `isru`.

    Parameters
    ----------
    steps : {0, 1, 2}
        Newton steps: relative error within 3.5 %, 0.18 % and 4.8e-6.
    """
    if steps not in (0, 1, 2):
        raise ValueError(f"expected steps to be 0, 1 or 2, got {steps!r}")
    return ISRU_RSQRT[steps].value(x, out)
