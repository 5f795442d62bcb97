"""Training by TensorFlow, under the interface of :func:`isru.lstm.train`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from isru.keras_bridge.loading import load_tensorflow
from isru.keras_bridge.networks import build_keras, keras_loss, make_train_step
from isru.lstm import Adam, DivergenceError, History, LSTMNetwork
from isru.lstm.inputs import takes_symbols


def train_keras(
    network: LSTMNetwork,
    data: tuple[np.ndarray, np.ndarray],
    *,
    loss: str = "mse",
    optimizer: Adam,
    batch_size: int = 128,
    epochs: int,
    rng: np.random.Generator,
    validation: tuple[np.ndarray, np.ndarray] | None = None,
    patience: int | None = None,
    clip_norm: float | None = None,
) -> History:
    """Train a network for some epochs in Keras; keep the weights of the best one.

    The twin of :func:`isru.lstm.train`: it starts from the same weights, draws the same batches
    in the same order from an equal ``rng``, and stops by the same rule. Forward and backward
    passes, updates and validation are TensorFlow's, in the network's precision. The two part by
    roundings, which grow from update to update.

    Parameters
    ----------
    network : LSTMNetwork
        One that :func:`build_keras` takes; left at its best epoch.
    data : (x, target)
        Sequences (N, T, F), or symbols (N, T), which Keras sees as one-hot rows; and targets.
    optimizer : Adam
        Unused so far; its settings are given to Keras's.
    loss, batch_size, epochs, rng, validation, patience, clip_norm
        As for :func:`isru.lstm.train`.

    Raises
    ------
    ValueError
        For a network that Keras cannot have.
    DivergenceError
        If a loss or a weight is not finite; the network has the weights of the best epoch before.

    Examples
    --------
    >>> network = LSTMNetwork(1, 2, 1, rng=np.random.default_rng(0))
    >>> x = np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3, 1)
    >>> settings = {"optimizer": Adam(0.01), "epochs": 2, "rng": np.random.default_rng(1)}
    >>> history = train_keras(network, (x, x[:, -1]), **settings)
    >>> len(history.training_loss)
    2
    """
    tf = load_tensorflow()
    x, target = _for_keras(network, data)
    validation = None if validation is None else _for_keras(network, validation)
    model = build_keras(network, steps=x.shape[1])
    settings: dict[str, Any] = {"clip_norm": clip_norm, **optimizer.settings}
    update = make_train_step(model, loss, **settings)
    evaluate = tf.function(lambda x, target: keras_loss(model(x, training=False), target, loss))
    history = History()

    def check(value: float, epoch: int) -> float:
        if not math.isfinite(value):
            raise DivergenceError(value, history.iterations, epoch, history)
        return value

    for epoch in range(epochs):
        losses = []
        order = rng.permutation(len(x))
        for start in range(0, len(x), batch_size):
            chosen = order[start : start + batch_size]
            value = check(float(update(x[chosen], target[chosen])), epoch)
            history.iterations += 1
            losses.append(value * len(chosen))
        weights = model.get_weights()
        check(0.0 if all(np.isfinite(array).all() for array in weights) else math.nan, epoch)
        history.training_loss.append(sum(losses) / len(x))
        if validation is not None:
            history.validation_loss.append(check(float(evaluate(*validation)), epoch))
        earlier = history.validation_loss[:-1]
        if validation is None or history.validation_loss[-1] < min(earlier, default=math.inf):
            history.best_epoch = epoch
            network.set_weights(weights)
        if patience is not None and epoch - history.best_epoch >= patience:
            history.stopped_early = True
            break
    return history


def _for_keras(network: LSTMNetwork, data: tuple) -> tuple[np.ndarray, np.ndarray]:
    x, target = map(np.asarray, data)
    if takes_symbols(x, network.input_size):
        x = np.eye(network.input_size, dtype=network.dtype)[x]
    return x, target
