"""Does a character model learn as fast with ISRU as with tanh? One configuration -> one row.

A stack of LSTM layers reads a text and predicts each next character. Every arm starts from the
same weights and reads the same windows in the same order when the seed is the same; after equally
many updates the held-out loss is compared by pairs.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from isru.chapters.characters.model import CharacterModel
from isru.data.text import KJV, Alphabet, Parts, read_text, split
from isru.lstm.inputs import check_choice
from isru.stats import bootstrap_interval, groups, mean_interval
from isru.studies.arms import ARMS, CORE
from isru.studies.paired import BASELINE
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


RATES = ("low", "middle", "high")
OWN = "own"  # the rate that the validation part chose for the arm


def plan(
    *,
    layers: Sequence[int],
    units: Sequence[int],
    swept_layers: Sequence[int],
    swept_units: Sequence[int],
    rates: Mapping[str, float],
    seeds: Sequence[int],
    more_seeds: int = 0,
    text: str = KJV,
    characters: int = 0,
    **common: object,
) -> list[Case]:
    """Return what to train: every size at the middle rate, the swept sizes at all rates.

    tanh, ISRU and the identity with all seeds; with ``more_seeds`` the exp-free network, too, at
    the middle rate.

    Parameters
    ----------
    layers, units, swept_layers, swept_units : sequence of int
    rates : dict
        Learning rate of each of `RATES`.
    seeds : sequence of int
    more_seeds : int
    text, characters
        See `isru.data.text.read_text`.
    **common
        Further fields of every `Case`.

    Raises
    ------
    ValueError
        If the rates do not rise from low to high.
    """
    given = [rates[name] for name in RATES]
    if not given[0] < given[1] < given[2]:
        raise ValueError(f"expected rates that rise from low to high, got {given}")
    sizes = {(depth, width): ("middle",) for depth in layers for width in units}
    sizes |= {(depth, width): RATES for depth in swept_layers for width in swept_units}
    content = hashlib.sha256(read_text(text, characters).encode()).hexdigest()
    common |= {"text": text, "characters": characters, "content": content}
    found = []
    for (depth, width), names in sorted(sizes.items()):
        for name in names:
            for arm in COMPARED:
                more = more_seeds if name == "middle" else 0
                for seed in seeds[: len(seeds) if arm in CORE else more]:
                    found.append(Case(arm, depth, width, seed, rates[name], **common))
    return found


def with_own_rates(rows: pd.DataFrame, rates: Mapping[str, float]) -> pd.DataFrame:
    """Name each row's rate, and repeat rows of the rate that suits the arm best as ``"own"``.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `quality`.
    rates : dict
        As for `plan`.

    Returns
    -------
    pandas.DataFrame
        With a column ``rate``. The own rate of an arm and size has the lowest mean validation
        bits; only sizes trained at all rates have one.
    """
    names = {value: name for name, value in rates.items()}
    rows = rows.assign(rate=rows["learning_rate"].map(names))
    own = []
    for _, part in rows.groupby(["network", "arm"]):
        means = part.groupby("rate")["validation_bits"].mean()
        if len(means) == len(RATES):
            own.append(part[part["rate"] == means.idxmin()].assign(rate=OWN))
    return pd.concat([rows, *own], ignore_index=True)


def differences(rows: pd.DataFrame) -> pd.DataFrame:
    """Return by how many % each arm's test loss exceeds the baseline's, seed by seed.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `with_own_rates`.

    Returns
    -------
    pandas.DataFrame
        Columns metric (``"loss"``), units (the condition, such as ``"2x32_middle"``), arm, seed,
        difference: what `isru.studies.paired.compare` takes.
    """
    keys = ["network", "rate", "seed"]
    base = rows[rows["arm"] == BASELINE].set_index(keys)["test_bits"]
    others = rows[rows["arm"] != BASELINE]
    pairs = others.join(base.rename("base"), on=keys, how="inner")
    return pd.DataFrame(
        {
            "metric": "loss",
            "units": pairs["network"] + "_" + pairs["rate"],
            "arm": pairs["arm"],
            "seed": pairs["seed"],
            "difference": 100.0 * (pairs["test_bits"] / pairs["base"] - 1.0),
        }
    ).reset_index(drop=True)


def over_rates(rows: pd.DataFrame) -> pd.DataFrame:
    """Return by how many % each arm's test loss exceeds the baseline's, over learning rates.

    A pair is a seed: its difference is the mean of those at each rate at which both arms were
    trained, so that no rate is chosen, and none counts twice. A diverged network counts with its
    last good weights.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `with_own_rates`; the arms' own rates, which repeat others, are left out.

    Returns
    -------
    pandas.DataFrame
        ``network``, ``arm``, ``n`` pairs, ``rates`` (how many), the mean ``difference`` in %
        with the ends ``low`` and ``high`` of its 95 % interval by Student's t, and ``diverged``:
        how many of the arm's networks did.
    """
    trained = rows[rows["rate"] != OWN]
    pairs = differences(trained)
    pairs[["network", "rate"]] = pairs["units"].str.split("_", expand=True)
    found = []
    for group, part in groups(pairs, ["network", "arm"]):
        by_seed = part.pivot(index="seed", columns="rate", values="difference").dropna()
        own = (trained["network"] == group["network"]) & (trained["arm"] == group["arm"])
        found.append(
            group
            | {"n": len(by_seed), "rates": len(by_seed.columns)}
            | mean_interval(by_seed.mean(axis=1)).columns("difference")
            | {"diverged": int(trained.loc[own, "diverged"].sum())}
        )
    return pd.DataFrame(found)


def curves(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the learning curves: one line a run and point, updates and validation bits.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `with_own_rates`.
    """
    names = ["network", "rate", "arm", "seed"]
    lines = [
        {name: getattr(row, name) for name in names} | {"updates": updates, "bits": bits}
        for row in rows.itertuples()
        if row.rate != OWN
        for updates, bits in row.curve
    ]
    return pd.DataFrame(lines, columns=[*names, "updates", "bits"])


def mean_bits(rows: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return the mean test loss of each arm, network and rate over the seeds.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `with_own_rates`.
    rng : numpy.random.Generator
        For the bootstrap intervals.

    Returns
    -------
    pandas.DataFrame
        Columns arm, network, rate, n, ``bits`` with its ends ``low`` and ``high``, ``sd`` (of the
        seeds, in % of the mean) and ``learning_rate``.
    """
    found = []
    for group, part in groups(rows, ["arm", "network", "rate"]):
        mean = bootstrap_interval(part["test_bits"], statistic="mean", rng=rng)
        sd = 100 * float(part["test_bits"].std() / mean.estimate)
        rate = float(part["learning_rate"].iloc[0])
        about = {"sd": sd, "learning_rate": rate}
        found.append(group | {"n": len(part)} | mean.columns("bits") | about)
    return pd.DataFrame(found)
