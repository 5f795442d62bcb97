"""The compiled enumeration is held to a slow one that shares nothing with it but rules and grid."""

import hashlib
import math
from collections import Counter
from itertools import product

import numpy as np
import pytest

from isru.chapters.frontier.enumeration import enumerate_odd, grid
from isru.chapters.frontier.programs import EVERY, steps
from isru.kernels.formulas import COLUMNS, GROUPS, LEAVES, NEAR, bit_trick

pytestmark = pytest.mark.slow

X, A, B = range(LEAVES)
MOVED = 1 + 5e-8 * math.sqrt(3)
BLOCK = 1 << 15  # rows that are computed at once


def quotient(p, q):
    """A divisor that changes its sign on the grid has a zero."""
    holds = (q > 0).all(-1, keepdims=True) | (q < 0).all(-1, keepdims=True)
    return np.where(holds, p / q, np.nan)


def estimate(p):
    """The bit trick in real numbers: straight lines between powers of two."""
    fraction, exponent = np.frexp(np.where(p > 0, p, np.nan))
    bits = 0x5F3759DF / 2**23 - 190 - (exponent + 2 * fraction - 1) / 2
    whole = np.floor(bits)
    return np.exp2(whole) * (1 + bits - whole)


def fused(p, q, r):
    return p * q + r


def steps_by_hand(values):
    """All steps, by another road than the tables: function and places of the operands."""
    both = [(i, j) for i in range(values) for j in range(values) if {i, j} - {A, B}]
    upward = [(i, j) for i, j in both if i <= j]
    apart = [(i, j) for i, j in both if i != j]
    triples = [(i, j, k) for i, j, k in product(range(values), repeat=3) if i <= j]
    single = [(i,) for i in range(values) if i not in (A, B)]
    yield from product([np.add, np.multiply], upward)
    yield from ((np.subtract, p) for p in apart)
    yield from ((quotient, p) for p in apart if p[1] not in (A, B))
    yield from ((fused, p) for p in triples if set(p) - {A, B})
    yield from product([np.minimum, np.maximum], [p for p in upward if p[0] < p[1]])
    yield from product([np.abs, np.sqrt, estimate], single)
    for p in both:
        if p[1] in (A, B):
            yield lambda p, q: np.minimum(p, -q), p
            yield lambda p, q: np.maximum(p, -q), p


def computed(function, operands):
    """The results, shape (n, groups, columns); NaN in a group where one is undefined or a constant.

    A result that is a constant would be one more constant.
    """
    y = function(*operands)
    near = y[..., :NEAR]
    good = np.isfinite(y).all(-1) & (near.max(-1) - near.min(-1) > 1e-12)
    return np.where(good[..., None], y, np.nan)


def names(y):
    """A name for each group's values near 0, in seven decimal digits."""
    near = y[..., :NEAR]
    size = np.floor(np.log10(np.abs(near)))
    digits = np.rint(near * 10 ** (6 - size))
    carries = np.abs(digits) == 10**7
    digits = np.where(carries, digits / 10, digits) * 1000 + (size + carries)
    digits = np.where(np.abs(near) > 1e-10, digits, 0)
    rows = np.where(np.isnan(near), 1e16, digits).astype(np.int64).reshape(-1, NEAR)
    found = b"".join(hashlib.blake2b(row, digest_size=8).digest() for row in rows)
    return np.frombuffer(found, np.int64).reshape(y.shape[:-1])


def families(y):
    """Names without those of a and b, which the groups of a pair have the other way round."""
    return np.sort(names(y).reshape(-1, 2), axis=-1).reshape(-1, GROUPS)


def is_odd(y):
    one, other = y[..., 1:NEAR:2], y[..., 2:NEAR:2]
    apart = (np.abs(one + other) > 1e-9 * np.abs(one) + 1e-12).any(-1)
    apart |= np.abs(y[..., 0]) > 1e-12
    return ~apart.any(-1) & np.isfinite(y[..., 0]).any(-1)


def perhaps_odd(function, operands):
    """What one pair of inputs at the first constants does not rule out."""
    one, other = function(*operands)
    return ~(np.abs(one + other) > 1e-9 * np.abs(one) + 1e-12)


class Slow:
    """Programs as the sets of the values that they compute, all of one length at once.

    Attributes
    ----------
    pool : float array, shape (values, groups, columns)
        Every value that a program can have.
    sets : int array, shape (programs, values)
        Places in the pool.
    odd : dict
        The two keys of an odd result -> the fewest steps.
    """

    def __init__(self, leaves):
        self.pool, self.sets, self.odd = leaves, np.array([[X, A, B]]), {}
        self.places = {row.tobytes(): place for place, row in enumerate(names(leaves))}

    def extend(self, length):
        """Try every step after every program; keep the sets that are new."""
        following, fresh = {}, []
        for function, operands in steps_by_hand(self.sets.shape[1]):
            y = computed(function, self.pool[self.sets[:, operands]].swapaxes(0, 1))
            self.note(y, length)
            there = np.isfinite(y).any((1, 2))
            named = zip(self.sets[there].tolist(), y[there], names(y[there]), strict=True)
            for before, value, name in named:
                place = self.places.setdefault(name.tobytes(), len(self.pool) + len(fresh))
                if place == len(self.pool) + len(fresh):
                    fresh.append(value)
                if place not in before:
                    following.setdefault(frozenset([*before, place]), [*before, place])
        self.pool = np.concatenate([self.pool, fresh])
        self.sets = np.array(list(following.values()))

    def finish(self, length):
        """Try every last step after every program."""
        pair = self.pool[:, 0, 1:3].T[:, self.sets]
        for function, operands in steps_by_hand(self.sets.shape[1]):
            plain = np.divide if function is quotient else function
            passed = perhaps_odd(plain, [pair[..., place] for place in operands])
            rows = np.unique(self.sets[passed][:, operands], axis=0)
            for part in np.split(rows, range(BLOCK, len(rows), BLOCK)):
                self.note(computed(function, self.pool[part].swapaxes(0, 1)), length)

    def note(self, y, length):
        """Note the odd results by two keys, whose roundings are half a digit apart."""
        odd = y[is_odd(y)]
        keys = np.hstack([families(odd), families(odd * MOVED)])
        for key in np.unique(keys, axis=0):
            self.odd.setdefault((key[:GROUPS].tobytes(), key[GROUPS:].tobytes()), length)

    def counts(self):
        """Functions by their fewest steps: pairs of keys that share one are the same function."""
        parent = {}

        def top(key):
            while parent.setdefault(key, key) != key:
                key = parent[key]
            return key

        for one, other in self.odd:
            parent[top((0, one))] = top((1, other))
        fewest = {}
        for (one, _), length in self.odd.items():
            place = top((0, one))
            fewest[place] = min(length, fewest.get(place, length))
        return dict(sorted(Counter(fewest.values()).items()))


def count_slowly(longest, seed):
    with np.errstate(all="ignore"):
        slow = Slow(grid(seed).reshape(LEAVES, GROUPS, COLUMNS))
        for length in range(1, longest):
            slow.extend(length)
        slow.finish(longest)
        return slow.counts()


def functions(longest, seed):
    found = enumerate_odd(longest, seed=seed).counts
    return dict(found[["operations", "functions"]].itertuples(index=False))


# One function more on the second grid: x/((|x| - a)(|x| - a + 1)), all of whose poles lie between
# two inputs there.
@pytest.mark.parametrize(("seed", "four"), [(0, 14766), (1, 14767)])
def test_both_enumerations_find_the_same_numbers_of_functions(seed, four):
    counts = {1: 3, 2: 31, 3: 459, 4: four}
    assert functions(4, seed) == count_slowly(4, seed) == counts


def test_the_tables_hold_the_steps_that_are_written_by_hand():
    for values in (3, 4, 5):
        assert len(steps(values, EVERY)) == len(list(steps_by_hand(values)))


def test_the_bit_trick_is_what_the_bits_of_a_float_give():
    q = np.random.default_rng(0).uniform(1e-3, 1e3, 200).astype(np.float32)
    guess = (np.uint32(0x5F3759DF) - (q.view(np.uint32) >> 1)).view(np.float32)
    real = np.array([bit_trick.py_func(float(x)) for x in q])
    assert np.abs(real / guess - 1).max() < 2e-7
    assert np.abs(estimate(q.astype(float)) / guess - 1).max() < 2e-7
