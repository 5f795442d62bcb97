"""The activations: one definition each, with its derivative and its accuracy. NumPy only.

Not here: anything that needs more than NumPy, or knows where a function is used.

``ACTIVATIONS[name]`` holds every one as an `Activation`; the functions of the same names take
any array. Adding an activation is one entry here.
"""

from __future__ import annotations

from collections.abc import Mapping

from isru.activations.algebraic import (
    ISRU,
    ISRU_PLAIN,
    ISRU_SIGMOID,
    alpha_gradient,
    isru,
    isru_plain,
    isru_sigmoid,
)
from isru.activations.approximate import (
    ISRU_RSQRT,
    RATIONAL_TANH,
    TABLE_TANH,
    isru_rsqrt,
    rational_tanh,
    table_tanh,
)
from isru.activations.entry import Activation
from isru.activations.piecewise import (
    ELU,
    HARD_SIGMOID,
    HARD_TANH,
    IDENTITY,
    ISRLU,
    LEAKY_RELU,
    RELU,
    elu,
    hard_sigmoid,
    hard_tanh,
    identity,
    isrlu,
    leaky_relu,
    relu,
)
from isru.activations.registry import Registry, note_use
from isru.activations.smooth import (
    SIGMOID,
    SOFTPLUS,
    SOFTSIGN,
    TANH,
    sigmoid,
    softplus,
    softsign,
    tanh,
)

_ENTRIES = (
    ISRU,
    ISRU_PLAIN,
    ISRU_SIGMOID,
    ISRLU,
    TANH,
    SIGMOID,
    SOFTSIGN,
    SOFTPLUS,
    RELU,
    LEAKY_RELU,
    ELU,
    HARD_TANH,
    HARD_SIGMOID,
    RATIONAL_TANH,
    TABLE_TANH,
    IDENTITY,
    *ISRU_RSQRT,
)


def _by_name(entries) -> Mapping[str, Activation]:
    """Return the entries by their names; a name that exists already is refused."""
    known: dict[str, Activation] = {}
    for entry in entries:
        if entry.name in known:
            raise ValueError(f"expected an activation of a new name, got {entry.name!r} again")
        known[entry.name] = entry
    return Registry(known)


ACTIVATIONS: Mapping[str, Activation] = _by_name(_ENTRIES)

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "alpha_gradient",
    "elu",
    "get_activation",
    "hard_sigmoid",
    "hard_tanh",
    "identity",
    "isrlu",
    "isru",
    "isru_plain",
    "isru_rsqrt",
    "isru_sigmoid",
    "leaky_relu",
    "rational_tanh",
    "relu",
    "sigmoid",
    "softplus",
    "softsign",
    "table_tanh",
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
        note_use(activation.noted_as)
        return activation
    if not isinstance(activation, str):
        raise TypeError(
            f"expected an activation's name or an Activation, got {type(activation).__name__}"
        )
    if activation not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise ValueError(f"expected an activation of: {known}; got {activation!r}")
    return ACTIVATIONS[activation]
