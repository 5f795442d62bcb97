"""A machine's record: what is written is accepted, what is broken is refused with the reason."""

import json
import os
import shutil
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from isru import commands, machine_records, paths
from isru.chapters.processors.gather import recorded_machines
from isru.cli import main
from isru.data.published import load_published
from isru.errors import CompendiumError
from isru.machine_records import (
    Interrupted,
    check_record,
    page,
    plans,
    record_machine,
    recording,
    samples,
    schema,
    summaries,
)
from isru.machine_records import figure as figures
from isru.machine_records.figure import machine_gains, machine_steps
from isru.machine_records.plans import all_parts, setup_threaded, thread_counts
from isru.machine_records.quiet import QUIET, verdict
from isru.publish import machines

pytestmark = pytest.mark.slow


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
    monkeypatch.setattr(recording, "check_record", schema.read_record)  # nothing is drawn

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
        except (KeyError, TypeError, AttributeError, ValueError):
            name = record.name
        path = tmp_path / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return changed


def cell(content, part="activations"):
    return content["parts"][part][0]


def each_cell(content, part=""):
    return [c for name in content["parts"] if name.startswith(part) for c in content["parts"][name]]


def sample(content, column, value, part="activations"):
    cell(content, part)["samples"][0][schema.SAMPLE.index(column)] = value


def every_sample(content, column, value):
    for each in each_cell(content):
        for row in each["samples"]:
            row[schema.SAMPLE.index(column)] = value


def without_arm(content, part, arm):
    content["parts"][part] = [c for c in content["parts"][part] if c["arm"] != arm]


def nested(levels):
    return "[" * levels + "]" * levels


def test_a_record_that_was_just_made_is_accepted(record):
    content = check_record(record)
    table = samples(content, "activations")
    assert {"size", "dtype", "input", "seconds", "process"} <= set(table.columns)
    assert {"tanh", "tanh_again", "isru_plain", "copy"} <= set(table["arm"])
    assert content["settings"]["sittings"] == 1


def test_the_name_holds_the_processor_and_a_hash(record):
    assert pd.Series([record.name]).str.fullmatch(r"[a-z0-9-]+-[0-9a-f]{8}\.json").all()


ANN = "/ann"
# What each odd record is told: the path of the field, what was expected, what came.
REFUSED = {
    "older schema": (
        lambda c: c.update(schema=1),
        r"expected schema 3, got the older schema 1 \(measure again",
    ),
    "newer schema": (lambda c: c.update(schema=4), r"newer schema 4 \(update this checkout"),
    "schema as text": (lambda c: c.update(schema="3"), "schema: expected .* got '3'"),
    "no schema": (lambda c: c.pop("schema"), "schema: expected a machine record of schema 3"),
    "no kind": (lambda c: c.pop("kind"), "kind: expected one of processor, browser, got null"),
    "another kind": (lambda c: c.update(kind="toaster"), "kind: expected .* got 'toaster'"),
    "a list of kinds": (lambda c: c.update(kind=["processor"]), "kind: .* got a list of 1"),
    "another format": (lambda c: c.update(format="tally"), "machine record, .* got other JSON"),
    "no problems": (lambda c: c.pop("problems"), "problems: expected a list, got nothing"),
    "a further key": (lambda c: c.update(author="x"), "nothing but .* got 'author'"),
    "no load": (lambda c: c["machine"].pop("load"), "machine.load: .* got nothing"),
    "threads as text": (lambda c: c["machine"].update(threads="1"), "threads: .* got '1'"),
    "no model": (lambda c: c["machine"]["cpu"].pop("model"), "cpu.model: .* processor's name"),
    "an empty model": (lambda c: c["machine"]["cpu"].update(model=" "), "cpu.model: .* got ' '"),
    "no version": (lambda c: c["machine"]["versions"].pop("numpy"), "versions.numpy: .* a version"),
    "an odd version": (
        lambda c: c["machine"]["versions"].update(numpy="newest"),
        "versions.numpy: expected a version such as 2.4.6, got 'newest'",
    ),
    "no date": (lambda c: c["machine"]["provenance"].pop("date"), "provenance.date: .* a date"),
    "no such day": (
        lambda c: c["machine"]["provenance"].update(date="2026-02-30"),
        "provenance.date: expected a day of the calendar, got '2026-02-30'",
    ),
    "dirty as text": (
        lambda c: c["machine"]["provenance"].update(dirty="no"),
        "provenance.dirty: expected true or false, got 'no'",
    ),
    "no provenance": (lambda c: c["machine"].update(provenance={}), "provenance.commit: expected"),
    "cores of 0": (lambda c: c["machine"]["cpu"].update(cores=0), "cores: .* 1 to 4096, got 0"),
    "cores unknown": (lambda c: c["machine"]["cpu"].update(cores=None), "cores: .* got null"),
    "cores as a truth": (lambda c: c["machine"]["cpu"].update(cores=True), "cores: .* got true"),
    "vectors as text": (lambda c: c["machine"].update(numpy_simd="X"), "numpy_simd: .* a list"),
    "pools as texts": (lambda c: c["machine"].update(thread_pools=["x"]), r"pools\[0\]: .* object"),
    "a pool's number": (
        lambda c: c["machine"].update(thread_pools=[{"version": 3}]),
        r"thread_pools\[0\].version: expected a text, got 3",
    ),
    "a formula": (
        lambda c: c["machine"]["cpu"].update(model=r"$\frac{"),
        r"machine.cpu.model: expected plain text: .*, got '\$'",
    ),
    "HTML": (lambda c: c["machine"].update(system="<b>fast</b>"), "machine.system: .* got '<'"),
    "two lines": (lambda c: c["machine"].update(compiler="a\nb"), r"compiler: .* got '\\n'"),
    "a terminal's code": (lambda c: c["machine"].update(python="\x1b[2J3"), r"got '\\x1b'"),
    "half a character": (lambda c: c["machine"].update(python="\ud800"), r"got '\\ud800'"),
    "markup in a key": (
        lambda c: c["machine"]["cpu"]["caches"].update({"`L9`": 1}),
        "a key of machine.cpu.caches: expected plain text",
    ),
    "a long text": (lambda c: c["machine"].update(system="a" * 300), "at most 120 char.* got 300"),
    "a long remark": (lambda c: c["problems"].append("a" * 401), "at most 400 .* got 401"),
    "a remark as number": (lambda c: c["problems"].append(1), r"problems\[\d+\]: .* got 1"),
    "a Mac's home": (lambda c: c["machine"].update(python=f"/Users{ANN}/python"), "home folder"),
    "a home in a remark": (lambda c: c["problems"].append(f"see /home{ANN}/x"), "home folder"),
    "a home in Windows": (lambda c: c["machine"].update(compiler="C:\\Users\\a"), "home folder"),
    "a home in a key": (
        lambda c: c["machine"]["provenance"].update({f"/root{ANN}": 1}),
        "a key of machine.provenance: expected no path of a home folder",
    ),
    "a person's address": (lambda c: c["machine"].update(system="ann@lab"), "no address of"),
    "no parts": (lambda c: c["parts"].clear(), "parts: expected the part activations, got only no"),
    "an unknown part": (lambda c: c["parts"].update(coffee=[{}]), "part activations, .* 'coffee'"),
    "no activations": (lambda c: c["parts"].pop("activations"), "expected the part activations"),
    "no steps": (lambda c: c["parts"].pop("steps"), "parts: expected the part steps, got only"),
    "no single thread": (lambda c: c["parts"].pop("threads_1"), "expected the part threads_1"),
    "an empty part": (lambda c: c["parts"].update(steps=[]), "parts.steps: .* got a list of 0"),
    "a cell of text": (lambda c: c["parts"]["steps"].append("x"), r"steps\[72\]: .* object"),
    "no samples": (lambda c: cell(c).pop("samples"), r"activations\[0\].samples: .* got nothing"),
    "a sample less": (lambda c: cell(c)["samples"].pop(), "8 samples, each once, got 7 rows"),
    "a sample twice": (
        lambda c: cell(c)["samples"].append(cell(c)["samples"][0]),
        "8 samples, each once, got 9 rows",
    ),
    "a short sample": (lambda c: cell(c)["samples"][0].pop(), r"samples\[0\]: .* 6 numbers"),
    "a process left out": (lambda c: every_sample(c, "process", 1), "processes counted from 0"),
    "an odd block": (lambda c: sample(c, "block", 2), "block: .* 0 to 1, got 2"),
    "an odd place": (lambda c: sample(c, "position", 99), "position: .* 0 to 9, got 99"),
    "no loop": (lambda c: sample(c, "loops", 0), "loops: .* got 0"),
    "a negative time": (lambda c: sample(c, "seconds", -1.0), r"\].seconds: .* got -1.0"),
    "a time as text": (lambda c: sample(c, "seconds", "1"), "seconds: .* got '1'"),
    "a huge time": (lambda c: sample(c, "seconds", 1e308), "seconds: .* got 1e.308"),
    "a tiny time": (lambda c: sample(c, "cpu_seconds", 1e-300), "cpu_seconds: .* got 1e-300"),
    "a coarse clock": (lambda c: every_sample(c, "cpu_seconds", 0), "cpu_seconds: .* got 0"),
    "an odd arm": (lambda c: cell(c).update(arm="Tanh"), "arm: .* lower case, .* got 'Tanh'"),
    "no ISRU": (lambda c: without_arm(c, "activations", "isru_plain"), "got no isru_plain"),
    "no ISRU in steps": (lambda c: without_arm(c, "steps", "isru"), "parts.steps: .* got no isru"),
    "no A/A arm": (lambda c: without_arm(c, "steps", "tanh_again"), "got no tanh_again"),
    "an arm less": (lambda c: c["parts"]["activations"].pop(), "every arm in every case"),
    "a cell twice": (lambda c: c["parts"]["steps"].append(cell(c, "steps")), "and case once"),
    "an unknown engine": (
        lambda c: [each["case"].update(engine="rust") for each in each_cell(c, "steps")],
        "case.engine: expected an engine: numpy or numba, got 'rust'",
    ),
    "an unknown step": (
        lambda c: cell(c, "steps")["case"].update(step="nap"),
        "case.step: .*'nap'",
    ),
    "an unknown type": (lambda c: cell(c)["case"].update(dtype="int8"), "case.dtype: .* 'int8'"),
    "a further case": (lambda c: cell(c)["case"].update(mood="fair"), "nothing but .* got 'mood'"),
    "no reference case": (
        lambda c: [
            each["case"].update(size=7)
            for each in each_cell(c, "activations")
            if each["case"]["size"] == 100_000 and each["case"]["input"] == "typical"
        ],
        "every case of schema 3, got none with size 100000",
    ),
    "as many blocks as stars": (lambda c: c["settings"].update(blocks=10**9), "settings.blocks"),
}
TEXTS = {
    "words": ("times: fast", "expected JSON"),
    "cut off": ('{"format": "isru machine', "cut off"),
    "a list": ("[1, 2]", "expected a machine record, .* got other JSON"),
    "empty": ("", "expected JSON"),
    "not UTF-8": (b"\xff\xfe{}", "expected JSON"),
    "a mark of the editor's": (b"\xef\xbb\xbf{}", "a byte-order mark"),
    "deep": (nested(100_000), "nested too deep"),
    "many digits": ('{"schema": 1%s}' % ("0" * 400), "at most 18 digits, got 401 digits"),
    "more digits than Python reads": ('{"schema": %s}' % ("9" * 5000), "at most 18 digits"),
    "infinite": ('{"schema": 1e999}', "finite numbers, got '1e999'"),
    "not a number": ('{"schema": NaN}', "finite numbers, got NaN"),
    "a key twice": ('{"schema": 1, "schema": 2}', "every key once, got 'schema' twice"),
    "an escaped home": (
        '{"schema": 2, "machine": "\\u002fhome\\u002fann"}',
        "machine: expected no path of a home folder",
    ),
    "huge": (" " * 2_000_001, "at most 2000000 bytes, got 2000001"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_odd_record_is_refused_with_its_path_and_the_reason(change, name):
    edit, message = REFUSED[name]
    with pytest.raises(ValueError, match=message) as refused:
        check_record(change(edit))
    assert str(refused.value).isascii() and "\n" not in str(refused.value)


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_no_record_at_all_is_refused(tmp_path, name):
    text, message = TEXTS[name]
    path = tmp_path / "cpu-00000000.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=message):
        check_record(path)


def test_a_folder_a_link_and_nothing_are_no_record(record, tmp_path):
    link = tmp_path / record.name
    link.symlink_to(record)
    for path, message in ((tmp_path, "got a folder"), (link, "got a link")):
        with pytest.raises(ValueError, match=message):
            check_record(path)
    with pytest.raises(ValueError, match="a file that can be read, got"):
        check_record(tmp_path / ("n" * 300))
    with pytest.raises(FileNotFoundError, match="got no such file"):
        check_record(tmp_path / "nothing.json")


def bare(content):
    """Change a record into one of a machine that tells little of itself, without Numba."""
    machine = content["machine"]
    machine["cpu"] |= {"model": "W" * 100, "flags": [], "caches": {}}
    machine |= {"load": [], "numpy_simd": [], "thread_pools": [], "compiler": "none"}
    machine["provenance"]["commit"] = "unknown"
    machine["versions"] |= {"numba": "not installed"}
    parts = content["parts"]
    parts.pop("compiled", None)
    parts["steps"] = [c for c in parts["steps"] if c["case"]["engine"] == "numpy"]
    for name in [n for n in parts if n.startswith("threads") and n != "threads_1"]:
        del parts[name]


def spread(content):
    """Change a record into one whose times lie as far apart as they may."""
    for place, each in enumerate(each_cell(content)):
        for row in each["samples"]:
            row[4] = row[5] = (1e-10, 1e4)[place % 2]
    content["machine"]["cpu"]["model"] = "13th Gen Core(TM) i9_x ~ #1: 'a', =!? CPU@2.50GHz + 5%"


@pytest.mark.parametrize("edit", [bare, spread])
def test_what_is_accepted_is_shown(change, edit, monkeypatch):
    shown = []
    show = page.show
    monkeypatch.setattr(page, "show", lambda record: shown.append(show(record)))
    check_record(change(edit))
    assert shown == [None]


def test_a_record_of_another_machine_is_accepted(change):
    def newer(content):
        content["machine"]["provenance"]["blas"] = ["openblas SkylakeX", 1]

    assert schema.read_record(change(newer))


def test_what_the_book_cannot_draw_is_refused(record, monkeypatch):
    monkeypatch.setattr(figures, "machine_gains", lambda table: {}["no such form"])
    message = r"-[0-9a-f]{8}.json: the book cannot show the figure machine-gains .*KeyError"
    with pytest.raises(ValueError, match=message):
        check_record(record)


def test_what_a_machine_says_of_itself_is_tidied(machine, fake, tmp_path, monkeypatch):
    odd = json.loads(json.dumps(machine))
    odd["cpu"] |= {"model": "Core\N{TRADE MARK SIGN} \N{GREEK SMALL LETTER MU}X $1", "cores": None}
    odd["compiler"] = f"/home{ANN}/bin/cc of ann@lab (GCC) 12"
    fake()
    monkeypatch.setattr(recording, "machine_metadata", lambda: odd)
    path = record_machine(tmp_path, minutes=0, rounds=(1, 1), progress=False)
    made = json.loads(path.read_text(encoding="utf-8"))["machine"]
    assert made["cpu"]["model"] == "Core(TM) ?X ?1"
    assert made["cpu"]["cores"] == 1
    assert made["compiler"] == "(left out) of (left out) (GCC) 12"


@pytest.mark.parametrize("minutes", [float("nan"), float("inf"), -1.0, 1e9])
def test_minutes_that_are_no_time_are_refused(tmp_path, minutes):
    with pytest.raises(ValueError, match="minutes: expected 0 to 1440, got"):
        record_machine(tmp_path, minutes=minutes)


def test_a_clock_that_is_too_coarse_is_noticed_before_the_measurement(tmp_path, monkeypatch):
    readings = iter(range(3))
    monkeypatch.setattr(recording, "CPU_CLOCK", lambda: 0.016 * next(readings))
    with pytest.raises(ValueError, match="finer than a sample of 1 ms, got steps of 16 ms"):
        record_machine(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_record_edited_by_hand_is_noticed(record, tmp_path):
    content = json.loads(record.read_text(encoding="utf-8"))
    cell(content)["samples"][0][4] *= 2
    edited = tmp_path / record.name
    edited.write_text(schema.text_of(content), encoding="utf-8")
    with pytest.raises(ValueError, match="changed after the measurement"):
        check_record(edited)


def test_a_record_of_schema_2_is_a_processors_and_keeps_its_bytes(change, tmp_path, monkeypatch):
    monkeypatch.setattr(machines, "record_folder", lambda whose: tmp_path / whose)
    earlier = change(lambda c: [c.pop("kind"), c.update(schema=2), clean(c)])
    assert check_record(earlier)["kind"] == "processor"
    assert machines.publish_record(earlier) == earlier.name
    assert (tmp_path / "published" / earlier.name).read_bytes() == earlier.read_bytes()
    with pytest.raises(ValueError, match="the older schema 2"):
        schema.read_record(change(lambda c: c.update(schema=2)))  # which had no kinds


def clean(content):
    content["machine"]["provenance"] |= {"dirty": False, "commit": "0123456789"}


def generated_steps(content, compilers=("gcc",), arms=("tanh", "tanh_again", "isru", "exp_free")):
    """Put the optional part of steps in generated C into a record."""
    content["parts"]["c_steps"] = [
        {"arm": arm, "case": case, "samples": cell(content, "steps")["samples"]}
        for compiler in compilers
        for step in ("train", "predict")
        for units in (10, 25, 100)
        for case in [{"compiler": compiler, "step": step, "units": units}]
        for arm in arms
    ]


def test_steps_in_generated_c_are_an_optional_part_and_shown_beside_the_engines(change):
    record = check_record(change(generated_steps))
    steps = summaries.step_savings(record, rng=np.random.default_rng(0))
    assert set(steps["engine"]) == {"NumPy", "compiled", "C, gcc"}
    few = change(lambda c: generated_steps(c, arms=("tanh", "tanh_again", "isru")))
    with pytest.raises(ValueError, match=r"c_steps: .* got no exp_free"):
        schema.read_record(few)
    with pytest.raises(ValueError, match=r"case.compiler: expected a compiler: gcc.* got 'tcc'"):
        schema.read_record(change(lambda c: generated_steps(c, ("tcc",))))


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


def test_a_round_that_a_power_cut_emptied_is_measured_again(fake, tmp_path, caplog):
    settings = {"minutes": 0, "rounds": (2, 2), "progress": False}
    fake(interrupt_at=5)
    with pytest.raises(Interrupted):
        record_machine(tmp_path, **settings)
    for broken, content in (("activations", ""), ("steps", "[]")):
        (tmp_path / "unfinished" / f"round-00-{broken}.json").write_text(content)
    again = fake()
    record_machine(tmp_path, **settings)
    assert len(again.calls) == 2 * len(all_parts()) - 5 + 2
    assert caplog.text.count("is broken") == 2


def test_rounds_differ_by_seed_and_threads_by_part(fake, tmp_path):
    measure = fake()
    record_machine(tmp_path, minutes=0, rounds=(3, 3), progress=False)
    assert {seed for seed, _ in measure.calls} == {0, 1, 2}
    assert {threads for _, threads in measure.calls} == {part.threads for part in all_parts()}


@pytest.mark.parametrize("compilers", [[], ["gcc"]])
def test_steps_in_generated_c_are_measured_where_a_compiler_is(monkeypatch, compilers):
    cases = [{"compiler": name, "step": "train", "units": 10} for name in compilers]
    monkeypatch.setattr(plans, "record_cases", lambda: cases)
    assert [part.name for part in all_parts(1)].count("c_steps") == len(compilers)


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
    assert machines.record_files("published") == (
        {clean.name: tmp_path / "published" / clean.name},
        {},
    )
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
    generated = {f"C, {case['compiler']}" for case in plans.record_cases()}
    assert set(tables["steps"]["engine"]) == {"NumPy", "compiled"} | generated
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
    parts = content["parts"]
    for one in [*parts["steps"], *parts.get("c_steps", [])]:
        for sample in one["samples"]:
            sample[5] = 2e-5 if one["arm"].startswith("tanh") else 3e-5
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
    engines = tables["steps"][~tables["steps"]["engine"].str.startswith("C,")]
    panels = machine_steps(engines, published).axes
    assert [axes.get_title(loc="left") for axes in panels] == [
        "NumPy",
        "Compiled",
        "Published machines",
    ]
    assert len(machine_steps(tables["steps"].iloc[:0], published).axes) == 1


PROCESSOR_KIND = {"kind": "processor"}
PROCESSOR = PROCESSOR_KIND | {"problems": []}
WAITED = (
    "steps: over 5 % of the time was spent waiting: let nothing run beside, in {} of 72 cells; x"
)


def test_the_page_says_in_words_where_machines_agree_and_where_not():
    slower, split = ["slower", "slower"], ["slower", "faster"]
    table = pd.DataFrame(
        {"form": "NumPy calls", "dtype": ["float32"] * 2 + ["float64"] * 2}
        | {"direction": [*slower, *split], "machine": ["a", "b"] * 2}
    )
    text = page.answer(page.Shown({"a": PROCESSOR, "b": PROCESSOR}, table, None, None, None))
    assert "2 machines are recorded" in text
    assert "from NumPy calls it is slower (float32) and" in text
    assert "slower on 1 of 2 machines, faster on 1 (float64)" in text


def test_a_record_of_a_busy_machine_is_told_and_counts_in_no_sentence():
    busy, quiet = ({"problems": [WAITED.format(cells)]} | PROCESSOR_KIND for cells in (40, 36))
    assert verdict(busy).startswith("the machine was busy") and verdict(quiet) == QUIET
    threads = {"problems": [WAITED.format(72).replace("steps", "threads_2")]}
    assert verdict(threads) == QUIET, "threads wait for each other"
    assert "browser" in verdict({"kind": "browser", "problems": []})
    table = pd.DataFrame(
        {"form": "NumPy calls", "dtype": "float32", "direction": ["slower", "faster"]}
        | {"machine": ["a", "b"]}
    )
    text = page.answer(page.Shown({"a": quiet, "b": busy}, table, None, None, None))
    assert "One machine is recorded (1 more while it was busy: left out here)" in text
    assert "it is slower (float32)" in text and "faster" not in text.partition("recorded")[2]


def test_a_busy_record_is_marked_in_every_table_and_names_its_file(record):
    quiet, busy = check_record(record), check_record(record)
    quiet["problems"], busy["problems"] = [], [WAITED.format(72)]
    shown = page.summarised({"calm.json": quiet, "busy.json": busy})
    calm, at_work = shown.records
    assert at_work.endswith(", busy") and "busy" not in calm
    for name in ("machines", "activations", "steps"):
        assert {row[0] for row in page.TABLES[name](shown)[1:]} == {calm, at_work}
    told = {row[0]: row[-1] for row in page.machines_table(shown)[1:]}
    assert told[calm].startswith("calm.json; ") and told[at_work].startswith("busy.json; ")
    alone = page.summarised({"busy.json": busy})
    assert page.answer(alone) == "No processor is recorded at rest, one machine while it was busy."


def test_the_rule_is_not_tested_on_a_busy_machine(change, tmp_path):
    for problems in ([], [WAITED.format(72)]):
        assert change(lambda c, told=problems: c.update(problems=told)).parent == tmp_path
    found = recorded_machines(tmp_path)
    assert [one["problems"] for one in found.values()] == [[]]


@pytest.mark.parametrize("load", [0.1, 1.7])
def test_record_warns_of_other_programs_and_says_what_comes_next(
    record, load, tmp_path, monkeypatch, capsys
):
    folder = tmp_path / "a folder" / "runs" / "machines"

    def measured(into, *, minutes):
        assert (into, minutes) == (folder, 5)
        return Path(shutil.copy(record, into))

    monkeypatch.setattr(paths, "root", lambda: tmp_path / "a folder")
    monkeypatch.setattr(machine_records, "record_machine", measured)
    monkeypatch.setattr(machine_records, "check_record", schema.read_record)  # nothing is drawn
    monkeypatch.setattr(commands, "alone", nullcontext)
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0), raising=False)
    commands.record(SimpleNamespace(minutes=5))
    said = "".join(capsys.readouterr())
    assert ("warning: other programs keep 1.7 of" in said) == (load > 1)
    assert verdict(schema.read_record(record)) in said
    steps = [line.strip() for line in said.splitlines() if line.strip().startswith("make ")]
    name = f"RECORD=runs/machines/{record.name}"
    assert [step.partition("#")[0].split() for step in steps] == [
        ["make", "check-record", name],
        ["make", "publish", name],
        ["make", "book"],
    ]


def test_publishing_a_record_says_whether_its_times_can_be_used(
    change, tmp_path, monkeypatch, capsys
):
    for whose in (machines, commands):
        monkeypatch.setattr(whose, "record_folder", lambda _: tmp_path / "published")
    (tmp_path / "published").mkdir()

    def edit(content):
        content["problems"] = [WAITED.format(72)]
        content["machine"]["provenance"] |= {"dirty": False, "commit": "abcdef1"}

    commands.publish(SimpleNamespace(record=change(edit)))
    assert "the machine was busy with something else: measure again" in "".join(capsys.readouterr())


def test_the_page_sets_published_differences_beside_recorded_ones(tables):
    rows = page.gains(page.Shown({}, **tables))
    published = rows[rows["form"] == "published, libm"]
    assert len(published) == 10
    assert (published["gain_ns"] > 0).all()
    assert len(rows) == 10 + 3


@pytest.fixture
def book(tmp_path, monkeypatch):
    """Return folders of published and own records for the book of a run."""
    folders = {whose: tmp_path / whose for whose in ("published", "own")}
    for folder in folders.values():
        folder.mkdir()
    monkeypatch.setattr(machines, "record_folder", folders.get)
    return folders


def test_a_bad_record_of_ones_own_is_left_out_and_named(book, change, record):
    shutil.copy(record, book["own"])
    old = shutil.copy(change(lambda c: c.update(schema=1)), book["own"] / "old.json")
    shown, skipped = machines.record_files("quick")
    assert list(shown) == [record.name]
    assert list(skipped) == [Path(old).name]
    assert "got the older schema 1" in skipped[Path(old).name]
    assert machines.record_files("published") == ({}, {})


def test_a_published_record_that_is_no_file_is_named(book):
    (book["published"] / "x.json").mkdir()
    with pytest.raises(CompendiumError, match=r"expected a machine record at .*x\.json"):
        machines.record_files("published")


def test_every_published_record_is_accepted():
    for path in machines.record_folder("published").glob("*.json"):
        check_record(path)
