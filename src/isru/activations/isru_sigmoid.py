"""ISRU-sigmoid, the gate without exponential."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isru.activations import formula as ops
from isru.activations.entry import Activation, CText, parameter, tolerance
from isru.activations.isru import (
    K_RANGE,
    PLAIN,
    bounds,
    isru_in_keras,
    isru_in_onnx,
    make_isru,
    scaled_cube,
)


def _onnx(graph, x, k):
    half = graph.constant(0.5)
    return graph.add("Add", graph.add("Mul", isru_in_onnx(graph, x, k=k), half), half)


def _c_body(number, k):
    return f"return 0.5f + 0.5f * (x / SQRTF({number(k**-2)} + x * x));"


def make_isru_sigmoid(k: float = 0.5) -> Activation:
    """Return (1 + k x / sqrt(1 + (k x)^2)) / 2."""
    k = parameter("k", k, *K_RANGE)
    unit = make_isru(k=k)
    high = bounds(1.0)[1]

    def forward(x, out, saved):
        out, saved = unit.kernel(x, out, saved)
        out *= 0.5
        out += 0.5
        return out, saved

    def careful(x, out):
        # With s = sqrt(1 + t^2), t = |k x|: (1 - t/s)/2 = 1 / (2 s (s + t)), which does not
        # cancel. Beyond the clamp s is t.
        negative = x < 0
        size = np.abs(x)
        if k != 1:
            size *= k
        root = np.minimum(size, high)
        root *= root
        root += 1
        np.sqrt(root, out=root)
        np.maximum(root, size, out=root)
        size += root
        tail = np.divide(0.5, root, out=root)
        tail /= size
        y = np.where(negative, tail, 1 - tail)
        if out is None:
            return y
        np.copyto(out, y)
        return out

    return Activation(
        name="isru_sigmoid",
        label="ISRU-sigmoid",
        place=3,
        description="(1 + isru(k x)) / 2: the gate without exponential; for k = 1/2 it has the "
        "slope of the logistic function at 0 (for k = 2^-1/2 Student's t with 2 degrees)",
        range=(0.0, 1.0),
        smoothness=math.inf,
        odd=False,
        ulp=tolerance(0.51, 5, 5),
        formula=lambda x, k: (1 + k * x / ops.sqrt(1 + (k * x) ** 2)) / 2,
        gradient=lambda x, _y, k: k / (2 * ops.sqrt(1 + (k * x) ** 2) ** 3),
        kernel=forward,
        slope=scaled_cube(0.5 / (k * k)),
        careful=careful,
        parameters={"k": k},
        family=make_isru_sigmoid,
        keras=lambda tf, x, k: 0.5 * isru_in_keras(tf, x, k=k) + 0.5,
        onnx=_onnx,
        c=CText("ISRU as a gate, for |x| < 1e18", 2, _c_body, PLAIN, absolute=True),
    )


ISRU_SIGMOID = make_isru_sigmoid()


def isru_sigmoid(x: ArrayLike, k: float = 0.5, out: np.ndarray | None = None) -> Any:
    """Return (1 + isru(k x)) / 2, with a small relative error in the left tail too.

    Parameters, returned value and errors are those of `isru`, with the input scale ``k`` from
    1e-3 to 1e3 in place of ``alpha``. Within 5 ULP of the exact value.
    """
    entry = ISRU_SIGMOID if k == 0.5 else make_isru_sigmoid(k)
    return entry.value(x, out)
