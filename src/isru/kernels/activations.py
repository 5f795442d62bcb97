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
from isru.kernels.compiling import apply, kept, wide_vectors
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


@cache
def _compile(name: str, dtype: str) -> tuple:
    """Return the loops of an activation as C functions.

    Their text is made here, since kept code must not depend on a closure. Where the output is
    what the derivative needs, nothing is put into y, which may then be x.
    """
    number = getattr(numba, dtype)
    pointer = numba.types.CPointer(number)
    signature = numba.void(pointer, pointer, numba.intp, number, number, number)
    form = compiled_form(name)
    names = {"forward": form.forward, "slope": form.slope, "__name__": __name__}
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
