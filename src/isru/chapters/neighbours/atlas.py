"""The atlas: value, derivative, integral, range and smoothness of every activation, proved.

Formulas come from :mod:`isru.analysis.symbolic`; here they are checked against each other, piece by
piece, and set side by side. What has no formula (a table, an approximate inverse square root)
has no page.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import sympy as sp

from isru.activations import ACTIVATIONS
from isru.analysis.approximation import rounded
from isru.analysis.symbolic import (
    FORMULAS,
    NotProved,
    derivative,
    integral,
    numeric,
    pieces,
    prove_equal,
    sample,
    smoothness,
    value_range,
    x,
)

_DIGITS = 40  # two sides of a corner that agree so far count as equal
_END = sp.Symbol("e", positive=True)  # stands for a root that has no formula
# The chapter frontier shows these: here they would crowd the atlas.
_ELSEWHERE = (
    "clipped_parabola",
    "clipped_parabola_sigmoid",
    "isru_quintic",
    "ladder2",
    "ladder2_sigmoid",
    "ladder3",
    "ladder4",
)


@dataclass(frozen=True)
class Page:
    """What the atlas says about one activation.

    Attributes
    ----------
    name : str
    value, derivative, integral : Expr
        In x; the integral starts at 0, the derivative at a corner is the right-hand one.
    range : sympy.Interval
    smoothness : sympy.Integer or oo
        How many derivatives are continuous on the line.
    """

    name: str
    value: sp.Expr
    derivative: sp.Expr
    integral: sp.Expr
    range: sp.Interval
    smoothness: sp.Expr


def entries() -> list[str]:
    """Return the activations that the atlas has a place for, with a formula or without."""
    return [name for name in ACTIVATIONS if name not in _ELSEWHERE]


def page(name: str) -> Page:
    """Return the page of one activation.

    Raises
    ------
    KeyError
        If it has no formula.
    """
    if name not in FORMULAS:
        raise KeyError(
            f"expected an activation with a formula ({', '.join(FORMULAS)}), got {name!r}"
        )
    value = FORMULAS[name]
    ends, order = value_range(value), smoothness(value)
    return Page(name, value, derivative(value), integral(value), ends, order)


def prove(entry: Page) -> int:
    """Prove that a page agrees with itself; return how many equations that took.

    On every stretch with one formula the derivative is that of the value and the integral's
    derivative is the value, both simplified to 0 by SymPy; the integral is 0 at 0 and, to 40
    digits, does not jump at a corner.

    Raises
    ------
    isru.analysis.symbolic.NotProved
        If one of these fails.
    """
    count = 0
    formulas = (entry.value, entry.derivative, entry.integral)
    stretches = zip(*map(pieces, formulas), strict=True)
    for (left, right, value), (*_, slope), (*_, area) in stretches:
        symbol = _symbol(left, right)
        value, slope, area = (e.subs(x, symbol) for e in (value, slope, area))
        prove_equal(slope, sp.diff(value, symbol))
        prove_equal(sp.expand_func(sp.diff(area, symbol)), value)
        count += 2
    _prove_zero(entry.integral.subs(x, 0), f"the integral of {entry.name} at 0")
    for (_, corner, before), (_, _, after) in pairwise(pieces(entry.integral)):
        jump = (after - before).subs(x, corner)
        _prove_zero(jump, f"the jump of the integral of {entry.name} at {corner}")
        count += 1
    return count + 1


def overview(pages: dict[str, Page], end: int = 4) -> list[dict]:
    """Return one row for each of `entries`, with a formula or without.

    Parameters
    ----------
    pages : dict of {str: Page}
    end : int
        Where the integral column ends.

    Returns
    -------
    list of dict
        activation, range (as text), derivatives (how many are continuous, or "all"), odd,
        integral from 0 to ``end``, formula (whether there is one). Without a formula range and
        derivatives are what the registry states, and the integral is a trapezoidal sum over
        2^18 equal steps; six digits are given.
    """
    rows = []
    for name in entries():
        entry = ACTIVATIONS[name]
        row = {"activation": name, "odd": entry.odd, "formula": name in pages}
        if name in pages:
            known = pages[name]
            area = rounded(numeric(known.integral)(end), 6)
            row |= {"range": _interval(known.range), "integral": area}
            order = float(known.smoothness)
        else:
            place = np.linspace(0, end, 2**18 + 1)
            area = rounded(np.trapezoid(entry.value(place), place), 6)
            low, high = entry.range
            row |= {"range": f"[{low:.7g}, {high:.7g}]", "integral": area}
            order = entry.smoothness
        rows.append(row | {"derivatives": _count(order)})
    return rows


def _count(order: float) -> str:
    return "all" if order == np.inf else str(int(order))


def _interval(interval) -> str:
    ends = [str(end).replace("oo", "∞") for end in (interval.start, interval.end)]
    left, right = "[("[bool(interval.left_open)], "])"[bool(interval.right_open)]
    return left + ", ".join(ends) + right


def meeting(left: sp.Expr, right: sp.Expr, orders: int = 4) -> list[dict]:
    """Return how two formulas in x meet at 0, derivative by derivative.

    Returns
    -------
    list of dict
        ``order``, the one-sided limits ``left`` and ``right`` of that derivative, and ``jump``,
        right minus left, simplified: 0 where it is continuous.
    """
    rows = []
    for order in range(orders):
        before = sp.limit(sp.diff(left, x, order), x, 0, "-")
        after = sp.limit(sp.diff(right, x, order), x, 0, "+")
        jump = sp.simplify(after - before)
        rows.append({"order": order, "left": before, "right": after, "jump": jump})
    return rows


def curves(pages: Iterable[Page], points: Iterable) -> dict[str, list]:
    """Return value, derivative and integral of several pages at ``points``, for a long table.

    Columns activation, smoothness (as in :func:`overview`), x, value, derivative, integral.
    """
    points = list(points)
    columns: dict[str, list] = {"activation": [], "smoothness": []}
    for known in pages:
        columns["activation"] += [known.name] * len(points)
        columns["smoothness"] += [_count(float(known.smoothness))] * len(points)
        forms = {name: getattr(known, name) for name in ("value", "derivative", "integral")}
        for name, found in sample(forms, points).items():
            columns.setdefault(name, []).extend(found)
    return columns


def _symbol(left, right):
    """Return x, or a symbol that knows its sign where the stretch has one."""
    if left >= 0:
        return sp.Symbol("x", positive=True)
    return sp.Symbol("x", negative=True) if right <= 0 else x


def _prove_zero(expression, what: str) -> None:
    if abs(sp.N(expression, _DIGITS + 10)) > sp.Float(f"1e-{_DIGITS}"):
        raise NotProved(f"expected {what} to be 0, got {sp.N(expression, 5)}")


class FormulaTable:
    """Formulas side by side, shown as one LaTeX array by any notebook.

    Parameters
    ----------
    pages : iterable of Page
    labels : dict of {str: str}, optional
        What to write for a name.
    """

    def __init__(self, pages: Iterable[Page], labels: dict[str, str] | None = None):
        self.pages, self.labels = list(pages), labels or {}

    def _repr_latex_(self) -> str:
        rows = [r"& \text{value} & \text{derivative} & \text{integral from } 0 \\[2pt] \hline"]
        for entry in self.pages:
            name = self.labels.get(entry.name, entry.name).replace("_", r"\_")
            cells = (entry.value, entry.derivative, entry.integral)
            formulas = " & ".join(rf"\displaystyle {_latex(cell)}" for cell in cells)
            rows.append(rf"\text{{{name}}} & {formulas} \\[6pt]")
        body = "\n".join(rows)
        return (
            rf"$\displaystyle \renewcommand{{\arraystretch}}{{1.7}}\begin{{array}}{{llll}}{body}"
            r"\end{array}$"
        )

    def __repr__(self) -> str:
        return f"formulas of {', '.join(entry.name for entry in self.pages)}"


def _latex(expression) -> str:
    """Return LaTeX, cases from left to right; a root without a formula is called e."""
    if not isinstance(expression, sp.Piecewise):
        return _formula(expression)
    cases = [rf"{_formula(f)} & {_stretch(a, b)}" for a, b, f in pieces(expression)]
    return r"\begin{cases}" + r" \\ ".join(cases) + r"\end{cases}"


def _stretch(left, right) -> str:
    if left.is_infinite:
        return f"x < {_formula(right)}"
    after = rf"{_formula(left)} \le x"
    return f"{after} < {_formula(right)}" if right.is_finite else after


def _formula(expression) -> str:
    roots = {root: _END for root in expression.atoms(sp.CRootOf)}
    return sp.latex(expression.xreplace(roots), ln_notation=True)
