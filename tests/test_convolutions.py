"""A convolution beside an LSTM: the layers are right, the counts add up, the effects follow."""

import numpy as np
import pandas as pd
import pytest

from isru.chapters.convolutions import shares
from isru.chapters.convolutions import (
    study as convolution,  # its setup_function would pass for one of pytest's
)
from isru.chapters.convolutions.figures import free_savings, saving_gaps
from isru.chapters.convolutions.study import (
    FORMS,
    FUNCTION_SIZE,
    KERNELS,
    Convolution,
    function_arms,
    function_cases,
    layer_arms,
    layer_cases,
    setup_layer,
)

pytestmark = pytest.mark.slow


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def convolve_ref(layer, images):
    """Return tanh of the correlation with the layer's kernels, place by place."""
    batch, side, _, channels = images.shape
    width = 2 * layer.border + 1
    weights = layer.weights.reshape(width, width, channels, channels)
    around = ((0, 0), (layer.border,) * 2, (layer.border,) * 2, (0, 0))
    padded = np.pad(images.astype(np.float64), around)
    out = np.zeros((batch, side, side, channels))
    for i in range(side):
        for j in range(side):
            window = padded[:, i : i + width, j : j + width]
            out[:, i, j] = np.tensordot(window, weights, axes=3) + layer.bias
    return np.tanh(out).reshape(-1, channels)


@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("form", FORMS)
def test_a_convolution_is_the_correlation_with_its_kernels(rng, kernel, form):
    layer = Convolution(4, kernel, 5, 2, activation="tanh", rng=rng)
    layer.bias[:] = rng.standard_normal(4)
    images = rng.standard_normal((2, 5, 5, 4)).astype(np.float32)
    layer.put(images)
    (layer.forward if form == "numpy" else layer.compiled())()
    # Sums of up to 36 products in float32, then tanh of slope 1 at most.
    np.testing.assert_allclose(layer.y, convolve_ref(layer, images), atol=5e-6)


def test_a_kernel_without_a_middle_and_an_activation_that_saves_more_are_refused(rng):
    with pytest.raises(ValueError, match="odd kernel, got 2"):
        Convolution(4, 2, 5, 1, activation="tanh", rng=rng)
    with pytest.raises(ValueError, match="saves its output, got 'isru'"):
        Convolution(4, 3, 5, 1, activation="isru", rng=rng)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("layer", "kernel"), [("convolution", 3), ("lstm", 0)])
def test_every_layer_runs_with_tanh_and_with_a_free_activation(rng, layer, kernel, form):
    for activation in ("tanh", "free"):
        call = setup_layer(
            rng=rng, layer=layer, batch=2, units=3, kernel=kernel, form=form, activation=activation
        )
        call()


def test_the_free_activation_leaves_the_sums_as_they_are(rng):
    settings = {"layer": "convolution", "batch": 1, "units": 3, "kernel": 1, "form": "numpy"}
    step = setup_layer(rng=rng, activation="free", **settings)
    layer = step.__self__
    np.testing.assert_allclose(step(), layer.rows @ layer.weights, atol=1e-6)


def test_an_unknown_layer_or_form_lists_the_known_ones(rng):
    settings = {"rng": rng, "batch": 1, "units": 3, "kernel": 1, "activation": "tanh"}
    with pytest.raises(ValueError, match="convolution or lstm, got 'pool'"):
        setup_layer(layer="pool", form="numpy", **settings)
    with pytest.raises(ValueError, match=r"'compiled'.*got 'fpga'"):
        setup_layer(layer="convolution", form="fpga", **settings)


@pytest.mark.parametrize("arm", function_arms(), ids=lambda arm: arm.label)
def test_every_function_runs_alone(rng, arm):
    convolution.setup_function(rng=rng, size=8, **arm.arguments)()


def test_by_count_an_lstm_lies_between_the_two_smallest_kernels():
    counts = shares.counts([100, 300], list(KERNELS))
    assert (counts["1 x 1"] < counts["LSTM"]).all()
    assert (counts["LSTM"] < counts["3 x 3"]).all()
    assert counts.loc[100, "3 x 3"] == 9 * 100 + 1
    assert counts.loc[100, "LSTM"] == (4 * (10 + 100 + 1) + 3) / 2


def test_only_swept_widths_see_every_kernel():
    cases = pd.DataFrame(layer_cases([10, 300], [10], [1]))
    kernels = cases[cases["layer"] == "convolution"].groupby("units")["kernel"].apply(list)
    assert kernels[10] == list(KERNELS)
    assert kernels[300] == [3]


def sampled(arms, cases, seconds, processes=3):
    """Return samples as `isru.bench.measure` would, of times that a function gives."""
    rows = [
        {"process": process, "block": 0, "position": position, "arm": arm.label, **case}
        | {"loops": 1, "cpu_seconds": seconds(arm.label, case, process)}
        for process in range(processes)
        for case in cases
        for position, arm in enumerate(arms)
    ]
    return pd.DataFrame(rows).assign(seconds=lambda table: table["cpu_seconds"])


@pytest.fixture
def functions():
    """The C library's tanh takes 21 ns a number, an empty loop 2, what is left 3."""

    def function(label, case, process):
        ns = {"libm_tanh": 20, "libm_sigmoid": 10, "numpy_tanh": 1}
        return 1e-9 * case["size"] * (ns.get(label, 2) + (0 if "identity" in label else 1))

    return sampled(function_arms(), function_cases([10, 30]), function)


@pytest.fixture
def table(functions):
    """A world with known shares: k^2 + 1 us a convolution, 1 of it tanh; an LSTM's is 1 of 4."""

    def layer(label, case, process):
        slower = 1 + 0.01 * process
        rest = case["kernel"] ** 2 if case["layer"] == "convolution" else 3
        return 1e-6 * slower * (rest + (0 if label.endswith("free") else 1))

    layers = sampled(layer_arms(), layer_cases([10, 30], [10], [1, 32]), layer)
    return shares.by_process(layers, functions)


def test_the_saving_is_the_share_of_the_activation(table, rng):
    found = shares.savings(table, rng=rng).set_index(["layer", "form", "batch", "units", "kernel"])
    assert found.loc[("convolution", "numpy", 1, 10, 1), "saving"] == pytest.approx(50)
    assert found.loc[("convolution", "compiled", 32, 10, 3), "saving"] == pytest.approx(10)
    assert found.loc[("lstm", "compiled", 1, 30, 0), "saving"] == pytest.approx(25)


def test_the_librarys_tanh_comes_on_top_of_the_free_step(table):
    part = table.set_index(["layer", "form", "kernel", "batch", "units", "process"])
    row = part.loc[("convolution", "library", 3, 1, 10, 0)]
    activations = 8 * 8 * 10
    library = activations * (20 + 1 - 2) * 1e-3  # us: its loop without what calling one takes
    assert row["saving"] == pytest.approx(100 * library / (9 + library))
    assert row["saving"] == row["predicted"]


def test_a_functions_cost_is_that_of_its_loop_without_an_empty_one(functions):
    found = shares.costs(functions)
    assert list(found.index) == [10, 30, FUNCTION_SIZE]
    assert found["libm_tanh"].to_numpy() == pytest.approx(20 + 1 - 2)


def test_the_gap_is_the_lstms_saving_minus_the_usual_convolutions(table, rng):
    found = shares.gaps(table, rng=rng)
    measured = found[found["form"] != "library"]
    assert measured["gap"].to_numpy() == pytest.approx(25 - 10)
    assert set(found["units"]) == {10, 30}
    assert (found["floor_high"] == 0).all()  # tanh again took exactly as long


def test_the_slope_is_the_gain_for_each_halving_of_the_area(table, rng):
    expected = np.polyfit(
        [-2 * np.log2(k) for k in KERNELS], [100 / (k * k + 1) for k in KERNELS], 1
    )[0]
    by_case = shares.slopes(table, rng=rng).query("form == 'compiled'")
    assert by_case["slope"].to_numpy() == pytest.approx(expected)
    mean = shares.mean_slopes(table, rng=rng).set_index("form")
    assert mean.loc["compiled", "slope"] == pytest.approx(expected)
    assert list(mean.index) == list(shares.FORMS)


def test_a_slope_over_some_kernels_leaves_the_others_out(table, rng):
    usual = KERNELS[1:]
    expected = np.polyfit([-2 * np.log2(k) for k in usual], [100 / (k * k + 1) for k in usual], 1)
    mean = shares.mean_slopes(table, kernels=usual, rng=rng).set_index("form")
    assert mean.loc["compiled", "slope"] == pytest.approx(expected[0])


def test_the_figures_have_a_panel_a_form_and_batch(table, rng):
    figure = free_savings(shares.savings(table, rng=rng))
    assert len(figure.axes) == 6
    assert len(saving_gaps(shares.gaps(table, rng=rng), margin=2).axes) == 3


def test_the_lengths_of_the_functions_include_the_layers_own():
    assert function_cases([10, 30]) == [{"size": 10}, {"size": 30}, {"size": FUNCTION_SIZE}]
