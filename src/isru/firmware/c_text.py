"""Numbers and arrays as C text."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

_WIDTH = 96
_TYPES = {"float32": "float"} | {name: f"{name}_t" for name in ("int8", "int16", "uint16", "int32")}


def c_float(value) -> str:
    """Return the shortest C literal that is the float32 nearest to a number."""
    text = np.format_float_positional(np.float32(value), unique=True, trim="0")
    if len(text) > 14:
        text = np.format_float_scientific(np.float32(value), unique=True, trim="0")
    return f"{text}f"


def c_array(name: str, values, *, per_line: int = 0, linkage: str = "static const") -> str:
    """Return the definition of a constant array.

    Parameters
    ----------
    name : str
    values : ndarray of float32, int8, int16, uint16 or int32
        Of any shape; laid out in C order.
    per_line : int
        Values on a line; 0 fills lines.
    linkage : str
    """
    flat = np.asarray(values).reshape(-1)
    words = (
        [f"{word}f" for word in flat.astype(str)]
        if flat.dtype == np.float32
        else (flat.astype(str).tolist())
    )
    head = f"{linkage} {_TYPES[flat.dtype.name]} {name}[{len(words)}] = {{\n"
    return head + "".join(f"    {line}\n" for line in _lines(words, per_line)) + "};\n"


def _lines(words: Iterable[str], per_line: int):
    line, count = "", 0
    for word in words:
        full = count == per_line if per_line else len(line) + len(word) > _WIDTH
        if line and full:
            yield line.rstrip()
            line, count = "", 0
        line += f"{word}, "
        count += 1
    yield line.rstrip().rstrip(",")
