"""Which exercise? A watch on the arm, and people that the network never saw."""

from __future__ import annotations

from functools import cache

import numpy as np

from isru.chapters.accuracy.tasks.entry import Part, Split, Task, draws, standardised
from isru.data.sequences import watch_recordings

_TOGETHER = 5  # samples in one mean: 10 a second are left of 50
_STEPS = 20  # two seconds
_SUBJECTS = (5, 2, 3)  # that train, validate, test


@cache
def windows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return windows (N, T, 6), one after the other, with their exercises and subjects."""
    recordings, exercises, subjects = watch_recordings()
    cut = [_cut(recording) for recording in recordings]
    counts = [len(part) for part in cut]
    return np.concatenate(cut), np.repeat(exercises, counts), np.repeat(subjects, counts)


def _cut(recording: np.ndarray) -> np.ndarray:
    """Return the windows of a recording; what does not fill one at its end is left out."""
    count, features = len(recording) // (_TOGETHER * _STEPS), recording.shape[1]
    used = recording[: count * _STEPS * _TOGETHER]
    return used.reshape(count, _STEPS, _TOGETHER, features).mean(2)


def split(seed: int) -> Split:
    """Return the windows in three parts: nobody is in two of them."""
    inputs, exercises, subjects = windows()
    people = draws(seed).permutation(np.unique(subjects))
    tested, validated, trained = np.split(people, np.cumsum(_SUBJECTS[::-1])[:2])
    rows = [np.isin(subjects, part) for part in (trained, validated, tested)]
    parts = standardised(*(inputs[row] for row in rows))
    return Split(*(Part(x, exercises[row]) for x, row in zip(parts, rows, strict=True)))


WATCH = Task(
    name="watch",
    label="watch",
    split=split,
    units=16,
    loss="cross_entropy",
    epochs=12,
    batch=32,
    classes=7,
    overlap=_SUBJECTS[2] / _SUBJECTS[0],
    about=(
        "Tell seven shoulder exercises apart by two seconds of a watch's accelerometer and "
        "gyroscope, on people that the network never saw. Watches, tools and machines that know "
        "what they are doing run such a network on the sensor's own microcontroller."
    ),
    source="shoulder exercises from seglearn (Burns et al. 2018), BSD-3",
)
