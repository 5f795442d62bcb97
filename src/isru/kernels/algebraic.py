"""Compiled functions of one number: ISRU, its relatives and the approximations, as in `smooth`."""

from __future__ import annotations

import math

import numba
import numpy as np

from isru.activations.isru import bounds
from isru.activations.rational_tanh import RATIONAL_END
from isru.activations.table_tanh import TABLE_END, TABLE_PER_UNIT, tanh_table
from isru.kernels.compiling import bits, by_type, from_bits, inlined, like

_FAR = 2.0**62
_TABLES = {name: tanh_table(np.dtype(name)) for name in ("float32", "float64")}
_KNOTS_32, _STEPS_32 = _TABLES["float32"]
_KNOTS_64, _STEPS_64 = _TABLES["float64"]
_LAST_KNOT = TABLE_END * TABLE_PER_UNIT
_MAGIC_32 = 0x5F3759DF
_MAGIC_64 = (_MAGIC_32 << 29) + ((1023 - 127) * 3 // 2 << 52)


@inlined
def clamp(x, end):
    """Return x in [-end, end]; NaN stays."""
    x = end if x > end else x
    return -end if x < -end else x


def isru_constants(alpha, k):
    """Return what `isru` takes."""
    return bounds(alpha)[1], alpha, k**-2


def isru_sigmoid_constants(k):
    """Return what `isru_sigmoid` takes."""
    return bounds(1.0)[1], k**-2


def isrlu_constants(alpha):
    """Return what `isrlu` takes."""
    return bounds(alpha)[1], alpha


@inlined
def isru(x, high, alpha, offset):
    """Return x / s and 1 / s with s = sqrt(offset + alpha x^2), offset = k^-2."""
    x = clamp(x, high)
    root = math.sqrt(offset + alpha * (x * x))
    return x / root, like(1.0, x) / root


@inlined
def isru_slope(r, _a, _b, factor):
    """Return factor r^3."""
    return r * r * r * factor


@inlined
def isru_plain(x, alpha, _b, _c):
    """Return x / sqrt(1 + alpha x^2) as written, without care for large x."""
    root = math.sqrt(alpha * (x * x) + like(1.0, x))
    return x / root, like(1.0, x) / root


@inlined
def isru_plain_slope(r, _a, _b, _c):
    """Return r^3."""
    return r * r * r


isrlu_slope = isru_rsqrt0_slope = isru_rsqrt1_slope = isru_rsqrt2_slope = isru_plain_slope


@inlined
def isru_sigmoid(x, high, offset, _c):
    """Return (1 + isru(k x)) / 2, offset = k^-2."""
    half = like(0.5, x)
    x = clamp(x, high)
    root = math.sqrt(offset + x * x)
    return x / root * half + half, like(1.0, x) / root


@inlined
def isru_sigmoid_slope(r, _a, offset, _c):
    """Return offset r^3 / 2."""
    return r * r * r * (like(0.5, r) * offset)


@inlined
def isrlu(x, high, alpha, _c):
    """Return x from 0 on, isru below."""
    zero, one = like(0.0, x), like(1.0, x)
    x = -high if x < -high else x
    negative = x if x < zero else zero
    root = math.sqrt(one + alpha * (negative * negative))
    return x / root, one / root


@inlined
def rational_tanh(x, _a, _b, _c):
    """Return tanh's continued fraction after five steps, clipped, and the clipped x."""
    x = clamp(x, like(RATIONAL_END, x))
    s = x * x
    top = x * ((s + like(105.0, x)) * s + like(945.0, x))
    bottom = (like(15.0, x) * s + like(420.0, x)) * s + like(945.0, x)
    return clamp(top / bottom, like(1.0, x)), x


@inlined
def rational_tanh_slope(x, _a, _b, _c):
    """Return the derivative of the fraction, 0 where it is clipped."""
    s = x * x
    top = ((s - like(21.0, x)) * s + like(420.0, x)) * s - like(6615.0, x)
    top = top * s + like(59535.0, x)
    bottom = (s + like(28.0, x)) * s + like(63.0, x)
    slope = top / (bottom * bottom * like(15.0, x))
    return like(0.0, x) if abs(x) >= like(RATIONAL_END, x) else slope


@by_type
def _knot(place, index):
    """Return the table's knot and step."""
    if place == numba.float32:
        return lambda place, index: (_KNOTS_32[index], _STEPS_32[index])
    return lambda place, index: (_KNOTS_64[index], _STEPS_64[index])


@inlined
def table_tanh(x, _a, _b, _c):
    """Return tanh by linear interpolation between knots, and the slope."""
    end, per_unit = like(float(TABLE_END), x), like(float(TABLE_PER_UNIT), x)
    size = abs(x)
    size = end if size > end else size
    place = size * per_unit
    index = int(place) if place < like(float(_LAST_KNOT), x) else _LAST_KNOT  # NaN: any index
    knot, step = _knot(place, index)
    y = (place - like(index, x)) * step + knot
    return math.copysign(y, x), step * per_unit


@inlined
def table_tanh_slope(saved, _a, _b, _c):
    """Return what was saved."""
    return saved


@by_type
def _guess(square):
    """Return 1/sqrt by the bit trick."""
    if square == numba.float32:
        return lambda square: from_bits(
            numba.int32(numba.int32(_MAGIC_32) - (bits(square) >> numba.int32(1)))
        )
    return lambda square: from_bits(numba.int64(_MAGIC_64) - (bits(square) >> numba.int64(1)))


@inlined
def _newton(r, half):
    return r * (like(1.5, r) - r * r * half)


@inlined
def isru_rsqrt0(x, _a, _b, _c):
    """Return isru with 1/sqrt by the bit trick alone."""
    x = clamp(x, like(_FAR, x))
    r = _guess(like(1.0, x) + x * x)
    return x * r, r


@inlined
def isru_rsqrt1(x, _a, _b, _c):
    """Return isru with 1/sqrt by the bit trick and a Newton step."""
    x = clamp(x, like(_FAR, x))
    square = like(1.0, x) + x * x
    r = _newton(_guess(square), like(0.5, x) * square)
    return x * r, r


@inlined
def isru_rsqrt2(x, _a, _b, _c):
    """Return isru with 1/sqrt by the bit trick and two Newton steps."""
    x = clamp(x, like(_FAR, x))
    square = like(1.0, x) + x * x
    half = like(0.5, x) * square
    r = _newton(_newton(_guess(square), half), half)
    return x * r, r
