"""The rooms of the package: on which floor each stands, what it says of itself, what it imports.

A room is a folder of ``src/isru`` or a module beside them; each chapter's folder is one of its own.
An import points downward, to a room on a lower floor, wherever in a module it stands.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import isru

# From the top. Rooms of one floor do not import each other.
FLOORS = (
    ("__main__",),
    ("cli",),
    ("commands", "terminal"),
    ("publish",),
    ("chapters",),
    ("machine_records", "answer"),
    ("studies",),
    ("analysed", "embedded", "deploy"),
    ("claims", "sweep", "bench"),
    ("firmware",),
    ("emulator", "keras_bridge"),
    ("lstm",),
    ("kernels",),
    ("certificates",),
    ("data", "analysis"),
    ("registry",),
    ("activations", "drawing"),
    ("stats", "cost"),
    ("recorded",),
    ("records", "arrays", "yaml_text"),
    ("table_columns", "addresses"),
    ("provenance", "wording", "closure", "table_words"),
    ("paths",),
    ("errors", "files", "lifeline", "lazily", "digests", "notes"),
)
FLOOR = {name: floor for floor, names in enumerate(FLOORS) for name in names}
_NOT_HERE = "Not here:"


def package() -> Path:
    """Return the folder of the package's sources."""
    return Path(isru.__file__).parent


def room_of(dotted: str) -> str:
    """Return the room of ``"isru.chapters.smallest.map"``, ``"chapters/smallest"``; "" of none."""
    parts = dotted.split(".")[1:]
    if not parts or not (
        (package() / parts[0]).is_dir() or (package() / f"{parts[0]}.py").exists()
    ):
        return ""
    return "/".join(parts[: 2 if parts[0] == "chapters" else 1])


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the full name of each import of ours in a module, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = "isru." if node.level else ""
            names = [f"{above}{node.module or ''}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            first, _, rest = name.partition(".")
            if first == "isru":
                yield node.lineno, isru._HOME.get(rest, name)


@cache
def all_imports() -> tuple[tuple[str, str, str], ...]:
    """Return the room, the imported room, and the place in the sources, of every import."""
    found = []
    for path in sorted(package().rglob("*.py")):
        inside = path.relative_to(package())
        if inside.as_posix() == "__init__.py":
            continue  # the public names, each fetched from its home when it is first used
        own = room_of(".".join(["isru", *inside.with_suffix("").parts]))
        for line, name in imports(path):
            other = room_of(name)
            if other and other != own:
                found.append((own, other, f"{inside.as_posix()}:{line}"))
    return tuple(found)


def faults() -> list[str]:
    """Return every import that does not point downward, and what stands on no floor."""
    found = []
    for path in sorted(package().iterdir()):
        name = path.stem
        room = path.suffix == ".py" or (path / "__init__.py").exists()
        if room and name != "__init__" and name not in FLOOR:
            found.append(f"{path.name}: stands on no floor: add it to isru.publish.rooms.FLOORS")
    for own, other, place in all_imports():
        floors = [FLOOR.get(room.split("/")[0]) for room in (own, other)]
        if None not in floors and floors[0] >= floors[1]:
            why = "no chapter imports another" if "/" in own and "/" in other else "not downward"
            found.append(f"{place}: {own} imports {other}: {why}")
    return found


def sentences(name: str) -> tuple[str, str]:
    """Return what a room says that it holds, and what it says that it may not hold.

    Raises
    ------
    ValueError
        If the folder's docstring does not say one of them.
    """
    text = ast.get_docstring(ast.parse((package() / name / "__init__.py").read_text("utf-8"))) or ""
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text)]
    holds = paragraphs[0].partition(_NOT_HERE)[0].strip()
    refused = [part.partition(_NOT_HERE)[2].strip() for part in paragraphs if _NOT_HERE in part]
    if not holds or not refused or not refused[0]:
        raise ValueError(
            f"isru/{name}/__init__.py: expected a docstring that says what lies there, then "
            f"'{_NOT_HERE} ...' with what may not, got {text[:80]!r}"
        )
    return holds, refused[0]


def plan() -> dict:
    """Return what the page on the rooms shows: floors with their rooms, and who imports whom."""
    floors = []
    for names in FLOORS:
        rooms = [
            dict(zip(("name", "holds", "refuses"), (name, *sentences(name)), strict=True))
            for name in names
            if (package() / name).is_dir()
        ]
        if rooms:
            floors.append(rooms)
    pairs = {(own.split("/")[0], other.split("/")[0]) for own, other, _ in all_imports()}
    return {"floors": floors, "imports": sorted(pair for pair in pairs if pair[0] != pair[1])}
