"""One step at a time: a network as it runs in a device, and sampling from a character model."""

from __future__ import annotations

import numpy as np

from isru.lstm.inputs import check_sequence, check_size
from isru.lstm.workspace import Workspace


class Stream:
    """A network that is fed one time step of one sequence after another.

    All arrays are made here; :meth:`step` makes none.

    Parameters
    ----------
    network : LSTMNetwork
        Its weights are used, not copied.
    symbols : bool
        Whether the inputs are symbols, integers from 0 to F - 1.

    Examples
    --------
    >>> import numpy as np
    >>> from isru.lstm import LSTMNetwork
    >>> stream = Stream(LSTMNetwork(3, 8, 2))
    >>> stream.step(np.zeros(3)).shape
    (2,)
    """

    def __init__(self, network, *, symbols: bool = False):
        self._network, self._symbols = network, symbols
        self._shape = () if symbols else (network.input_size,)
        shape, dtype = ((1, 1), np.intp) if symbols else ((1, 1, network.input_size), network.dtype)
        self._x = np.zeros(shape, dtype)
        buffers = Workspace(network.layers, 1, 1, symbols).buffers
        self._states = [(layer.h[1], layer.c[1]) for layer in buffers]
        inputs = [self._x, *(h[None] for h, _ in self._states[:-1])]
        self._steps = list(zip(network.layers, inputs, buffers, self._states, strict=True))
        self._top = buffers[-1].output[0, 0]
        self._y = np.zeros(network.output_size, network.dtype)
        whole_step = network.layers[0].whole_step
        self._whole_step = whole_step(network) if whole_step and not symbols else None
        if self._whole_step:
            self._first, self._y = self._whole_step.x, self._whole_step.y
            self._states = self._whole_step.states
        self.reset()

    def reset(self) -> None:
        """Start from the zero state again."""
        for h, c in self._states:
            h[...] = 0.0
            c[...] = 0.0

    def step(self, x) -> np.ndarray:
        """Take one time step.

        Parameters
        ----------
        x : array_like, shape (F,), or int
            Numbers that are not finite pass.

        Returns
        -------
        y : ndarray, shape (C,)
            The same array each time, overwritten by the next step.

        Raises
        ------
        ValueError
            If `x` has another shape or is no symbol.
        """
        x = np.asarray(x)
        if x.shape != self._shape or (self._symbols and not 0 <= x < self._network.input_size):
            expected = f"an integer below {self._network.input_size}" if self._symbols else ""
            raise ValueError(f"x: expected {expected or f'shape {self._shape}'}, got {x!r}")
        if self._whole_step:
            self._first[...] = x
            self._whole_step()
            return self._y
        self._x[0, 0] = x
        for layer, inputs, buffers, state in self._steps:
            layer.forward(inputs, buffers, state)
        return np.dot(self._top, self._network.dense, out=self._y)


def sample(network, count: int, *, prompt, temperature: float = 1.0, rng) -> np.ndarray:
    """Draw symbols from a network that predicts the next one.

    Each is drawn from ``softmax(y / temperature)`` and is then the next input.

    Parameters
    ----------
    network : LSTMNetwork
        With as many outputs as symbols.
    count : int
        Symbols to draw.
    prompt : sequence of int
        What the network reads first; at least one symbol.
    temperature : float
        Above 0; below 1 favours the likely symbols.
    rng : numpy.random.Generator

    Returns
    -------
    symbols : ndarray of int, shape (count,)

    Raises
    ------
    ValueError
        For an empty prompt, an unknown symbol, or a temperature or count that is not above 0.
    """
    if network.output_size != network.input_size:
        raise ValueError(
            f"network: expected as many outputs as symbols ({network.input_size}), "
            f"got {network.output_size}"
        )
    if not 0 < temperature < np.inf:
        raise ValueError(f"temperature: expected a finite number above 0, got {temperature!r}")
    if not len(prompt):
        raise ValueError("prompt: expected at least one symbol, got none")
    stream = Stream(network, symbols=True)
    for symbol in check_sequence(np.atleast_2d(prompt), network.input_size)[0]:
        y = stream.step(symbol)
    drawn = np.empty(check_size("count", count), np.intp)
    for place in range(count):
        likelihood = np.cumsum(np.exp((y - y.max()) / temperature, dtype=np.float64))
        drawn[place] = np.searchsorted(likelihood, rng.random() * likelihood[-1], side="right")
        y = stream.step(drawn[place])
    return drawn
