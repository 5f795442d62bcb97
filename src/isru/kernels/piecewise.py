"""Scalar twins of the activations made of pieces; form as in `smooth`."""

from __future__ import annotations

from isru.kernels.algebraic import clamp
from isru.kernels.compiling import inlined, like


@inlined
def identity(x, _a, _b, _c):
    """Return x."""
    return x, x


@inlined
def identity_slope(y, _a, _b, _c):
    """Return 1."""
    return like(1.0, y)


@inlined
def hard_tanh(x, _a, _b, _c):
    """Return x clipped to [-1, 1]."""
    y = clamp(x, like(1.0, x))
    return y, y


@inlined
def hard_tanh_slope(y, _a, _b, _c):
    """Return 1 inside the clip."""
    return like(1.0, y) if abs(y) < like(1.0, y) else like(0.0, y)


@inlined
def hard_sigmoid(x, _a, _b, _c):
    """Return x/6 + 1/2 clipped to [0, 1]."""
    zero, six = like(0.0, x), like(6.0, x)
    y = x + like(3.0, x)
    y = zero if y < zero else y
    y = six if y > six else y
    y = y / six
    return y, y


@inlined
def hard_sigmoid_slope(y, _a, _b, _c):
    """Return 1/6 inside the clip."""
    zero, one = like(0.0, y), like(1.0, y)
    inside = like(1 / 6, y) if y > zero else zero
    return inside if y < one else zero


@inlined
def relu(x, _a, _b, _c):
    """Return max(x, 0)."""
    y = like(0.0, x) if x < like(0.0, x) else x
    return y, y


@inlined
def relu_slope(y, _a, _b, _c):
    """Return 1 above 0."""
    return like(1.0, y) if y > like(0.0, y) else like(0.0, y)


@inlined
def leaky_relu(x, slope, _b, _c):
    """Return x from 0 on and slope x below."""
    y = slope * x if x < like(0.0, x) else x
    return y, y


@inlined
def leaky_relu_slope(y, slope, _b, _c):
    """Return 1 above 0 and the slope elsewhere."""
    return like(1.0, y) if y > like(0.0, y) else slope
