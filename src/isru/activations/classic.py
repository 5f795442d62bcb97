"""The activations that ISRU is measured against: tanh, the logistic function, linear pieces."""

from __future__ import annotations

import math

import numpy as np

from isru.activations.entry import Activation, clip, tolerance


def _tanh(x, out, saved):
    y = np.tanh(x, out=out)
    return y, y


def _tanh_slope(y, out):
    out = np.multiply(y, y, out=out)
    return np.subtract(1, out, out=out)


TANH = Activation(
    name="tanh",
    description="tanh x, NumPy's own loop",
    range=(-1.0, 1.0),
    smoothness=math.inf,
    odd=True,
    ulp=tolerance(0.51, 4, 4),
    kernel=_tanh,
    slope=_tanh_slope,
    saves_output=True,
)


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
    range=(0.0, 1.0),
    smoothness=math.inf,
    odd=False,
    ulp=tolerance(0.51, 5, 5),
    kernel=_sigmoid,
    slope=_sigmoid_slope,
    careful=_sigmoid_careful,
    saves_output=True,
)


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
    range=(-math.inf, math.inf),
    smoothness=math.inf,
    odd=True,
    ulp=tolerance(0, 0, 0),
    kernel=_identity,
    slope=_identity_slope,
    saves_output=True,
)


def _hard_tanh(x, out, saved):
    y = clip(x, -1.0, 1.0, out=out)
    return y, y


def _hard_tanh_slope(y, out):
    return _step(np.abs(y) < 1, y, out)


HARD_TANH = Activation(
    name="hard_tanh",
    description="x clipped to [-1, 1] (Collobert 2004)",
    range=(-1.0, 1.0),
    smoothness=0,
    odd=True,
    ulp=tolerance(0, 0, 0),
    kernel=_hard_tanh,
    slope=_hard_tanh_slope,
    saves_output=True,
)


def _hard_sigmoid(x, out, saved):
    out = np.add(x, 3, out=out)  # exact where it cancels, so the tail keeps its digits
    clip(out, 0.0, 6.0, out=out)
    out /= 6
    return out, out


def _hard_sigmoid_slope(y, out):
    return _step((y > 0) & (y < 1), y, out, inside=1 / 6)


HARD_SIGMOID = Activation(
    name="hard_sigmoid",
    description="x/6 + 1/2 clipped to [0, 1] (Howard et al. 2019; Keras 3 and PyTorch)",
    range=(0.0, 1.0),
    smoothness=0,
    odd=False,
    ulp=tolerance(0.51, 1.5, 1.5),
    kernel=_hard_sigmoid,
    slope=_hard_sigmoid_slope,
    saves_output=True,
)


def _relu(x, out, saved):
    y = clip(x, 0.0, math.inf, out=out)  # three times as fast as np.maximum with a scalar
    return y, y


def _relu_slope(y, out):
    return _step(y > 0, y, out)


RELU = Activation(
    name="relu",
    description="max(x, 0) (Nair and Hinton 2010)",
    range=(0.0, math.inf),
    smoothness=0,
    odd=False,
    ulp=tolerance(0, 0, 0),
    kernel=_relu,
    slope=_relu_slope,
    saves_output=True,
)


def _step(mask, like, out, inside=1.0):
    """Return ``inside`` where the mask holds and 0 elsewhere, in the dtype of ``like``."""
    return np.multiply(mask, like.dtype.type(inside), out=out)


def tanh(x, out: np.ndarray | None = None):
    """Return tanh x, within 4 ULP. Parameters and errors as in `isru`."""
    return TANH.value(x, out)


def sigmoid(x, out: np.ndarray | None = None):
    """Return 1 / (1 + e^-x), within 5 ULP, the left tail included. Parameters as in `isru`."""
    return SIGMOID.value(x, out)


def identity(x, out: np.ndarray | None = None):
    """Return a copy of x as floats. Parameters and errors as in `isru`."""
    return IDENTITY.value(x, out)


def hard_tanh(x, out: np.ndarray | None = None):
    """Return x clipped to [-1, 1], exactly. Parameters and errors as in `isru`."""
    return HARD_TANH.value(x, out)


def hard_sigmoid(x, out: np.ndarray | None = None):
    """Return x/6 + 1/2 clipped to [0, 1], within 1.5 ULP. Parameters as in `isru`."""
    return HARD_SIGMOID.value(x, out)


def relu(x, out: np.ndarray | None = None):
    """Return max(x, 0), exactly. Parameters and errors as in `isru`."""
    return RELU.value(x, out)
