"""A machine's record: what is written is accepted, what is broken is refused with the reason."""

import importlib
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from isru import machine_records
from isru.cli import main
from isru.data.published import load_published
from isru.figures.machines import machine_gains, machine_steps
from isru.machine_records import (
    Interrupted,
    check_record,
    record_machine,
    recording,
    samples,
    schema,
    summaries,
)
from isru.machine_records.plans import all_parts, setup_threaded, thread_counts
from isru.publish import machines
from isru.publish.errors import CompendiumError


class FakeMeasure:
    """Return what `measure` would, at once; stop at a given call as Ctrl-C does."""

    def __init__(self, interrupt_at=None):
        self.calls = []
        self.interrupt_at = interrupt_at

    def __call__(self, arms, cases, *, processes, blocks, warmup, min_seconds, threads, seed, **_):
        if len(self.calls) == self.interrupt_at:
            raise KeyboardInterrupt
        self.calls.append((seed, threads))
        rng = np.random.default_rng(seed)
        rows = [
            {"process": 0, "block": block, "position": position, "arm": arm.label, **case}
            | {"loops": 100, "seconds": rng.uniform(1e-5, 2e-5), "cpu_seconds": 1e-5}
            for block in range(blocks)
            for case in cases
            for place, arm in enumerate(arms)
            for position in (place, 2 * len(arms) - 1 - place)
        ]
        return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def machine():
    return recording.machine_metadata()


@pytest.fixture
def fake(machine, monkeypatch):
    """Replace the measurement; return how to choose where it is interrupted."""
    monkeypatch.setattr(recording, "machine_metadata", lambda: json.loads(json.dumps(machine)))

    def put(interrupt_at=None):
        measure = FakeMeasure(interrupt_at)
        monkeypatch.setattr(recording, "measure", measure)
        return measure

    return put


@pytest.fixture(scope="module")
def record(machine, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recording, "measure", FakeMeasure())
        patch.setattr(recording, "machine_metadata", lambda: machine)
        folder = tmp_path_factory.mktemp("machines")
        return record_machine(folder, minutes=0, rounds=(2, 2), progress=False)


@pytest.fixture
def change(record, tmp_path):
    """Return a function that changes the record and writes it under its right name."""

    def changed(edit):
        content = json.loads(record.read_text(encoding="utf-8"))
        edit(content)
        try:
            name = schema.file_name(content)
        except (KeyError, TypeError, AttributeError):
            name = record.name
        path = tmp_path / name
        path.write_text(schema.text_of(content), encoding="utf-8")
        return path

    return changed


def cell(content, part="activations"):
    return content["parts"][part][0]


def test_a_record_that_was_just_made_is_accepted(record):
    content = check_record(record)
    table = samples(content, "activations")
    assert {"size", "dtype", "input", "seconds", "process"} <= set(table.columns)
    assert {"tanh", "tanh_again", "isru_plain", "copy"} <= set(table["arm"])
    assert content["settings"]["sittings"] == 1


def test_the_name_holds_the_processor_and_a_hash(record):
    assert pd.Series([record.name]).str.fullmatch(r"[a-z0-9-]+-[0-9a-f]{8}\.json").all()


def test_an_unchanged_copy_under_its_name_is_accepted(change):
    assert check_record(change(lambda content: None))["schema"] == machine_records.SCHEMA


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda c: c.update(schema=1), "expected schema 2, got the older schema 1"),
        (lambda c: c.update(schema=3), "newer schema 3. Update this checkout"),
        (lambda c: c.update(format="tally"), "expected a machine record, got other JSON"),
        (lambda c: c.pop("schema"), "expected a machine record, got other JSON"),
        (lambda c: c.pop("problems"), "problems, got only"),
        (lambda c: c.update(author="x"), "nothing but .* got .'author'"),
        (lambda c: c["machine"].pop("load"), "machine.load"),
        (lambda c: c["machine"].update(threads="1"), "machine.threads: int, got str"),
        (lambda c: c["parts"].clear(), "at least one part"),
        (lambda c: c["parts"].update(coffee=[]), "a part activations, .* got 'coffee'"),
        (lambda c: cell(c).pop("samples"), "cell 0: samples"),
        (lambda c: cell(c)["samples"].pop(), "samples, each once"),
        (lambda c: cell(c)["samples"].append(cell(c)["samples"][0]), "samples, each once"),
        (lambda c: cell(c)["samples"][0].__setitem__(4, -1.0), "positive, finite seconds"),
        (lambda c: cell(c)["samples"][0].__setitem__(4, "1"), "positive, finite seconds"),
        (lambda c: cell(c)["samples"][0].__setitem__(3, 0), "counts"),
        (lambda c: cell(c)["samples"][0].pop(), "rows of process"),
        (lambda c: cell(c).update(arm="Tanh!"), "lower case"),
        (lambda c: c["parts"]["activations"].pop(), "every arm in every case"),
        (lambda c: c["parts"]["steps"].append(cell(c, "steps")), "each arm and case once"),
        (
            lambda c: c["parts"].update(
                steps=[cell for cell in c["parts"]["steps"] if cell["arm"] != "tanh_again"]
            ),
            "the arms .'tanh', 'tanh_again'.",
        ),
        (lambda c: c["machine"].update(python="/Users/ann/python"), "home folder, got /Users/"),
    ],
)
def test_a_broken_foreign_or_outdated_record_is_refused_with_the_reason(change, edit, message):
    with pytest.raises(ValueError, match=message):
        check_record(change(edit))


def test_a_record_edited_by_hand_is_noticed(record, tmp_path):
    content = json.loads(record.read_text(encoding="utf-8"))
    cell(content)["samples"][0][4] *= 2
    edited = tmp_path / record.name
    edited.write_text(schema.text_of(content), encoding="utf-8")
    with pytest.raises(ValueError, match="changed after the measurement"):
        check_record(edited)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"times: fast", "expected JSON"),
        (b'{"format": "isru machine', "cut off"),
        (b"\xff\xfe{}", "expected JSON"),
        (b"[1, 2]", "expected a machine record, got other JSON"),
    ],
)
def test_what_is_no_record_at_all_is_refused(tmp_path, data, message):
    path = tmp_path / "cpu-00000000.json"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message):
        check_record(path)


def test_an_unknown_part_lists_the_known_ones(record):
    with pytest.raises(ValueError, match="'activations'"):
        samples(check_record(record), "coffee")


def test_an_interruption_keeps_what_was_measured_and_the_same_call_goes_on(fake, tmp_path):
    settings = {"minutes": 0, "rounds": (2, 2), "progress": False}
    first = fake(interrupt_at=5)
    with pytest.raises(Interrupted, match=r"5 measurements .*the same command goes on"):
        record_machine(tmp_path, **settings)
    second = fake()
    content = check_record(record_machine(tmp_path, **settings))
    assert len(first.calls) + len(second.calls) == 2 * len(all_parts())
    assert content["settings"]["sittings"] == 2
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"]


def test_what_other_settings_left_is_dropped_with_a_word(fake, tmp_path, caplog):
    fake(interrupt_at=5)
    with pytest.raises(Interrupted):
        record_machine(tmp_path, rounds=(2, 2), progress=False)
    again = fake()
    record_machine(tmp_path, minutes=0, rounds=(2, 2), seed=9, progress=False)
    assert "starts anew" in caplog.text
    assert len(again.calls) == 2 * len(all_parts())


def test_rounds_differ_by_seed_and_threads_by_part(fake, tmp_path):
    measure = fake()
    record_machine(tmp_path, minutes=0, rounds=(3, 3), progress=False)
    assert {seed for seed, _ in measure.calls} == {0, 1, 2}
    assert {threads for _, threads in measure.calls} == {part.threads for part in all_parts()}


def test_thread_counts_double_up_to_the_cores():
    assert [thread_counts(n) for n in (1, 2, 6, 8)] == [[1], [1, 2], [1, 2, 4, 6], [1, 2, 4, 8]]


@pytest.mark.parametrize("work", ["train_3", "product_8"])
def test_the_threaded_work_runs(work):
    setup_threaded(rng=np.random.default_rng(0), work=work)()


def test_publishing_refuses_what_the_schema_refuses_and_changed_sources(
    change, tmp_path, monkeypatch
):
    monkeypatch.setattr(machines, "record_folder", lambda whose: tmp_path / whose)
    clean = change(lambda c: c["machine"]["provenance"].update(dirty=False))
    assert machines.publish_record(clean) == clean.name
    assert list(machines.record_files("published")) == [clean.name]
    with pytest.raises(CompendiumError, match="changed sources"):
        machines.publish_record(change(lambda c: c["machine"]["provenance"].update(dirty=True)))
    with pytest.raises(CompendiumError, match="older schema"):
        machines.publish_record(change(lambda c: c.update(schema=1)))


def test_the_command_accepts_a_good_record_and_fails_on_a_bad_one(record, change, capsys):
    assert main(["check-record", str(record)]) == 0
    assert main(["check-record", str(change(lambda c: c.update(schema=1)))]) == 1
    said = "".join(capsys.readouterr())
    assert "accepted" in said and "older schema" in said


@pytest.fixture(scope="module")
def tables(record):
    content = check_record(record)
    return summaries.summarise({"a processor": content}, seed=0)


def test_a_summary_holds_every_form_engine_and_number_of_threads(tables):
    forms = {"NumPy calls", "compiled, libm", "compiled, SIMD"}
    assert set(tables["activations"]["form"]) == forms
    assert set(tables["steps"]["engine"]) == {"NumPy", "compiled"}
    assert set(tables["threads"]["threads"]) == set(thread_counts(os.cpu_count())) - {1}


def test_a_gain_is_the_difference_of_the_times_per_element(record):
    content = check_record(record)
    part = content["parts"]["activations"]
    seconds = {"tanh": 4e-5, "isru_plain": 1e-5}
    for one in part:
        for sample in one["samples"]:
            sample[5] = seconds.get(one["arm"], 4e-5)
    found = summaries.activation_gains(content, rng=np.random.default_rng(0))
    row = found[(found["form"] == "NumPy calls") & (found["dtype"] == "float32")].iloc[0]
    assert row["gain_ns"] == pytest.approx(0.3)
    assert row["ratio"] == pytest.approx(4)
    assert row["direction"] == "faster"


def test_a_saving_is_negative_where_isru_takes_longer(record):
    content = check_record(record)
    for one in content["parts"]["steps"]:
        for sample in one["samples"]:
            sample[5] = 3e-5 if one["arm"] == "isru" else 2e-5
    found = summaries.step_savings(content, rng=np.random.default_rng(0))
    assert found["saving"].to_numpy() == pytest.approx(-50)


def test_equal_processors_are_told_apart(record):
    content = check_record(record)
    one, two = summaries.titles({"a": content, "b": content}).values()
    assert one != two
    assert one.endswith("(1)")


def test_the_figures_show_every_machine(tables):
    published = load_published("forecaster")
    rows = tables["activations"].query("dtype == 'float32'")
    axes = machine_gains(rows).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a processor"]
    panels = machine_steps(tables["steps"], published).axes
    assert [axes.get_title(loc="left") for axes in panels] == [
        "Compiled",
        "NumPy",
        "Published machines",
    ]
    assert len(machine_steps(tables["steps"].iloc[:0], published).axes) == 1


@pytest.fixture
def pages():
    """Return the module of the book's directives."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[1] / "book" / "_ext"))
        yield importlib.import_module("isru_book.machines")


def test_the_page_says_in_words_where_machines_agree_and_where_not(pages):
    slower, split = ["slower", "slower"], ["slower", "faster"]
    table = pd.DataFrame(
        {"form": "NumPy calls", "dtype": ["float32"] * 2 + ["float64"] * 2}
        | {"direction": [*slower, *split]}
    )
    found = {"records": {"a": {}, "b": {}}, "activations": table}
    text = pages.answer(found).astext()
    assert "2 machines are recorded" in text
    assert "from NumPy calls it is slower (float32) and" in text
    assert "on 1 of 2 (float64)" in text


def test_the_page_sets_published_differences_beside_recorded_ones(pages, tables):
    rows = pages.gains(tables)
    published = rows[rows["form"] == "published, libm"]
    assert len(published) == 10
    assert (published["gain_ns"] > 0).all()
    assert len(rows) == 10 + 3


def test_every_published_record_is_accepted():
    for path in machines.record_folder("published").glob("*.json"):
        check_record(path)
