"""The smooth activations that ISRU is measured against: tanh, logistic, softsign, softplus."""

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
    range=(-1.0, 1.0),
    smoothness=1,
    odd=True,
    ulp=tolerance(0.51, 2, 2),
    kernel=_softsign,
    slope=_square,
)


def _softplus(x, out, saved):
    # max(x, 0) + ln(1 + e^-|x|): nothing overflows and the left tail keeps its digits
    power = np.abs(x)
    np.negative(power, out=power)
    np.exp(power, out=power)
    np.log1p(power, out=power)
    out = clip(x, 0.0, math.inf, out=out)
    out += power
    return out, out


def _softplus_slope(y, out):
    out = np.negative(y, out=out)  # f' = 1 - e^-y
    np.expm1(out, out=out)
    return np.negative(out, out=out)


SOFTPLUS = Activation(
    name="softplus",
    description="ln(1 + e^x) (Dugas et al. 2001)",
    range=(0.0, math.inf),
    smoothness=math.inf,
    odd=False,
    ulp=tolerance(0.51, 6, 6),
    kernel=_softplus,
    slope=_softplus_slope,
    saves_output=True,
)


def tanh(x, out: np.ndarray | None = None):
    """Return tanh x, within 4 ULP. Parameters and errors as in `isru`."""
    return TANH.value(x, out)


def sigmoid(x, out: np.ndarray | None = None):
    """Return 1 / (1 + e^-x), within 5 ULP, the left tail included. Parameters as in `isru`."""
    return SIGMOID.value(x, out)


def softsign(x, out: np.ndarray | None = None):
    """Return x / (1 + |x|), within 2 ULP. Parameters and errors as in `isru`."""
    return SOFTSIGN.value(x, out)


def softplus(x, out: np.ndarray | None = None):
    """Return ln(1 + e^x), within 6 ULP, the left tail included. Parameters as in `isru`."""
    return SOFTPLUS.value(x, out)
