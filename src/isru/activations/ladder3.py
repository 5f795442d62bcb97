"""The third rung of the ladder tanh(n asinh(x/n)): one square root, no exponential."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isru.activations import formula as ops
from isru.activations.entry import Activation, CText, parameter, tolerance
from isru.activations.isru import K_RANGE

_FLAT = 2.0**30  # beyond it x^2 + 9 is x^2 in float64, too, and the formula gives exactly 1
_PLAIN = (-1e12, 1e12)  # where x^3 is finite in float32


def _formula(x, k):
    x = k * x
    square = x**2
    top = x * (square + Fraction(27, 4))
    return top / ((square + Fraction(9, 4)) * ops.sqrt(square + 9))


def _gradient(x, _y, k):
    square = (k * x) ** 2
    bottom = (square + Fraction(9, 4)) ** 2 * ops.sqrt(square + 9) ** 3
    return k * (Fraction(2187, 16) / bottom)


def _c_body(number, k):
    outer, middle, inner = (number(c / k**2) for c in (9, 6.75, 2.25))
    return f"""\
const float q = x * x;
return x * (q + {middle}) / ((q + {inner}) * SQRTF(q + {outer}));"""


def make_ladder3(k: float = 1.0) -> Activation:
    """Return tanh(3 asinh(k x / 3))."""
    k = parameter("k", k, *K_RANGE)
    return Activation(
        name="ladder3",
        label="ladder, n = 3",
        place=3.3,
        description="x (x^2 + 27/4) / ((x^2 + 9/4) sqrt(x^2 + 9)) of k x: tanh(3 asinh(x/3)), the "
        "third rung of the ladder tanh(n asinh(x/n)), whose first is isru",
        range=(-1.0, 1.0),
        smoothness=math.inf,
        odd=True,
        ulp=tolerance(0.51, 5, 5),
        formula=_formula,
        gradient=_gradient,
        flat_from=_FLAT / k,
        parameters={"k": k},
        family=make_ladder3,
        c=CText("tanh(3 asinh(x/3)), for |x| < 1e12", 5, _c_body, _PLAIN),
    )


LADDER3 = make_ladder3()


def ladder3(x: ArrayLike, k: float = 1.0, out: np.ndarray | None = None) -> Any:
    """Return tanh(3 asinh(k x / 3)), within 5 ULP. Otherwise as `isru`."""
    entry = LADDER3 if k == 1 else make_ladder3(k)
    return entry.value(x, out)
