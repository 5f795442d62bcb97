"""The little of the ELF format that an image needs: segments, sections and symbols."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from itertools import pairwise

_SECTION = {1: "<10I", 2: "<IIQQQQIIQQ"}
_SYMBOL = {1: "<IIIBBH", 2: "<IBBHQQ"}
_EXECUTABLE, _ALLOCATED, _NO_BITS = 4, 2, 8
_FUNCTION, _OBJECT = 2, 1


@dataclass(frozen=True)
class Section:
    """An allocated section: where it lies and what it holds (zeros for ``.bss``)."""

    name: str
    address: int
    content: bytes
    executable: bool
    stored: bool  # takes room in flash, unlike zeros


@dataclass(frozen=True)
class Symbol:
    """A function or an object."""

    name: str
    address: int  # without the Thumb bit
    size: int


@dataclass(frozen=True)
class Image:
    """A linked program.

    Attributes
    ----------
    sections : tuple of Section
        Those that are loaded.
    symbols : dict of Symbol
        Functions and objects, by name.
    marks : tuple of (int, bool)
        Addresses at which code begins (True), or data among the code (False), in order.
    """

    sections: tuple[Section, ...]
    symbols: dict[str, Symbol] = field(repr=False)
    marks: tuple[tuple[int, bool], ...] = field(default=(), repr=False)

    def code(self, symbol: Symbol) -> bytes:
        """Return the bytes of a symbol."""
        return self.bytes_at(symbol.address, symbol.size)

    def parts(self, symbol: Symbol) -> list[tuple[int, bytes, bool]]:
        """Return a function's code and the constants in it: address, bytes, whether it is code."""
        end = symbol.address + symbol.size
        inside = [mark for mark in self.marks if symbol.address < mark[0] < end]
        starts = [(symbol.address, True), *inside, (end, True)]
        return [
            (start, self.bytes_at(start, behind - start), is_code)
            for (start, is_code), (behind, _) in pairwise(starts)
            if behind > start
        ]

    def bytes_at(self, address: int, size: int) -> bytes:
        """Return loaded bytes; a KeyError tells that there are none."""
        for section in self.sections:
            start = address - section.address
            if 0 <= start < len(section.content):
                return section.content[start : start + size]
        raise KeyError(f"no section holds {address:#x}")


def read_elf(content: bytes) -> Image:
    """Read a little-endian ELF file of 32 or 64 bits.

    Raises
    ------
    ValueError
        If it is none.
    """
    if content[:4] != b"\x7fELF" or content[5] != 1:
        raise ValueError(f"expected a little-endian ELF file, got one that begins {content[:6]!r}")
    bits = content[4]
    table, width, count = _section_table(content, bits)
    headers = [
        _header(struct.unpack_from(_SECTION[bits], content, table + number * width))
        for number in range(count)
    ]
    names = headers[struct.unpack_from("<H", content, 50 if bits == 1 else 62)[0]]
    sections = tuple(
        Section(
            _text(content, names["offset"] + header["name"]),
            header["address"],
            bytes(header["size"]) if header["type"] == _NO_BITS else _bytes(content, header),
            bool(header["flags"] & _EXECUTABLE),
            header["type"] != _NO_BITS,
        )
        for header in headers
        if header["flags"] & _ALLOCATED and header["size"]
    )
    return Image(sections, *_symbols(content, bits, headers))


def _section_table(content, bits):
    if bits == 1:
        return struct.unpack_from("<I", content, 32)[0], *struct.unpack_from("<HH", content, 46)
    return struct.unpack_from("<Q", content, 40)[0], *struct.unpack_from("<HH", content, 58)


def _header(fields):
    names = ("name", "type", "flags", "address", "offset", "size", "link")
    return dict(zip(names, fields, strict=False))


def _bytes(content, header):
    return content[header["offset"] : header["offset"] + header["size"]]


def _text(content, start):
    return content[start : content.index(b"\0", start)].decode()


def _symbols(content, bits, headers):
    """Return functions and objects by name, and where code and data begin in loaded sections."""
    found, marks = {}, {}
    executable = {n for n, header in enumerate(headers) if header["flags"] & _EXECUTABLE}
    width = struct.calcsize(_SYMBOL[bits])
    for header in (h for h in headers if h["type"] == 2):
        names = headers[header["link"]]["offset"]
        for place in range(header["offset"], header["offset"] + header["size"], width):
            fields = struct.unpack_from(_SYMBOL[bits], content, place)
            if bits == 1:
                name, value, size, info, _, section = fields
            else:
                name, info, _, section, value, size = fields
            kind, text = info & 15, _text(content, names + name)
            if kind in (_FUNCTION, _OBJECT):
                address = value & ~1 if kind == _FUNCTION else value
                found[text] = Symbol(text, address, size)
            elif text[:1] == "$" and section in executable:
                marks[value] = text[1:2] != "d"
    return found, tuple(sorted(marks.items()))
