"""Kinds of fields of a machine record: each checks one value and names what it expected.

Text is confined twice: every string of a record, keys too, to characters that no page, formula
or terminal interprets, and each field to its own form. Nothing may name a person's folder or
address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from isru.machine_records.reading import Refused, quoted

LONGEST_TEXT = 400
_PLAIN = re.compile(r"[A-Za-z0-9 .,:;()@%+\-_/=~#'!?]*")
_ODD = re.compile(r"[^A-Za-z0-9 .,:;()@%+\-_/=~#'!?]")
_SLASH = r"(?:[/\\]+|%2f|%5c)"
HOME_FOLDER = re.compile(rf"{_SLASH}(?:home|users|root){_SLASH}|[a-z]:{_SLASH}users", re.I)
# "CPU@2.50GHz" names a clock, and no person.
ADDRESS = re.compile(r"[^\s@]@(?!\d+(?:\.\d+)?[GMk]?Hz)[^\s@]", re.I)
_WORD_OF = r"[^\s,;()]*"
_PRIVATE = re.compile(
    rf"{_WORD_OF}(?:{HOME_FOLDER.pattern}){_WORD_OF}|{_WORD_OF}{ADDRESS.pattern}{_WORD_OF}", re.I
)
_SIGNS = {"\N{REGISTERED SIGN}": "(R)", "\N{TRADE MARK SIGN}": "(TM)", "\\": "/", "\t": " "}


def strings(value: object, where: str = "") -> Iterator[tuple[str, str]]:
    """Yield every string of a record, keys too, with its path."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, list):
        for place, element in enumerate(value):
            yield from strings(element, f"{where}[{place}]")
    elif isinstance(value, dict):
        for key, element in value.items():
            yield (f"a key of {where}" if where else "a key"), key
            path = key if _PLAIN.fullmatch(key) else quoted(key)
            yield from strings(element, f"{where}.{path}" if where else path)


def check_strings(record: object) -> None:
    """Refuse a person's folder or address, and what a page could take for markup.

    Raises
    ------
    Refused
    """
    for where, text in strings(record):
        home, address = HOME_FOLDER.search(text), ADDRESS.search(text)
        if home:
            raise Refused(where, "no path of a home folder", quoted(text))
        if address:
            raise Refused(where, "no address of a person or machine", quoted(text))
        odd = _ODD.search(text)
        if odd:
            expected = "plain text: letters, digits and .,:;()@%+-_/=~#'!?"
            raise Refused(where, expected, f"{quoted(odd[0])} in {quoted(text)}")
        if len(text) > LONGEST_TEXT:
            raise Refused(where, f"at most {LONGEST_TEXT} characters", len(text))


def tidied(value: object) -> object:
    """Return what a machine says of itself with its texts as `check_strings` takes them.

    Trade mark signs are spelled out, folders and addresses of persons left out, other odd
    characters replaced by ``?``.
    """
    if isinstance(value, dict):
        return {tidied(key): tidied(element) for key, element in value.items()}
    if isinstance(value, list):
        return [tidied(element) for element in value]
    if not isinstance(value, str):
        return value
    text = _PRIVATE.sub("(left out)", value)
    for sign, plain in _SIGNS.items():
        text = text.replace(sign, plain)
    return _ODD.sub("?", text)[:LONGEST_TEXT]


@dataclass(frozen=True)
class Text:
    """A string; ``form`` is what it must match as a whole, ``like`` says so in words."""

    longest: int = 120
    form: str = r".*\S.*"
    like: str = "a text"

    def check(self, value: object, where: str) -> None:
        """Refuse another kind, a long or a malformed text."""
        if not isinstance(value, str) or not re.fullmatch(self.form, value):
            raise Refused(where, self.like, quoted(value))
        if len(value) > self.longest:
            raise Refused(where, f"at most {self.longest} characters", len(value))


@dataclass(frozen=True)
class Whole:
    """An integer within limits, the ends included."""

    low: int
    high: int

    def check(self, value: object, where: str) -> None:
        """Refuse another kind, and a number outside."""
        if type(value) is not int or not self.low <= value <= self.high:
            raise Refused(where, f"a whole number of {self.low} to {self.high}", quoted(value))


@dataclass(frozen=True)
class Number:
    """A number within limits, the ends included."""

    low: float
    high: float

    def check(self, value: object, where: str) -> None:
        """Refuse another kind, and a number outside."""
        if type(value) not in (int, float) or not self.low <= value <= self.high:
            raise Refused(where, f"a number from {self.low:g} to {self.high:g}", quoted(value))


@dataclass(frozen=True)
class Flag:
    """``true`` or ``false``."""

    def check(self, value: object, where: str) -> None:
        """Refuse anything else."""
        if type(value) is not bool:
            raise Refused(where, "true or false", quoted(value))


@dataclass(frozen=True)
class Several:
    """A list of ``least`` to ``most`` elements of one kind."""

    kind: object
    most: int
    least: int = 0

    def check(self, value: object, where: str) -> None:
        """Refuse another kind, too many or too few, and each element that is not right."""
        if not isinstance(value, list) or not self.least <= len(value) <= self.most:
            raise Refused(where, f"a list of {self.least} to {self.most}", quoted(value))
        for place, element in enumerate(value):
            self.kind.check(element, f"{where}[{place}]")


@dataclass(frozen=True)
class Plain:
    """Anything that JSON holds: what newer code says beside the rest."""

    def check(self, value: object, where: str) -> None:
        """Take it; the texts in it are checked with all others."""


@dataclass(frozen=True)
class Keys:
    """An object with these keys; ``others`` is the kind of further ones, none allowed without.

    ``optional`` are keys that may be missing.
    """

    fields: dict
    others: object | None = None
    optional: dict = field(default_factory=dict)

    def check(self, value: object, where: str) -> None:
        """Refuse another kind, a missing or further key, and each value that is not right."""
        if not isinstance(value, dict):
            raise Refused(where or "the record", "an object", quoted(value))
        for key, kind in self.fields.items():
            path = f"{where}.{key}" if where else key
            if key not in value:
                raise Refused(path, _expected(kind), "nothing: the field is missing")
            kind.check(value[key], path)
        for key in value.keys() - self.fields.keys():
            kind = self.optional.get(key, self.others)
            if kind is None:
                known = ", ".join([*self.fields, *self.optional])
                raise Refused(where or "the record", f"nothing but {known}", quoted(key))
            kind.check(value[key], f"{where}.{key}" if where else key)


def _expected(kind: object) -> str:
    """Return in words what a missing field should have been."""
    words = {Keys: "an object", Several: "a list", Flag: "true or false"}
    if isinstance(kind, Text):
        return kind.like
    return words.get(type(kind), "a number")
