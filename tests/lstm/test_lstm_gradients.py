"""Every backward pass against difference quotients, and the fast layer against the plain cell."""

import numpy as np
import pytest

from isru.activations import ACTIVATIONS, get_activation
from isru.lstm import LSTMNetwork, cell_backward, cell_forward, gradient_check

# Truncation and rounding leave below 1e-8, a kink met within a step 1e-7, a wrong term 1e-2.
TOLERANCE = 1e-6
B, T, F, C = 4, 5, 3, 2


def tolerance_of(name):
    """Return what the derivative of an activation may be off by.

    A fast inverse square root has r^3 with its approximate r as derivative, which is that of
    ISRU but for a few times the approximation's error, not that of the approximation itself.
    """
    entry = ACTIVATIONS[name]
    return 20 * entry.error if entry.approximates == "isru" else TOLERANCE


def task(network, rng, loss="mse", symbols=False):
    """Return an input, a target and an initial state for `network`."""
    x = rng.integers(0, F, (B, T)) if symbols else rng.standard_normal((B, T, F))
    shape = (B, T) if network.return_sequences else (B,)
    target = rng.standard_normal((*shape, C)) if loss == "mse" else rng.integers(0, C, shape)
    state = [rng.standard_normal((2, B, size)) for size in network.hidden_sizes]
    return x, target, state


def build(rng, sizes=(4,), **settings):
    network = LSTMNetwork(F, sizes, C, dtype="float64", rng=rng, **settings)
    network.set_weights([rng.normal(0, 0.5, array.shape) for array in network.get_weights()])
    return network


@pytest.mark.parametrize("symbols", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("sizes", [(4,), (4, 3)])
@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
def test_gradients_of_every_shape(loss, sizes, sequences, symbols, rng):
    network = build(rng, sizes, return_sequences=sequences)
    x, target, state = task(network, rng, loss, symbols)
    errors = gradient_check(network, x, target, loss=loss, rng=rng, state=state)
    assert max(errors.values()) < TOLERANCE, errors


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_gradients_with_every_activation(name, rng):
    network = build(rng, activation=name)
    x, target, state = task(network, rng)
    errors = gradient_check(network, x, target, rng=rng, state=state)
    assert max(errors.values()) < tolerance_of(name), errors


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_gradients_with_every_recurrent_activation_or_a_refusal(name, rng):
    low, high = ACTIVATIONS[name].range
    if low < 0 or high > 1:
        with pytest.raises(ValueError, match=r"recurrent_activation: expected a function into"):
            build(rng, recurrent_activation=name)
        return
    network = build(rng, activation="isru", recurrent_activation=name)
    x, target, state = task(network, rng)
    errors = gradient_check(network, x, target, rng=rng, state=state)
    assert max(errors.values()) < tolerance_of(name), errors


def test_gradients_under_dropout(rng):
    network = build(rng, (4, 3), return_sequences=True)
    x, target, state = task(network, rng)
    masks = [2.0 * rng.integers(0, 2, (B, T, 4)), 2.0 * rng.integers(0, 2, (B, 1, 3))]
    errors = gradient_check(network, x, target, rng=rng, state=state, masks=masks)
    assert max(errors.values()) < TOLERANCE, errors


def test_the_checker_notices_a_wrong_gradient(rng, monkeypatch):
    network = build(rng)
    right = network.loss_and_gradients

    def wrong(*arguments, **named):
        loss, gradients = right(*arguments, **named)
        gradients[1] = 1.01 * gradients[1]
        return loss, gradients

    monkeypatch.setattr(network, "loss_and_gradients", wrong)
    x, target, state = task(network, rng)
    errors = gradient_check(network, x, target, rng=rng, state=state)
    assert errors.pop("lstm 0 recurrent_kernel") > 1e-4
    assert max(errors.values()) < TOLERANCE


def test_the_checker_leaves_the_weights_as_they_were(rng):
    network = build(rng)
    before = network.parameters.copy()
    x, target, state = task(network, rng)
    gradient_check(network, x, target, rng=rng, state=state)
    np.testing.assert_array_equal(network.parameters, before)


@pytest.mark.parametrize(("activation", "gate"), [("tanh", "sigmoid"), ("isru", "isru_sigmoid")])
@pytest.mark.parametrize("batch", [1, 3])
def test_layer_equals_the_plain_cell(activation, gate, batch, rng):
    """Values and gradients of the fast layer, step by step through the reference."""
    units = 4
    network = build(rng, (units,), activation=activation, recurrent_activation=gate)
    *weights, dense, bias = network.get_weights()
    x, target = rng.standard_normal((batch, T, F)), rng.standard_normal((batch, C))
    h, c = (rng.standard_normal((batch, units)) for _ in range(2))
    y, [(h_fast, c_fast)] = network.forward(x, [(h, c)])
    _, gradients = network.loss_and_gradients(x, target, "mse", [(h, c)])

    functions = get_activation(activation), get_activation(gate)
    caches = []
    for t in range(T):
        h, c, cache = cell_forward(x[:, t], h, c, weights, *functions)
        caches.append(cache)
    dy = 2 * (h @ dense + bias - target) / target.size
    dh, dc, total = dy @ dense.T, np.zeros_like(c), [0.0, 0.0, 0.0]
    for cache in reversed(caches):
        _, dh, dc, dweights = cell_backward(dh, dc, cache)
        total = [sum_ + part for sum_, part in zip(total, dweights, strict=True)]

    for fast, plain in [(h_fast, h), (c_fast, c), (y, h @ dense + bias)]:
        np.testing.assert_allclose(fast, plain, rtol=1e-12, atol=1e-14)
    for fast, plain in zip(gradients, [*total, h.T @ dy, dy.sum(axis=0)], strict=True):
        np.testing.assert_allclose(fast, plain, rtol=1e-11, atol=1e-13)
