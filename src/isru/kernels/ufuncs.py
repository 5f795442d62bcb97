"""The activations as NumPy ufuncs: any shape and stride, ``out=``, ``where=``, float32 and float64.

Their loops are our own and not `numba.vectorize`'s for one reason: vector comparisons raise the
processor's "invalid" flag for a NaN, which NumPy would report as a warning, although the result
is right. The flags are cleared after each loop.
"""

from __future__ import annotations

from functools import cache

import numba
import numpy as np
from numba.np.ufunc import _internal  # type: ignore[attr-defined]

from isru.activations import ACTIVATIONS
from isru.kernels.compiling import clear_float_flags, kept, moved, same, wide_vectors
from isru.kernels.values import FAST_VALUES, NARROW, VALUES

# Largest error in ULP, and the lowest input for which it holds. An estimate of 1/sqrt is within
# 1.5 * 2^-12 on any x86-64; a Newton step leaves 3.4 half units of that, to which five roundings
# are added.
FAST_BOUNDS = {
    "isru": (6, -np.inf),
    "isru_sigmoid": (4, -1.0),
    "isrlu": (6, -np.inf),
    "sigmoid": (4, -1.0),
}
_FAST = {f"{name}_fast": name for name in FAST_BOUNDS}
DTYPES = ("float32", "float64")

_LOOP = """def {title}(arrays, sizes, steps, _):
    {width}
    x, y, n = arrays[0], arrays[1], sizes[0]
    if steps[0] == steps[1] == {itemsize}:
        if same(x, y):  # else the compiler takes the slow way, as for any overlap
            for j in range(n):
                x[j] = value(x[j])
        else:
            for j in range(n):
                y[j] = value(x[j])
    else:
        for j in range(n):
            moved(y, j * steps[1])[0] = value(moved(x, j * steps[0])[0])
    clear_float_flags()
"""


def has_ufunc(name: str) -> bool:
    """Return whether there is a ufunc of a name."""
    return name in _FAST or name in VALUES


def ufunc_names() -> tuple[str, ...]:
    """Return the names of all ufuncs: those of the registry, and the fast ones."""
    return (*VALUES, *_FAST)


@cache
def ufunc(name: str) -> np.ufunc:
    """Return the ufunc of a name, compiled at its first use and then kept on disk."""
    fast = name not in VALUES  # an entry of the registry keeps its name, whatever its end
    base = _FAST[name] if fast else name
    value = (FAST_VALUES if fast else VALUES)[base]
    loops = [_loop(name, value, dtype) for dtype in DTYPES]
    addresses = [loop.address for loop in loops]
    types = [[np.dtype(dtype).num] * 2 for dtype in DTYPES]
    return _internal.fromfunc(
        *(name, _doc(base, fast), addresses, types, 1, 1),
        *([None] * len(loops), loops, _internal.PyUFunc_None),
    )


def _loop(name: str, value, dtype: str):
    """Return NumPy's inner loop of a function: void (char**, intp*, intp*, void*)."""
    number, types = getattr(numba, dtype), numba.types
    pointers = types.CPointer(types.CPointer(number))
    sizes = types.CPointer(numba.intp)
    signature = numba.void(pointers, sizes, sizes, types.voidptr)
    title = f"ufunc_{name}_{dtype}"
    names = {"value": value, "moved": moved, "same": same, "__name__": __name__}
    names |= {"clear_float_flags": clear_float_flags, "wide_vectors": wide_vectors}
    width = "pass" if name in NARROW else "wide_vectors()"
    text = _LOOP.format(title=title, width=width, itemsize=np.dtype(dtype).itemsize)
    exec(compile(text, __file__, "exec"), names)
    return kept(names[title], signature)


def _doc(base: str, fast: bool) -> str:
    """Return the text of a ufunc."""
    entry = ACTIVATIONS[base]
    text = f"{entry.description}.\n\n"
    if not fast:
        return text + (
            f"Within {entry.ulp['float32']:g} ULP; right for NaN, infinities, zeros of both signs "
            f"and subnormal numbers, as `isru.activations.{base}`. Compiled."
        )
    ulp, low = FAST_BOUNDS[base]
    where = "" if low == -np.inf else f" from {low:g} on, and of 1/4 below"
    return text + (
        f"Fast: within {ulp} ULP of the result{where}. Sums may be reordered, and in float32 the "
        "division and the square root be the processor's estimate with a Newton step. NaN and "
        "infinities are right, subnormal results may be lost. Compiled."
    )
