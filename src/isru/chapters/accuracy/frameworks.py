"""The same networks trained by Keras: what the framework changes, beside the activation."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from isru.chapters.accuracy.tasks import TASKS
from isru.chapters.accuracy.training import BASELINE, Case, train_arm
from isru.keras_bridge import train_keras
from isru.stats import mean_interval

ARMS = (BASELINE, "isru")
# Of each contrast: what is compared with what, as (framework, arm).
CONTRASTS = {
    "activation_numba": (("numba", "isru"), ("numba", BASELINE)),
    "activation_keras": (("keras", "isru"), ("keras", BASELINE)),
    "framework_tanh": (("keras", BASELINE), ("numba", BASELINE)),
    "framework_isru": (("keras", "isru"), ("numba", "isru")),
}


def train_case_in_keras(case: Case) -> dict:
    """Do as `isru.chapters.accuracy.training.train_case`, with TensorFlow between start and score.

    Starting weights, batches and their order are the same.
    """
    task = TASKS[case.task]
    split = task.split(case.seed)
    return train_arm(task, split, case.arm, case.seed, case.rates, train_keras)


def framework_differences(
    compiled: pd.DataFrame, keras: pd.DataFrame, half_cost: Mapping[str, float]
) -> pd.DataFrame:
    """Compare frameworks and activations on the same seeds, all in octaves of units.

    Parameters
    ----------
    compiled, keras : pandas.DataFrame
        Rows of the same cases at one rate a task, a row a network; of ``compiled`` others, too.
    half_cost : mapping of str to float
        Of each task, what half the units cost.

    Returns
    -------
    pandas.DataFrame
        ``task``, ``contrast`` (of `CONTRASTS`), ``n``, and the mean difference of test losses over
        what half the units cost, ``octaves`` with ``low`` and ``high`` by Student's t.
    """
    parts = {"numba": compiled, "keras": keras}
    if keras.empty:
        return pd.DataFrame(columns=["task", "contrast", "n", "octaves", "low", "high"])
    both = pd.concat([part.assign(framework=name) for name, part in parts.items()])
    index, columns = ["task", "seed", "rate"], ["framework", "arm"]
    wide = both.pivot(index=index, columns=columns, values="test").dropna()
    found = []
    for task, part in wide.groupby("task", sort=False):
        for contrast, (one, other) in CONTRASTS.items():
            octaves = (part[one] - part[other]) / half_cost[task]
            row = {"task": task, "contrast": contrast, "n": len(octaves)}
            found.append(row | mean_interval(octaves).columns("octaves"))
    return pd.DataFrame(found, columns=["task", "contrast", "n", "octaves", "low", "high"])
