"""Whether a result can be put where somebody wants it, asked before it is computed."""

from __future__ import annotations

import os
from pathlib import Path


def check_file(path: str | Path, what: str) -> Path:
    """Return a path where a file can be written; one that is there must be an ordinary file.

    Raises
    ------
    ValueError
        If it is a folder or a device, or its folder cannot be made or written to.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "no ordinary file"
        raise ValueError(f"{what}: expected the name of a file, got {path}, which is {kind}")
    check_folder(path.parent, what)
    return path


def check_folder(folder: str | Path, what: str) -> Path:
    """Return the path of a folder that is there or can be made, to write to.

    Raises
    ------
    ValueError
        If it, or what would hold it, is a file or does not let one write.
    """
    folder = Path(folder)
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    if not there.is_dir():
        raise ValueError(f"{what}: expected a folder, got {there}, which is a file")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ValueError(f"{what}: expected a folder to write to, got {there}, which is read-only")
    return folder
