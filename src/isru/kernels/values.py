"""One number in, one number out: the activations with a small relative error everywhere.

`isru.activations` has two forms of some functions: the network's, whose absolute error is small,
and `value`, right to some units in the last place for every input. The functions of
`isru.kernels.smooth` and `isru.kernels.algebraic` are the network's; where the two differ, the
careful one stands here, beside the fast one.

"Fast" allows the compiler to reorder sums, to fuse a product with a sum, and to replace a
division and a square root by the processor's estimate and a Newton step. It never assumes
that there is no NaN and no infinity, so these values still come out right.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from isru.activations import get_activation
from isru.kernels import smooth
from isru.kernels.activations import compiled_form
from isru.kernels.algebraic import clamp
from isru.kernels.compiling import by_type, inlined, like
from isru.kernels.derived import in_the_library
from isru.kernels.exponential import exp_of_negative
from isru.registry import ByName

FAST = {"reassoc", "contract", "arcp", "afn", "nsz"}
_LOW, _HIGH = 2.0**-32, 2.0**62  # as in `isru.activations.isru.bounds`
_SCALE = 2.0**-64


def _fast(function):
    return numba.njit(nogil=True, error_model="numpy", fastmath=FAST)(function)


@inlined
def _rounded(x):
    """Return isru of |x| as min(|x|, sqrt(p / (1 + p))), p = x^2: within 2 ULP."""
    size, low, high = abs(x), like(_LOW, x), like(_HIGH, x)
    inside = low if size < low else size
    inside = high if inside > high else inside
    square = inside * inside
    y = math.sqrt(square / (like(1.0, x) + square))
    return size if size < y else y


@inlined
def isru(x):
    """Return x / sqrt(1 + x^2)."""
    return math.copysign(_rounded(x), x)


@inlined
def isru_sigmoid(x):
    """Return (1 + isru(x/2)) / 2, the left tail as 1 / 2(s^2 + s t), which does not cancel."""
    half, one, scale = like(0.5, x), like(1.0, x), like(_SCALE, x)
    t = abs(x) * half
    inside = clamp(t, like(_HIGH, x))
    s = math.sqrt(one + inside * inside)
    s = t if t > s else s
    # Scaled, since the sum could overflow where the tail is still subnormal.
    scaled = t * scale
    tail = half / ((scale + t * scaled) + s * scaled) * scale
    return tail if x < like(0.0, x) else one - tail


@inlined
def isrlu(x):
    """Return x from 0 on, isru below."""
    return -_rounded(x) if x < like(0.0, x) else x


@inlined
def sigmoid(x):
    """Return 1 / (1 + e^-x) from e^-|x|, which cannot overflow."""
    power, one = exp_of_negative(-abs(x)), like(1.0, x)
    return (power if x < like(0.0, x) else one) / (one + power)


@_fast
def _estimate(q):
    """Return 1 / sqrt(q): the processor's estimate and a Newton step, in float32."""
    return np.float32(1.0) / math.sqrt(np.float32(q))


@by_type
def _inverse_root(q):
    """Return 1 / sqrt(q) fast."""
    if q == numba.float32:
        return lambda q: _estimate(q)
    return lambda q: _inverse_root_float64(q)


@_fast
def _inverse_root_float64(q):
    """Refine float32's: with e = 1 - q r^2 the root is r (1 + e/2 + 3 e^2/8 + ...)."""
    r = np.float64(_estimate(q))
    e = 1.0 - q * r * r
    return r + r * e * (0.5 + 0.375 * e)


@_fast
def isru_fast(x):
    """Return x times the inverse square root of 1 + x^2."""
    x = clamp(x, like(_HIGH, x))
    return x * _inverse_root(like(1.0, x) + x * x)


@_fast
def isru_sigmoid_fast(x):
    """Return 1/2 + isru_fast(x/2) / 2."""
    half = like(0.5, x)
    return half + half * isru_fast(half * x)


@_fast
def isrlu_fast(x):
    """Return x from 0 on, isru_fast below."""
    y = isru_fast(x)
    return y if x < like(0.0, x) else x


@_fast
def sigmoid_fast(x):
    """Return tanh(x/2)/2 + 1/2."""
    half = like(0.5, x)
    return half + half * smooth.tanh(half * x, half, half, half)[0]


def _first(name: str, compiled=inlined) -> Callable:
    """Return x -> y of a network's form with the registry's own parameters."""
    form, parameters = compiled_form(name), get_activation(name).parameters
    plain: Any = form.forward  # compiled by Numba, which keeps the function as it was written
    forward = compiled(plain.py_func)
    a, b, c = (*form.constants(*parameters.values()), 0, 0, 0)[:3]
    return compiled(lambda x: forward(x, like(a, x), like(b, x), like(c, x))[0])


_CAREFUL = {"isru": isru, "isru_sigmoid": isru_sigmoid, "isrlu": isrlu, "sigmoid": sigmoid}
VALUES = ByName(lambda name: _CAREFUL.get(name) or _first(name))
"""Every function of the registry, compiled: x -> y, right for every input as `value` is."""

_QUICK = {"isru": isru_fast, "isru_sigmoid": isru_sigmoid_fast}
_QUICK |= {"isrlu": isrlu_fast, "sigmoid": sigmoid_fast}
FAST_VALUES = ByName(lambda name: _QUICK.get(name) or _first(name, _fast))
"""The same, fast."""

LIBM_VALUES = ByName(lambda name: in_the_library(get_activation(name)) or VALUES[name])
"""The same, with tanh, e^x and their kin from the C library."""

NARROW = frozenset({"isru", "isru_plain", "isrlu"})
"""Where the strict form waits for root and division: there the widest registers are slower."""
