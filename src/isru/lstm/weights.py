"""Named views of flat parameters or gradients, read and written in Keras's layout."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from isru.lstm.inputs import in_dtype, read_array


def from_keras_order(weights: np.ndarray, units: int) -> np.ndarray:
    """Return weights whose last axis holds the gates i, f, c, o with these as o, i, f, c."""
    return np.roll(weights, units, axis=-1)


def to_keras_order(weights: np.ndarray, units: int) -> np.ndarray:
    """Undo :func:`from_keras_order`."""
    return np.roll(weights, -units, axis=-1)


class _Weight(NamedTuple):
    name: str
    view: np.ndarray
    units: int  # H of the four gates along the last axis; 0 where there are none


class Weights:
    """The weight arrays of a network, in the order and layout of Keras.

    Parameters
    ----------
    layers : list of lists of (name, ndarray, int)
        The arrays of each recurrent layer, from its ``views``; the integer is H where the last
        axis holds an LSTM's gates in the engines' order o, i, f, c, and 0 where it does not.
    dense : ndarray, shape (H + 1, C)
        Of the dense layer, the bias as its last row.
    cell : str
        What the names of the layers' arrays begin with.
    """

    def __init__(self, layers: Iterable[list], dense: np.ndarray, cell: str):
        self._weights: list[_Weight] = []
        for number, views in enumerate(layers):
            self._weights += [_Weight(f"{cell} {number} {name}", *view) for name, *view in views]
        self._weights += [
            _Weight("dense kernel", dense[:-1], 0),
            _Weight("dense bias", dense[-1], 0),
        ]

    @property
    def names(self) -> list[str]:
        """Names of the arrays, such as ``"lstm 0 kernel"``."""
        return [weight.name for weight in self._weights]

    def read(self) -> list[np.ndarray]:
        """Return copies of all arrays."""
        return [to_keras_order(weight.view, weight.units) for weight in self._weights]

    def write(self, arrays: Iterable[ArrayLike]) -> None:
        """Replace all arrays; on an error, none.

        Raises
        ------
        ValueError
            If an array is missing, has another shape, or holds a number that is masked or not
            finite in the network's dtype.
        """
        arrays = list(arrays)
        if len(arrays) != len(self._weights):
            raise ValueError(f"weights: expected {len(self._weights)} arrays, got {len(arrays)}")
        checked = [_checked(*pair) for pair in zip(self._weights, arrays, strict=True)]
        for weight, array in zip(self._weights, checked, strict=True):
            weight.view[...] = from_keras_order(array, weight.units)


def _checked(weight: _Weight, array) -> np.ndarray:
    name = f"weights, {weight.name}"
    array = read_array(name, array)
    if array.shape != weight.view.shape:
        raise ValueError(f"{name}: expected shape {weight.view.shape}, got {array.shape}")
    return in_dtype(name, array, weight.view.dtype)
