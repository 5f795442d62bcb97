"""What a forecaster must beat: persistence, climatology, a linear model, boosted trees.

One thread; nothing here is tuned beyond the penalty of the linear model.
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from isru.data.forecast import ForecastWindows, WindowSet
from isru.data.weather import FEATURES


def skill(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Return the skill over persistence in %: 100 (1 - MSE / MSE of predicting no change).

    Parameters
    ----------
    prediction, truth : ndarray, shape (n, 1)
        Temperature change, in any one unit. 100 is perfect, 0 is persistence, negative worse.
    """
    truth = np.asarray(truth, dtype=float)
    return 100.0 * float(1.0 - np.mean((prediction - truth) ** 2) / np.mean(truth**2))


def climatology(train: WindowSet, part: WindowSet) -> np.ndarray:
    """Predict the mean training change at the same hour of the day (UTC), shape (n, 1)."""
    hours = train.end.astype(int) % 24
    total = np.bincount(hours, weights=train.change[:, 0], minlength=24)
    mean = total / np.maximum(np.bincount(hours, minlength=24), 1)
    return mean[part.end.astype(int) % 24, None]


def linear(train: WindowSet, part: WindowSet, ridge: float) -> np.ndarray:
    """Predict by ridge regression on all T x F inputs of the window, shape (n, 1).

    w = (X^T X + ridge n I)^-1 X^T y with centred X and y; the intercept is not shrunk.
    """
    x, y = _flat(train).astype(float), train.change.astype(float)
    centre, level = x.mean(axis=0), y.mean(axis=0)
    gram = (x - centre).T @ (x - centre) + ridge * len(x) * np.eye(x.shape[1])
    weights = np.linalg.solve(gram, (x - centre).T @ (y - level))
    return (_flat(part) - centre) @ weights + level


def boosting(train: WindowSet, part: WindowSet, seed: int) -> np.ndarray:
    """Predict by gradient-boosted trees (scikit-learn) on all inputs, shape (n, 1).

    A hundred trees, which were not tuned: a yardstick, no competitor.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    model = HistGradientBoostingRegressor(max_iter=100, random_state=seed)
    model.fit(_flat(train), train.change[:, 0])
    return model.predict(_flat(part))[:, None]


@threadpool_limits.wrap(limits=1)
def baseline_skills(
    windows: ForecastWindows,
    *,
    ridges: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 1e-1),
    trees: bool = True,
    seed: int = 0,
) -> dict[str, float]:
    """Return the test skill (%) of each baseline, fitted on the training part.

    Parameters
    ----------
    windows : ForecastWindows
    ridges : tuple of float
        Strengths of the linear model's penalty; the validation part chooses.
    trees : bool
        Whether to fit the boosted trees too, which takes seconds.
    seed : int
        Of the boosted trees.

    Returns
    -------
    dict
        ``persistence`` (0 by definition), ``climatology``, ``linear`` and ``boosting``.
    """
    train, validation, test = windows.train, windows.validation, windows.test
    ridge = max(
        ridges,
        key=lambda strength: skill(linear(train, validation, strength), validation.change),
    )
    skills = {
        "persistence": skill(np.zeros_like(test.change), test.change),
        "climatology": skill(climatology(train, test), test.change),
        "linear": skill(linear(train, test, ridge), test.change),
    }
    if trees:
        skills["boosting"] = skill(boosting(train, test, seed), test.change)
    return skills


@threadpool_limits.wrap(limits=1)
def baseline_accuracies(windows: ForecastWindows) -> dict[str, float]:
    """Return the test accuracy (%) of the baselines for rain in the hours ahead.

    Parameters
    ----------
    windows : ForecastWindows

    Returns
    -------
    dict
        ``majority``: always the more frequent answer of the training part. ``persistence``: as
        in the window's last hour. ``linear``: logistic regression (scikit-learn) on all inputs,
        its penalty chosen by the validation part.
    """
    from sklearn.linear_model import LogisticRegression

    train, validation, test = (
        (_flat(part), part.rain[:, 0] == 1)
        for part in (windows.train, windows.validation, windows.test)
    )
    models = [
        LogisticRegression(C=strength, max_iter=5000).fit(*train) for strength in (1e-3, 1e-2, 1e-1)
    ]
    linear = max(models, key=lambda model: model.score(*validation))
    rain = FEATURES.index("log_precip")
    dry = -windows.scaler.mean[rain] / windows.scaler.scale[rain]
    falls = windows.test.inputs[:, -1, rain] > dry + 1e-3
    said = {
        "majority": np.full(len(test[1]), np.mean(train[1]) > 0.5),
        "persistence": falls,
        "linear": linear.predict(test[0]),
    }
    return {name: 100.0 * float(np.mean(answer == test[1])) for name, answer in said.items()}


def _flat(part: WindowSet) -> np.ndarray:
    return part.inputs.reshape(len(part.inputs), -1)
