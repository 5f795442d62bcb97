"""The identity, clipped to [-1, 1]."""

from __future__ import annotations

import numpy as np

from isru.activations import formula as ops
from isru.activations.entry import Activation, CText, clip, step, tolerance


def _hard_tanh(x, out, saved):
    y = clip(x, -1.0, 1.0, out=out)
    return y, y


def _hard_tanh_slope(y, out):
    return step(np.abs(y) < 1, y, out)


HARD_TANH = Activation(
    name="hard_tanh",
    description="x clipped to [-1, 1] (Collobert 2004)",
    label="hard tanh",
    place=12,
    range=(-1.0, 1.0),
    smoothness=0,
    odd=True,
    ulp=tolerance(0, 0, 0),
    formula=lambda x: ops.clip(x, -1, 1),
    gradient=lambda _x, y: ops.where(abs(y) < 1, 1, 0),
    kernel=_hard_tanh,
    slope=_hard_tanh_slope,
    saves_output=True,
    keras="hard_tanh",
    onnx=lambda graph, x: graph.add("Clip", x, graph.constant(-1.0), graph.constant(1.0)),
    c=CText("x clipped to [-1, 1]", 0, "return x < -1.0f ? -1.0f : x > 1.0f ? 1.0f : x;"),
)
hard_tanh = HARD_TANH.value
