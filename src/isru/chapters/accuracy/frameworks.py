"""The same networks trained by Keras: what the framework changes, beside the activation."""

from __future__ import annotations

import numpy as np
import pandas as pd

from isru.chapters.accuracy.tasks import TASKS
from isru.chapters.accuracy.training import BASELINE, HALF, Case, train_arm
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

_NETWORKS = [(framework, arm) for framework in ("numba", "keras") for arm in ARMS]


def train_case_in_keras(case: Case) -> dict:
    """Do as `isru.chapters.accuracy.training.train_case`, with TensorFlow between start and score.

    Starting weights, batches and their order are the same.
    """
    task = TASKS[case.task]
    split = task.split(case.seed)
    return train_arm(task, split, case.arm, case.seed, case.rates, train_keras)


def framework_differences(compiled: pd.DataFrame, keras: pd.DataFrame) -> pd.DataFrame:
    """Compare frameworks and activations on the same seeds, all in octaves of units.

    Parameters
    ----------
    compiled, keras : pandas.DataFrame
        Rows of the same cases at one rate a task, a row a network; of ``compiled`` others, too,
        among them half the units at this rate.

    Returns
    -------
    pandas.DataFrame
        ``task``, ``contrast`` (of `CONTRASTS`), ``n``, and the mean difference of test losses over
        what half the units cost at this rate over all compiled seeds, ``octaves`` with ``low``
        and ``high`` by Student's t; the cost is taken as known.

    Raises
    ------
    ValueError
        If a network lacks a finite loss: none is left out silently.
    """
    parts = {"numba": compiled, "keras": keras}
    if keras.empty:
        return pd.DataFrame(columns=["task", "contrast", "n", "octaves", "low", "high"])
    both = pd.concat([part.assign(framework=name) for name, part in parts.items()])
    index, columns = ["task", "seed", "rate"], ["framework", "arm"]
    wide = both.pivot(index=index, columns=columns, values="test")
    costs = (wide["numba", HALF] - wide["numba", BASELINE]).groupby(["task", "rate"]).mean()
    trained = wide.loc[wide.index.isin(pd.MultiIndex.from_frame(keras[index])), _NETWORKS]
    found = []
    for (task, rate), part in trained.groupby(["task", "rate"], sort=False):
        if (pairs := int(np.isfinite(part).all(axis=1).sum())) < len(part):
            raise ValueError(
                f"{task}: expected {len(part)} seeds with finite losses of {', '.join(ARMS)} in "
                f"both frameworks, got {pairs}: see which networks diverged"
            )
        for contrast, (one, other) in CONTRASTS.items():
            octaves = (part[one] - part[other]) / costs[task, rate]
            row = {"task": task, "contrast": contrast, "n": len(octaves)}
            found.append(row | mean_interval(octaves).columns("octaves"))
    return pd.DataFrame(found, columns=["task", "contrast", "n", "octaves", "low", "high"])
