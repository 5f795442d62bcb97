"""No activation."""

from __future__ import annotations

import math

import numpy as np

from isru.activations.entry import Activation, CText, tolerance


def _identity(x, out, saved):
    y = np.positive(x, out=out)
    return y, y


def _identity_slope(y, out):
    if out is None:
        return np.ones_like(y)
    out.fill(1)
    return out


IDENTITY = Activation(
    name="identity",
    description="x, a copy: what any activation costs at least",
    label="identity",
    place=16,
    range=(-math.inf, math.inf),
    smoothness=math.inf,
    odd=True,
    ulp=tolerance(0, 0, 0),
    formula=lambda x: x,
    gradient=lambda _x, _y: 1,
    kernel=_identity,
    slope=_identity_slope,
    saves_output=True,
    keras="linear",
    onnx=lambda graph, x: graph.add("Identity", x),
    c=CText("No activation", 0),
)
identity = IDENTITY.value
