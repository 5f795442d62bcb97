"""Softsign: a division, no square root."""

from __future__ import annotations

import numpy as np

from isru.activations.entry import Activation, CText, clip, tolerance


def _softsign(x, out, saved):
    out = clip(x, -(2.0**62), 2.0**62, out=out)  # else 1/(1 + |x|) is subnormal, or inf * 0
    saved = np.abs(out, out=saved)
    saved += 1
    np.divide(out, saved, out=out)
    np.reciprocal(saved, out=saved)
    return out, saved


def _square(saved, out):
    return np.multiply(saved, saved, out=out)


SOFTSIGN = Activation(
    name="softsign",
    description="x / (1 + |x|): a division, no square root (Bergstra et al. 2009)",
    label="softsign",
    place=7,
    range=(-1.0, 1.0),
    smoothness=1,
    odd=True,
    ulp=tolerance(0.51, 2, 2),
    formula=lambda x: x / (1 + abs(x)),
    gradient=lambda x, _y: 1 / (1 + abs(x)) ** 2,
    kernel=_softsign,
    slope=_square,
    keras="softsign",
    onnx=lambda graph, x: graph.add("Softsign", x),
    c=CText("x / (1 + |x|)", 2, domain=(-1e38, 1e38)),
)
softsign = SOFTSIGN.value
