"""What does this code depend on? One answer for stamps, for kept rows and for certificates.

On the modules of isru that it reaches by imports, each by a hash of what it does (comments,
docstrings and layout change none), and on the versions of the distributions that these import.
The file of a single activation is reached only by what imports it by name; else a run notes which
activations it uses (see `isru.notes`), so that a new one makes stale only what loops over all.
Needs the standard library only.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import importlib.util
import re
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from isru import paths
from isru.digests import digest, tree_digest
from isru.notes import ACTIVATION, ALL_ACTIVATIONS, NONE

# These start computations, tell what they used and show results; they do not make them.
_NO_SOURCES = (
    *("isru.publish", "isru.cli", "isru.__main__", "isru.provenance", "isru.sweep"),
    *("isru.closure", "isru.digests", "isru.notes", "isru.lifeline"),
)
_ACTIVATIONS = "isru.activations"
# What all activations share. Every other file of their folder defines some.
_SHARED = ("entry", "formula", "registry")
_MODULE_IN_TEXT = re.compile(r"(isru(?:\.\w+)+)(?::\w+)?")
_HERE = Path(__file__).parent

Import = tuple[str, str]
"""A module, and the name that is taken from it, "" for the module itself."""


@dataclass(frozen=True)
class _Module:
    digest: str
    imports: frozenset[Import]
    defines: frozenset[str]
    reads_folder: bool = False
    """Whether it is a package that looks through its own files, by ``__path__``."""

    @property
    def is_lazy(self) -> bool:
        """Whether it offers names that it does not define."""
        return "__getattr__" in self.defines


def closure(source: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return what a piece of source depends on.

    Returns
    -------
    code : dict of {str: str}
        Module of isru -> hash.
    versions : dict of {str: str}
        Distribution -> version.
    """
    return _reach(_imports(ast.parse(source)))


def closure_of(module: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return what a module depends on, itself among it, whether it is one of isru or not.

    Raises
    ------
    ValueError
        If it has no source.
    """
    if _file(module):
        return _reach({(module, "")})
    path = getattr(sys.modules.get(module), "__file__", None)
    if path is None:
        spec = importlib.util.find_spec(module)
        path = spec.origin if spec else None
    if path is None or not Path(path).is_file():
        raise ValueError(f"expected a module with a source, got {module!r}: put it into a file")
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    code, versions = _reach(_imports(tree, module.rpartition(".")[0]))
    return {module: tree_digest(tree)} | code, versions


def activation_digest(file: str, source: bytes | None = None) -> str:
    """Return the hash of one activation's file, with what it alone imports.

    Parameters
    ----------
    file : str
        The file's name without its ending; several activations may stand in it.
    source : bytes, optional
        What was in the file when it was loaded; by default what is in it now.

    Returns
    -------
    str
        `isru.notes.NONE` if there is no such file.
    """
    module = f"{_ACTIVATIONS}.{file}"
    if source is None and file not in activation_files():
        return NONE
    tree = _module(module) if source is None else _read(source.decode(), _ACTIVATIONS)
    code, versions = _reach(tree.imports)
    shared, known = _reach({(f"{_ACTIVATIONS}.{name}", "") for name in _SHARED})
    own = {name: found for name, found in code.items() if name not in {module, *shared}}
    other = {name: found for name, found in versions.items() if name not in known}
    return digest([tree.digest, own, other])


@cache
def activation_files() -> dict[str, Path]:
    """Return the files that define activations, by their names without the ending."""
    found = sorted((_HERE / "activations").glob("*.py"))
    return {path.stem: path for path in found if path.stem not in ("__init__", *_SHARED)}


def list_digest() -> str:
    """Return the hash of which activations there are."""
    return digest(sorted(activation_files()))


def present_digest(note: str) -> str | None:
    """Return the present digest of what a note names, None for data that is not here."""
    if note == ALL_ACTIVATIONS:
        return list_digest()
    if note.startswith(ACTIVATION):
        return activation_digest(note.removeprefix(ACTIVATION))
    return data_digest(note)


def data_digest(name: str) -> str | None:
    """Return the present SHA-256 of data that was noted as read, None if it is not here.

    ``name`` is as in `isru.notes.note_read`.
    """
    file, _, member = name.partition("!/")
    path = next((path for path in _candidates(file) if path.is_file()), None)
    if path is None:
        return None
    if not member:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    try:
        with zipfile.ZipFile(path) as archive:
            return hashlib.sha256(archive.read(member)).hexdigest()
    except (KeyError, zipfile.BadZipFile):
        return NONE


def _candidates(name: str) -> Iterable[Path]:
    try:
        yield paths.root() / name
        yield paths.downloads() / name.removeprefix("data/downloads/")
    except FileNotFoundError:  # a library without a compendium
        pass
    spec = importlib.util.find_spec(name.split("/")[0]) if "/" in name else None
    for folder in (spec and spec.submodule_search_locations) or ():
        yield Path(folder).parent / name


def forget_sources() -> None:
    """Read the modules anew from now on: they may have been edited since."""
    for function in (_module, _file, activation_files):
        function.cache_clear()


def _reach(imports: Iterable[Import]) -> tuple[dict[str, str], dict[str, str]]:
    waiting, followed = set(imports), set()
    code: dict[str, str] = {}
    others: set[str] = set()
    while waiting:
        step = waiting.pop()
        followed.add(step)
        if step[0].split(".")[0] != "isru":
            others.add(step[0].split(".")[0])
            continue
        for name in _homes(*step):
            if name not in code and not name.startswith(_NO_SOURCES):
                module = _module(name)
                code[name] = module.digest
                waiting |= module.imports - followed
    return dict(sorted(code.items())), _versions(others)


def _homes(module: str, name: str) -> set[str]:
    """Return the modules of isru that an import brings: one, its packages, what these offer."""
    if name and _file(f"{module}.{name}"):
        module, name = f"{module}.{name}", ""
    if module == "isru":
        return set() if name.startswith("__") else {module}
    parts = module.split(".")
    found = {".".join(parts[:n]) for n in range(2, len(parts) + 1)}
    path = _file(module)
    if path and path.name == "__init__.py":
        found |= _offered(module, path.parent, name)
    return {each for each in found if _file(each)}


def _offered(package: str, folder: Path, name: str) -> set[str]:
    """Return the modules in which a name lies that a package imports only when it is asked."""
    itself = _module(package)
    if not itself.is_lazy and package != _ACTIVATIONS:
        return set()  # its own imports say it
    modules = {f"{package}.{path.stem}" for path in folder.glob("*.py")} - {f"{package}.__init__"}
    if name:
        where = {module for module in modules if name in _module(module).defines}
        if where or name in itself.defines:
            return where
    return modules if itself.is_lazy or name == "*" else set()


@cache
def _file(module: str) -> Path | None:
    base = _HERE.joinpath(*module.split(".")[1:])
    if module.split(".")[0] == "isru":
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file():
                return path
    return None


@cache
def _module(name: str) -> _Module:
    path = _file(name)
    is_package = path.name == "__init__.py"
    found = _read(path.read_text(encoding="utf-8"), name if is_package else name.rpartition(".")[0])
    if name == _ACTIVATIONS:  # which of them a run uses, it notes
        single = {(f"{_ACTIVATIONS}.{file}", "") for file in activation_files()}
        imports = (step for step in found.imports if not single & {step, (step[0], "")})
        return _Module(found.digest, frozenset(imports), found.defines)
    if found.reads_folder:  # what lies in it is imported without a name that could be followed
        files = {(f"{name}.{file.stem}", "") for file in path.parent.glob("*.py") if file != path}
        return _Module(found.digest, found.imports | files, found.defines)
    return found


def _read(source: str, package: str) -> _Module:
    """Return what is said of a source; relative imports start from ``package``."""
    tree = ast.parse(source)
    imports = frozenset(_imports(tree, package))
    defines = frozenset(_defined(tree))
    names = (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    return _Module(tree_digest(tree), imports, defines, "__path__" in names)


def _imports(tree: ast.AST, package: str = "") -> set[Import]:
    """Return all imports, wherever they stand.

    A module named in a text, as in ``"isru.bench.arms:copy"``, counts as imported.
    """
    found: set[Import] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {(alias.name, "") for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: 1 - node.level or None] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            found |= {(base, alias.name) for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = _MODULE_IN_TEXT.fullmatch(node.value)
            found |= {(text[1], "")} if text else set()
    return found


def _defined(tree: ast.Module) -> set[str]:
    """Return the names that the statements of a module define, imported ones left out."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        parts = (part for target in targets if target for part in ast.walk(target))
        found |= {part.id for part in parts if isinstance(part, ast.Name)}
    return found


@cache
def _distributions() -> dict[str, list[str]]:
    return dict(importlib.metadata.packages_distributions())


def _versions(modules: set[str]) -> dict[str, str]:
    found = {}
    for module in modules - set(sys.stdlib_module_names):
        for name in _distributions().get(module, ()):
            found[name] = importlib.metadata.version(name)
    return dict(sorted(found.items()))
