"""Keras models of our networks, with the same weights, and their updates."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from isru.keras_bridge.activations import keras_activation
from isru.keras_bridge.loading import load_tensorflow
from isru.lstm import LOSSES, LSTMNetwork
from isru.lstm.inputs import check_choice


def build_keras(
    network: LSTMNetwork,
    *,
    steps: int | None = None,
    batch_size: int | None = None,
    stateful: bool = False,
) -> Any:
    """Return a Keras model of the network's shape, activations, precision and weights.

    LSTM layers (or GRU layers with ``reset_after=False``) with Keras's defaults for
    ``use_cudnn`` and ``unroll``, then a dense layer.

    Parameters
    ----------
    network : LSTMNetwork
    steps : int, optional
        T, where it is known beforehand.
    batch_size : int, optional
        B, where it is known beforehand; must be given for a stateful model.
    stateful : bool
        Whether a batch starts from the state that the one before left.

    Returns
    -------
    keras.Model

    Raises
    ------
    ValueError
        For a cell that Keras does not have, an activation of the cell state's own, or a trained
        alpha.

    Examples
    --------
    >>> model = build_keras(LSTMNetwork(3, 8, 2, activation="isru"))
    >>> model.count_params()
    402
    """
    if network.cell_activation or network.trainable_alpha:
        raise ValueError(
            "network, for Keras: expected one activation for candidate and output, got "
            f"cell_activation={network.cell_activation} and "
            f"trainable_alpha={network.trainable_alpha}"
        )
    load_tensorflow()
    import keras

    cells = {"lstm": keras.layers.LSTM, "gru": partial(keras.layers.GRU, reset_after=False)}
    make_layer = cells[check_choice("cell, for Keras", network.cell, cells)]
    dtype = network.dtype.name
    model = keras.Sequential(
        [keras.Input((steps, network.input_size), batch_size=batch_size, dtype=dtype)]
    )
    last = len(network.hidden_sizes) - 1
    for number, units in enumerate(network.hidden_sizes):
        model.add(
            make_layer(
                units,
                activation=keras_activation(network.activation),
                recurrent_activation=keras_activation(network.recurrent_activation),
                return_sequences=number < last or network.return_sequences,
                stateful=stateful,
                dtype=dtype,
            )
        )
    model.add(keras.layers.Dense(network.output_size, dtype=dtype))
    model.set_weights(network.get_weights())
    return model


def keras_loss(y, target, loss: str):
    """Return the tensor of a loss of :data:`isru.lstm.LOSSES`, from the same arguments."""
    tf = load_tensorflow()
    if check_choice("loss", loss, LOSSES) == "mse":
        return tf.reduce_mean(tf.square(y - target))
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(target, y))


def make_train_step(
    model: Any,
    loss: str = "mse",
    *,
    learning_rate: float = 1e-3,
    clip_norm: float | None = None,
    jit_compile: bool = False,
    **settings: float,
) -> Callable:
    """Return a compiled function ``step(x, target)`` that makes one update of a Keras model.

    The same update as :func:`isru.lstm.train_step` with :class:`isru.lstm.Adam`: forward,
    backward, clipping by the norm of the whole gradient, Adam. It returns the loss as a tensor.

    Parameters
    ----------
    model : keras.Model
    loss : {"mse", "cross_entropy"}
    learning_rate : float
    clip_norm : float, optional
    jit_compile : bool
        Whether XLA compiles the step.
    **settings
        Further ones of Adam: ``beta_1``, ``beta_2``, ``epsilon``.

    Examples
    --------
    >>> import numpy as np
    >>> step = make_train_step(build_keras(LSTMNetwork(3, 8, 2)), learning_rate=0.01)
    >>> loss = step(np.zeros((4, 6, 3), "float32"), np.zeros((4, 2), "float32"))
    >>> float(loss)
    0.0
    """
    tf = load_tensorflow()
    import keras

    optimizer = keras.optimizers.Adam(learning_rate, global_clipnorm=clip_norm, **settings)
    optimizer.build(model.trainable_variables)

    @tf.function(jit_compile=jit_compile)
    def step(x, target):
        with tf.GradientTape() as tape:
            value = keras_loss(model(x, training=True), target, loss)
        gradients = tape.gradient(value, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        return value

    return step
