"""The loss and the optimizer of the compiled engine: one pass over their arrays each.

The formulas are those of `isru.lstm.losses` and `isru.lstm.optimizers`, in the same order of
operations; only sums over classes and predictions are added up in another one.
"""

from __future__ import annotations

import math

import numba

from isru.kernels.compiling import inlined, kept, like, wide_vectors
from isru.kernels.exponential import exp_of_negative


@kept
def softmax_cross_entropy(dy, classes):
    """Turn logits into the gradient of their mean cross-entropy, in place; return the loss.

    Parameters
    ----------
    dy : ndarray, shape (n, C)
    classes : ndarray of int, shape (n,)
    """
    loss, count = 0.0, dy.dtype.type(len(dy))
    for n in range(len(dy)):
        loss -= _subtract_largest(dy[n], classes[n])
    _exponential(dy.reshape(-1))  # of all rows at once: long loops are the fast ones
    for n in range(len(dy)):
        total = _sum(dy[n])
        loss += math.log(total)
        _divide(dy[n], total * count)
        dy[n, classes[n]] -= like(1.0, count) / count
    return loss / len(dy)


@inlined
def _subtract_largest(row, chosen):
    """Put y - max y in place of y; return that of the chosen class."""
    top = row[0]
    for j in range(len(row)):
        top = row[j] if row[j] > top else top
    for j in range(len(row)):
        row[j] -= top
    return row[chosen]


@inlined
def _exponential(y):
    wide_vectors()
    for j in range(len(y)):
        y[j] = exp_of_negative(y[j])


@numba.njit(nogil=True, error_model="numpy", fastmath={"reassoc"})
def _sum(row):
    wide_vectors()
    total = like(0.0, row[0])
    for j in range(len(row)):
        total += row[j]
    return total


@inlined
def _divide(row, divisor):
    wide_vectors()
    for j in range(len(row)):
        row[j] /= divisor


@kept
def adam_update(parameters, gradients, first, second, beta_1, beta_2, rate, epsilon):
    """Change flat parameters in place; the factors are of the arrays' type.

    See `isru.lstm.optimizers.Adam`, whose ``first`` and ``second`` these are.
    """
    wide_vectors()
    for k in range(len(parameters)):
        g = gradients[k]
        first[k] = first[k] * beta_1 + g
        second[k] = second[k] * beta_2 + g * g
        parameters[k] -= first[k] / (math.sqrt(second[k]) + epsilon) * rate
