"""Setting up says what is missing; the command line ends with a message, not a traceback."""

import base64
import errno
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from isru import cli, paths
from isru.data import wheels
from isru.errors import CompendiumError
from isru.publish import environment, installed, installer

pytestmark = pytest.mark.slow


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
        (("execute", "--notebook", "77"), "unknown chapter '77'"),
        (("execute", "--parameters", "seed=1"), "need the one notebook"),
        (
            ("execute", "--notebook", "forecaster", "--parameters", "sed=1"),
            "unknown parameter 'sed'",
        ),
        (("execute", "--notebook", "forecaster", "--parameters", "units=[1"), "not valid YAML"),
        (("execute", "--notebook", "forecaster", "--parameters", "units"), "name=value"),
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
        raise OSError(code, "no", "results/values/forecaster.json")

    monkeypatch.setattr("isru.commands.status", full)
    assert cli.main(["status"]) == 1
    assert "cannot write results/values/forecaster.json" in capsys.readouterr().err


@pytest.fixture
def pins(compendium):
    """Write the files with the pins, those of a made-up package too; return the compendium."""
    (compendium / "requirements.txt").write_text("-r constraints.txt\n")
    (compendium / "constraints.txt").write_text("setuptools==1 \\\n    --hash=sha256:0\n")
    (compendium / "data").mkdir()
    wheels.pins_file().write_text("")
    return compendium


@pytest.fixture
def steps(pins, monkeypatch):
    """Let nothing be installed; return the steps of a set-up that were done, in order."""
    done = []

    def step(name, result=None):
        return lambda *arguments, **_: (done.append((name, *arguments)), result)[1]

    monkeypatch.setattr(environment, "run_module", lambda _, what, *__: done.append(what[0]) or 0)
    monkeypatch.setattr(environment, "pip_variables", step("settings", {}))
    monkeypatch.setattr(environment, "problems", step("compared", []))
    return done


def test_too_little_disk_is_refused_before_anything_is_made(pins, monkeypatch):
    monkeypatch.setattr(environment.shutil, "disk_usage", lambda _: type("U", (), {"free": 1e9}))
    with pytest.raises(CompendiumError, match=r"expected 5 GB of free disk.*found 1.0"):
        environment.set_up()
    assert not (pins / ".venv").exists()


def test_disk_that_an_unfinished_set_up_fills_counts_as_free(steps, pins, monkeypatch):
    (pins / ".venv").mkdir()
    with (pins / ".venv" / "half").open("wb") as file:
        file.truncate(4_500_000_000)
    monkeypatch.setattr(environment.shutil, "disk_usage", lambda _: type("U", (), {"free": 1e9}))
    environment.set_up()
    assert environment._is_complete()


def stamp(folder):
    return folder / ".venv" / "isru-environment"


@pytest.mark.parametrize("left", [None, "", "of other pins", b"\xff\x00"])
def test_what_is_not_complete_is_made_anew_never_continued(left, steps, pins, capsys):
    environment.set_up()
    assert stamp(pins).read_text() == environment._fingerprint()
    (pins / ".venv" / "half").write_text("unpacked")
    if left is None:
        stamp(pins).unlink()
    else:
        stamp(pins).write_bytes(left if isinstance(left, bytes) else left.encode())
    environment.set_up()
    assert not (pins / ".venv" / "half").exists()
    assert "it is made anew" in capsys.readouterr().err
    (pins / ".venv" / "mine").write_text("kept")
    environment.set_up()
    assert (pins / ".venv" / "mine").exists()
    environment.set_up(again=True)
    assert not (pins / ".venv" / "mine").exists()


def test_the_stamp_comes_after_every_file_was_compared_and_pip_checked(steps, pins, monkeypatch):
    environment.set_up()
    names = [step if isinstance(step, str) else step[0] for step in steps]
    assert names == ["ensurepip", "settings", "pip", "pip", "pip", "compileall", "compared", "pip"]
    monkeypatch.setattr(environment, "problems", lambda *_: ["tensorflow: files missing"])
    with pytest.raises(CompendiumError, match="not whole:\n  tensorflow: files missing"):
        environment.set_up(again=True)
    assert not stamp(pins).exists()


def pin_data(folder):
    """Pin the wheel of a folder as one with data."""
    digest = wheel(folder, "isru_waves", "the data")
    wheels.pins_file().write_text(f"isru_waves==1.0 \\\n    --hash=sha256:{digest}\n")
    return {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": folder.as_uri()}


def test_data_are_fetched_with_the_environment_and_again_only_by_setup(steps, pins, monkeypatch):
    pin_data(pins / "index")
    monkeypatch.setenv("ISRU_DATA", str(pins / "data of mine"))
    fetched = []
    monkeypatch.setattr(environment, "_fetch_wheels", lambda: fetched.append(wheels.folder()))
    environment.set_up()
    assert fetched == [pins / "data of mine" / "wheels"]
    environment.set_up()  # a ready folder asks nobody
    assert len(fetched) == 1
    environment.set_up(check=True)
    assert len(fetched) == 2


def test_wheels_with_data_are_downloaded_by_their_hashes_and_not_installed(pins, monkeypatch):
    variables = installer.plain_variables() | pin_data(pins / "index")
    monkeypatch.delenv("ISRU_DATA", raising=False)
    monkeypatch.setattr(environment, "environment_python", lambda: Path(sys.executable))
    monkeypatch.setattr(environment, "pip_variables", lambda _: variables)
    paths.build().mkdir()
    environment._fetch_wheels()
    (path,) = wheels.folder().iterdir()
    assert wheels.missing() == []
    path.write_bytes(b"damaged")
    environment._fetch_wheels()
    assert wheels.missing() == []
    shutil.rmtree(pins / "index")
    environment._fetch_wheels()  # all is here: no index is asked
    path.unlink()
    with pytest.raises(CompendiumError, match=r"the download of data failed:[^$]*isru_waves"):
        environment._fetch_wheels()
    wheel(pins / "index", "isru_waves", "other data")
    with pytest.raises(CompendiumError, match="DO NOT MATCH THE HASHES"):
        environment._fetch_wheels()
    assert not list(wheels.folder().iterdir())


def test_what_pip_finds_broken_is_not_called_ready(steps, pins, monkeypatch):
    def run(_, arguments, __, on_line=print):
        if arguments == ["pip", "check"]:
            on_line("dask requires toolz, which is not installed.\n")
            return 1
        return 0

    monkeypatch.setattr(environment, "run_module", run)
    with pytest.raises(CompendiumError, match="  dask requires toolz, which is not installed"):
        environment.set_up()
    assert not stamp(pins).exists()


def test_setup_compares_a_complete_environment_and_makes_a_damaged_one_anew(
    steps, pins, monkeypatch, capsys
):
    environment.set_up()
    environment.set_up(check=True)
    assert "every file is as it was installed" in capsys.readouterr().err
    (pins / ".venv" / "half").write_text("damaged")
    found = iter([["numpy: files missing or changed: 3"], []])
    monkeypatch.setattr(environment, "problems", lambda *_: next(found))
    environment.set_up(check=True)
    assert "no longer what was installed:\n  numpy" in capsys.readouterr().err
    assert not (pins / ".venv" / "half").exists()
    assert environment._is_complete()


def test_a_run_does_not_lose_the_environment_that_it_works_in(steps, pins):
    environment.set_up()
    with (
        FileLock(paths.build() / "run.lock"),
        pytest.raises(CompendiumError, match="a run of this compendium is under way"),
    ):
        environment.set_up(again=True)
    assert environment._is_complete()


def test_a_folder_that_cannot_hold_an_environment_is_named(pins, monkeypatch):
    (pins / ".venv").write_text("a file")
    with pytest.raises(CompendiumError, match=r"could not create .*\.venv"):
        environment.set_up()


HOLD = """
from isru.publish import environment
with environment._one_at_a_time():
    print("held", flush=True)
    input()
"""


def test_a_second_set_up_waits_for_the_first_even_if_that_is_killed(steps, pins, capsys):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout.readline() == "held\n"
        second = threading.Thread(target=environment.set_up)
        second.start()
        second.join(0.3)
        assert second.is_alive()
        assert not steps
        first.kill()
    second.join(30)
    assert "Another set-up of this folder is at work" in capsys.readouterr().err
    assert environment._is_complete()


# What a module of Python's is told to do: start another process and work on, as a build does.
WORK = """
import subprocess, sys, time
try:
    started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    print(started.pid, flush=True)
    time.sleep(60)
finally:
    open("tidied", "w").close()
"""
SET_UP = """
import os, sys
from pathlib import Path
from isru.publish import environment, installer
with environment._asked_to_end_like_ctrl_c():
    python, work = Path(sys.executable), ["timeit", "-n1", "-r1", sys.argv[1]]
    installer.run_module(python, work, os.environ, lambda line: print(line, flush=True))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals as on Unix")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_pip_and_what_it_started_end_with_the_set_up(name, tmp_path):
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", SET_UP, WORK], stdout=pipe, stderr=pipe, cwd=tmp_path
    ) as setting_up:
        last = psutil.Process(int(setting_up.stdout.readline()))
        started = [last, last.parent()]
        assert started[1].ppid() == setting_up.pid
        setting_up.send_signal(getattr(signal, name))
        _, alive = psutil.wait_procs(started, timeout=8)
        assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
    assert (tmp_path / "tidied").exists() == (name != "SIGKILL")


NOT_OURS = {
    **dict.fromkeys(("USER", "NO_DEPS", "PRE", "DRY_RUN", "IGNORE_INSTALLED", "ISOLATED"), "1"),
    **dict.fromkeys(("TARGET", "PREFIX", "ROOT", "CONSTRAINT", "REQUIREMENT", "PYTHON"), "/no"),
    "NO_BINARY": ":all:",
    "QUIET": "3",
    "REQUIRE_VIRTUALENV": "1",
}


def test_pip_is_told_where_packages_come_from_and_nothing_else(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    for name, value in NOT_OURS.items():
        monkeypatch.setenv("PIP_" + name, value)
    for name in ("PYTHONPATH", "PYTHONUSERBASE", "PYTHONWARNINGS", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, str(tmp_path))
    file = tmp_path / "pip.conf"
    file.write_text(
        "[global]\nuser = true\nno-deps = true\nconstraint = /no\nquiet = 2\ntimeout = 7\n"
        "[install]\nextra_index_url =\n  file:///one\n  file:///two\ncert = a file.pem\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    monkeypatch.setenv("PIP_PROXY", "http://localhost:1")
    monkeypatch.setenv("PIP_CERT", "")  # pip takes an empty one as not given
    told = installer.pip_variables(Path(sys.executable))
    settings = {n: " ".join(v.split()) for n, v in told.items() if n.startswith("PIP_")}
    asked = {"EXTRA_INDEX_URL", "TIMEOUT", "CERT", "PROXY"}
    assert {n: settings["PIP_" + n] for n in asked} == {
        "EXTRA_INDEX_URL": "file:///one file:///two",
        "TIMEOUT": "7",
        "CERT": "a file.pem",
        "PROXY": "http://localhost:1",
    }
    assert settings["PIP_CONFIG_FILE"] == os.devnull
    assert not settings.keys() & {"PIP_" + name for name in NOT_OURS}
    assert not [name for name in told if name.startswith(("PYTHON", "VIRTUAL_ENV"))]


def test_settings_that_pip_cannot_read_are_said(tmp_path, monkeypatch):
    (tmp_path / "pip.conf").write_text("user = true\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    with pytest.raises(CompendiumError, match=r"could not read pip's settings.*no section headers"):
        installer.pip_variables(Path(sys.executable))


def wheel(folder, name, content):
    """Write a wheel of one module into a folder and return its hash."""
    folder.mkdir()
    file = folder / f"{name}-1.0-py3-none-any.whl"
    about = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{name}.py", content)
        archive.writestr(
            f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
        )
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_another_package_of_a_pinned_name_is_refused_by_its_hash(compendium, monkeypatch):
    good = wheel(compendium / "good", "isru_pinned", "x = 1")
    wheel(compendium / "odd", "isru_pinned", "x = 2")
    (compendium / "requirements.txt").write_text("-r constraints.txt\nisru-pinned==1.0\n")
    pin = f"isru-pinned==1.0 \\\n    --hash=sha256:{good}\n"
    (compendium / "constraints.txt").write_text(pin)
    monkeypatch.setattr(environment, "environment_python", lambda: Path(sys.executable))
    paths.build().mkdir()

    def install(folder):
        variables = installer.plain_variables() | {"PIP_CONFIG_FILE": os.devnull}
        variables |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": (compendium / folder).as_uri()}
        environment._pip(
            variables, "--dry-run", *environment._EVERYTHING, str(compendium / "requirements.txt")
        )

    install("good")
    assert re.search("Would install isru.pinned-1.0", environment._log().read_text())
    with pytest.raises(CompendiumError, match="DO NOT MATCH THE HASHES"):
        install("odd")
    (compendium / "constraints.txt").write_text("isru-pinned==1.0\n")
    with pytest.raises(CompendiumError, match="Hashes are required"):
        install("good")


def test_the_build_tool_is_taken_with_its_hashes(pins):
    paths.build().mkdir()
    with (pins / "constraints.txt").open("a") as file:
        file.write("setuptools-scm==2 \\\n    --hash=sha256:1\n")
    assert environment._build_tool().read_text() == "setuptools==1 \\\n    --hash=sha256:0\n"


def test_the_environment_gets_no_code_of_another_python(pins, monkeypatch):
    given = {"PYTHONPATH": "/no", "PYTHONHOME": "/no", "VIRTUAL_ENV": "/no", "PYTHONSTARTUP": "/no"}
    for name, value in {**given, "PYTHONHASHSEED": "3", "HTTPS_PROXY": "kept"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(environment, "missing", lambda: ["tensorflow"])
    monkeypatch.setattr(environment, "set_up", lambda: Path("python"))
    became = []
    monkeypatch.setattr(environment.os, "execve", lambda *given: became.append(given))
    environment.in_environment(["book", "--run", "a b"])
    ((program, arguments, variables),) = became
    assert (program, arguments) == ("python", ["python", "-m", "isru", "book", "--run", "a b"])
    assert not variables.keys() & given.keys()
    assert (variables["PYTHONHASHSEED"], variables["HTTPS_PROXY"]) == ("3", "kept")


def test_our_own_environment_is_used_only_when_it_was_once_complete(pins, monkeypatch):
    (pins / ".venv").mkdir()
    monkeypatch.setattr(environment.sys, "prefix", str(pins / ".venv"))
    monkeypatch.setattr(environment, "set_up", lambda: Path("set-up"))
    became = []
    monkeypatch.setattr(environment.os, "execve", lambda program, *_: became.append(program))
    environment.in_environment(["book"])
    assert became == ["set-up"]
    stamp(pins).write_text("")
    assert environment.in_environment(["book"]) is None


@pytest.fixture
def package(tmp_path):
    """Return the site-packages of an environment with one package that is whole."""
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    info = site / "some_package-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "big.so").write_bytes(bytes(2**20 + 1))
    (site / "small.py").write_text("x = 1\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "tool").write_text("#!")
    rows = [f"{info.name}/RECORD,,", "__pycache__/small.pyc,,"]
    for name in ("big.so", "small.py", "../../../bin/tool"):
        content = (site / name).read_bytes()
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={digest},{len(content)}")
    (info / "RECORD").write_text("\n".join(rows) + "\n")
    return site


def damage(kind, site):
    record = site / "some_package-1.0.dist-info" / "RECORD"
    if kind == "removed":
        (site / "small.py").unlink()
    elif kind == "shorter":
        (site / "big.so").write_bytes(bytes(2**20))
    elif kind == "changed":
        (site / "small.py").write_text("x = 2\n")
    elif kind == "changed and big":
        (site / "big.so").write_bytes(bytes(2**20) + b"1")
    elif kind == "outside":
        (site / "../../../bin/tool").unlink()
    elif kind == "without a record":
        record.unlink()
    elif kind == "empty record":
        record.write_text("")
    elif kind == "odd record":
        record.write_bytes(b"\xff\x00,,\n")
    elif kind == "another version":
        record.parent.rename(site / "some_package-2.0.dist-info")
    elif kind == "wholly gone":
        shutil.rmtree(record.parent)


DAMAGES = {
    "removed": r"some_package: files missing or changed: 1, such as .*small\.py",
    "shorter": r"some_package: files missing or changed: 1, such as .*big\.so",
    "changed": r"some_package: files missing or changed: 1, such as .*small\.py",
    "changed and big": r"some_package: files missing or changed: 1, such as .*big\.so",
    "outside": r"some_package: files missing or changed: 1, such as .*bin.tool",
    "without a record": "some_package: its RECORD cannot be read",
    "empty record": "some_package: its RECORD cannot be read",
    "odd record": "some_package: its RECORD cannot be read",
    "another version": "some-package: expected 1.0, found 2.0",
    "wholly gone": "some-package: expected 1.0, found none",
}


def test_a_whole_environment_has_no_problems(package):
    assert not installed.problems(package.parents[2], {"some-package": "1.0"})


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_to_what_was_installed_is_found(kind, package):
    damage(kind, package)
    found = installed.problems(package.parents[2], {"some-package": "1.0"})
    assert re.search(DAMAGES[kind], "\n".join(found))


def test_the_pins_of_every_platform_are_read_without_those_of_some(tmp_path):
    file = tmp_path / "constraints.txt"
    file.write_text(
        "# a\nMy.Pack==1.0 \\\n    --hash=sha256:0\nb==2 ; sys_platform == 'win32' \\\nc==3\n"
    )
    assert installed.read_pins(file) == {"my-pack": "1.0", "c": "3"}


def test_what_was_installed_is_compiled_once_for_all_without_the_tests_of_others(
    compendium, monkeypatch
):
    package = compendium / ".venv" / "lib" / "site-packages" / "package"
    for name in ("good.py", "template.py", "tests/test_good.py"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text("{{ name }} :" if name == "template.py" else "x = 1\n")
    monkeypatch.setattr(environment, "environment_python", lambda: sys.executable)
    environment._compile(installer.plain_variables())
    (compiled,) = (compendium / ".venv").rglob("*.pyc")
    assert compiled.name.startswith("good.")


def test_without_a_compendium_the_error_says_what_was_expected(tmp_path, monkeypatch):
    monkeypatch.setenv("ISRU_ROOT", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"expected a folder with _toc\.yml"):
        paths.root()
