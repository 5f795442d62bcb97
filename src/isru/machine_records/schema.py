"""The form of a machine record: how it is written, named, read and refused."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from isru.bench.activation_arms import INPUTS
from isru.machine_records.fields import (
    Flag,
    Keys,
    Number,
    Plain,
    Several,
    Text,
    Whole,
    check_strings,
    tidied,
)
from isru.machine_records.plans import Part, needed_cases
from isru.machine_records.reading import Refused, quoted, read_json

FORMAT = "isru machine record"
SCHEMA = 2  # 1 had no rounds, no compiled code and no threads
SAMPLE = ("process", "block", "position", "loops", "seconds", "cpu_seconds")
# The arms that the book compares, and the same again for the A/A floor.
NEEDED_ARMS = {
    "activations": ("tanh", "tanh_again", "isru_plain"),
    "compiled": ("libm_tanh", "libm_tanh_again", "libm_isru", "simd_tanh", "simd_isru"),
    "steps": ("tanh", "tanh_again", "isru"),
    "threads": ("work", "work_again"),
}
NEEDED_PARTS = ("activations", "steps", "threads_1")  # without Numba nothing is compiled
_CORES, _PROCESSES, _BLOCKS = Whole(1, 4096), Whole(0, 999), Whole(1, 100)
_LOOPS, _SECONDS = Whole(1, 10_000_000), Number(1e-10, 1e4)
_VERSION = Text(60, r"\d[\w.+-]*|not installed", "a version such as 2.4.6")
_CPU = {
    "model": Text(100, like="the processor's name"),
    "flags": Several(Text(40), 4000),
    "cores": _CORES,
    "caches": Keys({}, others=Whole(1, 10**15)),
    "governor": Text(40),
}
_PROVENANCE = {
    "commit": Text(40, r"[0-9a-f]{7,40}|unknown", "a commit, or unknown"),
    "date": Text(10, r"20\d\d-\d\d-\d\d", "a date such as 2026-11-29"),
    "dirty": Flag(),
    "isru": _VERSION,
    "machine": Text(200),
    "numpy": _VERSION,
    "profile": Text(40),
    "python": _VERSION,
}
_POOL = {"num_threads": _CORES}
_POOL |= dict.fromkeys(("internal_api", "version", "architecture"), Text(60))
_MACHINE = {
    "cpu": Keys(_CPU),
    "load": Several(Number(0, 1e6), 3),
    "system": Text(),
    "python": Text(like="a version such as 3.11.7 (GCC 12.2.0)"),
    "compiler": Text(200),
    "threads": _CORES,
    "versions": Keys(
        dict.fromkeys(("numpy", "scipy", "numba", "tensorflow", "keras", "isru"), _VERSION),
        others=_VERSION,
    ),
    "numpy_simd": Several(Text(40), 100),
    "thread_pools": Several(Keys({}, optional=_POOL, others=Plain()), 100),
    "provenance": Keys(_PROVENANCE, others=Plain()),
}
_SETTINGS = {
    "seed": Whole(0, 10**17),
    "blocks": _BLOCKS,
    "warmup": Whole(0, 1_000_000),
    "min_seconds": Number(0, 3600),
    "sittings": Whole(1, 100_000),
}
_WORD = Text(60, r"[a-z0-9]+(_[a-z0-9]+)*", "words in lower case, joined by '_'")
_CELL = Keys({"arm": _WORD, "case": Keys({}, others=Plain()), "samples": Several(Plain(), 10**5)})
_TOP = Keys(
    {
        "format": Text(form=FORMAT, like=repr(FORMAT)),
        "schema": Whole(SCHEMA, SCHEMA),
        "machine": Keys(_MACHINE),
        "settings": Keys(_SETTINGS),
        "parts": Keys({}, others=Several(Plain(), 5000, 1)),
        "problems": Several(Text(400), 1000),
    }
)
_PART = re.compile(r"activations|compiled|steps|threads_[1-9]\d{0,3}")
# What a case of each part holds.
_ARRAY = {
    "size": Whole(1, 10**9),
    "dtype": Text(form="float32|float64", like="float32 or float64"),
    "input": Text(form="|".join(INPUTS), like=f"one of {', '.join(INPUTS)}"),
}
_STEP = {
    "engine": Text(form="numpy|numba", like="an engine: numpy or numba"),
    "step": Text(form="train|predict", like="train or predict"),
    "units": Whole(1, 10**6),
}
_WORK = {"work": Text(40, r"(train|product)_[1-9]\d*", "train_N or product_N")}
_CASES = {
    "activations": Keys(_ARRAY),
    "compiled": Keys(_ARRAY),
    "steps": Keys(_STEP),
    "threads": Keys(_WORK),
}


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
    about = tidied(machine)
    about["cpu"]["model"] = about["cpu"]["model"][:100].strip() or "unknown"
    about["cpu"]["cores"] = about["cpu"]["cores"] or 1  # an operating system may not tell
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "machine": about,
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


def read_record(path: str | Path) -> dict:
    """Read a machine record and refuse what does not follow the schema.

    `isru.machine_records.check_record` looks as well at whether it can be shown.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        Naming file, field, what was expected and what came.
    """
    path = Path(path)
    try:
        record = read_json(path)
        _check_version(record)
        check_strings(record)
        _TOP.check(record, "")
        _check_date(record["machine"]["provenance"]["date"])
        _check_parts(record["parts"], record["settings"]["blocks"])
    except Refused as error:
        raise ValueError(
            f"machine record {path.name or path}: {error}. "
            "Contribute the file as it was written, or make a new one: make record"
        ) from None
    expected = file_name(record)
    if path.name != expected:
        raise ValueError(
            f"machine record {path.name}: its content belongs to the name {expected}. It was "
            "renamed, or changed after the measurement; contribute the file as it was written"
        )
    return record


def _check_version(record: object) -> None:
    if not isinstance(record, dict) or record.get("format", FORMAT) != FORMAT:
        raise Refused("", "a machine record, made by: make record", "other JSON")
    version = record.get("schema")
    if type(version) is not int:
        raise Refused("schema", f"a machine record of schema {SCHEMA}", quoted(version))
    if version != SCHEMA:
        which = "older" if version < SCHEMA else "newer"
        hint = " (update this checkout)" if version > SCHEMA else ""
        raise Refused("", f"schema {SCHEMA}", f"the {which} schema {version}{hint}")


def _check_date(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise Refused("machine.provenance.date", "a day of the calendar", quoted(text)) from None


def _check_parts(parts: dict, blocks: int) -> None:
    for name in parts:
        if not _PART.fullmatch(name):
            expected = "a part activations, compiled, steps or threads_N"
            raise Refused("parts", expected, quoted(name))
    for name in NEEDED_PARTS:
        if name not in parts:
            raise Refused("parts", f"the part {name}", f"only {', '.join(sorted(parts)) or 'none'}")
    for name, part in parts.items():
        _check_part(f"parts.{name}", name, part, blocks)


def _check_part(where: str, name: str, part: list, blocks: int) -> None:
    kind = name.partition("_")[0]
    arms: dict[str, list] = {}
    for place, cell in enumerate(part):
        here = f"{where}[{place}]"
        _CELL.check(cell, here)
        _CASES[kind].check(cell["case"], f"{here}.case")
        cases = arms.setdefault(cell["arm"], [])
        if cell["case"] in cases:
            raise Refused(here, "each arm and case once", f"{cell['arm']} twice in one case")
        cases.append(cell["case"])
    _check_arms(where, NEEDED_ARMS[kind], arms)
    engines = {case.get("engine") for case in next(iter(arms.values()))}
    _check_cases(where, needed_cases(name, engines), arms)
    processes = {
        _check_samples(f"{where}[{place}].samples", cell["samples"], blocks, 2 * len(arms))
        for place, cell in enumerate(part)
    }
    if len(processes) > 1:
        raise Refused(where, "equally many processes everywhere", sorted(processes))


def _check_arms(where: str, needed: tuple[str, ...], arms: dict[str, list]) -> None:
    missing = [arm for arm in needed if arm not in arms]
    if missing:
        raise Refused(where, f"the arms {', '.join(needed)}", f"no {', '.join(missing)}")


def _check_cases(where: str, needed: list[dict], arms: dict[str, list]) -> None:
    cases = next(iter(arms.values()))
    missing = [case for case in needed if case not in cases]
    if missing:
        words = ", ".join(f"{key} {value}" for key, value in missing[0].items())
        raise Refused(where, f"every case of schema {SCHEMA}", f"none with {words}")
    for arm, own in arms.items():
        if len(own) != len(cases) or not all(case in cases for case in own):
            raise Refused(where, "every arm in every case", f"{arm} without some of them")


def _check_samples(where: str, rows: list, blocks: int, positions: int) -> int:
    """Check the samples of one cell and return how many processes they come from."""
    kinds = (_PROCESSES, Whole(0, blocks - 1), Whole(0, positions - 1), _LOOPS, _SECONDS, _SECONDS)
    for place, row in enumerate(rows):
        here = f"{where}[{place}]"
        if not isinstance(row, list) or len(row) != len(SAMPLE):
            raise Refused(here, f"{len(SAMPLE)} numbers: {', '.join(SAMPLE)}", quoted(row))
        for column, kind, value in zip(SAMPLE, kinds, row, strict=True):
            kind.check(value, f"{here}.{column}")
    processes = {row[0] for row in rows}
    if not rows or processes != set(range(len(processes))):
        raise Refused(where, "processes counted from 0", sorted(processes) or "no sample")
    expected = 2 * blocks * len(processes)
    if not len({tuple(row[:3]) for row in rows}) == len(rows) == expected:
        raise Refused(where, f"{expected} samples, each once", f"{len(rows)} rows")
    return len(processes)
