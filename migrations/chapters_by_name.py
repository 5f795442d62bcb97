"""One-off: carry a run's folder over from numbered chapters to chapters known by their names.

    python migrations/chapters_by_name.py results
    python migrations/chapters_by_name.py runs/full

Renames files (``values/06.json`` becomes ``values/forecaster.json``), names in them, and the
modules that code cells and stamps name; no number changes. The manifest says what was done and
holds the new hashes. A folder that was carried over already is left alone.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
WHAT = "files, keys and modules renamed: a chapter is known by its name"


def former_names() -> dict[str, str]:
    """Return ``{"06-forecaster": "forecaster"}``."""
    text = (HERE.parent / "book" / "former-names.yml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split(": ") for line in lines)


NAMES = former_names()
NUMBERS = {former[:2]: name for former, name in NAMES.items()}
MODULES = {
    f"isru.{old}": f"isru.{new}"
    for old, new in map(str.split, (HERE / "moved_modules.txt").read_text().splitlines())
}
_ANY_NUMBER = "|".join(NUMBERS)
_FORMER = re.compile("|".join(NAMES))
_KEY = re.compile(rf"(?<![\w.-])({_ANY_NUMBER})\.(?=[a-z][a-z0-9_]*)")
_READ = re.compile(rf'(read_values\()"({_ANY_NUMBER})"')
_MODULE = re.compile(
    r"(?<![\w.])(?:" + "|".join(map(re.escape, sorted(MODULES, key=len, reverse=True))) + r")(?!\w)"
)
_FROM = re.compile(r"^from (isru(?:\.\w+)?) import (\w[\w, ]*)$", re.MULTILINE)


def renamed_text(text: str) -> str:
    """Return prose or the text of a picture with the present names of chapters and keys."""
    return _KEY.sub(lambda m: f"{NUMBERS[m[1]]}.", _FORMER.sub(lambda m: NAMES[m[0]], text))


def renamed_code(code: str) -> str:
    """Return a code cell with the present names of chapters and modules."""
    code = _FROM.sub(_from, _MODULE.sub(lambda m: MODULES[m[0]], code))
    code = code.replace("from isru.figures import", "from isru.drawing import")
    return _READ.sub(lambda m: f'{m[1]}"{NUMBERS[m[2]]}"', renamed_text(code))


def _from(found: re.Match) -> str:
    """Return ``from isru.experiments import digits, paired`` as it has to read now: a line each."""
    lines, kept = [], []
    for part in found[2].split(", "):
        name, _, alias = part.partition(" as ")
        new = MODULES.get(f"{found[1]}.{name}")
        if new is None:
            kept.append(part)
            continue
        room, _, module = new.rpartition(".")
        local = alias or name
        lines.append(f"from {room} import {module}" + (f" as {local}" if local != module else ""))
    if kept:
        lines.insert(0, f"from {found[1]} import {', '.join(kept)}")
    return "\n".join(lines)


def renamed_file(name: str, former: str) -> str:
    """Return the present name of one output of the chapter ``former``, ``"values/06.json"``."""
    folder, _, file = name.partition("/")
    if folder == "notebooks" or folder == "manifest":
        return f"{folder}/{file.replace(former, NAMES[former])}"
    number, present = former[:2], NAMES[former]
    if folder == "values":
        return f"values/{file.replace(number, present, 1)}"
    if folder in ("tables", "models"):
        return f"{folder}/{present}-{file.removeprefix(f'{number}-')}"
    return name


def migrate(folder: Path) -> list[str]:
    """Carry over every chapter of a run's folder; return their present names."""
    done = []
    for manifest in sorted((folder / "manifest").glob("[0-9][0-9]-*.json")):
        _migrate_chapter(folder, manifest)
        done.append(NAMES[manifest.stem])
    for again in sorted((folder / "repeats").glob("*")):
        migrate(again)
    return done


def _migrate_chapter(folder: Path, path: Path) -> None:
    former = path.stem
    manifest = json.loads(path.read_text(encoding="utf-8"))
    outputs = {}
    files = {
        Path(name).stem: Path(renamed_file(name, former)).stem
        for name in manifest["outputs"]
        if name.startswith(("tables/", "models/"))
    }
    for name in manifest["outputs"]:
        new = renamed_file(name, former)
        old_file, file = folder / name, folder / new
        if not old_file.is_file():  # of a run again only the values are kept
            outputs[new] = manifest["outputs"][name]
            continue
        old_file.rename(file)
        _rename_inside(file, files)
        outputs[new] = hashlib.sha256(file.read_bytes()).hexdigest()
    stamp = manifest["stamp"]
    stamp["upstream"] = {NUMBERS[number]: digest for number, digest in stamp["upstream"].items()}
    stamp["code"] = {MODULES.get(name, name): digest for name, digest in stamp["code"].items()}
    manifest |= {"notebook": NAMES[former], "outputs": outputs}
    manifest["migrated"] = [*manifest.get("migrated", []), {"from": former, "what": WHAT}]
    _write(path, manifest)
    path.rename(path.with_name(f"{NAMES[former]}.json"))


def _rename_inside(file: Path, files: dict[str, str]) -> None:
    if file.suffix == ".ipynb":
        content = json.loads(file.read_text(encoding="utf-8"))
        for cell in content["cells"]:
            change = renamed_code if cell["cell_type"] == "code" else renamed_text
            text = change("".join(cell["source"]))
            for old, new in files.items():
                text = re.sub(rf"(?<![\w-]){old}(?![\w-])", new, text)
            cell["source"] = _like(cell["source"], text)
        _write(file, content)
    elif file.suffix == ".json":
        content = json.loads(file.read_text(encoding="utf-8"))
        if content.get("notebook") in NAMES:
            content["notebook"] = NAMES[content["notebook"]]
            _write(file, content)
    elif file.suffix == ".svg":
        text = file.read_text(encoding="utf-8")
        file.write_text(_FORMER.sub(lambda m: NAMES[m[0]], text), encoding="utf-8")


def _like(old: str | list[str], text: str) -> str | list[str]:
    return text if isinstance(old, str) else text.splitlines(keepends=True)


def _write(file: Path, content: dict) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(argument, *migrate(Path(argument)))
