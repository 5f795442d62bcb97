"""The logistic function."""

from __future__ import annotations

import math

import numpy as np

from isru.activations import formula as ops
from isru.activations.entry import Activation, CText, tolerance


def _sigmoid(x, out, saved):
    # What networks in NumPy use: the vectorised tanh, absolute error of one rounding of 1.
    out = np.multiply(x, 0.5, out=out)
    np.tanh(out, out=out)
    out *= 0.5
    out += 0.5
    return out, out


def _sigmoid_careful(x, out):
    # e^-|x| cannot overflow; the tail keeps its relative error down to the subnormals.
    negative = x < 0
    power = np.abs(x)
    np.negative(power, out=power)
    np.exp(power, out=power)
    top = np.where(negative, power, x.dtype.type(1))
    power += 1
    return np.divide(top, power, out=top if out is None else out)


def _sigmoid_slope(y, out):
    out = np.subtract(1, y, out=out)
    out *= y
    return out


SIGMOID = Activation(
    name="sigmoid",
    description="1 / (1 + e^-x), the logistic function; in networks 0.5 tanh(x/2) + 0.5",
    label="logistic",
    place=6,
    range=(0.0, 1.0),
    smoothness=math.inf,
    odd=False,
    ulp=tolerance(0.51, 5, 5),
    formula=lambda x: 1 / (1 + ops.exp(-x)),
    gradient=lambda _x, y: y * (1 - y),
    kernel=_sigmoid,
    slope=_sigmoid_slope,
    careful=_sigmoid_careful,
    saves_output=True,
    keras="sigmoid",
    onnx=lambda graph, x: graph.add("Sigmoid", x),
    c=CText("The logistic function", 5, domain=(-80.0, math.inf)),
)
sigmoid = SIGMOID.value
