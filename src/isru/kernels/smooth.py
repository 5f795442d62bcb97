"""Compiled functions of one number: the smooth activations.

tanh and e^x are written out, so that they vectorise.

Each returns (y, saved); its ``..._slope`` returns the derivative from ``saved``. They take
up to three constants, which `isru.kernels.activations` computes from the entry's parameters.
"""

from __future__ import annotations

import math

import numba

from isru.kernels.compiling import by_type, inlined, like
from isru.kernels.exponential import exp_minus_one, expm1, power_of_two, reduced

# (tanh(t)/t - 1)/t^2 in t^2 up to 5/8: a fit at Chebyshev's nodes, relative error below 1e-8.
_TANH = (
    *(-0.333333283662796, 0.13332781195640564, -0.05385234206914902),
    *(0.02100311405956745, -0.006104347761720419),
)


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
    r, n = reduced(t)
    power = (one + exp_minus_one(r)) * power_of_two(n, x)
    large = one - two / (power + one)
    y = small if size < like(0.625, x) else large
    y = math.copysign(y, x)
    return y if x == x else x


@inlined
def _tanh_float64(x):
    """Return tanh x within 3 ULP, as e / (e + 2) with e = e^2|x| - 1."""
    t = abs(x) * 2.0
    t = 40.0 if t > 40.0 else t  # from 38 on it rounds to 1
    e = expm1(t)
    return math.copysign(e / (e + 2.0), x)


@by_type
def tanh_of(x):
    """Return tanh x."""
    if x == numba.float32:
        return lambda x: _tanh_float32(x)
    return lambda x: _tanh_float64(x)


@inlined
def tanh(x, _a, _b, _c):
    """Return tanh x twice: its derivative needs y alone."""
    y = tanh_of(x)
    return y, y


@inlined
def sigmoid(x, _a, _b, _c):
    """Return tanh(x/2)/2 + 1/2, as networks compute the logistic function."""
    half = like(0.5, x)
    y = tanh_of(x * half) * half + half
    return y, y


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
def elu(x, alpha, _b, _c):
    """Return x above 0 and alpha (e^x - 1) below."""
    zero = like(0.0, x)
    negative = alpha * expm1(zero if x > zero else x)
    y = negative if x < zero else x
    return y, y
