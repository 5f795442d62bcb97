"""What slips through: masks, numbers that a dtype cannot hold, types that are no numbers."""

import collections
import warnings

import numpy as np
import pandas as pd
import pytest

from isru import kernels
from isru.lstm import (
    Adam,
    DivergenceError,
    LSTMNetwork,
    Stream,
    clip_by_global_norm,
    clip_by_value,
    sample,
    train,
    train_step,
)

ZERO = np.zeros((2, 3, 5), np.float32)
HIDDEN = np.ma.masked_equal(np.where(np.arange(30).reshape(2, 3, 5) == 7, 9.0, 0.0), 9.0)
HUGE = ZERO.astype("float64")
HUGE[1, 2, 3] = -1.797e308


@pytest.fixture
def network():
    return LSTMNetwork(5, (4, 3), 2)


def masked_row():
    return [[[0.0] * 4 + [np.ma.masked], [0.0] * 5]]


@pytest.mark.parametrize(
    "x",
    [
        HIDDEN,
        [HIDDEN[0]],
        list(map(list, HIDDEN)),
        (tuple(HIDDEN[1]), HIDDEN[0]),
        collections.deque(HIDDEN),
        masked_row(),
        [ZERO[0], HIDDEN[0]],
    ],
    ids=lambda x: type(x).__name__,
)
def test_masked_elements_are_refused_however_deep(network, x):
    for use in (network.forward, network.predict):
        with pytest.raises(ValueError, match="x: expected numbers without a mask"):
            use(x)


def test_a_mask_that_hides_nothing_is_no_matter(network):
    x = np.ma.array(ZERO, mask=np.zeros_like(ZERO, bool))
    np.testing.assert_array_equal(network.forward(x)[0], network.forward(ZERO)[0])


def test_masks_are_refused_in_everything_that_a_user_hands_in(network):
    pair, target = np.ma.masked_equal(np.zeros((2, 4)), 0.0), np.ma.masked_equal([[0.0, 1.0]], 0.0)
    weights = network.get_weights()
    cases = [
        lambda: network.forward(ZERO, [(pair, pair), (np.zeros((2, 3)),) * 2]),
        lambda: network.forward(ZERO, masks=[np.ma.masked_equal(np.ones(4), 1.0), None]),
        lambda: network.backpropagate(ZERO[:1], target),
        lambda: network.evaluate(ZERO[:1], target),
        lambda: network.backpropagate(ZERO[:1], np.ma.masked_equal([1], 1), "cross_entropy"),
        lambda: network.set_weights([*weights[:-1], np.ma.masked_equal(weights[-1], 0.0)]),
        lambda: train(network, (HIDDEN, ZERO[:, 0, :2]), optimizer=Adam(), epochs=1, rng=None),
        lambda: Stream(network).step(HIDDEN[0, 1]),
        lambda: Stream(network).step([0.0, 0.0, np.ma.masked, 0.0, 0.0]),
        lambda: sample(LSTMNetwork(3, 4, 3), 2, prompt=np.ma.masked_equal([1, 2], 2), rng=None),
    ]
    for use in cases:
        with pytest.raises(ValueError, match="expected numbers without a mask"):
            use()


@pytest.mark.slow
def test_a_compiled_ufunc_keeps_the_mask():
    x = np.ma.array([0.0, 1.0, 2.0], mask=[False, True, False])
    assert kernels.isru(x).mean() == pytest.approx(2 / 5**0.5 / 2)


def test_a_number_that_the_dtype_cannot_hold_is_refused_with_that_number(network):
    state = [(np.zeros((2, 4)), np.full((2, 4), 1e39)), (np.zeros((2, 3)),) * 2]
    weights = network.get_weights()
    cases = [
        (lambda: network.forward(HUGE), r"x: .* finite numbers in float32, got -1.797e\+308"),
        (lambda: network.forward(ZERO, state), r"state of layer 0: .* in float32, got 1e\+39"),
        (lambda: network.evaluate(ZERO, np.full((2, 2), 1e39)), r"target: .* in float32, got 1e"),
        (
            lambda: network.set_weights([*weights[:-1], np.array([0.0, 1e39])]),
            r"dense bias: .* in float32, got 1e\+39 at index \(1,\)",
        ),
        (lambda: network.forward(ZERO, masks=[np.array(1e39), None]), "mask of layer 0: .* 1e"),
        (lambda: Stream(network).step(HUGE[1, 2]), "numbers that float32 can hold"),
        (lambda: network.forward(ZERO, masks=[np.array(np.nan), None]), "mask of layer 0: .*nan"),
    ]
    for use, message in cases:
        with pytest.raises(ValueError, match=message):
            use()
    with pytest.raises(ValueError, match=r"in float64, got 1e\+4000"):
        LSTMNetwork(5, 4, 2, dtype="float64").forward(ZERO + np.longdouble("1e4000"))


def test_what_float32_holds_is_taken_in_any_type_of_numbers(network):
    wanted = network.forward(ZERO + 1)[0]
    for dtype in ("float16", "float64", "longdouble", ">f4", "int8", "uint64", "bool"):
        np.testing.assert_array_equal(network.forward((ZERO + 1).astype(dtype))[0], wanted)
        assert Stream(network).step((ZERO[0, 0] + 1).astype(dtype)).dtype == np.float32
    np.testing.assert_array_equal(network.predict((ZERO + 1).tolist()), wanted)


@pytest.mark.parametrize(
    "x",
    [
        np.full((2, 3, 5), None),
        np.full((2, 3, 5), pd.NA),
        np.full((2, 3, 5), 10**400),
        np.zeros((2, 3, 5), "datetime64[s]"),
        np.zeros((2, 3, 5), "timedelta64[s]"),
        np.full((2, 3, 5), "1.0"),
        pd.DataFrame({name: pd.array([1, None], dtype="Int64") for name in "abcde"}),
        np.zeros((2, 3, 5), [("a", "f4")]),
    ],
    ids=lambda x: str(getattr(x, "dtype", "frame")),
)
def test_what_is_no_real_number_is_refused(network, x):
    with pytest.raises(ValueError, match="x: expected real numbers, got"):
        network.forward(x)
    with pytest.raises(ValueError, match="x: expected"):
        Stream(network).step(x[0, 0] if isinstance(x, np.ndarray) else [pd.NA] * 5)


def test_ragged_lists_are_refused_in_words(network):
    for use in (network.forward, network.predict, Stream(network).step):
        with pytest.raises(ValueError, match=r"x: expected one array, or lists .* lengths agree"):
            use([[[0.0] * 5, [0.0] * 5], [[0.0] * 5]])
    with pytest.raises(ValueError, match="target: expected one array"):
        network.backpropagate(ZERO, [[0.0, 1.0], [0.0]])
    with pytest.raises(ValueError, match="state: expected a sequence, got int"):
        network.forward(ZERO, 3)
    with pytest.raises(ValueError, match="state of layer 0: expected a sequence, got NoneType"):
        network.forward(ZERO, [None, None])
    with pytest.raises(ValueError, match=r"data: expected a pair \(x, target\)"):
        train(network, 5, optimizer=Adam(), epochs=1, rng=None)


ONE_HOT = np.eye(5, dtype=int)[[0, 2, 2]]


def test_integers_that_can_be_symbols_or_one_hot_rows_are_refused_until_one_says(network):
    calls = [network.forward, network.predict]
    calls += [lambda x: network.backpropagate(x, np.zeros((3, 2)))]
    calls += [lambda x: network.evaluate(x, np.zeros((3, 2)))]
    calls += [lambda x: train(network, (x, np.zeros((3, 2))), optimizer=Adam(), epochs=1, rng=None)]
    for use in calls:
        with pytest.raises(ValueError, match=r"pass x\[None\] .* or symbols=True"):
            use(ONE_HOT)
    one, many = network.forward(ONE_HOT[None])[0], network.forward(ONE_HOT, symbols=True)[0]
    assert one.shape == (1, 2) and many.shape == (3, 2)
    np.testing.assert_array_equal(network.predict(ONE_HOT, symbols=True), many)
    np.testing.assert_array_equal(network.forward(np.eye(5)[ONE_HOT])[0], many)
    assert network.forward(ONE_HOT[:, :4])[0].shape == (3, 2)  # no width of one-hot rows


def test_symbols_of_a_whole_data_set_stay_symbols_in_a_batch_that_looks_one_hot():
    symbols = np.array([[0, 1], [1, 0], [1, 1]])
    network = LSTMNetwork(2, 3, 2)
    train(network, (symbols, np.zeros((3, 2))), optimizer=Adam(), batch_size=1, epochs=1, rng=RNG)
    assert network.predict(symbols, batch_size=1).shape == (3, 2)


RNG = np.random.default_rng(0)


@pytest.mark.parametrize("x", [1.5, True, "1", 2**70])
def test_a_symbol_is_an_integer(x):
    with pytest.raises(ValueError, match="x: expected an integer below 3"):
        Stream(LSTMNetwork(3, 4, 3), symbols=True).step(x)


@pytest.mark.parametrize("prompt", [[1.0], [[1, 2]], 3, [True]])
def test_a_prompt_is_one_row_of_integers(prompt):
    with pytest.raises(ValueError, match="prompt: expected integers of shape"):
        sample(LSTMNetwork(3, 4, 3), 2, prompt=prompt, rng=RNG)
    assert len(sample(LSTMNetwork(2, 4, 2), 2, prompt=[0, 1], rng=RNG)) == 2


@pytest.mark.parametrize("temperature", [1e-60, 1e39, np.inf, "hot", None])
def test_a_temperature_that_float32_cannot_hold_is_refused(temperature):
    with pytest.raises(ValueError, match="temperature: expected a finite number above 0"):
        sample(LSTMNetwork(3, 4, 3), 2, prompt=[0], temperature=temperature, rng=RNG)
    assert len(sample(LSTMNetwork(3, 4, 3), 2, prompt=[0], temperature=1e-37, rng=RNG)) == 2


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"learning_rate": 1e39}, "learning_rate"),
        ({"learning_rate": 1e-60}, "learning_rate"),
        ({"epsilon": 1e-60}, "epsilon"),
        ({"beta_2": 1 - 1e-12}, "beta_2"),
        ({"beta_1": 1 - 1e-12}, "beta_1"),
    ],
)
def test_a_rate_that_float32_cannot_hold_is_refused_before_any_update(network, settings, name):
    before = network.parameters.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=f"{name}: expected .* float32"):
            train_step(network, Adam(**settings), ZERO, np.ones((2, 2)))
    np.testing.assert_array_equal(network.parameters, before)
    with pytest.raises(ValueError, match=f"{name}: expected"):
        Adam(**{name: "0.1"})


@pytest.mark.parametrize("limit", [1e-60, 1e39, np.nan, 0, -1, "1"])
def test_a_limit_that_float32_cannot_hold_is_refused(limit):
    for clip in (clip_by_global_norm, clip_by_value):
        with pytest.raises(ValueError, match="expected a number"):
            clip(np.ones(3, np.float32), limit)


def test_a_gradient_whose_square_overflows_is_clipped_to_the_limit():
    gradients = np.array([3e30, -4e30], np.float32)
    with np.errstate(over="ignore"):
        assert clip_by_global_norm(gradients, 1.0) == pytest.approx(5e30)
    np.testing.assert_allclose(gradients, [0.6, -0.8], rtol=1e-6)


def test_weights_that_the_last_update_spoilt_are_a_divergence(network, monkeypatch):
    before = network.parameters.copy()
    monkeypatch.setattr(Adam, "update", lambda self, p, g: p.fill(np.nan))
    with pytest.raises(DivergenceError):
        train(network, (ZERO, np.ones((2, 2))), optimizer=Adam(), epochs=1, rng=RNG)
    np.testing.assert_array_equal(network.parameters, before)
