"""Disks, hands and other commands do what they do: nothing is lost, destroyed or misreported."""

import errno
import json
import logging
import os
import shutil
import stat
from argparse import Namespace
from pathlib import Path

import pytest
from filelock import FileLock
from notebook_files import write_notebook

from isru import cli, commands, paths
from isru.errors import CompendiumError
from isru.provenance import provenance
from isru.publish.notebooks import all_notebooks, select
from isru.publish.pending import install_all, pending
from isru.publish.release import keep_repeats, problems, publish, state
from isru.publish.runner import _discard_stale, execute, make_jobs
from isru.publish.staleness import make_stamp
from isru.recorded import read_values
from isru.records import write_atomically

pytestmark = pytest.mark.slow

MARKS = "<<<<<<< mine\n{}\n=======\n{}\n>>>>>>> theirs\n"
DAMAGED = {
    "empty": ("", "it is empty"),
    "zeros": ("\0" * 300, "it is empty"),
    "cut off": ('{"notebook": "a", "val', "expected JSON"),
    "marks of a merge": (MARKS, "marks of a merge"),
    "foreign": ("[1, 2]", "expected a JSON object"),
    "another": ('{"a": 1}', "it lacks"),
    "deep": ("[" * 100_000, "expected JSON"),
    "no text": ("\xff\xfe", "expected JSON"),
}


def finish(run="quick", value=1):
    """Leave the result of notebook 01 as a run does, without a kernel; return its job."""
    job = make_jobs(select("a"), run)[0]
    entry = {"value": value, "unit": "", "kind": "exact"}
    values = {"notebook": "a", "provenance": provenance(paths.root()), "values": {"x": entry}}
    source = json.loads(job.notebook.path.read_text())
    contents = {"values/a.json": values, "notebooks/a.ipynb": source, "figures/curve.svg": 1}
    for name, content in contents.items():
        write_atomically(job.scratch / name, json.dumps(content))
    job.own.mkdir(parents=True, exist_ok=True)
    (job.own / "reads").write_text("")
    job.about = provenance(paths.root())
    job.stamp = make_stamp(job.notebook, job.parameters, {}, [])
    job.complete()
    return job


@pytest.fixture
def result(compendium):
    """Return the folder of a run that holds the result of one notebook."""
    write_notebook(compendium, "a", ["1"])
    finish()
    install_all("quick")
    return paths.run("quick")


def files(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


WHOLE = ["figures/curve.svg", "manifest/a.json", "notebooks/a.ipynb", "values/a.json"]


@pytest.fixture
def disks(compendium, monkeypatch):
    """Let every folder of the compendium be on a disk of its own, and return the refusals."""
    refused, replace = [], os.replace

    def across(source, target):
        if Path(source).parent != Path(target).parent:
            refused.append(target)
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(source))
        replace(source, target)

    monkeypatch.setattr(os, "replace", across)
    return refused


def test_folders_on_other_disks_take_what_a_run_made(compendium, disks):
    write_notebook(compendium, "a", ["1"])
    finish()
    assert files(pending("quick")["a"]) == WHOLE
    install_all("quick")
    assert publish("quick", all_notebooks()) == ["a"]
    assert disks and files(paths.run("quick")) == WHOLE == files(paths.results())
    assert problems(paths.results()) == []
    assert not files(paths.build() / "scratch") and not files(paths.build() / "publishing")


def test_a_disk_that_is_full_while_a_result_is_copied_to_it_leaves_the_old_one(
    result, disks, monkeypatch
):
    before = (result / "values" / "a.json").read_bytes()
    finish(value=2)
    copy = shutil.copyfile

    def full(source, target, **more):
        copy(source, target, **more)
        raise OSError(errno.ENOSPC, "full", str(target))

    with monkeypatch.context() as patch:
        patch.setattr("shutil.copyfile", full)
        with pytest.raises(OSError, match="full"):
            install_all("quick")
    assert files(result) == WHOLE
    assert (result / "values" / "a.json").read_bytes() == before
    install_all("quick")
    assert (result / "values" / "a.json").read_bytes() != before


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second file system")
def test_a_run_lies_behind_a_link_to_another_file_system(compendium, request):
    other = Path("/dev/shm") / f"isru-test-{os.getpid()}"
    request.addfinalizer(lambda: shutil.rmtree(other, ignore_errors=True))
    for name in ("runs", "results", "build"):
        (other / name).mkdir(parents=True)
    (compendium / "runs").symlink_to(other / "runs")
    write_notebook(compendium, "a", ["1"])
    finish()
    install_all("quick")
    (compendium / "results").symlink_to(other / "results")
    assert publish("quick", all_notebooks()) == ["a"]
    assert files(other / "results") == WHOLE == files(other / "runs" / "quick")


def test_what_is_written_has_the_mode_that_the_umask_gives(compendium):
    before = os.umask(0o027)
    try:
        write_atomically(compendium / "a.json", "1")
        (compendium / "b.json").write_text("1")
    finally:
        os.umask(before)
    modes = {stat.S_IMODE((compendium / f"{name}.json").stat().st_mode) for name in "ab"}
    assert modes == {0o640}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_manifest_is_named_and_treated_as_not_run(result, kind, caplog):
    content, why = DAMAGED[kind]
    path = result / "manifest" / "a.json"
    path.write_text(content, encoding="latin-1")
    with caplog.at_level(logging.WARNING):
        assert state(select("a")[0], result) == "not run"
    assert str(path) in caplog.text and why in caplog.text
    with pytest.raises(CompendiumError, match="a: not run"):
        publish("quick", all_notebooks())
    finish(value=2)
    install_all("quick")
    assert state(select("a")[0], result).startswith("current")


def test_a_finished_result_whose_manifest_is_damaged_is_made_again(compendium):
    write_notebook(compendium, "a", ["1"])
    finish()
    (pending("quick")["a"] / "manifest" / "a.json").write_text("")
    _discard_stale("quick")
    assert not pending("quick")


@pytest.mark.parametrize("kind", DAMAGED)
def test_damaged_values_are_named(result, kind):
    content, why = DAMAGED[kind]
    path = result / "values" / "a.json"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(ValueError, match=f"a.json is damaged: .*{why}.*make execute NB=a"):
        read_values("a", result)


@pytest.mark.parametrize("part", ["manifest/a.json", "values/a.json", "notebooks/a.ipynb"])
@pytest.mark.parametrize("content", ["", MARKS, "[]"])
@pytest.mark.parametrize("command", ["status", "verify", "publish", "book", "refresh"])
def test_no_command_ends_in_a_traceback_on_a_damaged_file(
    result, part, content, command, monkeypatch, capsys
):
    (result.parents[1] / "book").mkdir(exist_ok=True)
    for name in ("_config.yml", "claims.yml"):
        (result.parents[1] / name).write_text("{}")
    (result.parents[1] / "_toc.yml").write_text("root: book/intro")
    publish("quick", all_notebooks())
    for folder in (result, paths.results()):
        (folder / part).write_text(content)
    monkeypatch.setattr("isru.commands.execute_jobs", lambda _: None)
    monkeypatch.setattr("isru.publish.book._run_jupyter_book", lambda *_: None)
    option = "--profile" if command == "refresh" else "--run"
    assert cli.main([command, option, "quick"]) in (0, 1)


@pytest.mark.parametrize(
    "output",
    [
        "../README.md",
        "figures/../../../README.md",
        "README.md",
        "{root}/README.md",
        "manifest/a.json",
        "values/net.json",
        "models/net.npz",
        "figures",
        "figures\\..\\..\\README.md",
        "",
    ],
)
def test_a_manifest_that_names_files_outside_its_result_touches_none(result, output, caplog):
    root = paths.root()
    (root / "README.md").write_text("precious")
    publish("quick", all_notebooks())
    for folder in (result, paths.results()):
        path = folder / "manifest" / "a.json"
        manifest = json.loads(path.read_text())
        manifest["outputs"][output.format(root=root)] = "0"
        path.write_text(json.dumps(manifest))
    with pytest.raises(CompendiumError, match="nothing published"):
        publish("quick", all_notebooks())
    finish(value=2)
    install_all("quick")
    assert publish("quick", all_notebooks()) == ["a"]
    assert (root / "README.md").read_text() == "precious"
    assert "expected a file below" in caplog.text or "another notebook's" in caplog.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"profile": "smoke"}, "proves nothing"),
        ({"provenance": {"dirty": True}}, "commit them"),
        ({"provenance": {"commit": "unknown"}}, "git does not say"),
        ({"outputs": {"values/a.json": "0"}}, "edited by hand"),
    ],
)
def test_what_must_not_be_published_is_not(result, change, message):
    path = result / "manifest" / "a.json"
    manifest = json.loads(path.read_text())
    for part, new in change.items():
        manifest[part] = manifest[part] | new if part == "provenance" else new
    path.write_text(json.dumps(manifest))
    with pytest.raises(CompendiumError, match=f"nothing published.*\n.*{message}"):
        publish("quick", all_notebooks())
    assert not paths.results().exists()


def test_a_link_out_of_a_run_is_no_result(result, tmp_path):
    secret = tmp_path / "secret"
    picture = result / "figures" / "curve.svg"
    secret.write_bytes(picture.read_bytes())
    picture.unlink()
    picture.symlink_to(secret)
    with pytest.raises(CompendiumError, match=r"edited by hand: figures/curve\.svg"):
        publish("quick", all_notebooks())


@pytest.mark.parametrize("name", ["../x", "/tmp", "", ".", "..", "a/b", "x\n", "quick ", "a\\b"])
@pytest.mark.parametrize("option", ["run", "profile"])
def test_a_run_or_profile_is_named_not_given_as_a_path(compendium, name, option, capsys):
    command = ["status", f"--run={name}"] if option == "run" else ["execute", f"--profile={name}"]
    write_notebook(compendium, "a", ["1"])
    assert cli.main(command) == 1
    assert f"expected the name of a {option} such as 'quick'" in capsys.readouterr().err


def test_a_second_publication_at_the_same_time_is_told(result):
    with FileLock(paths.build() / "publish.lock"):
        for action in (publish, keep_repeats):
            with pytest.raises(CompendiumError, match="another command publishes now"):
                action("quick", all_notebooks())
    assert not paths.results().exists()


def test_a_result_that_changes_while_it_is_published_is_not_published(result, monkeypatch):
    copy = shutil.copyfile

    def other(source, target, **more):
        copy(source, target, **more)
        Path(target).write_text("a later run's")

    monkeypatch.setattr("shutil.copyfile", other)
    with pytest.raises(CompendiumError, match="changed while it was copied"):
        publish("quick", all_notebooks())
    assert not paths.results().exists()


def test_cleaning_keeps_what_a_user_made_and_says_what_goes(result, capsys):
    own = paths.root() / "runs"
    for name in ("machines/a.json", "characters/model.npz", "certificates/isru.json", "mine/x"):
        write_atomically(own / name, "1")
    assert commands.clean(Namespace()) is None
    said = capsys.readouterr().err
    assert sorted(p.name for p in own.iterdir()) == [
        "certificates",
        "characters",
        "machines",
        "mine",
    ]
    assert not files(paths.build()) or [p.name for p in paths.build().iterdir()] == ["run.lock"]
    assert "removed" in said and "quick" in said and "kept" in said and "machines" in said


def test_cleaning_leaves_a_run_that_is_under_way_alone(result):
    with (
        FileLock(paths.build() / "run.lock"),
        pytest.raises(CompendiumError, match="another run of this compendium is under way"),
    ):
        commands.clean(Namespace())
    assert files(result) == WHOLE


def test_a_cell_that_finds_the_disk_full_fails_with_the_cause_in_words(compendium):
    write_notebook(compendium, "a", ["raise OSError(28, 'No space left on device', 'x.npz')"])
    with pytest.raises(CompendiumError, match=r"a failed in cell .*the disk is full.*make room"):
        execute(make_jobs(all_notebooks(), "quick"))
