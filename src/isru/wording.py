"""Values and numbers as messages and the book write them."""

from __future__ import annotations

import reprlib

MINUS = "\N{MINUS SIGN}"


def shortened(value: object) -> str:
    """Return a value as Python writes it, cut where it would fill the screen."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = short.maxlong = 60
    short.maxlevel = 3
    try:
        return short.repr(value)
    except ValueError:  # Python writes no integer of more than some thousand digits
        return "an integer of very many digits"


class CannotShow(Exception):
    """A value that cannot be shown; the message says what was expected."""


def formatted(value: object, spec: str = "") -> str:
    """Return one value as text, with a true minus sign; a word or a truth value as a word.

    Without ``spec`` a float has three significant digits.

    Raises
    ------
    CannotShow
        If the value takes no such format.
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        if spec:
            raise CannotShow(f"the value is the text {value!r}, it takes no format {spec!r}")
        return value
    if not spec:
        spec = ",d" if isinstance(value, int) else ".3g"
    try:
        text = format(value, spec)
    except (TypeError, ValueError) as error:
        raise CannotShow(f"{value!r} cannot be written as {spec!r}: {error}") from None
    if text.startswith("-") and not any(digit in text for digit in "123456789"):
        text = text[1:]
    return text.replace("-", MINUS)
