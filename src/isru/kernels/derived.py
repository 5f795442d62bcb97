"""Compiled functions of one number, made of an activation's formula.

What `isru.kernels` has no function for is written here in Python and then compiled as the rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from isru.activations import Activation
from isru.activations.formula import Expression, nodes_of, statements
from isru.kernels.compiling import inlined, like
from isru.kernels.exponential import exp
from isru.kernels.smooth import tanh_of

_SPELLING = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "negative": "-{0}",
    "abs": "abs({0})",
    "less": "{0} < {1}",
    "sqrt": "math.sqrt({0})",
    "exp": "exp({0})",
    "expm1": "math.expm1({0})",
    "log1p": "math.log1p({0})",
    "tanh": "tanh_of({0})",
    "minimum": "{1} if {0} > {1} else {0}",
    "maximum": "{1} if {0} < {1} else {0}",
    "where": "{1} if {0} else {2}",
}
_LIBRARY = _SPELLING | {"exp": "math.exp({0})", "tanh": "math.tanh({0})"}


def derived(entry: Activation) -> tuple[Callable, Callable]:
    """Return (x, a, b, c) -> (y, saved), and (saved, a, b, c) -> derivative.

    The parameters are a, b, c in their order.
    """
    value, slope = entry.safe_trees
    names = dict(zip(entry.parameters, "abc", strict=False))
    return (
        _compiled(value, "x, a, b, c", "y, y" if entry.saves_output else "y, x", names),
        _compiled(slope, "x, a, b, c", "y", names),
    )


def in_the_library(entry: Activation) -> Callable | None:
    """Return x -> y with tanh, e^x and their kin from the C library; None where there are none."""
    if entry.formula is None:
        return None
    tree = entry.numeric_trees[0]
    if not {"exp", "expm1", "log1p", "tanh"} & {node.operation for node in nodes_of(tree)}:
        return None
    return _compiled(tree, "x", "y", {}, _LIBRARY)


def _compiled(tree: Expression, arguments, result, names, spelling=_SPELLING) -> Callable:
    lines, y = statements(
        tree,
        spelling,
        lambda number: f"like({float(number)!r}, x)",
        "{name} = {value}",
        **{"x": "x", "y": "x"} | names,
    )
    text = "".join(f"    {line}\n" for line in (*lines, f"y = {y}", f"return {result}"))
    known = {"math": math, "like": like, "exp": exp, "tanh_of": tanh_of, "__name__": __name__}
    exec(compile(f"def function({arguments}):\n{text}", __file__, "exec"), known)
    return inlined(known["function"])
