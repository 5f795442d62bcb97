"""The second rung of the ladder tanh(n asinh(x/n)): one square root, no exponential."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isru.activations import formula as ops
from isru.activations.entry import Activation, CText, parameter, tolerance
from isru.activations.isru import K_RANGE

FLAT = 2.0**30  # beyond it x^2 + 4 is x^2 in float64, too, and the formula gives exactly 1
_PLAIN = (-1e18, 1e18)  # where x * sqrt(x * x) is finite in float32


def rung2(x):
    """Return x sqrt(x^2 + 4) / (x^2 + 2)."""
    square = x**2
    return x * ops.sqrt(square + 4) / (square + 2)


def rung2_slope(x):
    """Return its derivative, 8 / ((x^2 + 2)^2 sqrt(x^2 + 4))."""
    square = x**2
    return 8 / ((square + 2) ** 2 * ops.sqrt(square + 4))


def rung2_in_c(number, k):
    """Return the rung of k x in C, with k multiplied out."""
    return f"x * SQRTF({number(4 / k**2)} + x * x) / ({number(2 / k**2)} + x * x)"


def make_ladder2(k: float = 1.0) -> Activation:
    """Return tanh(2 asinh(k x / 2))."""
    k = parameter("k", k, *K_RANGE)
    return Activation(
        name="ladder2",
        label="ladder, n = 2",
        place=3.2,
        description="x sqrt(x^2 + 4) / (x^2 + 2) of k x: tanh(2 asinh(x/2)), the second rung of "
        "the ladder tanh(n asinh(x/n)), whose first is isru",
        range=(-1.0, 1.0),
        smoothness=math.inf,
        odd=True,
        ulp=tolerance(0.51, 4, 4),
        formula=lambda x, k: rung2(k * x),
        gradient=lambda x, _y, k: k * rung2_slope(k * x),
        flat_from=FLAT / k,
        parameters={"k": k},
        family=make_ladder2,
        c=CText(
            "tanh(2 asinh(x/2)), for |x| < 1e18",
            4,
            lambda number, k: f"return {rung2_in_c(number, k)};",
            _PLAIN,
        ),
    )


LADDER2 = make_ladder2()


def ladder2(x: ArrayLike, k: float = 1.0, out: np.ndarray | None = None) -> Any:
    """Return tanh(2 asinh(k x / 2)), within 4 ULP. Otherwise as `isru`."""
    entry = LADDER2 if k == 1 else make_ladder2(k)
    return entry.value(x, out)
