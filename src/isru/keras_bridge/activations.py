"""The registry's activations for Keras: callable, serialisable, with the exact derivative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from isru.activations import Activation, get_activation
from isru.activations.approximate import RATIONAL_END
from isru.keras_bridge.loading import load_tensorflow

KERAS_NAMES = {
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "softsign": "softsign",
    "softplus": "softplus",
    "relu": "relu",
    "hard_sigmoid": "hard_sigmoid",
    "hard_tanh": "hard_tanh",
    "identity": "linear",
}
"""Registry name -> Keras's name, for what Keras has itself."""

_LIMIT = 1e18  # beyond it ISRU has its limit in float32 and float64, and x*x is still finite


class KerasActivation:
    """A registry entry as an activation that Keras can call, save, load and clone.

    Parameters
    ----------
    name : str
        Key in `TWINS`.
    **parameters : float
        Those of the registry's entry that differ from its own.

    Raises
    ------
    ValueError
        If the function has no twin.
    """

    def __init__(self, name: str, **parameters: float):
        if name not in TWINS:
            raise ValueError(
                f"expected an activation with a Keras twin, of: {', '.join(TWINS)}; got {name!r}"
            )
        self.entry = get_activation(name)
        if {**self.entry.parameters, **parameters} != self.entry.parameters:
            self.entry = self.entry.with_parameters(**parameters)
        self.__name__ = name  # Keras names layers and graphs by it

    def __call__(self, x: Any) -> Any:
        """Return f(x) of a tensor."""
        return TWINS[self.entry.name](x, **self.entry.parameters)

    def get_config(self) -> dict[str, Any]:
        """Return what rebuilds this object."""
        return {"name": self.entry.name, **self.entry.parameters}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> KerasActivation:
        """Rebuild an object from what :meth:`get_config` returned."""
        return cls(**config)


def keras_activation(activation: str | Activation) -> Callable:
    """Return the Keras twin of a registry entry.

    Keras's own function where it has one, so that its fast paths stay open; else a
    :class:`KerasActivation`.

    Raises
    ------
    ValueError
        For an unknown name, or one without a twin.
    """
    load_tensorflow()
    import keras

    entry = get_activation(activation)
    if entry.name in KERAS_NAMES and not entry.parameters:
        return keras.activations.get(KERAS_NAMES[entry.name])
    return KerasActivation(entry.name, **entry.parameters)


def _isru(x, alpha=1.0, k=1.0):
    """Return x r with r = 1 / sqrt(k^-2 + alpha x^2); the gradient is k^-2 r^3."""
    tf = load_tensorflow()
    limit = _LIMIT / max(1.0, alpha**0.5)

    @tf.custom_gradient
    def unit(x):
        x = tf.clip_by_value(x, -limit, limit)
        r = tf.math.rsqrt(alpha * x * x + k**-2)
        return x * r, lambda dy: dy * (r * r * r * k**-2)

    return unit(x)


def _isru_sigmoid(x, k=0.5):
    return 0.5 * _isru(x, k=k) + 0.5


def _isru_plain(x, alpha=1.0):
    return x * load_tensorflow().math.rsqrt(1.0 + alpha * x * x)


def _isrlu(x, alpha=1.0):
    tf = load_tensorflow()
    return tf.where(x < 0, _isru(x, alpha), x)


def _leaky_relu(x, slope=0.01):
    return load_tensorflow().where(x < 0, slope * x, x)  # tf.nn rounds the slope to float32


def _elu(x, alpha=1.0):
    tf = load_tensorflow()
    return tf.where(x < 0, alpha * tf.math.expm1(tf.minimum(x, tf.zeros_like(x))), x)


def _rational_tanh(x):
    x = load_tensorflow().clip_by_value(x, -RATIONAL_END, RATIONAL_END)
    s = x * x
    return x * ((s + 105.0) * s + 945.0) / ((15.0 * s + 420.0) * s + 945.0)


TWINS: dict[str, Callable] = {
    "isru": _isru,
    "isru_sigmoid": _isru_sigmoid,
    "isru_plain": _isru_plain,
    "isrlu": _isrlu,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "rational_tanh": _rational_tanh,
}
"""Registry name -> function of a tensor and of the entry's parameters, for what Keras lacks."""
