"""The activation arms compute what they say, and their summaries judge by the rule."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from isru.activations import ACTIVATIONS
from isru.bench import activation_arms as arms
from isru.experiments.activation_cost import (
    compare,
    floors,
    ns_per_element,
    original_way,
    slowest_rival,
)
from isru.figures.cost import cost_map, cost_ratios, cost_registry

CASE = {"size": 50, "dtype": "float32", "input": "typical"}


def call_of(arm, seed=3, **case):
    factory = getattr(arms, arm.factory.partition(":")[2])
    return factory(rng=np.random.default_rng(seed), **(CASE | case), **arm.arguments)


def sampled(true_ns, cases, processes=6, noise=0.0, seed=0):
    """Return samples as `measure` does, of arms with the given nanoseconds per element."""
    rng = np.random.default_rng(seed)
    rows = [
        {"process": process, "block": block, "position": position, "arm": arm, **case}
        | {"loops": 10, "seconds": ns * case["size"] * 1e-9 * np.exp(rng.normal(0, noise))}
        for case in cases
        for process in range(processes)
        for block in range(2)
        for position, (arm, ns) in enumerate(true_ns.items())
    ]
    return pd.DataFrame(rows).assign(cpu_seconds=lambda frame: frame["seconds"])


@pytest.fixture
def table():
    labels = [arm.label for arm in arms.cost_arms()]
    times = dict(zip(labels, (1, 1, 0.5, 1.01, 4, 2, 0.1), strict=True))
    return sampled(times, arms.cost_cases([100, 1000]), noise=0.001)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("input", arms.INPUTS)
def test_every_arm_computes_its_function_on_the_same_input(dtype, input):
    x = arms.draw(np.random.default_rng(3), 50, dtype, input)
    exact = {"tanh": np.tanh, "isru": lambda x: x / np.sqrt(1 + x * x), "copy": np.positive}
    for arm in arms.cost_arms():
        y = call_of(arm, dtype=dtype, input=input)
        result = y()
        result = result[0] if isinstance(result, tuple) else result
        expected = exact[arm.label.partition("_")[0]](x.astype("float64"))
        if arm.label != "copy":
            assert result.dtype == dtype
            assert np.allclose(result, expected, rtol=1e-5, atol=0)


def test_the_arms_keep_their_input():
    x = arms.draw(np.random.default_rng(3), 50, "float32", "typical")
    before = x.copy()
    for form in ("tanh", "isru_plain", "isru_naive", "copy"):
        arms._FORMS[form](x, np.empty_like(x))()
        assert np.array_equal(x, before)


def test_every_registered_activation_has_an_arm_that_runs():
    made = arms.registry_arms()
    assert [arm.label for arm in made] == list(ACTIVATIONS)
    for arm in made:
        call_of(arm)()


def test_the_arm_and_its_again_differ_in_their_label_only():
    tanh, again = arms.cost_arms()[:2]
    assert (tanh.label, again.label) == ("tanh", "tanh_again")
    assert (tanh.factory, tanh.arguments) == (again.factory, again.arguments)


def test_inputs_are_what_their_names_say():
    near, typical, saturated = (
        arms.draw(np.random.default_rng(0), 10_000, "float64", input) for input in arms.INPUTS
    )
    assert near.std() == pytest.approx(0.01, rel=0.05)
    assert typical.std() == pytest.approx(1, rel=0.05)
    assert np.abs(saturated).min() >= 5 and np.abs(saturated).max() <= 20
    assert abs(saturated.mean()) < 1
    with pytest.raises(ValueError, match="got 'huge'"):
        arms.draw(np.random.default_rng(0), 1, "float64", "huge")


def test_compare_judges_by_interval_floor_and_margin(table):
    compared = compare(
        table,
        floors(table, rng=np.random.default_rng(1)),
        margin=0.02,
        rng=np.random.default_rng(0),
    )
    words = compared.groupby("arm")["direction"].unique().map(list)
    assert words.to_dict() == {
        "isru_plain": ["faster"],
        "isru_naive": ["equal"],
        "isru_safe": ["slower"],
        "isru_network": ["slower"],
        "copy": ["faster"],
    }
    assert len(compared) == 5 * 2 * 2 * 3


def test_ns_per_element_divides_by_the_size(table):
    times = ns_per_element(table, rng=np.random.default_rng(0))
    assert np.allclose(times.loc[times["arm"] == "isru_safe", "ns"], 4, rtol=0.01)


def test_the_slowest_rival_is_found_among_the_published_ones_only():
    cases = [CASE | {"dtype": dtype} for dtype in ("float32", "float64")]
    times = {"tanh": 1.0, "sigmoid": 2.0, "relu": 0.2, "isru": 9.0}
    found = slowest_rival(sampled(times, cases), rng=np.random.default_rng(0))
    assert found["arm"].tolist() == ["sigmoid", "sigmoid"]
    assert np.allclose(found["ratio"], 0.5)


def test_the_original_way_subtracts_the_draw_even_below_zero():
    times = {"draw": 5.0, "draw_tanh": 7.0, "draw_isru": 4.0}
    net = original_way(sampled(times, [{"size": 100, "dtype": "float64"}]))
    assert np.allclose(net["tanh"], 2) and np.allclose(net["isru"], -1)
    assert np.allclose(net["ratio"], -2)


def test_the_figures_label_their_axes_with_units(table):
    bands = floors(table, rng=np.random.default_rng(1))
    compared = compare(table, bands, margin=0.02, rng=np.random.default_rng(0))
    typical = compared[compared["input"] == "typical"]
    times = ns_per_element(table[table["size"] == 100], rng=np.random.default_rng(0))
    drawn = (
        cost_ratios(typical, bands),
        cost_map(compared),
        cost_registry(times[times["input"] == "typical"]),
    )
    for figure in drawn:
        labels = [axes.get_xlabel() for axes in figure.axes]
        assert any("elements (float32)" in label or "per element" in label for label in labels)
    assert plt.get_fignums() == []


def test_the_map_writes_every_ratio_and_names_every_word(table):
    compared = compare(
        table,
        floors(table, rng=np.random.default_rng(1)),
        margin=0.02,
        rng=np.random.default_rng(0),
    )
    figure = cost_map(compared)
    written = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert len(written) == len(compared[compared["arm"] != "copy"])
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert set(words) == set(compared["direction"])
