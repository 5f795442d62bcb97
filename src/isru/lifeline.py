"""No process goes on when the one that it works for is gone, however that one ended.

A process that ends by a signal which it cannot catch, or by a lack of memory, ends none of those
that it started. So each of them waits, in a thread that costs nothing, for the end of a pipe that
only the other one holds open. Needs the standard library only, but for `end_marked`.
"""

from __future__ import annotations

import _thread
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

MARK = "ISRU_JOB"
"""The environment variable by which all processes of one job are found, whoever started them."""

ENDS_WITH_STDIN = "ISRU_ENDS_WITH_STDIN"
"""The environment variable that tells a command to end when its standard input does."""

_PATIENCE_S = 20  # that a process gets to put its things in order
_LAST_WORD_S = 1  # from a process's last word until its main thread is at its end


class Terminated(KeyboardInterrupt):
    """This process alone was asked to end, unlike by Ctrl-C, which all on the terminal get."""


def take_signals_as_interruptions() -> None:
    """Let a request to end, and the closing of the terminal, be what Ctrl-C is.

    One that is ignored, as under ``nohup``, stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: object) -> None:
    raise Terminated if number == signal.SIGTERM else KeyboardInterrupt


def end_with_stdin() -> None:
    """End this process, and all of its job, when whoever started it is gone.

    That one gave it a pipe as standard input, which it holds open as long as it lives, or until
    this process has said its last word: one that is ending by itself ends none of its job.
    """
    _watch(lambda: _read_to_the_end(0), _end_unless_ending)


def be_interrupted_with_stdin() -> None:
    """Interrupt this process when whoever started it is gone; it ends by itself, or is ended."""

    def interrupt() -> None:
        _thread.interrupt_main()
        time.sleep(_PATIENCE_S)
        _end_now()

    _watch(lambda: _read_to_the_end(0), interrupt)


def end_with_parent() -> None:
    """End this process of a pool when its parent is gone; give it to the pool as initializer."""
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        _watch(parent.join, lambda: os._exit(1))


def _watch(wait: Callable[[], object], end: Callable[[], object]) -> None:
    def watch() -> None:
        wait()
        end()

    threading.Thread(target=watch, daemon=True, name="lifeline").start()


def _read_to_the_end(descriptor: int) -> None:
    while os.read(descriptor, 4096):
        pass


def _end_unless_ending() -> None:
    main = threading.main_thread()  # it ends before what was registered for the exit is called
    main.join(_LAST_WORD_S)
    if main.is_alive():
        _end_now()


def _end_now() -> None:
    try:
        if mark := os.environ.get(MARK):
            end_marked(mark)
    finally:
        os._exit(1)


def end_marked(mark: str) -> None:
    """End all processes of a job but this one, also those whose parents are gone already."""
    import psutil

    deadline = time.monotonic() + _PATIENCE_S / 2
    while time.monotonic() < deadline:
        found = [process for process in psutil.process_iter() if _is_marked(process, mark)]
        if not found:
            return
        for process in found:
            try:
                process.kill()
            except psutil.Error:
                continue
        psutil.wait_procs(found, timeout=1)


def _is_marked(process, mark: str) -> bool:
    import psutil

    if process.pid == os.getpid():
        return False
    try:
        ended = process.status() == psutil.STATUS_ZOMBIE
        return not ended and process.environ().get(MARK) == mark
    except (psutil.Error, OSError):
        return False  # it is gone, or another user's


def attended(command: list[str], **options: object) -> int:
    """Run a command to its end and return its code; interrupted, let it end in good order."""
    with beside(command, **options) as process:
        return process.wait()


@contextmanager
def beside(command: list[str], **options: object) -> Iterator[subprocess.Popen]:
    """Run a command beside a block, which waits for it; interrupted, let it end in good order."""
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        except BaseException as error:  # Ctrl-C alone has reached the command, too
            _let_end(process, alone=type(error) is not KeyboardInterrupt)
            raise


def captured(command: list[str], environment: Mapping[str, str], **options: object) -> tuple:
    """Run a command that calls `end_with_stdin`; return its code and what it said."""
    import tempfile

    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            env=environment,
            **options,
        ) as process,
    ):
        try:
            process.wait()
        except BaseException:
            _let_end(process, alone=True)
            raise
        said.seek(0)
        return process.returncode, said.read().decode("utf-8", errors="replace")


def _let_end(process: subprocess.Popen, *, alone: bool) -> None:
    """Wait for a process that was interrupted with this one, or ``alone`` ask it to end."""
    if alone:
        process.terminate()
    try:
        process.wait(timeout=_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()


def replace_by(command: list[str], environment: Mapping[str, str]) -> int:
    """Go on as another command: signals reach it, and nothing waits in between.

    Where a process cannot become another (Windows), run it and return its code.
    """
    if os.name == "nt":
        return attended(command, env=environment)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os.execve(command[0], command, environment)
