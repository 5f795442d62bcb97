"""ISRU as one writes it down, without care for large x: for benchmarks."""

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
    masked_result,
    parameter,
    real_array,
    tolerance,
)
from isru.activations.isru import ALPHA_RANGE, PLAIN, isru_in_c, over_root, scaled_cube


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
        label="ISRU as written",
        place=2,
        description="x / sqrt(1 + alpha x^2) as written, without care for large x: for "
        "benchmarks only, 0 where x^2 overflows and NaN at infinity",
        range=(-(alpha**-0.5), alpha**-0.5),
        smoothness=math.inf,
        odd=True,
        ulp=tolerance(3, 3, 3) if alpha == 1 else tolerance(4, 4, 4),
        formula=lambda x, alpha: x / ops.sqrt(1 + alpha * x**2),
        gradient=lambda x, _y, alpha: 1 / ops.sqrt(1 + alpha * x**2) ** 3,
        kernel=forward,
        slope=scaled_cube(1.0),
        domain={name: (-reach(name), reach(name)) for name in ("float16", "float32", "float64")},
        parameters={"alpha": alpha},
        family=make_isru_plain,
        widens_float16=False,
        keras=lambda tf, x, alpha: x * tf.math.rsqrt(1.0 + alpha * x * x),
        onnx=over_root,
        c=CText("ISRU, for |x| < 1e18", 3, isru_in_c, PLAIN),
    )


ISRU_PLAIN = make_isru_plain()


def isru_plain(x: ArrayLike, alpha: float = 1.0, out: np.ndarray | None = None) -> Any:
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
        if out is None:
            return y[()]
        np.copyto(out, y)
        return out
    return _plain(x, alpha, out)[0]
