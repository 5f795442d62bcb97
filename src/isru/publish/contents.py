"""The contents of the book, ``_toc.yml``: which pages it names, and those that a run has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from isru import paths
from isru.errors import CompendiumError
from isru.wording import shortened

_LISTS = ("parts", "chapters", "sections")


def read_contents(toc: Path) -> dict:
    """Read the contents.

    Raises
    ------
    CompendiumError
        If the file is no mapping of lists of entries, as jupyter-book wants it.
    """
    from isru.yaml_text import read_yaml_file

    contents = read_yaml_file(toc, toc.name)
    if not isinstance(contents, dict):
        raise CompendiumError(f"{toc.name}: expected a mapping, got {shortened(contents)}")
    if not isinstance(contents.get("root"), str):
        got = shortened(contents.get("root"))
        raise CompendiumError(f"{toc.name}: expected 'root', the first page, got {got}")
    for entry in _entries(contents):
        for name in _LISTS:
            below = entry.get(name, [])
            if not isinstance(below, list) or not all(isinstance(part, dict) for part in below):
                raise CompendiumError(
                    f"{toc.name}: expected {name} as a list of entries such as "
                    f"'- file: book/intro', got {shortened(below)}"
                )
        if not isinstance(entry.get("file", ""), str):
            got = shortened(entry["file"])
            raise CompendiumError(f"{toc.name}: expected a page's path as file, got {got}")
    return contents


def former_names() -> dict[str, str]:
    """Return what chapters were once called: ``{"06-forecaster": "forecaster"}``.

    Their old addresses lead to the pages of today.
    """
    from isru.yaml_text import read_yaml_file

    path = paths.root() / "book" / "former-names.yml"
    return (read_yaml_file(path, path.name) or {}) if path.is_file() else {}


def _entries(entry: dict) -> Iterator[dict]:
    """Yield an entry and all below it, each before those that it holds."""
    yield entry
    for name in _LISTS:
        for part in entry.get(name, ()):
            yield from _entries(part)


def chapter(page: str) -> str:
    """Return the notebook whose page this is, empty for a page of prose."""
    path = PurePosixPath(page)
    inside = path.parts[:2] == ("results", "notebooks")
    return path.name.removesuffix(".ipynb") if inside else ""


def chapters(contents: dict) -> list[str]:
    """Return the notebooks whose pages the contents name, in their order."""
    return [name for entry in _entries(contents) if (name := chapter(entry.get("file", "")))]


def with_present(contents: dict, executed: set[str]) -> dict:
    """Return the contents without the pages of notebooks that are not in ``executed``.

    What stood below such a page moves up to its place; a list that is empty then goes.
    """
    kept = dict(contents)
    for name in _LISTS:
        if name in contents:
            below = [part for entry in contents[name] for part in _present(entry, executed)]
            kept[name] = below
            if not below:
                del kept[name]
    return kept


def _present(entry: dict, executed: set[str]) -> list[dict]:
    missing = chapter(entry.get("file", ""))
    kept = with_present(entry, executed)
    if missing and missing not in executed:
        return kept.get("sections", [])
    emptied = any(name in entry and name not in kept for name in ("parts", "chapters"))
    return [] if emptied and "file" not in entry else [kept]


def with_last_part(contents: dict, caption: str, names: list[str]) -> dict:
    """Return the contents with the pages of notebooks as a last part of their own."""
    pages = [{"file": f"results/notebooks/{name}"} for name in names]
    if "parts" not in contents:
        return contents | {"chapters": [*contents.get("chapters", []), *pages]}
    part = {"caption": caption, "chapters": pages}
    return contents | {"parts": [*contents["parts"], part]}
