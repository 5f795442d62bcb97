"""The smallest model: what the front says, what is singled out, what a size costs."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_readable, message

from isru import paths
from isru.chapters.smallest.answer import Map, ask, describe, export_point, model_name, read_map
from isru.chapters.smallest.baselines import pruning_curve
from isru.chapters.smallest.costs import (
    all_costs,
    cmsis_costs,
    equal_cost_units,
    join,
    network_costs,
    with_joules,
)
from isru.chapters.smallest.figures import skill_against_cost
from isru.chapters.smallest.pareto import Answer, cheapest, difference, front, mean_interval
from isru.chapters.smallest.study import (
    Case,
    chosen_rates,
    integer_output,
    kept_network,
    parse_hidden,
    skill_of,
    skill_row,
    stand_in_gap,
    tidy,
)
from isru.chapters.smallest.tasks import task_data
from isru.cli import HELP, main
from isru.firmware.integer import functions_of, quantise, run
from isru.firmware.reference import outputs
from isru.lstm import LSTMNetwork
from isru.stats import Interval
from isru.studies.battery import Device

pytestmark = pytest.mark.slow

SMALL = Case("exp_free", 3, 0, epochs=1, window=6, horizon=2, batch_size=512, test=True, keep=True)
NOISE = np.array([-0.2, 0.1, 0.0, 0.3, -0.1, -0.1])


@pytest.fixture(scope="module")
def row():
    return skill_row(SMALL)


@pytest.fixture(scope="module")
def gru_row():
    return skill_row(replace(SMALL, cell="gru"))


def costs_of_one(cell="lstm"):
    """The costs of a network of 3 units on a Cortex-M4F."""
    return network_costs("cortex-m4f", [(cell, "3")], {"change": np.ones((2, 7), np.float32)})


def a_map(*levels):
    """Points that cost 1, 2, ... and whose seeds share their noise."""
    costs = np.arange(1, len(levels) + 1)
    points = pd.DataFrame({"cycles": costs, "flash": 10 * costs, "ram": costs})
    return points, {n: np.asarray(level) + NOISE for n, level in enumerate(levels)}


def test_the_interval_is_students():
    interval = mean_interval([1.0, 2.0, 3.0])
    assert interval == pytest.approx((2.0, 2 - 4.3027 / 3**0.5, 2 + 4.3027 / 3**0.5), abs=1e-3)


def test_a_single_seed_decides_nothing_but_equality():
    assert difference([1.0], [2.0]).high == np.inf
    assert difference([1.0], [1.0]) == (0, 0, 0)


def test_the_front_rises_and_leaves_out_what_is_surely_no_better():
    points, samples = a_map(1.0, 1.0, 2.0, 1.5)
    assert list(front(points, samples)) == ["on", "off", "on", "off"]


def test_what_the_seeds_do_not_tell_apart_is_open():
    points, samples = a_map(1.0, 1.0)
    samples[1] = samples[1] + np.array([1, -1, 0.5, -0.5, 0.2, -0.1])
    assert list(front(points, samples)) == ["on", "open"]


def test_of_equal_costs_the_one_with_less_flash_is_on_the_front():
    points, samples = a_map(1.0, 1.0)
    points["cycles"], points["flash"] = 1, [20, 10]
    assert list(front(points, samples)) == ["off", "on"]


def test_the_cheapest_within_reach_is_singled_out_when_pairs_decide():
    points, samples = a_map(1.0, 4.5, 5.0)
    answer = cheapest(points, samples, within=1)
    assert (answer.label, answer.wanted, answer.singled_out) == (1, pytest.approx(4.0), True)


def test_a_cheaper_point_that_may_reach_it_spoils_the_answer():
    points, samples = a_map(3.9, 4.5, 5.0)
    samples[0] = samples[0] + np.array([1, -1, 0.5, -0.5, 0.2, -0.2])
    answer = cheapest(points, samples, within=1)
    assert (answer.label, answer.doubtful, answer.singled_out) == (1, (0,), False)


def test_limits_leave_out_what_does_not_fit_and_perhaps_everything():
    points, samples = a_map(1.0, 2.0, 3.0)
    assert cheapest(points, samples, within=0.5, flash=20).label == 1
    assert cheapest(points, samples, least=2.5, flash=20) is None
    assert cheapest(points, samples, within=1, ram=0) is None


def test_wrong_questions_are_refused():
    points, samples = a_map(1.0)
    with pytest.raises(ValueError, match="either within or least"):
        cheapest(points, samples)
    with pytest.raises(ValueError, match="expected limits"):
        cheapest(points, samples, within=1, watts=1)


def test_sizes_are_read_and_wrong_ones_refused():
    assert parse_hidden("25") == (25, 0)
    assert parse_hidden("10x5") == (10, 5)
    for wrong in ("", "0", "5x", "3x4x5", "-1"):
        with pytest.raises(ValueError, match="expected cells"):
            parse_hidden(wrong)


def test_a_kept_network_is_the_one_that_was_rated(row):
    network = kept_network(SMALL, row["kept"])
    assert skill_of(network, SMALL) == row["float32"]
    assert row["int8"] == pytest.approx(row["float32"], abs=2)
    assert row["integer"] == pytest.approx(row["float32"], abs=10)
    assert row["integer"] not in (row["float32"], row["int8"])


def test_no_test_part_is_looked_at_while_something_is_chosen():
    row = skill_row(replace(SMALL, test=False))
    assert not {"float32", "int8", "integer", "kept"} & set(row)


def test_a_rate_is_chosen_by_the_mean_validation_loss_of_its_family():
    losses = [(1e-3, 0, 1.0), (1e-3, 1, 3.0), (1e-2, 0, 1.5), (1e-2, 1, 1.5)]
    rows = pd.DataFrame(losses, columns=["learning_rate", "seed", "validation_loss"])
    assert chosen_rates(rows.assign(task="rain", cell="gru", family="hard")) == {
        ("rain", "gru", "hard"): 1e-2
    }
    assert chosen_rates(pd.DataFrame()) == {}


def test_wrong_cases_name_what_is_known():
    for wrong in ({"target": "snow"}, {"cell": "peephole"}, {"arm": "relu"}):
        with pytest.raises(ValueError, match="expected one of"):
            replace(SMALL, **wrong)


def test_many_windows_in_integers_are_each_the_kernel_to_the_bit():
    data, rng = task_data(SMALL), np.random.default_rng(0)
    network = LSTMNetwork(data.features, (3, 2), 1, rng=rng)
    seen, some = data.train[0], data.test[0][:2]
    found = integer_output(network, seen, some, "integer_tanh")
    model = quantise(network, seen.reshape(-1, data.features))
    dense, bias = network.get_weights()[-2:]
    for window, output in zip(some, found, strict=True):
        whole = np.rint(window / model.input_scale).astype(np.int8)
        hidden = run(model, functions_of("integer_tanh"), whole)[-1]
        assert output == pytest.approx(hidden / 128 @ dense + bias)


def test_the_functions_of_a_gru_are_exchanged_in_its_own_step():
    case = replace(SMALL, cell="gru")
    network = case.build(task_data(case).features)
    assert abs(stand_in_gap(network, case, "exp_free_rsqrt1")) < 0.5
    inputs = task_data(case).test[0]
    exact = network.activation.value, network.recurrent_activation.value
    output = outputs(network, inputs, *exact)[:, -1]
    assert output == pytest.approx(network.predict(inputs), abs=1e-5)


def test_a_row_without_weights_gives_no_network():
    with pytest.raises(ValueError, match="keep=True"):
        kept_network(SMALL, "")


def test_a_stand_in_has_the_skill_of_what_it_stands_for(row):
    network = kept_network(SMALL, row["kept"])
    assert abs(stand_in_gap(network, SMALL, "exp_free_rsqrt1")) < 0.2
    assert abs(stand_in_gap(network, SMALL, "table")) > 0.2  # that is another function


def test_pruning_nothing_changes_nothing_and_sparse_storage_has_a_price(row):
    network = kept_network(SMALL, row["kept"])
    whole, bare = pruning_curve(network, SMALL, [0, 1]).itertuples()
    assert whole.skill == pytest.approx(row["float32"])
    assert whole.nonzero == network.parameters.size
    assert whole.sparse_bytes > whole.dense_bytes > bare.sparse_bytes


def test_stand_ins_share_the_skill_and_int8_takes_less_flash(row):
    rows = pd.DataFrame([row, row | {"seed": 1}])
    points, samples = join(costs_of_one(), tidy(rows))
    assert set(points["arm"]) == {"exp_free", "exp_free_rsqrt1", "integer_isru"}
    place = points.set_index(["arm", "weights"])
    assert place.loc[("exp_free", "int8"), "flash"] < place.loc[("exp_free", "float32"), "flash"]
    assert np.array_equal(samples[0], samples[1])
    assert points["cycles"].between(points["cycles_low"], points["cycles_high"]).all()


def test_costs_counted_one_by_one_are_the_same_table():
    inputs = {"change": np.ones((2, 7), np.float32)}
    found, stored = all_costs(["cortex-m4f"], [("lstm", "3")], inputs)
    assert not stored
    pd.testing.assert_frame_equal(found, costs_of_one(), check_dtype=False)


def test_energy_is_arithmetic_on_the_cycles_of_one_core():
    points = pd.DataFrame({"target": ["a", "a", "b"], "cycles": [640.0, 1e6, 640.0]})
    found = with_joules(points, Device(64, 4, 3, 3, 220, steps_per_second=100), "a")
    mean_ma = 0.001 * 4 + 0.999 * 0.003  # awake for a thousandth of the time
    assert found["joules_a_day"][0] == pytest.approx(mean_ma * 1e-3 * 3 * 86400)
    assert list(found["joules_a_day"].isna()) == [False, True, True]


@pytest.fixture(params=["lstm", "gru"])
def published(request, row, gru_row, tmp_path, monkeypatch):
    """A published map of one network."""
    cell = request.param
    row, costs = {"lstm": row, "gru": gru_row}[cell], costs_of_one(cell)
    skills = tidy(pd.DataFrame([row, row | {"seed": 1}]))
    points, _ = join(costs, skills)
    (tmp_path / "tables").mkdir()
    points = points.assign(largest_input=4.0)
    points.to_csv(tmp_path / "tables" / "smallest-points.csv", index=False)
    skills.to_csv(tmp_path / "tables" / "smallest-skills.csv", index=False)
    kept = model_name("change", cell, "exp_free", "3")
    kept_network(replace(SMALL, cell=cell), row["kept"]).save(
        tmp_path / "models" / f"smallest-{kept}.npz"
    )
    monkeypatch.setattr(paths, "results", lambda: tmp_path)
    return cell


def test_the_command_names_the_cheapest_and_writes_its_c(published, capsys, tmp_path):
    out = tmp_path / "c"
    asked = ["smallest", "--task", "change", "--flash", "4k", "--out", str(out)]
    assert main(asked) == 0
    said = capsys.readouterr().out
    assert f"{published.upper()} of 3 units, exp-free" in said
    assert "that of the first seed" in said
    assert "network_step" in (out / "network.c").read_text(encoding="utf-8")


@pytest.mark.parametrize("published", ["lstm"], indirect=True)
def test_a_limit_of_cycles_holds_and_the_best_in_integers_is_exported(published, tmp_path):
    found = read_map("change", "cortex-m4f")
    whole = found.points.index[found.points["weights"] == "integer"][0]
    found.samples[whole] = found.samples[whole] + 50  # the best by far
    assert ask(found).label == whole
    assert ask(found, cycles=1) is None
    assert "all in integers" in describe(found, ask(found))
    written = export_point(found, whole, tmp_path)
    assert "const int8_t *input" in written.header.read_text(encoding="utf-8")


def test_the_command_says_what_there_is_when_nothing_fits(published, capsys, tmp_path):
    assert main(["smallest", "--task", "change", "--flash", "10", "--out", str(tmp_path)]) == 1
    assert "nothing fits: the best of the map reaches" in capsys.readouterr().out


def test_an_answer_that_is_left_open_says_where_the_open_ones_begin():
    points = pd.DataFrame({"cycles": [300.0, 100.0, 200.0], "flash": 1000.0, "ram": 80.0})
    points = points.assign(task="rain", cell="lstm", hidden=["9", "3", "5"], arm="hard", seeds=2)
    points = points.assign(weights=["float32", "integer", "int8"])
    answer = Answer(0, Interval(91, 90, 92), 90.5, False, True, doubtful=(2, 1))
    said = describe(Map(points, {0: [91.0]}, "cycles", None), answer)
    assert "2 cheaper ones may reach it as well" in said
    assert "from 100 cycles on (LSTM of 3 units, straight lines, all in integers)" in said


@pytest.mark.parametrize(("wanted", "named"), [(90.5, True), (91.5, False)])
def test_what_needs_no_network_is_said_to_need_none(wanted, named):
    points = pd.DataFrame({"cycles": [300.0], "flash": 1000.0, "ram": 80.0, "seeds": 2})
    points = points.assign(task="rain", cell="lstm", hidden="9", arm="hard", weights="float32")
    rules = {"model": ["linear", "persistence"], "skill": [90.7, 91.0], "flash": [964, 0]}
    found = Map(points, {0: [92.0]}, "cycles", None, pd.DataFrame(rules))
    said = describe(found, Answer(0, Interval(92, 91.8, 92.2), wanted, True, True, doubtful=()))
    sentence = "without a network: persistence reaches 91.0 %, with numbers of 0 bytes"
    assert (sentence in said) == named


def test_every_printed_example_asks_for_what_only_a_network_does():
    """A skill that a rule without a network reaches, too, would be no example."""
    pages = [Path(paths.root(), "notebooks", "smallest.ipynb").read_text(encoding="utf-8")]
    found = re.findall(r"smallest +--task (\w+) --skill (\S+)", HELP + pages[0])
    library = Path(paths.root(), "book", "library.md").read_text(encoding="utf-8")
    found += re.findall(r"read_map\(\"(\w+)\".*?skill=([0-9.]+)", library, re.DOTALL)
    assert len(found) == 3
    for task, skill in found:
        published = read_map(task, "cortex-m4f")
        assert published.baselines["skill"].max() < 100 * float(skill), (task, skill)
        assert "without a network" not in describe(published, ask(published, skill=float(skill)))


@pytest.mark.parametrize("published", ["lstm"], indirect=True)
@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--task", "snow"], "expected one of change"),
        (["--target", "z80"], "expected one of cortex-m4f"),
        (["--skill", "80"], "a share of at most 1"),
        (["--flash", "much"], "expected bytes such as 900, 32k"),
        (["--flash", "9" * 5000], "got '999999999999... (5000 digits)'"),
        (["--flash", "٣"], "expected bytes such as 900, 32k"),
        (["--flash", "0"], "flash: expected a finite number above 0"),
        (["--skill", "nan"], "a share of at most 1"),
        (["--skill=-inf"], "a share of at most 1"),
        (["--cycles", "nan"], "cycles: expected a finite number above 0, got nan"),
        (["--cycles", "inf"], "cycles: expected a finite number above 0, got inf"),
        (["--cycles", "-5"], "cycles: expected a finite number above 0, got -5"),
        (["--out", __file__], f"out: expected a folder, got {__file__}, which is a file"),
        (["--out", f"{__file__}/c"], f"out: expected a folder, got {__file__}, which is a file"),
    ],
)
def test_wrong_questions_to_the_command_are_one_message(published, capsys, more, message):
    assert main(["smallest", "--task", "change", *more]) == 1
    assert message in capsys.readouterr().err


def test_an_unpublished_map_is_a_message(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(paths, "results", lambda: tmp_path)
    assert main(["smallest"]) == 1
    assert "make execute NB=smallest" in capsys.readouterr().err


def test_the_answer_is_ringed_named_and_written_and_baselines_are_named(row):
    points, samples = a_map(1.0, 1.0, 2.0, 1.5)
    points = points.assign(task="rain", family=["tanh", "hard", "exp_free", "tanh"], hidden="2")
    points = points.assign(cell=["gru", "gru", "lstm", "lstm"], weights="int8", skill=1.0)
    fronts = {f"front_{cost}": front(points, samples, cost=cost) for cost in ("cycles", "flash")}
    linear = {"task": "rain", "model": "linear", "skill": 1.0, "flash": 964}
    drawn = skill_against_cost(
        points.assign(low=0.9, high=1.1, **fronts),
        pd.DataFrame([linear]),
        uj_per_cycle=1e-4,
        within=0.5,
    )
    (axes,) = drawn.axes
    cheapest = points.loc[points["cycles"].idxmin()]
    answer = f"GRU of 2 units, int8: {cheapest.flash / 1024:.1f} KiB"
    assert {text.get_text() for text in axes.texts} == {"linear", answer}
    (band,) = axes.patches
    assert (band.get_y(), band.get_height()) == (0.5, 0.5)
    assert (
        f"within 0.5 pp of the best takes, in cycles a step, {cheapest.cycles:,.0f} for rain"
        in (message(drawn))
    )
    assert_readable(drawn)


def test_units_at_equal_cost_are_those_of_the_rival_between_its_sizes():
    rows = [(str(n), arm, f * n) for n in (2, 4, 8) for arm, f in (("a", 1.0), ("b", 2.0))]
    costs = pd.DataFrame(rows, columns=["hidden", "arm", "cycles"]).assign(weights="float32")
    assert equal_cost_units(costs, "a", "b", 8) == pytest.approx(4)


def test_the_tables_of_cmsis_are_counted_beside_our_own():
    found = cmsis_costs("cortex-m4f", [("lstm", "2"), ("gru", "2")], np.ones((1, 10), np.float32))
    lstm = found[found["cell"] == "lstm"].set_index("arm")
    assert lstm.loc["cmsis_nn", "cycles"] > lstm.loc["table", "cycles"]
    assert lstm.loc["integer_cmsis_s16", "flash"] < lstm.loc["integer_tanh", "flash"]
    gru = found[found["cell"] == "gru"]
    assert set(gru["arm"]) == {"table", "cmsis_nn", "cmsis_dsp"} and set(gru["hidden"]) == {"2"}
