"""One step of one LSTM layer, forward beside backward: the reference for every faster form.

This is the file to read. Nothing here is reused, fused or reordered; :mod:`isru.lstm.layer`
computes the same numbers for whole sequences and is tested against these two functions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from isru.activations import Activation

GATE_ORDER = ("i", "f", "c", "o")
"""The order of the gates along the last axis of every weight array that a user sees."""


class CellCache(NamedTuple):
    """What :func:`cell_forward` leaves for :func:`cell_backward`."""

    x: np.ndarray
    h_tm1: np.ndarray
    c_tm1: np.ndarray
    gates: dict  # "i", "f", "o", "c_tilde" and "c_out" = activation(c)
    saved: dict  # what each activation saved, under the same names
    weights: tuple
    activations: tuple


def cell_forward(
    x: np.ndarray,
    h_tm1: np.ndarray,
    c_tm1: np.ndarray,
    weights: tuple[np.ndarray, np.ndarray, np.ndarray],
    activation: Activation,
    recurrent_activation: Activation,
) -> tuple[np.ndarray, np.ndarray, CellCache]:
    """Compute one step.

    With ``s`` the recurrent activation and ``g`` the activation::

        z       = x W + h_tm1 R + b          gates i, f, c, o side by side
        i, f, o = s(z_i), s(z_f), s(z_o)     c_tilde = g(z_c)
        c       = f c_tm1 + i c_tilde        h = o g(c)

    Parameters
    ----------
    x : ndarray, shape (B, F)
    h_tm1, c_tm1 : ndarray, shape (B, H)
        Hidden state and cell state of the step before.
    weights : tuple of ndarray
        ``kernel (F, 4H)``, ``recurrent_kernel (H, 4H)``, ``bias (4H,)``, in `GATE_ORDER`.
    activation, recurrent_activation : entries of ``isru.activations.ACTIVATIONS``
        ``g``, for the candidate and the output, and ``s``, for the three gates.

    Returns
    -------
    h, c : ndarray, shape (B, H)
    cache : CellCache

    Examples
    --------
    >>> import numpy as np
    >>> from isru.activations import ACTIVATIONS
    >>> weights = np.zeros((3, 8)), np.zeros((2, 8)), np.zeros(8)
    >>> x, h, c = np.ones((1, 3)), np.zeros((1, 2)), np.ones((1, 2))
    >>> h, c, cache = cell_forward(x, h, c, weights, ACTIVATIONS["isru"], ACTIVATIONS["sigmoid"])
    >>> c  # the forget gate is open by a half, and nothing comes in
    array([[0.5, 0.5]])
    """
    kernel, recurrent_kernel, bias = weights
    z = x @ kernel + h_tm1 @ recurrent_kernel + bias
    z_i, z_f, z_c, z_o = np.split(z, 4, axis=1)
    gates: dict[str, np.ndarray] = {}
    saved: dict[str, np.ndarray] = {}
    gates["i"], saved["i"] = recurrent_activation.forward(z_i)
    gates["f"], saved["f"] = recurrent_activation.forward(z_f)
    gates["o"], saved["o"] = recurrent_activation.forward(z_o)
    gates["c_tilde"], saved["c_tilde"] = activation.forward(z_c)
    c = gates["f"] * c_tm1 + gates["i"] * gates["c_tilde"]
    gates["c_out"], saved["c_out"] = activation.forward(c)
    h = gates["o"] * gates["c_out"]
    activations = (activation, recurrent_activation)
    return h, c, CellCache(x, h_tm1, c_tm1, gates, saved, weights, activations)


def cell_backward(
    dh: np.ndarray, dc: np.ndarray, cache: CellCache
) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return the gradients of one step, given those of its two results.

    Parameters
    ----------
    dh, dc : ndarray, shape (B, H)
        Gradient of the loss in ``h`` and in ``c``, from this step's output and from the future.
    cache : CellCache

    Returns
    -------
    dx : ndarray, shape (B, F)
    dh_tm1, dc_tm1 : ndarray, shape (B, H)
    dweights : tuple of ndarray
        Shapes and gate order of ``weights``, summed over the batch.

    Examples
    --------
    >>> import numpy as np
    >>> from isru.activations import ACTIVATIONS
    >>> weights = np.zeros((3, 8)), np.zeros((2, 8)), np.zeros(8)
    >>> x, h, c = np.ones((1, 3)), np.zeros((1, 2)), np.ones((1, 2))
    >>> *_, cache = cell_forward(x, h, c, weights, ACTIVATIONS["isru"], ACTIVATIONS["sigmoid"])
    >>> dx, dh_tm1, dc_tm1, dweights = cell_backward(np.zeros((1, 2)), np.ones((1, 2)), cache)
    >>> dc_tm1
    array([[0.5, 0.5]])
    """
    kernel, recurrent_kernel, _ = cache.weights
    activation, recurrent_activation = cache.activations
    gates, saved = cache.gates, cache.saved
    dc = dc + dh * gates["o"] * activation.derivative(saved["c_out"])
    di, df, dc_tilde = dc * gates["c_tilde"], dc * cache.c_tm1, dc * gates["i"]
    do = dh * gates["c_out"]
    dz = np.concatenate(
        [
            di * recurrent_activation.derivative(saved["i"]),
            df * recurrent_activation.derivative(saved["f"]),
            dc_tilde * activation.derivative(saved["c_tilde"]),
            do * recurrent_activation.derivative(saved["o"]),
        ],
        axis=1,
    )
    dweights = (cache.x.T @ dz, cache.h_tm1.T @ dz, dz.sum(axis=0))
    return dz @ kernel.T, dz @ recurrent_kernel.T, dc * gates["f"], dweights
