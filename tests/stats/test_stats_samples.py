"""The mean and the median of a sample, and how often their intervals hold the truth."""

import numpy as np
import pytest
from scipy import stats as distributions

from isru.stats import bootstrap_interval, mean_interval, paired_difference


def test_bootstrap_interval_covers_the_median_as_often_as_it_says():
    rng = np.random.default_rng(3)
    covered = [
        bootstrap_interval(rng.normal(size=40), resamples=200, rng=rng).contains(0)
        for _ in range(300)
    ]
    assert 0.91 < np.mean(covered) < 0.99


def test_bootstrap_interval_follows_its_generator():
    sample = np.random.default_rng(4).normal(size=200)
    first, again, other = (
        bootstrap_interval(sample, rng=np.random.default_rng(seed)) for seed in (5, 5, 6)
    )
    assert first == again != other


def test_a_mean_has_students_interval_under_every_name():
    sample = np.random.default_rng(1).normal(3, 2, 7)
    half = distributions.t.ppf(0.975, 6) * distributions.sem(sample)
    interval = mean_interval(sample)
    assert interval == pytest.approx((sample.mean(), sample.mean() - half, sample.mean() + half))
    assert bootstrap_interval(sample, statistic="mean", rng=None) == interval
    paired = paired_difference(sample, np.zeros(7))
    assert (paired.mean, paired.low, paired.high) == interval


def test_a_mean_of_few_is_covered_as_often_as_it_says():
    """A percentile bootstrap of six covers 86 %."""
    rng = np.random.default_rng(3)
    covered = [mean_interval(rng.normal(size=6)).contains(0) for _ in range(2000)]
    assert 0.935 < np.mean(covered) < 0.965


def test_one_value_tells_nothing_of_its_spread():
    estimate, *ends = mean_interval([2.5])
    assert estimate == 2.5 and np.isnan(ends).all()
