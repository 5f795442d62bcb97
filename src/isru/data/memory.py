"""Sequences with something to remember, made up: the adding and the copy problem."""

from __future__ import annotations

import numpy as np

BLANK, CUE = 0, 1
"""Symbols of the copy problem; those to remember follow."""


def adding(rng: np.random.Generator, count: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return sequences of random numbers, two of them marked, and the marked ones' sum.

    Parameters
    ----------
    rng : numpy.random.Generator
    count, steps : int
        B and T, T at least 2.

    Returns
    -------
    x : ndarray of float32, shape (B, T, 2)
        Numbers from 0 to 1, and marks: a 1 at one step of the first half and one of the second.
    target : ndarray of float32, shape (B, 1)
        Whoever answers 1, the mean, has an expected squared error of 1/6.

    References
    ----------
    Hochreiter, S. and Schmidhuber, J. (1997), Long short-term memory, Neural Computation 9,
    experiment 4, here with numbers from 0 to 1 and sequences of one length.
    """
    _check_least("steps", steps, 2)
    x = np.zeros((count, steps, 2), np.float32)
    x[:, :, 0] = rng.random((count, steps))
    rows, half = np.arange(count), steps // 2
    for places in (rng.integers(0, half, count), rng.integers(half, steps, count)):
        x[rows, places, 1] = 1.0
    return x, (x[:, :, 0] * x[:, :, 1]).sum(axis=1, keepdims=True)


def copying(
    rng: np.random.Generator, count: int, delay: int, *, length: int = 3, symbols: int = 4
) -> tuple[np.ndarray, np.ndarray]:
    """Return sequences of a few symbols, a delay, a cue, and what to answer at every step.

    Parameters
    ----------
    rng : numpy.random.Generator
    count : int
        B.
    delay : int
        Steps from the last symbol to the first answer, at least 1; the cue stands at the last
        of them.
    length, symbols : int
        How many symbols to remember, and how many there are; both at least 1.

    Returns
    -------
    x, target : ndarray of int, shape (B, delay + 2 length)
        `BLANK`, `CUE`, and symbols from 2 to ``symbols + 1``. The target is `BLANK` but for the
        last ``length`` steps, which repeat the symbols in their order.

    References
    ----------
    Arjovsky, M., Shah, A. and Bengio, Y. (2016), Unitary evolution recurrent neural networks,
    ICML, section 5.1.
    """
    for name, value in (("delay", delay), ("length", length), ("symbols", symbols)):
        _check_least(name, value, 1)
    x = np.full((count, delay + 2 * length), BLANK)
    target = x.copy()
    x[:, :length] = target[:, -length:] = rng.integers(2, symbols + 2, (count, length))
    x[:, length + delay - 1] = CUE
    return x, target


def _check_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise ValueError(f"{name}: expected at least {least}, got {value!r}")
