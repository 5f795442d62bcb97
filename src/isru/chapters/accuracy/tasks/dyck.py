"""Two kinds of brackets, nested at most four deep: what may come next?"""

from __future__ import annotations

import numpy as np

from isru.chapters.accuracy.tasks.entry import WIDER_RATES, Part, Split, Task, draws

KINDS, DEEPEST = 2, 4
_STEPS = 24
_SIZES = (600, 150, 400)


def bracket_words(rng: np.random.Generator, count: int, length: int) -> np.ndarray:
    """Return the beginnings of random well-formed words of brackets, shape (count, length).

    A bracket opens where none is open, closes where `DEEPEST` are, and else does either by the
    toss of a coin. Symbol k opens kind k, and symbol `KINDS` + k closes it.

    References
    ----------
    Hewitt, J. et al. (2020), RNNs can generate bounded hierarchical languages with optimal
    memory, EMNLP: the language Dyck-(k, m) with k = 2 and m = 4.
    """
    opens, kinds = rng.random((count, length)) < 0.5, rng.integers(0, KINDS, (count, length))
    words, depth = np.empty((count, length), int), np.zeros(count, int)
    stack, rows = np.zeros((count, DEEPEST + 1), int), np.arange(count)
    for t in range(length):
        up = (depth == 0) | ((depth < DEEPEST) & opens[:, t])
        words[:, t] = np.where(up, kinds[:, t], KINDS + stack[rows, depth])
        depth += np.where(up, 1, -1)
        stack[rows[up], depth[up]] = kinds[up, t]
    return words


def split(seed: int) -> Split:
    """Return words of three parts, one-hot; the target of a step is the next symbol."""
    words = bracket_words(draws(seed), sum(_SIZES), _STEPS + 1)
    hot = np.eye(2 * KINDS, dtype=np.float32)
    parts = np.split(words, np.cumsum(_SIZES)[:2])
    return Split(*(Part(hot[part[:, :-1]], part[:, 1:]) for part in parts))


DYCK = Task(
    name="dyck",
    label="brackets",
    split=split,
    units=16,
    loss="cross_entropy",
    epochs=20,
    batch=32,
    classes=2 * KINDS,
    rates=WIDER_RATES,
    sequences=True,
    overlap=0,
    about=(
        "Predict the next bracket of a word with two kinds of brackets, nested up to four deep. A "
        "device that checks messages with nested fields, or commands within commands, has to "
        "remember in this way."
    ),
    source="generated: the language Dyck-(2, 4) (Hewitt et al. 2020)",
)
