"""A fraction in place of tanh."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from isru.activations import formula as ops
from isru.activations.entry import Activation, CText, clip, tolerance

# The fraction reaches 1 at the real root of x^5 - 15x^4 + 105x^3 - 420x^2 + 945x - 945; this is
# the next double after it, where every dtype computes exactly 1.
RATIONAL_END = 3.646738595329644


def _formula(x):
    x = ops.clip(x, -Fraction(RATIONAL_END), Fraction(RATIONAL_END))
    s = x**2
    return x * ((s + 105) * s + 945) / ((15 * s + 420) * s + 945)


def _gradient(x, _y):
    s = ops.clip(x, -4, 4) ** 2
    top = (((s - 21) * s + 420) * s - 6615) * s + 59535
    slope = top / (15 * ((s + 28) * s + 63) ** 2)
    return ops.where(abs(x) < Fraction(RATIONAL_END), slope, 0)


def _sympy(sp, x):
    top, bottom = x * (x**4 + 105 * x**2 + 945), 15 * x**4 + 420 * x**2 + 945
    end = sp.CRootOf(top - bottom, 0)
    return sp.Piecewise((-1, x < -end), (1, x > end), (top / bottom, True))


def _c_body(number):
    end = number(RATIONAL_END)
    return f"""\
const float s = x < -{end} ? -{end} : x > {end} ? {end} : x;
const float q = s * s;
const float y = s * ((q + 105.0f) * q + 945.0f) / ((15.0f * q + 420.0f) * q + 945.0f);
return y < -1.0f ? -1.0f : y > 1.0f ? 1.0f : y;"""


def _rational_tanh(x, out, saved):
    saved = clip(x, -RATIONAL_END, RATIONAL_END, out=saved)
    square = saved * saved
    top = square + 105
    top *= square
    top += 945
    top *= saved
    bottom = 15 * square
    bottom += 420
    bottom *= square
    bottom += 945
    out = np.divide(top, bottom, out=top if out is None else out)
    return clip(out, -1.0, 1.0, out=out), saved  # it may be rounded to above 1


def _rational_tanh_slope(clipped, out):
    # (s^4 - 21 s^3 + 420 s^2 - 6615 s + 59535) / (15 (s^2 + 28 s + 63)^2), s = x^2
    square = clipped * clipped
    top = (((square - 21) * square + 420) * square - 6615) * square + 59535
    bottom = (square + 28) * square + 63
    bottom *= bottom
    bottom *= 15
    out = np.divide(top, bottom, out=out)
    out *= np.abs(clipped) < clipped.dtype.type(RATIONAL_END)
    return out


RATIONAL_TANH = Activation(
    name="rational_tanh",
    description="x (x^4 + 105 x^2 + 945) / (15 x^4 + 420 x^2 + 945) clipped to [-1, 1]: "
    "tanh's continued fraction after five steps (Lambert 1768)",
    label="rational tanh",
    place=14,
    range=(-1.0, 1.0),
    smoothness=0,
    odd=True,
    ulp=tolerance(0.51, 6, 6),
    formula=_formula,
    gradient=_gradient,
    kernel=_rational_tanh,
    slope=_rational_tanh_slope,
    approximates="tanh",
    error=1.36e-3,
    sympy=_sympy,
    c=CText("tanh by a clipped fraction", 6, _c_body),
)
rational_tanh = RATIONAL_TANH.value
