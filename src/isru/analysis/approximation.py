"""Roots, maxima, integrals and best fits to a stated tolerance, in multiprecision arithmetic.

Everything is computed with :data:`DIGITS` decimal digits by mpmath and is therefore equal on
every machine; :func:`rounded` cuts a result to the digits that are recorded. Functions are
callables of mpmath numbers, as :func:`isru.analysis.symbolic.numeric` makes them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import mpmath as mp

DIGITS = 30  # working precision
TOLERANCE = mp.mpf("1e-15")  # every result is refused if its error may be larger
SIGNIFICANT = 10  # digits of a recorded number
FAR = 10**12  # stands for infinity where a supremum is sought: x/sqrt(1 + x^2) = 1 - 1e-24/2
GRID = 200  # points of the search for extrema


class NotConverged(ArithmeticError):
    """A numerical result that misses the tolerance."""


def rounded(value, digits: int = SIGNIFICANT) -> float:
    """Return ``value`` as a float of ``digits`` significant decimal digits."""
    return float(mp.nstr(mp.mpf(value), digits))


def root(function: Callable, lower: float, upper: float) -> mp.mpf:
    """Return the zero of ``function`` in a bracket, where it changes sign.

    Raises
    ------
    ValueError
        If the function has the same sign at both ends.
    """
    with mp.workdps(DIGITS):
        lower, upper = mp.mpf(lower), mp.mpf(upper)
        at_lower, at_upper = function(lower), function(upper)
        if mp.sign(at_lower) * mp.sign(at_upper) > 0:
            raise ValueError(
                f"expected a change of sign between {lower} and {upper}, got "
                f"{mp.nstr(at_lower, 5)} and {mp.nstr(at_upper, 5)}: choose another bracket"
            )
        return mp.findroot(function, (lower, upper), solver="anderson", tol=TOLERANCE**2)


def maximum(function: Callable, lower: float, upper: float) -> tuple[mp.mpf, mp.mpf]:
    """Return where ``function`` is largest on ``[lower, upper]``, and its value there.

    A grid of :data:`GRID` intervals finds the peak, golden sections refine it; the value is
    exact to :data:`TOLERANCE` for a smooth function without narrower peaks than the grid's step.
    The place is exact to about 1e-14.
    """
    with mp.workdps(DIGITS):
        grid = [mp.mpf(point) for point in mp.linspace(lower, upper, GRID + 1)]
        return max(_peaks(function, grid), key=lambda peak: peak[1])


def quadrature(function: Callable, lower: float, upper: float, *, tolerance=TOLERANCE) -> mp.mpf:
    """Return the integral of a smooth ``function``; ``upper`` may be ``mpmath.inf``.

    Raises
    ------
    NotConverged
        If the estimated error exceeds ``tolerance``.
    """
    with mp.workdps(DIGITS):
        inside = [lower + 1] if mp.isinf(upper) else []
        value, error = mp.quad(function, [lower, *inside, upper], error=True)
        if error > tolerance:
            raise NotConverged(
                f"expected an integral with an error below {mp.nstr(tolerance, 3)}, got "
                f"{mp.nstr(error, 3)}: split the interval where the function is not smooth"
            )
        return value


@dataclass(frozen=True)
class Fit:
    """The member of a family that is nearest to a target on ``[0, upper]``.

    Attributes
    ----------
    parameters : tuple of mpf
    error : mpf
        The largest distance on ``[0, upper]``, or the L2 norm on ``[-upper, upper]`` of the odd
        difference.
    points : tuple of mpf
        Where the largest distance is taken, with alternating sign; empty for the L2 norm.
    """

    parameters: tuple[mp.mpf, ...]
    error: mp.mpf
    points: tuple[mp.mpf, ...] = ()


def best_l2(
    target: Callable,
    family: Callable,
    partials: Sequence[Callable],
    start: Sequence[float],
    upper: float,
) -> Fit:
    """Fit an odd function in the L2 norm on ``[-upper, upper]``.

    Solves integral (family - target) d family/d p = 0 for every parameter p by Newton's method.

    Parameters
    ----------
    target : callable of x
    family : callable of (x, *parameters)
    partials : callables of (x, *parameters)
        The derivatives of the family in its parameters.
    start : sequence of float
    upper : float
        May be ``mpmath.inf``, if the difference is square integrable.

    Raises
    ------
    NotConverged
        If the condition is not met to :data:`TOLERANCE`.
    """

    target = cache(target)  # every integral asks for it at the same nodes

    def conditions(*parameters):
        def condition(partial):
            return quadrature(
                lambda x: (family(x, *parameters) - target(x)) * partial(x, *parameters), 0, upper
            )

        return [condition(partial) for partial in partials]

    with mp.workdps(DIGITS):
        parameters = _solve(conditions, start)
        square = quadrature(lambda x: (family(x, *parameters) - target(x)) ** 2, 0, upper)
        return Fit(parameters, mp.sqrt(2 * square))


def best_uniform(target: Callable, family: Callable, start: Sequence[float], upper: float) -> Fit:
    """Fit in the sup norm on ``[0, upper]`` by Remez' exchange.

    With n parameters the error of the result takes its largest modulus at n + 1 points with
    alternating sign. If two members of the family cross at most n - 1 times on x > 0, no member
    is nearer: a better one would cross the result between any two neighbours of these points.

    Parameters
    ----------
    target : callable of x
    family : callable of (x, *parameters)
    start : sequence of float
        Where Newton's method sets out for the member that meets the target at n points, whose
        error begins the exchange.
    upper : float
        ``mpmath.inf`` is cut at :data:`FAR`.

    Raises
    ------
    NotConverged
        If the errors at the points do not level out to :data:`TOLERANCE`.
    """
    with mp.workdps(DIGITS):
        grid = _grid(upper)
        count = len(start)
        nodes = [grid[GRID * (index + 1) // (count + 1)] for index in range(count)]
        parameters = _solve(lambda *p: [target(x) - family(x, *p) for x in nodes], start)
        for _ in range(30):
            points = _alternation(target, family, parameters, grid)
            error = max(abs(target(x) - family(x, *parameters)) for x in points)
            least = min(abs(target(x) - family(x, *parameters)) for x in points)
            if error - least < TOLERANCE:
                return Fit(parameters, error, tuple(points))
            parameters = _level(target, family, points, parameters, error)
    raise NotConverged(
        f"expected {len(points)} equal errors, got them between {mp.nstr(least, 8)} and "
        f"{mp.nstr(error, 8)}: choose a start nearer to the solution"
    )


def _level(target, family, points, parameters, error):
    """Return the parameters with which the errors at the points are equal but for the sign."""

    def conditions(*unknown):
        *trial, level = unknown
        return [
            target(x) - family(x, *trial) - (-1) ** index * level for index, x in enumerate(points)
        ]

    sign = mp.sign(target(points[0]) - family(points[0], *parameters))
    return _solve(conditions, [*parameters, sign * error])[:-1]


def _alternation(target, family, parameters, grid):
    """Return the n + 1 points of neighbouring alternating extrema with the largest errors."""
    signed = []
    for sign in (1, -1):
        peaks = _peaks(lambda x, s=sign: s * (target(x) - family(x, *parameters)), grid)
        signed += [(x, value, sign) for x, value in peaks if value > 0]
    runs = []  # of each run of extrema of one sign, keep the largest
    for x, value, sign in sorted(signed):
        if runs and runs[-1][2] == sign:
            runs[-1] = max(runs[-1], (x, value, sign), key=lambda extremum: extremum[1])
        else:
            runs.append((x, value, sign))
    count = len(parameters) + 1
    if len(runs) < count:
        raise NotConverged(
            f"expected an error with {count} alternating extrema, got {len(runs)}: "
            "choose a start whose error changes its sign more often"
        )
    while len(runs) > count:
        runs.pop(0 if runs[0][1] < runs[-1][1] else -1)
    return [x for x, _, _ in runs]


def _grid(upper):
    """Return points on [0, upper], or on the half-line denser near 0."""
    if mp.isinf(upper):
        return [u / (1 - u + u / FAR) for u in mp.linspace(0, 1, GRID + 1)]
    return [mp.mpf(point) for point in mp.linspace(0, upper, GRID + 1)]


def _peaks(function, grid):
    """Return (place, value) of every local maximum, ends included."""
    values = [function(x) for x in grid]
    last = len(grid) - 1
    peaks = []
    for index, value in enumerate(values):
        left, right = max(index - 1, 0), min(index + 1, last)
        if value >= values[left] and value >= values[right]:
            peaks.append(_golden(function, grid[left], grid[right]))
    return peaks


def _golden(function, lower, upper):
    """Return (place, value) of the maximum of a function with one peak, by golden sections."""
    ratio = (mp.sqrt(5) - 1) / 2
    ends = [(lower, function(lower)), (upper, function(upper))]
    inner, outer = upper - ratio * (upper - lower), lower + ratio * (upper - lower)
    at_inner, at_outer = function(inner), function(outer)
    while upper - lower > mp.mpf("1e-14") * (1 + abs(upper)):
        if at_inner > at_outer:
            upper, outer, at_outer = outer, inner, at_inner
            inner = upper - ratio * (upper - lower)
            at_inner = function(inner)
        else:
            lower, inner, at_inner = inner, outer, at_outer
            outer = lower + ratio * (upper - lower)
            at_outer = function(outer)
    return max([*ends, (inner, at_inner), (outer, at_outer)], key=lambda peak: peak[1])


def _solve(conditions, start):
    """Return the zero of as many conditions as unknowns, by Newton's method."""
    try:
        solution = mp.findroot(conditions, [mp.mpf(value) for value in start], tol=TOLERANCE**2)
    except (ValueError, ZeroDivisionError) as error:
        raise NotConverged(
            f"expected Newton's method to converge from {[mp.nstr(v, 5) for v in start]}: "
            "choose a start nearer to the solution"
        ) from error
    return tuple(solution)
