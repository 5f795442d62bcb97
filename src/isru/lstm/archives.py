"""NumPy archives (.npz) that somebody else may have made: looked at before anything is allocated.

An archive states in three places how large an array is: in the list of its members, in the
member's own header, and in the file's length. Only where all three agree is an array read, so
that no file can claim more memory than it has bytes.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

_LARGEST_TEXT = 2**24  # bytes of a header, in memory: far more than any network's
_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class ArchiveError(ValueError):
    """A file that is no archive of plain arrays, or a damaged one."""


class _Stated(NamedTuple):
    shape: tuple[int, ...]
    dtype: np.dtype


class Archive:
    """The arrays of an archive, by name; what a member states of itself is known at once.

    Parameters
    ----------
    path : path-like
    kind : str
        What it should be, for messages.

    Raises
    ------
    ArchiveError
        If the file is no such archive, holds compressed members or objects, or states sizes that
        contradict each other.
    FileNotFoundError
        If there is none.
    """

    def __init__(self, path, kind: str = "network"):
        self.path, self.kind = Path(path), kind
        if self.path.exists() and not self.path.is_file():
            raise ArchiveError(f"{self.path}: expected a file, got a folder or a device")
        self.stated = self._guarded(self._look)

    def names(self) -> list[str]:
        """Return the names of all arrays."""
        return list(self.stated)

    def array(self, name: str, shape: tuple | None = None, dtype=None) -> np.ndarray:
        """Read one array, of the shape and dtype that are expected, if any.

        Raises
        ------
        ArchiveError
            If it is missing, another one than expected, or damaged.
        """
        if name not in self.stated:
            raise ArchiveError(f"{self.path}: expected an entry {name!r}, found none")
        found = self.stated[name]
        if shape not in (None, found.shape) or (dtype is not None and found.dtype != dtype):
            wanted = "" if dtype is None else f" in {np.dtype(dtype)}"
            raise ArchiveError(
                f"{self.path}: expected {name} of shape {shape}{wanted}, "
                f"got {found.shape} in {found.dtype}"
            )
        return self._guarded(lambda: self._read(name))

    def json(self, name: str) -> dict:
        """Read an entry that holds a JSON object as text.

        Raises
        ------
        ArchiveError
        """
        found = self.stated.get(name)
        if found and (found.shape or found.dtype.kind != "U"):
            raise ArchiveError(f"{self.path}: expected a text as {name}, got {found.dtype} data")
        if found and found.dtype.itemsize > _LARGEST_TEXT:
            raise ArchiveError(f"{self.path}: expected at most {_LARGEST_TEXT} bytes of {name}")
        text = str(self.array(name))
        content = self._guarded(lambda: json.loads(text))
        if not isinstance(content, dict):
            raise ArchiveError(f"{self.path}: expected a JSON object as {name}")
        return content

    def _look(self) -> dict[str, _Stated]:
        size, stated = self.path.stat().st_size, {}
        with zipfile.ZipFile(self.path) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > size:
                raise ArchiveError("it states more bytes than it has")
            for member in members:
                name = member.filename.removesuffix(".npy")
                if member.compress_type != zipfile.ZIP_STORED or name in stated:
                    raise ArchiveError(f"{name} is compressed or there twice")
                with archive.open(member) as content:
                    stated[name] = _stated(content, member.file_size)
        return stated

    def _read(self, name: str) -> np.ndarray:
        with zipfile.ZipFile(self.path) as archive:
            content = archive.read(f"{name}.npy")  # whole, so that its checksum is compared
        return np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)

    def _guarded(self, function):
        """Return what a function returns; every way of being damaged becomes one error."""
        try:
            return function()
        except FileNotFoundError:
            raise
        except (ValueError, OSError, EOFError, KeyError, TypeError, AttributeError) as error:
            raise self._damaged(error) from error
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
            raise self._damaged(error) from error
        except (MemoryError, SyntaxError, OverflowError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error) -> ArchiveError:
        return ArchiveError(
            f"{self.path}: expected a {self.kind} saved by isru, got a file that is truncated, "
            f"damaged or of another kind ({type(error).__name__}: {str(error)[:200]})"
        )


def _stated(content, file_size: int) -> _Stated:
    """Return what the header of a member says, if the member is as long as that takes."""
    version = np.lib.format.read_magic(content)
    if version not in _READERS:
        raise ArchiveError(f"expected an array in format 1.0 or 2.0, got {version}")
    shape, _, dtype = _READERS[version](content)
    if dtype.hasobject or min(shape, default=0) < 0:
        raise ArchiveError(f"expected an array of plain data, got {dtype} of shape {shape}")
    if math.prod(shape) * dtype.itemsize != file_size - content.tell():
        raise ArchiveError(
            f"expected {math.prod(shape) * dtype.itemsize} bytes for {shape} in {dtype}, "
            f"got {file_size - content.tell()}"
        )
    return _Stated(shape, dtype)
