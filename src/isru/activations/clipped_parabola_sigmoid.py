"""The gate made of the clipped parabola."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isru.activations import formula as ops
from isru.activations.entry import Activation, CText, parameter, tolerance
from isru.activations.isru import K_RANGE


def _formula(x, k):
    left = 2 - abs(ops.clip(k * x, -2, 2))
    least = left**2 / 8  # with s = -|k x|, (1 + s (1 - |s|/4)) / 2 is (2 + s)^2 / 8
    return ops.where(x < 0, least, 1 - least)


def _gradient(x, _y, k):
    return k * ((2 - abs(ops.clip(k * x, -2, 2))) / 4)


def _sympy(sp, x):
    middle = sp.Rational(1, 2) + x / 4 - x * sp.Abs(x) / 32
    return sp.Piecewise((0, x < -4), (1, x > 4), (middle, True))


def _c_body(number, k):
    end = number(2 / k)
    return f"""\
const float s = x < -{end} ? -{end} : x > {end} ? {end} : x;
return 0.5f + s * ({number(k / 2)} - {number(k * k / 8)} * FABSF(s));"""


def make_clipped_parabola_sigmoid(k: float = 0.5) -> Activation:
    """Return (1 + s (1 - |s|/4)) / 2 of s = k x clipped to [-2, 2]."""
    k = parameter("k", k, *K_RANGE)
    return Activation(
        name="clipped_parabola_sigmoid",
        label="clipped-parabola gate",
        place=13.5,
        description="(1 + clipped_parabola(k x)) / 2: a gate without division, root or "
        "exponential; for k = 1/2 it has the slope of the logistic function at 0",
        range=(0.0, 1.0),
        smoothness=1,
        odd=False,
        ulp=tolerance(0.51, 3, 3),
        formula=_formula,
        gradient=_gradient,
        parameters={"k": k},
        family=make_clipped_parabola_sigmoid,
        sympy=_sympy,
        c=CText("two parabolas, clipped, as a gate", 2, _c_body, absolute=True),
    )


CLIPPED_PARABOLA_SIGMOID = make_clipped_parabola_sigmoid()


def clipped_parabola_sigmoid(x: ArrayLike, k: float = 0.5, out: np.ndarray | None = None) -> Any:
    """Return (1 + clipped_parabola(k x)) / 2, within 3 ULP for k = 1/2. Otherwise as `isru`."""
    entry = CLIPPED_PARABOLA_SIGMOID if k == 0.5 else make_clipped_parabola_sigmoid(k)
    return entry.value(x, out)
