"""Scalar twins of the smooth activations. tanh in float32 is written out, so that it vectorises.

Each twin returns (y, saved); its ``..._slope`` returns the derivative from ``saved``. They take
up to three constants, which `isru.kernels.activations` computes from the entry's parameters.
"""

from __future__ import annotations

import math

import numba
from numba.extending import overload

from isru.kernels.compiling import bits, from_bits, inlined, like

LOG2_E = 1 / math.log(2)
LN2_HIGH = 0.693359375  # 9 bits: its product with an exponent is exact
LN2_LOW = math.log(2) - LN2_HIGH
ROUNDING = 1.5 * 2.0**23  # adding this leaves the nearest integer in the lowest bits
# (tanh(t)/t - 1)/t^2 in t^2 up to 5/8, and (e^r - 1 - r)/r^2 for |r| up to ln(2)/2: fits at
# Chebyshev's nodes, relative error below 1e-8.
_TANH = (-0.333333283662796, 0.13332781195640564, -0.05385234206914902)
_TANH += (0.02100311405956745, -0.006104347761720419)
_EXP = (0.5, 0.16666576266288757, 0.04166646674275398)
_EXP += (0.008363175205886364, 0.0013933642767369747)


@inlined
def exp_minus_one(r):
    """Return e^r - 1 for |r| up to ln(2)/2, in float32's precision."""
    p = like(_EXP[2], r) + r * (like(_EXP[3], r) + r * like(_EXP[4], r))
    p = like(_EXP[0], r) + r * (like(_EXP[1], r) + r * p)
    return r + r * r * p


@inlined
def _tanh_float32(x):
    """Return tanh x within 2 ULP: an odd polynomial to 5/8, 1 - 2 / (e^2x + 1) beyond."""
    one, two = like(1.0, x), like(2.0, x)
    size = abs(x)
    # Small: t + t^3 p(t^2)
    square = size * size
    p = like(_TANH[3], x) + square * like(_TANH[4], x)
    p = like(_TANH[1], x) + square * (like(_TANH[2], x) + square * p)
    p = like(_TANH[0], x) + square * p
    small = size + size * (square * p)
    # Large: from 10 on it rounds to 1; the comparison sends NaN there, too.
    t = size * two if size < like(10.0, x) else like(20.0, x)
    shifted = t * like(LOG2_E, x) + like(ROUNDING, x)
    n = shifted - like(ROUNDING, x)
    r = (t - n * like(LN2_HIGH, x)) - n * like(LN2_LOW, x)
    p = one + exp_minus_one(r)
    # The lowest bits of `shifted` are n; moved to the exponent they make p into 2^n p.
    power = from_bits(numba.int32(bits(p) + (bits(shifted) << 23)))
    large = one - two / (power + one)
    y = small if size < like(0.625, x) else large
    y = math.copysign(y, x)
    return y if x == x else x


def _tanh(x):
    """Return tanh x; stands for one of the two forms below."""
    raise NotImplementedError("expected to be called from compiled code")


@overload(_tanh)
def _tanh_of_type(x):
    if x == numba.float32:
        return lambda x: _tanh_float32(x)
    return lambda x: math.tanh(x)  # libm's, a call for each element


@inlined
def tanh(x, _a, _b, _c):
    """Return tanh x twice: its derivative needs y alone."""
    y = _tanh(x)
    return y, y


@inlined
def tanh_slope(y, _a, _b, _c):
    """Return 1 - y^2."""
    return like(1.0, y) - y * y


@inlined
def sigmoid(x, _a, _b, _c):
    """Return tanh(x/2)/2 + 1/2, as networks compute the logistic function."""
    half = like(0.5, x)
    y = _tanh(x * half) * half + half
    return y, y


@inlined
def sigmoid_slope(y, _a, _b, _c):
    """Return y (1 - y)."""
    return (like(1.0, y) - y) * y


@inlined
def softsign(x, _a, _b, _c):
    """Return x / (1 + |x|), clamped where it has reached its limit, and 1 / (1 + |x|)."""
    one, far = like(1.0, x), like(2.0**62, x)
    x = far if x > far else x
    x = -far if x < -far else x
    bottom = one + abs(x)
    return x / bottom, one / bottom


@inlined
def softsign_slope(saved, _a, _b, _c):
    """Return the square."""
    return saved * saved


@inlined
def softplus(x, _a, _b, _c):
    """Return max(x, 0) + ln(1 + e^-|x|)."""
    zero = like(0.0, x)
    y = (zero if x < zero else x) + math.log1p(math.exp(-abs(x)))
    return y, y


@inlined
def softplus_slope(y, _a, _b, _c):
    """Return 1 - e^-y."""
    return -math.expm1(-y)


@inlined
def elu(x, alpha, _b, _c):
    """Return x above 0 and alpha (e^x - 1) below."""
    y = alpha * math.expm1(x) if x < like(0.0, x) else x
    return y, y


@inlined
def elu_slope(y, alpha, _b, _c):
    """Return 1 above 0 and y + alpha below."""
    return like(1.0, y) if y > like(0.0, y) else y + alpha
