"""Stand-ins: how far a cheap function lies from the one that it replaces.

Distances of formulas are found in multiprecision arithmetic (`isru.analysis.approximation`),
those of the stored table on a grid that meets all its knots.
"""

from __future__ import annotations

import mpmath as mp
import numpy as np
import sympy as sp

from isru.activations import ACTIVATIONS
from isru.activations.table_tanh import TABLE_END, TABLE_PER_UNIT
from isru.analysis.approximation import maximum, quadrature, rounded
from isru.analysis.symbolic import FORMULAS, derivative, isru_sigmoid, number, numeric, x

_FAR = 20  # beyond it, tanh has no more than 1e-17 to go and no distance here grows
_BETWEEN = 64  # points of the grid between two knots of the table


def distance(target: sp.Expr, form: sp.Expr) -> dict[str, float]:
    """Return how far an odd function lies from an odd target, and its derivative.

    Parameters
    ----------
    target, form : Expr
        In x.

    Returns
    -------
    dict
        ``distance``, the largest modulus of the difference on [0, 20], with ``at``, where it is
        taken, and ``slope_distance``, the same of the derivatives (right-hand ones at a corner).
    """
    gap = numeric(sp.Abs(target - form))
    slope_gap = numeric(sp.Abs(derivative(target) - derivative(form)))
    place, largest = maximum(gap, 0, _FAR)
    steepest = maximum(slope_gap, 0, _FAR)[1]
    return {
        "distance": rounded(largest, 6),
        "at": rounded(place, 4),
        "slope_distance": rounded(steepest, 6),
    }


def table_distance() -> dict[str, float]:
    """Return the same for the table of tanh, on a grid of 64 points between two knots.

    The largest error lies near the middle of two knots: the grid misses it by less than one
    part in 4000, and three digits are given.
    """
    per_unit = _BETWEEN * TABLE_PER_UNIT
    place = np.arange(2 * TABLE_END * per_unit + 1) / per_unit  # exact in binary
    entry = ACTIVATIONS["table_tanh"]
    value, slope = entry.forward(place)
    exact = np.tanh(place)
    gap = np.abs(value - exact)
    slope_gap = np.abs(entry.derivative(slope) - (1 - exact * exact))
    return {
        "distance": rounded(gap.max(), 3),
        "at": rounded(place[gap.argmax()], 3),
        "slope_distance": rounded(slope_gap.max(), 3),
    }


def gate_distance(scale: sp.Expr) -> dict[str, float]:
    """Return how far the ISRU gate (1 + f(scale x)) / 2 lies from the logistic function.

    Parameters
    ----------
    scale : Expr
        The input scale k; exact, for a rounded one leaves a remainder at infinity.

    Returns
    -------
    dict
        ``k``, ``slope`` at 0, ``sup`` and ``at``, where it is taken, and ``l2`` on the line.
    """
    rest = numeric(FORMULAS["sigmoid"] - isru_sigmoid(x, scale))
    both = [maximum(lambda place, sign=sign: sign * rest(place), 0, 2 * _FAR) for sign in (1, -1)]
    place, largest = max(both, key=lambda found: found[1])
    square = 2 * quadrature(lambda place: rest(place) ** 2, 0, mp.inf)
    return {
        "k": number(scale),
        "slope": number(scale / 2),
        "sup": rounded(largest),
        "at": rounded(place, 6),
        "l2": rounded(mp.sqrt(square)),
    }


def bend(form: sp.Expr) -> mp.mpf:
    """Return the largest second derivative of an odd, bounded function on the line."""
    return maximum(numeric(sp.diff(form, x, 2)), -_FAR, 0)[1]


def knots(form: sp.Expr, end: sp.Expr, error) -> int:
    """Return how many values of an odd function an interpolated table must hold.

    Straight lines between knots h apart err by up to h^2/8 times the largest second derivative.

    Parameters
    ----------
    form : Expr
        Bounded, in x.
    end : Expr
        Where the table may end, because no more than ``error`` is missing there.
    error : number
    """
    return 1 + int(sp.ceiling(end / sp.sqrt(8 * error / bend(form))))
