"""What every format of a runtime asks of a network, and what it gives back."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np

from isru.firmware.errors import DeployError
from isru.firmware.model import check_network
from isru.lstm.inputs import read_array


class Written(NamedTuple):
    """A file that was written, and what it holds.

    Attributes
    ----------
    path : Path
    size_bytes : int
    operators : dict of str to int
        How often each operator occurs in the file, the bodies of loops included.
    types : dict of str to int
        How many tensors there are of each type: of all (TensorFlow Lite), or of the constants
        alone (ONNX).
    """

    path: Path
    size_bytes: int
    operators: dict
    types: dict


def load(package: str):
    """Import a package of the extra ``deploy``.

    Raises
    ------
    ImportError
        If it is missing; the message says what to install.
    """
    try:
        return import_module(package)
    except ImportError as error:
        raise ImportError(
            f"expected the package {package} (pip install 'isru[deploy]'): {error}"
        ) from error


def in_float32(network):
    """Return a copy of a network in float32, as all formats hold it.

    Raises
    ------
    DeployError
        For another cell than the LSTM; and see `isru.firmware.model.check_network`.
    """
    arrays = check_network(network, ("lstm",), DeployError)
    copy = type(network)(**{**network.settings, "dtype": "float32", "engine": "numpy"})
    copy.set_weights(arrays)
    return copy


def check_sequences(name: str, sequences, features: int, steps: int | None = None) -> np.ndarray:
    """Return sequences as a float32 array (N, T, F).

    Raises
    ------
    DeployError
        For another shape, an empty array, or a number that is not finite.
    """
    try:
        array = read_array(name, sequences)
    except ValueError as error:
        raise DeployError(str(error)) from error
    wanted = f"(N, {steps or 'T'}, {features})"
    shaped = array.ndim == 3 and array.shape[2] == features and steps in (None, array.shape[1])
    if not shaped or not array.size or array.dtype.kind not in "fiub":
        raise DeployError(
            f"{name}: expected real numbers of shape {wanted}, at least one sequence and one "
            f"step, got {array.dtype} of shape {array.shape}"
        )
    with np.errstate(over="ignore"):
        array = np.ascontiguousarray(array, np.float32)
    if not np.isfinite(array).all():
        raise DeployError(f"{name}: expected finite float32 numbers, got NaN or infinity")
    return array


def check_steps(steps) -> int:
    """Return a number of time steps, at least 1."""
    if not isinstance(steps, (int, np.integer)) or isinstance(steps, bool) or steps < 1:
        raise DeployError(f"steps: expected a whole number of time steps from 1, got {steps!r}")
    return int(steps)
