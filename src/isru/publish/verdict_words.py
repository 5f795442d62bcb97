"""A verdict's word as a sentence has it, on a page and in the terminal."""

from __future__ import annotations

_FACTORS = {"dtype": "precision", "against": "rival"}  # by their names in claims.yml


def listed(word: str) -> str:
    """Return a verdict as a sentence has it.

    Examples
    --------
    >>> listed("depends on form and dtype and units")
    'depends on form, precision and units'
    """
    verdict, on, factors = word.partition(" on ")
    names = [_FACTORS.get(name, name) for name in factors.split(" and ")]
    *first, last = names
    return verdict + on + (f"{', '.join(first)} and {last}" if first else last)
