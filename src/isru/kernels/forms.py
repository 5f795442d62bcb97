"""Every function in three compiled forms, for measuring what the form is worth.

======== ======================================================================
form     loop
======== ======================================================================
"libm"   one number at a time; tanh, e^x and their kin are calls of the C
         library's function, the square root is the processor's instruction
"simd"   strict arithmetic in vector instructions; e^x and tanh are written out
         for that (softplus alone calls the C library, for its logarithm)
"fast"   as "simd", with the liberties of `isru.kernels.values`
======== ======================================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import numba
import numpy as np

from isru.kernels.compiling import kept, one_by_one, wide_vectors
from isru.kernels.values import FAST_VALUES, LIBM_VALUES, NARROW, VALUES
from isru.registry import ByName

FORMS = ("libm", "simd", "fast")
_FUNCTIONS = {"libm": LIBM_VALUES, "simd": VALUES, "fast": FAST_VALUES}
_ELEMENT = {"libm": "one_by_one(x, j)", "simd": "x[j]", "fast": "x[j]"}
_OPERATIONS = r"v?(?:r?sqrt|rcp|div|rsqrt14|rcp14|fn?m(?:add|sub)\d+)(?:ps|pd|ss|sd)"
_LIBRARY = r"\b(?:tanh|exp|expm1|log1p|log|sqrt)f?\b"
_WIDTHS = ("zmm", "ymm", "xmm")


class Kernel:
    """One compiled loop: ``kernel(x, out)`` for contiguous arrays of one axis.

    x and out are both float32 or both float64, equally long, and must not overlap in part. The
    first call for a dtype compiles and keeps the result on disk.

    Attributes
    ----------
    name, form : str
    """

    def __init__(self, name: str, form: str):
        self.name, self.form = name, form

    def __call__(self, x: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Put f(x) into `out` and return it."""
        if x.shape != out.shape or x.dtype != out.dtype:
            raise ValueError(
                f"expected out of shape {x.shape} and dtype {x.dtype}, as x, "
                f"got {out.shape} and {out.dtype}"
            )
        self.loop(x.dtype.name)(x, out)
        return out

    def loop(self, dtype: str) -> Callable:
        """Return the compiled function of (x, out) itself, for timing without any check."""
        return _compiled(self.name, self.form, dtype)

    def __repr__(self):
        return f"Kernel({self.name!r}, {self.form!r})"


KERNELS = ByName(lambda name: {form: Kernel(name, form) for form in FORMS})
"""``KERNELS[name][form]``, for every name of the registry."""


def _source(name: str, form: str) -> Callable:
    title = f"{form}_{name}"
    names = {"value": _FUNCTIONS[form][name], "one_by_one": one_by_one, "__name__": __name__}
    names["wide_vectors"] = wide_vectors
    text = f"def {title}(x, out):\n"
    if form == "fast" or name not in NARROW:
        text += "    wide_vectors()\n"
    text += "    for j in range(len(out)):\n"
    text += f"        out[j] = value({_ELEMENT[form]})\n"
    exec(compile(text, __file__, "exec"), names)
    return names[title]


def _signature(dtype: str):
    array = getattr(numba, dtype)[::1]
    return numba.void(array, array)


@cache
def _compiled(name: str, form: str, dtype: str) -> Callable:
    if dtype not in ("float32", "float64"):
        raise TypeError(f"expected float32 or float64, got {dtype}: convert with astype")
    return kept(_source(name, form))


@cache
def assembly(name: str, form: str, dtype: str) -> str:
    """Return the machine code that the compiler made of a loop, as text."""
    # Compiled anew: of code that was kept on disk only the bytes are left.
    loop = numba.njit(_signature(dtype), nogil=True, error_model="numpy")(_source(name, form))
    return next(iter(loop.inspect_asm().values()))


def instructions(name: str, form: str, dtype: str = "float32") -> tuple[str, ...]:
    """Return the notable machine instructions of a loop.

    Parameters
    ----------
    name : str
        Of the registry.
    form : {"libm", "simd", "fast"}
    dtype : {"float32", "float64"}

    Returns
    -------
    tuple of str
        Square roots, divisions and their estimates, fused multiply-adds by the widest register
        in which each occurs, such as "vsqrtps ymm", and calls such as "call tanhf"; sorted. On
        processors other than x86-64 only the calls are known by name.
    """
    found: dict[str, str] = {}
    calls = set()
    for line in assembly(name, form, dtype).splitlines():
        operation, _, rest = line.strip().partition("\t")
        if re.fullmatch(_OPERATIONS, operation):
            kind = re.sub(r"\d{3}", "", operation)
            widths = [width for width in _WIDTHS if width in rest]
            found[kind] = min([*widths[:1], found.get(kind, "xmm")], key=_WIDTHS.index)
        elif match := re.search(_LIBRARY, rest):
            calls.add(f"call {match[0]}")
    packed = {kind for kind in found if kind[-2] == "p"}
    scalar = {kind for kind in found if kind[:-2] + "p" + kind[-1] not in packed} - packed
    return tuple(sorted({f"{kind} {found[kind]}" for kind in packed} | scalar | calls))
