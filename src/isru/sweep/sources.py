"""What decides a row besides its configuration: the code that it rests on, and the libraries."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import platform
import re
from collections.abc import Callable
from functools import cache
from importlib import metadata
from pathlib import Path

# The libraries that compute numbers here: {module: distribution}.
_LIBRARIES = {
    "keras": "keras",
    "numba": "numba",
    "numpy": "numpy",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "tensorflow": "tensorflow",
}
# These compute rows or say where; they do not decide what comes out.
_NO_SOURCES = {"isru.sweep", "isru.provenance"}
_MODULE_IN_TEXT = re.compile(r"(isru(?:\.\w+)+)(?::\w+)?")


def about(function: Callable) -> dict[str, str]:
    """Return what a function's results rest on, as this process has it.

    Parameters
    ----------
    function : callable
        Importable.

    Returns
    -------
    dict of {str: str}
        ``isru`` (version) and ``code``: a hash of the function's own module and of every module
        of isru that it imports, directly or not, wherever in the file, or names in a text such
        as ``"isru.bench.arms:copy"``; ``python``; and the version of each numerical library
        among the imports, "none" if it is not installed.
    """
    return dict(_about(function.__module__))


@cache
def _about(module: str) -> dict[str, str]:
    waiting, seen, libraries, files = {module}, set(), {"numpy"}, {}
    while waiting:
        name = waiting.pop()
        seen.add(name)
        path = _file(name)
        if path is None:
            continue
        source = path.read_bytes()
        files[name] = hashlib.sha256(source).hexdigest()
        names = _named(ast.parse(source))
        own = {
            part
            for found in names
            if found.startswith("isru.") and not found.startswith("isru.sweep.")
            for part in _parents(found)
        }
        waiting |= own - seen - _NO_SOURCES
        libraries |= {found.split(".")[0] for found in names} & set(_LIBRARIES)
    code = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:16]
    found = {"isru": _version("isru"), "code": code}
    found["python"] = ".".join(platform.python_version_tuple()[:2])
    return found | {name: _version(_LIBRARIES[name]) for name in sorted(libraries)}


def _file(module: str) -> Path | None:
    """Return the source of a module, None if that name is none (but, say, a function's)."""
    try:
        spec = importlib.util.find_spec(module)
    except (ModuleNotFoundError, ValueError):
        return None
    origin = spec.origin if spec else None
    return Path(origin) if origin and origin.endswith(".py") else None


def _named(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = _MODULE_IN_TEXT.fullmatch(node.value)
            names |= {found[1]} if found else set()
    return names


def _parents(module: str) -> list[str]:
    """Return the module and the packages that it lies in, isru itself left out."""
    parts = module.split(".")
    return [".".join(parts[:count]) for count in range(2, len(parts) + 1)]


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "none"
