"""Exp-free forecasters: what an arm puts where, what is paired, what sizes are equal."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from isru.activations import ACTIVATIONS
from isru.chapters.exp_free.study import (
    CELLS,
    COMPARED,
    FEWEST,
    TRAINED,
    Case,
    cells_table,
    conditions,
    paired_words,
    quality_row,
    scale_candidate,
)
from isru.cost import equal_units, network_count
from isru.lstm import LSTMNetwork
from isru.studies.arms import ARMS

pytestmark = pytest.mark.slow

SMALL = Case("exp_free", 4, 0, epochs=1, window=6, horizon=2, batch_size=512)
WITHOUT_EXP = {"isru", "isru_sigmoid", "hard_tanh", "hard_sigmoid", "softsign", "identity"}


def functions(arm, **fits):
    network = replace(SMALL, arm=arm, **fits).build(7)
    layer = network.layers[0]
    return layer.activation, layer.cell_activation, layer.recurrent_activation


def test_only_exp_free_and_hard_networks_have_no_exponential():
    lstms = [name for name, arm in ARMS.items() if arm.cell == "lstm"]
    free = {arm for arm in lstms if {entry.name for entry in functions(arm)} <= WITHOUT_EXP}
    assert free == {name for name in lstms if name.startswith("exp_free")} | {"hard"}


def test_candidate_and_output_are_replaced_apart():
    names = {arm: [e.name for e in functions(arm)] for arm in ("isru_candidate", "isru_cell")}
    assert names["isru_candidate"] == ["isru", "tanh", "sigmoid"]
    assert names["isru_cell"] == ["tanh", "isru", "sigmoid"]


def test_best_fits_change_the_scales_that_they_name_and_no_other():
    found = {
        arm: [entry.parameters["k"] for entry in functions(arm, k=1.2, gate_k=0.6)[1:]]
        for arm in ("exp_free", "exp_free_best", "exp_free_closest")
    }
    assert found == {
        "exp_free": [1.0, 0.5],
        "exp_free_best": [1.0, 0.6],
        "exp_free_closest": [1.2, 0.6],
    }


def test_arms_of_one_seed_start_alike_but_for_the_gain_and_the_cell():
    reference = SMALL.build(7).get_weights()
    for name, arm in ARMS.items():
        weights = replace(SMALL, arm=name, gain=1.5).build(7).get_weights()
        if arm.cell != "lstm":
            continue
        for one, other in zip(reference[:3], weights[:3], strict=True):
            changed = np.unique(np.nonzero(one != other)[-1])
            wanted = range(8, 12) if arm.gain and one.ndim == 2 else []
            np.testing.assert_array_equal(changed, wanted, err_msg=name)
        np.testing.assert_array_equal(reference[-2], weights[-2])


def test_a_gain_multiplies_the_candidates_weights():
    network = LSTMNetwork(3, (4, 2), 1)
    before = network.get_weights()
    scale_candidate(network, 2.0)
    after = network.get_weights()
    np.testing.assert_array_equal(after[1][:, 8:12], 2 * before[1][:, 8:12])
    np.testing.assert_array_equal(after[3][:, 4:6], 2 * before[3][:, 4:6])
    for place in (2, 5, 6, 7):
        np.testing.assert_array_equal(after[place], before[place])


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("units", [5, 10, 25, 50])
def test_cells_have_as_many_parameters_as_the_lstm_to_half_a_unit(cell, units):
    count = equal_units(cell, 9, units, 1)
    wanted = network_count(9, [units], 1).parameters
    around = [network_count(9, [count + d], 1, cell=cell).parameters for d in (-1, 0, 1)]
    assert around[0] < wanted < around[2]
    assert abs(around[1] - wanted) <= (around[2] - around[0]) / 4 + 2
    assert replace(SMALL, arm=cell, units=units).build(9).parameters.size == around[1]


def test_equal_units_of_an_lstm_are_its_own():
    assert equal_units("lstm", 9, 17, 2) == 17


@pytest.mark.parametrize("arm", ["exp_free", "gru", "exp_free_trained"])
def test_a_row_says_how_large_the_network_is_and_what_it_learned(arm):
    row = quality_row(replace(SMALL, arm=arm, test=True))
    assert np.isfinite(row["skill"]) and row["units"] == 4
    assert row["cell_units"] == (5 if arm == "gru" else 4)
    learned = {"alpha_candidate", "alpha_cell"}
    assert (learned <= set(row)) == (arm in TRAINED)
    if arm in TRAINED:
        assert row["alpha_candidate"] != 1.0 != row["alpha_cell"]


def test_the_plan_has_each_arm_once_and_a_baseline_and_control_where_it_needs_them():
    plan = conditions(
        [10, 25],
        12,
        rain=True,
        more_arms=["isru", "exp_free"],
        more_seeds=6,
        cell_units=[5, 10],
        cell_seeds=8,
    )
    counts = {entry[:3]: entry[3] for entry in plan}
    assert len(counts) == len(plan)
    for units in (10, 25):
        assert all(counts[arm, units, "change"] == 12 for arm in (*COMPARED, *CELLS))
        assert counts["identity", units, "rain"] == 12
    assert counts["isru", 10, "change"] == 6 and ("isru", 25, "change") not in counts
    assert [counts[arm, 5, "change"] for arm in ("tanh", *CELLS)] == [8, 8, 8]
    assert conditions([10], 2, rain=False)[0] == ("tanh", 10, "change", 2)


def test_few_pairs_are_never_equivalent():
    def word(count):
        noise = 0.01 * np.random.default_rng(1).standard_normal(count)
        pairs = pd.DataFrame({"difference": noise, "seed": range(count)})
        pairs = pairs.assign(metric="skill", units=10, arm="exp_free")
        return paired_words(pairs, rng=np.random.default_rng(0))["word"].item()

    assert word(FEWEST) == "equivalent" and word(FEWEST - 1) == "undecided"


def test_the_table_of_cells_counts_gates_and_multiplications():
    rows = pd.DataFrame(
        {"arm": arm, "units": 10, "target": target, "skill": skill, "seed": seed}
        | {"cell_units": 12 if arm == "gru" else 10, "parameters": 851}
        for arm in ("tanh", "gru", "exp_free")
        for target, skill in (("change", 40.0), ("rain", np.nan))
        for seed in range(3)
    )
    table = cells_table(rows, 9, rng=np.random.default_rng(0)).set_index("arm")
    assert list(table.index) == ["tanh", "gru"]
    assert table.loc["tanh", ["macs", "activations", "seeds"]].tolist() == [830, 50, 3]
    assert table.loc["gru", "activations"] == 36 and table["mean"].tolist() == [40.0, 40.0]


def test_an_unknown_arm_is_refused():
    with pytest.raises(ValueError, match=r"arm: expected one of .*got 'gelu'"):
        Case("gelu", 4, 0)
    assert ACTIVATIONS["isru_sigmoid"].range == (0.0, 1.0)
