"""What a small network must beat, with its bytes, and what pruning one network saves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from isru.chapters.smallest.study import Case, skill_of
from isru.chapters.smallest.tasks import OCCUPANCY, TaskData
from isru.lstm import LSTMNetwork
from isru.studies.baselines import baseline_accuracies, baseline_skills
from isru.studies.occupancy_rules import rules

NODE_BYTES = 8  # a float32 threshold or value, a 16-bit feature, a 16-bit place of the children
_INDEX_BYTES = 2  # of a weight that is stored sparse, and of the beginning of each row


@threadpool_limits.wrap(limits=2)
def sized_baselines(data: TaskData, task: str, *, trees: bool, seed: int) -> pd.DataFrame:
    """Return what models without a network reach, and their bytes.

    Parameters
    ----------
    data : TaskData
    task : str
        Of `tasks.TASKS`.
    trees : bool
        Whether to fit the boosted trees, which takes seconds.
    seed : int
        Of the trees.

    Returns
    -------
    pandas.DataFrame
        ``task, model, skill`` in % and, in bytes, ``flash`` of its numbers and ``ram`` of the
        inputs that it must hold. Code is not counted and cycles are not measured. The room has
        no persistence, which no sensor tells; it has the best threshold on one sensor.
    """
    _, steps, features = data.test[0].shape
    window, last = 4 * steps * features, 4 * features
    if task == OCCUPANCY:
        found = rules(data.windows).query("test == 'after'").set_index("rule")["accuracy"]
        sizes = {"majority": (0, 0), "threshold": (4 + 2, 4), "linear": (last + 4, last)}
    else:
        if task == "change":
            found = baseline_skills(data.windows, trees=False)
        else:
            found = baseline_accuracies(data.windows)
        sizes = {"persistence": (0, 4), "linear": (window + 4, window)}
    rows = [(name, float(found[name]), *size) for name, size in sizes.items()]
    if trees:
        rows.append(("boosting", *_trees(data, seed), window))
    frame = pd.DataFrame(rows, columns=["model", "skill", "flash", "ram"])
    frame.insert(0, "task", task)
    return frame


def _trees(data: TaskData, seed: int) -> tuple[float, int]:
    """Return skill in % and bytes of a hundred boosted trees."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    (train, truth), (test, _) = data.train, data.test
    train, test = (inputs.reshape(len(inputs), -1) for inputs in (train, test))
    if data.loss == "mse":
        model = HistGradientBoostingRegressor(max_iter=100, random_state=seed)
        output = model.fit(train, truth[:, 0]).predict(test)[:, None]
    else:
        model = HistGradientBoostingClassifier(max_iter=100, random_state=seed)
        output = model.fit(train, truth).predict_proba(test)
    nodes = sum(tree.get_n_leaf_nodes() * 2 - 1 for trees in model._predictors for tree in trees)
    return data.skill(output), NODE_BYTES * nodes


@threadpool_limits.wrap(limits=1)
def pruning_curve(network: LSTMNetwork, case: Case, shares: Sequence[float]) -> pd.DataFrame:
    """Set the smallest weights of a trained network to 0, without further training.

    Parameters
    ----------
    network : LSTMNetwork
        Left as it is.
    case : Case
        Whose test part is forecast.
    shares : sequence of float
        Of the weights that go, 0 to 1; biases stay.

    Returns
    -------
    pandas.DataFrame
        ``share``, ``nonzero`` weights with the biases, ``dense_bytes`` as float32, ``sparse_bytes``
        (4 for each value, 2 for the place of each weight and for the beginning of each row), and
        ``skill`` in %.

    References
    ----------
    Han, S., Pool, J., Tran, J. and Dally, W. (2015), Learning both weights and connections for
    efficient neural networks, NeurIPS 28; they train again after pruning.
    """
    rows = []
    whole = network.get_weights()
    size = np.sort(np.concatenate([np.abs(a).ravel() for a in whole if a.ndim == 2]))
    copy = LSTMNetwork(**network.settings)
    for share in shares:
        gone = round(share * size.size)
        least = size[gone] if gone < size.size else np.inf
        kept = [np.where(np.abs(a) >= least, a, 0) if a.ndim == 2 else a for a in whole]
        copy.set_weights(kept)
        weights = sum(int(np.count_nonzero(a)) for a in kept if a.ndim == 2)
        biases = sum(a.size for a in kept if a.ndim == 1)
        starts = sum(a.shape[1] + 1 for a in kept if a.ndim == 2)
        rows.append(
            {"share": share, "nonzero": weights + biases}
            | {"dense_bytes": 4 * (size.size + biases)}
            | {"sparse_bytes": (4 + _INDEX_BYTES) * weights + 4 * biases + _INDEX_BYTES * starts}
            | {"skill": skill_of(copy, case)}
        )
    return pd.DataFrame(rows)
