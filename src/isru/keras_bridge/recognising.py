"""Which entry of the registry a Keras activation is: by identity, or by its values.

Never by its name: a user's clipped ``relu`` is called relu, too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from isru.activations import Activation, get_activation
from isru.keras_bridge.activations import KerasActivation, keras_names, known_to_keras
from isru.keras_bridge.loading import load_tensorflow

# Of 1 + |f(x)|: some tens of roundings, more than any two forms of one function differ by, and
# far less than any two functions of the registry do somewhere on the grid.
TOLERANCES = {"float32": 4e-6, "float64": 1e-12}


def registry_entry(activation: Any, *, units: int = 1, dtype: str = "float32") -> Activation:
    """Return the registry entry of a Keras activation; undo :func:`keras_activation`.

    Parameters
    ----------
    activation : callable
        A :class:`KerasActivation`, Keras's own function, or any other that has the values of an
        entry: on a fine grid through the bends, and far out on both sides. The slope of a leaky
        ReLU and the alpha of an ELU are read from the values.
    units : int
        Columns that the function is tried on, for one with a parameter per unit.
    dtype : {"float32", "float64"}
        In which the function is tried.

    Raises
    ------
    ValueError
        If the registry has no such function.

    Examples
    --------
    >>> from isru.keras_bridge import keras_activation
    >>> registry_entry(keras_activation("isru")).name
    'isru'
    """
    load_tensorflow()
    import keras

    if type(activation) is KerasActivation:
        return activation.entry
    for own, theirs in keras_names().items():
        if activation is keras.activations.get(theirs):
            return get_activation(own)
    x = _grid(dtype)
    y = _values(activation, x, units)
    for entry in _candidates(x, y):
        if is_close(y, entry.value(x)[:, None]):
            return entry
    raise ValueError(
        f"expected an activation of the registry, got {activation!r}"
        f"{_namesake(activation, x, y)}: neither Keras's own function nor the values are those of "
        f"{', '.join(known_to_keras())} (with parameters: KerasActivation(name, ...))"
    )


def is_close(y: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether all values are equal but for the roundings of the first array's dtype."""
    tolerance = TOLERANCES.get(y.dtype.name)
    if tolerance is None:
        return False
    with np.errstate(invalid="ignore", over="ignore"):  # NaN and infinity are no values to match
        return bool((np.abs(y - wanted) <= tolerance * (1 + np.abs(wanted))).all())


def _grid(dtype):
    near = np.linspace(-12.0, 12.0, 2401)
    far = np.geomspace(1e-6, 1e30, 400)
    return np.concatenate([near, far, -far]).astype(dtype)


def _values(activation, x, units):
    tf = load_tensorflow()
    columns = np.repeat(x[:, None], units, axis=1)
    try:
        y = tf.convert_to_tensor(activation(tf.constant(columns))).numpy()
    except Exception as error:  # a user's function may raise anything
        raise ValueError(
            f"expected a function, got {activation!r}, which on a table of numbers "
            f"ends in {type(error).__name__}: {error}"
        ) from error
    if y.shape != columns.shape:
        raise ValueError(
            f"expected a function, got {activation!r}, which is none of each number by itself: "
            f"it makes shape {y.shape} of {columns.shape}"
        )
    return y


def _candidates(x, y):
    """Yield what has a form in Keras, then the two families of which Keras has parameters."""
    yield from (get_activation(name) for name in known_to_keras())
    below, far_below = (y[np.argmin(np.abs(x - place)), 0] for place in (-1.0, -1e30))
    for family, number in (("leaky_relu", {"slope": -below}), ("elu", {"alpha": -far_below})):
        [(name, value)] = number.items()
        try:  # of the float that is written shortest: 0.3 rather than 0.30000001
            yield get_activation(family).with_parameters(**{name: float(str(value))})
        except ValueError:  # outside what the family takes
            continue


def _namesake(activation, x, y):
    """Return where a function parts from the one whose name it has; empty for an own name."""
    name = getattr(activation, "__name__", None)
    own = next((own for own, theirs in keras_names().items() if theirs == name), None)
    if own is None:
        return ""
    near = np.abs(x) <= 12
    wanted = get_activation(own).value(x[near])
    place = int(np.argmax(np.abs(y[near, 0] - wanted)))
    return (
        f", which has the name of Keras's {name}, but at {x[near][place]:.4g} it is "
        f"{y[near, 0][place]:.4g}, where {name} is {wanted[place]:.4g}"
    )
