"""Files that are written and moved whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
from pathlib import Path


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never a part.

    So does one after a power cut: the content is on the disk before the name is. The file may be
    read by whom the umask lets, like every other. A link stays, and the file that it leads to is
    written.

    Raises
    ------
    ValueError
        If a folder, a device, a pipe or a socket has the name.
    """
    path = _file_name(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    scratch = _beside(path)
    try:
        with scratch.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def move(source: Path, target: Path) -> None:
    """Move a file or a folder to a name that is free or a file, to another disk if need be.

    The target is there whole or not at all. Between two disks nothing can be renamed: then it is
    copied beside the target first. Links and errors are as in `write_atomically`.
    """
    target = _file_name(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    _sync(source)
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy = _beside(target)
        try:
            if source.is_dir():
                shutil.copytree(source, copy, copy_function=shutil.copyfile)
            else:
                shutil.copyfile(source, copy)
            _sync(copy)
            copy.replace(target)
        except BaseException:
            _remove(copy)
            raise
        _remove(source)
    _sync_folder(target.parent)


def _file_name(path: Path) -> Path:
    """Return a name that a file can be given: a free one, a file's, or where a link leads."""
    path = Path(os.path.realpath(path)) if path.is_symlink() else path
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return path
    if kind != stat.S_IFREG:
        raise ValueError(f"{path}: expected a file's name, got that of {_kind_name(kind)}")
    return path


def _kind_name(kind: int) -> str:
    names = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return names.get(kind, "a device")


def _beside(path: Path) -> Path:
    """Return a hidden name in the folder of ``path`` that nobody else has."""
    return path.with_name(f".{path.name[:200]}.{secrets.token_hex(6)}")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Have the content of a file, or of all files in a folder, on the disk."""
    for file in [path] if path.is_file() else path.rglob("*"):
        if file.is_file():
            with file.open("rb+" if os.name == "nt" else "rb") as opened:
                os.fsync(opened.fileno())


def _sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, where the system lets a program ask for that."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # not every file system can
            os.fsync(handle)
    finally:
        os.close(handle)
