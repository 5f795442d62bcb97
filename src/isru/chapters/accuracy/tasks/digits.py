"""Which digit? An image of 8 by 8 pixels, read row by row."""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from isru.chapters.accuracy.tasks.entry import WIDER_RATES, Part, Split, Task, draws, in_three
from isru.notes import note_read

_FILE = "sklearn/datasets/data/digits.csv.gz"
_TRAIN, _VALIDATION = 900, 200
_MIDDLE = 0.3  # near the mean ink of a pixel


@cache
def _images() -> tuple[np.ndarray, np.ndarray]:
    package = find_spec("sklearn").submodule_search_locations[0]  # importing it takes a second
    content = Path(package).parent.joinpath(_FILE).read_bytes()
    note_read(_FILE, hashlib.sha256(content).hexdigest())
    table = np.loadtxt(gzip.decompress(content).decode().splitlines(), delimiter=",", dtype=int)
    images = table[:, :-1].reshape(-1, 8, 8) / 16 - _MIDDLE
    return images.astype(np.float32), table[:, -1]


def split(seed: int) -> Split:
    """Return the images in three parts; a step is a row of 8 pixels."""
    images, classes = _images()
    rows = in_three(len(images), (_TRAIN, _VALIDATION), draws(seed))
    return Split(*(Part(images[part], classes[part]) for part in rows))


DIGITS = Task(
    name="digits",
    label="digits",
    split=split,
    units=16,
    loss="cross_entropy",
    epochs=30,
    batch=32,
    classes=10,
    rates=WIDER_RATES,
    overlap=0,
    about=(
        "Tell handwritten digits of 8 x 8 pixels apart, read row by row. A line camera that reads "
        "meters, labels or parts on a belt sees its pictures in this way."
    ),
    source="scikit-learn's digits (UCI 80; Alpaydin and Kaynak 1998), CC BY 4.0",
)
