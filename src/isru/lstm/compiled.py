"""The Numba engine: an LSTM layer with compiled time loops, under the NumPy one's interface."""

from __future__ import annotations

from typing import Any

import numpy as np

from isru.lstm.layer import LSTMLayer
from isru.lstm.losses import COMPILED_LOSSES
from isru.lstm.workspace import aligned_zeros


class CompiledBuffers:
    """The arrays of one layer for windows of ``T`` steps and a batch of ``B``.

    Attributes
    ----------
    rows : ndarray, shape (T + 1, B, F + H + 1)
        x, h_tm1 and one; the last entry only holds the final h. Without x for symbols.
    gates, z : ndarray, shape (T, B, 4H)
        One array: the input projection where it is made at once, then the activated gates
        o, i, f, c, then dz.
    saved : list of two ndarray, shape (T, B, 4H)
        What the derivatives of the activation and of the recurrent activation need.
    x, h, c : ndarray
        Inputs (T, B, F), and the states (T + 1, B, H), the initial ones first.
    """

    def __init__(self, steps, batch, features, units, activation, recurrent_activation, dtype):
        self.rows = np.ones((steps + 1, batch, features + units + 1), dtype)
        self.gates = aligned_zeros((steps, batch, 4 * units), dtype)
        self.z = self.gates
        self.c = np.empty((steps + 1, batch, units), dtype)
        self.c_out = np.empty((steps, batch, units), dtype)
        self.saved_c = self.c_out if activation.saves_output else np.empty_like(self.c_out)
        outputs = activation.saves_output, recurrent_activation.saves_output
        saved = self.gates if all(outputs) else np.empty_like(self.gates)
        self.saved = [self.gates if output else saved for output in outputs]
        self.carried = np.empty((2, batch, units), dtype)
        self.slope = np.empty(5 * units, dtype)
        self.symbols: np.ndarray | None = None
        self.product = np.empty((batch if batch > 1 and not features else 0, 4 * units), dtype)
        self.x, self.h = self.rows[:steps, :, :features], self.rows[:, :, features:-1]
        self.projects_at_once = batch == 1 or not features

    @property
    def output(self) -> np.ndarray:
        """The hidden states with a last column of ones, shape (T, B, H + 1)."""
        return self.rows[1:, :, self.x.shape[2] :]


class CompiledStep:
    """One step of a whole network for one sequence, in one call of compiled code.

    Parameters
    ----------
    network : LSTMNetwork
        Of this engine; its weights are used, not copied.

    Attributes
    ----------
    x, y : ndarray, shape (F,) and (C,)
        Input, to be filled before the call, and output.
    states : list of (h, c)
        Of each layer, shape (H,); the next step starts from them.
    """

    def __init__(self, network: Any):
        from isru import kernels

        activations = network.activation, network.recurrent_activation
        pairs = [kernels.compiled_pair(activation, network.dtype)[0] for activation in activations]
        sizes = [network.output_size, network.input_size, *network.hidden_sizes]
        lengths = [6, *sizes[:2], *(11 * units for units in network.hidden_sizes)]
        memory = aligned_zeros((sum(lengths),), network.dtype)
        constants, self.y, self.x, *layers = np.split(memory, np.cumsum(lengths)[:-1])
        constants[:] = [number for pair in pairs for number in pair[1:]]
        self.states = [
            (own[:units], own[units : 2 * units])
            for own, units in zip(layers, network.hidden_sizes, strict=True)
        ]
        numbers = np.array([*(pair[0] for pair in pairs), *sizes])
        self._step, self._arrays = kernels.stream_step, (network.parameters, numbers, memory)

    def __call__(self) -> None:
        """Take a step from `x` to `y`."""
        self._step(*self._arrays)


class CompiledLayer(LSTMLayer):
    """An LSTM layer with compiled time loops; parameters and methods as of :class:`LSTMLayer`.

    Raises
    ------
    ImportError
        If Numba is missing; the message says how to install it.
    """

    whole_step = CompiledStep
    losses = COMPILED_LOSSES

    def __init__(self, input_size, units, activation, recurrent_activation, parameters, gradients):
        from isru import kernels  # Numba takes a second to import

        super().__init__(input_size, units, activation, recurrent_activation, parameters, gradients)
        dtype = parameters.dtype
        self._kernels, self.adam_update = kernels, kernels.adam_update
        pairs = [kernels.compiled_pair(one, dtype) for one in (activation, recurrent_activation)]
        self._forwards, self._slopes = zip(*pairs, strict=True)

    def buffers(self, steps: int, batch: int, symbols: bool = False) -> CompiledBuffers:
        """Make the arrays for windows of this shape and kind of input."""
        activations = self.activation, self.recurrent_activation
        features = 0 if symbols else self.input_size
        return CompiledBuffers(steps, batch, features, self.units, *activations, self.weights.dtype)

    def forward(self, x: np.ndarray, buffers: CompiledBuffers, state: tuple | None) -> None:
        """Run over a window; see :meth:`LSTMLayer.forward`."""
        h, c = (0.0, 0.0) if state is None else state
        buffers.h[0], buffers.c[0] = h, c
        weights = self.weights
        if buffers.projects_at_once:
            weights = self.recurrent
            self._project(x, buffers)
        else:
            buffers.x[...] = x
        self._kernels.lstm_forward(
            buffers.rows,
            buffers.x.shape[2],
            weights,
            buffers.product,
            buffers.gates,
            *buffers.saved,
            buffers.c,
            buffers.c_out,
            buffers.saved_c,
            *self._forwards,
        )

    def backward(
        self, buffers: CompiledBuffers, dh_out: np.ndarray, want_dx: bool
    ) -> np.ndarray | None:
        """Write this layer's gradients; see :meth:`LSTMLayer.backward`."""
        buffers.carried[...] = 0.0
        recurrent = self.recurrent[: self.units]
        recurrent_t = recurrent[:0].T if buffers.c.shape[1] == 1 else recurrent.T
        self._kernels.lstm_backward(
            np.ascontiguousarray(dh_out if dh_out.ndim == 3 else dh_out[None]),
            recurrent,
            np.ascontiguousarray(recurrent_t),
            buffers.gates,
            *buffers.saved,
            buffers.c,
            buffers.c_out,
            buffers.saved_c,
            *buffers.carried,
            buffers.slope,
            *self._slopes,
        )
        dz = buffers.z.reshape(-1, 4 * self.units)
        self._weight_gradients(dz, buffers, slice(0, len(buffers.c_out)))
        return np.dot(dz, self.kernel.T).reshape(buffers.x.shape) if want_dx else None

    def _weight_gradients(self, dz, buffers, part):
        if buffers.symbols is None:
            super()._weight_gradients(dz, buffers, part)
            return
        rows = buffers.rows[:-1].reshape(len(dz), -1)
        np.dot(rows.T, dz, out=self.drecurrent)
        self.dkernel[...] = 0.0
        symbols = np.ascontiguousarray(buffers.symbols, np.intp).reshape(-1)
        self._kernels.add_rows(symbols, dz, self.dkernel)
