"""One name, one function: is an entry that somebody hands in the one that the registry has?

Files, pickles and the forms in C, Keras, ONNX and compiled code know an activation by its name.
An entry of another function under a known name would silently become that function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np

from isru import activations
from isru.activations import Activation, get_activation

_PROBES = np.concatenate(
    [np.linspace(-8, 8, 65), np.geomspace(1e-6, 1e6, 13) * (-1) ** np.arange(13)]
)


def is_registered(name: object) -> bool:
    """Return whether the registry has an activation of this name, or this is an entry."""
    if isinstance(name, str):
        return name in activations.ACTIVATIONS
    get_activation(name)  # type: ignore[arg-type]  # it refuses what is no name
    return True


def registered(activation: str | Activation) -> Activation:
    """Return the registry's entry of a name, or an entry that shadows none.

    An entry of a name that the registry does not have is a function of its own.

    Raises
    ------
    TypeError
        For anything but a name or an `Activation`.
    ValueError
        For an unknown name, and for an entry that computes something else than the registry's
        entry of its name does with the same parameters.
    """
    entry = get_activation(activation)
    if entry.name not in activations.ACTIVATIONS:
        return entry
    own = get_activation(entry.name)
    if entry is own or _equal(entry, own):
        return entry
    raise ValueError(
        f"expected an activation of the registry, got another function under the name "
        f"{entry.name!r}: give it a name of its own"
    )


def _equal(entry: Activation, own: Activation) -> bool:
    try:
        own = own.with_parameters(**entry.parameters)
    except (TypeError, ValueError):
        return False
    pairs = zip(_probed(entry), _probed(own), strict=True)
    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def _probed(entry: Activation) -> list[np.ndarray]:
    with np.errstate(all="ignore"):
        y, saved = entry.forward(_PROBES.copy())
        return [entry.value(_PROBES), y, entry.derivative(saved)]


class ByName(Mapping[str, Any]):
    """What is made of activations, by their names; nothing is made before somebody asks for it.

    Parameters
    ----------
    make : callable
        From a name to what is kept for it.
    wanted : callable, optional
        Whether there is anything for an entry.
    """

    def __init__(self, make: Callable, wanted: Callable[[Activation], bool] = lambda entry: True):
        self._make, self._wanted = cache(make), wanted

    def __getitem__(self, name: str) -> Any:
        if name not in activations.ACTIVATIONS or not self._wanted(get_activation(name)):
            raise KeyError(name)
        return self._make(name)

    def __iter__(self) -> Iterator[str]:
        entries = activations.ACTIVATIONS.items()
        return (name for name, entry in entries if self._wanted(entry))

    def __len__(self) -> int:
        return sum(1 for _ in self)
