"""One machine's timings in one file, small enough to contribute and checked before it is used.

A record holds the machine's description and raw samples, no user or host name. Its name ends
in a hash of its content, so that a record edited by hand is noticed.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd

from isru.bench import Arm, machine_metadata, measure, problems
from isru.bench.activation_arms import cost_arms, cost_cases
from isru.bench.protocol import COLUMNS
from isru.records import write_atomically

SCHEMA = 1
REFERENCE_SIZE = 100_000  # measured with every input, the other sizes with the typical one
SIZES = (1_000, REFERENCE_SIZE, 1_000_000)
UNITS = (10, 25, 50, 100, 200, 300)
LSTM_STEP = "isru.experiments.forecaster:setup_step"
LARGEST_BYTES = 2_000_000
_TOP = {"schema": int, "machine": dict, "measurements": dict, "problems": list}
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
_HOME_FOLDER = re.compile(r"/home/|/Users/|[A-Za-z]:\\+Users")


def record_machine(
    folder: str | Path, *, minutes: float = 5.0, seed: int = 0, progress: bool = True
) -> Path:
    """Measure this machine and write its record.

    The activation arms over three sizes, and one LSTM step by units where the forecaster offers
    it, in fresh single-threaded processes: as many as fit into ``minutes``, at most 10, at least
    2 a measurement. Let nothing run beside it.

    Parameters
    ----------
    folder : str or Path
        Where ``<cpu>-<hash>.json`` is written; made if missing.
    minutes : float
        Time to spend.
    seed : int
    progress : bool
        Show a bar for each measurement.

    Returns
    -------
    Path
        The record's file.
    """
    machine = machine_metadata()  # before the measurement, which raises the load itself
    plans = _plans()
    frames = {
        name: measure(
            arms,
            cases,
            processes=10,
            blocks=2,
            seed=seed,
            budget_seconds=0.9 * 60 * minutes / len(plans),
            progress=progress,
        )
        for name, (arms, cases) in plans.items()
    }
    content = {
        "schema": SCHEMA,
        "machine": machine,
        "measurements": {name: _columns(frame) for name, frame in frames.items()},
        "problems": [
            f"{name}: {problem}"
            for name, frame in frames.items()
            for problem in problems(frame, clock="cpu_seconds")
        ],
    }
    path = Path(folder) / _file_name(content)
    write_atomically(path, _text(content))
    return path


def check_machine_record(path: str | Path) -> dict:
    """Read a machine record and refuse what does not follow the schema.

    Returns
    -------
    dict
        ``schema``, ``machine`` (see `isru.bench.machine_metadata`), ``measurements`` (columns
        by name; `samples` makes tables of them), ``problems``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is too large, no JSON, of another schema, lacks a part, holds columns of unequal
        lengths or times that are not positive, names a home folder, or was edited.
    """
    path = Path(path)
    text = path.read_text(encoding="utf-8")
    _require(path, len(text) <= LARGEST_BYTES, f"at most {LARGEST_BYTES} bytes", len(text))
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path.name}: expected JSON, got {error}") from None
    _require(path, isinstance(content, dict), "an object", type(content).__name__)
    _keys(path, "", content, _TOP)
    _require(path, content["schema"] == SCHEMA, f"schema {SCHEMA}", content["schema"])
    _keys(path, "machine.", content["machine"], _MACHINE)
    _require(path, content["measurements"], "at least one measurement", "none")
    for name, columns in content["measurements"].items():
        _check_samples(path, name, columns)
    private = _HOME_FOLDER.search(text)
    _require(path, not private, "no path of a home folder", private and private[0])
    expected = _file_name(content)
    _require(path, path.name == expected, f"the file name {expected} (was it edited?)", path.name)
    return content


def samples(record: dict, name: str) -> pd.DataFrame:
    """Return one measurement of a checked record as a table, like `isru.bench.measure`."""
    known = record["measurements"]
    if name not in known:
        raise ValueError(f"expected a measurement of {sorted(known)}, got {name!r}")
    return pd.DataFrame(known[name])


def _plans() -> dict[str, tuple[list[Arm], list[dict]]]:
    """Return what to measure: name -> arms and cases."""
    cases = [
        case
        for case in cost_cases(list(SIZES))
        if case["input"] == "typical" or case["size"] == REFERENCE_SIZE
    ]
    plans = {"activations": (cost_arms(), cases)}
    if _exists(LSTM_STEP):
        arms = [
            Arm(label, LSTM_STEP, {"activation": activation})
            for label, activation in (("tanh", "tanh"), ("tanh_again", "tanh"), ("isru", "isru"))
        ]
        cases = [{"units": units, "step": step} for units in UNITS for step in ("train", "predict")]
        plans["lstm_steps"] = (arms, cases)
    return plans


def _exists(factory: str) -> bool:
    module, _, function = factory.partition(":")
    found = importlib.util.find_spec(module)
    return bool(found) and hasattr(importlib.import_module(module), function)


def _columns(frame: pd.DataFrame) -> dict[str, list]:
    """Return a table as lists by column; times keep six significant digits."""
    rounded = {
        name: [float(f"{value:.6g}") for value in frame[name]]
        for name in ("seconds", "cpu_seconds")
    }
    return frame.to_dict("list") | rounded


def _check_samples(path: Path, name: str, columns: object) -> None:
    where = f"measurement {name}: "
    _require(path, isinstance(columns, dict), where + "columns by name", type(columns).__name__)
    missing = [column for column in COLUMNS if column not in columns]
    _require(path, not missing, f"{where}the columns {', '.join(COLUMNS)}", f"none of {missing}")
    bad = {key: value for key, value in columns.items() if not isinstance(value, list)}
    _require(path, not bad, where + "lists as columns", sorted(bad))
    lengths = {key: len(values) for key, values in columns.items()}
    equal = len(set(lengths.values())) == 1 and lengths["seconds"] > 0
    _require(path, equal, where + "columns of one length above 0", lengths)
    times = columns["seconds"]
    numbers = all(isinstance(value, int | float) for value in times)
    good = numbers and bool(np.all(np.isfinite(times)) and min(times) > 0)
    _require(path, good, where + "positive, finite seconds", "others")


def _keys(path: Path, where: str, content: dict, kinds: dict[str, type]) -> None:
    for key, kind in kinds.items():
        _require(path, key in content, f"a part {where}{key}", f"only {sorted(content)}")
        got = type(content[key]).__name__
        _require(path, isinstance(content[key], kind), f"{where}{key}: {kind.__name__}", got)
    extra = sorted(set(content) - set(kinds))
    _require(path, not extra, f"nothing but {sorted(kinds)} in {where or 'the record'}", extra)


def _require(path: Path, condition: object, expected: str, got: object) -> None:
    if not condition:
        raise ValueError(
            f"machine record {path.name}: expected {expected}, got {got}. "
            "Make a new one with: make record"
        )


def _file_name(content: dict) -> str:
    """Return ``<cpu>-<hash of the content>.json``."""
    model = str(content["machine"]["cpu"].get("model", "unknown"))
    slug = re.sub(r"[^a-z0-9]+", "-", re.sub(r"\((r|tm)\)", "", model.lower())).strip("-")
    digest = hashlib.sha256(_text(content).encode()).hexdigest()[:8]
    return f"{slug or 'unknown'}-{digest}.json"


def _text(content: dict) -> str:
    """Return compact JSON in a fixed order; numbers must be finite."""
    compact = {"ensure_ascii": False, "allow_nan": False, "separators": (",", ":")}
    return json.dumps(content, sort_keys=True, **compact) + "\n"
