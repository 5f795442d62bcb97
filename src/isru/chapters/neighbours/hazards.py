"""Where floating point breaks the formulas of ISRU as they are written.

Two accidents: x*x overflows, so that x / sqrt(1 + x^2) is 0 instead of +-1; and 1 - y^2 cancels,
so that a derivative computed from the output loses its digits and then is 0.
"""

from __future__ import annotations

import numpy as np

from isru.activations import ACTIVATIONS, Activation

_BITS = {"float16": np.uint16, "float32": np.uint32, "float64": np.uint64}
SPECIAL = (-np.inf, -1e30, -300, -0.0, 0.0, 1e-45, 1, 300, 1e30, np.inf, np.nan)
FORMS = {"plain": "isru_plain", "safe": "isru"}
_BLOCK = 1 << 16  # inputs at a time: the arrays of one block stay in the cache


def spread(low: float, high: float, count: int, dtype="float32") -> np.ndarray:
    """Return ``count`` floats from ``low`` to ``high``, evenly spaced in their bit patterns.

    Nearly a logarithmic scale, and the same numbers on every machine.

    Parameters
    ----------
    low, high : float
        Positive, ``low < high``.
    count : int
    dtype : {"float16", "float32", "float64"}
    """
    bits = _BITS[np.dtype(dtype).name]
    first, last = (int(np.dtype(dtype).type(end).view(bits)) for end in (low, high))
    if not (count > 1 and 0 < low < high):
        raise ValueError(f"expected count > 1 and 0 < low < high, got {count}, {low}, {high}")
    places = [first + (last - first) * i // (count - 1) for i in range(count)]
    return np.array(places, bits).view(dtype)


def first_zero(dtype) -> float:
    """Return the smallest positive number of a dtype for which the plain form of ISRU is 0.

    From there on up to the largest finite number it stays 0 (x*x rises), and at infinity it is
    NaN. Found by bisection of the bit patterns.
    """
    kind = np.dtype(dtype)
    bits, plain = _BITS[kind.name], ACTIVATIONS["isru_plain"]
    low, high = (int(kind.type(end).view(bits)) for end in (1.0, np.finfo(kind).max))
    while high - low > 1:
        middle = (low + high) // 2
        vanished = plain.value(np.array(middle, bits).view(kind)) == 0
        low, high = (low, middle) if vanished else (middle, high)
    return float(np.array(high, bits).view(kind))


def falls(count: int) -> dict[str, np.ndarray]:
    """Return the plain and the safe form from 1 to nearly the largest number of each dtype.

    Columns dtype, x, plain, safe of a long table, ``count`` rows for each dtype.
    """
    lines = {d: spread(1.0, 0.9 * float(np.finfo(d).max), count, d) for d in _BITS}
    columns = {"dtype": np.repeat(list(lines), count)}
    columns["x"] = np.concatenate([line.astype(np.float64) for line in lines.values()])
    for form, name in FORMS.items():
        values = [ACTIVATIONS[name].value(line).astype(np.float64) for line in lines.values()]
        columns[form] = np.concatenate(values)
    return columns


def special_values(dtype) -> dict[str, np.ndarray]:
    """Return the plain and the safe form at infinities, zeros, a subnormal and large numbers.

    Returns
    -------
    dict of ndarray
        ``x``; ``plain`` and ``safe`` in ``dtype``; ``exact``: what is right for the input as
        that dtype holds it, in float64.
    """
    with np.errstate(over="ignore", under="ignore"):  # 1e30 is infinite in float16
        given = np.array(SPECIAL).astype(dtype)
    wide = given.astype(np.float64)
    with np.errstate(divide="ignore"):
        exact = np.copysign(1 / np.hypot(1, 1 / wide), wide)
    found = {form: ACTIVATIONS[name].value(given) for form, name in FORMS.items()}
    return {"x": np.array(SPECIAL)} | found | {"exact": exact}


def is_right(values: np.ndarray, exact: np.ndarray) -> bool:
    """Tell whether values are the exact ones within 2 ULP, signs of zeros and NaN included."""
    known = ~np.isnan(exact)
    if np.any(np.isnan(values) == known):
        return False
    values, exact = values[known], exact[known]
    unit = np.spacing(np.abs(exact).astype(values.dtype)).astype(np.float64)
    close = np.abs(values - exact) <= 2 * unit
    return bool((close & (np.signbit(values) == np.signbit(exact))).all())


def lost_slope(low: float = 2.0**10, high: float = 2.0**14) -> tuple[float, float]:
    """Return from where on 1 - y^2 is exactly 0 for ISRU in float32, over every float32 number.

    Parameters
    ----------
    low, high : float
        Powers of two; every float32 in [low, high) is tried.

    Returns
    -------
    first, always : float
        The first number with 1 - y^2 == 0, and the first from which on it is never anything else.
    """
    first, always, entry = np.inf, low, ACTIVATIONS["isru"]
    start, stop = (int(np.float32(end).view(np.uint32)) for end in (low, high))
    for base in range(start, stop, _BLOCK):
        x = np.arange(base, min(base + _BLOCK, stop), dtype=np.uint32).view(np.float32)
        y = entry.forward(x)[0]
        lost = np.flatnonzero(1 - y * y == 0)
        kept = np.flatnonzero(1 - y * y != 0)
        if len(lost):
            first = min(first, float(x[lost[0]]))
        if len(kept):
            always = float(np.nextafter(x[kept[-1]], np.float32(np.inf)))
    return first, always


def slope_errors(x: np.ndarray, entry: Activation) -> dict[str, np.ndarray]:
    """Return the relative error of two ways to compute ISRU's derivative.

    Parameters
    ----------
    x : ndarray of float32
    entry : Activation
        ``isru`` or one of ``isru_rsqrt0`` to ``isru_rsqrt2``.

    Returns
    -------
    dict of ndarray of float64
        ``cube``: r^3 with the r of the forward pass, as the library does. ``output``:
        (1 - y^2)^(3/2) from the output; NaN where 1 - y^2 is negative. Both computed in float32
        and compared with (1 + x^2)^(-3/2) in float64.
    """
    y, saved = entry.forward(x)
    wide = x.astype(np.float64)
    root = np.sqrt(1 + wide * wide)
    left = 1 - y * y
    with np.errstate(invalid="ignore"):
        from_output = np.sqrt(left) * left
    factor = root * root * root
    return {
        "cube": entry.derivative(saved) * factor - 1,
        "output": from_output * factor - 1,
    }


def worst_slopes(x: np.ndarray, name: str) -> dict[str, float]:
    """Return the largest moduli of `slope_errors` of an activation; infinity for a NaN."""
    errors = slope_errors(x, ACTIVATIONS[name])
    largest = {way: float(np.abs(error).max()) for way, error in errors.items()}
    return {way: np.inf if np.isnan(error) else error for way, error in largest.items()}
