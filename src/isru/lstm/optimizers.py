"""Adam, and gradient clipping; both work in place on one flat array of all parameters."""

from __future__ import annotations

import math

import numpy as np

_CHUNK = 16_384  # elements of each array in work at once, so that all of them stay in the cache


class Adam:
    """Adam with bias correction, in Keras's form.

    ``m += (1 - beta_1)(g - m)``, ``v += (1 - beta_2)(g^2 - v)``,
    ``p -= learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon)``.

    `epsilon` is Keras's, that is the paper's "epsilon hat": it is added to the square root of
    the uncorrected second moment. (In the paper's algorithm 1, and in PyTorch, it is added after
    the correction.)

    Parameters
    ----------
    learning_rate, beta_1, beta_2, epsilon : float

    Attributes
    ----------
    iteration : int
        Updates made so far, ``t`` above.
    m, v : ndarray or None
        Moments, the shape of the parameters; None before the first update.

    Raises
    ------
    ValueError
        If a rate lies outside its range.

    References
    ----------
    Kingma, D. P. and Ba, J. (2015), Adam: a method for stochastic optimization, ICLR,
    section 2, last paragraph.
    """

    def __init__(self, learning_rate=1e-3, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        for name, value in (("learning_rate", learning_rate), ("epsilon", epsilon)):
            if not 0 < value < math.inf:
                raise ValueError(f"{name}: expected a finite number above 0, got {value!r}")
        for name, value in (("beta_1", beta_1), ("beta_2", beta_2)):
            if not 0 <= value < 1:
                raise ValueError(f"{name}: expected a number from 0 to below 1, got {value!r}")
        self.learning_rate, self.epsilon = float(learning_rate), float(epsilon)
        self.beta_1, self.beta_2 = float(beta_1), float(beta_2)
        self.iteration = 0
        self.m = self.v = self._scratch = None

    def update(self, parameters: np.ndarray, gradients: np.ndarray) -> None:
        """Change flat `parameters` in place, given flat `gradients`."""
        if self.m is None:
            self.m, self.v = np.zeros_like(parameters), np.zeros_like(parameters)
        if self._scratch is None:
            self._scratch = np.empty(min(_CHUNK, parameters.size), parameters.dtype)
        if not self.m.shape == parameters.shape == gradients.shape:
            raise ValueError(
                f"expected {self.m.size} parameters and gradients, as in the updates before, "
                f"got {parameters.shape} and {gradients.shape}: use a new Adam for a new network"
            )
        self.iteration += 1
        correction = math.sqrt(1 - self.beta_2**self.iteration) / (1 - self.beta_1**self.iteration)
        for start in range(0, parameters.size, _CHUNK):
            part = slice(start, start + _CHUNK)
            self._update_chunk(
                parameters[part],
                gradients[part],
                self.m[part],
                self.v[part],
                self.learning_rate * correction,
            )

    def _update_chunk(self, p, g, m, v, rate):
        step = self._scratch[: p.size]
        np.subtract(g, m, out=step)
        step *= 1 - self.beta_1
        m += step
        np.multiply(g, g, out=step)
        step -= v
        step *= 1 - self.beta_2
        v += step
        np.sqrt(v, out=step)
        step += self.epsilon
        np.divide(m, step, out=step)
        step *= rate
        p -= step


def clip_by_global_norm(gradients: np.ndarray, limit: float) -> float:
    """Scale flat `gradients` in place so that their Euclidean norm is at most `limit`.

    Returns
    -------
    norm : float
        The norm before clipping; infinite when its square overflows the dtype.

    Raises
    ------
    ValueError
        If `limit` is not above 0.
    """
    _check_limit("clip_norm", limit)
    norm = math.sqrt(float(np.dot(gradients, gradients)))
    if norm > limit:
        gradients *= limit / norm
    return norm


def clip_by_value(gradients: np.ndarray, limit: float) -> None:
    """Bring every element of flat `gradients` into [-limit, limit], in place.

    Raises
    ------
    ValueError
        If `limit` is not above 0.
    """
    _check_limit("clip_value", limit)
    np.clip(gradients, -limit, limit, out=gradients)


def _check_limit(name: str, limit: float) -> None:
    if not limit > 0:
        raise ValueError(f"{name}: expected a number above 0, got {limit!r}")
