"""The table of the compiled twins, and the loops that apply one of them to an array.

A compiled network calls a twin through the address of its loop, once for each array: one compiled
network serves all activations, and only those that are used are ever compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numba
import numpy as np
from numpy.typing import DTypeLike

from isru.activations import ACTIVATIONS, Activation
from isru.activations.algebraic import bounds
from isru.kernels import algebraic, piecewise, smooth
from isru.kernels.compiling import apply, kept, wide_vectors
from isru.registry import registered


@dataclass(frozen=True)
class Twin:
    """A compiled activation.

    Attributes
    ----------
    forward, slope : callable
        Compiled: (x, a, b, c) -> (y, saved), and (saved, a, b, c) -> derivative.
    constants : callable
        From the entry's parameters to the constants a, b, c.
    """

    forward: Callable
    slope: Callable
    constants: Callable[[Mapping[str, float]], tuple[float, ...]]


def _isru(parameters):
    high = bounds(parameters["alpha"])[1]
    return high, parameters["alpha"], parameters["k"] ** -2


_FUNCTIONS = {
    "isru": (algebraic.isru, algebraic.isru_slope, _isru),
    "isru_plain": (algebraic.isru_plain, algebraic.isru_plain_slope, lambda p: (p["alpha"],)),
    "isru_sigmoid": (
        algebraic.isru_sigmoid,
        algebraic.isru_sigmoid_slope,
        lambda p: (bounds(1.0)[1], p["k"] ** -2),
    ),
    "isrlu": (
        algebraic.isrlu,
        algebraic.isru_plain_slope,
        lambda p: (bounds(p["alpha"])[1], p["alpha"]),
    ),
    "tanh": (smooth.tanh, smooth.tanh_slope, lambda p: ()),
    "sigmoid": (smooth.sigmoid, smooth.sigmoid_slope, lambda p: ()),
    "softsign": (smooth.softsign, smooth.softsign_slope, lambda p: ()),
    "softplus": (smooth.softplus, smooth.softplus_slope, lambda p: ()),
    "relu": (piecewise.relu, piecewise.relu_slope, lambda p: ()),
    "leaky_relu": (piecewise.leaky_relu, piecewise.leaky_relu_slope, lambda p: (p["slope"],)),
    "elu": (smooth.elu, smooth.elu_slope, lambda p: (p["alpha"],)),
    "hard_tanh": (piecewise.hard_tanh, piecewise.hard_tanh_slope, lambda p: ()),
    "hard_sigmoid": (piecewise.hard_sigmoid, piecewise.hard_sigmoid_slope, lambda p: ()),
    "rational_tanh": (algebraic.rational_tanh, algebraic.rational_tanh_slope, lambda p: ()),
    "table_tanh": (algebraic.table_tanh, algebraic.table_tanh_slope, lambda p: ()),
    "identity": (piecewise.identity, piecewise.identity_slope, lambda p: ()),
    "isru_rsqrt0": (algebraic.isru_rsqrt0, algebraic.isru_plain_slope, lambda p: ()),
    "isru_rsqrt1": (algebraic.isru_rsqrt1, algebraic.isru_plain_slope, lambda p: ()),
    "isru_rsqrt2": (algebraic.isru_rsqrt2, algebraic.isru_plain_slope, lambda p: ()),
}
TWINS: Mapping[str, Twin] = MappingProxyType({name: Twin(*row) for name, row in _FUNCTIONS.items()})


def twin(activation: str | Activation, dtype: DTypeLike) -> tuple[tuple, tuple]:
    """Return what compiled code needs in order to call an activation and its derivative.

    Parameters
    ----------
    activation : str or entry of ``isru.activations.ACTIVATIONS``
    dtype : {"float32", "float64"}

    Returns
    -------
    forward, slope : tuple
        Address of a function of arrays (x, y, n, a, b, c) and its constants a, b, c. The first
        puts f(x) in place of x and, unless that is f(x), what the derivative needs into y; the
        second takes it as x and puts the derivative into y.

    Raises
    ------
    ValueError
        If the activation has no compiled twin; the message lists those that have one. Or if it
        is another function under a name of the registry.
    """
    entry = registered(activation)
    if entry.name not in TWINS:
        raise ValueError(
            f"expected an activation with a compiled twin ({', '.join(TWINS)}), "
            f"got {entry.name!r}: add one to isru.kernels or use the NumPy engine"
        )
    number: type = np.dtype(dtype).type
    constants = (*TWINS[entry.name].constants(entry.parameters), 0.0, 0.0, 0.0)[:3]
    constants = tuple(map(number, constants))
    compiled = _compile(entry.name, np.dtype(dtype).name)
    return (compiled[0].address, *constants), (compiled[1].address, *constants)


@cache
def _compile(name: str, dtype: str) -> tuple:
    """Return the loops of one twin as C functions.

    Their text is made here, since kept code must not depend on a closure. Where the output is
    what the derivative needs, nothing is put into y, which may then be x.
    """
    number = getattr(numba, dtype)
    pointer = numba.types.CPointer(number)
    signature = numba.void(pointer, pointer, numba.intp, number, number, number)
    names = {"forward": TWINS[name].forward, "slope": TWINS[name].slope, "__name__": __name__}
    names["wide_vectors"] = wide_vectors
    loops = []
    forward = "x[j], _" if ACTIVATIONS[name].saves_output else "x[j], y[j]"
    for kind, results in (("forward", forward), ("slope", "y[j]")):
        title = f"{name}_{kind}"
        text = f"def {title}(x, y, n, a, b, c):\n    wide_vectors()\n    for j in range(n):\n"
        text += f"        {results} = {kind}(x[j], a, b, c)\n"
        exec(compile(text, __file__, "exec"), names)
        loops.append(kept(names[title], signature))
    return tuple(loops)


@kept
def apply_twin(forward, slope, y, saved, dy):
    """Put f(y) in place of y and the derivative into dy, unless that is empty.

    Parameters
    ----------
    forward, slope : tuple
        From `twin`.
    y, saved, dy : ndarray, one axis
        `saved` may be y for an activation that saves its output.
    """
    apply(forward, y, saved)
    if len(dy):
        apply(slope, saved, dy)
