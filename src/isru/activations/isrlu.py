"""ISRLU: ISRU below zero, the identity from zero on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isru.activations import formula as ops
from isru.activations.entry import Activation, CText, clip, parameter, tolerance
from isru.activations.isru import (
    ALPHA_RANGE,
    PLAIN,
    bounds,
    isru_in_keras,
    isru_in_onnx,
    isru_rounded,
    scaled_cube,
)


def _onnx(graph, x, alpha):
    negative = graph.add("Min", x, graph.constant(0.0))
    return graph.add("Add", graph.add("Relu", x), isru_in_onnx(graph, negative, alpha))


def _c_body(number, alpha):
    return f"return x < 0.0f ? x / SQRTF(1.0f + {number(alpha)} * (x * x)) : x;"


def make_isrlu(alpha: float = 1.0) -> Activation:
    """Return x for x >= 0 and x / sqrt(1 + alpha x^2) below."""
    alpha = parameter("alpha", alpha, *ALPHA_RANGE)
    low, high = bounds(alpha)

    def forward(x, out, saved):
        out = clip(x, -high, math.inf, out=out)
        saved = clip(out, -high, 0.0, out=saved)
        saved *= saved
        if alpha != 1:
            saved *= alpha
        saved += 1
        np.sqrt(saved, out=saved)  # 1 where x >= 0
        np.divide(out, saved, out=out)
        np.reciprocal(saved, out=saved)
        return out, saved

    def careful(x, out):
        negative = clip(x, -math.inf, 0.0)
        isru_rounded(negative, alpha, low, high, negative)
        out = clip(x, 0.0, math.inf, out=out)
        out += negative  # one of the two is zero
        return out

    return Activation(
        name="isrlu",
        label="ISRLU",
        place=4,
        description="x for x >= 0, isru below: inverse square root linear unit "
        "(Carlile et al. 2017, arXiv:1710.09967)",
        range=(-(alpha**-0.5), math.inf),
        smoothness=2,
        odd=False,
        ulp=tolerance(0.51, 2, 2) if alpha == 1 else tolerance(0.51, 4, 4),
        formula=lambda x, alpha: ops.where(x < 0, x / ops.sqrt(1 + alpha * x**2), x),
        gradient=lambda x, _y, alpha: ops.where(x < 0, 1 / ops.sqrt(1 + alpha * x**2) ** 3, 1),
        kernel=forward,
        slope=scaled_cube(1.0),
        careful=careful,
        parameters={"alpha": alpha},
        family=make_isrlu,
        keras=lambda tf, x, alpha: tf.where(x < 0, isru_in_keras(tf, x, alpha), x),
        onnx=_onnx,
        c=CText("x, or ISRU below 0", 4, _c_body, PLAIN),
    )


ISRLU = make_isrlu()


def isrlu(x: ArrayLike, alpha: float = 1.0, out: np.ndarray | None = None) -> Any:
    """Return x for x >= 0 and isru(x, alpha) below. Otherwise as `isru`."""
    return make_isrlu(alpha).value(x, out)
