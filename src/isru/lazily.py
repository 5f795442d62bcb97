"""Public names of a package that are imported when they are first used."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module


def public_name(package: str, homes: Mapping[str, tuple[str, ...]], name: str):
    """Return what a package offers under a name.

    Parameters
    ----------
    package : str
    homes : mapping
        Module of the package -> the public names that it defines.
    name : str

    Raises
    ------
    AttributeError
        If no module has the name.
    """
    for module, names in homes.items():
        if name in names:
            return getattr(import_module(f"{package}.{module}"), name)
    raise AttributeError(f"module {package!r} has no attribute {name!r}")


def public_names(homes: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return all names of a package, in order."""
    return sorted(name for names in homes.values() for name in names)
