"""ISRU, the inverse square root unit: a division and a square root, no exponential."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isru.activations import formula as ops
from isru.activations.entry import (
    Activation,
    CText,
    check_out,
    clip,
    masked_result,
    parameter,
    real_array,
    tolerance,
)

ALPHA_RANGE = (1e-14, 1e14)
K_RANGE = (1e-3, 1e3)
PLAIN = (-1e18, 1e18)  # where x * x is finite in float32
_FAR = 1e18  # in Keras: f has its limit in float32 and float64, and x*x is still finite


def bounds(alpha: float) -> tuple[float, float]:
    """Return (low, high): below ``low`` f(x) rounds to x, beyond ``high`` to the limit.

    Powers of two, chosen so that neither low^2 underflows nor alpha high^2 + k^-2 overflows in
    float32, and that alpha low^2 k^2 < 2^-54 < 2^54 < alpha high^2 k^2 in float64 as well, for
    every alpha and k that is allowed.
    """
    scale = 2.0 ** -max(0, math.ceil(math.log2(alpha) / 2))
    return 2.0**-32 * scale, 2.0**62 * scale


def formula(x, alpha, k):
    """Return k x / sqrt(1 + alpha (k x)^2)."""
    return k * x / ops.sqrt(1 + alpha * (k * x) ** 2)


def gradient(x, _y, alpha, k):
    """Return k / sqrt(1 + alpha (k x)^2)^3."""
    return k / ops.sqrt(1 + alpha * (k * x) ** 2) ** 3


def isru_in_keras(tf, x, alpha=1.0, k=1.0):
    """Return x r with r = 1 / sqrt(k^-2 + alpha x^2); the gradient is k^-2 r^3."""
    limit = _FAR / max(1.0, alpha**0.5)

    @tf.custom_gradient
    def unit(x):
        x = tf.clip_by_value(x, -limit, limit)
        r = tf.math.rsqrt(alpha * x * x + k**-2)
        return x * r, lambda dy: dy * (r * r * r * k**-2)

    return unit(x)


def isru_in_onnx(graph, x, alpha=1.0, k=1.0):
    """Return x / sqrt(k^-2 + alpha x^2) of x clipped."""
    limit = 2.0**60 / max(1.0, alpha**0.5)
    x = graph.add("Clip", x, graph.constant(-limit), graph.constant(limit))
    return over_root(graph, x, alpha, k**-2)


def over_root(graph, x, alpha, offset=1.0):
    """Return x / sqrt(offset + alpha x^2) in ONNX."""
    square = graph.add("Mul", x, x)
    if alpha != 1:
        square = graph.add("Mul", square, graph.constant(alpha))
    square = graph.add("Add", square, graph.constant(offset))
    return graph.add("Div", x, graph.add("Sqrt", square))


def isru_in_c(number, alpha, k=1.0):
    """Return x / sqrt(k^-2 + alpha x^2) in C."""
    square = "x * x" if alpha == 1 else f"{number(alpha)} * (x * x)"
    return f"return x / SQRTF({number(1 / (k * k))} + {square});"


def make_isru(alpha: float = 1.0, k: float = 1.0) -> Activation:
    """Return k x / sqrt(1 + alpha (k x)^2)."""
    alpha = parameter("alpha", alpha, *ALPHA_RANGE)
    k = parameter("k", k, *K_RANGE)
    low, high = bounds(alpha)
    offset = 1 / (k * k)

    def forward(x, out, saved):
        # k x / sqrt(1 + alpha k^2 x^2) = x / sqrt(k^-2 + alpha x^2): k costs nothing. x is
        # clamped where f has long reached its limit, so x*x cannot overflow and inf is finite.
        out = clip(x, -high, high, out=out)
        saved = np.multiply(out, out, out=saved)
        if alpha != 1:
            saved *= alpha
        saved += offset
        np.sqrt(saved, out=saved)
        np.divide(out, saved, out=out)  # y = x / s rounds once less than y = x r
        np.reciprocal(saved, out=saved)
        return out, saved

    def careful(x, out):
        if k != 1:
            x = x * k
        return isru_rounded(x, alpha, low, high, out)

    return Activation(
        name="isru",
        label="ISRU",
        place=1,
        description="x / sqrt(1 + alpha x^2) of k x: inverse square root unit "
        "(Carlile, Delamarter, Kinney, Marti and Whitney 2017, arXiv:1710.09967)",
        range=(-(alpha**-0.5), alpha**-0.5),
        smoothness=math.inf,
        odd=True,
        ulp=tolerance(0.51, 2, 2) if alpha == 1 and k == 1 else tolerance(0.51, 4, 4),
        formula=formula,
        gradient=gradient,
        kernel=forward,
        slope=scaled_cube(offset),
        careful=careful,
        parameters={"alpha": alpha, "k": k},
        family=make_isru,
        keras=isru_in_keras,
        onnx=isru_in_onnx,
        c=CText("ISRU, for |x| < 1e18", 3, isru_in_c, PLAIN),
    )


def isru_rounded(x, alpha, low, high, out):
    """Return x / sqrt(1 + alpha x^2) as sign(x) min(|x|, sqrt(p / (1 + alpha p))), p = x^2.

    x / sqrt(1 + x^2) is wrong by up to 2.2 ULP near the limit: five roundings, of which that
    of x^2 counts half. Here it cancels between numerator and denominator, and every rounding
    but the last is halved by the square root: at most 2 ULP by counting, 1.6 measured. Below
    ``low``, where p could underflow, the minimum is |x|, which is f(x) to half a ULP.
    """
    size = np.abs(x)
    square = clip(size, low, high)
    square *= square
    root = square * alpha if alpha != 1 else square.copy()
    root += 1
    np.divide(square, root, out=root)
    np.sqrt(root, out=root)
    np.minimum(size, root, out=root)
    return np.copysign(root, x, out=out)


def scaled_cube(factor):
    """Return the derivative factor r^3, from r = 1 / sqrt(k^-2 + alpha x^2).

    r^3 keeps its relative error where 1 - y^2 has lost every digit.
    """

    def derivative(saved, out):
        out = np.multiply(saved, saved, out=out)
        out *= saved
        if factor != 1:
            out *= factor
        return out

    return derivative


ISRU = make_isru()


def isru(x: ArrayLike, alpha: float = 1.0, out: np.ndarray | None = None) -> Any:
    """Return x / sqrt(1 + alpha x^2), right for every input.

    Parameters
    ----------
    x : array_like of real numbers
        Any shape. float16, float32 and float64 keep their type, integers become float64.
    alpha : float
        From 1e-14 to 1e14; the range of the function is (-alpha^-1/2, alpha^-1/2).
    out : ndarray, optional
        Where to put the result; shape and dtype of the result. May be ``x``.

    Returns
    -------
    ndarray or NumPy scalar
        +-0 keep their sign, +-inf give +-alpha^-1/2, NaN stays NaN; nothing overflows.

    Raises
    ------
    TypeError
        If ``x`` holds no real numbers or ``out`` is no array of the result's dtype.
    ValueError
        If alpha is out of range or NaN, or ``out`` has another shape.

    Notes
    -----
    Within 2 ULP of the exact value for alpha = 1 and 4 ULP for any other, in float32 and
    float64; correctly rounded in float16 but for a few inputs.

    References
    ----------
    B. Carlile, G. Delamarter, P. Kinney, A. Marti and B. Whitney, "Improving deep learning by
    inverse square root linear units (ISRLUs)", 2017, arXiv:1710.09967.

    Examples
    --------
    >>> isru([0.0, 0.75, float("inf")])
    array([0. , 0.6, 1. ])
    """
    entry = ISRU if alpha == 1 else make_isru(alpha)
    return entry.value(x, out)


def alpha_gradient(y: ArrayLike, out: np.ndarray | None = None) -> Any:
    """Return d isru / d alpha = -y^3 / 2 from y = isru(k x, alpha), to train alpha.

    Parameters
    ----------
    y : array_like of real numbers
        What `isru` returned; for isrlu its negative part.
    out : ndarray, optional
        Shape and dtype of the result; not ``y``.

    Raises
    ------
    TypeError, ValueError
        As in `isru`.
    """
    if isinstance(y, np.ma.MaskedArray):
        return masked_result(alpha_gradient, y, out)
    y = real_array(y)
    check_out(out, y)
    return np.multiply(np.multiply(y, y), -0.5 * y, out=out)
