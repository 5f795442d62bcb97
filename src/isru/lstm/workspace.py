"""The arrays of a network for windows of one shape, made once and used for every window."""

from __future__ import annotations

import numpy as np


class Workspace:
    """Inputs, layer buffers and dropped-out outputs for ``T`` steps and a batch of ``B``.

    Attributes
    ----------
    layers : list
        The buffers of each layer.
    inputs : list of ndarray
        What each layer was given in the last forward pass.
    head : ndarray
        What the dense layer was given, with a last column of ones for its bias.
    masks : list of ndarray (T, B, H) or None
        Dropout of the last forward pass, one entry for each layer.
    """

    def __init__(self, layers, steps: int, batch: int):
        self.steps, self.batch = steps, batch
        self.layers = [layer.buffers(steps, batch) for layer in layers]
        self.inputs = [None] * len(layers)
        self.masks = [None] * len(layers)
        self.head = None
        self._dtype = layers[0].kernel.dtype
        self._x = None

    def take_input(self, x: np.ndarray) -> np.ndarray:
        """Copy a batch time first: (B, T, F) as (T * B, F), symbols (B, T) as (T, B)."""
        if x.ndim == 2:
            return np.ascontiguousarray(x.T)
        if self._x is None:
            self._x = np.empty((self.steps, self.batch, x.shape[2]), self._dtype)
        np.copyto(self._x, x.swapaxes(0, 1), casting="same_kind")
        return self._x.reshape(-1, x.shape[2])

    def take_output(self, number: int) -> np.ndarray:
        """Return a layer's outputs, dropped out, with the column of ones: (T, B, H + 1)."""
        output, mask = self.layers[number].h[1:], self.masks[number]
        if mask is None:
            return output
        output = output.copy()
        output[..., :-1] *= mask
        return output

    def final_state(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return copies of (h, c) of every layer after the last step."""
        return [(layer.output[-1].copy(), layer.c[-1].copy()) for layer in self.layers]
