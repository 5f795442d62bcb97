"""A run is all or nothing, resumes where it stopped, and says why it failed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from argparse import Namespace

import nbformat
import papermill
import pytest
from filelock import FileLock
from notebook_files import write_notebook
from papermill.exceptions import PapermillExecutionError
from processes import goes_on

from isru import commands, paths
from isru.errors import CompendiumError
from isru.publish.job import Job
from isru.publish.notebooks import all_notebooks, select
from isru.publish.pending import pending
from isru.publish.release import keep_repeats, problems, publish, state
from isru.publish.runner import _discard_stale, _Schedule, _unfinished, execute, make_jobs

pytestmark = pytest.mark.slow

RECORD = "record.value('x', {value}, kind='exact')"


def run(profile="quick"):
    execute(make_jobs(all_notebooks(), profile))


def value(root, chapter="a"):
    path = root / "runs" / "quick" / "values" / f"{chapter}.json"
    return json.loads(path.read_text())["values"]["x"]["value"]


def test_a_run_leaves_notebook_values_and_manifest_and_reads_upstream(compendium):
    write_notebook(compendium, "a", [RECORD.format(value=2)], kind="exact")
    downstream = "record.value('x', 3 * read_values('a')['x']['value'], kind='exact')"
    write_notebook(compendium, "b", [downstream], needs=["a"], measures=True)
    run()
    assert value(compendium, "b") == 6
    quick = compendium / "runs" / "quick"
    manifest = json.loads((quick / "manifest" / "b.json").read_text())
    assert set(manifest["outputs"]) == {"notebooks/b.ipynb", "values/b.json"}
    recorded = json.loads((quick / "values" / "b.json").read_text())["values"]["x"]
    assert recorded["cell"] == "cell-0"  # that one recorded it
    assert [state(n, quick).split(" (")[0] for n in all_notebooks()] == ["current", "current"]


def test_an_exact_notebook_is_byte_identical_when_run_again(compendium):
    code = [RECORD.format(value=2), "object()", "print('seen at', record.folder.parents[2])"]
    write_notebook(compendium, "a", code, kind="exact")
    executed = compendium / "runs" / "quick" / "notebooks" / "a.ipynb"
    run()
    first = executed.read_bytes()
    run()
    assert executed.read_bytes() == first
    assert str(compendium).encode() not in first


def test_a_failing_notebook_leaves_the_last_run_as_it_was_and_the_next_run_resumes(compendium):
    write_notebook(compendium, "a", [RECORD.format(value=1)])
    write_notebook(compendium, "b", [RECORD.format(value=1)])
    run()
    write_notebook(compendium, "a", [RECORD.format(value=2)])
    write_notebook(compendium, "b", ["1 / 0"])
    with pytest.raises(CompendiumError, match=r"b failed in cell .*ZeroDivisionError"):
        run()
    assert value(compendium, "a") == 1
    assert (paths.build() / "failed" / "b.ipynb").is_file()
    finished = pending("quick")["a"] / "values" / "a.json"
    made = finished.stat().st_mtime_ns
    write_notebook(compendium, "b", [RECORD.format(value=2)])
    run()
    assert (value(compendium, "a"), value(compendium, "b")) == (2, 2)
    kept = compendium / "runs" / "quick" / "values" / "a.json"
    assert kept.stat().st_mtime_ns == made, "the finished notebook ran again"


@pytest.mark.parametrize(
    ("profile", "first", "beside"), [("quick", ["a"], []), ("smoke", ["a", "b"], ["c"])]
)
def test_what_measures_runs_alone_unless_its_numbers_do_not_count(
    compendium, monkeypatch, profile, first, beside
):
    for name in ("a", "b", "c"):
        write_notebook(compendium, name, ["1"], measures=name != "a")
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    schedule = _Schedule(make_jobs(all_notebooks(), profile))
    assert [job.notebook.name for job in schedule._startable()] == first
    measuring = schedule.waiting.pop(1)
    schedule.running.append((measuring, None))
    schedule.waiting.pop(0)
    assert [job.notebook.name for job in schedule._startable()] == beside


def test_what_needs_a_failed_notebook_is_not_run(compendium):
    write_notebook(compendium, "a", ["1 / 0"])
    write_notebook(compendium, "b", ["1"], needs=["a"])
    with pytest.raises(CompendiumError, match="b not run: it needs a"):
        run()


def test_a_kernel_that_dies_is_said_to_have_died(compendium):
    write_notebook(compendium, "a", ["import os\nos._exit(3)"])
    with pytest.raises(CompendiumError, match=r"a failed.*[Kk]ernel died"):
        run()


def test_writing_to_the_error_stream_is_a_failure_but_progress_is_not(compendium):
    progress = "from tqdm import tqdm\nlist(tqdm(range(3), unit='row'))\ntqdm(unit='row').close()"
    write_notebook(compendium, "a", [progress, RECORD.format(value=1)])
    run()
    executed = nbformat.read(compendium / "runs/quick/notebooks/a.ipynb", as_version=4)
    assert all(not cell.get("outputs") or cell.id == "cell-1" for cell in executed.cells)
    write_notebook(compendium, "a", ["import warnings\nwarnings.warn('careful')"])
    with pytest.raises(CompendiumError, match="careful"):
        run()


def test_a_second_run_at_the_same_time_is_refused(compendium):
    write_notebook(compendium, "a", ["1"])
    paths.build().mkdir()
    with (
        FileLock(paths.build() / "run.lock"),
        pytest.raises(CompendiumError, match="another run of this compendium is under way"),
    ):
        run()


def test_a_finished_notebook_runs_again_with_what_it_needs(compendium):
    write_notebook(compendium, "a", [RECORD.format(value=1)])
    upstream = "record.value('x', read_values('a')['x']['value'], kind='exact')"
    write_notebook(compendium, "b", [upstream], needs=["a"])
    write_notebook(compendium, "c", ["1 / 0"])
    run_of = {n.name: n for n in all_notebooks()}
    execute(make_jobs([run_of["a"]], "quick"))
    with pytest.raises(CompendiumError, match="ZeroDivisionError"):
        execute(make_jobs([run_of["b"], run_of["c"]], "quick"))
    assert list(pending("quick")) == ["b"]
    write_notebook(compendium, "c", ["1"])
    jobs = make_jobs(all_notebooks(), "quick")
    assert [job.notebook.name for job in _unfinished(jobs)] == ["a", "b", "c"]
    assert not pending("quick"), "its values may have changed"


def test_what_read_data_that_changed_since_is_not_kept(compendium):
    (compendium / "data").mkdir()
    data = compendium / "data" / "numbers.csv"
    data.write_text("1")
    reading = "from isru import paths\nfrom isru.notes import note_read\n"
    reading += "from isru.records import sha256\n"
    reading += "name = 'data/numbers.csv'\nnote_read(name, sha256(paths.root() / name))\n"
    reading += RECORD.format(value=1)
    write_notebook(compendium, "a", [reading])
    write_notebook(compendium, "b", ["1 / 0"])
    with pytest.raises(CompendiumError, match="ZeroDivisionError"):
        run()
    assert list(pending("quick")) == ["a"]
    data.write_text("2")
    _discard_stale("quick")
    assert not pending("quick")


def test_a_job_that_cannot_start_is_a_failure_and_the_others_finish(compendium, monkeypatch):
    write_notebook(compendium, "a", [RECORD.format(value=1)])
    write_notebook(compendium, "b", [RECORD.format(value=2)])
    start = Job.start

    def refuse(job):
        if job.notebook.name == "a":
            raise SyntaxError("a module that is being edited")
        start(job)

    monkeypatch.setattr(Job, "start", refuse)
    with pytest.raises(CompendiumError, match="a could not be started: SyntaxError"):
        run()
    assert list(pending("quick")) == ["b"]


def test_an_ad_hoc_run_on_published_values_is_current(compendium):
    write_notebook(compendium, "a", [RECORD.format(value=2)])
    upstream = "record.value('x', read_values('a')['x']['value'], kind='exact')"
    write_notebook(compendium, "b", [upstream], needs=["a"])
    run()
    publish("quick", select("a"))
    execute([Job(select("b")[0], "adhoc", "adhoc", {})])
    assert state(select("b")[0], compendium / "runs" / "adhoc").startswith("current")


def test_a_kernel_computes_on_one_thread(compendium):
    names = "('OMP_NUM_THREADS', 'VECLIB_MAXIMUM_THREADS', 'TF_NUM_INTRAOP_THREADS')"
    code = f"import os\nrecord.value('x', all(os.environ[n] == '1' for n in {names}), kind='exact')"
    write_notebook(compendium, "a", [code])
    run()
    assert value(compendium) is True


def test_an_interruption_loses_nothing_that_was_finished(compendium):
    write_notebook(compendium, "a", [RECORD.format(value=1)])
    own = "import subprocess, sys\nsleep = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
    slow = own + "own = subprocess.Popen(sleep)\nopen('own', 'w').write(str(own.pid))\nown.wait()"
    write_notebook(compendium, "b", [slow], needs=["a"])
    left = paths.build() / "kernels" / "quick" / "b" / "own"
    # A shell that starts the tests in the background lets them ignore the signal: undo that.
    code = (
        "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from isru.publish.notebooks import all_notebooks\n"
        "from isru.publish.runner import execute, make_jobs\n"
        "execute(make_jobs(all_notebooks(), 'quick'))"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ) as process:
        deadline = time.monotonic() + 60
        while not (left.is_file() and left.read_text()) and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        try:
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert "the same command resumes with it" in said.replace("\n", " ")
    assert list(pending("quick")) == ["a"]
    assert not (compendium / "runs" / "quick" / "values").exists()
    assert not goes_on(int(left.read_text())), "a process of the kernel goes on"


def test_given_parameters_reach_the_notebook_and_the_run_is_ad_hoc(compendium):
    cell = "n: int = 1  # a number, 1..10"
    write_notebook(compendium, "a", ["record.value('x', n, kind='exact')"], parameters=cell)
    execute([Job(select("a")[0], "adhoc", "adhoc", {"n": 7})])
    path = compendium / "runs" / "adhoc" / "values" / "a.json"
    assert json.loads(path.read_text())["values"]["x"]["value"] == 7


def test_a_plain_papermill_run_refuses_a_misspelt_parameter_and_writes_ad_hoc(compendium):
    cell = "n: int = 1  # a number, 1..10"
    path = write_notebook(compendium, "a", ["record.value('x', n, kind='exact')"], parameters=cell)
    options = {"progress_bar": False, "kernel_name": "python3"}
    out = compendium / "out.ipynb"
    with pytest.raises(PapermillExecutionError, match="unknown parameter 'm'"):
        papermill.execute_notebook(path, out, {"m": 2}, **options)
    papermill.execute_notebook(path, out, {"n": 2}, **options)
    assert (compendium / "runs" / "adhoc" / "values" / "a.json").is_file()


def test_a_result_is_published_whole_and_a_hand_edit_is_noticed(compendium):
    write_notebook(compendium, "a", [RECORD.format(value=1)], kind="exact")
    run()
    publish("quick", all_notebooks())
    assert problems(compendium / "results") == []
    path = compendium / "results" / "values" / "a.json"
    path.write_text(path.read_text().replace('"value": 1', '"value": 9'))
    assert problems(compendium / "results") == ["a: values/a.json was edited"]
    write_notebook(compendium, "a", [RECORD.format(value=5)], kind="exact")
    assert any("code changed" in line for line in problems(compendium / "results"))


def kept(compendium):
    return sorted((compendium / "results").glob("repeats/**/*.json"), reverse=True)


def test_a_run_again_is_kept_beside_the_published_one_until_that_is_replaced(compendium, capsys):
    time = 'import time\nrecord.value("x", time.time(), kind="machine");'
    write_notebook(compendium, "a", [time])
    run()
    with pytest.raises(CompendiumError, match=r"no repeat kept.*\na: not published yet"):
        keep_repeats("quick", all_notebooks())
    publish("quick", all_notebooks())
    with pytest.raises(CompendiumError, match="published or kept already"):
        keep_repeats("quick", all_notebooks())
    run()
    assert keep_repeats("quick", all_notebooks()) == ["a, run 2"]
    with pytest.raises(CompendiumError, match="published or kept already"):
        keep_repeats("quick", all_notebooks())
    values = compendium / "results" / "repeats" / "2" / "values" / "a.json"
    assert kept(compendium) == [values, values.parents[1] / "manifest" / "a.json"]
    assert problems(compendium / "results") == []
    values.write_text(values.read_text() + " ")
    assert problems(compendium / "results") == ["a repeat: repeats/2/values/a.json was edited"]
    with pytest.raises(CompendiumError, match=r"nothing published.*\na: kept as a repeat"):
        publish("quick", all_notebooks())
    run()
    assert publish("quick", all_notebooks()) == ["a"]
    assert not kept(compendium), "it repeated another result"
    run()
    keep_repeats("quick", all_notebooks())
    path = compendium / "runs" / "quick"
    shutil.copytree(compendium / "results", path, dirs_exist_ok=True)
    assert publish("quick", all_notebooks()) == []
    commands.publish(Namespace(run="quick", record=None, repeat=False, notebook=None))
    said = capsys.readouterr()
    assert "all of these are published already" in said.out + said.err
    assert kept(compendium), "what is published already leaves its repeats alone"


def test_only_a_run_of_the_same_code_is_a_repeat(compendium):
    write_notebook(compendium, "a", [RECORD.format(value=1)])
    run()
    publish("quick", all_notebooks())
    write_notebook(compendium, "a", [RECORD.format(value=2)])
    run()
    with pytest.raises(
        CompendiumError, match="the notebook's code changed since the published run"
    ):
        keep_repeats("quick", all_notebooks())
    assert not kept(compendium)
