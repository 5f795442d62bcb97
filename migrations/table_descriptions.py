"""One-off: say beside each table of a run what it holds, where an older run has not.

    python migrations/table_descriptions.py results
    python migrations/table_descriptions.py runs/full

The description is the one that `isru.records.Record.table` writes today for the call that the
executed notebook holds: without keys, and with the kind that stands there. A table that has one
is left alone.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from pathlib import Path

import pandas as pd

from isru.records import described, to_json, write_atomically

WHAT = "tables described in files beside them"


def migrate(folder: Path) -> list[str]:
    """Carry over every chapter of a run's folder; return the tables that are described now."""
    done = []
    for path in sorted((folder / "manifest").glob("*.json")):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        chapter = manifest["notebook"]
        calls = recorded_tables(folder / "notebooks" / f"{chapter}.ipynb")
        written = [
            _describe(folder / name, chapter, calls)
            for name in list(manifest["outputs"])
            if name.startswith("tables/") and name.endswith(".csv")
        ]
        written = [file for file in written if file]
        if written:
            for file in written:
                content = hashlib.sha256(file.read_bytes()).hexdigest()
                manifest["outputs"][file.relative_to(folder).as_posix()] = content
            step = {"from": chapter, "what": WHAT}
            manifest["migrated"] = [*manifest.get("migrated", []), step]
            write_atomically(path, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
            done += [file.stem for file in written]
    for again in sorted((folder / "repeats").glob("*")):
        done += migrate(again)
    return done


def recorded_tables(notebook: Path) -> dict[str, tuple[str, str]]:
    """Return ``{table: (cell, kind)}`` of the tables that a notebook records without keys."""
    found = {}
    if not notebook.is_file():
        return found
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        for call in ast.walk(ast.parse("".join(cell["source"]))):
            if not isinstance(call, ast.Call) or ast.unparse(call.func) != "record.table":
                continue
            told = {word.arg: word.value for word in call.keywords}
            plain = set(told) <= {"kind"} and isinstance(call.args[0], ast.Constant)
            if plain:
                found[call.args[0].value] = (cell["id"], ast.literal_eval(told["kind"]))
    return found


def _describe(path: Path, chapter: str, calls: dict[str, tuple[str, str]]) -> Path | None:
    """Write the description of a table that has none and return its file."""
    file, name = path.with_suffix(".json"), path.stem.removeprefix(f"{chapter}-")
    if file.is_file() or name not in calls:
        return None
    cell, kind = calls[name]
    columns = described(pd.read_csv(path), [], {}, kind, {}, name)
    about = {"notebook": chapter, "cell": cell, "keys": [], "columns": columns}
    write_atomically(file, to_json(about))
    return file


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(argument, *migrate(Path(argument)))
