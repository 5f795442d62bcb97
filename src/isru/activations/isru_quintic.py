"""ISRU of a quintic polynomial, in place of tanh."""

from __future__ import annotations

import math
from fractions import Fraction

from isru.activations import formula as ops
from isru.activations.entry import Activation, CText, tolerance

# Of all a and b those of the least largest distance from tanh, cut to nine places: there the
# distance is taken three times with alternating sign (Remez' condition), and a test finds them
# again. With a little larger distances Levien (2018) has 0.16489087 and 0.00985468.
CUBIC = Fraction(164_887_203, 10**9)
FIFTH = Fraction(9_852_884, 10**9)
_FLAT = 512.0  # beyond it 1 + p^2 is p^2 in float64, too, and the formula gives exactly 1
_PLAIN = (-1e4, 1e4)  # where p^2 is finite in float32


def _formula(x):
    square = x**2
    p = x * (1 + square * (CUBIC + FIFTH * square))
    return p / ops.sqrt(1 + p**2)


def _gradient(x, _y):
    square = x**2
    p = x * (1 + square * (CUBIC + FIFTH * square))
    slope = 1 + square * (3 * CUBIC + 5 * FIFTH * square)
    return slope / ops.sqrt(1 + p**2) ** 3


def _c_body(number):
    return f"""\
const float q = x * x;
const float p = x + x * q * ({number(CUBIC)} + {number(FIFTH)} * q);
return p / SQRTF(1.0f + p * p);"""


ISRU_QUINTIC = Activation(
    name="isru_quintic",
    label="ISRU of a quintic",
    place=14.5,
    description="isru of x + a x^3 + b x^5 with a = 0.164887203 and b = 0.009852884, fitted to "
    "tanh in the largest distance (the form is Levien's, 2018)",
    range=(-1.0, 1.0),
    smoothness=math.inf,
    odd=True,
    ulp=tolerance(0.51, 4, 4),
    formula=_formula,
    gradient=_gradient,
    flat_from=_FLAT,
    approximates="tanh",
    error=1.923e-4,
    c=CText("tanh by ISRU of a quintic, for |x| < 1e4", 5, _c_body, _PLAIN),
)
isru_quintic = ISRU_QUINTIC.value
