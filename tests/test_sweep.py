"""Sweeps: no row lost, none computed twice, the same numbers wherever they are computed."""

import json
import os
import subprocess
import sys

import pandas as pd
import pytest
from sweep_rows import (
    Case,
    die_at_three,
    fields,
    no_row,
    noise,
    noise_but_not_of_three,
    of_tanh,
)

from isru import closure, notes, paths
from isru.activations import ACTIVATIONS
from isru.sweep import SweepError, about, estimate, run_sweep
from isru.sweep.local import attempt, guarded

pytestmark = pytest.mark.slow


def cases(log, count=5):
    return [Case(size, seed=size, log=str(log)) for size in range(1, count + 1)]


@pytest.fixture
def log(tmp_path):
    folder = tmp_path / "log"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def no_scheduler(monkeypatch):
    monkeypatch.delenv("ISRU_SCHEDULER", raising=False)


def sweep(function, table, **more):
    return run_sweep(function, table, **{"processes": 1, "progress": False} | more)


def test_rows_stand_in_the_order_of_the_cases_wherever_they_are_computed(log):
    here = sweep(noise, cases(log))
    there = sweep(noise, cases(log), processes=2)
    pd.testing.assert_frame_equal(here, there)
    assert here["size"].tolist() == [1, 2, 3, 4, 5] and here["mean"].nunique() == 5
    assert len({path.read_text() for path in log.iterdir()}) > 1


def test_a_finished_row_is_never_computed_again(log, tmp_path):
    first = sweep(noise, cases(log, 3), cache=tmp_path / "cache")
    both = sweep(noise, cases(log), cache=tmp_path / "cache")
    assert len(list(log.iterdir())) == 5
    pd.testing.assert_frame_equal(first, both[:3])
    sweep(noise, cases(log), cache=tmp_path / "cache", fresh=True)
    assert len(list(log.iterdir())) == 10


def test_equal_configurations_are_computed_once(log):
    assert len(sweep(noise, cases(log, 2) * 3)) == 6 and len(list(log.iterdir())) == 2


def test_an_interrupted_sweep_goes_on_where_it_stopped(log, tmp_path, monkeypatch):
    def interrupted(function, todo):
        for place, case in enumerate(todo):
            if place == 2:
                raise KeyboardInterrupt
            yield place, *attempt(noise, case)

    with monkeypatch.context() as patch:
        patch.setattr("isru.sweep.table.here", interrupted)
        with pytest.raises(KeyboardInterrupt):
            sweep(noise, cases(log), cache=tmp_path / "cache")
    whole = sweep(noise, cases(log), cache=tmp_path / "cache")
    assert len(list(log.iterdir())) == 5
    pd.testing.assert_frame_equal(whole, sweep(noise, cases(log)))


def test_a_row_that_fails_is_named_and_the_others_are_kept(log, tmp_path):
    with pytest.raises(SweepError) as caught:
        sweep(noise_but_not_of_three, cases(log), cache=tmp_path / "cache")
    text = str(caught.value)
    assert "1 of 5 rows failed; the 4 finished ones are kept" in text
    assert "Case(size=3, seed=3" in text and "ArithmeticError: three is too many" in text
    assert [failure.case.size for failure in caught.value.failures] == [3]
    assert len(list((tmp_path / "cache").rglob("*.json"))) == 4
    with pytest.raises(SweepError, match=r"none is kept, because .* no cache"):
        sweep(noise_but_not_of_three, cases(log))


def test_a_killed_process_ends_the_sweep_with_a_remedy(log):
    with pytest.raises(SweepError, match=r"a local process ended abruptly.*of 5 rows are done"):
        sweep(die_at_three, cases(log), processes=2)


SCRIPT = """
import sys
from isru.sweep import run_sweep
from sweep_rows import Case, noise
run_sweep(noise, [Case(1, 1, sys.argv[1]), Case(2, 2, sys.argv[1])], progress=False)
"""


def test_a_script_without_a_guard_is_told_what_to_write(log, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script), str(log)],
        env=os.environ | {"PYTHONPATH": str(paths.root() / "tests")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "under a line \"if __name__ == '__main__':\"" in done.stderr.strip().splitlines()[-1]
    assert "want of memory" not in done.stderr


def test_a_guard_is_seen_where_there_is_one(tmp_path):
    script = tmp_path / "script.py"
    for text, found in [(SCRIPT, False), ("if '__main__' == __name__:\n    run()\n", True)]:
        script.write_text(text, encoding="utf-8")
        assert guarded(str(script)) is found
    assert guarded(None) and guarded("no such file")


def test_what_is_no_row_or_no_configuration_is_refused(log):
    with pytest.raises(SweepError, match="expected what JSON can hold; got ndarray"):
        sweep(no_row, cases(log, 1))
    with pytest.raises(TypeError, match="configuration as dataclass or dict, got 7"):
        sweep(noise, [7])


def test_a_configuration_may_be_a_dict_and_a_number_infinite(tmp_path):
    for _ in range(2):
        rows = sweep(fields, [{"a": 1, "b": 2}], cache=tmp_path)
        assert rows["sum"][0] == 3 and rows["infinite"][0] == float("inf")


def test_a_damaged_file_of_the_cache_is_computed_again(log, tmp_path):
    first = sweep(noise, cases(log, 1), cache=tmp_path / "cache")
    (stored,) = (tmp_path / "cache").rglob("*.json")
    assert json.loads(stored.read_text())["case"]["size"] == 1
    stored.write_text(stored.read_text()[:20])
    pd.testing.assert_frame_equal(sweep(noise, cases(log, 1), cache=tmp_path / "cache"), first)
    assert len(list(log.iterdir())) == 2


def test_other_code_or_another_library_makes_other_rows(log, tmp_path, monkeypatch):
    sweep(noise, cases(log, 1), cache=tmp_path / "cache")
    known = about(noise)
    for change in ({"code": "another"}, {"numpy": "1.0"}):
        monkeypatch.setattr("isru.sweep.store.about", lambda _, change=change: known | change)
        sweep(noise, cases(log, 1), cache=tmp_path / "cache")
    assert len(list(log.iterdir())) == 3


def test_a_comment_voids_no_row_and_other_code_does(log, tmp_path, monkeypatch):
    source = "def double(x):\n    return 2 * x\n"
    texts = [source, source.replace("2 *", "(2) *") + "# twice", source.replace("2 *", "3 *")]
    (tmp_path / "isru").mkdir()
    monkeypatch.setattr(closure, "_HERE", tmp_path / "isru")
    monkeypatch.setattr(noise, "__module__", "isru.rows")
    (tmp_path / "isru" / "rows.py").write_text("from isru.kernel import double")
    found = []
    for text in texts:
        (tmp_path / "isru" / "kernel.py").write_text(text)
        closure.forget_sources()
        sweep(noise, cases(log, 1), cache=tmp_path / "cache")
        found.append(len(list(log.iterdir())))
    monkeypatch.undo()
    closure.forget_sources()
    assert found == [1, 1, 2]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_kept_row_repeats_its_notes_wherever_it_was_computed(log, tmp_path, processes):
    with notes.noting() as first:
        sweep(of_tanh, cases(log, 2), processes=processes, cache=tmp_path / "cache")
    with notes.noting() as again:
        sweep(of_tanh, cases(log, 2), cache=tmp_path / "cache")
    assert len(list(log.iterdir())) == 2
    used = {ACTIVATIONS[name].noted_as for name in ("tanh", "relu")}
    assert used | {"data/of rows"} <= set(first) and first == again


def test_an_edited_activation_voids_only_the_rows_that_used_it(log, tmp_path, monkeypatch):
    sweep(of_tanh, cases(log, 4), cache=tmp_path / "cache")
    edited = ACTIVATIONS["relu"].noted_as
    known = closure.present_digest

    def present(name):
        return "another" if name == edited else known(name)

    monkeypatch.setattr("isru.sweep.store.present_digest", present)
    sweep(of_tanh, cases(log, 4), cache=tmp_path / "cache")
    assert len(list(log.iterdir())) == 4 + 2
    monkeypatch.setattr("isru.sweep.store.present_digest", known)
    monkeypatch.setattr(closure, "list_digest", lambda: "with a new one")
    sweep(of_tanh, cases(log, 4), cache=tmp_path / "cache")
    assert len(list(log.iterdir())) == 4 + 2


def test_changed_data_voids_the_rows_that_read_it(log, tmp_path, monkeypatch):
    sweep(of_tanh, cases(log, 1), cache=tmp_path / "cache")
    monkeypatch.setattr(closure, "data_digest", lambda name: "2")
    sweep(of_tanh, cases(log, 1), cache=tmp_path / "cache")
    assert len(list(log.iterdir())) == 2


def test_what_many_rows_rest_on_is_hashed_once(log, tmp_path, monkeypatch):
    sweep(of_tanh, cases(log, 4), cache=tmp_path / "cache")
    known, hashed = closure.present_digest, []

    def present(name):
        hashed.append(name)
        return known(name)

    monkeypatch.setattr("isru.sweep.store.present_digest", present)
    sweep(of_tanh, cases(log, 4), cache=tmp_path / "cache")
    assert hashed and len(hashed) == len(set(hashed))


def test_timed_rows_never_run_beside_each_other(log, tmp_path, monkeypatch):
    monkeypatch.setenv("ISRU_SCHEDULER", "tcp://127.0.0.1:1")
    sweep(noise, cases(log), processes=4, timed=True)
    assert len({path.read_text() for path in log.iterdir()}) == 1
    with pytest.raises(ValueError, match="timed rows to run here"):
        sweep(noise, cases(log), timed=True, scheduler="tcp://127.0.0.1:1")
    sweep(noise, cases(log, 1), cache=tmp_path / "cache", timed=True)
    assert len(list(log.iterdir())) == 6
    for what in ("cpu_model", "blas", "arithmetic_settings"):
        monkeypatch.setattr(f"isru.sweep.table.{what}", lambda: "another one")
        sweep(noise, cases(log, 1), cache=tmp_path / "cache", timed=True)
    assert len(list(log.iterdir())) == 9


def test_the_bar_shows_what_is_done_and_the_time_left(log, tmp_path, capsys):
    run_sweep(noise, cases(log, 2), processes=1, cache=tmp_path / "cache")
    run_sweep(noise, cases(log), processes=1, cache=tmp_path / "cache")
    shown = capsys.readouterr().err
    assert "5/5" in shown and "<00:00" in shown and "2/5" in shown


def test_the_cost_is_rows_times_time_over_workers(log, tmp_path):
    times = iter([0.0, 7.0, 10.0, 13.0])
    found = estimate(noise, cases(log), workers=2, samples=2, clock=lambda: next(times))
    assert (found.rows, found.row_seconds, found.seconds) == (5, 5.0, 15.0)
    assert found.worker_hours == pytest.approx(30 / 3600)
    assert str(found) == ("5 of 5 rows left x 5 s / 2 workers = 0.25 minutes, 0.00833 worker-hours")
    with pytest.raises(ValueError, match="workers: expected at least 1, got 0"):
        estimate(noise, cases(log), workers=0)
    again = estimate(noise, cases(log), cache=tmp_path / "cache")
    again = estimate(noise, cases(log), cache=tmp_path / "cache")
    assert again.finished == 1  # the timed rows are not computed twice


def test_dask_is_imported_only_when_asked_for(log):
    code = "import sys, isru.sweep, isru.studies.forecaster\n\
print([m for m in ('dask', 'distributed', 'pandas.plotting') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "dask" not in done.stdout and "distributed" not in done.stdout


def test_without_dask_the_message_says_what_to_install(log, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"needs Dask.*pip install 'isru\[sweep\]'"):
        sweep(noise, cases(log), scheduler="tcp://127.0.0.1:1")


def test_the_page_names_what_there_is():
    text = (paths.root() / "book" / "sweeps.md").read_text()
    assert all(name in text for name in ("run_sweep", "estimate", "ISRU_SCHEDULER", "timed"))
