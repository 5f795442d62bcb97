"""The rectifier."""

from __future__ import annotations

import math

from isru.activations import formula as ops
from isru.activations.entry import Activation, CText, clip, step, tolerance


def _relu(x, out, saved):
    y = clip(x, 0.0, math.inf, out=out)  # three times as fast as np.maximum with a scalar
    return y, y


def _relu_slope(y, out):
    return step(y > 0, y, out)


RELU = Activation(
    name="relu",
    description="max(x, 0) (Nair and Hinton 2010)",
    label="ReLU",
    place=9,
    range=(0.0, math.inf),
    smoothness=0,
    odd=False,
    ulp=tolerance(0, 0, 0),
    formula=lambda x: ops.maximum(x, 0),
    gradient=lambda _x, y: ops.where(y > 0, 1, 0),
    kernel=_relu,
    slope=_relu_slope,
    saves_output=True,
    keras="relu",
    onnx=lambda graph, x: graph.add("Relu", x),
    c=CText("max(x, 0)", 0, "return x > 0.0f ? x : 0.0f;"),
)
relu = RELU.value
