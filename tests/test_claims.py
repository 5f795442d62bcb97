"""The claims file and the verdicts of a run."""

import copy
import json
import re

import numpy as np
import pandas as pd
import pytest
import yaml

from isru import paths
from isru.claims import load_claims, read_run_values, read_runs, verdicts, verdicts_beside
from isru.records import Record

ONE = {
    "id": "C1",
    "sentence": "ISRU is faster.",
    "source": "someone2020",
    "published": "Median {val}`published-evidence.gain_median:.1f unit`, "
    "{val}`published-evidence.files` files.",
    "hypothesis": "It is not.",
    "effect": "saving",
    "unit": "%",
    "rule": "greater",
    "margin": 2,
    "relevance_margin": 2,
    "family": "time",
    "metric": [{"value": "forecaster.saving_{units}", "each": {"units": [10, 100]}}],
}
GATE = {"holds": "forecaster.gate", "otherwise": "this task cannot tell"}


def write(tmp_path, *claims):
    path = tmp_path / "claims.yml"
    path.write_text(yaml.safe_dump(list(claims)))
    return path


def judge(tmp_path, values, **changes):
    """Return the verdict on one claim, ``values`` being the forecaster's ``{name: entry}``."""
    claims = load_claims(write(tmp_path, ONE | changes))
    return verdicts(claims, {"forecaster": values})[0]


def value(estimate, low=None, high=None, kind="machine"):
    ends = {} if low is None else {"low": low, "high": high}
    return {"value": estimate, "unit": "%", "kind": kind} | ends


def test_the_published_claims_are_complete():
    claims = load_claims()
    assert [claim.id for claim in claims] == [f"C{n}" for n in range(1, 18)]
    bibliography = (paths.root() / "book" / "references.bib").read_text(encoding="utf-8")
    keys = set(re.findall(r"^@\w+\{(\w+),", bibliography, flags=re.MULTILINE))
    assert {claim.source for claim in claims} - {None} <= keys


def test_keys_come_from_their_template_and_conditions_from_their_levels():
    claims = {claim.id: claim for claim in load_claims()}
    first = claims["C3"].conditions[0]
    assert first.value == "forecaster.steps[framework=numpy, step=train, units=10].saving"
    assert first.label == "training, NumPy, 10 units"
    assert len(claims["C3"].conditions) == 54 + 12, "and in C that calls the C library"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": "one"}, "claim number 1, field id: expected C and a number, got 'one'"),
        ({"rule": "faster"}, "claim C1, field rule: expected one of"),
        ({"rule": "between"}, "claim C1, field range: expected two numbers"),
        ({"rule": "between", "range": [6, 3]}, "claim C1, field range: expected low below high"),
        ({"range": [3, 6]}, "claim C1, field range: expected none with the rule greater"),
        ({"margin": "wide"}, "claim C1, field margin: expected a finite number, got 'wide'"),
        ({"margin": 0}, "claim C1, field margin: expected a positive number"),
        ({"relevance_margin": -1}, "claim C1, field relevance_margin: expected 0 or more"),
        ({"sentence": " "}, "claim C1, field sentence: expected text"),
        ({"source": 3}, "claim C1, field source: expected a citation key or null"),
        ({"scale": "log"}, "claim C1, field scale: expected one of"),
        ({"verdict": "confirmed"}, "claim C1, field verdict: expected a field of"),
        ({"metric": []}, "claim C1, field metric: expected null or a list"),
        ({"metric": [{}]}, "claim C1, field metric 1: value: expected an address"),
        ({"metric": [{"value": "saving"}]}, "claim C1, field metric 1: value: .* got 'saving'"),
        ({"metric": [{"value": "forecaster.s_{n}"}]}, "field metric 1: value: .*factors of"),
        (
            {"metric": [{"value": "forecaster.s", "low": 1}]},
            "field metric 1: low: expected a field of",
        ),
        (
            {"metric": [{"value": "forecaster.s", "each": {"units": 10}}]},
            "metric 1: each units: .*levels",
        ),
        ({"apply": "Do it."}, "claim C1, field apply: expected a sentence for each verdict"),
        ({"apply": {"so": "Do it."}}, "claim C1, field apply: so: expected a verdict of confirmed"),
        ({"apply": {"open": " "}}, "claim C1, field apply: open: expected a sentence"),
        ({"ends": "guesses"}, "claim C1, field ends: expected one of"),
        (
            {"metric": [{"value": "forecaster.s", "gate": "forecaster.g"}]},
            "metric 1: gate: expected {holds: KEY} with",
        ),
        (
            {"metric": [{"value": "forecaster.s", "gate": {"holds": 1, "otherwise": "No."}}]},
            "metric 1: gate: holds: expected an address",
        ),
        (
            {"metric": [{"value": "forecaster.s", "gate": GATE | {"otherwise": " "}}]},
            "metric 1: gate: otherwise: expected text",
        ),
        ({"hardware": "a GPU"}, "claim C1, field hardware: expected null or"),
        ({"interactions": {"units": "forecaster.s"}}, "field interactions: units: expected a list"),
    ],
)
def test_a_broken_claim_is_named_with_its_field(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        load_claims(write(tmp_path, ONE | changes))


def test_a_missing_field_a_double_claim_and_no_yaml_are_named(tmp_path):
    incomplete = {key: text for key, text in ONE.items() if key != "hypothesis"}
    with pytest.raises(ValueError, match=r"claim C1, field hypothesis: .*no such field"):
        load_claims(write(tmp_path, incomplete))
    with pytest.raises(ValueError, match="claim C1, field id: expected one claim of this id"):
        load_claims(write(tmp_path, ONE, ONE))
    (tmp_path / "claims.yml").write_text("- id: [")
    with pytest.raises(ValueError, match=r"claims.yml, line 1: not valid YAML"):
        load_claims(tmp_path / "claims.yml")


WRONG = (None, True, 0, -3, 1.5, 10**400, float("nan"), "", " ", "x", [], ["x"], {}, {"x": [1]})
FIELDS = {
    **{
        (name,): ONE
        for name in (*ONE, "scale", "ends", "range", "hardware", "interactions", "apply", "more")
    },
    **{("metric", 0, name): ONE for name in ("value", "each", "rule", "range", "presumes", "gate")},
    ("metric", 0): ONE,
    ("metric", 0, "each", "units"): ONE,
    ("metric", 0, "each", "units", 0): ONE,
    ("hardware", "name"): ONE | {"hardware": {"name": "GPU", "present": "forecaster.gpu"}},
    ("hardware", "present"): ONE | {"hardware": {"name": "GPU", "present": "forecaster.gpu"}},
    ("interactions", "units"): ONE | {"interactions": {"units": ["forecaster.s"]}},
    ("interactions", "units", 0): ONE | {"interactions": {"units": ["forecaster.s"]}},
    ("range",): ONE | {"rule": "between"},
    ("range", 0): ONE | {"rule": "between", "range": [1, 2]},
}


@pytest.mark.parametrize("place", FIELDS, ids=lambda place: ".".join(map(str, place)))
def test_no_field_of_any_kind_breaks_the_reader(monkeypatch, place):
    """Whatever stands in a field, the claim is judged, or refused with its name."""
    content = []
    monkeypatch.setattr("isru.yaml_text.read_yaml_file", lambda *_: content)
    for wrong in WRONG:
        claim = copy.deepcopy(FIELDS[place])
        inside = claim
        for step in place[:-1]:
            inside = inside[step]
        inside[place[-1]] = wrong
        content[:] = [claim]
        try:
            claims = load_claims()
        except ValueError as error:
            assert str(error).startswith("claims.yml, claim "), wrong
            assert len(str(error)) < 400
        else:
            verdicts(claims, {"forecaster": {"saving_10": value(8, 6, 10)}})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"- id: C1\n  sentence: \xff", "claims.yml: expected UTF-8"),
        (b"<<<<<<< ours\n- id: C1\n=======\n- id: C2\n>>>>>>> theirs\n", "claims.yml, line"),
        (b"- id: C1\n  id: C2\n", "claims.yml, line 2: .*'id' stands twice"),
        (b"", "claims.yml: expected a list of claims, got None"),
        (b"id: C1", "claims.yml: expected a list of claims, got {'id': 'C1'}"),
        (b"[]", r"claims.yml: expected a list of claims, got \[\]"),
        (b"- C1", "claims.yml, claim number 1, field id: expected a mapping of fields"),
        (b"- {id: !!int x}", "claims.yml, line 1: .*expected a whole number"),
    ],
)
def test_a_file_that_holds_no_claims_is_named(tmp_path, content, message):
    (tmp_path / "claims.yml").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load_claims(tmp_path / "claims.yml")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"interactions": []}, "field interactions: expected factor"),
        (
            {"hardware": {"name": 5, "present": "forecaster.gpu"}},
            "field hardware: name: expected text",
        ),
        ({"metric": [{"value": "forecaster.s", "each": []}]}, "metric 1: each: expected factors"),
        (
            {"metric": [{"value": "forecaster.s", "each": {5: [1]}}]},
            "metric 1: each 5: expected a word",
        ),
        ({"metric": [{"value": "forecaster.s_{n}", "each": {"n": [True]}}]}, "each n: .* got True"),
        (
            {"metric": [{"value": "forecaster.s_{n.real}", "each": {"n": [1]}}]},
            "metric 1: value: .*factors",
        ),
        (
            {"metric": [{"value": "forecaster.s_{n:>999999999}", "each": {"n": [1]}}]},
            "metric 1: value",
        ),
        ({"metric": [{"value": "forecaster.s_{n", "each": {"n": [1]}}]}, "metric 1: value"),
        (
            {
                "metric": [
                    {"value": "forecaster.s", "each": {f"f{n}": list(range(9)) for n in range(20)}}
                ]
            },
            "metric 1: each: expected at most 10,000 conditions",
        ),
    ],
)
def test_what_a_metric_must_not_be_is_refused(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        load_claims(write(tmp_path, ONE | changes))


def test_a_verdict_tells_effect_reason_and_conditions(tmp_path):
    verdict = judge(tmp_path, {"saving_10": value(8, 6, 10), "saving_100": value(4, 3, 5)})
    assert verdict.word == "confirmed"
    assert verdict.effect == "4 % (2.77 to 5.23) at 100 units to 8 % (5.54 to 10.5) at 10 units"
    assert verdict.reason == "the effect lies beyond the relevance margin"
    assert [found.condition.label for found in verdict.conditions] == ["10 units", "100 units"]
    assert verdict.p < 0.05


def test_a_verdict_counts_for_what_its_conditions_speak(tmp_path):
    metric = [{"value": "forecaster.saving_{units}", "each": {"units": list(range(5))}}]
    ends = [(20, 19, 21), (20, 19, 21), (-20, -21, -19), (0, -9, 9)]
    values = {f"saving_{units}": value(*saving) for units, saving in enumerate(ends)}
    told = judge(tmp_path, values, metric=metric).tally
    assert told == "of 4 conditions 2 speak for it, 1 speaks against it, 1 stays open"
    against = {"saving_0": values["saving_2"], "saving_1": values["saving_2"]}
    told = judge(tmp_path, against, metric=metric).tally
    assert told == "of 2 conditions 2 speak against it"
    assert judge(tmp_path, {"saving_0": values["saving_0"]}, metric=metric).tally == ""
    assert judge(tmp_path, {}, metric=metric).tally == ""


def test_what_no_notebook_recorded_is_not_measured_yet(tmp_path):
    assert judge(tmp_path, {}).word == "not measured yet"
    assert judge(tmp_path, {"saving_10": value(8, 6, 10)}, metric=None).word == "not measured yet"


def test_a_condition_that_a_profile_leaves_out_is_skipped(tmp_path):
    verdict = judge(tmp_path, {"saving_10": value(8, 6, 10)})
    assert verdict.word == "confirmed"
    assert [found.value for found in verdict.conditions] == [8, None]


def test_absent_hardware_comes_before_everything(tmp_path):
    hardware = {"name": "graphics processor", "present": "forecaster.gpu"}
    values = {"saving_10": value(8, 6, 10), "gpu": value(False, kind="exact")}
    verdict = judge(tmp_path, values, hardware=hardware)
    assert verdict.word == "not testable here"
    assert verdict.reason == "this machine has no graphics processor"
    values["gpu"] = value(True, kind="exact")
    assert judge(tmp_path, values, hardware=hardware).word == "confirmed"


def test_a_value_without_an_interval_decides_nothing_unless_it_is_exact(tmp_path):
    verdict = judge(tmp_path, {"saving_10": value(8)})
    assert (verdict.word, verdict.reason) == ("inconclusive", "no interval was recorded")
    assert judge(tmp_path, {"saving_10": value(8, kind="exact")}).word == "confirmed"


def test_a_sign_that_changes_with_a_factor_depends_on_it(tmp_path):
    values = {"saving_10": value(8, 6, 10), "saving_100": value(-8, -10, -6)}
    assert judge(tmp_path, values).word == "depends on units"


def test_a_claim_that_depends_is_named_after_every_factor_that_its_size_changes_with(tmp_path):
    each = {"form": {"loop": "a loop", "call": "calls"}, "dtype": ["single", "double"]}
    metric = [{"value": "forecaster.saving_{form}_{dtype}", "each": each}]
    values = {
        "saving_loop_single": value(20, 18, 22),
        "saving_loop_double": value(8, 6, 10),
        "saving_call_single": value(-20, -22, -18),
        "saving_call_double": value(-19, -22, -16),
    }
    assert judge(tmp_path, values, metric=metric).word == "depends on dtype and form"
    values["saving_loop_double"] = value(8, 1, 15)  # the same, left undecided by a noisier run
    assert judge(tmp_path, values, metric=metric).word == "depends on dtype and form"
    values["saving_loop_double"] = value(21, 18, 24)
    assert judge(tmp_path, values, metric=metric).word == "depends on form"


def test_a_size_that_changes_is_no_dependence_where_every_state_is_the_same(tmp_path):
    values = {"saving_10": value(8, 6, 10), "saving_100": value(20, 18, 22)}
    assert judge(tmp_path, values).word == "confirmed"


def test_contradictory_conditions_whose_intervals_meet_are_inconclusive(tmp_path):
    values = {"saving_10": value(8, 3, 12), "saving_100": value(1, -3, 5)}
    assert judge(tmp_path, values).word == "inconclusive"


def test_a_recorded_interaction_goes_before_intervals_apart(tmp_path):
    values = {"saving_10": value(8, 3, 12), "saving_100": value(0, -1, 1)}
    interactions = {"units": ["forecaster.slope"]}
    values["slope"] = value(-2, -3, -1)
    assert judge(tmp_path, values, interactions=interactions).word == "depends on units"
    values["slope"] = value(-2, -5, 1)
    values["saving_100"] = value(-8, -10, -6)
    assert judge(tmp_path, values, interactions=interactions).word == "inconclusive"


def test_less_turns_the_effect_round(tmp_path):
    assert judge(tmp_path, {"saving_10": value(-8, -10, -6)}, rule="less").word == "confirmed"
    assert judge(tmp_path, {"saving_10": value(8, 6, 10)}, rule="less").word == "refuted"


def test_a_ratio_is_held_against_one_on_both_sides_alike(tmp_path):
    ratio = {"scale": "ratio", "unit": "", "margin": 0.02, "relevance_margin": 0.02}
    ratio["metric"] = [{"value": "forecaster.ratio"}]
    for entry, word in [
        (value(1.5, 1.3, 1.7), "confirmed"),
        (value(0.7, 0.6, 0.8), "refuted"),
        (value(1.0, 1 / 1.019, 1.019), "equivalent"),
        (value(1.0, 1 / 1.5, 1.5), "inconclusive"),
    ]:
        assert judge(tmp_path, {"ratio": entry}, **ratio).word == word
    with pytest.raises(
        ValueError, match=r"claim C1, value forecaster.ratio: expected a ratio above 0"
    ):
        judge(tmp_path, {"ratio": value(0.1, -0.1, 0.3)}, **ratio)


def test_one_failure_shows_nothing_and_one_success_refutes(tmp_path):
    fails = {"rule": "fails", "metric": [{"value": "forecaster.search"}]}
    failed = judge(tmp_path, {"search": value(True, kind="exact")}, **fails)
    assert (failed.word, failed.reason) == (
        "inconclusive",
        "one attempt that fails excludes no other",
    )
    assert judge(tmp_path, {"search": value(False, kind="exact")}, **fails).word == "refuted"
    with pytest.raises(ValueError, match="true or false"):
        judge(tmp_path, {"search": value(1)}, **fails)


def test_a_truth_holds_or_does_not(tmp_path):
    holds = {"rule": "holds", "metric": [{"value": "forecaster.smooth"}]}
    assert judge(tmp_path, {"smooth": value(True, kind="exact")}, **holds).word == "confirmed"
    assert judge(tmp_path, {"smooth": value(False, kind="exact")}, **holds).word == "refuted"
    with pytest.raises(ValueError, match="expected true or false, got 1"):
        judge(tmp_path, {"smooth": value(1)}, **holds)


def test_what_is_not_there_cannot_grow(tmp_path):
    grows = {"metric": [{"value": "forecaster.slope", "presumes": "forecaster.saving"}]}
    slope = {"slope": value(8, 6, 10)}
    assert judge(tmp_path, slope | {"saving": value(5, 3, 7)}, **grows).word == "confirmed"
    assert judge(tmp_path, slope | {"saving": value(-5, -7, -3)}, **grows).word == "refuted"
    assert judge(tmp_path, slope | {"saving": value(1, -3, 5)}, **grows).word == "inconclusive"
    assert judge(tmp_path, slope, **grows).word == "inconclusive"


def test_a_condition_that_decides_nothing_makes_no_claim_depend_on_it(tmp_path):
    values = {"saving_10": value(20, 18, 22), "saving_100": value(3, 1, 5)}
    found = judge(tmp_path, values)
    assert [one.decision.state for one in found.conditions] == ["confirmed", "undecided"]
    assert found.word == "inconclusive"


def test_a_claim_that_says_one_thing_here_and_another_there_holds_with_both(tmp_path):
    """No gain with few units, a gain with many: refuted where no gain is shown with many."""
    few = {"value": "forecaster.saving_{units}", "rule": "less", "each": {"units": [10, 25]}}
    many = few | {"rule": "greater", "each": {"units": [100, 200]}}
    values = {f"saving_{units}": value(-9, -11, -7) for units in (10, 25, 100)}
    values["saving_200"] = value(-3, -7, 1)
    found = judge(tmp_path, values, metric=[few, many])
    assert found.word == "refuted"
    values["saving_200"] = value(3, -1, 7)  # a gain may be there
    assert judge(tmp_path, values, metric=[few, many]).word == "inconclusive"
    values["saving_100"] = values["saving_200"] = value(9, 7, 11)
    assert judge(tmp_path, values, metric=[few, many]).word == "confirmed"
    values["saving_200"] = value(3, -1, 7)
    assert judge(tmp_path, values, metric=[few, many]).word == "inconclusive"


def test_a_part_that_depends_on_something_stands_beside_one_that_is_open(tmp_path):
    few = {"value": "forecaster.saving_{units}", "rule": "less", "each": {"units": [10, 25]}}
    many = few | {"rule": "greater", "each": {"units": [100, 200]}}
    values = {"saving_10": value(-9, -11, -7), "saving_25": value(9, 7, 11)}
    values |= {f"saving_{units}": value(3, -1, 7) for units in (100, 200)}
    found = judge(tmp_path, values, metric=[few, many])
    assert found.word == "depends on units"
    assert found.p < 0.05 and "of the family" not in found.reason


NO_WORSE = {"rule": "no worse", "metric": [{"value": "forecaster.loss", "gate": GATE}]}


@pytest.mark.parametrize(
    ("ends", "word"),
    [
        ((-1, 1), "equivalent"),
        ((-3, 1), "non-inferior"),
        ((3, 5), "worse"),
        ((1, 3), "inconclusive"),
    ],
)
def test_a_claim_that_an_arm_is_no_worse_has_words_of_its_own(tmp_path, ends, word):
    values = {"loss": value(sum(ends) / 2, *ends), "gate": value(True, kind="exact")}
    assert judge(tmp_path, values, **NO_WORSE).word == word


def test_a_gate_that_does_not_hold_leaves_a_claim_open_and_says_why(tmp_path):
    values = {"loss": value(0, -1, 1), "gate": value(False, kind="exact")}
    verdict = judge(tmp_path, values, **NO_WORSE)
    assert (verdict.word, verdict.reason) == ("inconclusive", "this task cannot tell")
    endless = judge(tmp_path, values | {"loss": value(0)}, **NO_WORSE)
    assert endless.reason == verdict.reason, "a task that cannot tell may have no interval"
    recorded = {"holds": "forecaster.gate", "reason": "forecaster.why"}
    reasoned = {"rule": "no worse", "metric": [{"value": "forecaster.loss", "gate": recorded}]}
    values["why"] = value("five tasks of six can tell", kind="exact")
    assert judge(tmp_path, values, **reasoned).reason == "five tasks of six can tell"
    assert judge(tmp_path, {"loss": values["loss"]}, **reasoned).reason.endswith("not recorded")
    values["gate"] = value(True, kind="exact")
    assert judge(tmp_path, values, **reasoned).word == "equivalent"
    with pytest.raises(ValueError, match=r"value forecaster.gate: expected true or false, got 1"):
        judge(tmp_path, values | {"gate": value(1)}, **reasoned)


LOSSES = {
    "rule": "no worse",
    "metric": [
        {
            "value": "forecaster.loss_{task}",
            "gate": {"holds": "forecaster.gate_{task}", "otherwise": "this task cannot tell"},
            "each": {"task": list(range(9))},
        }
    ],
}


def losses(ends, shut=()):
    """Return the values of tasks whose intervals these are; the gate is shut for some."""
    gates = {f"gate_{n}": value(n not in shut, kind="exact") for n in range(9)}
    return gates | {f"loss_{n}": value(sum(e) / 2, *e) for n, e in enumerate(ends)}


def test_being_better_somewhere_is_no_dependence(tmp_path):
    found = judge(tmp_path, losses([(-0.5, 0.5), (-9, -8)]), **LOSSES)
    assert [one.decision.state for one in found.conditions[:2]] == ["equivalent", "non-inferior"]
    assert found.word == "non-inferior"
    worse = judge(tmp_path, losses([(-0.5, 0.5), (-9, -8), (8, 9)]), **LOSSES)
    assert worse.word == "depends on task"


def test_equivalence_is_corrected_at_both_margins(tmp_path):
    """Near the margin of what is better, one task of nine is equivalent by itself only."""
    near = (-1.98, 0.38)
    assert judge(tmp_path, losses([near]), **LOSSES).word == "equivalent"
    found = judge(tmp_path, losses([near] * 9), **LOSSES)
    assert {one.decision.state for one in found.conditions} == {"non-inferior"}
    assert (found.word, found.reason) == ("non-inferior", "it is not worse by the margin")
    assert judge(tmp_path, losses([(-0.5, 0.5)] * 9), **LOSSES).word == "equivalent"


def test_what_a_shut_gate_leaves_untested_makes_no_other_test_stricter(tmp_path):
    barely, wild = (-3, 1.9), (-90, 90)
    open_ = judge(tmp_path, losses([barely, wild, wild]), **LOSSES)
    assert [one.decision.state for one in open_.conditions[:3]] == ["undecided"] * 3
    found = judge(tmp_path, losses([barely, wild, wild], shut=(1, 2)), **LOSSES)
    assert found.conditions[0].decision.state == "non-inferior"
    assert found.conditions[1].decision.reason == "this task cannot tell"
    assert found.word == "inconclusive"


def test_what_a_shut_gate_leaves_untested_is_not_among_the_effects(tmp_path):
    found = judge(tmp_path, losses([(-1, 1), (-90, 80), (3, 5)], shut=(1,)), **LOSSES)
    assert found.effect.startswith("0 %") and " to 4 %" in found.effect
    assert "-5" not in found.effect
    none = judge(tmp_path, losses([(-90, 80)], shut=(0,)), **LOSSES)
    assert none.effect.startswith("-5 %"), "shown where it is all there is"


def test_each_condition_is_decided_after_holms_correction_over_all_of_a_claim(tmp_path):
    each = {"units": list(range(10))}
    metric = [{"value": "forecaster.saving_{units}", "each": each}]
    barely, clearly = value(4, 2.01, 6), value(20, 18, 22)
    alone = judge(tmp_path, {"saving_0": barely}, metric=metric)
    assert alone.word == "confirmed"
    together = {"saving_0": barely} | {f"saving_{n}": value(2, -3, 7) for n in range(1, 10)}
    found = judge(tmp_path, together, metric=metric)
    assert {one.decision.state for one in found.conditions} == {"undecided"}
    assert "not decided after Holm's correction over 10 conditions (1 of 10)" in found.reason
    together["saving_0"] = clearly
    assert judge(tmp_path, together, metric=metric).conditions[0].decision.state == "confirmed"
    together["saving_0"] = barely
    read = judge(tmp_path, together, metric=metric, ends="readings")
    assert read.conditions[0].decision.state == "confirmed", "no chance parts two readings"


def test_what_runs_of_a_machine_differ_by_widens_the_intervals_of_a_claim(tmp_path):
    """Twelve timings of three runs: sharp in each, apart by 5 from run to run."""
    each = {"units": list(range(12))}
    claims = load_claims(
        write(tmp_path, ONE | {"metric": [{"value": "forecaster.saving_{units}", "each": each}]})
    )
    rng = np.random.default_rng(0)

    def run(kind="machine"):
        at = 8 + rng.normal(0, 5, 12)
        found = {f"saving_{n}": value(a, a - 1, a + 1, kind) for n, a in enumerate(at)}
        return {"forecaster": found}

    def widths(first, *again):
        found = verdicts(claims, first, [first, *again])[0].conditions
        return [one.high - one.low for one in found]

    first = run()
    assert widths(first) == pytest.approx([2.0] * 12)
    among = widths(first, run(), run())
    assert among == pytest.approx([among[0]] * 12), "one variance for the whole claim"
    assert 14 < among[0] < 26
    trained = [run("tolerance") for _ in range(3)]
    assert widths(*trained) == pytest.approx([2.0] * 12), "no hour changes what is learned"


def test_runs_of_another_machine_are_no_repeats(tmp_path):
    here, there = {"machine": "here"}, {"machine": "there"}
    for name, about in (("run", here), ("run/repeats/2", here), ("run/repeats/3", there)):
        folder = tmp_path / name / "values"
        folder.mkdir(parents=True)
        text = json.dumps({"values": {"saving_10": value(8, 6, 10)}, "provenance": about})
        (folder / "forecaster.json").write_text(text)
    values = read_run_values(tmp_path / "run")
    assert [list(run) for run in read_runs(values, tmp_path / "run")] == [["forecaster"]] * 2 + [[]]


CELL = {"value": "forecaster.steps[step=train, units={units}].saving", "each": {"units": [10, 25]}}


def test_the_evidence_of_a_claim_may_stand_in_a_table(tmp_path, compendium):
    record = Record("forecaster", compendium / "run")
    frame = pd.DataFrame({"step": "train", "units": [10, 25], "saving": [8.0, 9.0]})
    frame["saving_low"], frame["saving_high"] = frame["saving"] - 1, frame["saving"] + 1
    record.table("steps", frame, kind="machine", keys=["step", "units"], columns={"saving": "%"})
    claims = load_claims(write(tmp_path, ONE | {"metric": [CELL]}))
    values = read_run_values(compendium / "run")
    assert verdicts(claims, values)[0].word == "confirmed"
    assert [found.low for found in verdicts(claims, values)[0].conditions] == [7.0, 8.0]
    record.table("steps", frame.head(1), kind="machine", keys=["step", "units"])
    values = read_run_values(compendium / "run")
    assert [found.value for found in verdicts(claims, values)[0].conditions] == [8.0, None]


def test_fewer_than_six_pairs_decide_nothing(tmp_path, compendium):
    frame = pd.DataFrame({"step": "train", "units": [10, 25], "n": [6, 5], "saving": 8.0})
    frame["saving_low"], frame["saving_high"] = frame["saving"] - 1, frame["saving"] + 1
    record = Record("forecaster", compendium / "run")
    columns = {"saving": "%"}
    record.table("steps", frame, kind="machine", keys=["step", "units"], columns=columns)
    claims = load_claims(write(tmp_path, ONE | {"metric": [CELL]}))
    verdict = verdicts(claims, read_run_values(compendium / "run"))[0]
    six, five = (found.decision for found in verdict.conditions)
    assert (six.state, five.state) == ("confirmed", "undecided")
    assert five.reason == "5 pairs, needed: 6"


def test_evidence_that_no_table_can_hold_is_named(tmp_path, compendium):
    frame = pd.DataFrame({"step": ["train", "predict"], "units": 10, "saving": [8.0, 9.0]})
    Record("forecaster", compendium / "run").table(
        "steps", frame, kind="machine", keys=["step", "units"]
    )
    values = read_run_values(compendium / "run")
    for wrong, said in (("gain", "no column 'gain'"), ("saving", "tell them apart by step")):
        metric = [{"value": f"forecaster.steps[units=10].{wrong}"}]
        with pytest.raises(ValueError, match=said):
            verdicts(load_claims(write(tmp_path, ONE | {"metric": metric})), values)


def test_holm_corrects_within_a_family_only(tmp_path):
    barely = {"forecaster": {f"s{n}": value(4, 2.01, 6) for n in range(3)}}
    claims = [ONE | {"id": f"C{n}", "metric": [{"value": f"forecaster.s{n}"}]} for n in range(3)]
    together = verdicts(load_claims(write(tmp_path, *claims)), barely)
    assert {verdict.word for verdict in together} == {"inconclusive"}
    assert "Holm's correction over 3 claims of the family time" in together[0].reason
    apart = [claim | {"family": claim["id"]} for claim in claims]
    judged = verdicts(load_claims(write(tmp_path, *apart)), barely)
    assert {verdict.word for verdict in judged} == {"confirmed"}
    not_run = {"forecaster": {"s0": value(4, 2.01, 6)}}
    assert verdicts(load_claims(write(tmp_path, *claims)), not_run)[0].word == "confirmed"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (value("fast"), "claim C1, value forecaster.saving_10: expected a number, got 'fast'"),
        (value(8, 10, 6), "expected an interval with low below high"),
    ],
)
def test_a_recorded_value_of_a_wrong_kind_is_named(tmp_path, entry, message):
    with pytest.raises(ValueError, match=message):
        judge(tmp_path, {"saving_10": entry})


def test_a_run_is_read_by_notebook(tmp_path):
    folder = tmp_path / "values"
    folder.mkdir()
    (folder / "forecaster.json").write_text(json.dumps({"values": {"saving_10": value(8, 6, 10)}}))
    assert read_run_values(tmp_path) == {"forecaster": {"saving_10": value(8, 6, 10)}}
    (folder / "07.json").write_text("{}")
    with pytest.raises(ValueError, match=r"07.json is damaged: it lacks values"):
        read_run_values(tmp_path)
    with pytest.raises(FileNotFoundError, match="no run at"):
        read_run_values(tmp_path / "nowhere")


def run_of(folder, values):
    (folder / "values").mkdir(parents=True)
    for number, own in values.items():
        (folder / "values" / f"{number}.json").write_text(json.dumps({"values": own}))
    return folder


def test_two_runs_are_compared_by_their_words_not_by_their_numbers(tmp_path):
    claims = load_claims(write(tmp_path, ONE))
    published = run_of(tmp_path / "published", {"forecaster": {"saving_10": value(8, 6, 10)}})
    again = run_of(tmp_path / "again", {"forecaster": {"saving_10": value(5, 3, 7)}})
    other = run_of(tmp_path / "other", {"forecaster": {"saving_10": value(-5, -7, -3)}})
    (same,) = verdicts_beside(claims, published, again)
    assert (same.id, same.published.word, same.yours.word) == ("C1", "confirmed", "confirmed")
    assert same.same
    (differs,) = verdicts_beside(claims, published, other)
    assert (differs.yours.word, differs.same) == ("refuted", False)
    assert [(len(pair.effects), pair.apart) for pair in (same, differs)] == [(1, 0), (1, 1)]


def test_only_what_both_runs_hold_is_compared(tmp_path):
    two = [{"value": "forecaster.saving_10"}, {"value": "precision-threads-frameworks.saving_10"}]
    claims = load_claims(write(tmp_path, ONE | {"metric": two}))
    good, bad = {"saving_10": value(8, 6, 10)}, {"saving_10": value(-8, -10, -6)}
    published = run_of(tmp_path / "published", {"forecaster": good, "exp-free": bad})
    (pair,) = verdicts_beside(claims, published, run_of(tmp_path / "some", {"forecaster": good}))
    assert pair.same, "a notebook that one run lacks decides nothing"
    assert not verdicts_beside(claims, published, run_of(tmp_path / "none", {"characters": good}))


def test_each_claim_on_a_processor_has_one_sentence_for_another_one():
    """It names its condition and rests on recorded values, never on a typed factor."""
    said = {claim.id: claim.elsewhere for claim in load_claims() if claim.elsewhere}
    assert set(said) == {"C1", "C2", "C3", "C8", "C9", "C12", "C13"}
    for name, sentence in said.items():
        plain = re.sub(r"\{val\}`[^`]*`", "", sentence)
        assert len(re.findall(r"[.!?](?:\s|$)", plain)) == 1, (name, "one sentence")
        assert not re.search(r"\d\.\d", plain), (name, "a factor is quoted")
