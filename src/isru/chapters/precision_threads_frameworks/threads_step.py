"""A training step of a stacked LSTM whose gates, and whose Adam, can be shared by threads.

As in the original study the gates of one layer and one time step are the unit that is shared:
each task computes the products and the activations of its gates, forward and backward, and its
part of the weight gradients and of Adam. What ties the gates together (the cell state, the sum
of the gradients in h) is done between two hand-offs by one thread.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from isru.activations import get_activation
from isru.lstm import LSTMNetwork
from isru.lstm.optimizers import Adam
from isru.studies.timed_steps import LEARNING_RATE

TASKS = (1, 2, 4)
_ORDER = (0, 1, 3, 2)  # i, f, o, c: the three logistic gates are neighbours


class SharedStep:
    """One update of a network by (B, T, F) inputs: forward, backward and Adam, in `tasks` parts.

    Parameters
    ----------
    network : LSTMNetwork
        Its weights are copied; one output for each sequence, mean squared error.
    x, target : ndarray, shapes (B, T, F) and (B, C)
    run : callable
        Does a list of tasks; see `threads_setups.RUNNERS`.
    tasks : {1, 2, 4}
        Parts that the four gates are cut into.

    Attributes
    ----------
    hand_offs : int
        How often a step calls `run`: L (2 T + 1) + 1 for L layers.

    Raises
    ------
    ValueError
        For another number of tasks.
    """

    def __init__(self, network: LSTMNetwork, x, target, run: Callable, tasks: int):
        if tasks not in TASKS:
            raise ValueError(f"tasks: expected one of {TASKS}, got {tasks!r}")
        self.run, self.target = run, target
        *arrays, dense, bias = network.get_weights()
        self.head = np.vstack([dense, bias])
        self.head_adam = Adam(LEARNING_RATE)
        batch, steps = x.shape[:2]
        kernels = [np.vstack(arrays[start : start + 3]) for start in range(0, len(arrays), 3)]
        self.layers = [
            _Layer(kernel, steps, batch, network.activation, network.recurrent_activation, tasks)
            for kernel in kernels
        ]
        self.layers[0].x[...] = x.swapaxes(0, 1)
        sizes = [sum(layer.weights[k].size for layer in self.layers) for k in range(tasks)]
        self.flat = [np.empty((2, size), network.dtype) for size in sizes]
        self._move_weights()
        adams = [Adam(LEARNING_RATE) for _ in range(tasks)]
        self.updates = [partial(a.update, *flat) for a, flat in zip(adams, self.flat, strict=True)]
        self.hand_offs = len(self.layers) * (2 * steps + 1) + 1

    def _move_weights(self):
        """Put the weights and gradients of each task side by side, so that Adam sees one array."""
        for k, (values, gradients) in enumerate(self.flat):
            start = 0
            for layer in self.layers:
                shape, stop = layer.weights[k].shape, start + layer.weights[k].size
                values[start:stop] = layer.weights[k].reshape(-1)
                layer.weights[k] = values[start:stop].reshape(shape)
                layer.dweights[k] = gradients[start:stop].reshape(shape)
                start = stop
        for layer in self.layers:
            layer.bind()

    def __call__(self) -> float:
        """Make one update; return the loss before it."""
        value = self.loss_and_gradients()
        self.run(self.updates)
        self.head_adam.update(self.head.reshape(-1), self.dhead.reshape(-1))
        return value

    def loss_and_gradients(self) -> float:
        """Return the mean squared error; leave its gradients in ``dweights`` and ``dhead``."""
        for number, layer in enumerate(self.layers):
            if number:
                layer.x[...] = self.layers[number - 1].h[1:]
            layer.forward(self.run)
        last = self.layers[-1].rows[-1, :, self.layers[-1].features :]
        dy = np.dot(last, self.head) - self.target
        value = float(np.vdot(dy, dy)) / dy.size
        dy *= 2.0 / dy.size
        self.dhead = np.dot(last.T, dy)
        dh = np.dot(dy, self.head[:-1].T)
        for layer in reversed(self.layers):
            dh = layer.backward(self.run, dh)
        return value

    def gradients(self) -> list[np.ndarray]:
        """Return the gradients in the layout of `isru.lstm.LSTMNetwork.get_weights`."""
        found = []
        for layer in self.layers:
            parts = [np.split(part, part.shape[1] // layer.units, 1) for part in layer.dweights]
            gates = [gate for part in parts for gate in part]
            whole = np.hstack([gates[_ORDER.index(place)] for place in range(4)])
            found += [whole[: layer.features], whole[layer.features : -1], whole[-1]]
        return [*found, self.dhead[:-1], self.dhead[-1]]


class _Layer:
    """The arrays of one layer for a window, and its tasks for every time step."""

    def __init__(self, kernel, steps, batch, activation, recurrent_activation, tasks):
        units, self.tasks = kernel.shape[1] // 4, tasks
        self.units, self.features, self.steps = units, len(kernel) - units - 1, steps
        self.activation = get_activation(activation)
        self.recurrent_activation = get_activation(recurrent_activation)
        gates = [np.split(kernel, 4, axis=1)[place] for place in _ORDER]
        count = 4 // tasks
        self.weights = [np.hstack(gates[k * count : (k + 1) * count]) for k in range(tasks)]
        self.dweights = [None] * tasks
        dtype = kernel.dtype
        self.rows = np.zeros((steps + 1, batch, len(kernel)), dtype)
        self.rows[..., -1] = 1.0
        self.x, self.h = self.rows[:steps, :, : self.features], self.rows[:, :, self.features : -1]
        self.z = np.zeros((tasks, steps, batch, count * units), dtype)
        self.gates, self.saved, self.upstream = np.zeros((3, steps, 4, batch, units), dtype)
        self.c, self.c_out, self.saved_c = np.zeros((3, steps + 1, batch, units), dtype)
        self.back = np.zeros((tasks, batch, len(kernel) - 1), dtype)
        self.slope = np.zeros((4, batch, units), dtype)

    def bind(self):
        """Make the tasks, once the weights have their place."""
        times, parts = range(self.steps), range(self.tasks)
        self.forward_tasks = [[partial(self._forward, t, k) for k in parts] for t in times]
        self.backward_tasks = [[partial(self._backward, t, k) for k in parts] for t in times]
        self.weight_tasks = [partial(self._weight_gradient, k) for k in parts]
        self.transposed = [weights[:-1].T for weights in self.weights]

    def _own(self, k):
        """Return the places of a task's gates among i, f, o, c; the candidate is the last."""
        count = 4 // self.tasks
        return slice(k * count, (k + 1) * count)

    def _activations(self, k):
        """Yield each activation of a task with the places of its gates."""
        own = self._own(k)
        if own.start < 3:
            yield self.recurrent_activation, slice(own.start, min(own.stop, 3))
        if own.stop == 4:
            yield self.activation, slice(3, 4)

    def _split(self, t, k):
        """View a task's z of one time step as (gates, B, H)."""
        z = self.z[k, t]
        return z.reshape(len(z), -1, self.units).transpose(1, 0, 2)

    def _forward(self, t, k):
        np.dot(self.rows[t], self.weights[k], out=self.z[k, t])
        z, first = self._split(t, k), self._own(k).start
        for entry, places in self._activations(k):
            mine = z[places.start - first : places.stop - first]
            entry.kernel(mine, self.gates[t, places], self.saved[t, places])

    def forward(self, run):
        """Run over the window."""
        for t in range(self.steps):
            run(self.forward_tasks[t])
            i, f, o, c_tilde = self.gates[t]
            c = self.c[t + 1]
            np.multiply(f, self.c[t], out=c)
            c += i * c_tilde
            self.activation.kernel(c, self.c_out[t + 1], self.saved_c[t + 1])
            np.multiply(o, self.c_out[t + 1], out=self.h[t + 1])

    def _backward(self, t, k):
        z, first = self._split(t, k), self._own(k).start
        for entry, places in self._activations(k):
            kept = self.gates if entry.saves_output else self.saved
            slope = self.slope[places]
            entry.derivative(kept[t, places], out=slope)
            mine = z[places.start - first : places.stop - first]
            np.multiply(slope, self.upstream[t, places], out=mine)
        np.dot(self.z[k, t], self.transposed[k], out=self.back[k])

    def backward(self, run, dh_out):
        """Write the weight gradients; return that of the input, (T, B, F).

        ``dh_out`` is the gradient in every output, (T, B, H), or in the last, (B, H).
        """
        every = dh_out.ndim == 3
        dh = np.zeros_like(self.c[0]) if every else dh_out
        dc = np.zeros_like(dh)
        dx = np.empty(self.x.shape, dh.dtype)
        kept_c = self.c_out if self.activation.saves_output else self.saved_c
        for t in reversed(range(self.steps)):
            if every:
                dh = dh + dh_out[t]
            i, f, o, c_tilde = self.gates[t]
            dc += dh * o * self.activation.derivative(kept_c[t + 1])
            upstream = self.upstream[t]
            for place, factor in enumerate((c_tilde, self.c[t], None, i)):
                if factor is not None:
                    np.multiply(dc, factor, out=upstream[place])
            np.multiply(dh, self.c_out[t + 1], out=upstream[2])
            dc *= f
            run(self.backward_tasks[t])
            back = self.back[0] if self.tasks == 1 else self.back.sum(axis=0)
            dx[t], dh = back[:, : self.features], back[:, self.features :]
        run(self.weight_tasks)
        return dx

    def _weight_gradient(self, k):
        rows = self.rows[:-1].reshape(-1, self.rows.shape[2])
        np.dot(rows.T, self.z[k].reshape(len(rows), -1), out=self.dweights[k])
