"""The activations as SymPy expressions, and what is needed to prove something about them.

:data:`FORMULAS` has the keys of :data:`isru.activations.ACTIVATIONS`; what is not in it (the table
and the approximate inverse square roots) is an algorithm rather than a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import mpmath
import sympy as sp
from sympy.core.relational import Relational

from isru.activations import get_activation
from isru.activations.formula import ARITHMETIC, evaluate
from isru.analysis import approximation
from isru.registry import ByName

x, y, u = sp.symbols("x y u", real=True)
positive_x = sp.Symbol("x", positive=True)
alpha, beta, k, s = sp.symbols("alpha beta k s", positive=True)
n = sp.Symbol("n", integer=True, positive=True)
HALF = sp.Rational(1, 2)

_OPERATIONS: dict[str, Callable] = ARITHMETIC | {
    "sqrt": sp.sqrt,
    "exp": sp.exp,
    "expm1": lambda a: sp.exp(a) - 1,
    "log1p": lambda a: sp.log(1 + a),
    "tanh": sp.tanh,
    "minimum": lambda a, b: sp.Piecewise((a, a <= b), (b, True)),
    "maximum": lambda a, b: sp.Piecewise((a, a >= b), (b, True)),
    "clip": lambda a, low, high: sp.Piecewise((low, a < low), (high, a > high), (a, True)),
    "where": lambda holds, a, b: sp.Piecewise((a, holds), (b, True)),
    "constant": sp.Rational,
}


class NotProved(ArithmeticError):
    """An equation whose two sides SymPy does not find equal."""


def in_sympy(tree, **leaves) -> sp.Expr:
    """Return a tree of `isru.activations.formula` as an expression, given what its names are."""
    return sp.piecewise_fold(sp.sympify(evaluate(tree, _OPERATIONS, **leaves)))


def formula(name: str, argument=x, **parameters) -> sp.Expr:
    """Return the formula of an activation.

    Parameters
    ----------
    name : str
    argument : Expr
    **parameters
        Numbers or symbols; by default the registry's.
    """
    entry = get_activation(name)
    if entry.sympy:
        return entry.sympy(sp, argument)
    known = {name: sp.Rational(str(value)) for name, value in entry.parameters.items()}
    return in_sympy(entry.trees[0], x=argument, **(known | parameters))


def isru(argument=x, alpha=1) -> sp.Expr:
    """Return x / sqrt(1 + alpha x^2), the inverse square root unit."""
    return formula("isru", argument, alpha=alpha)


def isru_sigmoid(argument=x, scale=HALF) -> sp.Expr:
    """Return (1 + isru(scale x)) / 2; with scale 1/2 its slope at 0 is the logistic one."""
    return formula("isru_sigmoid", argument, k=scale)


FORMULAS = ByName(formula, lambda entry: entry.has_formula)
"""Name -> expression in x."""

_INTEGRALS = {  # where SymPy's own form is unwieldy or missing; checked by differentiation
    sp.tanh(x): sp.log(sp.cosh(x)),
    sp.log(1 + sp.exp(x)): -sp.polylog(2, -sp.exp(x)) - sp.pi**2 / 12,
}


def prove_equal(lhs, rhs, *, split: sp.Symbol | None = None) -> sp.Expr:
    """Return ``lhs - rhs`` simplified, which is 0, or raise.

    Parameters
    ----------
    lhs, rhs : Expr or number
    split : Symbol, optional
        Prove the equation for this symbol positive and negative apart, where a square root of
        its square or its modulus stands in the way.

    Raises
    ------
    NotProved
        If the difference does not simplify to 0. The message gives a point where the equation
        fails, or says that it seems true and needs another assumption or ``split``.
    """
    difference = sp.sympify(lhs) - sp.sympify(rhs)
    if split is not None:
        half = sp.Symbol(split.name, positive=True)
        return sum(prove_equal(difference.subs(split, side), 0) for side in (half, -half))
    result = sp.simplify(difference)
    if result == 0 or sp.simplify(difference.rewrite(sp.exp)) == 0:
        return sp.S.Zero
    probes = [_probe(difference, sign) for sign in (1, -1)]
    values = [abs(sp.N(difference.subs(probe), 20)) for probe in probes]
    worst, probe = max(zip(values, probes, strict=True), key=lambda pair: pair[0])
    advice = (
        "the equation is wrong"
        if worst > sp.Float("1e-15")
        else "the sides agree there: give split=, or symbols with more assumptions"
    )
    raise NotProved(
        f"expected lhs - rhs to simplify to 0, got {result}, which is {sp.N(worst, 5)} in modulus "
        f"at {probe}: {advice}"
    )


def _probe(expression, sign):
    """Return a number for every symbol, within its assumptions."""
    symbols = sorted(expression.free_symbols, key=str)
    return {
        symbol: sp.Integer(index)
        if symbol.is_integer
        else sp.Rational(7 + 2 * index, 10) * (1 if symbol.is_positive else sign)
        for index, symbol in enumerate(symbols, start=1)
    }


def series(expression, order: int) -> sp.Expr:
    """Return the Taylor polynomial of an expression in x at 0, up to and including x^order."""
    return sp.series(expression, x, 0, order + 1).removeO()


def pieces(expression) -> list[tuple[sp.Expr, sp.Expr, sp.Expr]]:
    """Return (left end, right end, formula) of each stretch of the line with one formula."""
    folded = sp.piecewise_fold(sp.sympify(expression).rewrite(sp.Piecewise))
    boundaries = (relation.lhs - relation.rhs for relation in folded.atoms(Relational))
    ends = sorted({point for boundary in boundaries for point in sp.solve(boundary, x)})
    return [
        (left, right, _formula(folded, _inside(left, right)))
        for left, right in pairwise([-sp.oo, *ends, sp.oo])
    ]


def _inside(left, right):
    if left.is_finite and right.is_finite:
        return (left + right) / 2
    return left + 1 if left.is_finite else right - 1 if right.is_finite else sp.S.Zero


def _formula(folded, point):
    if not isinstance(folded, sp.Piecewise):
        return folded
    return next(formula for formula, holds in folded.args if holds.subs(x, point) == True)  # noqa: E712


def _join(parts) -> sp.Expr:
    """Return one expression from the (left, right, formula) of neighbouring stretches."""
    *first, (_, _, last) = parts
    return sp.Piecewise(*((formula, x < right) for _, right, formula in first), (last, True))


def derivative(expression) -> sp.Expr:
    """Return d expression / dx, piece by piece; at a corner it is the right-hand derivative."""
    return _join((a, b, sp.simplify(sp.diff(formula, x))) for a, b, formula in pieces(expression))


def integral(expression) -> sp.Expr:
    """Return the integral of an expression from 0 to x, continuous across its corners."""
    parts = [(a, b, _antiderivative(a, b, formula)) for a, b, formula in pieces(expression)]
    origin = next(index for index, (_, right, _) in enumerate(parts) if right > 0)
    shifted = dict([(origin, parts[origin][2] - parts[origin][2].subs(x, 0))])
    for index in range(origin + 1, len(parts)):
        left, _, formula = parts[index]
        shifted[index] = formula + (shifted[index - 1] - formula).subs(x, left)
    for index in reversed(range(origin)):
        _, right, formula = parts[index]
        shifted[index] = formula + (shifted[index + 1] - formula).subs(x, right)
    return _join(
        (left, right, sp.expand(sp.simplify(shifted[index])))
        for index, (left, right, _) in enumerate(parts)
    )


def _antiderivative(left, right, formula):
    """Integrate a formula on a stretch; a half-line gets a signed symbol, for real logarithms."""
    if formula in _INTEGRALS:
        return _INTEGRALS[formula]
    sign = -1 if right <= 0 else 1
    symbol = positive_x if right <= 0 or left >= 0 else x
    return sign * sp.integrate(formula.subs(x, sign * symbol), symbol).subs(symbol, sign * x)


def smoothness(expression, highest: int = 8):
    """Return how many continuous derivatives an expression in x has on the line.

    Infinity without corners, -1 for a jump. Sides that agree to 40 digits count as equal.
    """
    parts = pieces(expression)
    if len(parts) == 1:
        return sp.oo
    for order in range(highest + 1):
        for (_, corner, before), (_, _, after) in pairwise(parts):
            jump = sp.diff(after - before, x, order).subs(x, corner)
            if abs(sp.N(jump, 50)) > sp.Float("1e-40"):
                return order - 1
    return highest


def value_range(expression) -> sp.Interval:
    """Return the values that a rising expression in x takes."""
    parts = pieces(expression)
    first, last = parts[0][2], parts[-1][2]
    low, high = sp.limit(first, x, -sp.oo), sp.limit(last, x, sp.oo)
    return sp.Interval(low, high, first.has(x), last.has(x))


def numeric(expression, *symbols) -> Callable:
    """Return an expression as a function of mpmath numbers, of x unless symbols are given."""
    expression = sp.sympify(expression)
    roots = {root: sp.N(root, approximation.DIGITS) for root in expression.atoms(sp.CRootOf)}
    return sp.lambdify(symbols or (x,), expression.xreplace(roots), "mpmath")


def number(expression) -> float:
    """Return a constant expression as a float of :data:`approximation.SIGNIFICANT` digits."""
    return approximation.rounded(sp.N(expression, approximation.DIGITS))


def sample(expressions: dict[str, sp.Expr], points: Sequence) -> dict[str, list[float]]:
    """Return ``points`` as "x" and the value of every expression there, for a plotted table.

    Multiprecision arithmetic, cut to :data:`approximation.SIGNIFICANT` digits: equal on every
    machine, unlike a library's tanh.
    """
    functions = {"x": numeric(x)} | {name: numeric(e) for name, e in expressions.items()}
    with mpmath.workdps(approximation.DIGITS):
        places = [mpmath.mpf(point) for point in points]
        return {
            name: [approximation.rounded(function(place)) for place in places]
            for name, function in functions.items()
        }


def fit(
    target, family, parameters: Sequence[sp.Symbol], start, upper, *, norm: str
) -> approximation.Fit:
    """Return the member of an odd family in x that is nearest to ``target`` on [-upper, upper].

    Parameters
    ----------
    target, family : Expr
    parameters : sequence of Symbol
        What may be chosen in ``family``.
    start : sequence of float
    upper : number
        ``mpmath.inf`` for the line.
    norm : {"sup", "L2"}

    Raises
    ------
    ValueError
        For another norm.
    isru.analysis.approximation.NotConverged
        If ``start`` is too far away.
    """
    target, member = numeric(target), numeric(family, x, *parameters)
    if norm == "sup":
        return approximation.best_uniform(target, member, start, upper)
    if norm == "L2":
        partials = [numeric(sp.diff(family, p), x, *parameters) for p in parameters]
        return approximation.best_l2(target, member, partials, start, upper)
    raise ValueError(f"expected the norm 'sup' or 'L2', got {norm!r}")


def fits(target, family, parameters: Sequence[sp.Symbol], start, domains: dict, *, norm: str):
    """Return one row a domain: its name, the best parameters and the error, for a table.

    ``domains`` maps names to the right ends of symmetric intervals, each fit starts from the one
    before; otherwise as :func:`fit`.
    """
    names = [*map(str, parameters), "error"]
    rows = []
    for domain, upper in domains.items():
        best = fit(target, family, parameters, start, upper, norm=norm)
        start = best.parameters
        found = map(approximation.rounded, (*start, best.error))
        rows.append({"domain": domain} | dict(zip(names, found, strict=True)))
    return rows
