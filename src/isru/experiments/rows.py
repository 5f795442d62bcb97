"""Run many cases of an experiment: in this process or in local ones, resumable row by row."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

import numpy as np

from isru.records import to_json, write_atomically


def run_rows(
    function: Callable[[object], dict],
    cases: Iterable,
    *,
    processes: int = 2,
    cache: str | Path | None = None,
    code: Sequence[str] = (),
    progress: bool = True,
):
    """Return ``function(case)`` of every case as the rows of a table.

    Parameters
    ----------
    function : callable
        Pure, importable: a case (dataclass of JSON types) -> a row (dict of JSON types).
    cases : iterable of dataclass
    processes : int
        1 runs in this process.
    cache : str or Path, optional
        Folder of finished rows: an interrupted run goes on where it stopped. A row is taken from
        there if function, case, code and NumPy's version are unchanged.
    code : sequence of str
        Glob patterns, relative to the package, of the sources that decide a row.
    progress : bool
        Show a bar.

    Returns
    -------
    pandas.DataFrame
        In the order of ``cases``, the same for any ``processes``.
    """
    import pandas as pd
    from tqdm import tqdm

    cases = list(cases)
    store = _Store(cache, function, code)
    rows = {number: row for number, case in enumerate(cases) if (row := store.get(case))}
    missing = [number for number in range(len(cases)) if number not in rows]
    answers = _answers(function, [cases[number] for number in missing], processes)
    with tqdm(total=len(missing), unit="case", disable=not progress) as bar:
        for number, row in zip(missing, answers, strict=True):
            rows[number] = row
            store.put(cases[number], row)
            bar.update()
    return pd.DataFrame([rows[number] for number in range(len(cases))])


def _answers(function: Callable, cases: list, processes: int):
    if processes <= 1 or len(cases) <= 1:
        yield from map(function, cases)
        return
    # "spawn" on every system: a forked copy of a threaded process may hang.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(processes, len(cases)), context)
    try:
        yield from pool.map(function, cases)
    finally:
        pool.shutdown(cancel_futures=True)


class _Store:
    """Finished rows in a folder, by the hash of case and code; without a folder, nothing."""

    def __init__(self, folder: str | Path | None, function: Callable, code: Sequence[str]):
        self.folder = Path(folder) if folder else None
        self.about = [function.__module__, function.__qualname__]
        if self.folder is not None:
            self.about.append(source_hash(code))

    def _path(self, case) -> Path:
        key = json.dumps([asdict(case), *self.about], sort_keys=True)
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"

    def get(self, case) -> dict | None:
        if self.folder is None or not self._path(case).is_file():
            return None
        return json.loads(self._path(case).read_text(encoding="utf-8"))

    def put(self, case, row: dict) -> None:
        if self.folder is not None:
            write_atomically(self._path(case), to_json(row))


def source_hash(patterns: Sequence[str]) -> str:
    """Return a hash of the package's sources that match, and of NumPy's version.

    Raises
    ------
    ValueError
        If a pattern matches nothing, so that no change would ever be noticed.
    """
    package = Path(__file__).parents[1]
    digest = hashlib.sha256(np.__version__.encode())
    for pattern in patterns:
        found = sorted(package.glob(pattern))
        if not found:
            raise ValueError(f"expected source files that match {pattern!r}, found none")
        for path in found:
            digest.update(path.read_bytes())
    return digest.hexdigest()
