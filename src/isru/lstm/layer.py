"""One LSTM layer over a whole sequence, forward beside backward, in few and large calls.

What makes it fast, and changes no number:

- the input projection of all steps is one matrix product, and so is each weight gradient;
- the bias is the last row of the recurrent kernel, whose input is always one;
- inside, the gates lie in the order o, i, f, c (Keras's i, f, c, o rolled by one): the three
  sigmoid gates are then neighbours, and so are the three that the cell state feeds;
- pointwise work of the backward pass that does not wait for the recurrence is done for a block
  of steps at once, as many as the cache takes;
- every array and every view of one is made once for a window's shape (:class:`LayerBuffers`).
"""

from __future__ import annotations

import numpy as np

_BLOCK = 32_768  # elements of the backward factors computed at once: they stay in the cache


class LayerBuffers:
    """The arrays of one layer for windows of ``T`` steps and a batch of ``B``, and their views.

    Attributes
    ----------
    h : ndarray, shape (T + 1, B, H + 1)
        Hidden states, the initial one first; the last column is one, for the bias.
    gates : ndarray, shape (T + 1, 5, B, H)
        o, i, f, c_tilde and c_tm1 of each step; the last entry only holds the final c.
    c_out : ndarray, shape (T, B, H)
        activation(c).
    z : ndarray, shape (T, B, 4H)
        Input projection; the backward pass puts dz in its place.
    """

    def __init__(self, steps, batch, units, activation, recurrent_activation, dtype):
        shape = (steps, batch, units)
        self.h = np.ones((steps + 1, batch, units + 1), dtype)
        self.gates = np.empty((steps + 1, 5, batch, units), dtype)
        self.c_out = np.empty(shape, dtype)
        self.z = np.empty((steps, batch, 4 * units), dtype)
        self.output = self.h[1:, :, :units]
        self.c = self.gates[:, 4]
        self.saved_gates = self.gates[:steps, :3]
        self.saved_candidate, self.saved_c = self.gates[:steps, 3], self.c_out
        if not recurrent_activation.saves_output:
            self.saved_gates = np.empty((steps, 3, batch, units), dtype)
        if not activation.saves_output:
            self.saved_candidate, self.saved_c = np.empty(shape, dtype), np.empty(shape, dtype)
        self.projected = np.empty((batch, 4 * units), dtype)
        self.projected_gates = self._gate_views(self.projected)
        self.pair = np.empty((2, batch, units), dtype)
        self.dh, self.dc = np.empty((2, batch, units), dtype)
        self.forward_steps = [self._forward_views(t) for t in range(steps)]
        length = max(1, min(steps, _BLOCK // (4 * batch * units)))
        self.dz_factors = np.empty((length, 4, batch, units), dtype)
        self.dc_factors = np.empty((length, batch, units), dtype)
        self.backward_blocks = []
        for stop in range(steps, 0, -length):
            start = max(0, stop - length)
            views = [self._backward_views(t, start) for t in reversed(range(start, stop))]
            self.backward_blocks.append((slice(start, stop), views))

    def _gate_views(self, flat):
        """View (B, 4H) as (4, B, H)."""
        batch, width = flat.shape
        return flat.reshape(batch, 4, width // 4).transpose(1, 0, 2)

    def _forward_views(self, t):
        gates, saved_gates = self.gates[t], self.saved_gates[t]
        z, c_tilde, saved = self._gate_views(self.z[t]), gates[3], self.saved_candidate[t]
        c, c_out, h = self.c[t + 1], self.c_out[t], self.output[t]
        return (
            (self.h[t], z, gates[:4], gates[:3], saved_gates, c_tilde, saved),
            (gates[1:3], gates[3:5], c, c_out, self.saved_c[t], gates[0], h),
        )

    def _backward_views(self, t, start):
        dz = self._gate_views(self.z[t])
        factors = self.dz_factors[t - start]
        dc_factor, f = self.dc_factors[t - start], self.gates[t, 2]
        return t, dc_factor, factors[0], dz[0], factors[1:], dz[1:], f, self.z[t]


class LSTMLayer:
    """An LSTM layer bound to its place in the network's flat parameters and gradients.

    Parameters
    ----------
    input_size, units : int
        F and H.
    activation, recurrent_activation : entries of ``isru.activations.ACTIVATIONS``
    parameters, gradients : ndarray, shape (4H (F + H + 1),)
        Kernel (F, 4H), recurrent kernel (H, 4H) and bias (4H,), one after the other.
    """

    def __init__(self, input_size, units, activation, recurrent_activation, parameters, gradients):
        self.input_size, self.units = input_size, units
        self.activation, self.recurrent_activation = activation, recurrent_activation
        self.kernel, self.recurrent = self._split(parameters)
        self.dkernel, self.drecurrent = self._split(gradients)

    def _split(self, flat):
        cut = self.input_size * 4 * self.units
        return flat[:cut].reshape(-1, 4 * self.units), flat[cut:].reshape(-1, 4 * self.units)

    @staticmethod
    def size(input_size: int, units: int) -> int:
        """Return the number of parameters, 4 H (F + H + 1)."""
        return 4 * units * (input_size + units + 1)

    def buffers(self, steps: int, batch: int) -> LayerBuffers:
        """Make the arrays for windows of this shape."""
        return LayerBuffers(
            steps,
            batch,
            self.units,
            self.activation,
            self.recurrent_activation,
            self.kernel.dtype,
        )

    def forward(self, x, buffers, state):
        """Run over a window; the result is ``buffers.output``, the final state in `buffers`.

        Parameters
        ----------
        x : ndarray, shape (T * B, F), or (T, B) of int
            Inputs, time first; integers select rows of the kernel, as one-hot rows would.
        buffers : LayerBuffers
        state : tuple of ndarray (B, H), or None
            Initial h and c; None is zero.
        """
        h, c = (0.0, 0.0) if state is None else state
        buffers.h[0, :, : self.units] = h
        buffers.c[0] = c
        if x.dtype.kind == "f":
            np.dot(x, self.kernel, out=buffers.z.reshape(-1, 4 * self.units))
        else:
            np.take(self.kernel, x, axis=0, out=buffers.z, mode="clip")
        projected, projected_gates = buffers.projected, buffers.projected_gates
        pair, (from_input, from_past) = buffers.pair, buffers.pair
        # The kernels themselves: what `forward` adds for float16 is not needed here.
        activate, activate_gates = self.activation.kernel, self.recurrent_activation.kernel
        for (
            (h_tm1, z, gates, sigmoids, saved_gates, c_tilde, saved_candidate),
            (i_and_f, c_tilde_and_c_tm1, c, c_out, saved_c, o, h),
        ) in buffers.forward_steps:
            np.dot(h_tm1, self.recurrent, out=projected)
            np.add(z, projected_gates, out=gates)
            activate_gates(sigmoids, sigmoids, saved_gates)
            activate(c_tilde, c_tilde, saved_candidate)
            np.multiply(i_and_f, c_tilde_and_c_tm1, out=pair)
            np.add(from_input, from_past, out=c)
            activate(c, c_out, saved_c)
            np.multiply(o, c_out, out=h)

    def backward(self, x, buffers, dh_out, want_dx):
        """Write this layer's gradients; return that of its input.

        Per step, with the factors that :meth:`_factors` computed::

            dc  += dh o g'(c)
            dz_i = dc c_tilde s'(z_i)    dz_f = dc c_tm1 s'(z_f)    dz_c = dc i g'(z_c)
            dz_o = dh g(c) s'(z_o)
            dc   = dc f                  dh   = dz R^T

        Parameters
        ----------
        x, buffers
            As given to :meth:`forward`, unchanged since.
        dh_out : ndarray, shape (T, B, H) or (B, H)
            Gradient of the loss in every output, or in the last one where it uses no other.
        want_dx : bool

        Returns
        -------
        dx : ndarray, shape (T * B, F), or None
        """
        dh, dc, scratch = buffers.dh, buffers.dc, buffers.pair[0]
        every_step = dh_out.ndim == 3
        dh[...] = 0.0 if every_step else dh_out
        dc[...] = 0.0
        recurrent_t = self.recurrent[: self.units].T
        if len(dh) > 1:  # a product of matrices, unlike one with a vector, is faster with a copy
            recurrent_t = np.ascontiguousarray(recurrent_t)
        for block, steps in buffers.backward_blocks:
            self._factors(block, buffers)
            for t, dc_factor, o_factor, dz_o, ifc_factors, dz_ifc, f, dz in steps:
                if every_step:
                    np.add(dh, dh_out[t], out=dh)
                np.multiply(dh, dc_factor, out=scratch)
                np.add(dc, scratch, out=dc)
                np.multiply(dh, o_factor, out=dz_o)
                np.multiply(ifc_factors, dc, out=dz_ifc)
                np.multiply(dc, f, out=dc)
                np.dot(dz, recurrent_t, out=dh)
        return self._weight_gradients(x, buffers, want_dx)

    def _factors(self, block, buffers):
        """Compute what multiplies dh and dc in each of a block's steps."""
        gates, length = buffers.gates[block], block.stop - block.start
        dz, dc = buffers.dz_factors[:length], buffers.dc_factors[:length]
        self.recurrent_activation.derivative(buffers.saved_gates[block], out=dz[:, :3])
        dz[:, 0] *= buffers.c_out[block]
        dz[:, 1:3] *= gates[:, 3:5]
        self.activation.derivative(buffers.saved_candidate[block], out=dz[:, 3])
        dz[:, 3] *= gates[:, 1]
        self.activation.derivative(buffers.saved_c[block], out=dc)
        dc *= gates[:, 0]

    def _weight_gradients(self, x, buffers, want_dx):
        dz = buffers.z.reshape(-1, 4 * self.units)
        h_tm1 = buffers.h[:-1].reshape(-1, self.units + 1)
        np.dot(h_tm1.T, dz, out=self.drecurrent)
        if x.dtype.kind == "f":
            np.dot(x.T, dz, out=self.dkernel)
            return np.dot(dz, self.kernel.T) if want_dx else None
        # As one-hot rows: a product of that size is faster than any way to add up chosen rows.
        rows = np.zeros((x.size, self.input_size), dz.dtype)
        rows[np.arange(x.size), x.reshape(-1)] = 1.0
        np.dot(rows.T, dz, out=self.dkernel)
        return None
