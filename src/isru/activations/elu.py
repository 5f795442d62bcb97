"""ELU, the exponential linear unit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isru.activations import formula as ops
from isru.activations.entry import Activation, CText, choose, clip, parameter, tolerance
from isru.activations.isru import ALPHA_RANGE


def make_elu(alpha: float = 1.0) -> Activation:
    """Return x for x > 0 and alpha (e^x - 1) below."""
    alpha = parameter("alpha", alpha, *ALPHA_RANGE)

    def forward(x, out, saved):
        negative = clip(x, -math.inf, 0.0)
        np.expm1(negative, out=negative)
        if alpha != 1:
            negative *= alpha
        out = clip(x, 0.0, math.inf, out=out)
        out += negative  # one of the two is zero
        return out, out

    def derivative(y, out):
        return choose(y > 0, 1.0, y + alpha, y, out)

    return Activation(
        name="elu",
        label="ELU",
        place=11,
        description="x for x > 0, alpha (e^x - 1) below (Clevert, Unterthiner, Hochreiter 2016)",
        range=(-alpha, math.inf),
        smoothness=1 if alpha == 1 else 0,
        odd=False,
        ulp=tolerance(0.51, 4, 4),
        formula=lambda x, alpha: ops.where(x < 0, alpha * ops.expm1(x), x),
        gradient=lambda _x, y, alpha: ops.where(y > 0, 1, y + alpha),
        kernel=forward,
        slope=derivative,
        parameters={"alpha": alpha},
        family=make_elu,
        saves_output=True,
        onnx=lambda graph, x, alpha: graph.add("Elu", x, alpha=alpha),
        c=CText("x, or alpha (e^x - 1) below 0", 4),
    )


ELU = make_elu()


def elu(x: ArrayLike, alpha: float = 1.0, out: np.ndarray | None = None) -> Any:
    """Return x for x > 0 and alpha (e^x - 1) below, within 4 ULP. Otherwise as `isru`."""
    return make_elu(alpha).value(x, out)
