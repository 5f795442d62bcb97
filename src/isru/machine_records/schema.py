"""The form of a machine record: how it is written, named, read and refused."""

from __future__ import annotations

import hashlib
import json
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd

from isru.machine_records.plans import Part

FORMAT = "isru machine record"
SCHEMA = 2  # 1 had no rounds, no compiled code and no threads
LARGEST_BYTES = 2_000_000
SAMPLE = ("process", "block", "position", "loops", "seconds", "cpu_seconds")
# The arm that others are compared with, and the same again.
PAIRS = {"activations": "tanh", "compiled": "libm_tanh", "steps": "tanh", "threads": "work"}
_TOP = {
    "format": str,
    "schema": int,
    "machine": dict,
    "settings": dict,
    "parts": dict,
    "problems": list,
}
_MACHINE = {
    "cpu": dict,
    "load": list,
    "system": str,
    "python": str,
    "compiler": str,
    "threads": int,
    "versions": dict,
    "numpy_simd": list,
    "thread_pools": list,
    "provenance": dict,
}
_CPU = {"model": str, "flags": list, "cores": int, "caches": dict, "governor": str}
_SETTINGS = {"seed": int, "blocks": int, "warmup": int, "min_seconds": float, "sittings": int}
_CELL = {"arm": str, "case": dict, "samples": list}
_PART = re.compile(r"activations|compiled|steps|threads_[1-9]\d*")
_WORD = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
_HOME_FOLDER = re.compile(r"/(home|Users|root)/|[A-Za-z]:\\+Users")


def make_record(machine: dict, settings: dict, parts: dict[str, list], problems: list[str]) -> dict:
    """Return a record's content.

    Parameters
    ----------
    machine : dict
        From `isru.bench.machine_metadata`.
    settings : dict
        seed, blocks, warmup, min_seconds, and sittings: in how many goes it was measured.
    parts : dict
        By name, what `cells` returns.
    problems : list of str
        What the measurement says against itself.
    """
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "machine": machine,
        "settings": settings,
        "parts": parts,
        "problems": problems,
    }


def cells(frame: pd.DataFrame, part: Part) -> list[dict]:
    """Return raw samples as cells, one an arm and case; times keep six significant digits."""
    keys = list(part.cases[0])
    found = []
    for (arm, *values), rows in frame.groupby(["arm", *keys], sort=False):
        plain = [value.item() if isinstance(value, np.generic) else value for value in values]
        case = dict(zip(keys, plain, strict=True))
        samples = [
            [*map(int, row[:4]), *(float(f"{time:.6g}") for time in row[4:])]
            for row in rows[list(SAMPLE)].itertuples(index=False)
        ]
        found.append({"arm": arm, "case": case, "samples": samples})
    return found


def samples(record: dict, part: str) -> pd.DataFrame:
    """Return one part of a record as a table, like `isru.bench.measure`.

    Raises
    ------
    ValueError
        If the record has no such part; the message lists those that it has.
    """
    known = record["parts"]
    if part not in known:
        raise ValueError(f"expected a part of {sorted(known)}, got {part!r}")
    rows = [
        {"arm": cell["arm"], **cell["case"], **dict(zip(SAMPLE, sample, strict=True))}
        for cell in known[part]
        for sample in cell["samples"]
    ]
    return pd.DataFrame(rows)


def file_name(record: dict) -> str:
    """Return ``<cpu>-<hash of the content>.json``."""
    model = str(record["machine"]["cpu"].get("model", "unknown"))
    slug = re.sub(r"[^a-z0-9]+", "-", re.sub(r"\((r|tm)\)", "", model.lower())).strip("-")
    digest = hashlib.sha256(text_of(record).encode()).hexdigest()[:8]
    return f"{slug or 'unknown'}-{digest}.json"


def text_of(record: dict) -> str:
    """Return compact JSON in a fixed order, one cell a line; numbers must be finite."""
    compact = {"ensure_ascii": False, "allow_nan": False, "separators": (",", ":")}
    text = json.dumps(record, sort_keys=True, **compact)
    return text.replace('{"arm":', '\n{"arm":') + "\n"


def check_record(path: str | Path) -> dict:
    """Read a machine record and refuse what does not follow the schema.

    Returns
    -------
    dict
        ``format``, ``schema``, ``machine`` (see `isru.bench.machine_metadata`), ``settings``,
        ``parts`` (`samples` makes tables of them), ``problems``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is broken (no JSON, a part missing or malformed, times that no clock gives), foreign
        (something else than a machine record), of another schema version, too large, names a
        home folder, or was changed after the measurement.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"expected a machine record at {path}, got no such file")
    data = path.read_bytes()
    _require(path, len(data) <= LARGEST_BYTES, f"at most {LARGEST_BYTES} bytes", len(data))
    try:
        record = json.loads(data.decode())
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(_message(path, "JSON", f"{error} (is the file cut off?)")) from None
    _check_version(path, record)
    _keys(path, "", record, _TOP)
    _keys(path, "machine.", record["machine"], _MACHINE)
    _keys(path, "machine.cpu.", record["machine"]["cpu"], _CPU)
    _keys(path, "settings.", record["settings"], _SETTINGS)
    _require(path, record["parts"], "at least one part", "none")
    for name, part in record["parts"].items():
        _check_part(path, name, part, record["settings"])
    private = _HOME_FOLDER.search(data.decode())
    _require(path, not private, "no path of a home folder", private and private[0])
    expected = file_name(record)
    if path.name != expected:
        raise ValueError(
            f"machine record {path.name}: its content belongs to the name {expected}. It was "
            "renamed, or changed after the measurement; contribute the file as it was written"
        )
    return record


def _check_version(path: Path, record: object) -> None:
    versioned = isinstance(record, dict) and type(record.get("schema")) is int
    if not versioned or record.get("format", FORMAT) != FORMAT:
        raise ValueError(
            f"{path.name}: expected a machine record, got other JSON. "
            "A record is made by: make record"
        )
    version = record["schema"]
    _require(path, version >= SCHEMA, f"schema {SCHEMA}", f"the older schema {version}")
    if version > SCHEMA:
        raise ValueError(
            f"machine record {path.name}: expected schema {SCHEMA}, got the newer schema "
            f"{version}. Update this checkout"
        )


def _check_part(path: Path, name: str, part: object, settings: dict) -> None:
    known = "a part activations, compiled, steps or threads_N"
    _require(path, _PART.fullmatch(name), known, repr(name))
    _require(path, isinstance(part, list) and part, f"{name}: a list of cells", part)
    arms: dict[str, set] = {}
    processes = set()
    for place, cell in enumerate(part):
        where = f"{name}, cell {place}: "
        _require(path, isinstance(cell, dict), where + "an object", type(cell).__name__)
        _keys(path, where, cell, _CELL)
        words = [cell["arm"], *cell["case"], *(v for v in cell["case"].values() if type(v) is str)]
        odd = [word for word in words if not _WORD.fullmatch(word)]
        _require(path, not odd, where + "names in lower case, joined by '_'", odd)
        numbers = all(type(v) in (str, int) for v in cell["case"].values())
        _require(path, numbers, where + "a case of words and whole numbers", cell["case"])
        case = tuple(sorted(cell["case"].items()))
        twice = case in arms.setdefault(cell["arm"], set())
        _require(path, not twice, where + "each arm and case once", f"{cell['arm']} {case} twice")
        arms[cell["arm"]].add(case)
        processes.add(_check_samples(path, where, cell["samples"], settings["blocks"]))
    baseline = PAIRS[name.partition("_")[0]]
    pair = {baseline, f"{baseline}_again"}
    _require(path, pair <= set(arms), f"{name}: the arms {sorted(pair)}", sorted(arms))
    complete = all(cases == arms[baseline] for cases in arms.values())
    _require(path, complete, f"{name}: every arm in every case", "arms without some of them")
    equal = len(processes) == 1
    _require(path, equal, f"{name}: equally many processes everywhere", sorted(processes))


def _check_samples(path: Path, where: str, rows: list, blocks: int) -> int:
    """Check the samples of one cell and return how many processes they come from."""
    columns = f"rows of {', '.join(SAMPLE)}"
    whole = bool(rows) and all(isinstance(row, list) and len(row) == len(SAMPLE) for row in rows)
    _require(path, whole, where + columns, "others or none")
    for row in rows:
        counts = all(type(value) is int and value >= 0 for value in row[:3])
        _require(path, counts and type(row[3]) is int and row[3] > 0, where + "counts", row[:4])
        times = all(type(v) in (int, float) and math.isfinite(v) for v in row[4:])
        good = times and row[4] > 0 and row[5] >= 0
        _require(path, good, where + "positive, finite seconds", row[4:])
    places = {tuple(row[:3]) for row in rows}
    processes = {row[0] for row in rows}
    expected = 2 * blocks * len(processes)
    distinct = len(places) == len(rows) == expected
    _require(path, distinct, where + f"{expected} samples, each once", f"{len(rows)} rows")
    in_order = processes == set(range(len(processes)))
    _require(path, in_order, where + "processes counted from 0", sorted(processes))
    return len(processes)


def _keys(path: Path, where: str, content: object, kinds: dict[str, type]) -> None:
    _require(path, isinstance(content, dict), f"{where or 'the record'} an object", content)
    for key, kind in kinds.items():
        _require(path, key in content, f"{where}{key}", f"only {sorted(content)}")
        right = type(content[key]) is kind or (kind is float and type(content[key]) is int)
        _require(path, right, f"{where}{key}: {kind.__name__}", type(content[key]).__name__)
    extra = sorted(set(content) - set(kinds))
    _require(path, not extra, f"nothing but {sorted(kinds)} in {where or 'the record'}", extra)


def _require(path: Path, condition: object, expected: str, got: object) -> None:
    if not condition:
        raise ValueError(_message(path, expected, got))


def _message(path: Path, expected: str, got: object) -> str:
    return (
        f"machine record {path.name}: expected {expected}, got {got}. "
        "Contribute the file as it was written, or make a new one: make record"
    )
