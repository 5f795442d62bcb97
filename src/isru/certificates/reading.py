"""The certificates as a table."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from isru import paths
from isru.activations import ACTIVATIONS
from isru.closure import present_digest
from isru.notes import note_read

FOLDER = "data/certificates"
FULL, PART, OLD, NONE = "full", "part", "of older code", "none yet"
_COLUMNS = (
    "inputs",
    "max_ulp",
    "stated_ulp",
    "not_nearest",
    "falls",
    "max_fall_ulp",
    "not_odd",
    "out_of_range",
    "wrong_nan",
    "max_error",
)
_VIOLATIONS = ("not_odd", "out_of_range", "wrong_nan")


def load_certificates(folder: str | Path | None = None):
    """Return one row for each activation of the registry, certified or not.

    Every record that is there, and every one that is not, is noted as read: a notebook that
    shows them is stale as soon as one appears.

    Parameters
    ----------
    folder : str or Path, optional
        Holds ``NAME.json`` as `isru.certificates.making` writes them; by default
        ``data/certificates``.

    Returns
    -------
    pandas.DataFrame
        Index ``activation``; ``certificate`` is "full" (every float32 input was looked at),
        "part", "of older code" or "none yet"; the counts and errors of the record, NaN where
        there is none; ``violations`` are inputs whose sign is not mirrored, that leave the range,
        or lose or make a NaN.

    Raises
    ------
    ValueError
        If a record is no JSON, belongs to another activation or lacks a number.
    """
    import pandas as pd

    folder = paths.root() / FOLDER if folder is None else Path(folder)
    rows = [_row(name, folder / f"{name}.json") for name in ACTIVATIONS]
    columns = ["certificate", *_COLUMNS]
    table = pd.DataFrame(rows).set_index("activation").reindex(columns=columns)
    return table.assign(violations=table[list(_VIOLATIONS)].sum(axis=1, min_count=1))


def _row(name: str, path: Path) -> dict:
    key = f"{FOLDER}/{name}.json"
    if not path.is_file():
        note_read(key, "missing")
        return {"activation": name, "certificate": NONE}
    content = path.read_bytes()
    note_read(key, hashlib.sha256(content).hexdigest())
    again = f"make it again: python -m isru certify {name}"
    try:
        record = json.loads(content)
        if record["name"] != name or record["dtype"] != "float32":
            raise ValueError(
                f"{path.name}: expected float32 {name}, got {record['dtype']} {record['name']}"
            )
        state = FULL if record["complete"] else PART
        state = (
            state if record["definitions"] == present_digest(ACTIVATIONS[name].noted_as) else OLD
        )
        numbers = {column: record[column] for column in _COLUMNS if column in record}
        missing = set(_COLUMNS[:-1]) - set(numbers)
        if missing:
            raise KeyError(sorted(missing)[0])
    except (json.JSONDecodeError, TypeError) as error:
        raise ValueError(
            f"{path.name}: expected a certificate in JSON, got {error}; {again}"
        ) from error
    except KeyError as error:
        raise ValueError(f"{path.name}: expected the entry {error}, got none; {again}") from error
    return {"activation": name, "certificate": state, **numbers}
