"""One-off: give the columns of a run's tables the labels, units and formats of the vocabulary.

    python migrations/table_labels.py results
    python migrations/table_labels.py runs/full

A column whose label was its bare name gets that of `isru.table_words`, with the unit that the name
ends in where none was said; what a chapter said itself stays, and no number changes. A run that
was carried over already is left alone.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from isru.table_words import column_words

WHAT = "columns of tables labelled in words"
_FIRST = ("label", "type", "unit", "format", "kind")  # the order in which they are written


def migrate(folder: Path) -> list[str]:
    """Carry over every chapter of a run's folder; return their names."""
    done = []
    for path in sorted((folder / "manifest").glob("*.json")):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if any(step["what"] == WHAT for step in manifest.get("migrated", [])):
            continue
        changed = [name for name in manifest["outputs"] if _relabelled(folder / name)]
        if changed:
            for name in changed:
                content = (folder / name).read_bytes()
                manifest["outputs"][name] = hashlib.sha256(content).hexdigest()
            step = {"from": path.stem, "what": WHAT}
            manifest["migrated"] = [*manifest.get("migrated", []), step]
            _write(path, manifest)
            done.append(path.stem)
    for again in sorted((folder / "repeats").glob("*")):
        done += migrate(again)
    return done


def _relabelled(path: Path) -> bool:
    """Put the present words into a table's description; return whether that changed it."""
    if path.parent.name != "tables" or path.suffix != ".json":
        return False
    content = json.loads(path.read_text(encoding="utf-8"))
    former = content["columns"]
    content["columns"] = {name: in_words(name, about) for name, about in former.items()}
    _write(path, content)
    return content["columns"] != former


def in_words(name: str, about: dict) -> dict:
    """Return what is said of a column, with label, unit and format where none was told."""
    words = column_words(name)
    found = dict(about)
    if found["label"] == name.replace("_", " "):
        found["label"] = words.label
    if not found["unit"] and "unit_from" not in found:
        found["unit"] = words.unit
    if words.format:
        found.setdefault("format", words.format)
    order = [key for key in _FIRST if key in found]
    return {key: found[key] for key in dict.fromkeys([*order, *found])}


def _write(path: Path, content: dict) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(argument, *migrate(Path(argument)))
