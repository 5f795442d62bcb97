"""Networks of several seeds on one series of days, and other days."""

import numpy as np
import pytest

from isru.stats import mean_interval, seeds_and_days


def weather(rng, *, seeds=12, days=73, memory=0.5):
    """Return errors by seed and day about 1: days that remember, seeds, and what is left."""
    day = rng.normal(size=days)
    day[0] /= np.sqrt(1 - memory**2)
    for today in range(1, days):
        day[today] += memory * day[today - 1]
    errors = 1 + 0.3 * day + rng.normal(0, 0.1, (seeds, 1))
    return errors + rng.normal(0, 0.3, (seeds, days))


def test_days_that_all_seeds_share_widen_an_interval_and_without_any_it_is_students():
    found = weather(np.random.default_rng(0))
    rng = np.random.default_rng(1)
    interval = seeds_and_days(found, np.ones(73), resamples=200, rng=rng)
    narrow = mean_interval(found.mean(axis=1))
    assert interval.estimate == pytest.approx(narrow.estimate)
    assert interval.high - interval.low > 1.5 * (narrow.high - narrow.low)
    alike = np.repeat(found.mean(axis=1)[:, None], 73, axis=1)
    without = seeds_and_days(alike, np.ones(73), resamples=20, rng=rng)
    assert without == pytest.approx(narrow)


def test_a_ratio_of_sums_follows_days_with_more_in_them():
    """Days with ten times the error of knowing nothing weigh ten times as much."""
    reference = np.where(np.arange(40) % 2, 10.0, 1.0)
    errors = np.array([0.4, 0.6])[:, None] * reference
    found = seeds_and_days(errors, reference, block=2, resamples=20, rng=np.random.default_rng(0))
    assert found == pytest.approx(mean_interval([0.4, 0.6]))


@pytest.mark.slow
def test_other_days_are_covered_as_often_as_it_says_where_days_remember():
    rng = np.random.default_rng(0)
    settings = {"resamples": 300, "rng": rng}
    series = [weather(rng) for _ in range(400)]

    def covered(block):
        found = [seeds_and_days(one, np.ones(73), block=block, **settings) for one in series]
        return np.mean([interval.contains(1) for interval in found])

    assert 0.92 < covered(block=7) < 0.98
    assert covered(block=1) < 0.88
    assert np.mean([mean_interval(one.mean(axis=1)).contains(1) for one in series]) < 0.75


@pytest.mark.parametrize(
    ("numerator", "denominator", "block", "message"),
    [
        (np.ones((2, 20)), np.ones(20), 11, "expected a block of 1 to 10 days, half of them, got"),
        (np.ones((1, 20)), np.ones(20), 7, "at least 2 seeds by days .* got shapes"),
        (np.ones((2, 20)), np.ones(19), 7, r"got shapes \(2, 20\) and \(19,\)"),
        (np.full((2, 20), np.nan), np.ones(20), 7, "expected finite sums of each seed and day"),
        (np.ones((2, 20)), np.zeros(20), 7, "whose sum over the days is positive"),
    ],
)
def test_sums_of_days_that_do_not_fit_are_refused(numerator, denominator, block, message):
    with pytest.raises(ValueError, match=message):
        seeds_and_days(numerator, denominator, block=block, rng=np.random.default_rng(0))
