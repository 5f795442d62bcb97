"""The compiled enumeration is held to a slow one that shares nothing with it but the rules."""

import math
from collections import Counter
from itertools import product

import numpy as np
import pytest

from isru.chapters.frontier.enumeration import enumerate_odd
from isru.chapters.frontier.programs import EVERY, steps
from isru.kernels.formulas import LEAVES, bit_trick

pytestmark = pytest.mark.slow

# Roots: products of short decimals end in ties, which rounding would tell apart.
INPUTS = (0.0, *(math.sqrt(n) / 7 for n in (0.7, 5, 17, 33, 83, 211, 541, 2707)))
FAR = 1e4  # there a step has to be defined, too; what rounding leaves of its value decides nothing
NEAR = 2 * len(INPUTS)
FIRST, SECOND = (math.sqrt(1.87), math.sqrt(0.39)), (math.sqrt(0.087), math.sqrt(9.7))
CONSTANTS = (FIRST, FIRST[::-1], SECOND, SECOND[::-1])
X, A, B = range(LEAVES)
MOVED = 1 + 5e-8 * math.sqrt(3)
COUNTS = {1: 3, 2: 31, 3: 459, 4: 14766}


def steps_by_hand(values):
    """All steps, by another road than the tables: name, places of the operands, function."""

    def quotient(p, q):
        return p / q if q else math.nan

    def root(p):
        return math.sqrt(p) if p >= 0 else math.nan

    def estimate(p):
        return bit_trick.py_func(p) if p > 0 else math.nan

    both = [(i, j) for i in range(values) for j in range(values) if {i, j} - {A, B}]
    upward = [(i, j) for i, j in both if i <= j]
    apart = [(i, j) for i, j in both if i != j]
    triples = [(i, j, k) for i, j, k in product(range(values), repeat=3) if i <= j]
    single = [(i,) for i in range(values) if i not in (A, B)]
    yield from (("+", p, lambda p, q: p + q) for p in upward)
    yield from (("*", p, lambda p, q: p * q) for p in upward)
    yield from (("-", p, lambda p, q: p - q) for p in apart)
    yield from (("/", p, quotient) for p in apart if p[1] not in (A, B))
    yield from (("f", p, lambda p, q, r: p * q + r) for p in triples if set(p) - {A, B})
    yield from (("min", p, min) for p in upward if p[0] < p[1])
    yield from (("max", p, max) for p in upward if p[0] < p[1])
    yield from (("abs", p, abs) for p in single)
    yield from (("root", p, root) for p in single)
    yield from (("bit", p, estimate) for p in single)
    for p in both:
        if p[1] in (A, B):
            yield ("min-", p, lambda p, q: min(p, -q))
            yield ("max-", p, lambda p, q: max(p, -q))


def computed(name, function, operands):
    """The result on every pair of constants, each a pair (f(x), f(-x)); None where undefined."""
    return tuple(
        None if None in parts else one_pair(name, function, parts)
        for parts in zip(*operands, strict=True)
    )


def one_pair(name, function, parts):
    columns = list(zip(*parts, strict=True))
    if name == "/" and len({column[1] > 0 for column in columns}) > 1:
        return None  # a divisor that changes its sign has a zero
    values = tuple(function(*column) for column in columns)
    if not all(map(math.isfinite, values)):
        return None
    near = values[:NEAR]
    return values if max(near) - min(near) > 1e-12 else None  # else one more constant


def rounded(value):
    return tuple(
        None
        if part is None
        else tuple(float(f"{y:.7g}") if abs(y) > 1e-10 else 0.0 for y in part[:NEAR])
        for part in value
    )


def family(key):
    """The key without the names of a and b."""
    first, second, third, fourth = key
    return frozenset({(0, first), (0, second)}), frozenset({(1, third), (1, fourth)})


ON_ARRAYS = {
    "+": np.add,
    "*": np.multiply,
    "-": np.subtract,
    "/": np.divide,
    "f": lambda p, q, r: p * q + r,
    "min": np.minimum,
    "max": np.maximum,
    "abs": np.abs,
    "root": np.sqrt,
    "min-": lambda p, q: np.minimum(p, -q),
    "max-": lambda p, q: np.maximum(p, -q),
}


def last_steps(states):
    """Yield ``(values, name, places, function)`` of the last steps but those seen not to be odd.

    All programs are as long, so that one step is tried on all of them at once, at one pair of
    inputs and one of constants; a step that is undefined there is yielded.
    """
    at = 0, 1, len(INPUTS) + 1
    table = np.array(
        [
            [[np.nan] * 2 if part is None else [part[at[1]], part[at[2]]] for part in firsts]
            for firsts in ([value[at[0]] for value in values] for values in states)
        ]
    )
    for name, places, function in steps_by_hand(table.shape[1]):
        passed = np.ones(len(states), bool)
        if name in ON_ARRAYS:
            with np.errstate(all="ignore"):
                one, other = ON_ARRAYS[name](*(table[:, place] for place in places)).T
                passed = ~(np.abs(one + other) > 1e-9 * np.abs(one) + 1e-12)
        yield from ((states[n], name, places, function) for n in np.flatnonzero(passed))


def is_odd(value):
    half = len(INPUTS)
    return all(
        abs(y + z) <= 1e-9 * abs(y) + 1e-12
        for part in value
        if part is not None
        for y, z in zip(part[:half], part[half:NEAR], strict=True)
    )


def count_slowly(longest):
    """The odd functions by the fewest steps, from sets of values that a program can have."""
    x = (*INPUTS, *(-y for y in INPUTS), FAR, -FAR)
    leaves = ((x,) * 4, tuple((a,) * len(x) for a, _ in CONSTANTS))
    leaves += (tuple((b,) * len(x) for _, b in CONSTANTS),)
    constant_and_x = frozenset(map(rounded, leaves))
    states, odd = {frozenset(): ()}, {}
    for length in range(1, longest + 1):
        following = {}
        for kept, results in states.items() if length < longest else ():
            values = leaves + results
            for name, places, function in steps_by_hand(len(values)):
                value = computed(name, function, [values[place] for place in places])
                if not any(value):
                    continue
                key = rounded(value)
                if is_odd(value):
                    odd.setdefault(keys_of(value), length)
                if key not in kept | constant_and_x:
                    following.setdefault(kept | {key}, (*results, value))
        if length == longest:
            for values, name, places, function in last_steps([leaves + r for r in states.values()]):
                value = computed(name, function, [values[place] for place in places])
                if any(value) and is_odd(value):
                    odd.setdefault(keys_of(value), length)
        states = following
    return dict(sorted(Counter(fewest_steps(odd)).items()))


def keys_of(value):
    """Two keys, by roundings half a digit apart: what one rounding parts, the other joins."""
    moved = tuple(None if part is None else tuple(y * MOVED for y in part) for part in value)
    return family(rounded(value)), family(rounded(moved))


def fewest_steps(odd):
    """The fewest steps of each function, whose pairs of keys hang together."""
    parent = {}

    def top(key):
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    for one, other in odd:
        parent[top((0, one))] = top((1, other))
    fewest = {}
    for (one, _), length in odd.items():
        place = top((0, one))
        fewest[place] = min(length, fewest.get(place, length))
    return fewest.values()


def functions(found):
    return dict(found.counts[["operations", "functions"]].itertuples(index=False))


def test_the_slow_enumeration_finds_the_same_numbers_of_functions():
    assert count_slowly(3) == {n: COUNTS[n] for n in (1, 2, 3)}


@pytest.mark.parametrize("seed", [0, 1])
def test_the_compiled_one_finds_them_on_every_grid(seed):
    found = functions(enumerate_odd(4, seed=seed))
    assert {n: found[n] for n in (1, 2, 3)} == {n: COUNTS[n] for n in (1, 2, 3)}
    assert abs(found[4] - COUNTS[4]) <= 2  # a function may be defined beside a grid alone


def test_the_tables_hold_the_steps_that_are_written_by_hand():
    for values in (3, 4, 5):
        assert len(steps(values, EVERY)) == len(list(steps_by_hand(values)))
