"""What a character model must beat: counts of character sequences, and file compressors."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Sequence

import numpy as np

_COMPRESSORS = {
    "gzip": lambda content: gzip.compress(content, 9, mtime=0),
    "bz2": lambda content: bz2.compress(content, 9),
    "xz": lambda content: lzma.compress(content, preset=9 | lzma.PRESET_EXTREME),
}


def ngram_bits(
    training: np.ndarray, text: np.ndarray, symbols: int, orders: Sequence[int]
) -> dict[int, float]:
    """Return the bits per character that counted character sequences spend on a text.

    Order n predicts from the n characters before, by Witten and Bell's interpolation: with
    ``N(h)`` how often the context h was followed by anything, ``N(h c)`` by c, and ``T(h)`` by
    how many different characters,

    ``p(c | h) = (N(h c) + T(h) p(c | h')) / (N(h) + T(h))``,

    h' being h without its first character; below order 0 all symbols are equally likely.

    Parameters
    ----------
    training, text : ndarray of int
        Symbols from 0. The text's first ``max(orders)`` characters are not counted.
    symbols : int
        Size of the alphabet.
    orders : sequence of int
        0 or more each.

    Returns
    -------
    dict
        Order -> bits per character.

    Raises
    ------
    ValueError
        If an order is negative, or so high that a sequence does not fit 63 bits; or the text is
        no longer than the highest order.

    References
    ----------
    Witten, I. H. and Bell, T. C. (1991), The zero-frequency problem, IEEE Transactions on
    Information Theory 37 (4), DOI 10.1109/18.87000, method C; interpolated as in Chen, S. F. and
    Goodman, J. (1999), DOI 10.1006/csla.1999.0128, section 2.4.
    """
    highest = max(orders)
    fits = int(63 * np.log(2) / np.log(max(symbols, 2))) - 1
    if min(orders) < 0 or highest > fits or len(text) <= highest:
        raise ValueError(
            f"orders: expected numbers from 0 to {min(fits, len(text) - 1)} for {symbols} symbols "
            f"and {len(text)} characters, got {list(orders)}"
        )
    p = np.full(len(text) - highest, 1.0 / symbols)
    bits = {}
    for order in range(highest + 1):
        known, counts = np.unique(_codes(training, order + 1, symbols), return_counts=True)
        contexts, first = np.unique(known // symbols, return_index=True)
        followed = np.add.reduceat(counts, first)
        kinds = np.diff(np.append(first, len(known)))
        wanted = _codes(text[highest - order :], order + 1, symbols)
        joint = _look_up(known, counts, wanted)
        n, t = (_look_up(contexts, array, wanted // symbols) for array in (followed, kinds))
        seen = n > 0
        p[seen] = (joint[seen] + t[seen] * p[seen]) / (n[seen] + t[seen])
        if order in orders:
            bits[order] = float(-np.mean(np.log2(p)))
    return bits


def _codes(symbols: np.ndarray, length: int, base: int) -> np.ndarray:
    """Return a number for each sequence of `length` symbols, the last one the lowest digit."""
    count = len(symbols) - length + 1
    codes = np.zeros(count, np.int64)
    for place in range(length):
        codes = codes * base + symbols[place : place + count]
    return codes


def _look_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the values of the wanted keys, 0 where there is none."""
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0)


def compressed_bits(training: str, text: str) -> dict[str, float]:
    """Return the bits per character that each compressor adds for a text after the training part.

    The size of both parts compressed as one, less that of the training part alone. gzip looks
    back no further than 32 KiB, bz2 no further than its block of 900 kB.

    Parameters
    ----------
    training, text : str
    """
    before, both = training.encode(), (training + text).encode()
    return {
        name: 8.0 * (len(compress(both)) - len(compress(before))) / len(text)
        for name, compress in _COMPRESSORS.items()
    }
