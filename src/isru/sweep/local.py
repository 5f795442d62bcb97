"""Rows computed here: one after another in this process, or in processes of this machine."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from isru.lifeline import end_with_parent
from isru.sweep.store import plain_row


class WorkersLost(Exception):
    """The processes that computed the rows are gone; the message says how."""


def attempt(function: Callable, case: object) -> tuple[bool, object]:
    """Return ``(True, row)``, or ``(False, traceback)`` if the function raises.

    A traceback as text survives the way from another process or machine.
    """
    try:
        return True, plain_row(function(case), case)
    except Exception:
        return False, traceback.format_exc()


def here(function: Callable, cases: list) -> Iterator[tuple[int, bool, object]]:
    """Yield ``(place in cases, whether it succeeded, row or traceback)``, one after another."""
    for place, case in enumerate(cases):
        yield place, *attempt(function, case)


def in_processes(
    function: Callable, cases: list, processes: int
) -> Iterator[tuple[int, bool, object]]:
    """Yield the same from local processes, in the order in which the rows get ready.

    Raises
    ------
    WorkersLost
        If a process is killed or dies.
    """
    # "spawn" on every system: a forked copy of a threaded process may hang.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(processes, len(cases)), context, end_with_parent)
    try:
        futures = {pool.submit(attempt, function, case): n for n, case in enumerate(cases)}
        for future in as_completed(futures):
            yield futures[future], *future.result()
    except BrokenProcessPool as error:
        raise WorkersLost(
            "a local process ended abruptly, perhaps killed for want of memory (fewer processes "
            f"need less): {error}"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)
