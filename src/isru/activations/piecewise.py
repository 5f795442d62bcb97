"""The activations made of pieces: ReLU and its kin, ELU, ISRLU, the hard sigmoids, the identity."""

from __future__ import annotations

import math

import numpy as np

from isru.activations.algebraic import ALPHA_RANGE, bounds, isru_rounded, scaled_cube
from isru.activations.entry import Activation, clip, parameter, tolerance


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
        description="max(x, slope x), slope 0.01 by default (Maas, Hannun and Ng 2013)",
        range=(-math.inf if slope else 0.0, math.inf),
        smoothness=math.inf if slope == 1 else 0,
        odd=slope == 1,
        ulp=tolerance(0.51, 1.5, 1.5),
        kernel=forward,
        slope=derivative,
        parameters={"slope": slope},
        family=make_leaky_relu,
        saves_output=True,
    )


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
        description="x for x > 0, alpha (e^x - 1) below (Clevert, Unterthiner, Hochreiter 2016)",
        range=(-alpha, math.inf),
        smoothness=1 if alpha == 1 else 0,
        odd=False,
        ulp=tolerance(0.51, 4, 4),
        kernel=forward,
        slope=derivative,
        parameters={"alpha": alpha},
        family=make_elu,
        saves_output=True,
    )


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
        description="x for x >= 0, isru below: inverse square root linear unit "
        "(Carlile et al. 2017, arXiv:1710.09967)",
        range=(-(alpha**-0.5), math.inf),
        smoothness=2,
        odd=False,
        ulp=tolerance(0.51, 2, 2) if alpha == 1 else tolerance(0.51, 4, 4),
        kernel=forward,
        slope=scaled_cube(1.0),
        careful=careful,
        parameters={"alpha": alpha},
        family=make_isrlu,
    )


ISRLU = make_isrlu()
LEAKY_RELU = make_leaky_relu()
ELU = make_elu()


def choose(mask, inside, outside, like, out):
    """Return ``inside`` where the mask holds, else ``outside``, in the dtype of ``like``."""
    y = np.where(mask, inside, outside).astype(like.dtype, copy=False)
    if out is None:
        return y
    np.copyto(out, y)
    return out


def _step(mask, like, out, inside=1.0):
    """Return ``inside`` where the mask holds and 0 elsewhere, in the dtype of ``like``."""
    return np.multiply(mask, like.dtype.type(inside), out=out)


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


def leaky_relu(x, slope: float = 0.01, out: np.ndarray | None = None):
    """Return max(x, slope x), slope from 0 to 1, within 1.5 ULP. Otherwise as `isru`."""
    return make_leaky_relu(slope).value(x, out)


def elu(x, alpha: float = 1.0, out: np.ndarray | None = None):
    """Return x for x > 0 and alpha (e^x - 1) below, within 4 ULP. Otherwise as `isru`."""
    return make_elu(alpha).value(x, out)


def isrlu(x, alpha: float = 1.0, out: np.ndarray | None = None):
    """Return x for x >= 0 and isru(x, alpha) below. Otherwise as `isru`."""
    return make_isrlu(alpha).value(x, out)
