"""Is what is installed whole? Every file is compared with what its package says of it.

Needs the standard library only, since it runs before anything is installed.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_AT_ONCE = 2**20  # bytes that are read in one piece
_ROWS = 256  # files that one thread takes


def read_pins(constraints: Path) -> dict[str, str]:
    """Return {name: version} of the packages that a file pins on every platform and Python."""
    pins = {}
    for line in constraints.read_text(encoding="utf-8").splitlines():
        pinned = re.match(r"([\w.-]+)==([^\s;\\]+)\s*(;?)", line)
        if pinned and not pinned[3]:
            pins[_canonical(pinned[1])] = pinned[2]
    return pins


def problems(environment: Path, pins: Mapping[str, str]) -> list[str]:
    """Return what is wrong with the packages of a virtual environment, a phrase each.

    Every file that a package's RECORD names is read and compared by size and hash; every pinned
    package must be there in its version. Compiled files are not compared: Python makes them.
    """
    folders = [*environment.glob("lib/python*/site-packages"), *environment.glob("Lib/site-*")]
    found, rows, wrong = {}, [], []
    for info in sorted(info for folder in folders for info in folder.glob("*.dist-info")):
        name, _, version = info.name.removesuffix(".dist-info").partition("-")
        found[_canonical(name)] = version
        try:
            rows += [(name, *row) for row in _read_record(info)]
        except (OSError, ValueError, csv.Error) as error:
            wrong.append(f"{name}: its RECORD cannot be read ({error})")
    for name, version in pins.items():
        if found.get(name) != version:
            wrong.append(f"{name}: expected {version}, found {found.get(name, 'none')}")
    return wrong + _damaged(rows)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _read_record(info: Path) -> list[tuple[str, str, int]]:
    """Return path, hash and size of each file of a package that can be compared.

    Paths are strings here: there are some 70,000.
    """
    with (info / "RECORD").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    if not any(row[0] == f"{info.name}/RECORD" for row in rows if row):
        raise ValueError("it does not end where it should")
    return [
        (os.path.join(info.parent, path), digest, int(size))  # noqa: PTH118
        for path, digest, size in rows
        if size and not path.endswith(".pyc")
    ]


def _damaged(rows: list[tuple[str, str, str, int]]) -> list[str]:
    parts = [rows[i : i + _ROWS] for i in range(0, len(rows), _ROWS)]
    lost: dict[str, list[str]] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for part in pool.map(lambda part: [r[:2] for r in part if not _is_whole(*r[1:])], parts):
            for name, path in part:
                lost.setdefault(name, []).append(path)
    return [
        f"{name}: files missing or changed: {len(paths)}, such as {os.path.normpath(paths[0])}"
        for name, paths in lost.items()
    ]


def _is_whole(path: str, digest: str, size: int) -> bool:
    algorithm, _, expected = digest.partition("=")
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123
            if os.fstat(file.fileno()).st_size != size:
                return False
            if size <= _AT_ONCE:
                found = hashlib.new(algorithm, file.read())
            else:
                found = hashlib.file_digest(file, algorithm)
    except (OSError, ValueError):  # it is gone, or nobody knows the algorithm
        return False
    return base64.urlsafe_b64encode(found.digest()).rstrip(b"=").decode() == expected
