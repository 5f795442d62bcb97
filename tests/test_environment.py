"""Setting up says what is missing; the command line ends with a message, not a traceback."""

import errno
import subprocess
import sys

import pytest

from isru import cli, paths
from isru.publish import environment
from isru.publish.errors import CompendiumError


def command(*arguments, **more):
    return subprocess.run(
        [sys.executable, "-m", "isru", *arguments], capture_output=True, text=True, **more
    )


def test_help_shows_the_five_main_commands_first():
    said = command("help").stdout.split("Re-running")[0]
    for name in ("execute", "book", "test", "record", "help"):
        assert f"\n  {name}" in said


def test_the_package_runs_as_a_folder_in_a_bare_checkout(tmp_path):
    folder = str(paths.root() / "src" / "isru")
    done = subprocess.run(
        [sys.executable, "-S", "-I", folder, "help"], capture_output=True, text=True, cwd=tmp_path
    )
    assert "execute" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("execute", "--profile", "quik"), "unknown profile 'quik'"),
        (("execute", "--notebook", "77"), "unknown notebook '77'"),
        (("execute", "--parameters", "seed=1"), "need the one notebook"),
        (("execute", "--notebook", "06", "--parameters", "sed=1"), "unknown parameter 'sed'"),
        (("execute", "--notebook", "06", "--parameters", "units=[1"), "not valid YAML"),
        (("execute", "--notebook", "06", "--parameters", "units"), "name=value"),
        (("book", "--run", "none"), "no run 'none'"),
    ],
)
def test_a_wrong_argument_is_one_clear_message(arguments, message):
    done = command(*arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_full_or_read_only_disk_is_said_plainly(code, monkeypatch, capsys):
    def full(_):
        raise OSError(code, "no", "results/values/06.json")

    monkeypatch.setattr("isru.commands.status", full)
    assert cli.main(["status"]) == 1
    assert "cannot write results/values/06.json" in capsys.readouterr().err


def test_too_little_disk_is_refused_before_anything_is_made(compendium, monkeypatch):
    for name in ("requirements.txt", "constraints.txt"):
        (compendium / name).write_text("")
    monkeypatch.setattr(environment.shutil, "disk_usage", lambda _: type("U", (), {"free": 1e9}))
    with pytest.raises(CompendiumError, match=r"expected 5 GB of free disk.*found 1.0"):
        environment.set_up()
    assert not (compendium / ".venv").exists()


@pytest.mark.parametrize("change", ["", "home = /", "version = 3.9.1"])
def test_an_environment_of_another_python_is_made_anew_not_mixed(compendium, change, monkeypatch):
    for name in ("requirements.txt", "constraints.txt"):
        (compendium / name).write_text("")
    environment.venv.create(compendium / ".venv", with_pip=False)
    settings = compendium / ".venv" / "pyvenv.cfg"
    settings.write_text(settings.read_text() + change + "\n")
    cleared = []
    monkeypatch.setattr(environment.venv, "create", lambda _, clear, **__: cleared.append(clear))
    monkeypatch.setattr(environment, "_pip", lambda *_: None)
    monkeypatch.setattr(environment, "_compile", lambda: None)
    environment.set_up()
    assert cleared == [bool(change)]


def test_a_path_with_a_space_does_not_split_what_pip_is_told(compendium, monkeypatch):
    class Pip:
        returncode = 0
        stdout = ()

        def __init__(self, command, *, cwd, env, **_):
            for name in env["PIP_CONSTRAINT"].split() + env["PIP_BUILD_CONSTRAINT"].split():
                assert (cwd / name).is_file()

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    (compendium / "constraints.txt").write_text("")
    monkeypatch.setattr(environment.subprocess, "Popen", Pip)
    environment._pip("numpy")


def test_what_was_installed_is_compiled_once_for_all_without_the_tests_of_others(
    compendium, monkeypatch
):
    package = compendium / ".venv" / "lib" / "site-packages" / "package"
    for name in ("good.py", "template.py", "tests/test_good.py"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text("{{ name }} :" if name == "template.py" else "x = 1\n")
    monkeypatch.setattr(environment, "environment_python", lambda: sys.executable)
    environment._compile()
    (compiled,) = (compendium / ".venv").rglob("*.pyc")
    assert compiled.name.startswith("good.")


def test_without_a_compendium_the_error_says_what_was_expected(tmp_path, monkeypatch):
    monkeypatch.setenv("ISRU_ROOT", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"expected a folder with _toc\.yml"):
        paths.root()
