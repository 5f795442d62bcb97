"""The activations: one definition each, with its derivative and its accuracy. NumPy only.

``ACTIVATIONS[name]`` holds every one as an `Activation`; the functions of the same names take
any array. Adding an activation is one entry here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from isru.activations.algebraic import (
    ISRU,
    ISRU_PLAIN,
    ISRU_SIGMOID,
    SOFTSIGN,
    isru,
    isru_plain,
    isru_sigmoid,
    softsign,
)
from isru.activations.classic import (
    HARD_SIGMOID,
    HARD_TANH,
    IDENTITY,
    RELU,
    SIGMOID,
    TANH,
    hard_sigmoid,
    hard_tanh,
    identity,
    relu,
    sigmoid,
    tanh,
)
from isru.activations.entry import Activation

_ENTRIES = (
    ISRU,
    ISRU_PLAIN,
    ISRU_SIGMOID,
    TANH,
    SIGMOID,
    SOFTSIGN,
    RELU,
    HARD_TANH,
    HARD_SIGMOID,
    IDENTITY,
)
ACTIVATIONS: Mapping[str, Activation] = MappingProxyType({entry.name: entry for entry in _ENTRIES})

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "get_activation",
    "hard_sigmoid",
    "hard_tanh",
    "identity",
    "isru",
    "isru_plain",
    "isru_sigmoid",
    "relu",
    "sigmoid",
    "softsign",
    "tanh",
]


def get_activation(activation: str | Activation) -> Activation:
    """Return the entry of a name; an entry is returned as it is.

    Raises
    ------
    TypeError
        For anything but a name or an `Activation`.
    ValueError
        For an unknown name; the message lists the known ones.
    """
    if isinstance(activation, Activation):
        return activation
    if not isinstance(activation, str):
        raise TypeError(
            f"expected an activation's name or an Activation, got {type(activation).__name__}"
        )
    if activation not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise ValueError(f"expected an activation of: {known}; got {activation!r}")
    return ACTIVATIONS[activation]
