"""Rows computed here: one after another in this process, or in processes of this machine."""

from __future__ import annotations

import ast
import multiprocessing
import sys
import traceback
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from isru.lifeline import end_with_parent
from isru.notes import noting
from isru.sweep.store import plain_row

Answers = Generator[tuple[int, bool, Any], None, None]
"""Of each row: its place in the cases, whether it succeeded, and `attempt`'s answer."""


class WorkersLost(Exception):
    """The processes that computed the rows are gone; the message says how."""


UNGUARDED = (
    "each process of a sweep imports the script that started it, which would start the sweep "
    "again: put what the script does under a line \"if __name__ == '__main__':\", or compute in "
    "one process (processes=1)"
)


def guarded(script: str | None) -> bool:
    """Return whether a script asks for its name, as one must that starts processes.

    True where there is no script to read, as in a notebook.
    """
    try:
        with open(script or "", encoding="utf-8") as file:  # noqa: PTH123
            tree = ast.parse(file.read())
    except (TypeError, OSError, ValueError, SyntaxError):
        return True
    tests = [node.test for node in ast.walk(tree) if isinstance(node, ast.If)]
    names = [node for test in tests for node in ast.walk(test) if isinstance(node, ast.Name)]
    return any(node.id == "__name__" for node in names)


def attempt(function: Callable, case: object) -> tuple[bool, object]:
    """Return ``(True, (row, notes))``, or ``(False, traceback)`` if the function raises.

    A traceback as text survives the way from another process or machine.
    """
    try:
        with noting() as notes:
            row = plain_row(function(case), case)
        return True, (row, notes)
    except Exception:
        return False, traceback.format_exc()


def here(function: Callable, cases: list) -> Answers:
    """Yield ``(place in cases, whether it succeeded, `attempt`'s answer)``, one after another."""
    for place, case in enumerate(cases):
        yield place, *attempt(function, case)


def in_processes(function: Callable, cases: list, processes: int) -> Answers:
    """Yield the same from local processes, in the order in which the rows get ready.

    Raises
    ------
    WorkersLost
        If a process is killed or dies, or if this is the script that started the sweep, which a
        process of the sweep imports once more.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise WorkersLost(UNGUARDED)
    # "spawn" on every system: a forked copy of a threaded process may hang.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(processes, len(cases)), context, end_with_parent)
    try:
        futures = {pool.submit(attempt, function, case): n for n, case in enumerate(cases)}
        for future in as_completed(futures):
            yield futures[future], *future.result()
    except BrokenProcessPool as error:
        if not guarded(getattr(sys.modules["__main__"], "__file__", None)):
            raise WorkersLost(UNGUARDED) from error
        raise WorkersLost(
            "a local process ended abruptly, perhaps killed for want of memory (fewer processes "
            f"need less): {error}"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)
