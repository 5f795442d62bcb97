"""ISRU and its relatives: a division and a square root, no exponential."""

from __future__ import annotations

import math

import numpy as np

from isru.activations.entry import (
    Activation,
    check_out,
    clip,
    masked_result,
    parameter,
    real_array,
    tolerance,
)

ALPHA_RANGE = (1e-14, 1e14)
K_RANGE = (1e-3, 1e3)


def bounds(alpha: float) -> tuple[float, float]:
    """Return (low, high): below ``low`` f(x) rounds to x, beyond ``high`` to the limit.

    Powers of two, chosen so that neither low^2 underflows nor alpha high^2 + k^-2 overflows in
    float32, and that alpha low^2 k^2 < 2^-54 < 2^54 < alpha high^2 k^2 in float64 as well, for
    every alpha and k that is allowed.
    """
    scale = 2.0 ** -max(0, math.ceil(math.log2(alpha) / 2))
    return 2.0**-32 * scale, 2.0**62 * scale


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
        description="x / sqrt(1 + alpha x^2) of k x: inverse square root unit "
        "(Carlile, Delamarter, Kinney, Marti and Whitney 2017, arXiv:1710.09967)",
        range=(-(alpha**-0.5), alpha**-0.5),
        smoothness=math.inf,
        odd=True,
        ulp=tolerance(0.51, 2, 2) if alpha == 1 and k == 1 else tolerance(0.51, 4, 4),
        kernel=forward,
        slope=scaled_cube(offset),
        careful=careful,
        parameters={"alpha": alpha, "k": k},
        family=make_isru,
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
        return _finish(np.where(negative, tail, 1 - tail), out)

    return Activation(
        name="isru_sigmoid",
        description="(1 + isru(k x)) / 2: the gate without exponential; for k = 1/2 it has the "
        "slope of the logistic function at 0 (for k = 2^-1/2 Student's t with 2 degrees)",
        range=(0.0, 1.0),
        smoothness=math.inf,
        odd=False,
        ulp=tolerance(0.51, 5, 5),
        kernel=forward,
        slope=scaled_cube(0.5 / (k * k)),
        careful=careful,
        parameters={"k": k},
        family=make_isru_sigmoid,
    )


def _finish(y, out):
    if out is None:
        return y
    np.copyto(out, y)
    return out


def _plain(x, alpha, out, root=None):
    root = np.multiply(x, x, out=root)
    if alpha != 1:
        root *= alpha
    root += 1
    np.sqrt(root, out=root)
    return np.divide(x, root, out=root if out is None else out), root


def make_isru_plain(alpha: float = 1.0) -> Activation:
    """Return x / sqrt(1 + alpha x^2) as written, for benchmarks."""
    alpha = parameter("alpha", alpha, *ALPHA_RANGE)

    def forward(x, out, saved):
        if out is None:
            out = np.empty_like(x)
        out, saved = _plain(x, alpha, out, saved)
        np.reciprocal(saved, out=saved)
        return out, saved

    def reach(dtype):
        return math.sqrt(float(np.finfo(dtype).max) / max(alpha, 1.0)) * 0.99

    return Activation(
        name="isru_plain",
        description="x / sqrt(1 + alpha x^2) as written, without care for large x: for "
        "benchmarks only, 0 where x^2 overflows and NaN at infinity",
        range=(-(alpha**-0.5), alpha**-0.5),
        smoothness=math.inf,
        odd=True,
        ulp=tolerance(3, 3, 3) if alpha == 1 else tolerance(4, 4, 4),
        kernel=forward,
        slope=scaled_cube(1.0),
        domain={name: (-reach(name), reach(name)) for name in ("float16", "float32", "float64")},
        parameters={"alpha": alpha},
        family=make_isru_plain,
        widens_float16=False,
    )


ISRU = make_isru()
ISRU_SIGMOID = make_isru_sigmoid()
ISRU_PLAIN = make_isru_plain()


def isru(x, alpha: float = 1.0, out: np.ndarray | None = None):
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


def isru_sigmoid(x, k: float = 0.5, out: np.ndarray | None = None):
    """Return (1 + isru(k x)) / 2, with a small relative error in the left tail too.

    Parameters, returned value and errors are those of `isru`, with the input scale ``k`` from
    1e-3 to 1e3 in place of ``alpha``. Within 5 ULP of the exact value.
    """
    entry = ISRU_SIGMOID if k == 0.5 else make_isru_sigmoid(k)
    return entry.value(x, out)


def isru_plain(x, alpha: float = 1.0, out: np.ndarray | None = None):
    """Return x / sqrt(1 + alpha x^2) as written, for benchmarks; use `isru` for anything else.

    Within 3 ULP for alpha = 1 while alpha x^2 is finite; beyond that 0, and NaN at infinity,
    with NumPy's warnings. Parameters and errors are those of `isru`.
    """
    alpha = parameter("alpha", alpha, *ALPHA_RANGE)
    if isinstance(x, np.ma.MaskedArray):
        return masked_result(lambda data: isru_plain(data, alpha), x, out)
    x = real_array(x)
    check_out(out, x)
    if x.ndim == 0:
        y = _plain(np.atleast_1d(x), alpha, None)[0].reshape(())
        return y[()] if out is None else _finish(y, out)
    return _plain(x, alpha, out)[0]


def alpha_gradient(y, out: np.ndarray | None = None):
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
