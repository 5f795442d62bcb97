"""Adam, and gradient clipping; both work in place on one flat array of all parameters."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from functools import cache

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
    first, second : ndarray or None
        The moments as decayed sums, ``m / (1 - beta_1)`` and ``v / (1 - beta_2)``, flat like the
        parameters: two passes over memory less than with ``m`` and ``v``. None before the first
        update.

    Raises
    ------
    ValueError
        If a rate lies outside its range.

    References
    ----------
    Kingma, D. P. and Ba, J. (2015), Adam: a method for stochastic optimization, ICLR,
    section 2, last paragraph.

    Examples
    --------
    >>> parameters, gradients = np.zeros(2), np.array([4.0, -4.0])
    >>> Adam(learning_rate=0.01).update(parameters, gradients)
    >>> parameters.round(4)
    array([-0.01,  0.01])
    """

    def __init__(
        self,
        learning_rate: float = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
    ):
        for name, value in (("learning_rate", learning_rate), ("epsilon", epsilon)):
            if not (isinstance(value, numbers.Real) and 0 < float(value) < math.inf):
                raise ValueError(f"{name}: expected a finite number above 0, got {value!r}")
        for name, value in (("beta_1", beta_1), ("beta_2", beta_2)):
            if not (isinstance(value, numbers.Real) and 0 <= float(value) < 1):
                raise ValueError(f"{name}: expected a number from 0 to below 1, got {value!r}")
        self.learning_rate, self.epsilon = float(learning_rate), float(epsilon)
        self.beta_1, self.beta_2 = float(beta_1), float(beta_2)
        self.iteration = 0
        self.first: np.ndarray | None = None
        self.second: np.ndarray | None = None
        self._scratch: np.ndarray | None = None

    @property
    def settings(self) -> dict[str, float]:
        """Arguments that build an optimizer like this."""
        names = ("learning_rate", "beta_1", "beta_2", "epsilon")
        return {name: getattr(self, name) for name in names}

    def check_dtype(self, dtype: np.dtype) -> None:
        """Raise a ValueError for a setting that becomes 0, 1 or infinity in a dtype."""
        number: type = dtype.type
        unit = math.sqrt(1 - self.beta_2)
        for name, value in (("learning_rate", self.learning_rate), ("epsilon", self.epsilon)):
            with np.errstate(over="ignore", under="ignore"):
                good = all(0 < number(one) < np.inf for one in (value, value / unit))
            if not good:
                raise ValueError(f"{name}: expected a number within {dtype}'s range, got {value!r}")
        for name, value in (("beta_1", self.beta_1), ("beta_2", self.beta_2)):
            if number(value) == 1:
                raise ValueError(f"{name}: expected a number below 1 in {dtype}, got {value!r}")

    def update(
        self, parameters: np.ndarray, gradients: np.ndarray, compiled: Callable | None = None
    ) -> None:
        """Change flat `parameters` in place, given flat `gradients`.

        Parameters
        ----------
        parameters, gradients : ndarray, one axis
        compiled : callable, optional
            `isru.kernels.adam_update`, which does all in one pass, to the same numbers.

        Raises
        ------
        ValueError
            If their number is not that of the updates before, or a setting is out of the dtype's
            range.
        """
        if self.first is None or self.second is None:
            self.first, self.second = np.zeros((2, parameters.size), parameters.dtype)
        if self._scratch is None:
            self.check_dtype(parameters.dtype)
            self._scratch = np.empty(min(_CHUNK, parameters.size), parameters.dtype)
        if not self.first.shape == parameters.shape == gradients.shape:
            raise ValueError(
                f"expected {self.first.size} parameters and gradients, as in the updates before, "
                f"got {parameters.shape} and {gradients.shape}: use a new Adam for a new network"
            )
        self.iteration += 1
        if compiled:
            number = parameters.dtype.type
            factors = [number(factor) for factor in self._factors()]
            compiled(parameters, gradients, self.first, self.second, *factors)
            return
        factors = [np.array(factor, parameters.dtype) for factor in self._factors()]
        for start in range(0, parameters.size, _CHUNK):
            part = slice(start, start + _CHUNK)
            p, g, first, second = (
                array[part] for array in (parameters, gradients, self.first, self.second)
            )
            _update_chunk(p, g, first, second, *factors, step=self._scratch[: p.size])

    def _factors(self) -> tuple[float, float, float, float]:
        """Return both decays, and the rate and epsilon that the decayed sums want."""
        unit = math.sqrt(1 - self.beta_2)
        correction = math.sqrt(1 - self.beta_2**self.iteration) / (1 - self.beta_1**self.iteration)
        rate = self.learning_rate * correction * (1 - self.beta_1) / unit
        return self.beta_1, self.beta_2, rate, self.epsilon / unit


def _update_chunk(p, g, first, second, beta_1, beta_2, rate, epsilon, *, step):
    """Update one chunk; zero-dimensional arrays as factors cost less than Python's numbers."""
    np.multiply(first, beta_1, out=first)
    np.add(first, g, out=first)
    np.multiply(second, beta_2, out=second)
    np.multiply(g, g, out=step)
    np.add(second, step, out=second)
    np.sqrt(second, out=step)
    np.add(step, epsilon, out=step)
    np.divide(first, step, out=step)
    np.multiply(step, rate, out=step)
    np.subtract(p, step, out=p)


def clip_by_global_norm(gradients: np.ndarray, limit: float) -> float:
    """Scale flat `gradients` in place so that their Euclidean norm is at most `limit`.

    Returns
    -------
    norm : float
        The norm before clipping, also where its square overflows the dtype.

    Raises
    ------
    ValueError
        If `limit` is not a number above 0, in the dtype of the gradients too.

    Examples
    --------
    >>> gradients = np.array([3.0, 4.0])
    >>> clip_by_global_norm(gradients, 1.0)
    5.0
    >>> gradients
    array([0.6, 0.8])
    """
    check_limit("clip_norm", limit, gradients.dtype)
    norm = _norm(gradients)
    if norm > limit:
        gradients *= limit / norm
    return norm


def clip_by_value(gradients: np.ndarray, limit: float) -> None:
    """Bring every element of flat `gradients` into [-limit, limit], in place.

    Raises
    ------
    ValueError
        If `limit` is not a number above 0, in the dtype of the gradients too.

    Examples
    --------
    >>> gradients = np.array([3.0, -0.5])
    >>> clip_by_value(gradients, 1.0)
    >>> gradients
    array([ 1. , -0.5])
    """
    check_limit("clip_value", limit, gradients.dtype)
    np.clip(gradients, -limit, limit, out=gradients)


def _norm(gradients: np.ndarray) -> float:
    norm = math.sqrt(float(np.dot(gradients, gradients)))
    if norm < math.inf:
        return norm
    # The sum of squares overflowed, perhaps that alone: again, with the largest as the unit.
    largest = float(np.abs(gradients).max())
    if not largest < math.inf:
        return largest
    return largest * math.sqrt(float(np.sum(np.square(gradients / largest, dtype=np.float64))))


def check_limit(name: str, limit: float, dtype: np.dtype) -> None:
    """Raise a ValueError for what is no number above 0, or becomes 0 or infinity in `dtype`.

    Infinity itself stands for no limit.
    """
    if not (isinstance(limit, numbers.Real) and limit > 0):
        raise ValueError(f"{name}: expected a number above 0, got {limit!r}")
    smallest, largest = _bounds(dtype)
    if not smallest <= limit <= largest and limit != math.inf:
        raise ValueError(f"{name}: expected a number within {dtype}'s range, got {limit!r}")


@cache
def _bounds(dtype) -> tuple[float, float]:
    """Return the smallest and the largest normal number of a dtype."""
    limits = np.finfo(dtype)
    return float(limits.tiny), float(limits.max)
