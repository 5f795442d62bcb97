"""Loss functions, each value beside its gradient; all are means over batch and time."""

from __future__ import annotations

import numpy as np


def mse(y: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the mean squared error over all elements, and its gradient in `y`.

    ``L = mean((y - target)^2)``, ``dL/dy = 2 (y - target) / size``.

    Parameters
    ----------
    y, target : ndarray of one shape, (B, C) or (T, B, C)

    Returns
    -------
    loss : float
    dy : ndarray, the shape and dtype of `y`
    """
    dy = y - target
    loss = float(np.vdot(dy, dy)) / dy.size
    dy *= 2.0 / dy.size
    return loss, dy


def cross_entropy(y: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the mean cross-entropy of softmax(y) with integer classes, and its gradient.

    ``L = mean(log(sum_k exp(y_k)) - y_target)`` in nats, ``dL/dy = (softmax(y) - onehot) / n``
    with ``n`` the number of predictions. The largest logit is subtracted first, so no finite
    logit overflows.

    Parameters
    ----------
    y : ndarray, shape (B, C) or (T, B, C)
        Logits.
    target : ndarray of int, shape (B,) or (T, B)
        Class of each prediction, 0 to C - 1.

    Returns
    -------
    loss : float
    dy : ndarray, the shape and dtype of `y`
    """
    logits, classes = y.reshape(-1, y.shape[-1]), target.reshape(-1)
    chosen = np.arange(classes.size), classes
    dy = logits - logits.max(axis=1, keepdims=True)
    log_likelihood = dy[chosen]
    np.exp(dy, out=dy)
    total = dy.sum(axis=1)
    loss = float(np.mean(np.log(total) - log_likelihood))
    dy /= (total * classes.size)[:, None]
    dy[chosen] -= 1.0 / classes.size
    return loss, dy.reshape(y.shape)


def compiled_cross_entropy(y: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
    """Do as `cross_entropy`, in one compiled pass over the logits and in their place."""
    from isru.kernels import softmax_cross_entropy  # Numba takes a second to import

    dy = np.ascontiguousarray(y)
    classes = np.ascontiguousarray(target, np.intp).reshape(-1)
    return softmax_cross_entropy(dy.reshape(-1, y.shape[-1]), classes), dy


LOSSES = {"mse": mse, "cross_entropy": cross_entropy}

COMPILED_LOSSES = LOSSES | {"cross_entropy": compiled_cross_entropy}
"""Those of the compiled engine."""
