"""What is timed of threads: steps with shared gates, hand-offs of nothing, and long tasks.

The factories follow `isru.bench`; this module imports little, since each measuring process does.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from isru.chapters.precision_threads_frameworks.threads_runners import RUNNERS, nothing
from isru.chapters.precision_threads_frameworks.threads_step import SharedStep
from isru.lstm import LSTMNetwork
from isru.studies.timed_steps import forecast_arrays

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
        Who does the tasks: a name in `threads_runners.RUNNERS`.
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
