"""The network's interface: shapes, state, starting weights, and errors that help."""

import copy
import subprocess
import sys

import numpy as np
import pytest

from isru.lstm import ENGINES, GATE_ORDER, LSTMNetwork


def build(sizes=(4, 3), **settings):
    return LSTMNetwork(5, sizes, 2, **{"rng": np.random.default_rng(3), **settings})


@pytest.fixture
def x(rng):
    return rng.standard_normal((6, 7, 5)).astype("float32")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_outputs_keep_the_dtype_and_have_the_documented_shapes(dtype, x):
    y, state = build(dtype=dtype).forward(x)
    assert (y.shape, y.dtype) == ((6, 2), dtype)
    assert [(h.shape, c.shape) for h, c in state] == [((6, 4), (6, 4)), ((6, 3), (6, 3))]
    y, _ = build(dtype=dtype, return_sequences=True).forward(x)
    assert y.shape == (6, 7, 2)


def test_the_last_of_all_outputs_is_the_only_output(x):
    every, _ = build(return_sequences=True).forward(x)
    last, _ = build().forward(x)
    np.testing.assert_allclose(every[:, -1], last, rtol=1e-6)  # another order of the same sums


def test_two_windows_with_the_state_between_are_one_long_window(x):
    network = build(return_sequences=True, dtype="float64")
    whole, end = network.forward(x)
    first, state = network.forward(x[:, :3])
    second, state = network.forward(x[:, 3:], state)
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, rtol=1e-12)
    np.testing.assert_allclose(state[1][1], end[1][1], rtol=1e-12)


def test_a_returned_state_does_not_change_afterwards(x):
    network = build()
    _, state = network.forward(x)
    before = state[0][0].copy()
    network.forward(2 * x)
    np.testing.assert_array_equal(state[0][0], before)


def test_sequences_of_a_batch_do_not_see_each_other(x):
    network = build(dtype="float64")
    together, _ = network.forward(x)
    alone = [network.forward(x[i : i + 1])[0][0] for i in range(len(x))]
    np.testing.assert_allclose(alone, together, rtol=1e-12)


def test_symbols_equal_one_hot_rows(rng):
    network = build(dtype="float64")
    symbols, target = rng.integers(0, 5, (6, 7)), rng.standard_normal((6, 2))
    rows = np.eye(5)[symbols]
    loss, gradients = network.loss_and_gradients(symbols, target)
    wanted, wanted_gradients = network.loss_and_gradients(rows, target)
    assert loss == pytest.approx(wanted, rel=1e-14)
    for got, expected in zip(gradients, wanted_gradients, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-15)


def test_predict_and_evaluate_join_batches(x, rng):
    network, target = build(dtype="float64"), rng.standard_normal((6, 2))
    y, _ = network.forward(x)
    np.testing.assert_allclose(network.predict(x, batch_size=4), y, rtol=1e-12)
    loss = network.evaluate(x, target, batch_size=4)
    assert loss == pytest.approx(np.mean((y - target) ** 2), rel=1e-12)
    assert loss == pytest.approx(network.loss_and_gradients(x, target)[0], rel=1e-12)


def test_weights_go_out_and_in_unchanged(rng):
    network = build()
    weights = [rng.standard_normal(w.shape).astype("float32") for w in network.get_weights()]
    network.set_weights(weights)
    for got, given in zip(network.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(got, given)
    assert [w.shape for w in weights] == [
        (5, 16), (4, 16), (16,), (4, 12), (3, 12), (12,), (3, 2), (2,)
    ]  # fmt: skip


def test_starting_weights_are_those_of_keras():
    kernel, recurrent, bias, dense, dense_bias = build((20,), dtype="float64").get_weights()
    assert GATE_ORDER == ("i", "f", "c", "o")
    np.testing.assert_array_equal(np.split(bias, 4), np.outer([0, 1, 0, 0], np.ones(20)))
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(20), atol=1e-12)
    for array, fans in ((kernel, 5 + 80), (dense, 20 + 2)):
        limit = np.sqrt(6 / fans)
        assert 0.8 * limit < np.abs(array).max() <= limit
    assert not dense_bias.any()


def test_arms_with_equal_generators_start_alike():
    single, double = build(), build(activation="isru", dtype="float64")
    for one, other in zip(single.get_weights(), double.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other.astype("float32"))
    other = build(rng=np.random.default_rng(4))
    assert not np.array_equal(single.parameters, other.parameters)


def test_a_copy_has_its_own_weights(x):
    network = build(activation="isru")
    twin = copy.deepcopy(network)
    np.testing.assert_array_equal(network.forward(x)[0], twin.forward(x)[0])
    twin.parameters[:] = 0
    assert network.parameters.any() and not twin.forward(x)[0].any()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"input_size": 0}, "input_size: expected an integer of at least 1, got 0"),
        ({"hidden_sizes": ()}, "hidden_sizes: expected at least one layer, got none"),
        ({"hidden_sizes": (4, 2.5)}, "hidden_sizes: expected an integer .* got 2.5"),
        ({"dtype": "float16"}, "dtype: expected one of .*'float32', 'float64'.*, got 'float16'"),
        ({"engine": "blas"}, r"engine: expected one of \['numba', 'numpy'\], got 'blas'"),
        ({"activation": "tanf"}, "tanf"),
        ({"recurrent_activation": "tanh"}, r"expected a function into \[0, 1\].*got 'tanh'"),
    ],
)
def test_a_network_that_cannot_be_is_refused(settings, message):
    arguments = {"input_size": 5, "hidden_sizes": (4,), "output_size": 2, **settings}
    with pytest.raises(ValueError, match=message):
        LSTMNetwork(**arguments)


NAN = np.full((1, 2, 5), np.nan)
ZERO = np.zeros((2, 3, 5))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((2, 3, 4)), r"expected shape \(B, T, 5\), .* got \(2, 3, 4\)"),
        (np.zeros((2, 3)), r"or \(B, T\) of integers, got \(2, 3\) of float64"),
        (np.zeros((0, 3, 5)), "at least one sequence"),
        (np.zeros((2, 0, 5)), "at least one sequence and one time step"),
        (NAN, r"expected finite numbers, got nan at index \(0, 0, 0\)"),
        (1j * ZERO, "expected real numbers, got complex128"),
        (np.array([[0, 5]]), "expected symbols from 0 to 4, got 0 to 5"),
        (np.array([[-1, 2]]), "expected symbols from 0 to 4, got -1 to 2"),
    ],
)
def test_bad_input_is_refused(x, message):
    with pytest.raises(ValueError, match=message):
        build().forward(x)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": np.zeros(2)}, r"expected real numbers of shape \(2, 2\), got \(2,\)"),
        ({"target": np.full((2, 2), np.inf)}, "target: expected finite numbers, got inf"),
        ({"target": np.array([0, 2]), "loss": "cross_entropy"}, "classes from 0 to 1, got 0 to 2"),
        ({"target": np.zeros(2), "loss": "cross_entropy"}, "expected integer classes"),
        ({"target": np.zeros((2, 2)), "loss": "mae"}, "loss: expected one of .*, got 'mae'"),
        ({"state": []}, r"expected 2 pairs \(h, c\), got 0"),
        ({"state": [np.zeros((2, 2, 4))] * 2}, r"state of layer 1: expected h and c of shape"),
        ({"state": [np.full((2, 2, 4), np.nan), np.zeros((2, 2, 3))]}, "state of layer 0: .*nan"),
        ({"masks": [None]}, "masks: expected one for each of 2 layers, got 1"),
        ({"masks": [None, np.ones((2, 4, 3))]}, r"broadcasts to \(2, 3, 3\), got \(2, 4, 3\)"),
    ],
)
def test_bad_arguments_of_the_loss_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        build().loss_and_gradients(ZERO, **{"target": np.zeros((2, 2)), **arguments})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weights: weights[:-1], "expected 8 arrays, got 7"),
        (
            lambda weights: [*weights[:-1], np.zeros(3)],
            r"dense bias: expected shape \(2,\), got \(3,\)",
        ),
        (lambda weights: [*weights[:-1], np.full(2, np.nan)], "dense bias: expected finite"),
    ],
)
def test_bad_weights_are_refused_and_change_nothing(change, message):
    network = build()
    before = network.parameters.copy()
    with pytest.raises(ValueError, match=message):
        network.set_weights(change([2 * array for array in network.get_weights()]))
    np.testing.assert_array_equal(network.parameters, before)


def test_importing_the_library_imports_no_framework():
    code = "import sys, isru.lstm; print(*{'tensorflow', 'sympy', 'matplotlib'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_every_engine_is_listed():
    assert {"numpy", "numba"} == {*ENGINES}
