"""Handwritten digits read row by row: is a classifier as accurate with ISRU as with tanh?

The images are scikit-learn's, or MNIST's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from isru.data.images import MNIST_TRAINING
from isru.data.images import read_images as read_all
from isru.lstm import LSTMNetwork
from isru.lstm.inputs import check_choice
from isru.studies.arms import ARMS, CORE
from isru.studies.forecaster import fit_parts
from isru.studies.paired import BASELINE, METRICS, compare

IMAGES = ("digits", "mnist")
_DIGITS_PARTS = (1097, 200)  # training and validation; the other 500 test
_SHUFFLE = 0  # seed of the one cut that every network sees
_MNIST_VALIDATION = 5000


@dataclass(frozen=True)
class Images:
    """Three parts, each (x, classes): x (n, T, F) of float32 in [0, 1], classes (n,)."""

    train: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]


def read_images(name: str) -> Images:
    """Return the images, cut in three; the same cut every time.

    scikit-learn's 1797 digits of 8 x 8 lie in its package. They stand in the order of their
    writers and are shuffled, so that each part has all of them. MNIST's 70 000 of 28 x 28 come
    with a test part; they are fetched once, or taken from where an earlier fetch left them.

    Parameters
    ----------
    name : {"digits", "mnist"}

    Raises
    ------
    ValueError
        For another name, or a file of MNIST that is not the known one.
    FileNotFoundError
        If MNIST neither lies here nor can be fetched; the message says where to put it.
    """
    if name not in IMAGES:
        raise ValueError(f"images: expected one of {IMAGES}, got {name!r}")
    return _digits() if name == "digits" else _mnist()


def _digits() -> Images:
    x, classes = read_all("digits")
    order = np.random.default_rng(_SHUFFLE).permutation(len(x))
    parts = np.split(order, np.cumsum(_DIGITS_PARTS))
    return Images(*((x[part], classes[part]) for part in parts))


def _mnist() -> Images:
    x, classes = read_all("mnist")
    cuts = [MNIST_TRAINING - _MNIST_VALIDATION, MNIST_TRAINING]
    return Images(*zip(np.split(x, cuts), np.split(classes, cuts), strict=True))


MARGIN = METRICS["accuracy"].margin


@dataclass(frozen=True)
class DigitsCase:
    """One training run.

    Parameters
    ----------
    arm : str
        One of `isru.studies.arms.CORE`.
    units, seed : int
        Cells of the layer; seed of initial weights and of the order of the images.
    learning_rate : float
        Of Adam.
    epochs, patience, batch_size : int
    images : str
        A name in `IMAGES`.
    """

    arm: str
    units: int
    seed: int
    learning_rate: float = 0.02
    epochs: int = 20
    patience: int = 5
    batch_size: int = 64
    images: str = "digits"

    def __post_init__(self):
        check_choice("arm", self.arm, CORE)
        check_choice("images", self.images, IMAGES)


@threadpool_limits.wrap(limits=1)
def accuracy_row(case: DigitsCase) -> dict:
    """Train one classifier, compiled, on one thread and say how good it is.

    Returns
    -------
    dict
        arm, units, seed; best_epoch; diverged; ``accuracy`` on the test images in %.
    """
    images = _images(case.images)
    network = LSTMNetwork(
        images.train[0].shape[2],
        case.units,
        10,
        **ARMS[case.arm].settings(),
        engine="numba",
        rng=np.random.default_rng([case.seed, 0]),
    )
    learning = {"loss": "cross_entropy", "clip_norm": 1.0}
    history, diverged = fit_parts(network, case, images.train, images.validation, **learning)
    x, classes = images.test
    found = network.predict(x).argmax(axis=1)
    return {
        "arm": case.arm,
        "units": case.units,
        "seed": case.seed,
        "best_epoch": history.best_epoch,
        "diverged": diverged,
        "accuracy": 100.0 * float(np.mean(found == classes)),
    }


def digits_cases(units: Sequence[int], seeds: int, first_seed: int, **settings) -> list[DigitsCase]:
    """Return the cases: every arm with equal seeds, for each size."""
    return [
        DigitsCase(arm, size, first_seed + k, **settings)
        for size in units
        for k in range(seeds)
        for arm in CORE
    ]


def digit_pairs(rows: pd.DataFrame) -> pd.DataFrame:
    """Return arm minus tanh in accuracy, by seed: columns units, arm, seed, difference (pp)."""
    wide = rows.pivot(index=["units", "seed"], columns="arm", values="accuracy")
    others = [arm for arm in CORE if arm != BASELINE]
    change = wide[others].sub(wide[BASELINE], axis=0)
    return change.stack().rename("difference").reset_index()


def compare_digits(pairs: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Test every arm against tanh: equivalent within the margin, or different.

    Parameters
    ----------
    pairs : pandas.DataFrame
        From `digit_pairs`.
    rng : numpy.random.Generator
        For the bootstrap intervals.

    Returns
    -------
    pandas.DataFrame
        Columns of `isru.studies.paired.compare` without metric and median; the margin is that
        of the accuracy, and ``p_holm`` is adjusted for the sizes of an arm.
    """
    table = compare(pairs.assign(metric="accuracy"), rng=rng)
    return table.drop(columns=["metric", "median"])


@lru_cache(maxsize=1)
def _images(name: str) -> Images:
    return read_images(name)
