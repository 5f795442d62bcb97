"""e^x written out, so that it vectorises: no function of a library is called.

``e^t = 2^n e^r`` with the integer n nearest to t / ln 2, so that |r| <= ln(2)/2, and a polynomial
for e^r - 1. The polynomials are fits at Chebyshev's nodes of (e^r - 1 - r) / r^2.
"""

from __future__ import annotations

import math

import numba

from isru.kernels.compiling import bits, by_type, from_bits, inlined, like

LOG2_E = 1 / math.log(2)
# Adding this leaves the nearest integer in the lowest bits; the high part of ln 2 has so few
# bits (9 and 32) that its product with any exponent is exact.
ROUNDING_32, ROUNDING_64 = 1.5 * 2.0**23, 1.5 * 2.0**52
_HIGH_32, _HIGH_64 = 0.693359375, float.fromhex("0x1.62e42feep-1")
_LOW_32, _LOW_64 = math.log(2) - _HIGH_32, 1.9082149292705877e-10
# Relative error of e^r - 1 below 1e-8 and 1e-17.
_FIT_32 = (
    *(0.5, 0.16666576266288757, 0.04166646674275398),
    *(0.008363175205886364, 0.0013933642767369747),
)
_FIT_64 = (
    *(0.5, 0.1666666666666667, 0.04166666666666667),
    *(0.008333333333326141, 0.0013888888888883752, 0.00019841269874800493),
    *(2.4801587325533363e-05, 2.7557255425746435e-06, 2.7557273661348637e-07),
    *(2.510520637395701e-08, 2.0914679376583935e-09),
)


@by_type
def reduced(t):
    """Return r and n of t."""
    return (lambda t: _reduced_32(t)) if t == numba.float32 else (lambda t: _reduced_64(t))


@inlined
def _reduced_32(t):
    start = like(ROUNDING_32, t)
    shifted = t * like(LOG2_E, t) + start
    n = shifted - start
    return (t - n * like(_HIGH_32, t)) - n * like(_LOW_32, t), numba.int32(
        bits(shifted) - bits(start)
    )


@inlined
def _reduced_64(t):
    shifted = t * LOG2_E + ROUNDING_64
    n = shifted - ROUNDING_64
    return (t - n * _HIGH_64) - n * _LOW_64, bits(shifted) - bits(like(ROUNDING_64, t))


@by_type
def power_of_two(n, x):
    """Return 2^n in the type of x."""
    if x == numba.float32:
        return lambda n, x: from_bits(numba.int32((n + 127) << 23))
    return lambda n, x: from_bits(numba.int64((n + 1023) << 52))


@by_type
def exp_minus_one(r):
    """Return e^r - 1 for |r| up to ln(2)/2."""
    if r == numba.float32:
        return lambda r: _exp_minus_one_32(r)
    return lambda r: _exp_minus_one_64(r)


@inlined
def _exp_minus_one_32(r):
    p = like(_FIT_32[2], r) + r * (like(_FIT_32[3], r) + r * like(_FIT_32[4], r))
    p = like(_FIT_32[0], r) + r * (like(_FIT_32[1], r) + r * p)
    return r + r * r * p


@inlined
def _exp_minus_one_64(r):
    # In pairs, which wait less for each other than Horner's scheme does.
    s = r * r
    p = (_FIT_64[8] + r * _FIT_64[9]) + s * _FIT_64[10]
    p = (_FIT_64[6] + r * _FIT_64[7]) + s * p
    p = (_FIT_64[4] + r * _FIT_64[5]) + s * p
    p = (_FIT_64[2] + r * _FIT_64[3]) + s * p
    p = (_FIT_64[0] + r * _FIT_64[1]) + s * p
    return r + s * p


@by_type
def _lowest(x):
    """Return where e^x rounds to 0."""
    return (lambda x: like(-105.0, x)) if x == numba.float32 else (lambda x: like(-750.0, x))


@inlined
def exp_of_negative(x):
    """Return e^x for x <= 0, subnormal results too; up to `_lowest`'s modulus above."""
    lowest = _lowest(x)
    r, n = reduced(x if x > lowest else lowest)
    # 2^n in two factors: n may be below the lowest exponent
    first = n >> 1
    y = (like(1.0, x) + exp_minus_one(r)) * power_of_two(first, x) * power_of_two(n - first, x)
    return y if x == x else x


@inlined
def exp(x):
    """Return e^x."""
    highest = -_lowest(x)  # far beyond where it is infinite
    return exp_of_negative(highest if x > highest else x)


@inlined
def expm1(x):
    """Return e^x - 1 for x up to 40: small results keep their digits, and NaN stays."""
    lowest = like(-40.0, x)  # there it rounds to -1
    r, n = reduced(x if x > lowest else lowest)
    power = power_of_two(n, x)
    y = power * exp_minus_one(r) + (power - like(1.0, x))
    return y if x == x else x
