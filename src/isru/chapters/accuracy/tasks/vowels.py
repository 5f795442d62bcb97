"""Who speaks? Nine men, one pair of vowels each time."""

from __future__ import annotations

import numpy as np

from isru.chapters.accuracy.tasks.entry import WIDER_RATES, Part, Split, Task, draws, in_three
from isru.data.sequences import japanese_vowels

_TRAIN, _VALIDATION = 270, 80


def split(seed: int) -> Split:
    """Return the utterances in three parts; shorter ones begin with zeros.

    The unit of a coefficient is that of the training part's frames, zeros left out.
    """
    utterances, speakers = japanese_vowels()
    rows = in_three(len(utterances), (_TRAIN, _VALIDATION), draws(seed))
    frames = np.concatenate([utterances[row] for row in rows[0]])
    mean, scale = frames.mean(0), frames.std(0)
    inputs = np.zeros((len(utterances), max(map(len, utterances)), frames.shape[1]), np.float32)
    for row, utterance in enumerate(utterances):
        inputs[row, -len(utterance) :] = (utterance - mean) / scale
    return Split(*(Part(inputs[part], speakers[part]) for part in rows))


VOWELS = Task(
    name="vowels",
    label="vowels",
    split=split,
    units=16,
    loss="cross_entropy",
    epochs=40,
    batch=32,
    classes=9,
    overlap=0,
    rates=WIDER_RATES,
    about=(
        "Tell nine speakers apart by one utterance of two vowels, given as the course of 12 "
        "cepstrum coefficients. A lock, a toy or a hearing aid that knows its owner's voice does "
        "this."
    ),
    source="Japanese vowels (UCI 128; Kudo, Toyama and Shimbo 1999), CC BY 4.0",
)
