"""Two parabolas that meet at 0, in place of a function that saturates."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isru.activations import formula as ops
from isru.activations.entry import Activation, CText, parameter, tolerance
from isru.activations.isru import K_RANGE


def _formula(x, k):
    s = ops.clip(k * x, -2, 2)
    return s * (1 - abs(s) / 4)


def _gradient(x, _y, k):
    return k * (1 - abs(ops.clip(k * x, -2, 2)) / 2)


def _sympy(sp, x):
    return sp.Piecewise((-1, x < -2), (1, x > 2), (x * (1 - sp.Abs(x) / 4), True))


def _c_body(number, k):
    end = number(2 / k)
    return f"""\
const float s = x < -{end} ? -{end} : x > {end} ? {end} : x;
return s * ({number(k)} - {number(k * k / 4)} * FABSF(s));"""


def make_clipped_parabola(k: float = 1.0) -> Activation:
    """Return s (1 - |s|/4) of s = k x clipped to [-2, 2]."""
    k = parameter("k", k, *K_RANGE)
    return Activation(
        name="clipped_parabola",
        label="clipped parabola",
        place=12.5,
        description="s (1 - |s|/4) of s = k x clipped to [-2, 2]: one parabola on each side of 0, "
        "no division and no root",
        range=(-1.0, 1.0),
        smoothness=1,
        odd=True,
        ulp=tolerance(0.51, 2, 2),
        formula=_formula,
        gradient=_gradient,
        parameters={"k": k},
        family=make_clipped_parabola,
        sympy=_sympy,
        c=CText("two parabolas, clipped", 2, _c_body),
    )


CLIPPED_PARABOLA = make_clipped_parabola()


def clipped_parabola(x: ArrayLike, k: float = 1.0, out: np.ndarray | None = None) -> Any:
    """Return s (1 - |s|/4) of s = k x clipped to [-2, 2], within 2 ULP. Otherwise as `isru`."""
    entry = CLIPPED_PARABOLA if k == 1 else make_clipped_parabola(k)
    return entry.value(x, out)
