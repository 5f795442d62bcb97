"""One-off: carry a run's folder over from glued keys to tables whose rows have keys.

    python migrations/glued_keys_to_tables.py results
    python migrations/glued_keys_to_tables.py runs/full

What a chapter recorded as ``predict_saving_numba_1x64`` becomes a cell of a table,
``steps[step=predict, engine=numba, layers=1, units=64].saving``; no number changes.
``glued_keys/CHAPTER.yml`` says for each chapter which keys lead where:

    levels   what a factor in a key can be, as regular expressions
    tables   kind, keys, values: key with factors -> column, or {column, low, high, KEY: LEVEL}
             (``address``: what else tells the row, where a key does not name all factors);
             names: another name of a factor's key column; from, where: the rows of a former table
             that it takes up; without: columns that it leaves out; mark: a key column made of
             whether another is the size that a value names
    gone     keys of values that nothing quotes
    kept     keys of values that stay, beside the table that holds them, too
    cells    of the notebook, changed since: the beginning of the SHA-256 of their code then

Code cells of the executed notebook become those of the source where they ran as the source was
then. A chapter that was carried over already is left alone.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd
import yaml

from isru.addresses import Cell
from isru.table_columns import described

HERE = Path(__file__).parent
WHAT = "values under glued keys moved to tables whose rows have keys"
PROSE = "prose quotes values by their present addresses"
_ENTRY = ("unit", "kind", "rtol", "atol", "note")
_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Place:
    """Where a value went: its table, what tells the row, and the columns of value and ends."""

    table: str
    row: dict[str, str]
    column: str
    low: str
    high: str
    more: dict[str, str]

    @property
    def address(self) -> str:
        """The name within its chapter, ``"steps[step=predict, units=64].saving"``."""
        return str(Cell(self.table, self.row | self.more, self.column))


class Chapter:
    """What ``glued_keys/NAME.yml`` says."""

    def __init__(self, name: str):
        self.name = name
        text = (HERE / "glued_keys" / f"{name}.yml").read_text(encoding="utf-8")
        about = yaml.safe_load(text)
        self.tables: dict[str, dict] = about["tables"]
        self.levels: dict[str, str] = about["levels"]
        self.cells: dict[str, str] = about.get("cells", {})
        self.kept: list[str] = about.get("kept", [])
        self._gone = [self._pattern(key) for key in about.get("gone", [])]
        self._values = [
            (self._pattern(key), table, to if isinstance(to, dict) else {"column": to})
            for table, spec in self.tables.items()
            for key, to in spec["values"].items()
        ]

    def _pattern(self, key: str) -> re.Pattern:
        return re.compile(_FIELD.sub(lambda m: f"(?P<{m[1]}>{self.levels[m[1]]})", key))

    def place(self, key: str) -> Place | None:
        """Return where a value of the former name went, None if it is none of a table."""
        found = []
        for pattern, table, to in self._values:
            if match := pattern.fullmatch(key):
                names = self.tables[table].get("names", {})
                row = {names.get(name, name): level for name, level in match.groupdict().items()}
                row |= {name: str(to[name]) for name in self.tables[table]["keys"] if name in to}
                column = to["column"]
                ends = (to.get(end, f"{column}_{end}") for end in ("low", "high"))
                order = [name for name in self.tables[table]["keys"] if name in row]
                row = {name: row[name] for name in order}
                found.append(
                    Place(
                        table,
                        row,
                        column,
                        *ends,
                        {k: str(v) for k, v in to.get("address", {}).items()},
                    )
                )
        if len(found) > 1:
            raise ValueError(f"{self.name}.{key}: {' and '.join(p.address for p in found)}")
        return found[0] if found else None

    def address(self, key: str) -> str | None:
        """Return the present name of a value, None if it keeps its name."""
        if key in self.kept:
            return None
        place = self.place(key)
        return place.address if place else None

    def is_gone(self, key: str) -> bool:
        """Return whether a value is left out, since nothing quotes it."""
        return any(pattern.fullmatch(key) for pattern in self._gone)


@cache
def chapters() -> dict[str, Chapter]:
    """Return every chapter that has something to carry over."""
    files = sorted((HERE / "glued_keys").glob("*.yml"))
    return {path.stem: Chapter(path.stem) for path in files}


def renamed_text(text: str) -> str:
    """Return prose, or a line of claims, with the present addresses of values."""

    def renamed(found: re.Match) -> str:
        address = chapters()[found[1]].address(found[2])
        return f"{found[1]}.{address}" if address else found[0]

    names = "|".join(sorted(chapters(), key=len, reverse=True))
    return re.sub(rf"(?<![\w.-])({names})\.([a-z0-9]+(?:_[a-z0-9]+)*)(?![\w.(])", renamed, text)


def migrate(folder: Path) -> list[str]:
    """Carry over every chapter of a run's folder; return their names."""
    done = []
    for name, chapter in chapters().items():
        path = folder / "manifest" / f"{name}.json"
        if path.is_file():
            manifest = json.loads(path.read_text(encoding="utf-8"))
            if all(step["what"] != WHAT for step in manifest.get("migrated", [])):
                _migrate_chapter(folder, chapter, manifest)
                done.append(name)
    for path in sorted((folder / "notebooks").glob("*.ipynb")):
        _migrate_prose(folder, path)
    for again in sorted((folder / "repeats").glob("*")):
        migrate(again)
    return done


def _migrate_chapter(folder: Path, chapter: Chapter, manifest: dict) -> None:
    values_file = folder / "values" / f"{chapter.name}.json"
    content = json.loads(values_file.read_text(encoding="utf-8"))
    former_kinds = content.pop("tables", {})
    changed, former = [values_file], []
    for name, spec in chapter.tables.items():
        source = _table(folder, chapter.name, spec.get("from", name))
        former += [source] if source.is_file() else []
        frame, about = _filled(name, chapter, content["values"], _rows(source, spec))
        if len(frame):
            path = _table(folder, chapter.name, name)
            changed += _write_table(path, frame, about, spec, chapter.name)
    for name, kind in former_kinds.items():
        path = _table(folder, chapter.name, name)
        if name not in chapter.tables and path.is_file() and path not in former:
            frame = pd.read_csv(path)
            _write_about(path, frame, {}, {"keys": [], **kind}, chapter.name)
            changed.append(path.with_suffix(".json"))
    content["values"] = {
        key: entry
        for key, entry in content["values"].items()
        if key in chapter.kept or not (chapter.place(key) or chapter.is_gone(key))
    }
    _write(values_file, content)
    for path in set(former) - set(changed):
        path.unlink()
        del manifest["outputs"][path.relative_to(folder).as_posix()]
    executed = folder / "notebooks" / f"{chapter.name}.ipynb"
    if executed.is_file():
        _migrate_code(executed, chapter)
        changed.append(executed)
    for path in changed:
        manifest["outputs"][path.relative_to(folder).as_posix()] = _digest(path)
    manifest["migrated"] = [
        *manifest.get("migrated", []),
        {"from": chapter.name, "what": WHAT},
    ]
    _write(folder / "manifest" / f"{chapter.name}.json", manifest)


def _table(folder: Path, chapter: str, name: str) -> Path:
    return folder / "tables" / f"{chapter}-{name}.csv"


def _rows(path: Path, spec: dict) -> list[dict[str, str]]:
    """Return the rows of a former table that the present one takes up, cells as they stand."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    wanted = spec.get("where", {})
    rows = [row for row in rows if all(row[key] == level for key, level in wanted.items())]
    return [{k: v for k, v in row.items() if k not in spec.get("without", [])} for row in rows]


def _filled(name: str, chapter: Chapter, values: dict, rows: list[dict]) -> tuple[list, dict]:
    """Return the rows with the values in their cells, and what the values say of the columns."""
    spec, about = chapter.tables[name], {}
    mark = spec.get("mark")
    if mark:
        size = str(values[mark["value"]]["value"])
        for row in rows:
            row[mark["column"]] = mark["value"] if row[mark["key"]] == size else mark["others"]
    for key, entry, place in _placed(chapter, name, values):
        cells = {place.column: entry["value"]}
        fields = {field: entry[field] for field in _ENTRY if field in entry}
        if "low" in entry:
            cells |= {place.low: entry["low"], place.high: entry["high"]}
            fields |= {"low": place.low, "high": place.high}
        about[place.column] = about.get(place.column, {}) | fields
        fitting = [row for row in rows if _fits(row, place.row)]
        if not fitting and set(place.row) == set(spec["keys"]):
            fitting = [dict(place.row)]
            rows += fitting
        if not fitting:
            raise ValueError(f"{chapter.name}.{key}: no row of {name} is so")
        for row in fitting:
            row.update({column: _cell(value) for column, value in cells.items()})
    return rows, about


def _placed(chapter: Chapter, table: str, values: dict) -> Iterator[tuple[str, dict, Place]]:
    """Yield the values of a table; those that name every key of a row come first."""
    found = [(key, entry, chapter.place(key)) for key, entry in values.items()]
    found = [each for each in found if each[2] and each[2].table == table]
    yield from sorted(found, key=lambda each: -len(each[2].row))


def _fits(row: dict[str, str], levels: dict[str, str]) -> bool:
    return all(row[key] == level or _number(row[key]) == level for key, level in levels.items())


def _number(text: str) -> str:
    """Return ``"4"`` for ``"4.0"``."""
    try:
        return f"{float(text):.9g}"
    except ValueError:
        return text


def _cell(value: object) -> str:
    return repr(value) if isinstance(value, float) else str(value)


def _write_table(path: Path, rows: list, about: dict, spec: dict, chapter: str) -> list[Path]:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.parent.mkdir(exist_ok=True)
    path.write_text(out.getvalue(), encoding="utf-8")
    _write_about(
        path, pd.read_csv(path, keep_default_na=False, na_values=[""]), about, spec, chapter
    )
    return [path, path.with_suffix(".json")]


def _write_about(path: Path, frame, about: dict, spec: dict, chapter: str) -> None:
    tolerance = {key: spec[key] for key in ("rtol", "atol") if spec.get(key) is not None}
    name = path.stem.removeprefix(f"{chapter}-")
    columns = described(frame, spec["keys"], about, spec["kind"], tolerance, name)
    _write(
        path.with_suffix(".json"), {"notebook": chapter, "keys": spec["keys"], "columns": columns}
    )


def _migrate_code(executed: Path, chapter: Chapter) -> None:
    """Give cells that ran as the source was before the change the code that it has now."""
    source = HERE.parent / "notebooks" / executed.name
    present = {
        cell["id"]: cell["source"]
        for cell in json.loads(source.read_text(encoding="utf-8"))["cells"]
    }
    content = json.loads(executed.read_text(encoding="utf-8"))
    kept = []
    for cell in content["cells"]:
        code = "".join(cell["source"])
        if code_digest(code) == chapter.cells.get(cell["id"]):
            if cell["id"] not in present:
                continue
            cell["source"] = _like(cell["source"], "".join(present[cell["id"]]))
        kept.append(cell)
    content["cells"] = kept
    _write(executed, content)


def code_digest(code: str) -> str:
    """Return the beginning of the SHA-256 of a cell's code."""
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def _migrate_prose(folder: Path, executed: Path) -> None:
    """Quote the present addresses in the prose of an executed notebook, of whatever chapter."""
    content = json.loads(executed.read_text(encoding="utf-8"))
    changed = False
    for cell in content["cells"]:
        if cell["cell_type"] == "markdown":
            text = "".join(cell["source"])
            if (new := renamed_text(text)) != text:
                cell["source"] = _like(cell["source"], new)
                changed = True
    path = folder / "manifest" / f"{executed.stem}.json"
    if changed and path.is_file():
        _write(executed, content)
        manifest = json.loads(path.read_text(encoding="utf-8"))
        manifest["outputs"][f"notebooks/{executed.name}"] = _digest(executed)
        step = {"from": executed.stem, "what": PROSE}
        manifest["migrated"] = [*manifest.get("migrated", []), step]
        _write(path, manifest)


def _like(old: str | list[str], text: str) -> str | list[str]:
    return text if isinstance(old, str) else text.splitlines(keepends=True)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write(file: Path, content: dict) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(argument, *migrate(Path(argument)))
