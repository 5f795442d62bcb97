"""Softplus: a ReLU without a corner."""

from __future__ import annotations

import math

import numpy as np

from isru.activations import formula as ops
from isru.activations.entry import Activation, CText, clip, tolerance


def _softplus(x, out, saved):
    # max(x, 0) + ln(1 + e^-|x|): nothing overflows and the left tail keeps its digits
    power = np.abs(x)
    np.negative(power, out=power)
    np.exp(power, out=power)
    np.log1p(power, out=power)
    out = clip(x, 0.0, math.inf, out=out)
    out += power
    return out, out


def _softplus_slope(y, out):
    out = np.negative(y, out=out)  # f' = 1 - e^-y
    np.expm1(out, out=out)
    return np.negative(out, out=out)


SOFTPLUS = Activation(
    name="softplus",
    description="ln(1 + e^x) (Dugas et al. 2001)",
    label="softplus",
    place=8,
    range=(0.0, math.inf),
    smoothness=math.inf,
    odd=False,
    ulp=tolerance(0.51, 6, 6),
    formula=lambda x: ops.maximum(x, 0) + ops.log1p(ops.exp(-abs(x))),
    gradient=lambda _x, y: -ops.expm1(-y),
    kernel=_softplus,
    slope=_softplus_slope,
    saves_output=True,
    keras="softplus",
    onnx=lambda graph, x: graph.add("Softplus", x),
    sympy=lambda sp, x: sp.log(1 + sp.exp(x)),
    c=CText("ln(1 + e^x)", 6),
)
softplus = SOFTPLUS.value
