"""A gate of three straight lines."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from isru.activations import formula as ops
from isru.activations.entry import Activation, CText, clip, step, tolerance

# In C a product takes 1 cycle where a division takes 14.
_C_BODY = """\
const float y = x + 3.0f;
return (y < 0.0f ? 0.0f : y > 6.0f ? 6.0f : y) * 0.16666667f;"""


def _hard_sigmoid(x, out, saved):
    out = np.add(x, 3, out=out)  # exact where it cancels, so the tail keeps its digits
    clip(out, 0.0, 6.0, out=out)
    out /= 6
    return out, out


def _hard_sigmoid_slope(y, out):
    return step((y > 0) & (y < 1), y, out, inside=1 / 6)


HARD_SIGMOID = Activation(
    name="hard_sigmoid",
    description="x/6 + 1/2 clipped to [0, 1] (Howard et al. 2019; Keras 3 and PyTorch)",
    label="hard sigmoid",
    place=13,
    range=(0.0, 1.0),
    smoothness=0,
    odd=False,
    ulp=tolerance(0.51, 1.5, 1.5),
    formula=lambda x: ops.clip(x + 3, 0, 6) / 6,
    gradient=lambda _x, y: ops.where(y > 0, ops.where(y < 1, Fraction(1, 6), 0), 0),
    kernel=_hard_sigmoid,
    slope=_hard_sigmoid_slope,
    saves_output=True,
    keras="hard_sigmoid",
    onnx=lambda graph, x: graph.add("HardSigmoid", x, alpha=1 / 6, beta=0.5),
    c=CText("x/6 + 1/2 clipped to [0, 1]", 2, _C_BODY),
)
hard_sigmoid = HARD_SIGMOID.value
