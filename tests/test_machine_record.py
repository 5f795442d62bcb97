"""A machine's record: what is written is accepted, what is broken is refused with the reason."""

import json

import numpy as np
import pandas as pd
import pytest

from isru import machine_record
from isru.machine_record import check_machine_record, record_machine, samples


def fake_measure(arms, cases, *, processes, blocks, seed, budget_seconds, progress):
    """Return what `measure` would, at once; each arm sampled once."""
    assert 0 < budget_seconds <= 270 and not progress
    rng = np.random.default_rng(seed)
    rows = [
        {"process": process, "block": 0, "position": 0, "arm": arm.label, **case, "loops": 100}
        | {"seconds": rng.uniform(1e-5, 2e-5), "cpu_seconds": 1e-5}
        for process in range(2)
        for case in cases
        for arm in arms
    ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine_record, "measure", fake_measure)
        patch.setattr(machine_record, "LSTM_STEP", "isru.experiments.absent:setup_step")
        return record_machine(tmp_path_factory.mktemp("machines"), progress=False)


@pytest.fixture
def change(record, tmp_path):
    """Return a function that changes the record and writes it under its right name."""

    def changed(edit):
        content = json.loads(record.read_text(encoding="utf-8"))
        edit(content)
        name = machine_record._file_name(content) if "machine" in content else record.name
        path = tmp_path / name
        path.write_text(machine_record._text(content), encoding="utf-8")
        return path

    return changed


def test_a_record_that_was_just_made_is_accepted(record):
    content = check_machine_record(record)
    assert content["schema"] == 1
    table = samples(content, "activations")
    assert {"size", "dtype", "input"} <= set(table.columns)
    assert {"tanh", "tanh_again", "isru_plain", "copy"} <= set(table["arm"])


def test_the_name_holds_the_processor_and_a_hash(record):
    assert pd.Series([record.name]).str.fullmatch(r"[a-z0-9-]+-[0-9a-f]{8}\.json").all()


def test_an_unchanged_copy_under_its_name_is_accepted(change):
    assert check_machine_record(change(lambda content: None))["schema"] == 1


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda c: c.update(schema=2), "expected schema 1, got 2"),
        (lambda c: c.pop("problems"), "a part problems, got only"),
        (lambda c: c.update(author="x"), "nothing but .* got .'author'"),
        (lambda c: c["machine"].pop("load"), "a part machine.load"),
        (lambda c: c["machine"].update(threads="1"), "machine.threads: int, got str"),
        (lambda c: c["measurements"].clear(), "at least one measurement"),
        (lambda c: c["measurements"]["activations"].pop("loops"), "none of .'loops'"),
        (lambda c: c["measurements"]["activations"]["loops"].pop(), "of one length above 0"),
        (lambda c: c["measurements"]["activations"]["seconds"].__setitem__(0, -1), "positive"),
        (lambda c: c["measurements"]["activations"]["seconds"].__setitem__(0, "1"), "positive"),
        (lambda c: c["machine"].update(python="/Users/ann/python"), "home folder, got /Users/"),
    ],
)
def test_a_broken_record_is_refused_with_the_reason(change, edit, message):
    with pytest.raises(ValueError, match=message):
        check_machine_record(change(edit))


def test_a_record_edited_by_hand_is_noticed(record, tmp_path):
    content = json.loads(record.read_text(encoding="utf-8"))
    content["measurements"]["activations"]["seconds"][0] *= 2
    edited = tmp_path / record.name
    edited.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match="was it edited"):
        check_machine_record(edited)


def test_what_is_no_json_is_refused(tmp_path):
    path = tmp_path / "cpu-00000000.json"
    path.write_text("times: fast", encoding="utf-8")
    with pytest.raises(ValueError, match="expected JSON"):
        check_machine_record(path)


def test_an_unknown_measurement_lists_the_known_ones(record):
    with pytest.raises(ValueError, match="'activations'"):
        samples(check_machine_record(record), "coffee")


def test_the_lstm_step_is_timed_where_it_exists(monkeypatch):
    monkeypatch.setattr(machine_record, "LSTM_STEP", f"{__name__}:fake_measure")
    arms, cases = machine_record._plans()["lstm_steps"]
    assert [arm.arguments["activation"] for arm in arms] == ["tanh", "tanh", "isru"]
    assert {case["step"] for case in cases} == {"train", "predict"}
    monkeypatch.setattr(machine_record, "LSTM_STEP", "isru.experiments.absent:setup_step")
    assert set(machine_record._plans()) == {"activations"}
