"""The fourth rung of the ladder tanh(n asinh(x/n)): one square root, no exponential."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isru.activations import formula as ops
from isru.activations.entry import Activation, CText, parameter, tolerance
from isru.activations.isru import K_RANGE

_FLAT = 2.0**30  # beyond it x^2 + 16 is x^2 in float64, too, and the formula gives exactly 1
_PLAIN = (-1e9, 1e9)  # where x^4 is finite in float32


def _formula(x, k):
    x = k * x
    square = x**2
    top = x * ops.sqrt(square + 16) * (square + 8)
    return top / ((square + 16) * square + 32)


def _gradient(x, _y, k):
    square = (k * x) ** 2
    bottom = ((square + 16) * square + 32) ** 2 * ops.sqrt(square + 16)
    return k * (4096 / bottom)


def _c_body(number, k):
    outer, middle, last = (number(c) for c in (16 / k**2, 8 / k**2, 32 / k**4))
    return f"""\
const float q = x * x;
const float p = q + {outer};
return x * SQRTF(p) * (q + {middle}) / (p * q + {last});"""


def make_ladder4(k: float = 1.0) -> Activation:
    """Return tanh(4 asinh(k x / 4))."""
    k = parameter("k", k, *K_RANGE)
    return Activation(
        name="ladder4",
        label="ladder, n = 4",
        place=3.4,
        description="x (x^2 + 8) sqrt(x^2 + 16) / (x^4 + 16 x^2 + 32) of k x: tanh(4 asinh(x/4)), "
        "the fourth rung of the ladder tanh(n asinh(x/n)), whose first is isru",
        range=(-1.0, 1.0),
        smoothness=math.inf,
        odd=True,
        ulp=tolerance(0.51, 6, 6),
        formula=_formula,
        gradient=_gradient,
        flat_from=_FLAT / k,
        parameters={"k": k},
        family=make_ladder4,
        c=CText("tanh(4 asinh(x/4)), for |x| < 1e9", 6, _c_body, _PLAIN),
    )


LADDER4 = make_ladder4()


def ladder4(x: ArrayLike, k: float = 1.0, out: np.ndarray | None = None) -> Any:
    """Return tanh(4 asinh(k x / 4)), within 6 ULP. Otherwise as `isru`."""
    entry = LADDER4 if k == 1 else make_ladder4(k)
    return entry.value(x, out)
