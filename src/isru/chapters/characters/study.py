"""Does a character model learn as fast with ISRU as with tanh? One configuration -> one row.

A stack of LSTM layers reads a text and predicts each next character. Every arm starts from the
same weights and reads the same windows in the same order when the seed is the same; after equally
many updates the held-out loss is compared by pairs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from isru.chapters.characters.model import CharacterModel
from isru.data.text import KJV, Alphabet, Parts, read_text, split
from isru.lstm.inputs import check_choice
from isru.studies.arms import ARMS
from isru.sweep import run_sweep

COMPARED = ("tanh", "isru", "exp_free", "identity")
_VALIDATION, _TEST = 0.05, 0.1  # shares of the text
_POINTS = 9  # of a learning curve, each at sqrt(2) times the updates of the one before


@dataclass(frozen=True)
class Case:
    """One training run.

    Parameters
    ----------
    arm : str
        One of `COMPARED`.
    layers, units, seed : int
        Stacked layers, cells of each; seed of the weights and of where in the text to begin.
    learning_rate : float
        Of Adam.
    updates, window, batch : int
        See `isru.chapters.characters.model.CharacterModel`.
    text : str
    characters : int
        See `isru.data.text.read_text`.
    engine : {"numba", "numpy"}
    content : str
        SHA-256 of the text, so that no finished row of another text is taken for this one's.
    """

    arm: str
    layers: int
    units: int
    seed: int
    learning_rate: float = 1e-2
    updates: int = 1500
    window: int = 100
    batch: int = 1
    text: str = KJV
    characters: int = 200_000
    engine: str = "numba"
    content: str = ""

    def __post_init__(self):
        check_choice("arm", self.arm, COMPARED)

    @property
    def network(self) -> str:
        """Return layers x units, such as ``"2x32"``."""
        return f"{self.layers}x{self.units}"


@threadpool_limits.wrap(limits=1)
def quality_row(case: Case) -> dict:
    """Train one network, on one thread, and say what it costs on the held-out parts.

    Returns
    -------
    dict
        ``arm``, ``network``, ``layers``, ``units``, ``seed``, ``learning_rate``; ``updates``
        made; ``diverged`` (a number was not finite, or the loss more than a bit above that of the
        untrained network: the weights of the last evaluation before count); ``validation_bits``
        and ``test_bits`` per character, at the end; ``curve``: pairs of updates and validation
        bits, from 0 on.
    """
    parts = load_parts(case.text, case.characters)[1]
    model, start = new_model(case)
    curve, kept, diverged = [], [], False
    for updates in _points(case.updates):
        try:
            model.train(parts.training, updates - model.updates, start=start)
            bits = model.bits_per_character(parts.validation)
        except FloatingPointError:
            bits = math.inf
        limit = curve[0][1] + 1 if curve else math.inf
        if not bits < limit:
            diverged = True
            break
        curve.append([updates, bits])
        kept.append(model.network.parameters.copy())
    made = model.updates
    limit = curve[0][1] + 1
    while True:
        model.network.parameters[...] = kept[-1]
        test_bits = model.bits_per_character(parts.test)
        if test_bits < limit or len(kept) == 1:
            break
        diverged = True
        kept.pop()
        curve.pop()
    names = ("arm", "network", "layers", "units", "seed", "learning_rate")
    return {name: getattr(case, name) for name in names} | {
        "updates": made,
        "diverged": diverged,
        "validation_bits": curve[-1][1],
        "test_bits": test_bits,
        "curve": curve,
    }


def _points(updates: int) -> list[int]:
    return sorted({0, *(round(updates * 2 ** (-k / 2)) for k in range(_POINTS))})


@lru_cache(maxsize=2)
def load_parts(text: str = KJV, characters: int = 0) -> tuple[Alphabet, Parts]:
    """Return a text's alphabet, that of all its parts, and the parts as symbols."""
    content = read_text(text, characters)
    alphabet = Alphabet.of(content)
    return alphabet, split(alphabet.encode(content), validation=_VALIDATION, test=_TEST)


def new_model(case: Case) -> tuple[CharacterModel, int]:
    """Return a case's model, untrained, and the window of the text that it begins with."""
    alphabet, parts = load_parts(case.text, case.characters)
    model = CharacterModel.new(
        alphabet,
        [case.units] * case.layers,
        activation=ARMS[case.arm].activation,
        recurrent_activation=ARMS[case.arm].gates,
        engine=case.engine,
        seed=(case.seed, 0),
        learning_rate=case.learning_rate,
        window=case.window,
        batch=case.batch,
    )
    windows = max((len(parts.training) // case.batch - 1) // case.window, 1)
    return model, int(np.random.default_rng((case.seed, 1)).integers(windows))


@threadpool_limits.wrap(limits=1)
def train_model(case: Case) -> CharacterModel:
    """Train a case's model to the end and return it, to be kept and sampled from."""
    model, start = new_model(case)
    model.train(load_parts(case.text, case.characters)[1].training, case.updates, start=start)
    return model


def quality(cases: Iterable[Case], **where: object) -> pd.DataFrame:
    """Train the networks of many cases, each on one thread.

    Parameters
    ----------
    cases : iterable of Case
    **where
        ``processes``, ``scheduler``, ``cache``, ``fresh``, ``progress``: see
        `isru.sweep.run_sweep`.

    Returns
    -------
    pandas.DataFrame
        The rows of `quality_row` in the order of ``cases``, the same wherever they are computed.
    """
    return run_sweep(quality_row, cases, **where)
