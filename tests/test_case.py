"""Your case: what the form predicts agrees with what the book measured, within its own error."""

from __future__ import annotations

import json
import re
import sys
from html import unescape
from pathlib import Path

import pandas as pd
import pytest

from isru import paths
from isru.cost import layer_count
from isru.machine_records.summaries import run_title
from isru.records import Record
from isru.studies.level_words import level_words

sys.path.insert(0, str(Path(__file__).parents[1] / "book" / "_ext"))

from isru_book.case import FEATURES, constants, earlier, form, saving
from isru_book.run import Run

ROW = {"platform": "numpy", "group": "measured", "phase": "predict", "arm": "isru", "unit": "ns"}
ROW |= {"call": 900, "neuron": 20, "weight": 0, "mac": 0.2, "saved_call": -50, "saved_neuron": 6}
ROW |= {"error": 3.2, "units_low": 10, "units_high": 300, "batch_high": 32, "features": 5}


def data_of(html: str) -> dict:
    """Return what the script reads."""
    return json.loads(unescape(re.search(r'data-case="([^"]*)"', html)[1]))


def published() -> list[dict]:
    """Return the constants that the first page of the published book has."""
    run = Run(paths.root())
    return constants(run) or earlier(run)


def recorded(row: dict) -> dict[tuple[int, int, int], list[float]]:
    """Return what the book recorded of a row: (batch, features, units) -> the saving, its ends."""
    run = Run(paths.root())
    name, batches, features = row["platform"], row["batch_high"], row["features"]
    found = {}
    for each in run.recorded("forecaster").table("steps").rows:
        phase = {"single": "predict"}.get(each["step"], each["step"])
        if (each["framework"], phase, "isru") == (name, row["phase"], row["arm"]):
            found[each["batch"], features, each["units"]] = [each["saving"]]
    made = [run.provenance(chapter) for chapter in ("processors", "forecaster")]
    if name == "numba" and len({run_title(one) for one in made}) == 1:
        # The chapter on processors timed some of these again, and its form rests on its own times.
        for each in run.recorded("processors").table("rivals-steps").rows:
            if (each["phase"], each["arm"]) == (row["phase"], row["arm"]):
                found[each["batch"], features, each["units"]] = [each["saving"]]
    for each in run.recorded("microcontrollers").table("gains").rows:
        ours = (each["arm"], each["against"], each["measure"]) == (row["arm"], "libm", row["unit"])
        if ours and name in (each["core"], level_words("core", each["core"])):
            ends = [each["saving_low"], each["saving_high"]]
            found[1, features, each["units"]] = [each["saving"], *ends]
    return {case: saved for case, saved in found.items() if case[0] <= batches}


def test_every_answer_agrees_with_what_the_book_found_within_the_error_that_it_states():
    compared = set()
    for row in published():
        for case, saved in recorded(row).items():
            misses = [abs(saving(row, *case) - one) for one in saved if one is not None]
            assert max(misses) <= row["error"] + 0.05, (row["platform"], row["phase"], case)
            compared.add((row["platform"], row["phase"], case[0]))
    assert {("numpy", "predict", 1), ("numba", "predict", 1), ("keras", "predict", 1)} <= compared
    if constants(Run(paths.root())):  # with the batches of the first page's table, too
        assert {(name, "predict", 32) for name in ("numpy", "numba", "keras")} <= compared


def test_an_error_that_a_form_understates_is_noticed(monkeypatch):
    """The constants of one sequence, said of a batch: what the form once did."""
    bad = [row | {"batch_high": 32} for row in earlier(Run(paths.root()))]
    monkeypatch.setattr(sys.modules[__name__], "published", lambda: bad)
    with pytest.raises(AssertionError, match="predict"):
        test_every_answer_agrees_with_what_the_book_found_within_the_error_that_it_states()


def test_the_form_carries_each_arm_of_a_platform_and_kind_of_step():
    rows = [
        ROW,
        ROW | {"arm": "exp_free", "saved_neuron": 12},
        ROW | {"platform": "c"},
        ROW | {"platform": "plain_c", "phase": "train"},
        ROW | {"platform": "Cortex-M4F", "group": "emulated", "unit": "cycles"},
    ]
    html = form(rows, "told")
    data = data_of(html)
    assert list(data) == ["NumPy", "C with its library's tanh", "Cortex-M4F"]
    assert [row["arm"] for row in data["NumPy"]["phases"]["predict"]] == ["ISRU", "exp-free"]
    assert list(data["C with its library's tanh"]["phases"]) == ["predict", "train"]
    assert data["Cortex-M4F"]["unit"] == "cycles"
    assert "cases" not in data["NumPy"]["phases"]["predict"][0], "nothing that no script reads"
    assert re.findall(r'optgroup label="([^"]*)"', html) == [
        "measured, one thread",
        "counted in an emulator",
    ]


def test_the_arithmetic_is_that_of_the_models_counts():
    macs = layer_count(5, 25).macs
    step = 900 + 20 * 4 * 25 + 0.2 * 4 * macs
    assert saving(ROW, 4, 5, 25) == pytest.approx(100 * (-50 + 6 * 4 * 25) / step)
    heavy = ROW | {"weight": 0.5}  # weights are read once, however many sequences there are
    assert saving(heavy, 4, 5, 25) == pytest.approx(100 * 550 / (step + 0.5 * macs))


def fitted(folder: Path, **changed) -> Run:
    """Write what the chapter on the forecaster recorded before constants had a table."""
    record = Record("forecaster", folder / "results")
    names = {"step": 900.0, "unit": 20.0, "mac": 0.2, "saved_step": -50.0, "saved": 3.0} | changed
    for name, value in names.items():
        record.value(f"case_numpy_{name}_ns", value, unit="ns", kind="machine")
    units = [10, 100]
    frame = pd.DataFrame({"framework": "numpy", "step": "single", "batch": 1, "units": units})
    exact = [saving(ROW, 1, FEATURES, count) for count in units]
    frame["saving"] = [exact[0] + 2.0, exact[1] - 5.0]
    keys = ["framework", "step", "units"]
    record.table("steps", frame, kind="machine", keys=keys)
    return Run(folder)


def test_without_a_table_of_constants_the_form_is_for_one_sequence_and_states_its_error(tmp_path):
    run = fitted(tmp_path)
    assert constants(run) == []
    (row,) = earlier(run)
    assert row["error"] == pytest.approx(5.0, abs=1e-3)
    assert (row["batch_high"], row["units_low"], row["units_high"]) == (1, 10, 100)
    assert saving(row, 1, FEATURES, 50) == pytest.approx(saving(ROW, 1, FEATURES, 50))


def test_a_table_of_constants_takes_the_place_of_the_earlier_ones(tmp_path):
    run = fitted(tmp_path)
    record = Record("processors", tmp_path / "results")
    record.table("case", pd.DataFrame([ROW]), kind="machine", keys=["platform", "phase", "arm"])
    assert [row["batch_high"] for row in constants(run)] == [32]


def test_a_run_without_any_constants_has_no_form(tmp_path):
    assert constants(Run(tmp_path)) == earlier(Run(tmp_path)) == []
