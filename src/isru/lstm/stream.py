"""One step at a time: a network as it runs in a device, and sampling from a character model."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from isru.lstm.inputs import check_range, check_size, read_array
from isru.lstm.network import LSTMNetwork
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

    def __init__(self, network: LSTMNetwork, *, symbols: bool = False):
        self._network, self._symbols, self._dtype = network, symbols, network.dtype
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

    def step(self, x: ArrayLike) -> np.ndarray:
        """Take one time step.

        Parameters
        ----------
        x : array_like, shape (F,), or int
            NaN and infinity pass; what only overflows in the network's dtype does not.

        Returns
        -------
        y : ndarray, shape (C,)
            The same array each time, overwritten by the next step.

        Raises
        ------
        ValueError
            If `x` has another shape or type, masked elements, or is no symbol.
        """
        x = read_array("x", x)
        if x.shape != self._shape or (self._symbols and not self._is_symbol(x)):
            expected = f"an integer below {self._network.input_size}" if self._symbols else ""
            raise ValueError(f"x: expected {expected or f'shape {self._shape}'}, got {x!r}")
        if x.dtype != self._dtype and not self._symbols:
            x = _cast(x, self._dtype)
        if self._whole_step:
            self._first[...] = x
            self._whole_step()
            return self._y
        self._x[0, 0] = x
        for layer, inputs, buffers, state in self._steps:
            layer.forward(inputs, buffers, state)
        return np.dot(self._top, self._network.dense, out=self._y)

    def _is_symbol(self, x: np.ndarray) -> bool:
        return x.dtype.kind in "iu" and bool(0 <= x < self._network.input_size)


def _cast(x: np.ndarray, dtype) -> np.ndarray:
    if x.dtype.kind not in "fiub":
        raise ValueError(f"x: expected real numbers, got {x.dtype}")
    try:
        with np.errstate(over="raise"):
            return x.astype(dtype)
    except FloatingPointError:
        raise ValueError(f"x: expected numbers that {dtype} can hold, got {x!r}") from None


def sample(
    network: LSTMNetwork,
    count: int,
    *,
    prompt: ArrayLike,
    temperature: float = 1.0,
    rng: np.random.Generator,
) -> np.ndarray:
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
        For an empty prompt, an unknown symbol, a temperature or count that is not above 0, or
        outputs that are not finite.

    Examples
    --------
    >>> from isru.lstm import LSTMNetwork
    >>> network = LSTMNetwork(5, 8, 5)  # of five symbols, and untrained
    >>> sample(network, 4, prompt=[0, 1], rng=np.random.default_rng(0)).shape
    (4,)
    """
    if network.output_size != network.input_size:
        raise ValueError(
            f"network: expected as many outputs as symbols ({network.input_size}), "
            f"got {network.output_size}"
        )
    _check_temperature(temperature, network.dtype)
    stream = Stream(network, symbols=True)
    for symbol in _check_prompt(prompt, network.input_size):
        y = stream.step(symbol)
    drawn = np.empty(check_size("count", count), np.intp)
    for place in range(count):
        likelihood = _likelihood(y, temperature)
        drawn[place] = np.searchsorted(likelihood, rng.random() * likelihood[-1], side="right")
        y = stream.step(drawn[place])
    return drawn


def _likelihood(y: np.ndarray, temperature: float) -> np.ndarray:
    """Return the cumulated likelihoods of the symbols, but for a factor."""
    if not np.isfinite(y).all():
        raise ValueError("network: expected finite outputs to draw from, got NaN or infinity")
    with np.errstate(over="ignore"):  # a temperature near zero leaves the likeliest alone
        return np.cumsum(np.exp((y - y.max()) / temperature, dtype=np.float64))


def _check_temperature(temperature, dtype) -> None:
    try:
        with np.errstate(over="ignore", under="ignore"):
            good = 0 < dtype.type(temperature) < np.inf
    except (TypeError, ValueError):
        good = False
    if not good:
        raise ValueError(f"temperature: expected a finite number above 0, got {temperature!r}")


def _check_prompt(prompt, input_size: int) -> np.ndarray:
    prompt = read_array("prompt", prompt)
    if not prompt.size:
        raise ValueError("prompt: expected at least one symbol, got none")
    if prompt.ndim != 1 or prompt.dtype.kind not in "iu":
        raise ValueError(
            f"prompt: expected integers of shape (n,), got {prompt.shape} of {prompt.dtype}"
        )
    check_range("prompt", prompt, input_size, "symbols")
    return prompt
