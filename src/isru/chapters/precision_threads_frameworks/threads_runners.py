"""Ways to do a handful of tasks: in turn, by threads that wait for work, by new threads.

Each is called with a list of calls without arguments and returns when all of them are done. One
such call is a *hand-off*: what it costs beyond its tasks is what threads have to earn back.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue

Tasks = Sequence[Callable[[], object]]


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_turn(tasks: Tasks) -> None:
    """Do the tasks one after the other, in this thread."""
    for task in tasks:
        task()


def skip(tasks: Tasks) -> None:
    """Do none of the tasks: what a step then takes is all that its threads cannot share."""


def nothing() -> None:
    """Be a task without work."""


class KeptThreads:
    """Threads that wait for work; the caller does the first task itself.

    Parameters
    ----------
    count : int
        Tasks that run at the same time, the caller's included.
    """

    def __init__(self, count: int):
        self._given = [SimpleQueue() for _ in range(count - 1)]
        self._done = SimpleQueue()
        for given in self._given:
            threading.Thread(target=_work, args=(given, self._done), daemon=True).start()

    def __call__(self, tasks: Tasks) -> None:
        """Do the tasks, as many as there are threads; raise what one of them raised."""
        for given, task in zip(self._given, tasks[1:], strict=True):
            given.put(task)
        tasks[0]()
        errors = [self._done.get() for _ in self._given]
        for error in errors:
            if error is not None:
                raise error

    def close(self) -> None:
        """End the threads."""
        for given in self._given:
            given.put(None)


def _work(given: SimpleQueue, done: SimpleQueue) -> None:
    while (task := given.get()) is not None:
        try:
            task()
        except Exception as error:  # for the caller to raise
            done.put(error)
        else:
            done.put(None)


def new_threads(tasks: Tasks) -> None:
    """Do the tasks in threads that are made for them and end with them, the first one here.

    What a task raises in another thread is shown by Python and not raised here.
    """
    threads = [threading.Thread(target=task) for task in tasks[1:]]
    for thread in threads:
        thread.start()
    tasks[0]()
    for thread in threads:
        thread.join()


RUNNERS = {
    "in_turn": lambda count: in_turn,
    "skip": lambda count: skip,
    "kept": KeptThreads,
    "new": lambda count: new_threads,
}
"""Name -> function of the number of threads that returns a runner."""
