"""The arms of the speed goals: one training step of identical work, a stream's step, a product.

The work: F = 87 inputs (dense numbers, one-hot rows), one LSTM layer of `units`, a dense layer at
every step, softmax cross-entropy over 87 classes, clipping by the norm, Adam on all parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from isru.cost import network_count
from isru.lstm import Adam, LSTMNetwork, Stream, train_step

SYMBOLS = 87
CLIP_NORM = 1.0
PRODUCT_SIZE = 768
COPY_BYTES = 128 * 1024


def task(rng: np.random.Generator, batch: int, steps: int, units: int, **settings):
    """Return a network with x (B, T, 87), one-hot, and target (B, T)."""
    network = LSTMNetwork(SYMBOLS, units, SYMBOLS, return_sequences=True, rng=rng, **settings)
    symbols = rng.integers(0, SYMBOLS, (batch, steps))
    x = np.eye(SYMBOLS, dtype=np.float32)[symbols]
    return network, x, rng.integers(0, SYMBOLS, (batch, steps))


def step_flop(units: int, batch: int, steps: int) -> int:
    """Return the FLOP of a training step: 2 for a MAC, three times the forward pass."""
    count = network_count(SYMBOLS, [units], SYMBOLS, steps=steps, return_sequences=True)
    return 3 * 2 * count.macs * batch


def ours(*, rng, units: int, batch: int, steps: int, engine: str, **settings) -> Callable:
    """Return a training step of an engine of ours."""
    network, x, target = task(rng, batch, steps, units, engine=engine, **settings)
    optimizer = Adam()
    return partial(train_step, network, optimizer, x, target, "cross_entropy", clip_norm=CLIP_NORM)


def plain_c(*, rng, units: int, batch: int, steps: int, library: str) -> Callable:
    """Return a training step of the C loop in `library`."""
    from isru.bench.plain_c import PlainStep

    return PlainStep(library, *task(rng, batch, steps, units), clip_norm=CLIP_NORM)


def keras(*, rng, units: int, batch: int, steps: int, jit_compile: bool = False) -> Callable:
    """Return a training step of Keras's LSTM, compiled by tf.function."""
    from isru.keras_bridge import build_keras, load_tensorflow, make_train_step

    network, x, target = task(rng, batch, steps, units)
    model = build_keras(network, steps=steps, batch_size=batch)
    update = make_train_step(model, "cross_entropy", clip_norm=CLIP_NORM, jit_compile=jit_compile)
    constant = load_tensorflow().constant
    x, target = constant(x), constant(target.astype(np.int32))
    return lambda: update(x, target).numpy()


def torch(*, rng, units: int, batch: int, steps: int) -> Callable:
    """Return a training step of torch.nn.LSTM on the processor."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    _, x, target = task(rng, batch, steps, units)
    x, target = torch.from_numpy(x), torch.from_numpy(target).reshape(-1)
    layer = nn.LSTM(SYMBOLS, units, batch_first=True)
    dense = nn.Linear(units, SYMBOLS)
    parameters = [*layer.parameters(), *dense.parameters()]
    optimizer = torch.optim.Adam(parameters)

    def update():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(dense(layer(x)[0]).reshape(-1, SYMBOLS), target)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, CLIP_NORM)
        optimizer.step()
        return loss.item()

    return update


def product(*, rng, units: int, batch: int, steps: int) -> Callable:
    """Return a product of two square float32 matrices of PRODUCT_SIZE: the BLAS's peak."""
    a, b = rng.standard_normal((2, PRODUCT_SIZE, PRODUCT_SIZE)).astype(np.float32)
    return partial(np.dot, a, b, np.empty_like(a))


def copy(*, rng, units: int, batch: int, steps: int) -> Callable:
    """Return a copy of an array that fits the second-level cache: how fast bytes can move."""
    a = rng.standard_normal(COPY_BYTES // 4).astype(np.float32)
    return partial(np.copyto, np.empty_like(a), a)


def stream(*, rng, units: int, features: int, engine: str, activation: str = "tanh") -> Callable:
    """Return one step of a running network, batch and window of one, into one output."""
    network = LSTMNetwork(features, units, 1, engine=engine, activation=activation, rng=rng)
    x = rng.standard_normal(features).astype(np.float32)
    return partial(Stream(network).step, x)
