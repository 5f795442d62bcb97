"""What a sweep will cost, from one of its rows."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from isru.notes import noting
from isru.sweep.store import Store, plain_row


@dataclass(frozen=True)
class Estimate:
    """The expected cost of a sweep: rows x time of a row / workers.

    Attributes
    ----------
    rows, finished : int
        All rows, and those that the cache holds.
    row_seconds : float
        Of one row, on one worker as fast as this machine.
    workers : int
    """

    rows: int
    finished: int
    row_seconds: float
    workers: int

    @property
    def seconds(self) -> float:
        """Wall-clock time of what is left: the last round may leave workers idle."""
        return math.ceil((self.rows - self.finished) / self.workers) * self.row_seconds

    @property
    def worker_hours(self) -> float:
        """Time of all workers together, in hours: what a cluster charges for."""
        return self.workers * self.seconds / 3600

    def __str__(self) -> str:
        left = self.rows - self.finished
        return (
            f"{left} of {self.rows} rows left x {self.row_seconds:.2g} s / {self.workers} workers "
            f"= {self.seconds / 60:.3g} minutes, {self.worker_hours:.3g} worker-hours"
        )


def estimate(
    function: Callable[[object], dict],
    cases: Iterable,
    *,
    workers: int = 2,
    samples: int = 1,
    cache: str | Path | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Estimate:
    """Time one unfinished row, or a few, in this process, and say what the sweep will cost.

    Parameters
    ----------
    function, cases, cache
        As for `isru.sweep.run_sweep`. The timed rows are kept in the cache, so that they are
        not computed twice.
    workers : int
        That will compute side by side.
    samples : int
        Rows to time, evenly spread over the table; one is the middle row. Take more where rows
        differ, as with a table of sizes.
    clock : callable
        Seconds; replaced in tests.

    Raises
    ------
    ValueError
        If ``workers`` or ``samples`` is below 1.

    Examples
    --------
    >>> from isru.lstm import LSTMNetwork
    >>> def row(case):
    ...     return {"numbers": LSTMNetwork.count(**case)}
    >>> cases = [{"input_size": 7, "hidden_sizes": n, "output_size": 1} for n in (10, 25)]
    >>> estimate(row, cases).rows
    2
    """
    for name, value in (("workers", workers), ("samples", samples)):
        if value < 1:
            raise ValueError(f"{name}: expected at least 1, got {value}")
    store = Store(cache, function)
    todo = {store.key(case): case for case in cases}
    rows = len(todo)
    todo = {key: case for key, case in todo.items() if store.get(key) is None}
    finished, keys, times = rows - len(todo), list(todo), []
    count = min(samples, len(keys))
    for place in range(count):
        key = keys[(2 * place + 1) * len(keys) // (2 * count)]
        start = clock()
        with noting() as noted:
            row = function(todo[key])
        times.append(clock() - start)
        store.put(key, todo[key], plain_row(row, todo[key]), noted)
    return Estimate(rows, finished, sum(times) / count if count else 0.0, workers)
