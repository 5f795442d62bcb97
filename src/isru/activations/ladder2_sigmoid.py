"""The gate made of the ladder's second rung."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isru.activations import formula as ops
from isru.activations.entry import Activation, CText, parameter, tolerance
from isru.activations.isru import K_RANGE
from isru.activations.ladder2 import rung2_in_c, rung2_slope

_PLAIN = (-1e18, 1e18)  # where x * sqrt(x * x) is finite in float32


def _formula(x, k):
    # With t = |k x|, q = t^2 + 2 and r = sqrt(t^2 + 4), q^2 - t^2 r^2 is 4: the lesser of the two
    # values, (1 - t r/q) / 2, is 2 / (q (q + t r)), in which nothing cancels. Far out q and t r
    # may be infinite, and it is 0, as it should be.
    t = abs(k * x)
    square = t**2
    q = square + 2
    least = 2 / q / (q + t * ops.sqrt(square + 4))
    return ops.where(x < 0, least, 1 - least)


def _sympy(sp, x):
    square = x**2 / 4
    return sp.Rational(1, 2) + x * sp.sqrt(square + 4) / (4 * (square + 2))


def _c_body(number, k):
    return f"return 0.5f + 0.5f * ({rung2_in_c(number, k)});"


def make_ladder2_sigmoid(k: float = 0.5) -> Activation:
    """Return (1 + tanh(2 asinh(k x / 2))) / 2."""
    k = parameter("k", k, *K_RANGE)
    return Activation(
        name="ladder2_sigmoid",
        label="ladder gate, n = 2",
        place=3.5,
        description="(1 + ladder2(k x)) / 2: a gate without exponential; for k = 1/2 it has the "
        "slope of the logistic function at 0",
        range=(0.0, 1.0),
        smoothness=math.inf,
        odd=False,
        # the tail falls with the fourth power of k x, whose rounding counts four times
        ulp=tolerance(0.51, 6, 6) if k == 0.5 else tolerance(0.51, 8, 8),
        formula=_formula,
        gradient=lambda x, _y, k: k * rung2_slope(k * x) / 2,
        parameters={"k": k},
        family=make_ladder2_sigmoid,
        sympy=_sympy,
        c=CText("ladder2 as a gate, for |x| < 1e18", 3, _c_body, _PLAIN, absolute=True),
    )


LADDER2_SIGMOID = make_ladder2_sigmoid()


def ladder2_sigmoid(x: ArrayLike, k: float = 0.5, out: np.ndarray | None = None) -> Any:
    """Return (1 + ladder2(k x)) / 2, with a small relative error in the left tail too.

    Within 6 ULP for k = 1/2 and 8 for any other. Otherwise as `isru`.
    """
    entry = LADDER2_SIGMOID if k == 0.5 else make_ladder2_sigmoid(k)
    return entry.value(x, out)
