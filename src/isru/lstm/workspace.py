"""The arrays of a network: where they begin in memory, and how they serve again and again."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

_KEPT_SHAPES = 4  # (T, B) whose arrays are kept: full and last batch, training and validation
_LINE_BYTES = 64  # of the cache, and of the widest vector register


def aligned_zeros(shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
    """Return an array of zeros that begins with a line of the cache.

    From any other place each of the widest vectors lies in two lines. The product of a matrix
    with one vector, which costs what reading the matrix costs, then takes up to twice as long.

    Examples
    --------
    >>> aligned_zeros((3, 5), "float32").ctypes.data % 64
    0
    """
    dtype = np.dtype(dtype)
    size_bytes = math.prod(shape) * dtype.itemsize
    memory = np.zeros(size_bytes + _LINE_BYTES, np.uint8)
    start = -memory.ctypes.data % _LINE_BYTES
    return memory[start : start + size_bytes].view(dtype).reshape(shape)


class Workspace:
    """The layers' buffers for ``T`` steps and a batch of ``B``.

    Parameters
    ----------
    layers : list of LSTMLayer
    steps, batch : int
    symbols : bool
        Whether the network's inputs are integers.

    Attributes
    ----------
    buffers : list of LayerBuffers
    head : ndarray
        What the dense layer was given, with a last column of ones for its bias.
    masks : list of ndarray (T, B, H) or None
        Dropout of the last forward pass, one entry for each layer.
    """

    head: np.ndarray

    def __init__(self, layers: Sequence, steps: int, batch: int, symbols: bool):
        self.steps, self.batch = steps, batch
        kinds = [symbols] + [False] * (len(layers) - 1)
        self.buffers = [
            layer.buffers(steps, batch, kind) for layer, kind in zip(layers, kinds, strict=True)
        ]
        self.masks: list[np.ndarray | None] = [None] * len(layers)

    def output(self, number: int) -> np.ndarray:
        """Return a layer's outputs, dropped out, with the column of ones: (T, B, H + 1)."""
        output, mask = self.buffers[number].output, self.masks[number]
        if mask is None:
            return output
        output = output.copy()
        output[..., :-1] *= mask
        return output

    def final_state(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return copies of (h, c) of every layer after the last step."""
        return [(buffers.h[-1].copy(), buffers.c[-1].copy()) for buffers in self.buffers]


class Workspaces:
    """The workspaces of the shapes that were used last.

    Parameters
    ----------
    layers : list of LSTMLayer
    """

    def __init__(self, layers: Sequence):
        self._layers = layers
        self._kept: dict[tuple, Workspace] = {}

    def of(self, x: np.ndarray) -> Workspace:
        """Return the workspace for windows of the shape of `x`, (B, T, F) or (B, T)."""
        batch, steps = x.shape[:2]
        key = steps, batch, x.ndim == 2
        work = self._kept.pop(key, None) or Workspace(self._layers, *key)
        self._kept[key] = work  # the last used is the last in the dictionary
        if len(self._kept) > _KEPT_SHAPES:
            del self._kept[next(iter(self._kept))]
        return work
