"""The environment of the compendium: made once in ``.venv``, used as it is when complete.

Needs the standard library only, since it runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

from isru import paths
from isru.lifeline import replace_by
from isru.publish.errors import CompendiumError

# What is looked for to tell whether this Python can run and publish notebooks.
_NEEDED = ("numpy", "papermill", "jupyter_book", "ipykernel", "tensorflow", "pytest", "filelock")
_DISK_GB = 5


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


def set_up(again: bool = False) -> Path:
    """Make ``.venv`` unless it is complete already, and return its Python.

    Raises
    ------
    CompendiumError
        If an install step fails (no package index, no disk); what pip said is shown above it.
    """
    stamp = environment_folder() / "isru-environment"
    python = environment_python()
    if not again and python.is_file() and stamp.is_file() and stamp.read_text() == _fingerprint():
        return python
    free = shutil.disk_usage(paths.root()).free / 1e9
    if free < _DISK_GB:
        raise CompendiumError(f"expected {_DISK_GB} GB of free disk for .venv, found {free:.1f}")
    say("Setting up .venv: about 2 minutes from a warm package cache, longer on a first download")
    began = time.monotonic()
    stamp.unlink(missing_ok=True)
    try:
        venv.create(environment_folder(), clear=again or _of_another_python(), with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise CompendiumError(
            f"could not create {environment_folder()}: {error}. Python needs its venv and "
            "ensurepip modules (Debian: the package python3-venv)"
        ) from None
    _pip("-r", str(paths.root() / "requirements.txt"), "setuptools", "wheel")
    _pip("--no-deps", "--no-build-isolation", "-e", str(paths.root()))
    _compile()
    stamp.write_text(_fingerprint())
    say(f"The environment is ready after {(time.monotonic() - began) / 60:.1f} minutes")
    return python


def _of_another_python() -> bool:
    """Return whether ``.venv`` was made by another Python: made again in place it would be both."""
    configuration = environment_folder() / "pyvenv.cfg"
    if not configuration.is_file():
        return False
    lines = configuration.read_text(encoding="utf-8").splitlines()
    made_with = dict(line.split(" = ", 1) for line in lines if " = " in line)
    home = str(Path(sys._base_executable).parent)
    version = ".".join(map(str, sys.version_info[:3]))
    return (made_with.get("home"), made_with.get("version")) != (home, version)


def _pip(*arguments: str) -> None:
    """Install with the pinned versions; progress is one line, the log is kept and shown if needed.

    Build tools are constrained too: older pips read the first variable, newer ones the second.
    Both split it at spaces, so the file is named relative to the folder that pip runs in.
    """
    limits = dict.fromkeys(("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT"), "constraints.txt")
    steady = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_PROGRESS_BAR": "off", "PYTHONPATH": ""}
    log = paths.build() / "setup.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [str(environment_python()), "-m", "pip", "install", "--no-compile", *arguments]
    with (
        log.open("w", encoding="utf-8") as file,
        subprocess.Popen(
            command,
            cwd=paths.root(),
            env=os.environ | limits | steady,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        for line in process.stdout:
            file.write(line)
            _show_step(line)
    if process.returncode:
        tail = "\n".join(log.read_text(encoding="utf-8").splitlines()[-15:])
        raise CompendiumError(
            f"the installation failed:\n{tail}\nCheck the package index and the disk, then repeat "
            f"the command. All that pip said: {log}"
        )


def _compile() -> None:
    """Compile what was installed, on all cores, where pip would take one.

    The tests of other packages stay as they are, and so does what is no Python (templates).
    """
    tests = r"[\\/]site-packages[\\/].*[\\/]tests[\\/]"
    everything = ["-q", "-j", "0", "-x", tests, str(environment_folder())]
    subprocess.run(
        [str(environment_python()), "-m", "compileall", *everything],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )


def _show_step(line: str) -> None:
    """Show on a terminal what pip is at, in one line that is written over."""
    steps = ("Collecting", "Downloading", "Installing collected packages", "Building")
    if sys.stderr.isatty() and line.strip().startswith(steps):
        sys.stderr.write(f"\r\033[K  {line.strip()[:70]}")
        sys.stderr.flush()
        if line.startswith("Installing"):
            sys.stderr.write("\n")


def in_environment(command: list[str]) -> int | None:
    """Run ``python -m isru`` with ``command`` where all that it needs is installed.

    Returns the exit code, or None when this Python is such a place itself: the compendium's
    own environment, or another virtual environment that lacks nothing.
    """
    own = Path(sys.prefix).resolve() == environment_folder().resolve()
    if own or (sys.prefix != sys.base_prefix and not missing()):
        return None
    return replace_by([str(set_up()), "-m", "isru", *command])


def say(message: str) -> None:
    """Tell the person at the terminal."""
    sys.stderr.write(message + "\n")
    sys.stderr.flush()
