"""What a detector of occupancy must beat: the plainest rules, and how answers are counted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from isru.data.occupancy import TESTS, OccupancyPart, OccupancyWindows

COUNTS = ("tp", "tn", "fp", "fn")


def confusion(said: np.ndarray, true: np.ndarray) -> dict[str, float]:
    """Return ``accuracy`` in % and the counts of true and false answers, positive = occupied."""
    found = {
        "tp": int(np.sum(said & true)),
        "tn": int(np.sum(~said & ~true)),
        "fp": int(np.sum(said & ~true)),
        "fn": int(np.sum(~said & true)),
    }
    return {"accuracy": 100.0 * float(np.mean(said == true))} | found


def rules(windows: OccupancyWindows) -> pd.DataFrame:
    """Return how well the plainest rules do on the test parts, in %.

    Returns
    -------
    pandas.DataFrame
        Columns rule, test, accuracy and the counts. ``majority``: the training part's more
        frequent answer. ``persistence``: as a minute ago, which no sensor tells. ``threshold``:
        the single input, and the single threshold on it, that answer best on the training part;
        its name and place are in the column ``detail``. ``linear``: logistic regression
        (scikit-learn) on the last minute's inputs.
    """
    from sklearn.linear_model import LogisticRegression

    truth = windows.train.occupied
    column, value = best_threshold(windows.train.last, truth)
    linear = LogisticRegression(max_iter=2000).fit(windows.train.inputs[:, -1], truth)
    often = bool(truth.mean() > 0.5)
    rows = []
    for test in TESTS:
        part: OccupancyPart = getattr(windows, test)
        answers = {
            "majority": np.full(len(part.occupied), often),
            "persistence": part.before,
            "threshold": part.last[:, column] > value,
            "linear": linear.predict(part.inputs[:, -1]),
        }
        detail = {"threshold": f"{windows.features[column]} > {value:.1f}"}
        rows += [
            {"rule": name, "test": test, "detail": detail.get(name, "")}
            | confusion(said, part.occupied)
            for name, said in answers.items()
        ]
    return pd.DataFrame(rows)


def best_threshold(values: np.ndarray, truth: np.ndarray) -> tuple[int, float]:
    """Return the column and the threshold for which ``values > threshold`` is most often right.

    Parameters
    ----------
    values : ndarray, shape (n, F)
    truth : ndarray of bool, shape (n,)

    Returns
    -------
    column : int
    threshold : float
        Midway between two neighbouring values.
    """
    best = (-1, 0, 0.0)
    for column, one in enumerate(values.T):
        order = np.argsort(one, kind="stable")
        ordered, right = one[order], truth[order]
        # Right answers for a threshold after each place: the free below it, the occupied above.
        score = np.cumsum(~right) + right.sum() - np.cumsum(right)
        between = np.flatnonzero(ordered[1:] > ordered[:-1])
        if len(between):
            place = between[np.argmax(score[between])]
            middle = float(ordered[place] + ordered[place + 1]) / 2
            best = max(best, (int(score[place]), column, middle), key=lambda entry: entry[0])
    return best[1], best[2]
