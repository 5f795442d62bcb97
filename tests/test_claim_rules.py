"""Every verdict from an interval, at and around the edges that decide."""

import pytest
from scipy.stats import norm
from scipy.stats import t as student

from isru.claims.rules import (
    Decision,
    Limits,
    combine,
    decide,
    for_all,
    of_parts,
    p_of_difference,
    p_of_exclusion,
)
from isru.stats import Interval

TWO = Limits(margin=2, relevance=2)
HALF = Limits(margin=0.5, relevance=0.5)


def effect(low, high):
    return Interval((low + high) / 2, low, high)


@pytest.mark.parametrize(
    ("low", "high", "state"),
    [
        (3, 5, "confirmed"),
        (3, 60, "confirmed"),  # wide, yet wholly beyond the margin
        (-5, -3, "refuted"),
        (-60, -0.1, "refuted"),
        (-0.5, 0.8, "equivalent"),
        (0.2, 1.5, "confirmed but negligible"),
        (-3, 5, "undecided"),  # wider than the margin
        (1.5, 2.5, "undecided"),  # narrow, but across the margin's end
        (-3, 0, "undecided"),  # touching 0 does not exclude it
        (2, 4, "undecided"),  # touching the relevance margin is not beyond it
        (0.2, 2, "confirmed but negligible"),  # ... but inside it
    ],
)
def test_the_state_of_a_claim_of_direction(low, high, state):
    assert decide(effect(low, high), "greater", TWO).state == state


@pytest.mark.parametrize(
    ("low", "high", "state"),
    [
        (-0.3, 0.2, "equivalent"),
        (0.1, 0.3, "equivalent"),  # a difference that is there and does not matter
        (-0.44, 0.51, "equivalent"),  # the one-sided tests pass, the 95 % interval is not inside
        (-0.49, 0.69, "undecided"),
        (-2, 2, "undecided"),
        (-0.51, 0.51, "undecided"),  # the tests pass, but it is wider than the margin
        (0.5, 0.9, "undecided"),
        (0.51, 0.9, "refuted"),
        (-9, -0.6, "refuted"),
    ],
)
def test_the_state_of_a_claim_of_equivalence(low, high, state):
    assert decide(effect(low, high), "equivalent", HALF).state == state


@pytest.mark.parametrize(
    ("low", "high", "state"),
    [
        (3.5, 5, "confirmed"),
        (3, 6, "confirmed"),
        (6.1, 7, "refuted"),
        (1, 2.9, "refuted"),
        (2, 3, "undecided"),
        (2, 7, "undecided"),
    ],
)
def test_the_state_of_a_claim_of_a_range(low, high, state):
    limits = Limits(margin=1, relevance=1, range=(3, 6))
    assert decide(effect(low, high), "between", limits).state == state


@pytest.mark.parametrize(
    ("low", "high", "state"),
    [
        (-0.2, 0.4, "equivalent"),
        (-0.9, 0.4, "non-inferior"),  # wider than the margin, and yet not worse by it
        (-0.9, -0.6, "non-inferior"),  # better by more than the margin
        (0.1, 0.4, "equivalent"),  # a loss that is there, and does not matter
        (-0.2, 0.5, "undecided"),  # touching the margin is not inside it
        (0.4, 0.9, "undecided"),
        (0.5, 0.9, "undecided"),
        (0.6, 0.9, "worse"),
    ],
)
def test_the_state_of_a_claim_that_an_arm_is_no_worse(low, high, state):
    found = decide(effect(low, high), "no worse", HALF)
    assert found.state == state
    assert (found.p < 0.05) == (state != "undecided")
    assert found.supports == (state in ("equivalent", "non-inferior"))


@pytest.mark.parametrize(
    ("rule", "sides"),
    [
        ("greater", {0.1: True, -0.1: False}),
        ("equivalent", {-0.9: True, 1.1: False}),
        ("no worse", {-3: True, 0.9: True, 1.1: False}),
        ("between", {3.1: True, 2.9: False, 6.1: False}),
    ],
)
def test_what_is_undecided_says_on_whose_side_its_estimate_lies(rule, sides):
    limits = Limits(margin=1, relevance=1, range=(3, 6))
    for estimate, side in sides.items():
        found = decide(Interval(estimate, estimate - 20, estimate + 20), rule, limits)
        assert (found.state, found.leans) == ("undecided", side), estimate


def test_more_noise_makes_no_word_stronger():
    """A claim that one condition bears out is not refuted once that one is too noisy to say so."""
    limits = Limits(margin=0, relevance=0, range=(3, 6))
    outside = decide(effect(1, 2), "between", limits)
    sharp, noisy = (decide(effect(*ends), "between", limits) for ends in [(4, 5), (2, 7)])
    assert combine([outside, sharp], ["form"]) == "depends on form"
    assert combine([outside, noisy], []) == "inconclusive"


def test_what_is_undecided_says_why():
    reasons = {decide(effect(*ends), "greater", TWO).reason for ends in [(-3, 5), (1.5, 2.5)]}
    assert reasons == {
        "the interval is wider than the margin",
        "the interval lies across an end of the margin",
    }


def test_an_effect_the_other_way_that_does_not_matter_is_told_from_one_that_does():
    reason = "the effect goes the other way"
    found = [decide(effect(*ends), "greater", Limits(2, 2)) for ends in [(-5, -3), (-1.5, -0.5)]]
    assert {decision.state for decision in found} == {"refuted"}
    assert [d.reason for d in found] == [reason, f"{reason}, inside the relevance margin"]


def state(word):
    """Return a decision by its state; "undecided+" is one whose estimate speaks for the claim."""
    supports = word in ("confirmed", "confirmed but negligible", "non-inferior")
    return Decision(word.removesuffix("+"), "", supports=supports, leans=word.endswith("+"))


@pytest.mark.parametrize(
    ("states", "factors", "word"),
    [
        (["undecided", "undecided"], [], "inconclusive"),
        (["refuted", "refuted"], [], "refuted"),
        (["refuted", "equivalent"], ["units"], "refuted"),  # counterexamples, nowhere borne out
        (["refuted", "undecided"], [], "refuted"),  # one counterexample, nowhere borne out
        (["refuted", "undecided+"], [], "inconclusive"),  # it may be borne out there
        (["refuted", "equivalent", "undecided+"], ["units"], "inconclusive"),
        (["worse", "undecided+"], [], "inconclusive"),
        (["refuted", "undecided", "confirmed"], ["units"], "depends on units"),
        (["refuted", "confirmed"], ["units"], "depends on units"),
        (["refuted", "confirmed"], ["units", "dtype"], "depends on units and dtype"),
        (["refuted", "confirmed"], [], "inconclusive"),  # contradictory, interaction not shown
        (["confirmed", "equivalent"], ["units"], "depends on units"),
        (["confirmed", "undecided"], ["units"], "inconclusive"),  # what is open differs in nothing
        (["confirmed", "undecided"], [], "inconclusive"),
        (["confirmed", "confirmed"], ["units"], "confirmed"),  # one state: nothing depends
        (["equivalent", "equivalent"], [], "equivalent"),
        (["equivalent", "confirmed but negligible"], [], "equivalent"),
        (["confirmed but negligible"], [], "confirmed but negligible"),
        (["confirmed", "confirmed but negligible"], [], "inconclusive"),
        (["non-inferior", "non-inferior"], [], "non-inferior"),
        (["non-inferior", "equivalent"], [], "non-inferior"),
        (["non-inferior", "equivalent"], ["units"], "non-inferior"),  # better is no worse
        (["non-inferior", "equivalent", "undecided"], ["units"], "inconclusive"),
        (["non-inferior", "worse"], ["units"], "depends on units"),
        (["non-inferior", "equivalent", "worse"], ["units"], "depends on units"),
        (["non-inferior", "worse"], [], "inconclusive"),
        (["non-inferior", "undecided"], [], "inconclusive"),
        (["worse", "worse"], [], "worse"),
    ],
)
def test_conditions_add_up_to_the_first_verdict_that_applies(states, factors, word):
    assert combine([state(name) for name in states], factors) == word


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (["confirmed", "refuted"], "refuted"),
        (["inconclusive", "refuted"], "refuted"),
        (["confirmed", "inconclusive"], "inconclusive"),
        (["confirmed", "confirmed"], "confirmed"),
        (["confirmed", "depends on units and form"], "depends on units and form"),
        (["depends on form", "depends on units and form"], "depends on form and units"),
    ],
)
def test_a_claim_holds_with_all_of_its_parts(words, word):
    assert of_parts(words) == word


def test_ends_for_several_effects_at_once_reach_further_the_more_there_are():
    one = Interval(3.0, 2.0, 5.0)
    assert for_all(one, 1) == pytest.approx(one)
    ten, fifty = for_all(one, 10), for_all(one, 50)
    assert fifty.low < ten.low < one.low and one.high < ten.high < fifty.high
    assert (ten.high - 3) == pytest.approx(2 * (3 - ten.low)), "each side as it was"


def test_p_is_not_smaller_than_few_processes_allow():
    """Beyond the interval's end it falls as a t of five degrees of freedom, not as the normal."""
    twice = decide(Interval(4.0, 2.0, 6.0), "greater", Limits(0.0, 0.0))
    assert twice.p == pytest.approx(2 * student.sf(2 * student.ppf(0.975, 5), 5))
    assert twice.p > 20 * 2 * norm.sf(2 * 1.96)


def test_a_claim_of_equivalence_that_fails_somewhere_is_not_refuted_everywhere():
    holds = Decision("equivalent", "", supports=True)
    assert combine([holds, state("refuted")], ["units"]) == "depends on units"
    assert combine([holds, state("refuted")], []) == "inconclusive"


def test_p_falls_below_five_percent_exactly_where_the_interval_ends():
    just, missed = effect(2.001, 4), effect(1.999, 4)
    assert decide(just, "greater", TWO).p < 0.05
    assert p_of_exclusion(effect(-0.001, 4)) == 1.0
    assert p_of_exclusion(effect(0.001, 4)) < 0.05
    assert decide(missed, "greater", TWO).state == "undecided"


def test_intervals_that_meet_show_no_difference():
    assert p_of_difference(effect(0, 2), effect(2, 4)) == 1.0
    assert p_of_difference(effect(0, 2), effect(2.1, 4)) < 0.05
    assert p_of_difference(effect(5, 6), effect(0, 2)) < 0.001


def test_an_exact_effect_has_no_doubt():
    exact = Interval(3.0, 3.0, 3.0)
    assert decide(exact, "greater", TWO) == Decision(
        "confirmed", "the effect lies beyond the relevance margin", 0.0, supports=True, leans=True
    )
    assert decide(Interval(2.0, 2.0, 2.0), "greater", TWO).state == "confirmed but negligible"
