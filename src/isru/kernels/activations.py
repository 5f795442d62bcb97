"""The compiled activations, and the loops that apply one of them to an array.

A compiled network calls one through the address of its loop, once for each array: one compiled
network serves all activations, and only those that are used are ever compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numba
import numpy as np
from numpy.typing import DTypeLike

from isru.activations import ACTIVATIONS, Activation
from isru.kernels import algebraic, smooth
from isru.kernels.compiling import (
    apply,
    kept,
    unknown,
    vector_bytes,
    vector_room,
    wide_vectors,
)
from isru.kernels.derived import derived
from isru.registry import registered


@dataclass(frozen=True)
class CompiledForm:
    """A compiled activation.

    Attributes
    ----------
    forward, slope : callable
        Compiled: (x, a, b, c) -> (y, saved), and (saved, a, b, c) -> derivative.
    constants : callable
        From the entry's parameters, in their order, to the constants a, b, c.
    """

    forward: Callable
    slope: Callable
    constants: Callable[..., tuple[float, ...]]


def found(name: str):
    """Return what the kernels have under a name; None if nothing."""
    return getattr(smooth, name, None) or getattr(algebraic, name, None)


@cache
def compiled_form(name: str) -> CompiledForm:
    """Return the functions that stand here under an activation's name, or those of its formula.

    ``NAME``, ``NAME_slope`` and, if its constants are not its parameters, ``NAME_constants``.
    Where the output is what the derivative needs, either half may be derived.

    Raises
    ------
    ValueError
        If there is neither.
    """
    entry = ACTIVATIONS[name]
    forward, slope, constants = (found(name + end) for end in ("", "_slope", "_constants"))
    if not (forward and slope):
        if not entry.has_formula or (forward and not entry.saves_output):
            raise ValueError(
                f"expected a formula of {name!r}, or functions {name} and {name}_slope in "
                "isru.kernels, got neither: add one or use the NumPy engine"
            )
        own = derived(entry)
        forward, slope = forward or own[0], slope or own[1]
    return CompiledForm(forward, slope, constants or (lambda *values: values))


def compiled_pair(activation: str | Activation, dtype: DTypeLike) -> tuple[tuple, tuple]:
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
        If the activation has no compiled form, or is another function under a name of the
        registry.
    """
    entry = registered(activation)
    if entry.name not in ACTIVATIONS:
        raise ValueError(
            f"expected an activation of the registry for the compiled engine, got {entry.name!r}: "
            "add it to isru.activations or use the NumPy engine"
        )
    number: type = np.dtype(dtype).type
    constants = compiled_form(entry.name).constants(*entry.parameters.values())
    constants = (*constants, 0.0, 0.0, 0.0)[:3]
    constants = tuple(map(number, constants))
    compiled = _compile(entry.name, np.dtype(dtype).name)
    return (compiled[0].address, *constants), (compiled[1].address, *constants)


# What is left over by a vector loop is computed one by one, each number as dear as a vector. Here
# the last vector reaches back into what is whole, and is computed before that changes; a row that
# is shorter than a vector is padded. So no loop needs a scalar end, and by `unknown(k) * lanes`
# the compiler sees that. Derivatives are a few products: their ends cost little.
_FORWARD = """def {name}_forward(x, y, n, a, b, c):
    wide_vectors()
    last_x, last_y = room(x), room(x)
    if n < {lanes}:
        for j in range(n):
            last_x[j] = x[j]
        for j in range(unknown(1) * {lanes}):
            last_x[j], last_y[j] = function(last_x[j], a, b, c)
        for j in range(n):
            {results} = last_x[j], last_y[j]
        return
    whole, first = unknown(n // {lanes}) * {lanes}, n - {lanes}
    if whole < n:
        for j in range(unknown(1) * {lanes}):
            last_x[j], last_y[j] = function(x[first + j], a, b, c)
    for j in range(whole):
        {results} = function(x[j], a, b, c)
    if whole < n:
        for j in range({lanes}):
            {last_results} = last_x[j], last_y[j]
"""

_SLOPE = """def {name}_slope(x, y, n, a, b, c):
    wide_vectors()
    for j in range(n):
        y[j] = function(x[j], a, b, c)
"""


@cache
def _compile(name: str, dtype: str) -> tuple:
    """Return the loops of an activation as C functions."""
    number = getattr(numba, dtype)
    pointer = numba.types.CPointer(number)
    signature = numba.void(pointer, pointer, numba.intp, number, number, number)
    return tuple(kept(loop, signature) for loop in _loops(name, dtype))


def _loops(name: str, dtype: str) -> list[Callable]:
    """Return an activation's loops, before they are compiled.

    Their text is made here, since kept code must not depend on a closure. Where the output is
    what the derivative needs, nothing is put into y, which may then be x.
    """
    form, loops = compiled_form(name), []
    results = "x[j], _" if ACTIVATIONS[name].saves_output else "x[j], y[j]"
    texts = {
        "name": name,
        "lanes": vector_bytes() // np.dtype(dtype).itemsize,
        "results": results,
        "last_results": results.replace("[j]", "[first + j]"),
    }
    for kind, text in (("forward", _FORWARD), ("slope", _SLOPE)):
        names = {"function": getattr(form, kind), "__name__": __name__}
        names |= {"wide_vectors": wide_vectors, "room": vector_room, "unknown": unknown}
        exec(compile(text.format(**texts), __file__, "exec"), names)
        loops.append(names[f"{name}_{kind}"])
    return loops


@kept
def apply_pair(forward, slope, y, saved, dy):
    """Put f(y) in place of y and the derivative into dy, unless that is empty.

    Parameters
    ----------
    forward, slope : tuple
        From `compiled_pair`.
    y, saved, dy : ndarray, one axis
        `saved` may be y for an activation that saves its output.
    """
    apply(forward, y, saved)
    if len(dy):
        apply(slope, saved, dy)
