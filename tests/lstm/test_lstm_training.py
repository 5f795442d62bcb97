"""Training: it learns, is repeatable and paired, stops when it should, and fails clearly."""

import numpy as np
import pytest

from isru.lstm import Adam, DivergenceError, LSTMNetwork, train, train_step
from isru.lstm.optimizers import clip_by_global_norm, clip_by_value


def seeded(seed):
    return np.random.default_rng(seed)


def problem(count=64):
    """Return sequences and the mean of their first feature."""
    x = seeded(1).standard_normal((count, 6, 2)).astype("float32")
    return x, x[:, :, :1].mean(axis=1)


def build(activation="tanh", dtype="float32"):
    return LSTMNetwork(2, (8,), 1, activation=activation, dtype=dtype, rng=seeded(2))


def run(network, data, epochs=5, **settings):
    settings = {"optimizer": Adam(1e-2), "batch_size": 16, "rng": seeded(3), **settings}
    return train(network, data, epochs=epochs, **settings)


@pytest.mark.parametrize("activation", ["tanh", "isru"])
def test_training_learns(activation):
    history = run(build(activation), problem(), epochs=30)
    assert history.training_loss[-1] < 0.1 * history.training_loss[0]
    assert history.iterations == 30 * 4


def test_equal_seeds_train_equal_networks():
    first, second = build(), build()
    histories = [run(network, problem()) for network in (first, second)]
    assert histories[0] == histories[1]
    np.testing.assert_array_equal(first.parameters, second.parameters)


def test_the_order_of_data_depends_on_the_generator_only(monkeypatch):
    seen = {}

    def note(network, optimizer, x, *_, **__):
        seen.setdefault(network.activation.name, []).append(x)
        return 0.0, None

    monkeypatch.setattr("isru.lstm.training.train_step", note)
    for activation in ("tanh", "isru"):
        run(build(activation), problem(50))
    assert [len(x) for x in seen["tanh"]] == [16, 16, 16, 2] * 5
    for one, other in zip(seen["tanh"], seen["isru"], strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_best_epoch_by_validation_is_kept():
    x, target = problem()
    network = build()
    validation = x[:16], -target[:16]  # what is learnt makes this worse
    history = run(network, (x, target), epochs=20, validation=validation, patience=3)
    assert history.stopped_early
    assert len(history.validation_loss) == history.best_epoch + 1 + 3
    best = min(history.validation_loss)
    assert history.validation_loss[history.best_epoch] == best
    assert network.evaluate(*validation) == best


def test_without_validation_the_last_epoch_is_kept():
    network = build()
    history = run(network, problem(), epochs=3)
    assert (history.best_epoch, history.stopped_early) == (2, False)
    assert history.validation_loss == []


def test_divergence_stops_with_the_iteration_and_the_last_good_weights():
    network = build("identity", "float64")
    before = network.parameters.copy()
    with pytest.raises(DivergenceError, match=r"at iteration \d+ \(epoch 0\).*initial") as caught:
        run(network, problem(), optimizer=Adam(1e200))
    assert caught.value.iteration >= 1
    np.testing.assert_array_equal(network.parameters, before)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs: expected an integer of at least 1, got 0"),
        ({"batch_size": 0}, "batch_size: expected an integer of at least 1, got 0"),
        ({"patience": 2}, "patience: expected validation data"),
        ({"data": (np.zeros((3, 4, 2)), np.zeros((2, 1)))}, "got 3 sequences and 2 targets"),
        ({"validation": (np.zeros((0, 4, 2)), np.zeros((0, 1)))}, "validation: .*got 0 sequences"),
        ({"clip_norm": 0.0}, "clip_norm: expected a number above 0, got 0.0"),
    ],
)
def test_bad_arguments_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        run(build(), **{"data": problem(), **settings})


def test_a_smaller_norm_bounds_the_step():
    x, target = problem()
    network = build()
    train_step(network, Adam(), x, target, clip_norm=1e-3)
    assert np.linalg.norm(network.gradients) == pytest.approx(1e-3, rel=1e-5)
    train_step(network, Adam(), x, target, clip_value=1e-4)
    assert np.abs(network.gradients).max() == pytest.approx(1e-4)


def test_clipping_leaves_small_gradients_alone():
    gradients = np.array([3.0, -4.0])
    assert clip_by_global_norm(gradients, 5.0) == 5.0
    np.testing.assert_array_equal(gradients, [3.0, -4.0])
    assert clip_by_global_norm(gradients, 1.0) == 5.0
    np.testing.assert_allclose(gradients, [0.6, -0.8], rtol=1e-15)
    clip_by_value(gradients, 0.7)
    np.testing.assert_allclose(gradients, [0.6, -0.7], rtol=1e-15)


def test_adam_equals_its_formula_over_several_chunks():
    size = 40_000  # more than one chunk
    p, m, v = seeded(0).standard_normal(size), np.zeros(size), np.zeros(size)
    optimizer, expected = Adam(0.01, 0.8, 0.9, 1e-4), p.copy()
    for t in range(1, 4):
        g = seeded(t).standard_normal(size)
        optimizer.update(p, g)
        m, v = 0.8 * m + 0.2 * g, 0.9 * v + 0.1 * g**2
        expected -= 0.01 * np.sqrt(1 - 0.9**t) / (1 - 0.8**t) * m / (np.sqrt(v) + 1e-4)
    np.testing.assert_allclose(p, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", ["learning_rate", "beta_1", "beta_2", "epsilon"])
def test_adam_refuses_a_bad_rate(name):
    with pytest.raises(ValueError, match=f"{name}: expected .*, got -1"):
        Adam(**{name: -1})


def test_adam_refuses_another_network():
    optimizer = Adam()
    optimizer.update(np.zeros(3), np.ones(3))
    with pytest.raises(ValueError, match=r"expected 3 parameters .* use a new Adam"):
        optimizer.update(np.zeros(4), np.ones(4))
