"""Ratios are judged by interval and margin, and name what they compare."""

import numpy as np
import pandas as pd
import pytest

from isru.addresses import cell_of, split
from isru.bench.c_loops import OPERATIONS
from isru.chapters.activation_cost.limits import limits, roofline
from isru.chapters.activation_cost.original_procedure import (
    beside_fair,
    net_times,
    original_summary,
)
from isru.chapters.activation_cost.ratios import (
    against_libm,
    all_pairs,
    best_alternatives,
    compare,
    floors,
    named_ratios,
    slowest_rivals,
)
from isru.claims import load_claims

pytestmark = pytest.mark.slow

ARMS = {"tanh": 1.0, "tanh_again": 1.0, "isru_plain": 0.5, "hard_tanh": 0.25, "softsign": 0.5}
ARMS |= {"sigmoid": 2.0, "relu": 0.1, "elu": 3.0, "isrlu": 1.5, "rsqrt": 0.25, "copy": 0.1}


def samples(forms=("numpy", "libm"), noise=1e-3, processes=6, **times):
    rng = np.random.default_rng(0)
    rows = [
        {"process": process, "block": block, "position": 0, "arm": f"{form}_{arm}"}
        | {"dtype": dtype, "size": 1000, "input": "typical", "loops": 1}
        | {"cpu_seconds": ns * 1e-6 * np.exp(rng.normal(0, noise))}
        for dtype in ("float32", "float64")
        for process in range(processes)
        for block in range(2)
        for form in forms
        for arm, ns in (ARMS | times).items()
    ]
    return pd.DataFrame(rows).assign(seconds=lambda frame: frame["cpu_seconds"])


def compared(frame):
    rng = np.random.default_rng(1)
    return compare(frame, all_pairs(), floors(frame, rng=rng), rng=rng)


@pytest.mark.parametrize(
    ("isru", "word"), [(0.5, "faster"), (1.0, "equal"), (4.0, "slower"), (1 / 1.02, "undecided")]
)
def test_compare_judges_by_interval_and_margin(isru, word):
    table = compared(samples(isru_plain=isru))
    found = table[(table["numerator"] == "tanh") & (table["denominator"] == "isru_plain")]
    assert found["direction"].tolist() == [word] * 4
    assert np.allclose(found["ratio"], 1 / isru, rtol=2e-3)


def test_what_tanh_shows_against_itself_stands_beside_and_changes_no_word():
    frame = samples(isru_plain=0.9)
    odd = (frame["arm"] == "numpy_tanh_again") & (frame["process"] % 2 == 1)
    frame.loc[odd, "cpu_seconds"] *= 1.5
    table = compared(frame).query("numerator == 'tanh' and denominator == 'isru_plain'")
    assert set(table["direction"]) == {"faster"}
    assert floors(frame, rng=np.random.default_rng(0))["high"].max() > 1.1


def test_the_best_alternative_and_the_slowest_rival_are_chosen_among_all():
    table = compared(samples())
    best, slowest = best_alternatives(table), slowest_rivals(table)
    assert best["numerator"].tolist() == ["hard_tanh"] * 4 and np.allclose(best["ratio"], 0.5, 0.01)
    assert slowest["denominator"].tolist() == ["elu"] * 4
    assert np.allclose(slowest["ratio"], 1 / 3, rtol=0.01)


def test_the_choice_does_not_depend_on_the_tables_index():
    table = compared(samples())
    again = table.set_index(np.zeros(len(table), int))
    assert best_alternatives(again).equals(best_alternatives(table))


def test_every_value_that_a_claim_reads_from_this_chapter_has_a_row():
    forms = ("numpy", "libm", "simd", "fast", "eager", "xla")
    table = named_ratios(compared(samples(forms, processes=2)))
    rows = set(table[["pair", "form", "dtype"]].itertuples(index=False, name=None))
    assert len(rows) == len(table)
    addresses = [split(c.value) for claim in load_claims() for c in claim.conditions]
    cells = [cell_of(name) for chapter, name in addresses if chapter == "activation-cost"]
    assert cells and {tuple(cell.row.values()) for cell in cells} <= rows


def test_libm_is_compared_across_forms():
    found = against_libm(samples(), rng=np.random.default_rng(0))
    assert set(found["form"]) == {"numpy", "libm"} and np.allclose(found["ratio"], 2, rtol=0.01)


def times(**ns):
    rows = [
        {"dtype": "float32", "form": "simd", "arm": arm, "ns": value} for arm, value in ns.items()
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(("copy", "over"), [(0.1, 0.6 / 0.5), (0.6, 1.0)])
def test_the_limit_is_the_larger_of_copy_and_root_with_division(copy, over):
    frame = samples(("simd",), isru_plain=0.6, copy=copy, roots=1.6, divisions=2.4)
    found = limits(frame, rng=np.random.default_rng(1))
    assert found["over_limit"].tolist() == pytest.approx([over] * 2, rel=2e-3)
    assert ((found["low"] < found["over_limit"]) & (found["over_limit"] < found["high"])).all()


def test_a_limit_is_as_uncertain_as_its_processes():
    frame = samples(("simd", "fast"), isru_plain=0.6, copy=0.1, roots=1.6, divisions=2.4)
    odd = frame["arm"].eq("fast_isru_plain") & (frame["process"] % 2 == 1)
    frame.loc[odd, "cpu_seconds"] *= 1.5
    found = limits(frame, rng=np.random.default_rng(1)).set_index(["dtype", "form"])
    width = (found["high"] - found["low"])["float32"]
    assert width["fast"] > 0.4 > 0.02 > width["simd"], "only the form that varied"


def test_the_roofline_counts_operations_and_bytes():
    table = times(isru_plain=0.5, copy=0.1, roots=1.6, divisions=2.4, horner=0.67, hard_tanh=0.1)
    points, roofs = roofline(table, "float32")
    isru = points.set_index("arm").loc["isru_plain"]
    assert (isru["intensity"], isru["speed"]) == (4 / 8, pytest.approx(8))
    assert roofs == {"bandwidth": pytest.approx(80), "peak": pytest.approx(100), "root": 8}


def test_the_originals_way_subtracts_the_baseline_even_below_zero():
    names = ("baseline", "tanh", "isru")
    run = dict.fromkeys(OPERATIONS, 30.0) | dict(zip(names, (30.0, 45.0, 29.0), strict=True))
    net = net_times({"float32": [run, run | {"isru": 31.0}]})
    assert net[net["operation"] == "isru"]["net"].tolist() == [-1, 1]
    (row,) = original_summary(net).itertuples()
    assert (row.runs, row.negative, row.of, row.low, row.high, row.usable) == (2, 1, 28, -1, 1, 1)
    fair = pd.DataFrame(
        [
            {"form": "array", "dtype": "float32", "input": input, "arm": "isru", "ns": ns}
            for input, ns in (("unit", 2.0), ("typical", 3.0))
        ]
    )
    isru = beside_fair(net, fair).set_index("operation").loc["isru"]
    assert isru[["original", "least", "most", "unit", "typical"]].tolist() == [0, -1, 1, 2, 3]
