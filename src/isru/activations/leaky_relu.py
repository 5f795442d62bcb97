"""ReLU with a slope below zero."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isru.activations import formula as ops
from isru.activations.entry import Activation, CText, choose, parameter, tolerance


def _c_body(number, slope):
    return f"return x > 0.0f ? x : {number(slope)} * x;"


def make_leaky_relu(slope: float = 0.01) -> Activation:
    """Return max(x, slope x)."""
    slope = parameter("slope", slope, 0.0, 1.0)

    def forward(x, out, saved):
        apart = out is not None and not np.may_share_memory(out, x)
        scaled = np.multiply(x, slope, out=out if apart else None)
        y = np.maximum(x, scaled, out=scaled if out is None else out)
        return y, y

    def derivative(y, out):
        return choose(y > 0, 1.0, slope, y, out)

    return Activation(
        name="leaky_relu",
        label="leaky ReLU",
        place=10,
        description="max(x, slope x), slope 0.01 by default (Maas, Hannun and Ng 2013)",
        range=(-math.inf if slope else 0.0, math.inf),
        smoothness=math.inf if slope == 1 else 0,
        odd=slope == 1,
        ulp=tolerance(0.51, 1.5, 1.5),
        formula=lambda x, slope: ops.where(x < 0, slope * x, x),
        gradient=lambda _x, y, slope: ops.where(y > 0, 1, slope),
        kernel=forward,
        slope=derivative,
        parameters={"slope": slope},
        family=make_leaky_relu,
        saves_output=True,
        onnx=lambda graph, x, slope: graph.add("LeakyRelu", x, alpha=slope),
        c=CText("max(x, slope x)", 1.5, _c_body, domain=(-1e38, math.inf)),
    )


LEAKY_RELU = make_leaky_relu()


def leaky_relu(x: ArrayLike, slope: float = 0.01, out: np.ndarray | None = None) -> Any:
    """Return max(x, slope x), slope from 0 to 1, within 1.5 ULP. Otherwise as `isru`."""
    return make_leaky_relu(slope).value(x, out)
