"""The ladder f_n(x) = tanh(n asinh(x/n)): ISRU for n = 1, tanh for n to infinity.

With w = s + sqrt(1 + s^2), s = x/n, that is asinh s = ln w, everything is rational in w and w^n:

    x = n (w - 1/w) / 2,    sqrt(x^2 + n^2) = n (w + 1/w) / 2,    f_n = (w^2n - 1) / (w^2n + 1).

So an equation between w and W = w^n, proved once, holds for every n > 0. What has no closed form
is computed in multiprecision arithmetic (`isru.analysis.approximation`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import mpmath as mp
import numpy as np
import sympy as sp

from isru.analysis.approximation import DIGITS, best_uniform, maximum, rounded
from isru.analysis.symbolic import HALF, isru, numeric, prove_equal, x, y

_FAR = 20  # beyond it no rung comes nearer to 1 than it is to tanh
_c = sp.Symbol("c", positive=True)
w, order = sp.symbols("w n", positive=True)
_power = sp.Symbol("W", positive=True)  # stands for w^n


def rung(n: int, argument=x) -> sp.Expr:
    """Return the closed form of tanh(n asinh(x/n)): a rational function and one square root.

    With c = sqrt(1 + x^2/n^2) it is (x/n) U(c) / T(c), Chebyshev's polynomials U of degree n - 1
    and T of degree n. One of the two is odd: it holds c once, and otherwise only c^2.

    Parameters
    ----------
    n : int
        From 1 on.
    argument : Expr

    Raises
    ------
    ValueError
        If n is not a whole number from 1 on.
    """
    _check(n)
    top, bottom = sp.chebyshevu_poly(n - 1, _c), sp.chebyshevt_poly(n, _c)
    side, root = (1, 1 / _c) if n % 2 else (-1, _c)
    even = sp.cancel(top / bottom * _c**side)  # in c^2 alone
    square = sp.cancel(even.subs(_c, sp.sqrt(1 + x**2 / n**2)))
    root = root.subs(_c, sp.sqrt(x**2 + n**2) / n)
    return (sp.factor(x * square / n) * root).subs(x, argument)


def by_addition(n: int) -> sp.Expr:
    """Return the same by n - 1 steps of the addition theorem from t_1 = x/sqrt(x^2 + n^2).

    A step is t_(m+1) = (t_m + t_1) / (1 + t_m t_1).
    """
    _check(n)
    first = x / sp.sqrt(x**2 + n**2)
    found = first
    for _ in range(n - 1):
        found = (found + first) / (1 + found * first)
    return found


def _check(n: int) -> None:
    if not isinstance(n, int) or n < 1:
        raise ValueError(f"expected a rung 1, 2, 3, ..., got {n!r}")


def in_w(expression, n) -> sp.Expr:
    """Return an expression in x and sqrt(x^2 + n^2) as one in w, in which it is rational."""
    root = {sp.sqrt(x**2 + n**2): n * (w + 1 / w) / 2}
    return sp.sympify(expression).subs(root).subs(x, n * (w - 1 / w) / 2)


def prove_rung(n: int) -> list[sp.Expr]:
    """Prove that the closed form of a rung and the addition theorem's are (w^2n - 1)/(w^2n + 1).

    Returns
    -------
    list of Expr
        The simplified differences, all 0.

    Raises
    ------
    isru.analysis.symbolic.NotProved
        If one is not.
    """
    exact = (w ** (2 * n) - 1) / (w ** (2 * n) + 1)
    return [prove_equal(in_w(form, n), exact) for form in (rung(n), by_addition(n))]


def laws() -> dict[str, sp.Expr]:
    """Prove what holds on every rung, for n > 0 that need not be whole.

    Returns
    -------
    dict of {str: Expr}
        What is proved -> the simplified difference, 0.

    Raises
    ------
    isru.analysis.symbolic.NotProved
        If one is not.
    """
    f = (_power**2 - 1) / (_power**2 + 1)
    place, root = order * (w - 1 / w) / 2, order * (w + 1 / w) / 2
    # dW/dw is n W/w, so that df/dx follows by the chain rule
    steep = sp.diff(f, _power) * order * _power / w / sp.diff(place, w)
    step = (_power**2 * w**2 - 1) / (_power**2 * w**2 + 1)
    first = (w**2 - 1) / (w**2 + 1)
    half = (sp.sqrt(_power) - 1 / sp.sqrt(_power)) / (sp.sqrt(_power) + 1 / sp.sqrt(_power))
    s = sp.Symbol("s", real=True)
    gap = sp.asinh(s) - s / sp.sqrt(1 + s**2)
    back = sp.simplify(sp.atanh(f).rewrite(sp.log)).subs(_power, w**order)
    back = order * sp.sinh(sp.expand_log(back) / order).rewrite(sp.exp)
    return {
        "first rung": prove_equal(rung(1), isru()),
        "limit": prove_equal(sp.limit(order * sp.asinh(x / order), order, sp.oo), x),
        "square root": prove_equal(sp.sqrt(sp.factor(place**2 + order**2)), root),
        "addition theorem": prove_equal((f + first) / (1 + f * first), step),
        "doubling": prove_equal(2 * half / (1 + half**2), f),
        "derivative": prove_equal(steep, order * (1 - f**2) / root),
        "derivative from the output": prove_equal(steep, (1 - f**2) / ((w + 1 / w) / 2)),
        "inverse": prove_equal(back, place),
        "distance to the limit": prove_equal(1 - f, 2 / (_power**2 + 1)),
        "gate": prove_equal((1 + f) * HALF, 1 / (1 + _power**-2)),
        "rises with n": prove_equal(sp.diff(gap, s), s**2 / sp.sqrt(1 + s**2) ** 3),
    }


def inverse(n, value=y) -> sp.Expr:
    """Return n sinh(artanh(y)/n)."""
    return n * sp.sinh(sp.atanh(value) / n)


def tail(n: int) -> tuple[sp.Expr, sp.Expr]:
    """Return the limits of (1 - f_n) x^(2n) and of f_n' x^(2n + 1) for x to infinity.

    Algebraic tails of order 2n: the first is 2 (n/2)^(2n), the second 2n times as large.
    """
    power = 2 * n
    # x is about n w/2 there, and a limit in w of what is rational in w is quickly found
    forms = ((1 - rung(n)) * x**power, slope(n) * x ** (power + 1))
    value, derivative = (sp.limit(sp.cancel(in_w(form, n)), w, sp.oo) for form in forms)
    return value, derivative


def slope(n: int) -> sp.Expr:
    """Return the derivative of a rung, n (1 - f_n^2) / sqrt(x^2 + n^2)."""
    return n * (1 - rung(n) ** 2) / sp.sqrt(x**2 + n**2)


def expansion(terms: int = 2) -> list[sp.Expr]:
    """Return the coefficients of f_n - tanh in powers of 1/n^2.

    The first is -x^3 (1 - tanh^2 x) / 6: for a given x the error falls with n^-2.
    """
    step = sp.Symbol("e", positive=True)  # 1/n
    inside = sp.series(sp.asinh(x * step) / step, step, 0, 2 * terms + 1).removeO()
    powers = range(2, 2 * terms + 1, 2)
    return [
        sp.factor(sp.diff(sp.tanh(inside), step, power).subs(step, 0) / sp.factorial(power))
        for power in powers
    ]


def leading_error() -> dict[str, float]:
    """Return the constants of the largest distance from tanh, to leading order in 1/n^2.

    Returns
    -------
    dict
        ``constant``, the limit of n^2 times the largest distance, ``at``, where it is taken (a
        solution of 2 x tanh x = 3), and ``next``, the limit of n^2 times what is left; of the
        best input scale 1 + ``stretch``/n^2 the limit ``scaled_constant`` of the same product.
    """
    first, second = (numeric(coefficient) for coefficient in expansion())
    place, constant = maximum(lambda a: -first(a), 0, _FAR)
    best = best_uniform(lambda a: -first(a), lambda a, k: k * a * mp.sech(a) ** 2, [0.2], mp.inf)
    found = {"constant": constant, "at": place, "next": -second(place)}
    found |= {"stretch": best.parameters[0], "scaled_constant": best.error}
    return {name: rounded(value) for name, value in found.items()}


def errors(rungs: Iterable[int]) -> list[dict[str, float]]:
    """Return how far each rung lies from tanh.

    Returns
    -------
    list of dict
        ``n``; ``error``, the largest distance, and ``at``, where it is taken; ``times_square``,
        the error times n^2; ``k``, the input scale of the least largest distance, and
        ``scaled_error``, that distance.
    """
    rows = []
    for n in rungs:
        place, error = maximum(lambda a, n=n: mp.tanh(a) - _value(n, a), 0, _FAR)
        best = best_uniform(mp.tanh, lambda a, k, n=n: _value(n, k * a), [_start(n)], mp.inf)
        found = (error, place, n * n * error, best.parameters[0], best.error)
        names = ("error", "at", "times_square", "k", "scaled_error")
        rows.append({"n": n} | {key: rounded(one) for key, one in zip(names, found, strict=True)})
    return rows


def _value(n, place):
    return mp.tanh(n * mp.asinh(place / n))


def _start(n):
    return 1 + mp.mpf(1) / (4 * n * n)


def bends(rungs: Iterable[int]) -> list[dict[str, float]]:
    """Return the Lipschitz constant of each rung's derivative; that of the rung itself is 1.

    Returns
    -------
    list of dict
        ``n``; ``bend``, the largest modulus of the second derivative, and ``at``, where.
    """
    rows = []
    for n in rungs:
        place, bend = maximum(lambda a, n=n: -_second_derivative(n, a), 0, _FAR)
        rows.append({"n": n, "bend": rounded(bend), "at": rounded(place)})
    return rows


def _second_derivative(n, place):
    f, root = _value(n, place), mp.sqrt(place**2 + n**2)
    return -n * (1 - f**2) / root * (2 * n * f / root + place / root**2)


def hazards(n: int) -> dict[str, float]:
    """Return where a rung breaks, as it is written and in float arithmetic.

    Returns
    -------
    dict
        ``n``; ``float16`` and ``float32``, the first numbers from which on the closed form is
        0 or NaN in that dtype, because a power overflows; ``slope_lost``, the first float32 from
        which on 1 - y^2 is exactly 0; ``slope_there``, what the derivative is there.
    """
    written = sp.lambdify(x, rung(n), "numpy")

    def is_wrong(place):
        with np.errstate(all="ignore"):
            return not written(place) > 0.5  # f is above 1/2 from 1 on

    def is_flat(place):
        f = np.float32(_value(n, mp.mpf(float(place))))
        return 1 - f * f == 0

    found = {dtype: _first(is_wrong, dtype, 1.0) for dtype in ("float16", "float32")}
    lost = _first(is_flat, "float32", 1.0)
    with mp.workdps(DIGITS):
        there = numeric(slope(n))(mp.mpf(lost))
    return {"n": n} | found | {"slope_lost": lost, "slope_there": rounded(there, 6)}


def _first(holds: Callable, dtype: str, low: float) -> float:
    """Return the first float from which on something holds that does not hold at ``low``."""
    kind = np.dtype(dtype)
    bits = np.dtype(f"u{kind.itemsize}")
    ends = (int(kind.type(end).view(bits)) for end in (low, np.finfo(kind).max))
    low_bits, high_bits = ends
    while high_bits - low_bits > 1:
        middle = (low_bits + high_bits) // 2
        if holds(np.array(middle, bits).view(kind)[()]):
            high_bits = middle
        else:
            low_bits = middle
    return float(np.array(high_bits, bits).view(kind))
