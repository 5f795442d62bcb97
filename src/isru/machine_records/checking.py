"""Is a file a machine record, and can the book show it?"""

from __future__ import annotations

from pathlib import Path

from isru.machine_records.page import show
from isru.machine_records.schema import read_record


def check_record(path: str | Path) -> dict:
    """Read a machine record and refuse what does not follow the schema or cannot be shown.

    Returns
    -------
    dict
        ``format``, ``schema``, ``machine`` (see `isru.bench.machine_metadata`), ``settings``,
        ``parts`` (`isru.machine_records.samples` makes tables of them), ``problems``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is broken (no JSON, a field missing or malformed, times that no clock gives),
        foreign (something else than a machine record), of another schema version, too large,
        names a person's folder or address, was changed after the measurement, or breaks a table
        or figure of the book. The message names file, field, what was expected and what came.
    """
    record = read_record(path)
    try:
        show(record)
    except ValueError as error:
        raise ValueError(
            f"machine record {Path(path).name}: {error}. Make a new one: make record"
        ) from error
    return record
