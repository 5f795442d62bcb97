"""The registry's activations for Keras: callable, serialisable, with the exact derivative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from isru.activations import ACTIVATIONS, Activation, get_activation
from isru.activations.formula import ARITHMETIC, evaluate
from isru.keras_bridge.loading import load_tensorflow


def keras_names() -> dict[str, str]:
    """Return registry name -> Keras's name, for what Keras has itself."""
    return {
        name: entry.keras for name, entry in ACTIVATIONS.items() if isinstance(entry.keras, str)
    }


def known_to_keras() -> list[str]:
    """Return the names of the registry that have a form in Keras, Keras's own first.

    Examples
    --------
    >>> {"tanh", "isru"} <= {*known_to_keras()}
    True
    """
    own = keras_names()
    return [*own, *(n for n, e in ACTIVATIONS.items() if n not in own and has_keras_form(e))]


def has_keras_form(activation: str | Activation) -> bool:
    """Return whether Keras has an activation of the registry, or it can be made one.

    Examples
    --------
    >>> has_keras_form("isru"), has_keras_form("table_tanh")
    (True, False)
    """
    entry = get_activation(activation)
    return entry.name in ACTIVATIONS and (bool(entry.keras) or entry.has_formula)


class KerasActivation:
    """A registry entry as an activation that Keras can call, save, load and clone.

    Parameters
    ----------
    name : str
        Of the registry.
    **parameters : float
        Those of the registry's entry that differ from its own.

    Raises
    ------
    ValueError
        If the function has no form in Keras.
    """

    def __init__(self, name: str, **parameters: float):
        self.entry = get_activation(name)
        if not has_keras_form(self.entry):
            raise ValueError(
                f"expected an activation with a form in Keras, of: {', '.join(known_to_keras())}; "
                f"got {name!r}"
            )
        if {**self.entry.parameters, **parameters} != self.entry.parameters:
            self.entry = self.entry.with_parameters(**parameters)
        self.__name__ = name  # Keras names layers and graphs by it

    def __call__(self, x: Any) -> Any:
        """Return f(x) of a tensor."""
        if callable(self.entry.keras):
            return self.entry.keras(load_tensorflow(), x, **self.entry.parameters)
        return _derived(self.entry, x)

    def get_config(self) -> dict[str, Any]:
        """Return what rebuilds this object."""
        return {"name": self.entry.name, **self.entry.parameters}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> KerasActivation:
        """Rebuild an object from what :meth:`get_config` returned."""
        return cls(**config)


def keras_activation(activation: str | Activation) -> Callable:
    """Return a registry entry in Keras.

    Keras's own function where it has one, so that its fast paths stay open; else a
    :class:`KerasActivation`.

    Raises
    ------
    ValueError
        For an unknown name, or one without a form in Keras.

    Examples
    --------
    >>> keras_activation("isru")([0.0, 1.0]).numpy().round(4)
    array([0.    , 0.7071], dtype=float32)
    """
    load_tensorflow()
    import keras

    entry = get_activation(activation)
    if isinstance(entry.keras, str):
        return keras.activations.get(entry.keras)
    return KerasActivation(entry.name, **entry.parameters)


def _derived(entry: Activation, x):
    """Return the entry's formula of a tensor; the gradient is the entry's own formula, too.

    TensorFlow's own gradient of a formula is NaN where a branch that is not taken overflows.
    """
    tf = load_tensorflow()
    value, slope = entry.numeric_trees
    operations = ARITHMETIC | {
        "sqrt": tf.sqrt,
        "exp": tf.exp,
        "expm1": tf.math.expm1,
        "log1p": tf.math.log1p,
        "tanh": tf.tanh,
        "minimum": tf.minimum,
        "maximum": tf.maximum,
        "clip": tf.clip_by_value,
        "where": tf.where,
        "constant": lambda number: tf.constant(float(number), x.dtype),
    }

    @tf.custom_gradient
    def function(x):
        y = evaluate(value, operations, x=x)
        return y, lambda dy: dy * evaluate(slope, operations, x=x, y=y)

    return function(x)
