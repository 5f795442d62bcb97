"""What stands beside the octaves: frameworks, a reader's own task, its time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from isru.chapters.accuracy import own
from isru.chapters.accuracy.frameworks import framework_differences, train_case_in_keras
from isru.chapters.accuracy.study import judged
from isru.chapters.accuracy.tasks import TASKS
from isru.chapters.accuracy.training import DECIDING, Case, train_case

LOSSES = {  # by framework and arm, of two seeds
    ("numba", "tanh"): (1.0, 1.2),
    ("numba", "isru"): (1.1, 1.3),
    ("keras", "tanh"): (1.0, 1.4),
    ("keras", "isru"): (1.3, 1.5),
}


def rows_of(framework: str) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"task": "digits", "arm": arm, "seed": seed, "rate": 0.02, "test": loss}
            for (name, arm), losses in LOSSES.items()
            for seed, loss in enumerate(losses)
            if name == framework
        ]
    )


def test_frameworks_and_activations_are_compared_by_seed_in_octaves():
    compiled = pd.concat([rows_of("numba"), rows_of("numba").assign(rate=0.05, test=9.0)])
    found = framework_differences(compiled, rows_of("keras"), {"digits": 0.5})
    octaves = found.set_index("contrast")["octaves"]
    assert octaves["activation_numba"] == pytest.approx(0.2)  # (1.1 - 1.0) / 0.5, both seeds
    assert octaves["activation_keras"] == pytest.approx(0.4)  # (0.3 + 0.1) / 2 / 0.5
    assert octaves["framework_tanh"] == pytest.approx(0.2)
    assert octaves["framework_isru"] == pytest.approx(0.4)
    assert set(found["n"]) == {2}


def test_without_networks_of_keras_there_is_nothing_to_compare():
    found = framework_differences(rows_of("numba"), pd.DataFrame(), {})
    assert found.empty and "octaves" in found


@pytest.mark.slow
@pytest.mark.parametrize("arm", ["tanh", "isru"])
def test_keras_trains_the_same_network_on_the_same_batches(monkeypatch, arm):
    monkeypatch.setitem(TASKS, "digits", replace(TASKS["digits"], epochs=1, rates=(0.02,)))
    case = Case("digits", arm, 17, (0.02,))
    one, other = train_case(case), train_case_in_keras(case)
    assert one["parameters"] == other["parameters"] and one["epoch"] == other["epoch"]
    np.testing.assert_allclose(one["test"], other["test"], rtol=1e-3)


@pytest.fixture
def file(tmp_path):
    rng = np.random.default_rng(17)
    inputs = rng.standard_normal((120, 3, 2))
    np.savez(tmp_path / "mine.npz", inputs=inputs, targets=(inputs.sum((1, 2)) > 0).astype(int))
    return tmp_path / "mine.npz"


@pytest.mark.slow
def test_a_readers_task_gets_the_seeds_that_its_minutes_allow_and_says_so_before(
    file, monkeypatch, capsys
):
    said = []
    monkeypatch.setattr(own, "seconds_of_a_seed", lambda *_: 20.0)
    sweep = own.run_sweep

    def watched(*arguments, **settings):
        said.append(capsys.readouterr().out)
        return sweep(*arguments, progress=False, **settings)

    monkeypatch.setattr(own, "run_sweep", watched)
    rows = own.own_task_rows(str(file), 1.0, 40, 1, None)
    assert "3 seeds of 5 arms, about 1.0 minutes" in said[0]
    assert set(rows["seed"]) == {40, 41, 42} and set(rows["arm"]) == set(DECIDING)
    found = judged(rows, {})
    assert set(found["arm"]) == set(DECIDING) - {"tanh", "half"}
    assert set(found["word"]) <= {"non-inferior", "worse", "inconclusive"}


@pytest.mark.slow
def test_kept_rows_of_a_readers_task_are_those_of_its_present_content(file, tmp_path, monkeypatch):
    monkeypatch.setattr(own, "seconds_of_a_seed", lambda *_: 20.0)
    monkeypatch.setattr(own, "DECIDING", ("tanh",))

    def row():
        own._task.cache_clear()
        return own.own_task_rows(str(file), 1.0, 40, 1, tmp_path / "rows")

    before = row()
    pd.testing.assert_frame_equal(row(), before)
    held = dict(np.load(file))
    np.savez(file, inputs=held["inputs"][::-1], targets=held["targets"])
    assert (row()["test"] != before["test"]).any()


def test_without_a_file_there_is_no_task_to_judge():
    assert judged(own.own_task_rows("", 1.0, 0, 1, None), {}).empty
