"""One LSTM layer over a whole sequence, forward beside backward, in few and large calls.

What makes it fast, and changes no number:

- ``x``, ``h`` and a one for the bias are neighbours in memory, and so are their weights: a step
  is one matrix product, and all weight gradients together are one;
- with a batch of one, where a product costs what reading the weights costs, the input
  projection of all steps is made at once instead;
- inside, the gates lie in the order o, i, f, c (Keras's i, f, c, o rolled by one): the three
  sigmoid gates are then neighbours, and so are the three that the cell state feeds;
- pointwise work of the backward pass that does not wait for the recurrence is done for a block
  of steps at once, as many as the cache takes;
- every array and every view of one is made once for a window's shape (:class:`LayerBuffers`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from isru.activations import Activation
from isru.lstm.initializers import lstm_weights
from isru.lstm.losses import LOSSES

_BLOCK = 32_768  # elements of the backward factors computed at once: they stay in the cache
_PARTS = 4  # of a window, of which one's dz is held at a time


@dataclass(slots=True)
class ForwardViews:
    """What one step of the forward pass reads and writes, as views of the layer's buffers.

    Attributes
    ----------
    row : ndarray, shape (B, F + H + 1) or (B, H + 1)
        x, h_tm1 and one; without x where its projection is made for all steps at once.
    projection : ndarray, shape (B, 4H), or None
        x W, where it is.
    gates, saved_gates : ndarray, shape (3, B, H)
        o, i and f, and what their derivatives need.
    candidate, saved_candidate, c_out, saved_c : ndarray, shape (B, H)
        c_tilde and cell_activation(c), and what their derivatives need.
    i_and_f, candidate_and_c_tm1 : ndarray, shape (2, B, H)
        The factors of both products that make the cell state.
    o, c, h : ndarray, shape (B, H)
    """

    row: np.ndarray
    projection: np.ndarray | None
    gates: np.ndarray
    saved_gates: np.ndarray
    candidate: np.ndarray
    saved_candidate: np.ndarray
    i_and_f: np.ndarray
    candidate_and_c_tm1: np.ndarray
    c: np.ndarray
    c_out: np.ndarray
    saved_c: np.ndarray
    o: np.ndarray
    h: np.ndarray


@dataclass(slots=True)
class BackwardViews:
    """What one step of the backward pass reads and writes.

    Attributes
    ----------
    t : int
        The step.
    dc_factor, o_factor, ifc_factors : ndarray, shape (B, H), (B, H) and (3, B, H)
        What dh is multiplied with for dc and for dz_o, and dc for dz_i, dz_f and dz_c.
    through, f : ndarray, shape (B, H)
        What reaches c through h, and the forget gate.
    dz : ndarray, shape (B, 4H)
    dz_o, dz_ifc : ndarray, shape (B, H) and (3, B, H)
        Parts of it.
    """

    t: int
    dc_factor: np.ndarray
    o_factor: np.ndarray
    ifc_factors: np.ndarray
    through: np.ndarray
    f: np.ndarray
    dz: np.ndarray
    dz_o: np.ndarray
    dz_ifc: np.ndarray


class LayerBuffers:
    """The arrays of one layer for windows of ``T`` steps and a batch of ``B``, and their views.

    Attributes
    ----------
    rows : ndarray, shape (T + 1, B, F + H + 1)
        x, h_tm1 and one; the last entry only holds the final h. Without x for symbols.
    gates : ndarray, shape (T + 1, 5, B, H)
        o, i, f, c_tilde and c_tm1 of each step; the last entry only holds the final c.
    c_out : ndarray, shape (T, B, H)
        cell_activation(c).
    through : sequence of T ndarray (B, H)
        What reaches c through h: kept for every step, or in one array for all.
    z : ndarray, shape (T, B, 4H)
        dz; before that, the input projection where it is made at once. Elsewhere of a part of
        the steps only, since nothing else takes as much memory.
    x, h, c : ndarray
        Views: inputs (T, B, F), and the states (T + 1, B, H), the initial ones first.
    """

    def __init__(
        self, layer: LSTMLayer, steps: int, batch: int, features: int, *, keep_through: bool = False
    ):
        units, dtype = layer.units, layer.weights.dtype
        shape = (steps, batch, units)
        self.rows = np.ones((steps + 1, batch, features + units + 1), dtype)
        self.gates = np.empty((steps + 1, 5, batch, units), dtype)
        self.c_out = np.empty(shape, dtype)
        self.symbols: np.ndarray | None = None
        self.x, self.h = self.rows[:steps, :, :features], self.rows[:, :, features:-1]
        self.c = self.gates[:, 4]
        self.projects_at_once = batch == 1 or not features
        whole = self.projects_at_once or keep_through
        part = steps if whole else -(-steps // _PARTS)
        self.step_z = np.empty((batch, 4 * units), dtype)
        self.z = np.empty((part, batch, 4 * units), dtype)
        self.saved_gates = self.gates[:steps, :3]
        self.saved_candidate, self.saved_c = self.gates[:steps, 3], self.c_out
        if not layer.recurrent_activation.saves_output:
            self.saved_gates = np.empty((steps, 3, batch, units), dtype)
        if not layer.activation.saves_output:
            self.saved_candidate = np.empty(shape, dtype)
        if not layer.cell_activation.saves_output:
            self.saved_c = np.empty(shape, dtype)
        self.pair = np.empty((2, batch, units), dtype)
        self.through = np.empty(shape, dtype) if keep_through else [self.pair[0]] * steps
        self.dh, self.dc = np.empty((2, batch, units), dtype)
        self.forward_steps = [self._forward_views(t) for t in range(steps)]
        length = max(1, min(part, _BLOCK // (4 * batch * units)))
        self.dz_factors = np.empty((length, 4, batch, units), dtype)
        self.dc_factors = np.empty((length, batch, units), dtype)
        self.backward_parts = [
            (steps_of_part, self._backward_blocks(steps_of_part, length))
            for steps_of_part in _from_the_end(0, steps, part)
        ]

    @property
    def output(self) -> np.ndarray:
        """The hidden states with a last column of ones, shape (T, B, H + 1)."""
        return self.rows[1:, :, self.x.shape[2] :]

    def gate_views(self, flat: np.ndarray) -> np.ndarray:
        """View (B, 4H) as (4, B, H)."""
        batch, width = flat.shape
        return flat.reshape(batch, 4, width // 4).transpose(1, 0, 2)

    def _forward_views(self, t: int) -> ForwardViews:
        gates = self.gates[t]
        row, projection = self.rows[t], None
        if self.projects_at_once:
            row, projection = row[:, self.x.shape[2] :], self.z[t]
        return ForwardViews(
            row=row,
            projection=projection,
            gates=gates[:3],
            saved_gates=self.saved_gates[t],
            candidate=gates[3],
            saved_candidate=self.saved_candidate[t],
            i_and_f=gates[1:3],
            candidate_and_c_tm1=gates[3:5],
            c=self.c[t + 1],
            c_out=self.c_out[t],
            saved_c=self.saved_c[t],
            o=gates[0],
            h=self.h[t + 1],
        )

    def _backward_blocks(self, part: tuple[int, int], length: int):
        return [
            (block, [self._backward_views(t, block, part) for t in reversed(range(*block))])
            for block in _from_the_end(part[0], part[1], length)
        ]

    def _backward_views(
        self, t: int, block: tuple[int, int], part: tuple[int, int]
    ) -> BackwardViews:
        dz = self.z[t - part[0]]
        dz_gates = self.gate_views(dz)
        factors = self.dz_factors[t - block[0]]
        return BackwardViews(
            t=t,
            dc_factor=self.dc_factors[t - block[0]],
            o_factor=factors[0],
            ifc_factors=factors[1:],
            through=self.through[t],
            f=self.gates[t, 2],
            dz=dz,
            dz_o=dz_gates[0],
            dz_ifc=dz_gates[1:],
        )


def _from_the_end(start: int, stop: int, length: int) -> list[tuple[int, int]]:
    """Return ranges (start, stop) of a length, the last one first; the first may be shorter."""
    return [(max(start, end - length), end) for end in range(stop, start, -length)]


class Layer:
    """What a network asks of its layers beside forward and backward; here as NumPy does it.

    Attributes
    ----------
    whole_step : callable or None
        Makes one step of a whole network for one sequence.
    losses : dict
        Loss functions by name; they may use their first argument up.
    adam_update : callable or None
        See :meth:`isru.lstm.Adam.update`.
    """

    whole_step: Callable | None = None
    losses: Mapping[str, Callable] = LOSSES
    adam_update: Callable | None = None


class LSTMLayer(Layer):
    """An LSTM layer bound to its place in the network's flat parameters and gradients.

    Parameters
    ----------
    input_size, units : int
        F and H.
    activation, recurrent_activation : entries of ``isru.activations.ACTIVATIONS``
    parameters, gradients : ndarray, shape (4H (F + H + 1),)
        Kernel (F, 4H), recurrent kernel (H, 4H) and bias (4H,), one after the other.
    cell_activation : entry of ``isru.activations.ACTIVATIONS``, optional
        Of the cell state, on its way to h; by default the activation.
    """

    def __init__(
        self,
        input_size: int,
        units: int,
        activation: Activation,
        recurrent_activation: Activation,
        parameters: np.ndarray,
        gradients: np.ndarray,
        cell_activation: Activation | None = None,
    ):
        self.input_size, self.units = input_size, units
        self.activation, self.recurrent_activation = activation, recurrent_activation
        self.cell_activation = cell_activation or activation
        self.weights = parameters.reshape(-1, 4 * units)
        self.dweights = gradients.reshape(-1, 4 * units)
        self.kernel, self.recurrent = self.weights[:input_size], self.weights[input_size:]
        self.dkernel, self.drecurrent = self.dweights[:input_size], self.dweights[input_size:]

    @staticmethod
    def size(input_size: int, units: int) -> int:
        """Return the number of parameters, 4 H (F + H + 1)."""
        return 4 * units * (input_size + units + 1)

    draw = staticmethod(lstm_weights)

    def views(self, *, gradients: bool = False) -> list[tuple[str, np.ndarray, int]]:
        """Return name, view and H of each weight array, or of each gradient."""
        kernel, recurrent = self.kernel, self.recurrent
        if gradients:
            kernel, recurrent = self.dkernel, self.drecurrent
        arrays = {"kernel": kernel, "recurrent_kernel": recurrent[:-1], "bias": recurrent[-1]}
        return [(name, array, self.units) for name, array in arrays.items()]

    def buffers(self, steps: int, batch: int, symbols: bool = False) -> Any:
        """Make the arrays for windows of this shape and kind of input."""
        return LayerBuffers(self, steps, batch, 0 if symbols else self.input_size)

    def forward(self, x: np.ndarray, buffers: Any, state: tuple | None) -> None:
        """Run over a window; outputs and final state are then in `buffers`.

        Parameters
        ----------
        x : ndarray, shape (T, B, F), or (T, B) of int for buffers made for symbols
            Inputs, time first; an integer selects a row of the kernel, as a one-hot row would.
        buffers : LayerBuffers
        state : tuple of ndarray (B, H), or None
            Initial h and c; None is zero.
        """
        h, c = (0.0, 0.0) if state is None else state
        buffers.h[0], buffers.c[0] = h, c
        weights, at_once = self.weights, buffers.projects_at_once
        if at_once:
            weights = self.recurrent
            self._project(x, buffers)
        else:
            buffers.x[...] = x
        step_z, pair, (from_input, from_past) = buffers.step_z, buffers.pair, buffers.pair
        z_gates, z_candidate = buffers.gate_views(step_z)[:3], buffers.gate_views(step_z)[3]
        # The kernels themselves: what `forward` adds for float16 is not needed here.
        activate, activate_gates = self.activation.kernel, self.recurrent_activation.kernel
        activate_cell = self.cell_activation.kernel
        for step in buffers.forward_steps:
            np.dot(step.row, weights, out=step_z)
            if at_once:
                np.add(step_z, step.projection, out=step_z)
            activate_gates(z_gates, step.gates, step.saved_gates)
            activate(z_candidate, step.candidate, step.saved_candidate)
            np.multiply(step.i_and_f, step.candidate_and_c_tm1, out=pair)
            np.add(from_input, from_past, out=step.c)
            activate_cell(step.c, step.c_out, step.saved_c)
            np.multiply(step.o, step.c_out, out=step.h)

    def _project(self, x, buffers):
        """Compute x W of all steps."""
        if x.ndim == 2:
            buffers.symbols = x
            np.take(self.kernel, x, axis=0, out=buffers.z, mode="clip")
        else:
            buffers.x[...] = x
            np.dot(buffers.x[:, 0], self.kernel, out=buffers.z[:, 0])

    def backward(self, buffers: Any, dh_out: np.ndarray, want_dx: bool) -> np.ndarray | None:
        """Write this layer's gradients, of the last forward pass; return that of its input.

        Per step, with the factors that :meth:`_factors` computed::

            dc  += dh o g'(c)
            dz_i = dc c_tilde s'(z_i)    dz_f = dc c_tm1 s'(z_f)    dz_c = dc i g'(z_c)
            dz_o = dh g(c) s'(z_o)
            dc   = dc f                  dh   = dz R^T

        Parameters
        ----------
        buffers
            As left by :meth:`forward`; works once, since it is overwritten.
        dh_out : ndarray, shape (T, B, H) or (B, H)
            Gradient of the loss in every output, or in the last one where it uses no other.
        want_dx : bool

        Returns
        -------
        dx : ndarray, shape (T, B, F), or None
        """
        dh, dc = buffers.dh, buffers.dc
        every_step = dh_out.ndim == 3
        dh[...] = 0.0 if every_step else dh_out
        dc[...] = 0.0
        recurrent_t = self.recurrent[: self.units].T
        if len(dh) > 1:  # a product of matrices, unlike one with a vector, is faster with a copy
            recurrent_t = np.ascontiguousarray(recurrent_t)
        dx = np.empty_like(buffers.x) if want_dx else None
        for part, blocks in buffers.backward_parts:
            for block, steps in blocks:
                self._factors(slice(*block), buffers)
                for step in steps:
                    if every_step:
                        np.add(dh, dh_out[step.t], out=dh)
                    np.multiply(dh, step.dc_factor, out=step.through)
                    np.add(dc, step.through, out=dc)
                    np.multiply(dh, step.o_factor, out=step.dz_o)
                    np.multiply(step.ifc_factors, dc, out=step.dz_ifc)
                    np.multiply(dc, step.f, out=dc)
                    np.dot(step.dz, recurrent_t, out=dh)
            dz = buffers.z[: part[1] - part[0]].reshape(-1, 4 * self.units)
            self._weight_gradients(dz, buffers, slice(*part))
            if dx is not None:
                dx[slice(*part)] = np.dot(dz, self.kernel.T).reshape(-1, *dx.shape[1:])
        return dx

    def _factors(self, block, buffers):
        """Compute what multiplies dh and dc in each of a block's steps."""
        gates, length = buffers.gates[block], block.stop - block.start
        dz, dc = buffers.dz_factors[:length], buffers.dc_factors[:length]
        self.recurrent_activation.derivative(buffers.saved_gates[block], out=dz[:, :3])
        dz[:, 0] *= buffers.c_out[block]
        dz[:, 1:3] *= gates[:, 3:5]
        self.activation.derivative(buffers.saved_candidate[block], out=dz[:, 3])
        dz[:, 3] *= gates[:, 1]
        self.cell_activation.derivative(buffers.saved_c[block], out=dc)
        dc *= gates[:, 0]

    def _weight_gradients(self, dz, buffers, part):
        """Write the weight gradients of a part of the steps, or add them to those of later ones."""
        steps = len(buffers.x)
        rows = buffers.rows[:steps][part].reshape(len(dz), -1)
        dweights = self.dweights[-rows.shape[1] :]
        if part.stop == steps:
            np.dot(rows.T, dz, out=dweights)
        else:
            dweights += np.dot(rows.T, dz)
        if buffers.symbols is not None:
            # As one-hot rows: such a product is faster than any way to add up chosen rows.
            one_hot = np.zeros((len(dz), self.input_size), dz.dtype)
            one_hot[np.arange(len(dz)), buffers.symbols.reshape(-1)] = 1.0
            np.dot(one_hot.T, dz, out=self.dkernel)
