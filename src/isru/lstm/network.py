"""Stacked LSTM layers and a dense head: the network that every chapter trains."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from isru.activations import Activation
from isru.lstm.checkpoints import load_network, save_network
from isru.lstm.engines import layer_class
from isru.lstm.initializers import network_weights
from isru.lstm.inputs import (
    check_choice,
    check_dtype,
    check_gate_activation,
    check_masks,
    check_sequence,
    check_size,
    check_sizes,
    check_state,
    check_target,
    read_array,
    takes_symbols,
)
from isru.lstm.losses import LOSSES
from isru.lstm.weights import Weights
from isru.lstm.workspace import Workspaces, aligned_zeros
from isru.registry import registered

State = list[tuple[np.ndarray, np.ndarray]]
"""The hidden state and the cell state (h, c) of each layer, arrays (B, H)."""

Masks = Sequence[np.ndarray | None]


class LSTMNetwork:
    """Stacked LSTM layers, then a dense layer without activation.

    Parameters
    ----------
    input_size : int
        F, features of a step (or symbols, when the inputs are integers).
    hidden_sizes : int or sequence of int
        H of each stacked layer.
    output_size : int
        C, outputs (or classes).
    activation, recurrent_activation : str or registry entry
        For candidate and output, and for the gates; the latter must map to [0, 1].
    return_sequences : bool
        Whether there is an output for every step or for the last one only.
    dtype : {"float32", "float64"}
    engine : str
        A name in `ENGINES`.
    cell : str
        A name in `CELLS`; see `isru.lstm.variants` for those other than the LSTM.
    cell_activation : str or registry entry, optional
        For the output alone, in place of `activation`, which is then the candidate's.
    trainable_alpha : bool
        Whether the alpha of ISRU is learned; see `isru.lstm.trainable`.
    rng : numpy.random.Generator, optional
        Draws the weights, in float64 and then rounded, so that networks that differ in
        activation or precision start alike from equal generators. None stands for seed 0.

    Attributes
    ----------
    parameters, gradients : ndarray, one axis
        All weights, and what :meth:`backpropagate` left, in the engines' own order; in Keras's
        they come from :meth:`get_weights` and :meth:`loss_and_gradients`.

    Raises
    ------
    ValueError
        For a size below 1, an unknown name, another function under a name of the registry, a
        recurrent activation that leaves [0, 1], or what a cell or an engine does not have.

    Examples
    --------
    >>> import numpy as np
    >>> net = LSTMNetwork(7, 10, 1, activation="isru", rng=np.random.default_rng(0))
    >>> y, state = net.forward(np.zeros((32, 24, 7), "float32"))
    >>> y.shape
    (32, 1)
    """

    def __init__(
        self,
        input_size: int,
        hidden_sizes: int | Iterable[int],
        output_size: int,
        *,
        activation: str | Activation = "tanh",
        recurrent_activation: str | Activation = "sigmoid",
        return_sequences: bool = False,
        dtype: DTypeLike = "float32",
        engine: str = "numpy",
        cell: str = "lstm",
        cell_activation: str | Activation | None = None,
        trainable_alpha: bool = False,
        rng: np.random.Generator | None = None,
    ):
        self.input_size = check_size("input_size", input_size)
        self.hidden_sizes = check_sizes("hidden_sizes", hidden_sizes)
        self.output_size = check_size("output_size", output_size)
        self.activation = registered(activation)
        self.recurrent_activation = check_gate_activation(recurrent_activation)
        self.return_sequences = bool(return_sequences)
        self.dtype = check_dtype(dtype)
        self.engine, self.cell, self.trainable_alpha = engine, cell, bool(trainable_alpha)
        self.cell_activation = None if cell_activation is None else registered(cell_activation)
        layer_type = layer_class(cell, engine, self.cell_activation, self.trainable_alpha)
        self._allocate(layer_type)
        rng = np.random.default_rng(0) if rng is None else rng
        sizes = self.input_size, self.hidden_sizes, self.output_size
        self.set_weights(network_weights(rng, *sizes, layer_type.draw))

    def _allocate(self, layer_type):
        """Lay all weights in one flat array, their gradients in another, and the layers on both."""
        shapes = list(pairwise((self.input_size, *self.hidden_sizes)))
        lengths = _lengths(layer_type, self.input_size, self.hidden_sizes, self.output_size)
        size = (sum(lengths),)
        self.parameters, self.gradients = (aligned_zeros(size, self.dtype) for _ in range(2))
        own = {"cell_activation": self.cell_activation} if self.cell_activation else {}
        self.layers, start = [], 0
        for shape, length in zip(shapes, lengths[:-1], strict=True):
            part = slice(start, start + length)
            start += length
            flat = self.parameters[part], self.gradients[part]
            layer = layer_type(*shape, self.activation, self.recurrent_activation, *flat, **own)
            self.layers.append(layer)
        self.dense = self.parameters[start:].reshape(-1, self.output_size)
        self.ddense = self.gradients[start:].reshape(-1, self.output_size)
        views = [layer.views() for layer in self.layers]
        self._weights = Weights(views, self.dense, self.cell)
        gradients = [layer.views(gradients=True) for layer in self.layers]
        self._dweights = Weights(gradients, self.ddense, self.cell)
        self._workspaces = Workspaces(self.layers)

    @classmethod
    def count(
        cls,
        input_size: int,
        hidden_sizes: int | Iterable[int],
        output_size: int,
        *,
        cell: str = "lstm",
        cell_activation: Activation | None = None,
        trainable_alpha: bool = False,
        **_: object,
    ) -> int:
        """Return how many parameters a network of such settings has, without making one.

        Parameters and errors are those of the class.
        """
        layer_type = layer_class(cell, "numpy", cell_activation, trainable_alpha)
        sizes = check_sizes("hidden_sizes", hidden_sizes)
        ends = check_size("input_size", input_size), check_size("output_size", output_size)
        return sum(_lengths(layer_type, ends[0], sizes, ends[1]))

    @property
    def weight_names(self) -> list[str]:
        """Names of the arrays of :meth:`get_weights`, such as ``"lstm 0 kernel"``."""
        return self._weights.names

    def get_weights(self) -> list[np.ndarray]:
        """Return copies of all weights in Keras's layout.

        Per layer kernel (F, 4H), recurrent kernel (H, 4H) and bias (4H,), gates i, f, c, o; then
        the dense kernel (H, C) and bias (C,).

        Examples
        --------
        >>> [array.shape for array in LSTMNetwork(3, 8, 2).get_weights()]
        [(3, 32), (8, 32), (32,), (8, 2), (2,)]
        """
        return self._weights.read()

    def set_weights(self, weights: Iterable[ArrayLike]) -> None:
        """Replace all weights; layout as in :meth:`get_weights`.

        A ValueError tells of an array that is missing, of another shape, masked or not finite in
        the network's dtype; the network is then unchanged.
        """
        self._weights.write(weights)

    # ---- forward, and backward beside it

    def forward(
        self,
        x: ArrayLike,
        state: State | None = None,
        *,
        masks: Masks | None = None,
        symbols: bool | None = None,
    ) -> tuple[np.ndarray, State]:
        """Run the network over a batch of sequences.

        Parameters
        ----------
        x : array_like, shape (B, T, F); or of int, shape (B, T)
            Integers are symbols 0 to F - 1 and stand for one-hot rows.
        state : list of (h, c), optional
            One pair of arrays (B, H) for each layer; None starts from zero.
        masks : sequence of ndarray or None, optional
            Dropout: what each layer's output is multiplied with, broadcast to (B, T, H).
        symbols : bool, optional
            Whether integers (B, T) are symbols; needed only where T is F and every row is
            one-hot, so that they could be one sequence (T, F) as well.

        Returns
        -------
        y : ndarray, shape (B, C), or (B, T, C) with `return_sequences`
        state : list of (h, c)
            After the last step; a copy, to be given to the next call.

        Raises
        ------
        ValueError
            For an input of the wrong shape, an empty one, masked elements, a number that is not
            finite in the network's dtype, an unknown symbol.

        Examples
        --------
        >>> network = LSTMNetwork(3, [8, 5], 2, return_sequences=True)
        >>> y, state = network.forward(np.zeros((4, 6, 3)))
        >>> y.shape, [h.shape for h, c in state]
        ((4, 6, 2), [(4, 8), (4, 5)])
        >>> y, state = network.forward(np.zeros((4, 1, 3)), state)  # the next time step
        """
        y, work = self._run(x, state, masks, symbols)
        return np.ascontiguousarray(self._turn(y)), work.final_state()

    def loss_and_gradients(
        self,
        x: ArrayLike,
        target: ArrayLike,
        loss: str = "mse",
        state: State | None = None,
        *,
        masks: Masks | None = None,
        symbols: bool | None = None,
    ) -> tuple[float, list[np.ndarray]]:
        """Return the loss of a batch and its gradient in every weight, within this window.

        Parameters
        ----------
        x, state, masks, symbols
            As in :meth:`forward`.
        target : array_like
            For ``"mse"`` the shape of the output; for ``"cross_entropy"`` integer classes,
            shape (B,) or (B, T).
        loss : {"mse", "cross_entropy"}

        Returns
        -------
        loss : float
        gradients : list of ndarray
            In the order of :meth:`get_weights`.

        Raises
        ------
        ValueError
            As :meth:`forward`, and for a bad target or an unknown loss.

        Examples
        --------
        >>> network = LSTMNetwork(3, 8, 2, activation="isru")
        >>> loss, gradients = network.loss_and_gradients(np.zeros((4, 6, 3)), np.zeros((4, 2)))
        >>> dict(zip(network.weight_names, [g.shape for g in gradients]))["lstm 0 kernel"]
        (3, 32)
        """
        value, _ = self.backpropagate(x, target, loss, state, masks=masks, symbols=symbols)
        return value, self._dweights.read()

    def backpropagate(
        self,
        x: ArrayLike,
        target: ArrayLike,
        loss: str = "mse",
        state: State | None = None,
        *,
        masks: Masks | None = None,
        symbols: bool | None = None,
    ) -> tuple[float, State]:
        """Leave the gradients in ``self.gradients``; return the loss and the final state.

        The form of :meth:`loss_and_gradients` for training, without a copy; same parameters.
        """
        function = self.layers[0].losses[check_choice("loss", loss, LOSSES)]
        y, work = self._run(x, state, masks, symbols)
        target = check_target(target, self._turn(y).shape, loss, self.dtype)
        value, dy = function(y, self._turn(target))
        self._backward(dy, work)
        return value, work.final_state()

    def _run(self, x, state, masks, symbols):
        """Forward pass, time first; leave in the workspace what the backward pass needs."""
        x = check_sequence(x, self.input_size, self.dtype, symbols)
        state = check_state(state, len(x), self.hidden_sizes, self.dtype)
        work = self._workspaces.of(x)
        work.masks = check_masks(masks, x.shape[:2], self.hidden_sizes, self.dtype)
        inputs = x.swapaxes(0, 1)
        for number, layer in enumerate(self.layers):
            layer.forward(inputs, work.buffers[number], state[number])
            output = work.output(number)
            inputs = output[..., :-1]
        work.head = (output if self.return_sequences else output[-1]).reshape(-1, layer.units + 1)
        y = np.dot(work.head, self.dense)
        return y.reshape(work.steps, work.batch, -1) if self.return_sequences else y, work

    def _turn(self, array):
        """Exchange batch and time, the first two axes of outputs for every step."""
        return array.swapaxes(0, 1) if self.return_sequences else array

    def _backward(self, dy, work):
        """Backward pass of :meth:`_run`: every gradient into ``self.gradients``."""
        dy = dy.reshape(-1, self.output_size)
        np.dot(work.head.T, dy, out=self.ddense)
        dh = np.dot(dy, self.dense[:-1].T)
        if self.return_sequences:
            dh = dh.reshape(work.steps, work.batch, -1)
        for number in reversed(range(len(self.layers))):
            mask = work.masks[number]
            if mask is not None:
                dh *= mask if dh.ndim == 3 else mask[-1]
            dh = self.layers[number].backward(work.buffers[number], dh, number > 0)

    # ---- use

    def predict(
        self, x: ArrayLike, batch_size: int = 256, *, symbols: bool | None = None
    ) -> np.ndarray:
        """Return the outputs for many sequences, `batch_size` at a time; each starts from zero.

        Examples
        --------
        >>> LSTMNetwork(3, 8, 2).predict(np.zeros((1000, 6, 3))).shape
        (1000, 2)
        """
        if not hasattr(x, "shape") or isinstance(x, np.ma.MaskedArray):
            x = read_array("x", x)
        sequences: Any = x
        symbols = takes_symbols(x, self.input_size) if symbols is None else symbols
        parts = [
            self.forward(sequences[start : start + batch_size], symbols=symbols)[0]
            for start in range(0, max(1, len(sequences)), check_size("batch_size", batch_size))
        ]
        return np.concatenate(parts)

    def evaluate(
        self,
        x: ArrayLike,
        target: ArrayLike,
        loss: str = "mse",
        batch_size: int = 256,
        *,
        symbols: bool | None = None,
    ) -> float:
        """Return the mean loss over many sequences; no gradient is computed.

        Examples
        --------
        >>> LSTMNetwork(3, 8, 2).evaluate(np.zeros((10, 6, 3)), np.zeros((10, 2)))
        0.0
        """
        y = self.predict(x, batch_size, symbols=symbols)
        return LOSSES[check_choice("loss", loss, LOSSES)](
            y, check_target(target, y.shape, loss, self.dtype)
        )[0]

    def save(self, path: str | Path) -> None:
        """Write settings and weights to `path` (.npz), whole or not at all, without pickle.

        A ValueError tells of weights that are not finite, and of a name that is not a file's.

        Examples
        --------
        >>> import tempfile
        >>> network = LSTMNetwork(3, 8, 2, activation="isru")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     network.save(f"{folder}/network.npz")
        ...     again = LSTMNetwork.load(f"{folder}/network.npz")
        >>> again.activation.name
        'isru'
        """
        save_network(self, path)

    @classmethod
    def load(cls, path: str | Path, *, engine: str = "numpy") -> LSTMNetwork:
        """Read a network that :meth:`save` wrote; a CheckpointError tells what any other is."""
        return load_network(cls, path, engine)

    @property
    def settings(self) -> dict:
        """Arguments that build a network of this shape."""
        names = [
            "input_size",
            "hidden_sizes",
            "output_size",
            "activation",
            "recurrent_activation",
            "return_sequences",
            "engine",
            "cell",
            "cell_activation",
            "trainable_alpha",
        ]
        return {name: getattr(self, name) for name in names} | {"dtype": self.dtype.name}

    def __getstate__(self):
        """Return settings and weights, so that copies and pickles carry no work arrays."""
        return self.settings, self.get_weights()

    def __setstate__(self, kept):
        """Build the network anew from what :meth:`__getstate__` returned."""
        settings, weights = kept
        LSTMNetwork.__init__(self, **settings)
        self.set_weights(weights)


def _lengths(layer_type, input_size, hidden_sizes, output_size) -> list[int]:
    """Return the number of parameters of each layer, and of the dense one."""
    lengths = [layer_type.size(*shape) for shape in pairwise((input_size, *hidden_sizes))]
    return [*lengths, (hidden_sizes[-1] + 1) * output_size]
