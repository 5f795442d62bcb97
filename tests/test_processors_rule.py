"""The rule of the chapter `processors`: it finds again what a made-up world was made with."""

import numpy as np
import pandas as pd
import pytest

from isru.activations import formula as ops
from isru.analysed.table import problem
from isru.chapters.processors.dots import dots
from isru.chapters.processors.gather import COSTS, STEPS, own
from isru.chapters.processors.rule import (
    THIS_RUN,
    Units,
    Work,
    cases,
    errors,
    fit,
    held,
    library,
    slowest_calls,
    work,
    works,
)
from isru.chapters.processors.scalar import scalar_costs, stands_in
from isru.chapters.processors.steps import case_constants, held_steps
from isru.cost import layer_count

CALLS = {"tanh": (36, 60.0, 90.0), "sigmoid": (24, 5.0, 70.0)}
"""Of a made-up library: operations, cycles of other work out of order and in order."""
CORES = {"little": (14, 14, 2, 4), "soft": (450, 440, 150, 10), "other": (20, 25, 1.5, 3)}
"""Of made-up emulated cores: root, division, operation, and what a call takes."""
MACHINES = {"one": (3, 3, 0.5), "two": (5, 4, 0.5)}


def row(platform, group, form, arm, cost, unit="cycles"):
    return dict(
        zip(COSTS, (platform, group, form, "float32", arm, cost, cost, cost, unit), strict=True)
    )


def world() -> pd.DataFrame:
    """Return the costs of a world that keeps to the rule, each written out by hand."""
    rows = []
    for name, (root, division, one, call) in CORES.items():
        isru = call + root + division + 2 * one
        rows += [
            row(name, "emulated", "call", arm, cost)
            for arm, cost in {
                "identity": call,
                "softsign": call + one + division,
                "isru": isru,
                "isru_sigmoid": isru + 2 * one,
                "hard_tanh": call + 2 * (one + 3),
                **{f: call + division + k * one + w for f, (k, _, w) in CALLS.items()},
            }.items()
        ]
    for name, (root, division, one) in MACHINES.items():
        units = {"root": root, "division": division, "multiply_add": one}
        isru = root + division + one
        found = {"isru": isru} | {f: division + k * one + w for f, (k, w, _) in CALLS.items()}
        core = f"core of {name}"
        rows += [row(core, "analysed", "call", arm, cost) for arm, cost in units.items()]
        rows += [row(name, "measured", "call", arm, 0.4 * c, "ns") for arm, c in found.items()]
    return pd.DataFrame(rows)


STANDS_IN = {name: f"core of {name}" for name in MACHINES}


def test_a_formula_is_counted():
    done = works()
    assert done["isru"] == Work(roots=1, divisions=1, products=1, sums=1)
    assert done["softsign"] == Work(divisions=1, sums=1)
    assert done["hard_tanh"] == Work(comparisons=2)
    assert not {"tanh", "sigmoid", "elu", "identity"} & set(done), "the library's own"
    x = ops.name("x")
    assert work((x * 3 + 1) / 4) == Work(products=2, sums=1), "a quarter is a product"


def test_a_product_and_a_sum_are_one_where_the_core_fuses_them():
    polynomial = Work(products=8, sums=8, comparisons=1)
    assert (polynomial.arithmetic(fused=True), polynomial.arithmetic(fused=False)) == (8, 16)


@pytest.mark.parametrize(("hidden", "cost"), [(0, 30 + 8), (1, 30), (0.5, 30 + 4)])
def test_what_hides_behind_root_and_division_is_not_seen(hidden, cost):
    units = Units(root=20, division=10, operation=1, move=5)
    assert units.loop(Work(1, 1, 8, 8), hidden) == cost
    assert units.loop(Work(comparisons=1), hidden) == 5, "moving a number is the least"


def test_the_constants_of_a_made_up_world_are_found_again():
    rule = fit(cases(world(), STANDS_IN))
    for name, (operations, ahead, in_order) in CALLS.items():
        assert rule.operations[name] == pytest.approx(operations)
        assert rule.rest[name, True] == pytest.approx(ahead)
        assert rule.rest[name, False] == pytest.approx(in_order)


def test_a_world_that_keeps_to_the_rule_is_predicted_platform_by_platform():
    found = held(cases(world(), STANDS_IN))
    assert np.allclose(found["predicted"], found["found"])
    assert np.allclose(found["unseen"], found["found"]) and found["agrees"].all()
    assert not {"isru", "softsign", "isru_sigmoid", "identity"} & set(found["arm"]), "solved from"


def test_a_platform_has_no_part_in_its_own_prediction():
    odd = world()
    there = (odd["platform"] == "other") & (odd["arm"] == "tanh")
    odd.loc[there, "cost"] *= 3
    before, after = (held(cases(costs, STANDS_IN)) for costs in (world(), odd))
    same = (before["platform"] == "other") & (before["arm"] == "tanh")
    assert np.allclose(before.loc[same, "unseen"], after.loc[same, "unseen"])
    assert not after.loc[same, "agrees"].any()
    assert not np.allclose(before.loc[~same, "unseen"], after.loc[~same, "unseen"])


def test_a_machine_and_its_own_record_have_no_part_in_each_others_prediction():
    record = world()
    again = record[record["platform"] == "one"].assign(platform=f"one{THIS_RUN}")
    odd = again.assign(cost=again["cost"].where(again["arm"] != "tanh", 3 * again["cost"]))
    stands_in = STANDS_IN | {f"one{THIS_RUN}": STANDS_IN["one"]}
    before, after = (
        held(cases(pd.concat([record, run]), stands_in)).set_index(["platform", "arm"])["unseen"]
        for run in (again, odd)
    )
    assert after["one", "tanh"] == pytest.approx(before["one", "tanh"])
    assert after["two", "tanh"] != pytest.approx(before["two", "tanh"])


def test_a_vector_loop_is_fitted_from_bare_loops():
    """With a fifth of the arithmetic hidden, four fifths of it show."""
    units = {"root": 3.0, "division": 2.0, "multiply_add": 0.2, "copy": 0.1}
    found = {"isru": 5 + 0.8 * 0.2, "softsign": 2 + 0.8 * 0.2, "rational_tanh": 2 + 0.8 * 7 * 0.2}
    costs = pd.DataFrame(
        [row("it", "measured", "vector", arm, cost, "ns") for arm, cost in (units | found).items()]
    )
    assert fit(cases(costs)).hidden == pytest.approx(0.2, abs=1e-3)


def test_a_core_that_nobody_knows_is_not_predicted():
    costs = world()
    without = held(cases(costs[costs["group"] != "analysed"]))
    assert set(without["platform"]) == set(CORES)
    assert len(held(cases(costs.iloc[:0]))) == 0


def test_the_share_in_the_band_counts_only_what_was_predicted():
    calls = held(cases(world(), STANDS_IN))
    calls.loc[calls.index[0], ["unseen", "unseen_error"]] = np.nan
    table = errors(calls, calls.iloc[:0].assign(calls="")).set_index("group")
    assert table.loc["emulated", "unseen_cases"] == table.loc["emulated", "cases"] - 1
    assert (table["unseen_within"] == 100).all()


def test_a_call_of_the_library_is_told_by_kind_of_core():
    found = cases(world(), STANDS_IN)
    table = library(found, fit(found)).set_index(["function", "core"])
    assert table.loc[("tanh", "ahead"), "cycles"] == pytest.approx(3.5 + 18 + 60)
    assert table.loc[("tanh", "soft"), "platforms"] == 1


def test_the_slowest_call_is_counted_where_it_was_made():
    costs = world()
    assert slowest_calls(costs, "tanh") == (5, 5)
    costs.loc[(costs["platform"] == "little") & (costs["arm"] == "softsign"), "cost"] = 1e6
    assert slowest_calls(costs, "tanh") == (4, 5)
    assert slowest_calls(costs.iloc[:0], "tanh") == (0, 0)


def steps_of(platform, group, program, macs, unit) -> pd.DataFrame:
    """Return steps of a program of 10 features: its calls, and ``macs`` a multiply-add."""
    cost = world()[world()["platform"] == platform].set_index("arm")["cost"]
    rows = []
    for units in (10, 25, 50, 100):
        rest = macs * layer_count(10, units).macs + 300
        arms = {
            "tanh": rest + units * (2 * cost["tanh"] + 3 * cost["sigmoid"]),
            "isru": rest + units * (2 * cost["isru"] + 3 * cost["sigmoid"]),
        }
        if "isru_sigmoid" in cost:
            arms["exp_free"] = rest + units * (2 * cost["isru"] + 3 * cost["isru_sigmoid"])
        for arm, time in arms.items():
            saved = 100 * (1 - time / arms["tanh"])
            case = (platform, group, program, "predict", 1, 10, units, arm)
            rows.append((*case, *[time] * 3, unit, *[saved] * 3))
    return pd.DataFrame(rows, columns=STEPS)


def test_a_step_is_predicted_by_amdahls_law():
    steps = pd.concat(
        [
            steps_of("little", "emulated", "firmware", 3.5, "cycles"),
            steps_of("one", "measured", "export_c", 0.5, "ns"),
            steps_of("one", "measured", "keras", 0.5, "ns"),
        ]
    )
    found = held_steps(steps, world(), STANDS_IN)
    assert set(found["program"]) == {"firmware", "export_c"}, "no rule knows a graph"
    assert set(found["arm"]) == {"isru", "exp_free"}
    assert np.allclose(found["unseen"], found["found"]) and np.allclose(found["error"], 0)


def test_what_is_said_without_a_rule_is_counted_beside_it():
    """Where a step saves under a fifth, "nothing" is right within a quarter, too."""
    steps = steps_of("little", "emulated", "firmware", 8, "cycles")
    found = held_steps(steps, world(), STANDS_IN)
    assert np.allclose(found["trivial_error"], 100 / (1 - found["found"] / 100) - 100)
    table = errors(held(cases(world(), STANDS_IN)), found).set_index("what")
    assert table.loc["step", "unseen_within"] == 100
    assert table.loc["step", "trivial_within"] == 100 * (found["found"] <= 20).mean() < 100
    assert (table.loc["call", "trivial_within"] < 50).all()


def test_a_step_whose_calls_were_taken_as_found_counts_apart():
    """Without the call that returns its argument no units of an emulated core are known."""
    costs, steps = world(), steps_of("little", "emulated", "firmware", 3.5, "cycles")
    unknown = costs[~((costs["platform"] == "little") & (costs["arm"] == "identity"))]
    known, given = (held_steps(steps, table, STANDS_IN) for table in (costs, unknown))
    assert set(known["calls"]) == {"predicted"} and set(given["calls"]) == {"given"}
    table = errors(held(cases(costs, STANDS_IN)), pd.concat([known, given])).set_index("what")
    assert table.loc[["step", "given"], "cases"].tolist() == [len(known), len(given)]


def test_the_constants_of_your_case_are_those_of_the_steps():
    steps = steps_of("one", "measured", "export_c", 0.5, "ns")
    (case,) = case_constants(steps, "one", "two").to_dict("records")
    cost = world()[world()["platform"] == "one"].set_index("arm")["cost"]
    assert (case["platform"], case["cases"], case["units_high"]) == ("c", 4, 100)
    assert case["mac"] == pytest.approx(0.5) and case["call"] == pytest.approx(300)
    assert case["saved_neuron"] == pytest.approx(2 * (cost["tanh"] - cost["isru"]))
    assert case["error"] < 1e-6
    two = steps[steps["units"] < 50]
    assert case_constants(two, "one", "two").empty, "anything fits two sizes"


def test_the_form_covers_what_a_manual_leaves_open():
    steps = steps_of("little", "emulated", "firmware", 3.5, "cycles").replace(
        "little", "Cortex-M4F"
    )
    steps["saving_low"] -= 7
    assert case_constants(steps, "one", "two")["error"].tolist() == pytest.approx([7, 7])


def test_a_mark_stands_over_a_rival_of_the_same_reach():
    """Firmware's rivals replace the gates' function, too; so does ISRU everywhere, not ISRU."""
    steps = steps_of("little", "emulated", "firmware", 3.5, "cycles")
    table = steps[steps["arm"] == "exp_free"].assign(arm="table", cost=lambda t: t["cost"] / 2)
    table[["low", "high"]] = table[["cost", "cost"]].to_numpy()
    drawn = dots(pd.concat([steps, table]), world()).set_index(["arm", "against"])
    assert set(drawn.index) == {("isru", "tanh"), ("exp_free", "tanh"), ("exp_free", "rival")}
    assert drawn.loc[("exp_free", "rival"), "ratio"] == pytest.approx(2)
    assert drawn.loc[("exp_free", "rival"), "rival"] == "table"
    assert (drawn["low"] <= drawn["ratio"]).all() and (drawn["ratio"] <= drawn["high"]).all()


def test_a_machine_has_the_units_of_its_core_or_of_the_newest_of_its_maker():
    def cpu(model, flags=""):
        return {"cpu": {"model": model, "flags": flags.split()}}

    found = stands_in(
        {
            "a server": cpu("Intel Xeon", "avx512f avx512_vnni"),
            "newer than OSACA": cpu("AMD EPYC", "avx512f avx_vnni"),
            "a browser": {"browser": {"name": "Firefox"}, "processor": "AMD Ryzen 7"},
            "nobody told": {"browser": {"name": "Firefox"}},
            "no x86": cpu("Apple M1"),
        }
    )
    assert found == {
        "a server": "Cascade Lake",
        "newer than OSACA": "Zen 4",
        "a browser": "Zen 4",
    }


@pytest.mark.slow
def test_osaca_tells_what_a_scalar_takes():
    """Against the published throughputs of the core (Abel & Reineke 2019, uops.info)."""
    if why := problem():
        pytest.skip(why)
    table = scalar_costs(["Cascade Lake"]).set_index(["dtype", "arm"])["cost"]
    assert dict(table["float32"]) == {"root": 3, "division": 3, "multiply_add": 0.5}
    assert dict(table["float64"]) == {"root": 6, "division": 4, "multiply_add": 0.5}


def test_a_measured_step_joins_as_a_time_step_of_this_machine_and_a_counted_one_as_it_is():
    timed = steps_of("one", "measured", "export_c", 0.5, "us").head(1)
    counted = steps_of("little", "emulated", "firmware", 3.5, "cycles").head(1)
    for rows, platform, factor in ((timed, "here", 1e3 / 24), (counted, "little", 1)):
        joined = own(rows.assign(compiler="gcc"), "here")
        assert list(joined) == STEPS and joined["platform"].tolist() == [platform]
        assert joined["cost"].tolist() == pytest.approx((factor * rows["cost"]).tolist())
    assert list(own(timed.head(0), "here")) == STEPS
