"""The activations, one file each: formula, derivative, accuracy, and the forms that differ.

Not here: anything that needs more than NumPy, or knows where a function is used.

``ACTIVATIONS[name]`` holds every one as an `Activation`; the functions of the same names take
any array. Adding an activation is adding a file: every `Activation` at the top level of a module
in this folder is found, and every form that it does not bring is derived from its formula.
Nothing but NumPy is imported here.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping

from isru.activations.clipped_parabola import clipped_parabola
from isru.activations.clipped_parabola_sigmoid import clipped_parabola_sigmoid
from isru.activations.elu import elu
from isru.activations.entry import Activation, CText
from isru.activations.hard_sigmoid import hard_sigmoid
from isru.activations.hard_tanh import hard_tanh
from isru.activations.identity import identity
from isru.activations.isrlu import isrlu
from isru.activations.isru import alpha_gradient, isru
from isru.activations.isru_plain import isru_plain
from isru.activations.isru_quintic import isru_quintic
from isru.activations.isru_rsqrt import isru_rsqrt
from isru.activations.isru_sigmoid import isru_sigmoid
from isru.activations.ladder2 import ladder2
from isru.activations.ladder2_sigmoid import ladder2_sigmoid
from isru.activations.ladder3 import ladder3
from isru.activations.ladder4 import ladder4
from isru.activations.leaky_relu import leaky_relu
from isru.activations.rational_tanh import rational_tanh
from isru.activations.registry import FOUND, Registry, note_use
from isru.activations.relu import relu
from isru.activations.sigmoid import sigmoid
from isru.activations.softplus import softplus
from isru.activations.softsign import softsign
from isru.activations.table_tanh import table_tanh
from isru.activations.tanh import tanh
from isru.notes import unnoted

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "CText",
    "alpha_gradient",
    "clipped_parabola",
    "clipped_parabola_sigmoid",
    "elu",
    "get_activation",
    "hard_sigmoid",
    "hard_tanh",
    "identity",
    "isrlu",
    "isru",
    "isru_plain",
    "isru_quintic",
    "isru_rsqrt",
    "isru_sigmoid",
    "ladder2",
    "ladder2_sigmoid",
    "ladder3",
    "ladder4",
    "leaky_relu",
    "rational_tanh",
    "relu",
    "sigmoid",
    "softplus",
    "softsign",
    "table_tanh",
    "tanh",
]


def _found() -> Iterator[Activation]:
    """Yield every activation that a file of this folder defines."""
    for module in pkgutil.iter_modules(__path__):
        content = vars(importlib.import_module(f"{__name__}.{module.name}"))
        yield from (entry for entry in content.values() if isinstance(entry, Activation))


def _by_name(entries: Iterable[Activation]) -> dict[str, Activation]:
    """Return entries by their names, in their places; a name that exists already is refused."""
    known: dict[str, Activation] = {}
    for entry in sorted(entries, key=lambda entry: (entry.place, entry.name)):
        if known.setdefault(entry.name, entry) is not entry:
            modules = f"{known[entry.name].module} and {entry.module}"
            raise ValueError(
                f"expected an activation of a new name, got {entry.name!r} again, in {modules}"
            )
    return known


FOUND.update(_by_name(_found()))
for _name, _entry in FOUND.items():
    if not callable(globals().get(_name)):  # not the file of that name, but the function
        globals()[_name] = _entry.value

ACTIVATIONS: Mapping[str, Activation] = Registry(FOUND)


def get_activation(activation: str | Activation) -> Activation:
    """Return the entry of a name; an entry is returned as it is.

    Raises
    ------
    TypeError
        For anything but a name or an `Activation`.
    ValueError
        For an unknown name; the message lists the known ones.

    Examples
    --------
    >>> get_activation("isru").range
    (-1.0, 1.0)
    """
    if isinstance(activation, Activation):
        note_use(activation.noted_as)
        return activation
    if not isinstance(activation, str):
        raise TypeError(
            f"expected an activation's name or an Activation, got {type(activation).__name__}"
        )
    if activation not in ACTIVATIONS:
        with unnoted():
            known = ", ".join(ACTIVATIONS)
        raise ValueError(f"expected an activation of: {known}; got {activation!r}")
    return ACTIVATIONS[activation]
