"""What is timed of threads: steps with shared gates, hand-offs of nothing, and long tasks.

Tasks are done in turn, by threads that wait for work, or by new threads. Each runner is called
with a list of calls without arguments and returns when all of them are done. One such call is a
*hand-off*: what it costs beyond its tasks is what threads have to earn back.

The factories follow `isru.bench`; this module imports little, since each measuring process does.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue

import numpy as np

from isru.chapters.precision_threads_frameworks.threads_step import SharedStep
from isru.lstm import LSTMNetwork
from isru.studies.timed_steps import forecast_arrays

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


# Of the long tasks that show what the cores do at once: weights that fit a core's own cache, as
# those of a gate do, and about a millisecond or more of products.
_INNER, _OUTER, _REPEATS = 256, 512, 256


def setup_step(
    *,
    rng: np.random.Generator,
    layers: int,
    units: int,
    batch: int,
    steps: int,
    features: int,
    run: str,
    tasks: int,
    blas: int = 0,
) -> Callable[[], object]:
    """Return a call that makes one update of a stacked LSTM with shared gates.

    Parameters
    ----------
    rng : numpy.random.Generator
    layers, units, batch, steps, features : int
        L, H, B, T, F; one output for each sequence.
    run : str
        Who does the tasks: a name in `RUNNERS`.
    tasks : {1, 2, 4}
        Parts that the gates are cut into.
    blas : int
        Threads that the BLAS is set to before each update; 0 leaves it as it is.
    """
    network = LSTMNetwork(features, [units] * layers, 1, rng=rng)
    step = SharedStep(
        network, *forecast_arrays(network, rng, batch, steps), RUNNERS[run](tasks), tasks
    )
    if not blas:
        return step
    libraries = _blas_libraries()

    def step_with_blas_threads():
        for library in libraries:
            library.set_num_threads(blas)
        step()

    return step_with_blas_threads


def setup_hand_offs(
    *,
    rng: np.random.Generator,
    layers: int,
    units: int,
    batch: int,
    steps: int,
    run: str,
    tasks: int,
) -> Callable[[], object]:
    """Return a call that hands off as often as a step does, tasks that do nothing."""
    runner, empty = RUNNERS[run](tasks), [nothing] * tasks
    count = hand_offs(layers, steps)

    def call():
        for _ in range(count):
            runner(empty)

    return call


def setup_long_tasks(
    *, rng: np.random.Generator, batch: int, run: str, tasks: int
) -> Callable[[], object]:
    """Return a call that hands off once, tasks of many products of a gate's kind."""
    runner = RUNNERS[run](tasks)
    weights = rng.standard_normal((tasks, _INNER, _OUTER)).astype(np.float32)
    rows = rng.standard_normal((tasks, batch, _INNER)).astype(np.float32)
    out = np.empty((tasks, batch, _OUTER), np.float32)
    repeats = max(8, _REPEATS // batch)

    def work(k):
        for _ in range(repeats):
            np.dot(rows[k], weights[k], out=out[k])

    calls = [lambda k=k: work(k) for k in range(tasks)]
    return lambda: runner(calls)


def hand_offs(layers: int, steps: int) -> int:
    """Return how often a step hands its gates off: L (2 T + 1), and once for Adam."""
    return layers * (2 * steps + 1) + 1


def _blas_libraries() -> list:
    from threadpoolctl import ThreadpoolController

    return [
        library for library in ThreadpoolController().lib_controllers if library.user_api == "blas"
    ]
