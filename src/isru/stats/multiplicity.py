"""Several tests at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from isru.arrays import read_array


def holm(p_values: ArrayLike) -> np.ndarray:
    """Return Holm's adjusted p values, in the given order.

    Sorted ascending, the k-th of m (from 0) becomes the largest of (m - j) p_j for j <= k, at
    most 1. Rejecting where the adjusted value is below alpha keeps the chance of any false
    rejection in the family below alpha.

    Parameters
    ----------
    p_values : array_like, shape (m,)
        Between 0 and 1.

    References
    ----------
    Holm 1979, Scandinavian Journal of Statistics 6(2), 65-70.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    p = read_array("p values", p_values).astype(float)
    if p.ndim != 1 or not np.all((p >= 0) & (p <= 1)):
        raise ValueError(f"expected a list of p values between 0 and 1, got {p_values!r}")
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)), 1)
    return adjusted
