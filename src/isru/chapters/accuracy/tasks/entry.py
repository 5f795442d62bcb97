"""What a task is: data for each seed, how to train on them, and what they stand for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

RATES = (0.005, 0.01, 0.02, 0.05)
"""The learning rates among which a seed's validation part chooses."""
WIDER_RATES = (*RATES, 0.1)
"""Those of tasks for which more than a quarter of the pilots' seeds chose the usual end."""


class Part(NamedTuple):
    """Sequences and what to answer.

    Attributes
    ----------
    inputs : ndarray of float32, shape (N, T, F); or of int, shape (N, T)
        Integers are symbols, which the network sees one-hot.
    targets : ndarray
        Classes as int of shape (N,), or (N, T) for one a step; real targets as float32 of
        shape (N, 1).
    """

    inputs: np.ndarray
    targets: np.ndarray


class Split(NamedTuple):
    """The parts of a task's data for one seed; no sequence is in two of them."""

    train: Part
    validation: Part
    test: Part


@dataclass(frozen=True)
class Task:
    """A task for a small recurrent network.

    Attributes
    ----------
    name, label : str
        In tables, and in words.
    split : callable
        Seed -> `Split`; the same seed gives the same split.
    units : int
        Of the network at full size.
    loss : str
        ``"cross_entropy"`` (mean, in nats), or ``"log_mse"``, the log of the mean squared error.
    epochs, batch : int
        How long to train, and on how many sequences at once.
    classes : int
        0 for real targets.
    overlap : float
        Sequences for testing to those for training where each seed splits the same subjects: the
        seeds' results are then alike, and their variance is to be corrected (Nadeau and Bengio
        2003, Inference for the generalization error, Machine Learning 52). 0 for no correction.
    about : str
        Two sentences: what it is, and why someone with a microcontroller would meet it.
    source : str
        Where the data come from, with their licence.
    sequences : bool
        Whether there is a target a step.
    rates : tuple of float
        The learning rates to choose from.
    """

    name: str
    label: str
    split: Callable[[int], Split]
    units: int
    loss: str
    epochs: int
    batch: int
    classes: int
    overlap: float
    about: str
    source: str
    sequences: bool = False
    rates: tuple[float, ...] = RATES


def draws(seed: int) -> np.random.Generator:
    """Return what draws the data or the split of a seed; weights and order have others."""
    return np.random.default_rng([seed, 5])


def in_three(count: int, sizes: tuple[int, int], rng: np.random.Generator) -> list[np.ndarray]:
    """Return the rows of three parts, drawn without repetition; the last part has the rest."""
    return np.split(rng.permutation(count), np.cumsum(sizes))


def standardised(train: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """Return sequences with each feature's mean and deviation in the training part made 0 and 1.

    Parameters
    ----------
    train, others : ndarray, shape (N, T, F)
    """
    mean, deviation = train.mean((0, 1)), train.std((0, 1))
    scale = np.where(deviation > 0, deviation, 1)
    return [((part - mean) / scale).astype(np.float32) for part in (train, *others)]
