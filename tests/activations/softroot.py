"""Softroot: tanh(2 asinh(x/2)) without an exponential. A file such as one adds."""

import math

from isru.activations import formula as ops
from isru.activations.entry import Activation, tolerance


def _formula(x):
    return x * ops.sqrt(x**2 + 4) / (x**2 + 2)


def _gradient(x, _y):
    return 8 / (ops.sqrt(x**2 + 4) * (x**2 + 2) ** 2)


SOFTROOT = Activation(
    name="softroot",
    description="x sqrt(x^2 + 4) / (x^2 + 2), which is tanh(2 asinh(x/2))",
    range=(-1.0, 1.0),
    smoothness=math.inf,
    odd=True,
    ulp=tolerance(0.51, 4, 4),
    formula=_formula,
    gradient=_gradient,
    flat_from=2.0**27,
)
