"""Does it matter which framework trains? The same forecaster from NumPy and from Keras.

Both start from the same weights and see the same batches in the same order, so that networks are
paired by seed over frameworks as over activations. A row also holds the time of its training.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd
from threadpoolctl import threadpool_limits

from isru.keras_bridge import load_tensorflow, train_keras
from isru.lstm import History, train
from isru.lstm.inputs import check_choice
from isru.stats import groups
from isru.studies import forecaster
from isru.studies.forecaster import fit, scores, windows_of
from isru.sweep import run_sweep

TRAINERS: dict[str, Callable[..., History]] = {"numpy": train, "keras": train_keras}
ACTIVATIONS_TRAINED = ("tanh", "isru")
_KEYS = ["framework", "arm", "units"]
# What is changed, from what to what; what stays is the other.
_CHANGES = {"framework": ("numpy", "keras"), "arm": ACTIVATIONS_TRAINED}


@dataclass(frozen=True)
class FrameworkCase(forecaster.Case):
    """One training run by a framework; see `isru.studies.forecaster.Case`.

    Parameters
    ----------
    framework : {"numpy", "keras"}
    """

    framework: str = "numpy"

    def __post_init__(self):
        super().__post_init__()
        check_choice("framework", self.framework, TRAINERS)


@threadpool_limits.wrap(limits=1)
def framework_row(case: FrameworkCase) -> dict:
    """Train one network by its framework, and say how good it is and how long that took.

    Returns
    -------
    dict
        ``framework``, ``arm``, ``units``, ``seed``, ``learning_rate``; ``epochs`` made,
        ``diverged``; the test part's ``skill`` over persistence in %; and ``seconds`` from the
        network's starting weights to the best ones, validation after each epoch included, and in
        Keras the making of its graphs.
    """
    if case.framework == "keras":
        load_tensorflow()
    network = case.build(windows_of(case).train.inputs.shape[2])
    start = time.perf_counter()
    history, diverged = fit(network, case, trainer=TRAINERS[case.framework])
    seconds = time.perf_counter() - start
    names = ("framework", "arm", "units", "seed", "learning_rate")
    return {name: getattr(case, name) for name in names} | {
        "epochs": len(history.training_loss),
        "diverged": diverged,
        "skill": scores(network, case)["skill"],
        "seconds": seconds,
    }


def train_by_frameworks(cases: Iterable[FrameworkCase], **where) -> pd.DataFrame:
    """Train one network after another, since each is timed.

    Parameters
    ----------
    cases : iterable of FrameworkCase
    **where
        ``cache``, ``fresh``, ``progress``: see `isru.sweep.run_sweep`.

    Returns
    -------
    pandas.DataFrame
        The rows of `framework_row`.
    """
    return run_sweep(framework_row, cases, timed=True, **where)


def by_framework(rows: pd.DataFrame) -> pd.DataFrame:
    """Return skill and time for each framework, activation and size.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `train_by_frameworks`.

    Returns
    -------
    pandas.DataFrame
        ``framework``, ``arm``, ``units``, ``n`` seeds, the mean ``skill`` (%), its ``sd`` over
        the seeds (missing for one), and of ``epochs`` and ``seconds`` the medians.
    """
    grouped = rows.groupby(_KEYS, sort=False)
    return grouped.agg(
        n=("seed", "size"),
        skill=("skill", "mean"),
        sd=("skill", "std"),
        epochs=("epochs", "median"),
        seconds=("seconds", "median"),
    ).reset_index()


def framework_differences(rows: pd.DataFrame) -> pd.DataFrame:
    """Return by how much the skill changes with the framework, and with the activation.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `train_by_frameworks`.

    Returns
    -------
    pandas.DataFrame
        ``changed`` ("framework": Keras minus NumPy, "arm": ISRU minus tanh), ``within`` (the
        activation or the framework that stays), ``units``, ``n`` pairs, ``mean`` difference (pp)
        and the ``largest`` one in size.
    """
    found = []
    for changed, (first, second) in _CHANGES.items():
        stays = next(name for name in _CHANGES if name != changed)
        for group, part in groups(rows, [stays, "units"], sort=False):
            wide = part.pivot(index="seed", columns=changed, values="skill")
            change = (wide[second] - wide[first]).dropna()
            row = {"changed": changed, "within": group[stays], "units": group["units"]}
            numbers = {"mean": change.mean(), "largest": change.abs().max()}
            found.append(row | {"n": len(change)} | numbers)
    return pd.DataFrame(found)
