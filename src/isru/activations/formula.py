"""A formula, written once, for every library that computes with it.

An activation's formula is a function of expressions, made of arithmetic and of the functions
below; constants are integers or fractions, which each library rounds itself::

    def formula(x, alpha):
        return x / sqrt(1 + alpha * x**2)

Called once, it leaves a tree of operations. `evaluate` computes a tree with the operations of a
library: arrays, symbols, tensors, the nodes of a graph. `statements` writes it in a language.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import partial
from typing import Any, Union

Operand = Union["Expression", int, Fraction]


def _operator(operation: str, swapped: bool = False) -> Callable[[Any, Operand], Expression]:
    """Return the method behind an operator of Python's."""

    def method(self: Expression, other: Operand) -> Expression:
        return apply(operation, other, self) if swapped else apply(operation, self, other)

    return method


class Expression:
    """An operation and its arguments; "name" and "constant" are the leaves."""

    __slots__ = ("arguments", "operation")

    def __init__(self, operation: str, *arguments: Any):
        self.operation = operation
        self.arguments = arguments

    __add__, __radd__ = _operator("add"), _operator("add", swapped=True)
    __sub__, __rsub__ = _operator("subtract"), _operator("subtract", swapped=True)
    __mul__, __rmul__ = _operator("multiply"), _operator("multiply", swapped=True)
    __truediv__, __rtruediv__ = _operator("divide"), _operator("divide", swapped=True)
    __lt__, __gt__ = _operator("less"), _operator("less", swapped=True)

    def __pow__(self, exponent: int) -> Expression:
        """Return a product: a power is a whole number from 1 on."""
        if not isinstance(exponent, int) or exponent < 1:
            raise TypeError(f"expected a power 1, 2, 3, ..., got {exponent!r}")
        product = self
        for _ in range(exponent - 1):
            product = product * self
        return product

    def __neg__(self) -> Expression:
        return apply("negative", self)

    def __abs__(self) -> Expression:
        return apply("abs", self)

    def __bool__(self):
        raise TypeError("expected where(condition, yes, no) for a choice in a formula, got an if")


def expression(value: Operand) -> Expression:
    """Return a constant as an expression, and an expression as it is.

    Raises
    ------
    TypeError
        For a float: it would hide which number is meant.
    """
    if isinstance(value, Expression):
        return value
    if isinstance(value, int | Fraction):
        return Expression("constant", Fraction(value))
    raise TypeError(f"expected an expression, an integer or a Fraction, got {value!r}")


def apply(operation: str, *arguments: Operand) -> Expression:
    """Return the expression of an operation; a product with 1 and a sum with 0 are left out."""
    parts = [expression(argument) for argument in arguments]
    neutral = {"multiply": 1, "add": 0}.get(operation)
    for part, other in (parts, parts[::-1]) if neutral is not None else ():
        if part.operation == "constant" and part.arguments[0] == neutral:
            return other
    return Expression(operation, *parts)


def name(text: str) -> Expression:
    """Return a variable or a parameter."""
    return Expression("name", text)


def sqrt(x: Operand) -> Expression:
    """Return the square root."""
    return apply("sqrt", x)


def exp(x: Operand) -> Expression:
    """Return e^x."""
    return apply("exp", x)


def expm1(x: Operand) -> Expression:
    """Return e^x - 1, which keeps its digits near 0."""
    return apply("expm1", x)


def log1p(x: Operand) -> Expression:
    """Return ln(1 + x), which keeps its digits near 0."""
    return apply("log1p", x)


def tanh(x: Operand) -> Expression:
    """Return the hyperbolic tangent."""
    return apply("tanh", x)


def minimum(x: Operand, y: Operand) -> Expression:
    """Return the smaller one; x where it is NaN."""
    return apply("minimum", x, y)


def maximum(x: Operand, y: Operand) -> Expression:
    """Return the larger one; x where it is NaN."""
    return apply("maximum", x, y)


def clip(x: Operand, low: Operand, high: Operand) -> Expression:
    """Return x in [low, high]; NaN stays."""
    return apply("clip", x, low, high)


def where(condition: Expression, yes: Operand, no: Operand) -> Expression:
    """Return one of two by a comparison (``<`` or ``>``)."""
    return apply("where", condition, yes, no)


ARITHMETIC: dict[str, Callable] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "negative": operator.neg,
    "abs": abs,
    "less": operator.lt,
}
"""What most libraries' numbers do by themselves."""


def evaluate(tree: Expression, operations: Mapping[str, Callable], **leaves: Any) -> Any:
    """Return what a library makes of a tree.

    Parameters
    ----------
    tree : Expression
    operations : mapping
        A function for each operation that the tree holds, and "constant", of a Fraction.
        Without "clip" it is a "minimum" of a "maximum".
    **leaves
        A value for each name.
    """
    known: dict[int, Any] = {}

    def value(node: Expression) -> Any:
        if id(node) not in known:
            known[id(node)] = compute(node)
        return known[id(node)]

    def compute(node: Expression) -> Any:
        if node.operation == "name":
            return leaves[node.arguments[0]]
        if node.operation == "constant":
            return operations["constant"](node.arguments[0])
        arguments = [value(argument) for argument in node.arguments]
        if node.operation == "clip" and "clip" not in operations:
            low = operations["maximum"](arguments[0], arguments[1])
            return operations["minimum"](low, arguments[2])
        return operations[node.operation](*arguments)

    return value(tree)


def folded(tree: Expression, parameters: Mapping[str, float]) -> Expression:
    """Return a tree with numbers in place of its parameters; what hangs on them alone is one.

    The arithmetic is exact; roots and the like of constants stay as they are.
    """

    def made(operation: str, *parts: Expression) -> Expression:
        if operation in ARITHMETIC and all(part.operation == "constant" for part in parts):
            return expression(ARITHMETIC[operation](*(part.arguments[0] for part in parts)))
        return apply(operation, *parts)

    operations = {word: partial(made, word) for word in OPERATIONS if word != "less"}
    numbers = {word: expression(Fraction(value)) for word, value in parameters.items()}
    return _rebuilt(tree, operations, numbers)


def _rebuilt(tree: Expression, operations: Mapping[str, Callable], leaves=()) -> Expression:
    """Return a tree made anew; what is not given stays as it is."""
    given: dict[str, Callable] = {
        "constant": expression,
        "less": partial(apply, "less"),
        **operations,
    }
    names = {word: name(word) for word in names_of(tree)}
    return evaluate(tree, given, **names | dict(leaves))


FUNCTIONS = ("sqrt", "exp", "expm1", "log1p", "tanh", "minimum", "maximum", "clip", "where")
OPERATIONS = (*ARITHMETIC, *FUNCTIONS)


def nodes_of(tree: Expression) -> Iterator[Expression]:
    """Yield every node of a tree once."""
    seen: set[int] = set()
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            waiting += [part for part in node.arguments if isinstance(part, Expression)]


def names_of(tree: Expression) -> set[str]:
    """Return the variables and parameters in a tree."""
    return {node.arguments[0] for node in nodes_of(tree) if node.operation == "name"}


def statements(
    tree: Expression,
    spelling: Mapping[str, str],
    constant: Callable[[Fraction], str],
    assign: str,
    **leaves: str,
) -> tuple[list[str], str]:
    """Write a tree in a language; what occurs more than once gets a name.

    Parameters
    ----------
    tree : Expression
    spelling : mapping
        Each operation with ``{0}``, ``{1}``, ... in the places of its arguments.
    constant : callable
        From a Fraction to its text.
    assign : str
        A statement with ``{name}`` and ``{value}``.
    **leaves : str
        The text of each name.

    Returns
    -------
    lines : list of str
    result : str
        The expression in which the names of `lines` may stand.
    """
    plain = _rebuilt(tree, {word: partial(apply, word) for word in OPERATIONS if word != "clip"})
    uses: Counter[int] = Counter()

    def count(*nodes: Expression) -> None:
        for node in nodes:
            uses[id(node)] += 1
            if uses[id(node)] == 1 and node.operation in spelling:
                count(*node.arguments * (2 if node.operation in ("minimum", "maximum") else 1))

    count(plain)
    lines: list[str] = []
    known: dict[int, str] = {}

    def is_call(node: Expression) -> bool:
        return spelling[node.operation].endswith(")")

    def operand(node: Expression) -> str:
        text = write(node)
        whole = node.operation not in spelling or id(node) in known or is_call(node)
        return text if whole else f"({text})"

    def write(node: Expression) -> str:
        if node.operation == "name":
            return leaves[node.arguments[0]]
        if node.operation == "constant":
            return constant(node.arguments[0])
        if id(node) not in known:
            part = write if is_call(node) else operand
            text = spelling[node.operation].format(*map(part, node.arguments))
            if uses[id(node)] == 1:
                return text
            known[id(node)] = f"t{len(lines)}"
            lines.append(assign.format(name=known[id(node)], value=text))
        return known[id(node)]

    result = write(plain)
    return lines, result
