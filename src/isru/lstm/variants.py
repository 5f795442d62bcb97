"""Other recurrent cells under the interface of the LSTM layer: each forward beside its backward.

Written for reading and for the comparison of what cells learn, not for speed: NumPy, one call
for each operation of each step. ``s`` is the recurrent activation, ``g`` the activation.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from isru.lstm.initializers import glorot_uniform, orthogonal
from isru.lstm.layer import Layer


class VariantBuffers:
    """What one window of a layer leaves: states, and the cache of every step.

    Attributes
    ----------
    rows : ndarray, shape (T + 1, B, H + 1)
        Hidden states, the initial one first, with a last column of ones.
    c : ndarray, shape (T + 1, B, H)
        Cell states; zero for a cell without one.
    """

    def __init__(self, steps, batch, units, dtype):
        self.rows = np.ones((steps + 1, batch, units + 1), dtype)
        self.h, self.output = self.rows[..., :-1], self.rows[1:]
        self.c = np.zeros((steps + 1, batch, units), dtype)
        self.x = np.empty((steps, batch, 0), dtype)
        self.caches: list[tuple] = [()] * steps


class VariantLayer(Layer):
    """A layer of one of the cells below; parameters and methods as of ``LSTMLayer``.

    A cell has ``blocks`` gates side by side: kernel (F, blocks H), recurrent kernel
    (H, blocks H), bias (blocks H,), then ``peepholes`` rows of H weights.
    """

    blocks, peepholes = 4, 0
    forget_block: int | None = None
    step: Callable[..., tuple]
    step_backward: Callable[..., tuple]

    def __init__(self, input_size, units, activation, recurrent_activation, parameters, gradients):
        self.input_size, self.units = input_size, units
        self.g, self.s = activation, recurrent_activation
        self.kernel, self.recurrent, self.bias, self.peephole = self._split(parameters)
        self.dkernel, self.drecurrent, self.dbias, self.dpeephole = self._split(gradients)

    @classmethod
    def size(cls, input_size: int, units: int) -> int:
        """Return the number of parameters."""
        return units * (cls.blocks * (input_size + units + 1) + cls.peepholes)

    def _split(self, flat):
        width = self.blocks * self.units
        ends = np.cumsum([self.input_size * width, self.units * width, width])
        kernel, recurrent, bias, peephole = np.split(flat, ends)  # views
        matrices = kernel.reshape(-1, width), recurrent.reshape(-1, width)
        return (*matrices, bias, peephole.reshape(self.peepholes, self.units))

    def views(self, *, gradients: bool = False) -> list[tuple[str, np.ndarray, int]]:
        """Return name and view of each weight array; see :meth:`LSTMLayer.views`."""
        names = ["kernel", "recurrent_kernel", "bias", "peepholes"]
        if gradients:
            arrays = [self.dkernel, self.drecurrent, self.dbias, self.dpeephole]
        else:
            arrays = [self.kernel, self.recurrent, self.bias, self.peephole]
        kept = 4 if self.peepholes else 3
        return [(name, array, 0) for name, array in zip(names[:kept], arrays, strict=False)]

    @classmethod
    def draw(cls, rng: np.random.Generator, input_size: int, units: int) -> list[np.ndarray]:
        """Draw the starting weights of an LSTM; peepholes start from zero."""
        width, bias = cls.blocks * units, np.zeros(cls.blocks * units)
        forget = cls.forget_block
        if forget is not None:
            bias[forget * units : (forget + 1) * units] = 1.0
        kernel = glorot_uniform(rng, input_size, width)
        weights = [kernel, orthogonal(rng, units, width), bias]
        return weights + ([np.zeros((cls.peepholes, units))] if cls.peepholes else [])

    def buffers(self, steps: int, batch: int, symbols: bool = False) -> VariantBuffers:
        """Make the arrays for windows of this shape."""
        return VariantBuffers(steps, batch, self.units, self.kernel.dtype)

    def forward(self, x: np.ndarray, buffers: VariantBuffers, state: tuple | None) -> None:
        """Run over a window; see :meth:`LSTMLayer.forward`."""
        h, c = (0.0, 0.0) if state is None else state
        buffers.h[0], buffers.c[0] = h, c
        if x.ndim == 2:  # symbols, as one-hot rows
            x = np.eye(self.input_size, dtype=self.kernel.dtype)[x]
        buffers.x = np.array(x, self.kernel.dtype)
        projected = np.dot(buffers.x, self.kernel) + self.bias
        for t, z in enumerate(projected):
            h, c, buffers.caches[t] = self.step(z, buffers.h[t], buffers.c[t])
            buffers.h[t + 1], buffers.c[t + 1] = h, c

    def backward(
        self, buffers: VariantBuffers, dh_out: np.ndarray, want_dx: bool
    ) -> np.ndarray | None:
        """Write this layer's gradients; see :meth:`LSTMLayer.backward`."""
        self.drecurrent[...] = 0.0
        self.dpeephole[...] = 0.0
        steps, batch = buffers.x.shape[:2]
        dz = np.empty((steps, batch, self.blocks * self.units), self.kernel.dtype)
        dh, dc = np.zeros((2, batch, self.units), self.kernel.dtype)
        for t in reversed(range(steps)):
            if dh_out.ndim == 3:
                dh = dh + dh_out[t]
            elif t == steps - 1:
                dh = dh + dh_out
            dz[t], dh, dc = self.step_backward(dh, dc, buffers.caches[t])
        flat = dz.reshape(-1, dz.shape[2])
        np.dot(buffers.x.reshape(len(flat), -1).T, flat, out=self.dkernel)
        np.sum(flat, axis=0, out=self.dbias)
        return np.dot(flat, self.kernel.T).reshape(buffers.x.shape) if want_dx else None

    def _gates(self, array):
        return np.split(array, self.blocks, axis=-1)


class PeepholeLayer(VariantLayer):
    """The LSTM whose gates also see their unit's cell state; blocks i, f, c, o.

    ::

        i, f = s(z_i + p_i c_tm1), s(z_f + p_f c_tm1)    c = f c_tm1 + i g(z_c)
        o    = s(z_o + p_o c)                            h = o g(c)

    References
    ----------
    Gers, F. A. and Schmidhuber, J. (2000), Recurrent nets that time and count, IJCNN.
    """

    blocks, peepholes, forget_block = 4, 3, 1

    def step(self, z, h_tm1, c_tm1):
        """Return h, c and the cache of one step; z holds x W + b."""
        z_i, z_f, z_c, z_o = self._gates(z + h_tm1 @ self.recurrent)
        p_i, p_f, p_o = self.peephole
        i, saved_i = self.s.forward(z_i + p_i * c_tm1)
        f, saved_f = self.s.forward(z_f + p_f * c_tm1)
        c_tilde, saved_tilde = self.g.forward(z_c)
        c = f * c_tm1 + i * c_tilde
        o, saved_o = self.s.forward(z_o + p_o * c)
        c_out, saved_c = self.g.forward(c)
        saved = saved_i, saved_f, saved_tilde, saved_o, saved_c
        return o * c_out, c, (h_tm1, c_tm1, i, f, c_tilde, c, o, c_out, saved)

    def step_backward(self, dh, dc, cache):
        """Return dz, dh_tm1 and dc_tm1; add to the recurrent gradients."""
        h_tm1, c_tm1, i, f, c_tilde, c, o, c_out, saved = cache
        saved_i, saved_f, saved_tilde, saved_o, saved_c = saved
        p_i, p_f, p_o = self.peephole
        dz_o = dh * c_out * self.s.derivative(saved_o)
        dc = dc + dh * o * self.g.derivative(saved_c) + dz_o * p_o
        dz_i = dc * c_tilde * self.s.derivative(saved_i)
        dz_f = dc * c_tm1 * self.s.derivative(saved_f)
        dz_c = dc * i * self.g.derivative(saved_tilde)
        dz = np.concatenate([dz_i, dz_f, dz_c, dz_o], axis=1)
        self.drecurrent += h_tm1.T @ dz
        for row, gate, seen in zip(
            self.dpeephole, (dz_i, dz_f, dz_o), (c_tm1, c_tm1, c), strict=True
        ):
            row += (gate * seen).sum(axis=0)
        return dz, dz @ self.recurrent.T, dc * f + dz_i * p_i + dz_f * p_f


class CoupledLayer(VariantLayer):
    """The LSTM whose input gate is one minus its forget gate; blocks f, c, o.

    ::

        c = f c_tm1 + (1 - f) g(z_c)    h = o g(c)

    References
    ----------
    Greff, K. et al. (2017), LSTM: a search space odyssey, variant CIFG, DOI
    10.1109/TNNLS.2016.2582924.
    """

    blocks, forget_block = 3, 0

    def step(self, z, h_tm1, c_tm1):
        """Return h, c and the cache of one step; z holds x W + b."""
        z_f, z_c, z_o = self._gates(z + h_tm1 @ self.recurrent)
        f, saved_f = self.s.forward(z_f)
        c_tilde, saved_tilde = self.g.forward(z_c)
        o, saved_o = self.s.forward(z_o)
        c = f * c_tm1 + (1 - f) * c_tilde
        c_out, saved_c = self.g.forward(c)
        saved = saved_f, saved_tilde, saved_o, saved_c
        return o * c_out, c, (h_tm1, c_tm1, f, c_tilde, o, c_out, saved)

    def step_backward(self, dh, dc, cache):
        """Return dz, dh_tm1 and dc_tm1; add to the recurrent gradients."""
        h_tm1, c_tm1, f, c_tilde, o, c_out, saved = cache
        saved_f, saved_tilde, saved_o, saved_c = saved
        dc = dc + dh * o * self.g.derivative(saved_c)
        dz_f = dc * (c_tm1 - c_tilde) * self.s.derivative(saved_f)
        dz_c = dc * (1 - f) * self.g.derivative(saved_tilde)
        dz_o = dh * c_out * self.s.derivative(saved_o)
        dz = np.concatenate([dz_f, dz_c, dz_o], axis=1)
        self.drecurrent += h_tm1.T @ dz
        return dz, dz @ self.recurrent.T, dc * f


class GRULayer(VariantLayer):
    """The gated recurrent unit; blocks u (update), r (reset), h, and no cell state.

    ::

        u, r = s(z_u), s(z_r)    h_tilde = g(x W_h + b_h + (r h_tm1) R_h)
        h    = u h_tm1 + (1 - u) h_tilde

    Keras's layout; its GRU with ``reset_after=False``.

    References
    ----------
    Cho, K. et al. (2014), Learning phrase representations using RNN encoder-decoder for
    statistical machine translation, EMNLP, equations 5 to 8.
    """

    blocks = 3

    def step(self, z, h_tm1, c_tm1):
        """Return h, c (as it was) and the cache of one step; z holds x W + b."""
        units = self.units
        z_gates = z[:, : 2 * units] + h_tm1 @ self.recurrent[:, : 2 * units]
        gates, saved_gates = self.s.forward(z_gates)
        u, r = np.split(gates, 2, axis=1)
        reset = r * h_tm1
        h_tilde, saved = self.g.forward(z[:, 2 * units :] + reset @ self.recurrent[:, 2 * units :])
        h = u * h_tm1 + (1 - u) * h_tilde
        return h, c_tm1, (h_tm1, u, r, reset, h_tilde, saved_gates, saved)

    def step_backward(self, dh, dc, cache):
        """Return dz, dh_tm1 and dc_tm1; add to the recurrent gradients."""
        h_tm1, u, r, reset, h_tilde, saved_gates, saved = cache
        gates, candidate = np.split(self.recurrent, [2 * self.units], axis=1)
        dz_h = dh * (1 - u) * self.g.derivative(saved)
        dreset = dz_h @ candidate.T
        dz_gates = np.concatenate([dh * (h_tm1 - h_tilde), dreset * h_tm1], axis=1)
        dz_gates *= self.s.derivative(saved_gates)
        self.drecurrent[:, : 2 * self.units] += h_tm1.T @ dz_gates
        self.drecurrent[:, 2 * self.units :] += reset.T @ dz_h
        dh_tm1 = dh * u + dreset * r + dz_gates @ gates.T
        return np.concatenate([dz_gates, dz_h], axis=1), dh_tm1, dc


VARIANTS = {"peephole": PeepholeLayer, "coupled": CoupledLayer, "gru": GRULayer}
