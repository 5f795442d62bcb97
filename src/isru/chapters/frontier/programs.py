"""The language of the formulas: straight-line programs of machine operations, as data.

A program is a tuple of steps ``(operation, i, j, k)``. Its values are numbered: 0 is x, 1 and 2
are the constants a and b, 3 the result of the first step, and so on. The last step's is its own.
"""

from __future__ import annotations

from itertools import combinations, combinations_with_replacement, permutations, product

import numpy as np

from isru.kernels.formulas import (
    ABSOLUTE,
    ADD,
    DIVIDE,
    ESTIMATE,
    FUSED,
    LEAST,
    LEAST_NEGATED,
    LEAVES,
    LONGEST,
    MOST,
    MOST_NEGATED,
    MULTIPLY,
    ROOT,
    SUBTRACT,
)

Step = tuple[int, int, int, int]
Program = tuple[Step, ...]
X, A, B = range(LEAVES)
CONSTANTS = (A, B)
ANALYTIC = (ADD, SUBTRACT, MULTIPLY, FUSED, DIVIDE, ROOT)
"""The operations that have no kink."""
EVERY = (*ANALYTIC, ABSOLUTE, LEAST, MOST, ESTIMATE, LEAST_NEGATED, MOST_NEGATED)


def steps(values: int, operations: tuple[int, ...] = EVERY) -> list[Step]:
    """Return every step on so many values, in the order of their ranks.

    Parameters
    ----------
    values : int
        x, the constants and the results so far.
    operations : tuple of int

    Notes
    -----
    Operands that may be swapped are named once. No step has constants alone, which would be one
    more constant. Nothing is divided by a constant, which is a product with another one. The
    least and the greatest take a constant with either sign; elsewhere a difference brings it.
    """
    every, pairs = range(values), list(combinations_with_replacement(range(values), 2))
    found = {
        ADD: [(i, j, 0) for i, j in pairs],
        SUBTRACT: [(i, j, 0) for i, j in permutations(every, 2)],
        MULTIPLY: [(i, j, 0) for i, j in pairs],
        FUSED: [(i, j, k) for (i, j), k in product(pairs, every)],
        DIVIDE: [(i, j, 0) for i, j in permutations(every, 2) if j not in CONSTANTS],
        ROOT: [(i, 0, 0) for i in every],
        ABSOLUTE: [(i, 0, 0) for i in every],
        LEAST: [(i, j, 0) for i, j in combinations(every, 2)],
        MOST: [(i, j, 0) for i, j in combinations(every, 2)],
        ESTIMATE: [(i, 0, 0) for i in every],
        LEAST_NEGATED: [(i, j, 0) for i, j in product(every, CONSTANTS)],
        MOST_NEGATED: [(i, j, 0) for i, j in product(every, CONSTANTS)],
    }
    return [
        (operation, *operands)
        for operation in operations
        for operands in sorted(found[operation])
        if not set(operands[: arity(operation)]) <= set(CONSTANTS)
    ]


def arity(operation: int) -> int:
    """Return how many operands an operation has."""
    if operation in (ROOT, ABSOLUTE, ESTIMATE):
        return 1
    return 3 if operation == FUSED else 2


def step_tables(longest: int, operations: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps of each length as `isru.kernels.formulas.search` takes them.

    Raises
    ------
    ValueError
        For more steps than there is room for.
    """
    if not 1 <= longest <= LONGEST:
        raise ValueError(f"expected from 1 to {LONGEST} operations, got {longest}")
    rows, starts = [], [0]
    for depth in range(longest):
        for step in steps(LEAVES + depth, operations):
            operation, i, j, k = step
            uses = sum(1 << value for value in set(step[1 : 1 + arity(operation)]))
            rank = ((operation * 16 + i) * 16 + j) * 16 + k
            rows.append((*step, uses, rank))
        starts.append(len(rows))
    return np.array(rows, np.int64), np.array(starts, np.int64)


_IN_C = {
    ADD: "{0} + {1}",
    SUBTRACT: "{0} - {1}",
    MULTIPLY: "{0} * {1}",
    FUSED: "{0} * {1} + {2}",
    DIVIDE: "{0} / {1}",
    ROOT: "SQRTF({0})",
    ABSOLUTE: "FABSF({0})",
    LEAST: "{0} > {1} ? {1} : {0}",
    MOST: "{0} < {1} ? {1} : {0}",
    ESTIMATE: "bit_trick({0})",
    LEAST_NEGATED: "{0} > -{1} ? -{1} : {0}",
    MOST_NEGATED: "{0} < -{1} ? -{1} : {0}",
}
BIT_TRICK = """\
ALWAYS_INLINE float bit_trick(float q)
{
    union { float value; uint32_t bits; } guess;
    guess.value = q;
    guess.bits = 0x5f3759dfu - (guess.bits >> 1);
    return guess.value;
}
"""
# Of one step on a Cortex-M4F, with the wait for its operands; only what is compiled is counted.
_ROUGHLY = {FUSED: 4, DIVIDE: 15, ROOT: 15, ABSOLUTE: 1, ESTIMATE: 7}
_ROUGHLY |= dict.fromkeys((LEAST, MOST, LEAST_NEGATED, MOST_NEGATED), 4)


def constants_of(program: Program) -> list[int]:
    """Return which of the constants, 1 and 2, a program uses."""
    used = {value for step in program for value in step[1 : 1 + arity(step[0])]}
    return sorted(used & set(CONSTANTS))


def rough_cycles(program: Program) -> int:
    """Return a guess at the cycles, to choose what is compiled."""
    steps_alone = sum(_ROUGHLY.get(step[0], 2) for step in program)
    return 2 + steps_alone + len(constants_of(program))


def c_body(program: Program, number, a: float, b: float, scale: float = 1.0) -> str:
    """Return the body of the C function that computes f(scale x).

    Parameters
    ----------
    program : Program
    number : callable
        A number as a literal of C.
    a, b, scale : float
    """
    names = ["x", number(a), number(b)]
    lines = []
    if scale != 1:
        lines, names[0] = [f"const float s = {number(scale)} * x;"], "s"
    for place, (operation, *operands) in enumerate(program):
        text = _IN_C[operation].format(*(names[value] for value in operands))
        names.append(f"t{place}")
        last = place == len(program) - 1
        lines.append(f"return {text};" if last else f"const float t{place} = {text};")
    return "\n".join(lines)
