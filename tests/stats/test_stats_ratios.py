"""How many times as long one arm takes, against itself, and in a word."""

import numpy as np
import pytest

from isru.stats import Interval, aa_floor, direction, ratio_of_medians


def test_ratio_of_medians_is_exact_without_noise():
    ratio = ratio_of_medians([[6.0, 6.0]] * 4, [[2.0] * 3] * 4, rng=np.random.default_rng(0))
    assert ratio == Interval(3.0, 3.0, 3.0)


def test_ratio_of_medians_ignores_what_disturbs_a_whole_process():
    speed = np.array([1.0, 1.7, 0.4, 2.2, 5.0])[:, None]
    ratio = ratio_of_medians(
        6 * speed * np.ones(3), 2 * speed * np.ones(3), rng=np.random.default_rng(0)
    )
    assert np.allclose(ratio, 3.0)


def test_ratio_of_medians_covers_the_truth_when_processes_differ():
    rng = np.random.default_rng(7)
    covered = []
    for _ in range(300):
        bias = np.exp(rng.normal(0, 0.05, (8, 1)))
        slow = 1.2 * bias * np.exp(rng.normal(0, 0.02, (8, 10)))
        fast = np.exp(rng.normal(0, 0.02, (8, 10)))
        covered.append(ratio_of_medians(slow, fast, resamples=200, rng=rng).contains(1.2))
    assert 0.91 < np.mean(covered) <= 1


def test_ratio_of_medians_refuses_arms_from_other_processes():
    with pytest.raises(ValueError, match="same processes"):
        ratio_of_medians([[1.0]], [[1.0], [2.0]], rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="positive times"):
        ratio_of_medians([[0.0]], [[1.0]], rng=np.random.default_rng(0))


def aa_pairs(processes, noise, seed=4, conditions=40):
    rng = np.random.default_rng(seed)
    times = np.exp(rng.normal(0, noise, (conditions, 2, processes, 3)))
    return [(first, second) for first, second in times]


def test_aa_floor_surrounds_one_and_is_symmetric_in_the_labels():
    floor = aa_floor(aa_pairs(6, 0.02), rng=np.random.default_rng(0))
    assert floor.low < 1 < floor.high
    assert floor.low * floor.high == pytest.approx(1, abs=1e-4)


@pytest.mark.slow
def test_aa_floor_shrinks_with_the_number_of_processes():
    few, many = (aa_floor(aa_pairs(n, 0.02), rng=np.random.default_rng(0)) for n in (4, 30))
    assert 1 < many.high < few.high < 1.05


@pytest.mark.slow
def test_aa_floor_holds_what_an_equal_arm_shows():
    """About 95 % of fresh effects of nothing lie inside the floor, a few less or more."""
    floor = aa_floor(aa_pairs(8, 0.02), rng=np.random.default_rng(0))
    rng = np.random.default_rng(1)
    fresh = [
        ratio_of_medians(arm, again, resamples=10, rng=rng).estimate
        for arm, again in aa_pairs(8, 0.02, seed=5, conditions=400)
    ]
    assert 0.93 < np.mean([floor.contains(ratio) for ratio in fresh]) <= 1


@pytest.mark.parametrize(
    ("ratio", "word"),
    [
        (Interval(1.2, 1.1, 1.3), "faster"),
        (Interval(0.8, 0.7, 0.9), "slower"),
        (Interval(1.0, 0.99, 1.01), "equal"),
        (Interval(1.0, 0.8, 1.3), "undecided"),
        (Interval(1.03, 1.025, 1.035), "faster"),
    ],
)
def test_direction_needs_the_interval_beyond_the_margin(ratio, word):
    assert direction(ratio, margin=0.02) == word
