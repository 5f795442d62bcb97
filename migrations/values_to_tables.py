"""One-off: carry a run's folder over from values with glued keys to tables with key columns.

    python migrations/values_to_tables.py results
    python migrations/values_to_tables.py runs/quick

``migrations/tables_of/CHAPTER.py`` says of a chapter which values became cells of which table,
and which stay. Every value becomes the cell of the same number, interval and unit, to the nine
digits of a table, or the script stops. Each table gets the file that says what it holds, the page
the markdown and code of the present notebook with the recorded outputs of each cell, and the
manifest the new hashes and a note of what was done. What decided the result (the stamp) stays,
but for upstream values that are the same in their new place. A chapter that was carried over
already is left alone.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from isru.addresses import Cell
from isru.publish.staleness import upstream_digest
from isru.recorded import Recorded
from isru.records import to_json
from isru.table_columns import described

HERE = Path(__file__).parent
WHAT = "values that were cells of tables are read from the tables"


@dataclass
class Table:
    """A table of the present notebook, and where it comes from.

    ``parts`` are ``(pattern, column)`` or ``(pattern, column, levels)``: a value whose whole name
    the pattern matches is the column's cell, in the row of the pattern's groups and of the
    further ``levels``. ``base`` names the former tables that tell the rows, ``replaces``
    those that are no more. ``change`` makes of that frame the one that the notebook records.
    """

    name: str
    kind: str
    keys: list[str] = field(default_factory=list)
    columns: dict = field(default_factory=dict)
    parts: list[tuple] = field(default_factory=list)
    base: str | tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    change: Callable = lambda frame, values: frame
    rtol: float | None = None
    atol: float | None = None

    @property
    def tolerance(self) -> dict[str, float]:
        """The rtol and atol that are stated."""
        given = {"rtol": self.rtol, "atol": self.atol}
        return {name: size for name, size in given.items() if size is not None}

    def cell(self, name: str) -> Cell | None:
        """Return the cell that a value became, None if it is not of this table."""
        for pattern, column, *levels in self.parts:
            if found := re.fullmatch(pattern, name):
                row = {**found.groupdict(), **(levels[0] if levels else {})}
                return Cell(self.name, {key: row[key] for key in self.keys if row.get(key)}, column)
        return None


@dataclass
class Chapter:
    """What became of the values of a chapter: cells of ``tables``, or as they were if ``kept``."""

    tables: list[Table]
    kept: str = ""

    def cell(self, name: str) -> Cell | None:
        """Return the cell that a value became."""
        found = (table.cell(name) for table in self.tables)
        return next((cell for cell in found if cell), None)

    def keeps(self, name: str) -> bool:
        """Return whether the present notebook records the value as it did."""
        return any(re.fullmatch(pattern, name) for pattern in self.kept.split())


def chapters() -> dict[str, Chapter]:
    """Return the chapters of ``tables_of/``."""
    found = {}
    for path in sorted((HERE / "tables_of").glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"tables_of_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found[path.stem.replace("_", "-")] = module.CHAPTER
    return found


def migrate(folder: Path, notebooks: Path = HERE.parent / "notebooks") -> list[str]:
    """Carry over every chapter of a run's folder; return their names."""
    manifests = {path.stem: path for path in sorted((folder / "manifest").glob("*.json"))}
    before = {name: upstream_digest(name, [folder]) for name in manifests}
    done = []
    for name, chapter in chapters().items():
        if name in manifests and not _was_done(manifests[name]):
            _migrate_chapter(folder, name, chapter, notebooks / f"{name}.ipynb")
            done.append(name)
    after = {name: upstream_digest(name, [folder]) for name in manifests}
    for path in manifests.values():
        manifest = json.loads(path.read_text(encoding="utf-8"))
        stamped = manifest["stamp"]["upstream"]
        same = [name for name in stamped if stamped[name] == before.get(name)]
        if any(stamped[name] != after[name] for name in same):
            stamped.update({name: after[name] for name in same})
            path.write_text(to_json(manifest), encoding="utf-8")
    for again in sorted((folder / "repeats").glob("*")):
        migrate(again, notebooks)
    return done


def _was_done(path: Path) -> bool:
    manifest = json.loads(path.read_text(encoding="utf-8"))
    return any(entry["what"] == WHAT for entry in manifest.get("migrated", []))


def _migrate_chapter(folder: Path, name: str, chapter: Chapter, source: Path) -> None:
    path = folder / "values" / f"{name}.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    values, kinds = content["values"], content.pop("tables", {})
    cells = _recording_cells(source)
    for table in chapter.tables:
        frame = _frame(folder, name, table, values)
        if frame is not None:
            _write_table(folder, name, table, frame, cells)
    for old in [old for table in chapter.tables for old in table.replaces]:
        (folder / "tables" / f"{name}-{old}.csv").unlink(missing_ok=True)
    for csv in sorted((folder / "tables").glob(f"{name}-*.csv")):
        if not csv.with_suffix(".json").is_file():
            old = csv.stem.removeprefix(f"{name}-")
            about = kinds.get(old) or {"kind": _kind(folder, name, old, source)}
            _describe(csv, Table(old, **about), _read(csv), cells, name)
    kept = filter(chapter.keeps, values)
    found = {key: values[key] | _cell(key, cells) for key in kept}
    path.write_text(to_json(content | {"values": found}), encoding="utf-8")
    _check(folder, name, chapter, values)
    page = folder / "notebooks" / f"{name}.ipynb"
    if page.is_file():
        _renew_page(page, source)
    _renew_manifest(folder, name)


def _frame(folder: Path, name: str, table: Table, values: dict) -> pd.DataFrame | None:
    frame = from_values(table, values)
    names = [table.base] if isinstance(table.base, str) else table.base
    bases = [folder / "tables" / f"{name}-{base}.csv" for base in names]
    if bases and all(base.is_file() for base in bases):
        return table.change(pd.concat(map(_read, bases), ignore_index=True), frame)
    return None if frame.empty else table.change(frame, frame)


def from_values(table: Table, values: dict) -> pd.DataFrame:
    """Return a table's rows as far as the values tell them, in the order of the values."""
    rows: dict[tuple, dict] = {}
    for name, entry in values.items():
        if cell := table.cell(name):
            levels = {key: _number(level) for key, level in cell.row.items()}
            row = rows.setdefault(tuple(levels.values()), dict(levels))
            row[cell.column] = entry["value"]
            about = table.columns.get(cell.column)
            about = about if isinstance(about, dict) else {}
            for end in ("low", "high"):
                if end in entry:
                    row[about.get(end, f"{cell.column}_{end}")] = entry[end]
    return pd.DataFrame(list(rows.values()))


def _number(level: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(level)
        except ValueError:
            continue
    return level


def _read(csv: Path) -> pd.DataFrame:
    return pd.read_csv(csv, keep_default_na=False, na_values=[""])


def _write_table(
    folder: Path, name: str, table: Table, frame, cells: dict[re.Pattern, str]
) -> None:
    csv = folder / "tables" / f"{name}-{table.name}.csv"
    csv.parent.mkdir(exist_ok=True)
    text = frame.to_csv(index=False, float_format="%.9g", lineterminator="\n")
    csv.write_text(text, encoding="utf-8", newline="\n")
    _describe(csv, table, frame, cells, name)


def _describe(csv: Path, table: Table, frame, cells: dict[re.Pattern, str], chapter: str) -> None:
    about = {"notebook": chapter, **_cell(table.name, cells)}
    columns = {name: said for name, said in table.columns.items() if name in frame.columns}
    about["keys"] = table.keys
    about["columns"] = described(
        frame, table.keys, columns, table.kind, table.tolerance, table.name
    )
    csv.with_suffix(".json").write_text(to_json(about), encoding="utf-8")


def _code_cells(source: Path) -> dict[str, str]:
    cells = json.loads(source.read_text(encoding="utf-8"))["cells"]
    return {c["id"]: "".join(c["source"]) for c in cells if c["cell_type"] == "code"}


def _kind(folder: Path, chapter: str, table: str, source: Path) -> str:
    """Return the kind that a notebook gives a table, else its own."""
    call = rf'record\.table\(\s*"{table}",.*?kind="(\w+)"'
    found = re.search(call, "\n".join(_code_cells(source).values()), re.DOTALL)
    manifest = folder / "manifest" / f"{chapter}.json"
    return found[1] if found else json.loads(manifest.read_text(encoding="utf-8"))["kind"]


def _recording_cells(source: Path) -> dict[re.Pattern, str]:
    """Return the names that cells record: told at once, by a template, or in a list of names."""
    direct, listed = {}, {}
    for cell, code in _code_cells(source).items():
        for name in re.findall(r'record\.(?:value|table)\(\s*f?"([^"]+)"', code):
            direct[re.compile(re.sub(r"\{[^}]*\}", ".+", name))] = cell
        if "record.value(name" in code:
            listed |= {re.compile(name): cell for name in re.findall(r'"(\w+)"', code)}
    return direct | listed


def _cell(name: str, cells: dict[re.Pattern, str]) -> dict[str, str]:
    found = (cell for pattern, cell in cells.items() if pattern.fullmatch(name))
    cell = next(found, None)
    return {"cell": cell} if cell else {}


def _check(folder: Path, name: str, chapter: Chapter, values: dict) -> None:
    """Refuse to go on if a value is not found in its new place with all that was said of it."""
    recorded = Recorded(folder, name)
    for key, entry in values.items():
        cell = chapter.cell(key)
        if cell is None or chapter.keeps(key):
            continue
        now = recorded[str(cell)]
        for part in ("value", "low", "high", "unit", "kind", "rtol", "atol"):
            old, new = entry.get(part), now.get(part)
            if not (old == new or _nearly(old, new)):
                raise ValueError(f"{name}.{key}: {part} was {old!r}, is {new!r} in {cell}")


def _nearly(old: object, new: object) -> bool:
    numbers = all(isinstance(value, int | float) for value in (old, new))
    return numbers and f"{old:.9g}" == f"{new:.9g}"


def _renew_page(page: Path, source: Path) -> None:
    """Give a page the cells of its present notebook, with the recorded output of each."""
    old = json.loads(page.read_text(encoding="utf-8"))
    new = json.loads(source.read_text(encoding="utf-8"))
    shown = {cell["id"]: cell for cell in old["cells"]}
    injected = [cell for cell in old["cells"] if cell["id"] == "injected-parameters"]
    cells = []
    for cell in new["cells"]:
        cell["source"] = "".join(cell["source"])
        if cell["cell_type"] == "code":
            was = shown.get(cell["id"], {})
            cell["outputs"] = was.get("outputs", [])
            cell["execution_count"] = was.get("execution_count")
            cell["metadata"].setdefault("tags", [])
        cells.append(cell)
        if "parameters" in cell["metadata"].get("tags", []):
            cells += injected
    text = json.dumps({**old, "cells": cells}, indent=1, ensure_ascii=False, sort_keys=True)
    page.write_text(text + "\n", encoding="utf-8")


def _renew_manifest(folder: Path, name: str) -> None:
    path = folder / "manifest" / f"{name}.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    outputs = {file for file in manifest["outputs"] if (folder / file).is_file()}
    tables = (folder / "tables").glob(f"{name}-*")
    outputs |= {file.relative_to(folder).as_posix() for file in tables}
    renewed = {file: hashlib.sha256((folder / file).read_bytes()).hexdigest() for file in outputs}
    manifest["outputs"] = dict(sorted(renewed.items()))
    manifest["migrated"] = [*manifest.get("migrated", []), {"what": WHAT}]
    path.write_text(to_json(manifest), encoding="utf-8")


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(argument, *migrate(Path(argument)))
