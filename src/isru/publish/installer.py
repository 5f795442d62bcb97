"""Run pip with stated settings, and never longer than the set-up that started it.

Needs the standard library only, since it runs before anything is installed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from isru.errors import CompendiumError

# Where packages come from, and how they are reached. Every other setting of pip, such as `user`,
# `no-deps`, `target` or a constraint, would make another environment than the one that is pinned.
_TAKEN_OVER = (
    *("index-url", "pypi-url", "extra-index-url", "find-links", "no-index", "keyring-provider"),
    *("trusted-host", "proxy", "cert", "client-cert"),
    *("timeout", "default-timeout", "retries", "resume-retries", "cache-dir", "no-cache-dir"),
)
# Without input, an index that asks for a password is an error, not a question that nobody sees.
_OURS = {
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "PIP_PROGRESS_BAR": "off",
}
_OF_PYTHON = ("PYTHON", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
# Newer pips sort what they read by file, in the order in which one overrides another.
_READ_SETTINGS = """\
import json, sys
from pip._internal.configuration import Configuration
from pip._internal.exceptions import PipError
read = Configuration(isolated=False)
try:
    read.load()
except PipError as error:
    sys.exit(str(error))
settings = {}
for key, value in read.items():
    settings.update(value if isinstance(value, dict) else {key: value})
print(json.dumps(settings))
"""
# A module of Python's, ended with all that it started when its standard input is closed: that is
# when the set-up has ended, however it did.
_LEASHED = """\
import os, runpy, signal, sys, threading
def watch():
    while os.read(0, 4096):
        pass
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
threading.Thread(target=watch, daemon=True).start()
signal.signal(signal.SIGINT, signal.default_int_handler)
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
_PATIENCE_S = 10  # that pip gets to remove its temporary files


def plain_variables() -> dict[str, str]:
    """Return the user's environment without what steers Python and pip."""
    return {n: v for n, v in os.environ.items() if not n.upper().startswith((*_OF_PYTHON, "PIP_"))}


def pip_variables(python: Path) -> dict[str, str]:
    """Return the environment for pip: the user's, with stated settings of Python and of pip.

    Of pip's settings, in its variables and in all its files, those are taken over that say where
    packages come from and how they are reached.

    Raises
    ------
    CompendiumError
        If pip cannot read its files; without them, packages might come from somewhere else.
    """
    done = subprocess.run(
        [str(python), "-I", "-X", "utf8", "-c", _READ_SETTINGS],
        env={n: v for n, v in os.environ.items() if not n.upper().startswith(_OF_PYTHON)},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        said = " ".join(done.stderr.split())
        raise CompendiumError(f"could not read pip's settings, pip said: {said[-500:]}")
    return plain_variables() | _chosen(json.loads(done.stdout)) | _OURS


def _chosen(settings: Mapping[str, str]) -> dict[str, str]:
    """Return pip's variables for what is taken over; like pip, the later section wins."""
    chosen = {}
    for section in ("global", "install", ":env:"):
        for name in _TAKEN_OVER:
            if value := settings.get(f"{section}.{name}"):
                chosen["PIP_" + name.upper().replace("-", "_")] = value.strip()
    return chosen


def run_module(
    python: Path,
    arguments: list[str],
    variables: Mapping[str, str],
    on_line: Callable[[str], object] = lambda line: None,
) -> int:
    """Run ``python -m`` with ``arguments``, show each line that it says, return its exit code.

    It ends with this process, whatever ends this one, and so does everything that it started.
    """
    with subprocess.Popen(
        [str(python), "-I", "-X", "utf8", "-c", _LEASHED, *arguments],
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            for line in process.stdout:
                on_line(line)
            return process.wait()
        except BaseException:
            _end(process)
            raise


def _end(process: subprocess.Popen) -> None:
    """Interrupt a process and its descendants, and end what does not stop in good time."""
    try:
        _signal(process, signal.SIGINT)
        process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        pass
    finally:
        _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))


def _signal(process: subprocess.Popen, number: int) -> None:
    with contextlib.suppress(OSError):  # where all have ended already
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        elif number != signal.SIGINT:  # Windows sends Ctrl-C to all on the console itself
            process.kill()
