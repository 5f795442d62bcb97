"""Is a result still what its sources would give? Decided by content, never by file times.

A stamp holds what decided a result: the notebook's code, its parameters, the data and the
upstream values that it read, the code of the ``isru`` modules it imports (see
`isru.publish.digests`) and the versions of the distributions that these import.
"""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import re
import sys
from functools import cache
from pathlib import Path

from isru import paths
from isru.errors import DamagedFile
from isru.publish.digests import code_digest, digest, tree_digest
from isru.publish.errors import CompendiumError
from isru.publish.manifest import inside, read_manifest
from isru.publish.notebooks import Notebook, all_notebooks
from isru.publish.parameters import declared_parameters, read_cells, read_profile, slug
from isru.publish.wording import shortened
from isru.recorded import Recorded
from isru.records import sha256, warn_once

# These start notebooks and show results; they do not make them.
_NO_SOURCES = ("isru.publish", "isru.cli", "isru.__main__", "isru.provenance")
_MODULE_IN_TEXT = re.compile(r"(isru(?:\.\w+)+)(?::\w+)?")


def notebook_code(path: Path) -> str:
    """Return the code cells of a notebook, joined.

    Raises
    ------
    CompendiumError
        If a cell is no Python: what it rests on could not be told.
    """
    cells = [c["source"] for c in read_cells(path) if c["cell_type"] == "code"]
    for number, source in enumerate(cells, start=1):
        try:
            ast.parse(source)
        except (SyntaxError, ValueError, RecursionError) as error:
            line = source.splitlines()[(getattr(error, "lineno", None) or 1) - 1 :][:1]
            raise CompendiumError(
                f"{path.name}: expected Python in its code cell {number}, got "
                f"{shortened(*line) if line else error}"
            ) from None
    return "\n\n".join(cells)


@cache
def _module_file(module: str) -> Path | None:
    base = Path(__file__).parents[1].joinpath(*module.split(".")[1:])
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def _imports(tree: ast.AST, package: str = "") -> tuple[set[str], set[str]]:
    """Return the isru modules and the other top-level modules that a syntax tree names.

    ``package`` is the one that relative imports start from.

    A module named in a text, as in ``"isru.bench.arms:copy"``, counts as imported.
    """
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: 1 - node.level or None] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = _MODULE_IN_TEXT.fullmatch(node.value)
            names |= {found[1]} if found else set()
    own = {name for name in names if name.startswith("isru.") and _module_file(name)}
    own |= {parent for name in own for parent in _packages(name) if _module_file(parent)}
    return own, {name.split(".")[0] for name in names} - {"isru"}


def _packages(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:n]) for n in range(2, len(parts))]


@cache
def _module(name: str) -> tuple[str, frozenset[str], frozenset[str]]:
    path = _module_file(name)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    own, others = _imports(tree, package)
    return tree_digest(tree), frozenset(own), frozenset(others)


def forget_sources() -> None:
    """Read the modules anew from now on: they may have been edited since."""
    _module.cache_clear()
    _module_file.cache_clear()


def closure(source: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return what a source rests on: {isru module: hash} and {distribution: version}."""
    waiting, others = _imports(ast.parse(source))
    code: dict[str, str] = {}
    while waiting:
        name = waiting.pop()
        if name in code or name.startswith(_NO_SOURCES):
            continue
        code[name], own, more = _module(name)
        waiting |= own
        others |= more
    return dict(sorted(code.items())), _versions(others)


@cache
def _distributions() -> dict[str, list[str]]:
    return dict(importlib.metadata.packages_distributions())


def _versions(modules: set[str]) -> dict[str, str]:
    found = {}
    for module in modules - set(sys.stdlib_module_names):
        for name in _distributions().get(module, ()):
            found[name] = importlib.metadata.version(name)
    return dict(sorted(found.items()))


def data_digest(name: str) -> str | None:
    """Return the present hash of a data file that a notebook said it read, None if it is gone.

    ``name`` is relative to the compendium, or starts with the package that holds the file.
    """
    candidates = [paths.root() / name]
    spec = importlib.util.find_spec(name.split("/")[0]) if "/" in name else None
    for folder in (spec and spec.submodule_search_locations) or ():
        candidates.append(Path(folder).parent / name)
    return next((sha256(path) for path in candidates if path.is_file()), None)


def present_data(stamp: dict) -> dict[str, str]:
    """Return the present hashes of the data that a stamp names, as recorded where one is gone."""
    return {name: data_digest(name) or recorded for name, recorded in stamp["data"].items()}


def upstream_digest(chapter: str, folders: list[Path]) -> str:
    """Return a hash of the values that a chapter recorded, alone and in tables.

    Neither provenance nor notes count, nor the last digits, which differ between processors.
    """
    for folder in folders:
        try:
            found = Recorded(folder, chapter)
        except FileNotFoundError:
            continue
        except DamagedFile as error:
            warn_once(f"{error}; treated as not there")
            return "damaged"
        return digest({name: _what_counts(entry) for name, entry in found.items()})
    return "missing"


def _what_counts(entry: dict) -> dict:
    return {
        key: f"{part:.9g}" if isinstance(part, float) else part
        for key, part in entry.items()
        if key not in ("note", "cell")
    }


def make_stamp(
    notebook: Notebook, parameters: dict, reads: dict[str, str], upstream: list[Path]
) -> dict:
    """Return the stamp of a result made now.

    Parameters
    ----------
    parameters : dict
        What the profile or the user set; the declared defaults of the rest are added.
    reads : dict
        {data file: hash} as the notebook reported it.
    upstream : list of Path
        The runs in which upstream values are looked up.
    """
    code = notebook_code(notebook.path)
    modules, versions = closure(code)
    defaults = {name: p.default for name, p in declared_parameters(notebook.path).items()}
    return {
        "notebook": code_digest(code),
        "parameters": defaults | parameters,
        "data": reads,
        "upstream": {name: upstream_digest(name, upstream) for name in notebook.needs},
        "code": modules,
        "versions": versions,
    }


def reasons(old: dict, new: dict) -> list[str]:
    """Return in words how two stamps differ, an empty list if they do not."""
    found = ["the notebook's code changed"] if old["notebook"] != new["notebook"] else []
    words = {
        "parameters": "parameter",
        "data": "data",
        "upstream": "values of notebook",
        "code": "code of",
        "versions": "version of",
    }
    for part, word in words.items():
        # Values that it no longer reads change nothing; that the code changed is another reason.
        names = sorted(new[part] if part == "upstream" else {*old[part], *new[part]})
        changed = [n for n in names if old[part].get(n) != new[part].get(n)]
        if changed:
            found.append(f"{word} {', '.join(changed)} changed")
    return found


def profile_parameters(notebook: Notebook, profile: str) -> dict:
    """Return what a profile sets for a notebook; exact ones take no parameters from it."""
    return {} if notebook.kind == "exact" else read_profile(profile).get(slug(notebook.name), {})


def edited(folder: Path, manifest: dict) -> list[str]:
    """Return the files of a result that are missing or differ from their recorded hash."""
    return [
        name
        for name, recorded in manifest["outputs"].items()
        if not _is_whole(folder, name) or sha256(folder / name) != recorded
    ]


def _is_whole(folder: Path, name: str) -> bool:
    return inside(folder, name) and (folder / name).is_file()


def stale_reasons(notebook: Notebook, folder: Path) -> list[str]:
    """Return why the result of a notebook in ``folder`` is stale, an empty list if it is not."""
    manifest = read_manifest(folder, notebook.name)
    if manifest is None:
        return ["not run"]
    old = manifest["stamp"]
    chosen, upstream = manifest["parameters"], [folder]
    if manifest["profile"] == "adhoc":
        upstream.append(paths.results())
    else:
        chosen = profile_parameters(notebook, manifest["profile"])
    return reasons(old, make_stamp(notebook, chosen, present_data(old), upstream))


def stale_notebooks(folder: Path) -> dict[str, list[str]]:
    """Return {notebook: reasons} for every result in ``folder`` that its sources outgrew."""
    found = {n.name: stale_reasons(n, folder) for n in all_notebooks()}
    return {name: why for name, why in found.items() if why and why != ["not run"]}
