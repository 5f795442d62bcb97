"""A browser's record: what the page writes is accepted and shown, what is broken is refused."""

from __future__ import annotations

import hashlib
import itertools
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from isru.errors import CompendiumError
from isru.machine_records import check_record, page, samples, schema, summaries
from isru.publish import machines

sys.path.insert(0, str(Path(__file__).parents[1] / "book" / "_ext"))

CALLS = {"tanh": 11_000, "tanh_again": 11_000, "isru": 2_000, "isru_gate": 2_200}
VECTORS = {"simd_isru": 500, "simd_isru_gate": 600}
STEPS = {"tanh": 2_000, "tanh_again": 2_000, "isru": 1_500, "exp_free": 900}
WORKERS, BLOCKS, LOOPS = 6, 2, 1000


def cells(times: dict[str, int], case: dict) -> list[dict]:
    """Return the cells of a part: an arm's loop takes its time, a later worker a little more."""

    def sample(worker: int, block: int, place: int, ns: int) -> list[int]:
        return [worker, block, place, LOOPS, LOOPS * ns + worker]

    last = 2 * len(times) - 1
    return [
        {
            "arm": arm,
            "case": dict(case),
            "samples": [
                sample(worker, block, position, ns)
                for worker, block in itertools.product(range(WORKERS), range(BLOCKS))
                for position in (place, last - place)
            ],
        }
        for place, (arm, ns) in enumerate(times.items())
    ]


CALL, STEP = {"dtype": "float32", "size": 1000}, {"step": "predict", "units": 25}


def browser_record(calls: dict = CALLS | VECTORS, steps: dict = STEPS) -> dict:
    """Return what the page of a browser writes."""
    made = {"commit": "80ce234f3f", "date": "2026-11-29", "dirty": False, "isru": "0.1.0"}
    return {
        "format": "isru machine record",
        "schema": 3,
        "kind": "browser",
        "machine": {
            "browser": {"name": "Chromium", "version": "141.0.7390.37", "engine": "Blink"},
            "system": "Linux x86_64",
            "cores": 2,
            "simd": True,
            "clock_ns": 100_000,
            "provenance": made | {"kernels": {"scalar": "0f" * 32, "vectors": "a1" * 32}},
        },
        "settings": {"seed": 0, "workers": WORKERS, "blocks": BLOCKS, "warmup_ms": 60, "ticks": 50},
        "parts": {
            "activations": cells(calls, CALL),
            "steps": cells(steps, STEP),
        },
        "problems": [],
    }


def canonical(value: object) -> str:
    """Return the text of a record as its form says it, by hand: the oracle of `text_of`."""
    if isinstance(value, dict):
        pairs = (f"{canonical(key)}:{canonical(value[key])}" for key in sorted(value))
        return ("\n{" if min(value, default="") == "arm" else "{") + ",".join(pairs) + "}"
    if isinstance(value, list):
        return f"[{','.join(map(canonical, value))}]"
    if isinstance(value, str):
        return f'"{value}"'
    return str(value).lower()


@pytest.fixture
def written(tmp_path):
    """Return a function that writes a record under the name of its content."""

    def write(record: dict) -> Path:
        text = canonical(record) + "\n"
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        path = tmp_path / f"chromium-141-0-7390-37-linux-x86-64-{digest}.json"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_what_the_page_writes_is_accepted_under_the_hash_of_its_content(written):
    record = check_record(written(browser_record()))
    assert record["kind"] == "browser"
    table = samples(record, "steps")
    assert table["seconds"].to_numpy().max() == pytest.approx(2e-6, rel=1e-3)
    assert {"process", "block", "position", "loops", "units"} <= set(table.columns)


def test_a_number_that_was_changed_by_hand_is_noticed(written):
    record = browser_record()
    path = written(record)
    record["parts"]["steps"][0]["samples"][0][4] += 1
    path.write_text(schema.text_of(record), encoding="utf-8")
    with pytest.raises(ValueError, match="changed after the measurement"):
        check_record(path)


def set_in(*place):
    """Return an edit that puts the last of ``place`` where the others lead."""
    *path, key, value = place

    def edit(record):
        for step in path:
            record = record[step]
        record[key] = value

    return edit


def drop(*path):
    """Return an edit that leaves out what a path leads to."""

    def edit(record):
        for step in path[:-1]:
            record = record[step]
        del record[path[-1]]

    return edit


def without(record, part, *arms):
    record["parts"][part] = [c for c in record["parts"][part] if c["arm"] not in arms]


MACHINE, CELL = "machine", ("parts", "activations", 0)
REFUSED = {
    "no browser": (drop(MACHINE, "browser"), "machine.browser: expected an object, got nothing"),
    "a processor": (set_in(MACHINE, "cpu", {}), "machine: expected nothing but .* got 'cpu'"),
    "no name": (drop(MACHINE, "browser", "name"), "browser.name: .* got nothing"),
    "an odd version": (
        set_in(MACHINE, "browser", "version", "newest"),
        "browser.version: expected a version such as .* got 'newest'",
    ),
    "no engine": (set_in(MACHINE, "browser", "engine", " "), "browser.engine: .* got ' '"),
    "a system with markup": (set_in(MACHINE, "system", "<b>"), "machine.system: .* plain text"),
    "half a core": (set_in(MACHINE, "cores", 1.5), "machine.cores: expected a whole number"),
    "vectors as text": (set_in(MACHINE, "simd", "yes"), "machine.simd: expected true or false"),
    "a clock in fractions": (set_in(MACHINE, "clock_ns", 0.1), "clock_ns: .* whole number .* 0.1"),
    "a person's address": (set_in(MACHINE, "processor", "ann@lab"), "processor: .* no address"),
    "no commit": (drop(MACHINE, "provenance", "commit"), "provenance.commit: expected a commit"),
    "no such day": (
        set_in(MACHINE, "provenance", "date", "2026-02-30"),
        "provenance.date: expected a day of the calendar",
    ),
    "no hashes": (drop(MACHINE, "provenance", "kernels"), "provenance.kernels: .* got nothing"),
    "half a hash": (
        set_in(MACHINE, "provenance", "kernels", "scalar", "0f"),
        "kernels.scalar: expected a sha256 of 64 hexadecimal digits, got '0f'",
    ),
    "a further fact": (set_in(MACHINE, "provenance", "host", "x"), "nothing but .* got 'host'"),
    "no workers": (drop("settings", "workers"), "settings.workers: expected a number, got nothing"),
    "a worker less": (set_in("settings", "workers", 7), "expected 7 workers, got 6 processes"),
    "no ticks": (set_in("settings", "ticks", 0), "settings.ticks: .* 1 to 10000, got 0"),
    "threads": (set_in("parts", "threads_1", [{}]), "a part activations or steps, got 'threads_1'"),
    "no steps": (drop("parts", "steps"), "parts: expected the part steps, got only activations"),
    "a time in fractions": (
        set_in(*CELL, "samples", 0, 4, 1.5),
        r"activations\[0\].samples\[0\].time_ns: expected a whole number .* got 1.5",
    ),
    "no time": (set_in(*CELL, "samples", 0, 4, 0), r"samples\[0\].time_ns: .* got 0"),
    "a short sample": (
        set_in(*CELL, "samples", 0, [0, 0, 0, 1]),
        r"samples\[0\]: expected 5 numbers: process, block, position, loops, time_ns, got a list",
    ),
    "a further block": (set_in(*CELL, "samples", 0, 1, 2), "block: .* 0 to 1, got 2"),
    "a double case": (
        lambda r: [c["case"].update(dtype="float64") for c in r["parts"]["activations"]],
        "every case of schema 3, got none with dtype float32",
    ),
    "other units": (
        lambda r: [c["case"].update(units=10) for c in r["parts"]["steps"]],
        "every case of schema 3, got none with step predict, units 25",
    ),
    "no A/A arm": (lambda r: without(r, "steps", "tanh_again"), "parts.steps: .* no tanh_again"),
    "no vectors": (
        lambda r: without(r, "activations", *VECTORS),
        "parts.activations: expected the arms .* got no simd_isru, simd_isru_gate",
    ),
    "vectors without vectors": (
        set_in(MACHINE, "simd", False),
        "no arm in vectors where machine.simd is false, got simd_isru, simd_isru_gate",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_odd_record_is_refused_with_its_path_and_the_reason(written, name):
    edit, message = REFUSED[name]
    record = browser_record()
    edit(record)
    with pytest.raises(ValueError, match=message) as refused:
        schema.read_record(written(record))
    assert "Contribute the file as it was written, or measure again" in str(refused.value)


@pytest.mark.parametrize("leave", ["vectors", "exp-free"])
def test_a_browser_without_vectors_or_model_is_accepted(written, leave):
    calls, steps = dict(CALLS), dict(STEPS)
    if leave == "exp-free":
        del steps["exp_free"]
        calls |= VECTORS
    record = browser_record(calls, steps)
    record["machine"]["simd"] = leave != "vectors"
    check_record(written(record))


def times(record: dict):
    found = summaries.browser_times(record, rng=np.random.default_rng(0))
    return found.set_index(["part", "arm"])


def test_a_time_is_the_smallest_of_a_worker_and_the_median_over_workers():
    record = browser_record()
    for sample in record["parts"]["activations"][0]["samples"][1:]:
        sample[4] *= 3  # of the first worker one sample stays, of the others none
    found = times(record)
    assert found.loc[("activations", "isru"), "ns"] == pytest.approx(2.0, rel=1e-3)
    assert found.loc[("activations", "isru"), "tanh_ns"] == pytest.approx(33.0, rel=1e-3)
    assert found.loc[("steps", "exp_free"), "ratio"] == pytest.approx(2000 / 900, rel=1e-3)
    assert found.loc[("steps", "isru"), "direction"] == "faster"


def test_there_is_no_verdict_where_tanh_differs_from_itself():
    record = browser_record(steps=STEPS | {"tanh_again": 2_200})
    found = times(record)
    assert set(found.loc["steps", "direction"]) == {summaries.NO_VERDICT}
    assert found.loc[("activations", "isru"), "direction"] == "faster"


def test_a_browser_stands_in_tables_of_its_own_and_makes_no_machine_more():
    shown = page.summarised({"a": browser_record(), "b": browser_record()})
    assert page.answer(shown) == "No processor is recorded."
    assert [len(page.TABLES[name](shown)) for name in ("machines", "steps", "threads")] == [1, 1, 1]
    _, one, two = page.browsers_table(shown)
    assert one[0] == "Chromium 141.0.7390.37 Linux x86_64 (1)" and two[0].endswith("(2)")
    assert one[4] == "0.1"
    rows = page.browser_times_table(shown)[1:]
    compared = [tuple(row[1:3]) for row in rows]
    assert compared == 2 * [
        ("a number of a call (float32)", "ISRU"),
        ("a number of a call (float32)", "ISRU, as a gate"),
        ("a number of a call (float32)", "ISRU, in vectors"),
        ("a number of a call (float32)", "ISRU, as a gate, in vectors"),
        ("a step (prediction, 25 units)", "ISRU"),
        ("a step (prediction, 25 units)", "exp-free"),
    ]


def test_a_browsers_record_is_published_as_it_was_written(written, tmp_path, monkeypatch):
    monkeypatch.setattr(machines, "record_folder", lambda whose: tmp_path / whose)
    path = written(browser_record())
    assert machines.publish_record(path) == path.name
    assert (tmp_path / "published" / path.name).read_bytes() == path.read_bytes()
    record = browser_record()
    record["machine"]["provenance"]["dirty"] = True
    with pytest.raises(CompendiumError, match="made from changed sources"):
        machines.publish_record(written(record))


def test_the_hash_is_that_of_the_form_whatever_the_layout(written):
    path = written(browser_record())
    path.write_text(json.dumps(browser_record(), indent=1), encoding="utf-8")
    assert schema.read_record(path)["machine"]["clock_ns"] == 100_000
