"""Read a small JSON file that a stranger wrote: each way in which it is none is said in words."""

from __future__ import annotations

import json
import math
import stat
from pathlib import Path

LARGEST_BYTES = 2_000_000
MOST_DIGITS = 18  # what fits 64 bits; Python refuses to read some thousand digits at all
_LONGEST = 60  # characters of a value that a message quotes


class Refused(ValueError):
    """Something is not as it must be.

    Parameters
    ----------
    where : str
        Its path, such as ``machine.cpu.cores``; empty for the whole file.
    expected, got : str
        In words.
    """

    def __init__(self, where: str, expected: str, got: object):
        self.where, self.expected, self.got = where, expected, got
        super().__init__(f"{where + ': ' if where else ''}expected {expected}, got {got}")


def quoted(value: object) -> str:
    """Return a value for a message: in ASCII, on one line, cut where it is long."""
    if isinstance(value, dict | list):
        kind = "an object" if isinstance(value, dict) else "a list"
        return f"{kind} of {len(value)}"
    if value is None or isinstance(value, bool):
        return str(value).lower().replace("none", "null")
    text = ascii(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def read_json(path: Path) -> object:
    """Return the content of a small JSON file.

    Numbers are finite and have at most 18 digits, no key stands twice in an object.

    Raises
    ------
    FileNotFoundError
        If nothing lies there.
    Refused
        If it is no file of its own (a folder, a link, a device), cannot be read, is too large,
        no UTF-8 or no such JSON.
    """
    try:
        data = _bytes(path)
    except FileNotFoundError:
        raise FileNotFoundError(f"expected a machine record at {path}, got no such file") from None
    except (OSError, ValueError) as error:
        if isinstance(error, Refused):
            raise
        reason = getattr(error, "strerror", None) or error
        raise Refused("", "a file that can be read", reason) from None
    if data.startswith(b"\xef\xbb\xbf"):
        raise Refused("", "JSON in UTF-8", "a byte-order mark before it: an editor saved it anew")
    try:
        return json.loads(
            data.decode(),
            object_pairs_hook=_once_each,
            parse_constant=_no_constant,
            parse_int=_whole,
            parse_float=_real,
        )
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise Refused("", "JSON", f"{error} (is the file cut off?)") from None
    except RecursionError:
        raise Refused("", "JSON of a few levels", "lists or objects nested too deep") from None


def _bytes(path: Path) -> bytes:
    about = path.lstat()
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFLNK: "a link", stat.S_IFREG: ""}
    kind = kinds.get(stat.S_IFMT(about.st_mode), "no file at all")
    if kind:
        raise Refused("", "a file", kind)
    if about.st_size > LARGEST_BYTES:
        raise Refused("", f"at most {LARGEST_BYTES} bytes", about.st_size)
    return path.read_bytes()


def _once_each(pairs: list[tuple[str, object]]) -> dict:
    content = dict(pairs)
    if len(content) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise Refused("", "every key once", f"{quoted(twice)} twice in one object")
    return content


def _no_constant(name: str) -> None:
    raise Refused("", "finite numbers", name)


def _whole(digits: str) -> int:
    if len(digits.lstrip("-")) > MOST_DIGITS:
        raise Refused("", f"numbers of at most {MOST_DIGITS} digits", f"{len(digits)} digits")
    return int(digits)


def _real(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise Refused("", "finite numbers", quoted(digits))
    return value
