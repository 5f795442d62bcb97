"""The numbers of a column as text, with as many digits as they can tell apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from isru_book.numbers import MINUS, MISSING, formatted

THIN = "\N{NARROW NO-BREAK SPACE}"  # between thousands
_MOST_DECIMALS = 6
_ALIKE = 1  # orders of magnitude within which numbers share their decimals
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_P_FLOOR = 0.001


@dataclass(frozen=True)
class Cell:
    """What a cell shows.

    Attributes
    ----------
    text : str
        An em dash for nothing.
    interval : str
        ``"11.0 to 13.9"``, or empty.
    unit : str
        Of this cell alone, where the rows of a column have several.
    """

    text: str
    interval: str = ""
    unit: str = ""

    @property
    def whole(self) -> str:
        """Everything as one text."""
        text = f"{self.text} ({self.interval})" if self.interval else self.text
        return f"{text}\N{NO-BREAK SPACE}{self.unit}" if self.unit else text


EMPTY = Cell(MISSING)
Writer = Callable[[float, float], str]


def number_cells(
    values: Sequence[float | None],
    ends: Sequence[tuple[float, float] | None],
    spec: str = "",
) -> list[Cell]:
    """Return the cells of a column of numbers.

    Parameters
    ----------
    values : sequence of float or None
        None, and what is no finite number, is shown by an em dash.
    ends : sequence of (float, float) or None
        The intervals; None for a number without.
    spec : str
        A format of Python, or ``"p"`` for probabilities. Without it whole numbers, and those of
        at most two digits, stay as they are; the others have two significant digits of their
        interval's width, or three of their own, and share their decimals where they are of
        similar size.
    """
    known = [value for value in values if is_number(value)]
    write = _writer(known, [pair for pair in ends if pair], spec)
    return [
        _cell(value, pair, write) if is_number(value) else EMPTY
        for value, pair in zip(values, ends, strict=True)
    ]


def _cell(value: float, pair: tuple[float, float] | None, write: Writer) -> Cell:
    """Return a number with its interval, which has the decimals of the number."""
    width = pair[1] - pair[0] if pair else 0.0
    interval = f"{write(pair[0], width)} to {write(pair[1], width)}" if pair else ""
    return Cell(write(value, width), interval)


def is_number(value: object) -> bool:
    """Return whether a value can be written as a number."""
    return isinstance(value, int | float) and math.isfinite(value)


def _writer(values: Sequence[float], ends: Sequence[tuple[float, float]], spec: str) -> Writer:
    """Return what writes a number of the column, beside the width of its interval."""
    if spec == "p":
        return lambda value, _: _probability(value)
    if spec:
        return lambda value, _: thin(formatted(value, spec))
    if all(float(value).is_integer() for value in [*values, *(x for pair in ends for x in pair)]):
        return lambda value, _: thin(formatted(int(value), ",d"))
    if not ends and all(float(f"{value:.2g}") == value for value in values):
        return lambda value, _: thin(formatted(float(value), ",.6g"))  # chosen, not measured
    decimals = shared_decimals(values, ends)
    return lambda value, width: _decimal(value, _own(width) if decimals is None else decimals)


def _own(width: float) -> int | None:
    """Return the decimals that the width of an interval allows, None for one without."""
    decimals = max(0, 1 - _order(width)) if width > 0 else None
    return None if decimals is not None and decimals > _MOST_DECIMALS else decimals


def thin(text: str) -> str:
    """Return a number with thin spaces between its thousands."""
    return text.replace(",", THIN)


def _probability(value: float) -> str:
    return f"<{THIN}{_P_FLOOR}" if value < _P_FLOOR else formatted(value, ".3f")


def shared_decimals(
    values: Sequence[float], ends: Sequence[tuple[float, float]] = ()
) -> int | None:
    """Return the decimals that all numbers of a column have, None if their sizes differ too much.

    Numbers of both signs are measured by the largest: those near 0 tell nothing more.
    """
    widths = [high - low for low, high in ends if high > low]
    needed = [1 - _order(width) for width in widths]
    sizes = [abs(value) for value in values if value]
    if not needed:
        mixed = any(value < 0 for value in values) and any(value > 0 for value in values)
        needed = [2 - _order(size) for size in ([max(sizes)] if mixed else sizes)]
    if not needed:
        return 0
    rounded = math.ceil if widths else math.floor
    decimals = max(0, rounded(median(needed)))
    if max(needed) - min(needed) > _ALIKE or decimals > _MOST_DECIMALS:
        return None
    return decimals


def _order(size: float) -> int:
    return math.floor(math.log10(size))


def _decimal(value: float, decimals: int | None) -> str:
    if decimals is not None:
        return thin(formatted(float(value), f",.{decimals}f"))
    if not value:
        return "0"
    decimals = 2 - _order(abs(value))
    if decimals > _MOST_DECIMALS or decimals < -_MOST_DECIMALS:
        return scientific(value)
    return thin(formatted(float(value), f",.{max(0, decimals)}f"))


def scientific(value: float) -> str:
    """Return a very small or large number as ``1.23 x 10^-7``, with true signs."""
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    power = str(int(exponent)).translate(_SUPERSCRIPT)
    return f"{mantissa.replace('-', MINUS)}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}10{power}"


def decimals_of(text: str) -> int | None:
    """Return how many digits follow the point, None for what is no plain number."""
    plain = text.replace(MINUS, "").replace(THIN, "").replace(".", "", 1)
    if not plain.isdecimal():
        return None
    return len(text.partition(".")[2])
