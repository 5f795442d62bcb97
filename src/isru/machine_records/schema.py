"""The form of a machine record: how it is written, named, read and refused."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from isru.machine_records.fields import (
    Keys,
    Plain,
    Several,
    Text,
    Whole,
    check_strings,
    tidied,
)
from isru.machine_records.kinds import KINDS, PROCESSOR, VECTOR, WORD, Kind, PartForm
from isru.machine_records.plans import Part
from isru.machine_records.reading import Refused, quoted, read_json

FORMAT = "isru machine record"
SCHEMA = 3
SAMPLE = PROCESSOR.sample
_EARLIER = 2  # had processors only, and did not say so
_CELL = Keys({"arm": WORD, "case": Keys({}, others=Plain()), "samples": Several(Plain(), 10**5)})


def make_record(machine: dict, settings: dict, parts: dict[str, list], problems: list[str]) -> dict:
    """Return the content of a processor's record.

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
        "kind": "processor",
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

    Of a browser, whose clock has no finer times than whole samples, ``seconds`` (wall-clock) are
    ``time_ns / loops``, and there is no processor time.

    Raises
    ------
    ValueError
        If the record has no such part; the message lists those that it has.
    """
    known = record["parts"]
    if part not in known:
        raise ValueError(f"expected a part of {sorted(known)}, got {part!r}")
    columns = KINDS[record["kind"]].sample
    table = pd.DataFrame(
        {"arm": cell["arm"], **cell["case"], **dict(zip(columns, sample, strict=True))}
        for cell in known[part]
        for sample in cell["samples"]
    )
    if "time_ns" in table:
        table["seconds"] = 1e-9 * table.pop("time_ns") / table["loops"]
    return table


def file_name(record: dict) -> str:
    """Return ``<processor or browser>-<hash of the content>.json``."""
    name = KINDS[record.get("kind", "processor")].names(record["machine"])
    slug = re.sub(r"[^a-z0-9]+", "-", re.sub(r"\((r|tm)\)", "", name.lower())).strip("-")
    digest = hashlib.sha256(text_of(record).encode()).hexdigest()[:8]
    return f"{slug or 'unknown'}-{digest}.json"


def text_of(record: dict) -> str:
    """Return compact JSON in a fixed order, one cell a line; numbers must be finite.

    Of a browser's record, ``book/_static`` writes the same text: keys sorted, no blanks, whole
    numbers alone, and in texts no character that JSON escapes.
    """
    compact = {"ensure_ascii": False, "allow_nan": False, "separators": (",", ":")}
    text = json.dumps(record, sort_keys=True, **compact)
    return text.replace('{"arm":', '\n{"arm":') + "\n"


def read_record(path: str | Path) -> dict:
    """Read a machine record and refuse what does not follow the schema.

    `isru.machine_records.check_record` looks as well at whether it can be shown. A record of
    schema 2 is one of a processor; it keeps its bytes and its name.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        Naming file, field, what was expected and what came.
    """
    path = Path(path)
    again = PROCESSOR.again
    try:
        written = read_json(path)
        record = _with_kind(written)
        kind = KINDS[record["kind"]]
        again = kind.again
        check_strings(record)
        _top(kind).check(record, "")
        _check_date(record["machine"]["provenance"]["date"])
        _check_parts(kind, record)
    except Refused as error:
        raise ValueError(
            f"machine record {path.name or path}: {error}. "
            f"Contribute the file as it was written, or {again}"
        ) from None
    expected = file_name(written)
    if path.name != expected:
        raise ValueError(
            f"machine record {path.name}: its content belongs to the name {expected}. It was "
            "renamed, or changed after the measurement; contribute the file as it was written"
        )
    return record


def _with_kind(record: object) -> dict:
    """Return what claims to be a record with its kind, which schema 2 did not hold."""
    if not isinstance(record, dict) or record.get("format", FORMAT) != FORMAT:
        raise Refused("", "a machine record, made by: make record", "other JSON")
    version, kind = record.get("schema"), record.get("kind")
    if type(version) is not int:
        raise Refused("schema", f"a machine record of schema {SCHEMA}", quoted(version))
    if version == _EARLIER and kind is None:
        return record | {"kind": "processor"}
    if version != SCHEMA:
        which = "older" if version < SCHEMA else "newer"
        hint = "update this checkout" if version > SCHEMA else "measure again"
        raise Refused("", f"schema {SCHEMA}", f"the {which} schema {version} ({hint})")
    if not isinstance(kind, str) or kind not in KINDS:
        raise Refused("kind", f"one of {', '.join(KINDS)}", quoted(kind))
    return record


def _top(kind: Kind) -> Keys:
    return Keys(
        {
            "format": Text(form=FORMAT, like=repr(FORMAT)),
            "schema": Whole(_EARLIER, SCHEMA),
            "kind": WORD,
            "machine": kind.machine,
            "settings": kind.settings,
            "parts": Keys({}, others=Several(Plain(), 5000, 1)),
            "problems": Several(Text(400), 1000),
        }
    )


def _check_date(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise Refused("machine.provenance.date", "a day of the calendar", quoted(text)) from None


def _check_parts(kind: Kind, record: dict) -> None:
    parts = record["parts"]
    for name in parts:
        if kind.part(name) is None:
            raise Refused("parts", f"a part {kind.known}", quoted(name))
    for name in kind.needed:
        if name not in parts:
            raise Refused("parts", f"the part {name}", f"only {', '.join(sorted(parts)) or 'none'}")
    for name, part in parts.items():
        _check_part(f"parts.{name}", part, kind.part(name), kind, record)


def _check_part(where: str, part: list, form: PartForm, kind: Kind, record: dict) -> None:
    arms: dict[str, list] = {}
    for place, cell in enumerate(part):
        here = f"{where}[{place}]"
        _CELL.check(cell, here)
        Keys(form.case).check(cell["case"], f"{here}.case")
        cases = arms.setdefault(cell["arm"], [])
        if cell["case"] in cases:
            raise Refused(here, "each arm and case once", f"{cell['arm']} twice in one case")
        cases.append(cell["case"])
    _check_arms(where, form, arms, record["machine"].get("simd"))
    _check_cases(where, form, arms)
    settings = record["settings"]
    processes = {
        _check_samples(f"{where}[{n}].samples", cell["samples"], kind, settings, 2 * len(arms))
        for n, cell in enumerate(part)
    }
    if len(processes) > 1:
        raise Refused(where, "equally many processes everywhere", sorted(processes))


def _check_arms(where: str, form: PartForm, arms: dict[str, list], vectors: bool | None) -> None:
    needed = form.arms + (form.vector_arms if vectors else ())
    missing = [arm for arm in needed if arm not in arms]
    if missing:
        raise Refused(where, f"the arms {', '.join(needed)}", f"no {', '.join(missing)}")
    if vectors is False and (found := [arm for arm in arms if arm.startswith(VECTOR)]):
        raise Refused(where, "no arm in vectors where machine.simd is false", ", ".join(found))


def _check_cases(where: str, form: PartForm, arms: dict[str, list]) -> None:
    cases = next(iter(arms.values()))
    missing = [case for case in form.cases(cases) if case not in cases]
    if missing:
        words = ", ".join(f"{key} {value}" for key, value in missing[0].items())
        raise Refused(where, f"every case of schema {SCHEMA}", f"none with {words}")
    for arm, own in arms.items():
        if len(own) != len(cases) or not all(case in cases for case in own):
            raise Refused(where, "every arm in every case", f"{arm} without some of them")


def _check_samples(where: str, rows: list, kind: Kind, settings: dict, positions: int) -> int:
    """Check the samples of one cell and return how many processes they come from."""
    blocks, columns = settings["blocks"], kind.sample
    order = (Whole(0, 999), Whole(0, blocks - 1), Whole(0, positions - 1))
    fields = (*order, *kind.measured.values())
    for place, row in enumerate(rows):
        here = f"{where}[{place}]"
        if not isinstance(row, list) or len(row) != len(columns):
            raise Refused(here, f"{len(columns)} numbers: {', '.join(columns)}", quoted(row))
        for column, field, value in zip(columns, fields, row, strict=True):
            field.check(value, f"{here}.{column}")
    processes = {row[0] for row in rows}
    if not rows or processes != set(range(len(processes))):
        raise Refused(where, "processes counted from 0", sorted(processes) or "no sample")
    if len(processes) != settings.get("workers", len(processes)):
        raise Refused(where, f"{settings['workers']} workers", f"{len(processes)} processes")
    expected = 2 * blocks * len(processes)
    if not len({tuple(row[:3]) for row in rows}) == len(rows) == expected:
        raise Refused(where, f"{expected} samples, each once", f"{len(rows)} rows")
    return len(processes)
