"""Two arms paired by seed: differences and equivalence."""

import numpy as np
import pytest
from scipy import stats as distributions

from isru.stats import holm, paired_difference, tost


def test_paired_difference_removes_what_both_arms_share():
    seeds = np.random.default_rng(8).normal(50, 10, 30)
    summary = paired_difference(seeds + 0.25, seeds)
    assert summary.mean == pytest.approx(0.25)
    assert summary.sd == pytest.approx(0, abs=1e-9)
    assert (summary.n, summary.low) == (30, pytest.approx(0.25))


def test_tost_agrees_with_scipys_one_sided_t_tests():
    rng = np.random.default_rng(10)
    control = rng.normal(size=12)
    treatment = control + rng.normal(0.1, 0.4, 12)
    above = distributions.ttest_1samp(treatment - control, -0.5, alternative="greater").pvalue
    below = distributions.ttest_1samp(treatment - control, 0.5, alternative="less").pvalue
    assert tost(treatment, control, margin=0.5).p == pytest.approx(max(above, below))


@pytest.mark.parametrize("shift", [0.0, 0.2, 0.3, 0.45, 0.8])
def test_tost_passes_exactly_when_its_interval_lies_inside_the_margin(shift):
    differences = np.array([-0.3, 0.1, 0.2, -0.2, 0.4, -0.1, 0.0]) + shift
    outcome = tost(differences, np.zeros(7), margin=0.5)
    assert outcome.passes == (outcome.low > -0.5 and outcome.high < 0.5)


@pytest.mark.slow
def test_tost_rarely_calls_arms_equivalent_that_differ_by_the_margin():
    rng = np.random.default_rng(11)
    passes = [tost(rng.normal(0.5, 0.4, 10), np.zeros(10), margin=0.5).passes for _ in range(1500)]
    assert 0.035 < np.mean(passes) < 0.065


@pytest.mark.slow
def test_tost_has_the_planned_power_at_the_planned_number_of_seeds():
    rng = np.random.default_rng(12)
    passes = [tost(rng.normal(0, 0.5, 11), np.zeros(11), margin=0.5).passes for _ in range(1500)]
    assert 0.77 < np.mean(passes) < 0.88


def test_tost_decides_identical_differences_without_dividing_by_zero():
    assert tost([1.0, 2.0], [1.0, 2.0], margin=0.5).passes
    assert not tost([2.0, 3.0], [1.0, 2.0], margin=0.5).passes


def test_masked_elements_are_refused():
    hidden = np.ma.masked_equal([1.0, 2.0, 9.0], 9.0)
    for values in (hidden, list(hidden)):
        with pytest.raises(ValueError, match="treatment: expected numbers without a mask"):
            paired_difference(values, [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="p values: expected numbers without a mask"):
        holm(np.ma.masked_equal([0.5, 0.1], 0.1))
