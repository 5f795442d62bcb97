"""How a program is written as a formula."""

from __future__ import annotations

from isru.chapters.frontier.programs import Program, Step, arity
from isru.kernels.formulas import (
    ABSOLUTE,
    ADD,
    DIVIDE,
    ESTIMATE,
    FUSED,
    LEAST,
    LEAST_NEGATED,
    MOST,
    MOST_NEGATED,
    MULTIPLY,
    ROOT,
    SUBTRACT,
)

_INFIX = {
    ADD: "{0} + {1}",
    SUBTRACT: "{0} − {1}",
    MULTIPLY: "{0}·{1}",
    FUSED: "{0}·{1} + {2}",
    DIVIDE: "{0}/{1}",
    ROOT: "√({0})",
    ABSOLUTE: "|{0}|",
    LEAST: "min({0}, {1})",
    MOST: "max({0}, {1})",
    ESTIMATE: "rsqrt({0})",
    LEAST_NEGATED: "min({0}, −{1})",
    MOST_NEGATED: "max({0}, −{1})",
}
_SUMS, _PRODUCTS = (ADD, SUBTRACT, FUSED), (MULTIPLY, DIVIDE)
_LISTS = (LEAST, MOST, ABSOLUTE, ROOT, ESTIMATE, LEAST_NEGATED, MOST_NEGATED)
_LONG = 6  # characters from which a formula does not write a result out twice


def formula(program: Program, a: float, b: float, scale: float = 1.0) -> str:
    """Return the formula of f(scale x), its constants to three digits.

    What is long and used more than once gets a letter: ``"q/√(q² + 0.5), q = x·x² + x"``.
    """
    texts = ["x" if scale == 1 else "s", f"{a:.3g}", f"{b:.3g}"]
    kinds: list[int | None] = [None, None, None]
    letters, named = iter("qrtuvw"), []
    for value, (operation, *operands) in enumerate(program, start=len(texts)):
        shown = []
        for place, operand in enumerate(operands[: arity(operation)]):
            text, kind = texts[operand], kinds[operand]
            inner = kind in _SUMS and operation not in (*_SUMS, *_LISTS)
            inner |= kind in _SUMS and operation == FUSED and place < 2
            inner |= kind in _SUMS and operation == SUBTRACT and place == 1
            inner |= kind in _PRODUCTS and operation == DIVIDE and place == 1
            shown.append(f"({text})" if inner else text)
        text = _INFIX[operation].format(*shown)
        if operation in (MULTIPLY, FUSED) and operands[0] == operands[1]:
            product = kinds[operands[0]] in _PRODUCTS
            square = f"({shown[0]})²" if product else f"{shown[0]}²"
            text = square + (f" + {shown[2]}" if operation == FUSED else "")
        if len(text) >= _LONG and _uses(program, value) > 1:
            letter = next(letters)
            named.append(f"{letter} = {text}")
            text, operation = letter, None
        texts.append(text)
        kinds.append(operation)
    scaled = [] if scale == 1 else [f"s = {scale:.3g}·x"]
    return ", ".join([texts[-1], *reversed(named), *scaled])


def _uses(program: Program, value: int) -> int:
    """Return how many steps a formula would write a result into; a square writes it once."""
    return sum(value in operands[: arity(operation)] for operation, *operands in program)


def step_name(step: Step) -> str:
    """Return a first step as it is written, of x, a and b."""
    return _INFIX[step[0]].format(*("xab"[value] for value in step[1:]))
