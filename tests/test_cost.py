"""The counts, held against networks counted by hand and against Keras; Amdahl's bounds."""

import numpy as np
import pytest

from isru.cost import (
    CELLS,
    Count,
    arithmetic_intensity,
    bytes_per_step,
    dense_count,
    layer_count,
    network_count,
    saving,
)


def test_an_lstm_of_two_units_and_one_input_counted_by_hand():
    # Each of four blocks: 2 units x (1 input + 2 units + 1 bias) = 8; products f c, i g, o tanh c.
    assert layer_count(1, 2) == Count(32, 32 + 6, gates=6, activations=4, states=4)


@pytest.mark.parametrize(("features", "units"), [(1, 1), (10, 25), (87, 128)])
def test_the_counts_follow_the_published_formulas_corrected(features, units):
    f, c = features, units
    count = layer_count(f, c)
    assert count.parameters == 4 * (c * f + c * c + c)
    assert count.macs == (f + c + 1) * 4 * c + 3 * c
    assert (count.gates + count.activations, count.activations) == (5 * c, 2 * c)
    assert layer_count(f, c, biases=2).parameters == 4 * (c * f + c * c + 2 * c)
    assert layer_count(f, c, cell="peephole").parameters == count.parameters + 3 * c
    assert layer_count(f, c, cell="coupled").parameters * 4 == count.parameters * 3


def test_a_stack_counts_each_layer_with_the_width_below_it():
    count = network_count(3, [4, 5], 2, steps=7)
    layers = layer_count(3, 4), layer_count(4, 5)
    assert count.parameters == sum(one.parameters for one in layers) + 6 * 2
    assert count.macs == 7 * sum(one.macs for one in layers) + 6 * 2
    assert count.activations == 7 * 2 * (4 + 5) and count.states == 2 * (4 + 5)
    every_step = network_count(3, [4, 5], 2, steps=7, return_sequences=True)
    assert every_step.macs - count.macs == 6 * 6 * 2


@pytest.mark.slow
@pytest.mark.parametrize("hidden", [[10], [7, 5]])
def test_the_parameters_are_those_of_keras(hidden):
    import keras

    for cell, layer in (("lstm", keras.layers.LSTM), ("gru", keras.layers.GRU)):
        extra = {"reset_after": False} if cell == "gru" else {}
        model = keras.Sequential([keras.Input((None, 3))])
        for k, units in enumerate(hidden):
            model.add(layer(units, return_sequences=k < len(hidden) - 1, **extra))
        model.add(keras.layers.Dense(2))
        assert model.count_params() == network_count(3, hidden, 2, cell=cell).parameters


def test_the_macs_are_those_of_a_step_written_out():
    rng = np.random.default_rng(0)
    features, units, macs = 3, 4, 0
    for _gate in range(4):
        weights = rng.normal(size=(features + units + 1, units))
        macs += weights.size
    assert layer_count(features, units).macs == macs + 3 * units


def test_bytes_and_intensity_of_a_batch():
    count = layer_count(3, 4)
    assert bytes_per_step(count, 3, batch=2) == 4 * (count.parameters + 2 * (3 + 2 * 8))
    intensity = [arithmetic_intensity(layer_count(64, 64), 64, batch=b) for b in (1, 32, 128)]
    assert 0.4 < intensity[0] < 0.5 and intensity[0] < intensity[1] < intensity[2]


def test_amdahl_is_bounded_by_the_share_and_zero_without_a_change():
    step_ns, activations, each_ns = 1000.0, 50, 3.0
    share = 100 * activations * each_ns / step_ns
    assert saving(step_ns, activations, each_ns, 0.0) == pytest.approx(share)
    assert saving(step_ns, activations, each_ns, 3.0) == 0
    assert saving(step_ns, activations, each_ns, 4.0) < 0
    with pytest.raises(ValueError, match="step_ns > 0, got 0"):
        saving(0.0, activations, each_ns, 1.0)


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(ValueError, match=r"expected a cell of .*got 'rnn'"):
        layer_count(1, 1, cell="rnn")
    with pytest.raises(ValueError, match="units > 0, got 0"):
        layer_count(1, 0)
    assert set(CELLS) == {"lstm", "peephole", "coupled", "gru"} and dense_count(3, 2).macs == 8
