"""Values as messages show them."""

from __future__ import annotations

import reprlib


def shortened(value: object) -> str:
    """Return a value as Python writes it, cut where it would fill the screen."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = short.maxlong = 60
    short.maxlevel = 3
    try:
        return short.repr(value)
    except ValueError:  # Python writes no integer of more than some thousand digits
        return "an integer of very many digits"
