"""The hyperbolic tangent."""

from __future__ import annotations

import math

import numpy as np

from isru.activations import formula as ops
from isru.activations.entry import Activation, CText, tolerance


def _tanh(x, out, saved):
    y = np.tanh(x, out=out)
    return y, y


def _tanh_slope(y, out):
    out = np.multiply(y, y, out=out)
    return np.subtract(1, out, out=out)


TANH = Activation(
    name="tanh",
    description="tanh x, NumPy's own loop",
    label="tanh",
    place=5,
    range=(-1.0, 1.0),
    smoothness=math.inf,
    odd=True,
    ulp=tolerance(0.51, 4, 4),
    formula=lambda x: ops.tanh(x),
    gradient=lambda _x, y: 1 - y**2,
    kernel=_tanh,
    slope=_tanh_slope,
    saves_output=True,
    keras="tanh",
    onnx=lambda graph, x: graph.add("Tanh", x),
    c=CText("tanh", 4),
)
tanh = TANH.value
