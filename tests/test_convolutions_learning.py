"""Learning with ISRLU: pairs share everything but the activation, measures are what they say."""

import numpy as np
import pandas as pd
import pytest

from isru.chapters.convolutions import learning
from isru.chapters.convolutions.figures_learning import beside_the_paper, octaves_of_channels
from isru.chapters.convolutions.learning import ARMS, Case
from isru.chapters.convolutions.paper import OURS, beside, of_the_paper

TINY = {"images": "digits", "epochs": 2, "batch_size": 256}


def case(arm="elu", seed=1, rate=0.01, **settings):
    return Case(arm, seed, rate, **TINY | settings)


def test_the_area_is_the_mean_over_the_epochs_and_the_end_that_over_the_last_quarter():
    validation, test = [8.0, 4.0, 2.0, 1.0, 1.0, 1.0, 0.5, 0.25], [8, 4, 2, 1, 1, 1, 3, 2]
    found = learning.summary(validation, test, [10, 80, 90, 90, 90, 95, 70, 80])
    assert found["area_validation"] == pytest.approx((8 + 4 + 2 + 1 + 1 + 1 + 0.5 + 0.25) / 8)
    assert found["area"] == pytest.approx((8 + 4 + 2 + 1 + 1 + 1 + 3 + 2) / 8)
    assert (found["validation"], found["test"]) == ((0.5 + 0.25) / 2, (3 + 2) / 2)
    assert (found["accuracy"], found["best_accuracy"], found["diverged"]) == (75, 95, False)


def test_a_run_whose_loss_is_not_finite_loses_against_every_other():
    found = learning.summary([2.0, np.nan], [3.0, 1.0], [10.0, 80.0])
    assert found["diverged"]
    assert {found[name] for name in ("area_validation", "area", "validation", "test")} == {np.inf}


def test_the_parts_share_no_image_and_depend_on_the_seed_alone():
    training, validation, test = learning.parts(1000, 1)
    assert [len(part) for part in (training, validation, test)] == [600, 200, 200]
    assert sorted(np.concatenate([training, validation, test])) == list(range(1000))
    np.testing.assert_array_equal(training, learning.parts(1000, 1)[0])
    assert set(training) != set(learning.parts(1000, 2)[0])


def test_every_epoch_has_an_order_of_its_own_and_every_arm_the_same():
    training = np.arange(600)
    first, second = learning.orders(training, case("elu"))
    assert first.shape == (2, 256) and len(np.unique(first)) == first.size
    assert (first != second).any()
    for ours, theirs in zip(
        (first, second), learning.orders(training, case("isrlu_3")), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_a_batch_that_is_larger_than_the_training_part_is_refused():
    with pytest.raises(ValueError, match="at most the 200 images for training, got 256"):
        next(learning.orders(np.arange(200), case()))


@pytest.mark.parametrize("wrong", [{"arm": "gelu"}, {"images": "letters"}])
def test_an_unknown_arm_or_set_of_images_is_refused(wrong):
    with pytest.raises(ValueError, match="expected one of"):
        case(**wrong)


def test_elu_and_half_its_channels_are_always_trained_with_the_same_seeds():
    made = learning.cases(["isrlu_3"], 2, 3000, [0.1, 0.2], images="digits")
    assert {one.arm for one in made} == {"elu", "half_channels", "isrlu_3"}
    assert len(made) == 3 * 2 * 2 and {one.seed for one in made} == {3000, 3001}


@pytest.fixture
def rows():
    """ISRLU lies halfway from ELU to half the channels; the better rate differs by measure."""
    losses = {"elu": 1.0, "half_channels": 2.0, "isrlu_3": 1.5}
    made = []
    for seed in range(4):
        for arm, loss in losses.items():
            for rate, area, end in ((0.1, 0.0, 9.0), (0.2, 9.0, 0.0)):
                wobble = 0.01 * seed * (1 + (arm == "isrlu_3"))
                made.append(
                    {"arm": arm, "seed": seed, "rate": rate, "diverged": False}
                    | {"area_validation": area, "area": 10 + loss + area + wobble}
                    | {"validation": end, "test": loss + end + wobble}
                    | {"accuracy": 90.0, "best_accuracy": 90.0 + seed - loss}
                )
    return pd.DataFrame(made)


def test_each_measure_chooses_its_own_rate_inside_each_seed(rows):
    chosen = learning.by_measure(rows)
    rates = chosen.groupby("task")["rate"].unique().map(list).to_dict()
    assert rates == {"area": [0.1], "end": [0.2]}


def test_an_arm_halfway_to_half_the_channels_is_half_an_octave_worse(rows):
    table = learning.against_elu(learning.by_measure(rows))
    assert table["arm"].tolist() == ["isrlu_3"] * 2
    assert table["octaves"].to_numpy() == pytest.approx(0.5 + 0.01 * 1.5)
    assert table["counts"].all() and (table["low"] < 0.5).all() and (table["high"] > 0.5).all()


def test_splits_that_overlap_widen_the_interval(rows, monkeypatch):
    chosen = learning.by_measure(rows)
    wide = learning.against_elu(chosen)
    monkeypatch.setattr(learning, "OVERLAP", 0.0)
    narrow = learning.against_elu(chosen)
    assert ((wide["high"] - wide["low"]) > 1.3 * (narrow["high"] - narrow["low"])).all()


def test_single_runs_are_paired_by_seed_and_stand_beside_the_papers(rows):
    runs = learning.single_runs(learning.by_measure(rows))
    ours = runs[runs["arm"] == "isrlu_3"]
    assert ours["difference"].to_numpy() == pytest.approx([-0.5] * 4)
    paper = of_the_paper()
    fifth = paper[paper["network"] == "paper, table 5"].set_index("arm")["difference"]
    assert fifth.to_dict() == pytest.approx({"isrlu_1": 0.03, "isrlu_3": 0.01, "elu": 0.0})
    table = beside(runs, paper)
    assert set(table[table["network"] == OURS]["arm"]) == {"elu", "isrlu_3"}
    assert len(table) == 8 + 3 + 2


def test_the_figures_have_a_row_for_each_arm(rows):
    chosen = learning.by_measure(rows)
    (axes,) = octaves_of_channels(learning.against_elu(chosen)).axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["ISRLU, α = 3"]
    (axes,) = beside_the_paper(learning.single_runs(chosen), of_the_paper()).axes
    ours, theirs = (points.get_offsets() for points in axes.collections)
    assert len(ours) == 4 and len(theirs) == 3


@pytest.mark.slow
@pytest.mark.parametrize("arm", ARMS)
def test_keras_computes_value_and_slope_of_every_arm(arm):
    from isru.keras_bridge import keras_activation, load_tensorflow

    tf, entry = load_tensorflow(), ARMS[arm].entry()
    x = np.linspace(-9.05, 9.05, 400)  # no kink is met
    with tf.GradientTape() as tape:
        tape.watch(tensor := tf.constant(x))
        y = keras_activation(entry)(tensor)
    np.testing.assert_allclose(y, entry.value(x), rtol=1e-12, atol=1e-14)
    slope = entry.derivative(entry.forward(x)[1])
    np.testing.assert_allclose(tape.gradient(y, tensor), slope, rtol=1e-10, atol=1e-14)


@pytest.mark.slow
def test_a_seed_gives_every_arm_the_same_start_and_the_same_masks():
    networks = {arm: learning.build_network(arm, 8, 7) for arm in ("elu", "isrlu_3", "identity")}
    first = networks.pop("elu")
    ones = np.ones((5, learning.DENSE), np.float32)
    masks = [first.layers[-2](ones, training=True).numpy() for _ in range(2)]
    assert (masks[0] != masks[1]).any()
    for network in networks.values():
        for ours, theirs in zip(first.get_weights(), network.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)
        for mask in masks:
            np.testing.assert_array_equal(mask, network.layers[-2](ones, training=True))


@pytest.mark.slow
def test_half_the_channels_are_half_and_fine_images_are_averaged_first():
    half = learning.build_network("half_channels", 8, 7)
    assert [layer.filters for layer in half.layers if hasattr(layer, "filters")] == [4, 8]
    fine = np.random.default_rng(0).random((1, 28, 28, 1), np.float32)
    coarse = fine.reshape(1, 14, 2, 14, 2, 1).mean(axis=(2, 4))
    logits = learning.build_network("relu", 28, 7)(fine)
    np.testing.assert_allclose(logits, learning.build_network("relu", 14, 7)(coarse), atol=1e-5)


@pytest.mark.slow
def test_a_row_depends_on_its_case_alone_and_is_not_computed_twice(tmp_path, monkeypatch):
    cases = [case("isrlu_3"), case("elu")]
    rows = learning.train(cases, processes=1, cache=tmp_path, progress=False)
    again = learning.train(cases[::-1], processes=1, progress=False)
    assert rows.to_dict("records") == again[::-1].to_dict("records")
    assert rows["area"].nunique() == 2 and (rows["accuracy"] > 15).all()
    monkeypatch.setattr(learning, "build_network", None)  # whatever trained would fail
    kept = learning.train(cases, processes=1, cache=tmp_path, progress=False)
    pd.testing.assert_frame_equal(kept, rows)
