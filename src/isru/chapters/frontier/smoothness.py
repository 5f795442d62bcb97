"""How smooth a formula is, proved with SymPy from its steps.

A program is *analytic* if every step is: no modulus, minimum, maximum or bit trick, every divisor
without a zero, every root of something positive. Signs are found by rules (a square is not
negative, a positive number and a square are positive, ...); where they do not decide, the
numerator's real roots are counted exactly.

Anything else is taken apart into pieces on the positive half of the line. Its class is the order
of the first derivative that jumps: where two pieces meet, in 40 digits, or at 0, where an odd
function with an even derivative on one side has its negative on the other.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import mpmath as mp
import sympy as sp

from isru.chapters.frontier.programs import ANALYTIC, Program
from isru.kernels.formulas import (
    ABSOLUTE,
    ADD,
    DIVIDE,
    ESTIMATE,
    FUSED,
    LEAST,
    LEAST_NEGATED,
    MOST_NEGATED,
    MULTIPLY,
    ROOT,
    SUBTRACT,
)

SMOOTH, UNKNOWN = "analytic", "not proved"
CLASSES = ("C0", "C1", "C2", "C3", SMOOTH)
_DIGITS, _EQUAL = 40, mp.mpf(10) ** -24
_HIGHEST = 4  # derivatives that are looked at
_REAL, _POSITIVE = sp.Symbol("x", real=True), sp.Symbol("x", positive=True)
_PLACES = [mp.mpf(2) ** (mp.mpf(n) / 8) for n in range(-96, 97)]


def rational(value: float) -> sp.Rational:
    """Return the simple fraction that a constant was fitted to be, else its six digits."""
    simple = Fraction(value).limit_denominator(64)
    if abs(float(simple) - value) <= 2e-5 * abs(value):
        return sp.Rational(simple.numerator, simple.denominator)
    return sp.Rational(f"{value:.6g}")


def smoothness(program: Program, a: float, b: float) -> str:
    """Return "analytic", "C0", "C1", ... or "not proved"."""
    constants = rational(a), rational(b)
    if proved_analytic(program, *constants):
        return SMOOTH
    if any(step[0] == ESTIMATE for step in program):
        return "C0"  # straight lines between powers of two
    with mp.workdps(_DIGITS):
        order = _order(_pieces(program, *constants))
    return UNKNOWN if order is None else f"C{order}"


def expressions(program: Program, a: sp.Expr, b: sp.Expr, x: sp.Symbol = _REAL) -> list[sp.Expr]:
    """Return every value of a program without kinks as an expression."""
    values: list[sp.Expr] = [x, a, b]
    for operation, *places in program:
        values.append(_arithmetic(operation, *(values[place] for place in places)))
    return values


def _arithmetic(operation, p, q, r):
    return {
        ADD: lambda: p + q,
        SUBTRACT: lambda: p - q,
        MULTIPLY: lambda: p * q,
        FUSED: lambda: p * q + r,
        DIVIDE: lambda: p / q,
        ROOT: lambda: sp.sqrt(p),
    }[operation]()


def proved_analytic(program: Program, a: sp.Expr, b: sp.Expr) -> bool:
    """Return whether every step is analytic on the whole line, for these positive constants."""
    if any(step[0] not in ANALYTIC for step in program):
        return False
    values = expressions(program, a, b)
    signs: list[str] = ["", "+", "+"]
    for operation, *places in program:
        i, j, _ = places
        needed = {ROOT: i, DIVIDE: j}.get(operation)
        if needed is not None and signs[needed] != "+":
            if not _never_zero(values[needed], positive=operation == ROOT):
                return False
            if operation == ROOT:
                signs[needed] = "+"
        signs.append(_sign(operation, places, signs))
    return True


def _sign(operation, places, signs) -> str:
    """Return "+" for what is proved positive, "0+" for what is not negative, else ""."""
    i, j, k = places
    if operation == ROOT:
        return signs[i]
    product = "0+" if i == j and not signs[i] else _product(signs[i], signs[j])
    if operation in (MULTIPLY, DIVIDE):
        return product if operation == MULTIPLY else _product(signs[i], signs[j])
    pair = {ADD: (signs[i], signs[j]), FUSED: (product, signs[k])}.get(operation, ("", ""))
    if "" in pair:
        return ""
    return "+" if "+" in pair else "0+"


def _product(one, other):
    if "" in (one, other):
        return ""
    return "+" if one == other == "+" else "0+"


def _never_zero(value: sp.Expr, *, positive: bool) -> bool:
    """Return whether an expression has no real zero, by the roots of a polynomial."""
    numerator = sp.fraction(sp.together(value))[0]
    roots = [part for part in numerator.atoms(sp.Pow) if part.exp == sp.Rational(1, 2)]
    if len(roots) > 1 or (positive and value.subs(_REAL, 0) <= 0):
        return False
    try:
        polynomial = numerator
        if roots:
            inner = sp.Dummy("r")
            in_both = sp.expand(numerator.subs(roots[0], inner))
            polynomial = sp.resultant(in_both, inner**2 - roots[0].base, inner)
        zeros = sp.Poly(polynomial, _REAL).real_roots()
    except (sp.PolynomialError, NotImplementedError):
        return False  # a root of a root, or what SymPy cannot find, so that nothing is proved
    # A root may belong to the other sign of the square root: then the value there is not 0.
    return all(abs(sp.N(numerator.subs(_REAL, zero), 40)) > 1e-20 for zero in zeros)


def _pieces(program: Program, a, b):
    """Return the function for x > 0: (expression, where it ends), from 0 to infinity."""
    values = [[(part, mp.inf)] for part in (_POSITIVE, a, b)]
    for operation, *places in program:
        values.append(_joined(operation, [values[place] for place in places]))
    return values[-1]


def _joined(operation, operands):
    pieces = []
    for end in sorted({end for operand in operands for _, end in operand}):
        parts = [next(p for p, until in operand if until >= end) for operand in operands]
        start = pieces[-1][1] if pieces else mp.mpf(0)
        pieces += _on_interval(operation, parts, start, end)
    return _merged(pieces)


def _on_interval(operation, parts, start, end):
    if operation in ANALYTIC:
        return [(_arithmetic(operation, *parts), end)]
    p, q, _ = parts
    q = {ABSOLUTE: -p, LEAST_NEGATED: -q, MOST_NEGATED: -q}.get(operation, q)
    least = operation in (LEAST, LEAST_NEGATED)
    difference = p - q
    compiled = sp.lambdify(_POSITIVE, difference, "mpmath")
    pieces, edges = [], [*_zeros(compiled, start, end), end]
    for edge in edges:
        begin = pieces[-1][1] if pieces else start
        middle = 2 * begin + 1 if edge == mp.inf else (begin + edge) / 2
        first = (compiled(middle) <= 0) == least
        pieces.append((p if first else q, edge))
    return pieces


def _zeros(function, start, end):
    """Return where a function changes its sign within an interval, to 40 digits."""
    places = [place for place in _PLACES if start < place < end]
    signs = [mp.sign(function(place)) for place in places]
    found = []
    for (one, left), (other, right) in pairwise(zip(places, signs, strict=True)):
        if left == 0:
            found.append(one)
        elif left * right < 0:
            found.append(mp.findroot(function, (one, other), solver="anderson", tol=1e-60))
    return [zero for zero in found if start < zero < end]


def _merged(pieces):
    merged = []
    for expression, end in pieces:
        if merged and merged[-1][0] == expression:
            merged[-1] = (expression, end)
        else:
            merged.append((expression, end))
    return merged


def _order(pieces) -> int | None:
    """Return how many derivatives are continuous, None if none of those looked at jumps."""
    inner = pieces[0][0]
    orders = [_order_at_zero(inner)]
    for (left, edge), (right, _) in pairwise(pieces):
        orders.append(_first_jump(left - right, edge))
    jumps = [order for order in orders if order is not None]
    return min(jumps) if jumps else None


def _order_at_zero(inner) -> int | None:
    for order in range(2, _HIGHEST + 1, 2):
        value = sp.limit(sp.diff(inner, _POSITIVE, order), _POSITIVE, 0, "+")
        if sp.simplify(value) != 0:
            return order - 1
    return None


def _first_jump(difference, edge) -> int | None:
    for order in range(1, _HIGHEST + 1):
        jump = sp.lambdify(_POSITIVE, sp.diff(difference, _POSITIVE, order), "mpmath")(edge)
        if abs(jump) > _EQUAL:
            return order - 1
    return None
