"""Over how many machines a sentence goes, and whether recorded machines agree with the run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "book" / "_ext"))

from isru_book import over
from isru_book.over import machines_of, of_claim, timed
from isru_book.run import Run

from isru.machine_records.agreement import agreement, agreement_table
from isru.machine_records.page import Shown, machines_in_words
from isru.records import Record

CALL = "activation-cost.ratios[pair=plain, form={}, dtype=float32].ratio"
STEP = "forecaster.steps[framework={}, step=train, units=25].saving"
C_STEP = "processors.c-library[phase=train, units=25, arm=isru].saving"
CONDITIONS = {
    "C2": {CALL.format("numpy"): "NumPy", CALL.format("libm"): "libm"},
    "C3": {STEP.format("numba"): "compiled", C_STEP: "generated C", "a.b": "not recorded"},
}


def record(machine: str) -> dict:
    """Return what a record says of its machine and its code."""
    return {"machine": {"provenance": {"machine": machine, "commit": "5eed123"}}, "problems": []}


def made_by(_) -> dict:
    """Return the provenance of every chapter."""
    return {"machine": "Z", "commit": "c0de456"}


def shown(*machines: str, libm: str = "faster") -> Shown:
    """Return records of machines with these words."""
    calls = [
        {"machine": name, "form": form, "dtype": "float32", "direction": word}
        for name in machines
        for form, word in (("NumPy calls", "slower"), ("compiled, libm", libm))
    ]
    steps = [
        {"machine": name, "engine": engine, "step": "train", "units": 25, "direction": "undecided"}
        for name in machines
        for engine in ("compiled", "C, gcc", "NumPy")
    ]
    records = {name: record(name.partition(" (")[0]) for name in machines}
    return Shown(records, pd.DataFrame(calls), pd.DataFrame(steps), pd.DataFrame(), pd.DataFrame())


def words(**there: str):
    """Return a reader of the run's words, ``"faster"`` where none is given."""
    run = {
        CALL.format("numpy"): "faster",
        CALL.format("libm"): "faster",
        STEP.format("numba"): "undecided",
    } | there
    by_word = {f"{key.rpartition('.')[0]}.direction": {"value": word} for key, word in run.items()}
    return by_word.get


def test_a_condition_counts_where_run_and_record_measured_it():
    found = agreement(shown("A", "B"), CONDITIONS, words(), made_by)
    assert len(found) == 2 * 3, "NumPy steps are no condition, C steps not in the run"
    assert set(found["machine"]) == {"A", "B"}
    found = agreement(shown("A"), CONDITIONS, words(**{C_STEP: "faster"}), made_by)
    assert found.set_index("condition").loc["generated C", ["here", "there"]].tolist() == [
        "undecided",
        "faster",
    ]


def test_only_two_decided_words_are_opposite():
    found = agreement(shown("A", libm="equal"), CONDITIONS, words(), made_by)
    assert agreement_table(found)[1:] == [
        ["C2", "A", "5eed123; c0de456", "0 of 2", "1 of 2", "NumPy: slower, not faster"],
        ["C3", "A", "5eed123; c0de456", "1 of 1", "0 of 1", "nowhere"],
    ]


def test_nothing_is_compared_where_the_run_measured_nothing():
    found = agreement(shown("A"), CONDITIONS, lambda _: None, made_by)
    assert agreement_table(found)[1:] == []


@pytest.fixture
def env(tmp_path):
    """Return what stands for Sphinx: a run whose two chapters come from two machines."""
    results = tmp_path / "results"
    timing = Record("forecaster", results)
    timing.value("saving", 3.0, kind="machine")
    timing.table(
        "steps", pd.DataFrame({"units": [25], "saving": [3.0]}), kind="machine", keys=["units"]
    )
    Record("isru", results).value("limit", 1.0, kind="exact")
    for name, machine in (("forecaster", "Machine A"), ("isru", "Machine B")):
        path = results / "values" / f"{name}.json"
        content = json.loads(path.read_text(encoding="utf-8"))
        content["provenance"] |= {"machine": machine, "blas": "unknown"}
        path.write_text(json.dumps(content), encoding="utf-8")
    app = SimpleNamespace(isru_run=Run(tmp_path))
    return SimpleNamespace(app=app, note_dependency=lambda _: None)


def test_a_chapter_without_times_belongs_to_no_machine(env):
    run = env.app.isru_run
    assert [timed(run, name) for name in ("forecaster", "isru", "lstm")] == [True, False, False]
    assert list(machines_of(run, ["forecaster", "forecaster"])) == ["Machine A"]
    assert machines_in_words(len(machines_of(run, ["forecaster", "isru"]))) == "2 machines"


def card(env, *addresses: str, agreed=()) -> str:
    """Return the line of a claim with these conditions."""
    found = [SimpleNamespace(condition=SimpleNamespace(value=at)) for at in addresses]
    columns = ["claim", "machine", "condition", "here", "there", "own"]
    frame = pd.DataFrame(agreed, columns=columns)
    verdict = SimpleNamespace(conditions=found)
    return "".join(n.astext() for n in of_claim(env, SimpleNamespace(id="C3"), verdict, frame))


def test_machines_of_one_name_are_told_apart_by_their_vector_instructions():
    epyc, xeon = "AMD EPYC, 2 cores", "Intel(R) Xeon(R) Processor @ 2.50GHz, 2 cores"
    made = [(epyc, "Haswell"), (epyc, "SkylakeX"), (xeon, "SkylakeX"), (epyc, "Haswell")]
    by_chapter = {
        str(place): {"machine": machine, "blas": f"OpenBLAS 0.3.31 {kernel}"}
        for place, (machine, kernel) in enumerate(made)
    }
    found = machines_of(SimpleNamespace(provenance=by_chapter.get), by_chapter)
    assert found == {
        f"{epyc}, AVX-512": "AMD EPYC with AVX-512",
        f"{epyc}, AVX2": "AMD EPYC with AVX2",
        f"{xeon}, AVX-512": "Intel Xeon @ 2.50GHz with AVX-512",
    }


def test_a_busy_machine_agrees_with_nothing():
    recorded = shown("A", "B")
    waited = "steps: over 5 % of the time was spent waiting: beside, in 72 of 72 cells"
    recorded.records["B"]["problems"].append(waited)
    found = agreement(recorded, CONDITIONS, words(), made_by)
    assert set(found["machine"]) == {"A"}


@pytest.mark.parametrize(("flags", "own"), [(["avx2"], True), (["avx2", "avx512f"], False)])
def test_a_record_with_other_vector_instructions_is_of_another_machine(flags, own):
    recorded = shown("Z")
    recorded.records["Z"]["machine"]["cpu"] = {"flags": flags}
    ran = {"machine": "Z", "blas": "OpenBLAS 0.3.31 Haswell"}
    assert set(agreement(recorded, CONDITIONS, words(), lambda _: ran)["own"]) == {own}
    older = {"machine": "Z"}  # a run that did not tell its kernel may be of either
    assert set(agreement(recorded, CONDITIONS, words(), lambda _: older)["own"]) == {True}


def test_a_claims_card_says_over_how_many_machines_its_times_go(env):
    saving = "forecaster.steps[units=25].saving"
    assert card(env, saving) == "The times are of one machine."
    assert card(env, "isru.limit", "forecaster.gone") == "", "it rests on no time"
    agreed = [
        ("C3", "B", "x", "faster", "faster", False),
        ("C3", "B", "y", "slower", "faster", False),
        ("C3", "C", "x", "undecided", "faster", False),
        ("C2", "C", "x", "faster", "faster", False),
        ("C3", "A", "x", "faster", "faster", True),
    ]
    assert card(env, saving, agreed=agreed) == (
        "The times are of one machine. "
        "1 of 3 comparisons on 2 other recorded machines give this run's word, "
        "1 the opposite one."
    )
    assert card(env, saving, agreed=agreed[-1:]) == "The times are of one machine."
    assert "on 1 other recorded machine give" in card(env, saving, agreed=agreed[:2])


def test_the_machine_that_made_a_chapter_is_no_other_one(env, monkeypatch):
    """Its records, numbered where there are several, say nothing of another machine."""
    titles = ["Machine A (1)", "Machine A (2)", "Machine A, 64 cores"]
    monkeypatch.setattr(over, "shown_records", lambda _: shown(*titles))
    monkeypatch.setattr(over, "reader", lambda _: words())
    condition = SimpleNamespace(value=STEP.format("numba"), label="compiled")
    verdict = SimpleNamespace(conditions=[SimpleNamespace(condition=condition)])
    found = over.agreements(env, [(SimpleNamespace(id="C3"), verdict)])
    assert found.set_index("machine")["own"].to_list() == [True, True, False]
    assert [row[1] for row in agreement_table(found)[1:]] == [
        "Machine A (1), of the same model as this run's",
        "Machine A (2), of the same model as this run's",
        "Machine A, 64 cores",
    ]
