"""The study of the chapter `new-chapter`: from parameters to rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from isru.activations import ACTIVATIONS

NAMES = ("tanh", "isru")


def outputs(points: int, seed: int) -> pd.DataFrame:
    """Return the mean square of each function's outputs, a row a function.

    Parameters
    ----------
    points : int
        Standard normal inputs, at least 1.
    seed : int
    """
    x = np.random.default_rng(seed).standard_normal(points)
    rows = [(name, float((ACTIVATIONS[name].value(x) ** 2).mean())) for name in NAMES]
    return pd.DataFrame(rows, columns=["activation", "mean_square"])
