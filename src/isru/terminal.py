"""What lies between a command and the terminal: its streams, and an error that nobody foresaw."""

from __future__ import annotations

import contextlib
import os
import platform
import select
import sys
import tempfile
import traceback
from pathlib import Path

from isru import __version__, paths
from isru.publish.environment import say

UNEXPECTED = 70  # EX_SOFTWARE of sysexits.h
PIPE_CLOSED = 141  # what a shell gives a process that SIGPIPE ended


def use_streams() -> None:
    """Give closed streams somewhere to go; write what a terminal cannot show as an escape."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # The next file that is opened would take the stream's place, and get its messages.
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def finish(code: int) -> int:
    """Write what the command left in its output, and return the exit code."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_output()
        return PIPE_CLOSED
    except OSError as error:
        _forget_output()
        say(f"error: cannot write the output: {error.strerror}")
        return 1
    return code


def unexpected(error: Exception, command: list[str]) -> int:
    """Say in one sentence what ended a command, keep the traceback in a file, return 70."""
    if isinstance(error, BrokenPipeError) and (_reader_gone() or finish(0)):
        _forget_output()
        return PIPE_CLOSED  # nobody reads on, as with "| head"
    said = " ".join(str(error).split())[:300]
    what = f"{type(error).__name__}: {said}" if said else type(error).__name__
    with contextlib.suppress(OSError):
        say(
            f"error: {' '.join(command[:1])} ended with what nobody foresaw: {what}. Nothing that "
            f"was finished is lost. Please report it, with {_kept(error, command)}"
        )
    return UNEXPECTED


def _kept(error: Exception, command: list[str]) -> str:
    """Write the traceback where there is room for it and return the file's name."""
    about = f"isru {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
    text = "".join([about, f"{command}\n\n", *traceback.format_exception(error)])
    for folder in (paths.build, lambda: Path(tempfile.gettempdir())):
        with contextlib.suppress(OSError):
            path = folder() / "isru-error.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
            return str(path)
    return f"this traceback, for which no folder has room:\n{text}"


def _reader_gone() -> bool:
    """Tell whether the output is a pipe whose other end is closed, where that can be asked."""
    try:
        asked = select.poll()
        asked.register(sys.stdout.fileno(), 0)
        return any(event & select.POLLERR for _, event in asked.poll(0))
    except (AttributeError, OSError, ValueError):  # Windows; a stream of no file
        return False


def _forget_output() -> None:
    """Drop what could not be written: Python would try again at its end, and complain."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
