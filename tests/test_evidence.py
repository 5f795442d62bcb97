"""The published evidence, computed again: on small tables by hand, and on the published ones."""

import re

import numpy as np
import pandas as pd
import pytest

from isru import addresses
from isru.chapters.published_evidence.carries import carried
from isru.claims import load_claims
from isru.data import evidence, law
from isru.data.published import load_published
from isru.records import Record

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def facts():
    grid = load_published("characters_grid")
    tables = [load_published(f"isrlu_paper_table{n}") for n in (2, 3, 4, 5)]
    return (
        evidence.microbenchmark(load_published("microbenchmark"))
        | evidence.gpu(load_published("gpu"))
        | evidence.forecaster(load_published("forecaster"))
        | evidence.characters(grid, load_published("characters_long_runs"))
        | evidence.threads(load_published("threads"))
        | evidence.precision_and_framework(
            load_published("float_against_double"), load_published("keras_notebook")
        )
        | evidence.paper(*tables)
        | law.facts(grid, 87)
    )


def test_the_evidence_that_a_claim_quotes_is_computed(facts):
    role = re.compile(rf"\{{val\}}`({addresses.PATTERN})[^`]*`")
    quoted = [key for claim in load_claims() for key in role.findall(claim.published)]
    own = [key.removeprefix("published-evidence.") for key in quoted]
    assert own and set(own) <= facts.keys()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tanh_slowest_files", 7),
        ("sigmoid_slower_msvc_files", 3),
        ("isru_gain_median", 6.5),
        ("train_saving_median", 2.2),
        ("predict_saving_median", 10.0),
        ("forward_spearman_small", -0.91),
        ("forward_spearman_var", -0.94),
        ("loss_higher_configurations", 41),
        ("loss_difference_mean", 0.87),
        ("threads_gain_large_i7", 71),
        ("threads_speedup_best", 2.4),
        ("keras_slower_max", 12),
        ("invsqrt_ratio_skylake", 3.25),
        ("elu_over_isrlu", 2.63),
        ("gpu_float32", 2.1),
    ],
)
def test_what_was_once_computed_by_hand_comes_out(facts, name, expected):
    digits = len(str(expected).partition(".")[2])
    assert round(facts[name].value, digits) == expected


def test_a_negative_net_time_is_counted_and_the_slowest_activation_named():
    times = dict.fromkeys(evidence.ACTIVATIONS, 0.5) | {"tanh": 4.0, "isru": -0.25}
    rows = [("one", name, value) for name, value in times.items()]
    frame = pd.DataFrame(rows, columns=["machine", "function", "net_ns_per_call"])
    facts = evidence.microbenchmark(frame)
    assert facts["isru_gain_median"].value == 4.25
    assert facts["tanh_slowest_files"].value == facts["isru_negative_files"].value == 1
    assert facts["negative_net_times"].value == 1


def test_facts_are_recorded_as_exact_values(tmp_path, facts):
    record = Record("published-evidence", folder=tmp_path)
    evidence.keep(record, {"gpu_float32": facts["gpu_float32"]})
    assert record.values["gpu_float32"]["kind"] == "exact"


def test_the_character_model_saves_less_the_larger_it_is():
    table = evidence.by_size(load_published("characters_grid"))
    assert table["forward"].is_monotonic_decreasing and table["total"].is_monotonic_decreasing
    assert table["configurations"].sum() == 52


def test_the_law_finds_the_constants_that_made_the_savings():
    grid = pd.DataFrame({"layers": [1, 2, 3, 1, 2], "units": [8, 16, 32, 64, 128]})
    counts = law.counts(grid, 87)
    for made in (law.Law(20.0, 0.0), law.Law(20.0, 30.0)):
        grid["forward_saving_percent"] = law.saving(made, *counts)
        found = law.fit_law(grid, 87, constants=1 + bool(made.other))
        assert (found.saved, found.other) == pytest.approx((20, made.other), rel=1e-6)
        assert found.r2 == pytest.approx(1, abs=1e-9)
    with pytest.raises(ValueError, match="1 or 2 constants"):
        law.fit_law(grid, 87, constants=3)


def test_the_law_falls_as_one_over_inputs_plus_units():
    grid = pd.DataFrame({"layers": [1, 1], "units": [100, 1000]})
    shown = law.saving(law.Law(20.0, 0.0), *law.counts(grid, 50))
    by_law = 100 * 20 / (2 * (50 + grid["units"].to_numpy()))
    assert shown == pytest.approx(by_law, rel=0.15)  # the law leaves out bias, products and head
    assert np.all(np.diff(shown) < 0)


def test_the_number_of_symbols_can_be_read_off_the_savings():
    grid = pd.DataFrame({"layers": [1, 2, 3, 1], "units": [8, 16, 32, 64]})
    grid["forward_saving_percent"] = law.saving(law.Law(20.0, 0.0), *law.counts(grid, 60))
    assert law.best_symbols(grid, low=50, high=70) == 60


def test_the_evidence_carries_directions_and_neither_ratios_nor_accuracy(facts):
    table = carried(facts)
    words = list(zip(table["claim"], table["carried"], strict=True))
    assert ("C2", "yes") in words and ("C2", "no") in words
    assert ("C4", "contradicted") in words and ("C6", "contradicted") in words
    assert ("C5", "cannot tell") in words and ("C10", "cannot tell") in words


def test_what_the_evidence_carries_follows_from_the_facts(facts):
    def word(statement, **changes):
        changed = {name: facts[name]._replace(value=value) for name, value in changes.items()}
        table = carried(facts | changed).set_index("statement")
        return table.loc[statement, "carried"]

    assert word("tanh takes longest", tanh_slowest_files=10) == "yes"
    assert word("... by a ratio", isru_negative_files=0) == "yes"
    grows = {"forward_spearman_small": 0.9, "forward_spearman_var": 0.8}
    assert word("the saving grows with the size", **grows) == "yes"
    assert word("the saving grows with the size", forward_spearman_small=0.1) == "no"
    assert word("the loss is no higher", loss_higher_configurations=27) == "cannot tell"
