"""A sweep: a function and a table of configurations, each of which becomes one row."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from isru.notes import repeat
from isru.provenance import arithmetic_settings, blas, cpu_model
from isru.sweep.cluster import on_cluster, scheduler_address
from isru.sweep.errors import Failure, cut_off, rows_failed
from isru.sweep.local import Answers, WorkersLost, here, in_processes
from isru.sweep.store import Store

if TYPE_CHECKING:
    import pandas as pd


def run_sweep(
    function: Callable[[object], dict],
    cases: Iterable,
    *,
    processes: int = 2,
    scheduler: str = "",
    cache: str | Path | None = None,
    fresh: bool = False,
    timed: bool = False,
    progress: bool = True,
) -> pd.DataFrame:
    """Return ``function(case)`` of every case as the rows of a table.

    A row is kept as soon as it is finished. After an interruption the same call goes on: nothing
    is lost and nothing computed twice. A row is taken from the cache only if the configuration,
    the function, the code that it rests on, the versions of the libraries, and the activations
    and data that its computation used are unchanged.

    Parameters
    ----------
    function : callable
        Pure, seeded by its case, importable: a configuration (dataclass or dict of JSON types)
        -> a row (dict of JSON types; NumPy's numbers are taken).
    cases : iterable
        The configurations. Equal ones are computed once.
    processes : int
        Local processes; 1 runs in this process.
    scheduler : str
        Address of a Dask scheduler, whose workers compute the rows instead; by default the
        environment variable `isru.sweep.VARIABLE`, and if that is empty, this machine.
    cache : str or Path, optional
        Folder of finished rows.
    fresh : bool
        Compute, and keep, every row again.
    timed : bool
        The rows are timings: one after another in this process, never beside each other, and
        kept for this kind of processor and this kernel of BLAS only.
    progress : bool
        Show a bar with the time left.

    Returns
    -------
    pandas.DataFrame
        In the order of ``cases``, the same wherever it was computed, but for the last digits of
        sums.

    Raises
    ------
    ValueError
        If timed rows are asked for on a scheduler.
    SweepError
        If rows fail (the others are computed and kept first), the scheduler is unreachable or
        goes away, or a worker has another version of isru.

    Examples
    --------
    >>> from isru.cost import layer_count
    >>> def row(case):
    ...     return {"units": case["units"], "macs": layer_count(10, case["units"]).macs}
    >>> cases = [{"units": 10}, {"units": 25}]
    >>> run_sweep(row, cases, processes=1, progress=False)["macs"].tolist()
    [870, 3675]
    """
    import pandas as pd
    from tqdm import tqdm

    if timed and scheduler:
        raise ValueError(f"expected timed rows to run here, one by one; got scheduler={scheduler}")
    cases = list(cases)
    store = Store(cache, function, _what_times() if timed else "")
    keys = [store.key(case) for case in cases]
    todo = dict(zip(keys, cases, strict=True))
    rows = {} if fresh else {key: row for key in todo if (row := store.get(key)) is not None}
    todo = {key: case for key, case in todo.items() if key not in rows}
    total, names, failures = len(rows) + len(todo), list(todo), []
    if timed:
        answers = here(function, list(todo.values()))
    else:
        answers = _answers(function, list(todo.values()), processes, scheduler_address(scheduler))
    bar = tqdm(total=total, initial=len(rows), unit="row", disable=not progress)
    try:
        with bar, closing(answers):
            for place, succeeded, answer in answers:
                key = names[place]
                if succeeded:
                    rows[key], noted = answer
                    repeat(noted)
                    store.put(key, todo[key], rows[key], noted)
                else:
                    failures.append(Failure(todo[key], answer))
                bar.update()
    except WorkersLost as error:
        raise cut_off(str(error), len(rows), total, bool(cache)) from error
    if failures:
        raise rows_failed(failures, len(rows), total, bool(cache))
    return pd.DataFrame([rows[key] for key in keys])


def _what_times() -> str:
    """Return what decides a time besides code and libraries: processor and kernels."""
    return ", ".join(
        filter(None, (cpu_model(), f"{os.cpu_count()} cores", blas(), arithmetic_settings()))
    )


def _answers(function: Callable, cases: list, processes: int, address: str) -> Answers:
    """Choose where the rows are computed."""
    if cases and address:
        return on_cluster(function, cases, address)
    if processes > 1 and len(cases) > 1:
        return in_processes(function, cases, processes)
    return here(function, cases)
