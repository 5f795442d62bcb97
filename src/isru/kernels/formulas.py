"""Formulas of a few machine operations: look at all programs, compute one, fit its constants.

A program is a list of steps ``(operation, i, j, k)``, each a row of integers. Its values are
numbered: 0 is x, 1 and 2 are the constants a and b, the result of the first step is 3.
`isru.chapters.frontier.programs` writes the language down; here it is only computed.
"""

from __future__ import annotations

import math

import numpy as np

from isru.kernels.compiling import inlined, kept

ADD, SUBTRACT, MULTIPLY, FUSED, DIVIDE, ROOT, ABSOLUTE, LEAST, MOST, ESTIMATE = range(10)
LEAST_NEGATED, MOST_NEGATED = 10, 11
LEAVES = 3  # x, a, b
LONGEST = 7  # steps
GROUPS = 4  # of constants: two draws, each in both orders
NEAR = 17  # columns of a group by which functions are told apart: 0 and pairs of +-x
COLUMNS = NEAR + 3  # and far ones: two that tell whether it is bounded, and one below 0
_ESTIMATE_SHIFT = 0x5F3759DF / 2**23 - 1.5 * 127  # of the magic number, in units of the exponent
_QUANTUM = 1 << 21  # values are told apart by so many parts of their leading bit
_CLOSE, _NOISE = 1e-9, 1e-12
_NOTHING = np.uint64(0)


@inlined
def bit_trick(x):
    """Return the bit trick's 1/sqrt(x) in real numbers: linear between powers of two."""
    fraction, exponent = math.frexp(x)
    half = _ESTIMATE_SHIFT - 0.5 * (exponent - 1 + 2.0 * fraction - 1.0)
    whole = math.floor(half)
    return math.ldexp(1.0 + (half - whole), int(whole))


@inlined
def _compute(operation, a, b, c):
    if operation == FUSED:
        return a * b + c
    if operation == ADD:
        return a + b
    if operation == SUBTRACT:
        return a - b
    if operation == MULTIPLY:
        return a * b
    if operation == DIVIDE:
        return a / b if b != 0.0 else math.nan
    if operation == ROOT:
        return math.sqrt(a) if a >= 0.0 else math.nan
    if operation == ABSOLUTE:
        return abs(a)
    if operation == LEAST:
        return min(a, b)
    if operation == MOST:
        return max(a, b)
    if operation == ESTIMATE:
        return bit_trick(a) if a > 0.0 else math.nan
    if operation == LEAST_NEGATED:
        return min(a, -b)
    return max(a, -b)


@inlined
def _mixed(h):
    h ^= h >> np.uint64(31)
    h *= np.uint64(0x7FB5D329728EA185)
    h ^= h >> np.uint64(27)
    h *= np.uint64(0x81DADEF4BC2DD44D)
    return h ^ (h >> np.uint64(33))


@inlined
def _digest(values, start):
    """Return a digest of the rounded near values of one group."""
    h = np.uint64(0x9E3779B97F4A7C15)
    for place in range(start, start + NEAR):
        value = values[place]
        if abs(value) < 1e-10:
            h = _mixed(h + np.uint64(5))
            continue
        fraction, exponent = math.frexp(value)
        steps = np.int64(np.rint(fraction * _QUANTUM))
        if abs(steps) == _QUANTUM:
            steps //= 2
            exponent += 1
        h = _mixed(h + np.uint64(steps * 1000003 + exponent))
    return h


@inlined
def _identity(values, alive):
    """Return what two equal functions of x, a and b share."""
    h = _NOTHING
    for group in range(GROUPS):
        one = _digest(values, group * COLUMNS) if alive >> group & 1 else np.uint64(99)
        h = _mixed(h + one)
    return h


@inlined
def _family(values, alive):
    """Return what two functions share that are equal but for the names of a and b."""
    total = _NOTHING
    for group in range(GROUPS):
        one = _digest(values, group * COLUMNS) if alive >> group & 1 else np.uint64(99)
        total += _mixed(one + np.uint64(group // 2 * 77))
    return total


@inlined
def _defined(operation, left, right, start, strict):
    """Return whether a step is defined on a group: no zero in a divisor, no root of less than 0."""
    if operation == DIVIDE:
        sign = right[start] > 0.0
        for place in range(start, start + COLUMNS):
            if right[place] == 0.0 or (right[place] > 0.0) != sign:
                return False
    elif operation == ROOT:
        for place in range(start, start + COLUMNS):
            if left[place] < 0.0 or (strict and left[place] == 0.0):
                return False
    elif operation == ESTIMATE:
        for place in range(start, start + COLUMNS):
            if left[place] <= 0.0:
                return False
    return True


@inlined
def _fill(step, values, out, alive, strict):
    """Compute a step on the groups that are alive; return those on which it is a function of x."""
    operation, i, j, k = step[0], step[1], step[2], step[3]
    left, right, third = values[i], values[j], values[k]
    for group in range(GROUPS):
        if not alive >> group & 1:
            continue
        start = group * COLUMNS
        good, varies = _defined(operation, left, right, start, strict), False
        if good:
            for place in range(start, start + COLUMNS):
                value = _compute(operation, left[place], right[place], third[place])
                out[place] = value
                good = good and math.isfinite(value)
                if place < start + NEAR:
                    varies = varies or abs(value - out[start]) > _CLOSE * abs(value) + _NOISE
        if not (good and varies):
            alive &= ~(1 << group)
    return alive


@inlined
def _mirrored(values, alive, sign):
    """Return whether f(-x) = sign f(x) wherever it is defined."""
    for group in range(GROUPS):
        if not alive >> group & 1:
            continue
        start = group * COLUMNS
        if sign < 0 and abs(values[start]) > _NOISE:
            return False
        for place in range(start + 1, start + NEAR, 2):
            value = values[place]
            if abs(values[place + 1] - sign * value) > _CLOSE * abs(value) + _NOISE:
                return False
    return True


@inlined
def _surely_not_odd(step, values, alive):
    """Return whether one pair of inputs shows that a step's result is not odd."""
    group = 0
    while not alive >> group & 1:
        group += 1
    place = group * COLUMNS + 1
    operation, i, j, k = step[0], step[1], step[2], step[3]
    one = _compute(operation, values[i, place], values[j, place], values[k, place])
    place += 1
    other = _compute(operation, values[i, place], values[j, place], values[k, place])
    return not abs(one + other) <= _CLOSE * abs(one) + _NOISE


@inlined
def _bounded(values, alive):
    """Return whether it tends to a limit other than 0 for some constants."""
    for group in range(GROUPS):
        if alive >> group & 1:
            near, far = values[group * COLUMNS + NEAR], values[group * COLUMNS + NEAR + 1]
            if abs(far) > 1e-6 and abs(far - near) <= 1e-3 * abs(far):
                return True
    return False


@inlined
def _bits(number):
    count = 0
    while number:
        number &= number - 1
        count += 1
    return count


def _search_plainly(tables, starts, leaves, longest, analytic, bounded_only, chunk, chunks):
    """Look at every program of at most ``longest`` steps whose result is odd.

    Parameters
    ----------
    tables : int64 array, shape (steps, 6)
        Of each size the steps that there are: operation, i, j, k, bits of the values that it
        uses, and its rank.
    starts : int64 array
        Where the steps on ``LEAVES + d`` values begin; one more entry than ``longest``.
    leaves : float64 array, shape (3, GROUPS * COLUMNS)
        x, a and b on the grid.
    longest : int
    analytic : bool
        Whether the root of 0 is refused, and every value must be odd or even in x.
    bounded_only : bool
        Whether only bounded functions are kept.
    chunk, chunks : int
        Of the beginnings of two steps every ``chunks``-th is followed, from ``chunk`` on.

    Returns
    -------
    families : uint64 array
        Of each odd function once.
    counts : int64 array
        The fewest steps of each.
    bounded : bool array
    programs : int64 array, shape (functions, LONGEST)
        Rows of ``tables`` that compute it.
    looked_at : int
        Steps that were computed, on one pair of inputs at least.
    """
    values = np.zeros((LEAVES + LONGEST, GROUPS * COLUMNS))
    values[:LEAVES] = leaves
    everywhere = (1 << GROUPS) - 1
    identities = np.zeros(LEAVES + LONGEST, np.uint64)
    for leaf in range(LEAVES):
        identities[leaf] = _identity(values[leaf], everywhere)
    alive, used = np.zeros(LONGEST + 1, np.int64), np.zeros(LONGEST + 1, np.int64)
    place, taken = np.zeros(LONGEST + 1, np.int64), np.full(LONGEST + 1, -1, np.int64)
    alive[0], place[0] = everywhere, starts[0]
    size = 1 << 12
    families, rows = np.zeros(size, np.uint64), np.zeros(size, np.int64)
    count, capacity = 0, 1 << 10
    fewest, bounded = np.zeros(capacity, np.int64), np.zeros(capacity, np.bool_)
    programs = np.zeros((capacity, LONGEST), np.int64)
    depth, looked_at, beginnings = 0, 0, 0
    while depth >= 0:
        if place[depth] == starts[depth + 1]:
            depth -= 1
            continue
        row = place[depth]
        step = tables[row]
        place[depth] += 1
        there = LEAVES + depth
        uses, newest = step[4], 1 << (there - 1)
        # Steps that do not need each other stand in the order of their ranks.
        if depth and not uses & newest and step[5] <= tables[taken[depth], 5]:
            continue
        unused = ~(used[depth] | uses) & ((1 << there) - 1) & ~((1 << LEAVES) - 1)
        left = longest - depth - 1
        if _bits(unused) > 2 * left:
            continue
        looked_at += 1
        if not left and _surely_not_odd(step, values, alive[depth]):
            continue
        out = values[there]
        lives = _fill(step, values, out, alive[depth], analytic)
        if not lives:
            continue
        odd = _mirrored(out, lives, -1.0)
        if analytic and not odd and not _mirrored(out, lives, 1.0):
            continue
        if odd and not unused:
            limited = _bounded(out, lives)
            if limited or not bounded_only:
                family = _family(out, lives)
                slot = np.int64(family & np.uint64(size - 1))
                while families[slot] != _NOTHING and families[slot] != family:
                    slot = (slot + 1) & (size - 1)
                known = families[slot] == family
                where = rows[slot] if known else count
                if not known:
                    families[slot], rows[slot] = family, count
                    count += 1
                if not known or depth + 1 < fewest[where]:
                    fewest[where], bounded[where] = depth + 1, limited
                    for number in range(depth):
                        programs[where, number] = taken[number + 1]
                    programs[where, depth] = row
                if count == capacity:
                    capacity *= 2
                    fewest, bounded = _longer(fewest), _longer(bounded)
                    wider = np.zeros((capacity, LONGEST), np.int64)
                    wider[:count] = programs
                    programs = wider
                if 2 * count > size:
                    size *= 4
                    families, rows = _spread(families, rows, size)
        if not left:
            continue
        identity = _identity(out, lives)
        repeated = False
        for value in range(there):
            repeated = repeated or identities[value] == identity
        if repeated:
            continue
        if depth == 1:
            beginnings += 1
            if beginnings % chunks != chunk:
                continue
        depth += 1
        identities[there], alive[depth], taken[depth] = identity, lives, row
        used[depth], place[depth] = used[depth - 1] | uses, starts[depth]
    found = np.zeros(count, np.uint64)
    for entry in range(size):
        if families[entry] != _NOTHING:
            found[rows[entry]] = families[entry]
    return found, fewest[:count], bounded[:count], programs[:count], looked_at


@inlined
def _longer(array):
    longer = np.zeros(2 * len(array), array.dtype)
    longer[: len(array)] = array
    return longer


@inlined
def _spread(families, rows, size):
    """Return a table of hashes with more room."""
    keys, places = np.zeros(size, np.uint64), np.zeros(size, np.int64)
    for old in range(len(families)):
        if families[old] != _NOTHING:
            slot = np.int64(families[old] & np.uint64(size - 1))
            while keys[slot] != _NOTHING:
                slot = (slot + 1) & (size - 1)
            keys[slot], places[slot] = families[old], rows[old]
    return keys, places


search = kept(_search_plainly)


FAR = 2.0**20  # where the limit is read
_REFUSED, _FALL = 1e3, 300.0
_SCAN = np.exp(np.linspace(math.log(1e-3), math.log(1e3), 49))


@inlined
def _run(program, count, work):
    """Compute all steps; row 0 of ``work`` is x, rows 1 and 2 are the constants."""
    for number in range(count):
        operation, i, j, k = program[number]
        left, right, third, out = work[i], work[j], work[k], work[LEAVES + number]
        for place in range(len(out)):
            out[place] = _compute(operation, left[place], right[place], third[place])
    return work[LEAVES + count - 1]


def _values_plainly(program, x, a, b):
    """Return the values of a program, shape (steps, 4), at x; NaN where it is not defined."""
    work = np.empty((LEAVES + len(program), len(x)))
    work[0], work[1], work[2] = x, a, b
    return _run(program, len(program), work).copy()


@inlined
def _limits(program, far, constants, solved):
    """Return what f tends to, less 1, for each of the constants in row ``solved`` of ``far``."""
    far[0], far[3 - solved] = FAR, constants[2 - solved]
    return _run(program, len(program), far) - 1.0


@inlined
def _solve(program, scan, far, constants, solved):
    """Return the least constant with which the limit is 1; NaN if there is none.

    Between two of a scan it is found by false position (the Illinois rule), in logarithms.
    """
    scan[solved] = _SCAN
    limits = _limits(program, scan, constants, solved)
    place = 1
    while place < len(limits) and not limits[place - 1] * limits[place] <= 0.0:
        place += 1
    if place == len(limits):
        return math.nan
    low, high = math.log(_SCAN[place - 1]), math.log(_SCAN[place])
    below, above = limits[place - 1], limits[place]
    rose = fell = False
    for _ in range(60):
        if below == 0.0 or high - low < _NOISE:
            break
        # Where the limit is 1 over a range, the least is its lower end, which halving finds.
        share = above / (above - below) if above != 0.0 else 0.5
        middle = high - share * (high - low)
        far[solved] = math.exp(middle)
        here = _limits(program, far, constants, solved)[0]
        if below * here <= 0.0:
            high, above = middle, here
            below *= 0.5 if fell else 1.0
            rose, fell = False, True
        else:
            low, below = middle, here
            above *= 0.5 if rose else 1.0
            rose, fell = True, False
    return math.exp(low if below == 0.0 else 0.5 * (low + high))


@inlined
def _distance(program, x, target, constants, solved, room):
    """Return the largest distance of s f(k x) to the target; a fall counts much more."""
    work, scan, far = room
    if solved:
        constants[solved - 1] = _solve(program, scan, far, constants, solved)
        if not math.isfinite(constants[solved - 1]):
            return _REFUSED
    work[0] = constants[2] * x
    work[1], work[2] = constants[0], constants[1]
    y = _run(program, len(program), work)
    worst, peak = 0.0, 0.0
    for place in range(len(x)):
        value = constants[3] * y[place]
        if not math.isfinite(value):
            return _REFUSED
        worst = max(worst, abs(value - target[place]))
        peak = max(peak, value)
        worst = max(worst, _FALL * (peak - value - 1e-9))
    return worst


def _fit_plainly(program, x, target, start, free, solved, starts, rounds):
    """Fit constants and scales by the simplex method of Nelder and Mead, in their logarithms.

    Parameters
    ----------
    program : int64 array, shape (steps, 4)
    x, target : float64 arrays
        Inputs from 0 upward, and what is to be met there.
    start : float64 array, shape (4,)
        a, b, the input's scale and the output's.
    free : int64 array
        Which of them are free.
    solved : int
        1 or 2: a or b is chosen such that the limit is 1; 0: neither.
    starts : float64 array, shape (n, 4)
        Factors on ``start`` that are tried first.
    rounds : int

    Returns
    -------
    constants : float64 array, shape (4,)
    error : float
        The largest distance; more where it is not monotone.
    """
    count = len(program)
    rows = LEAVES + count
    room = np.empty((rows, len(x))), np.empty((rows, len(_SCAN))), np.empty((rows, 1))
    best, least = start.copy(), _REFUSED
    for number in range(len(starts)):
        trial = start * starts[number]
        error = _distance(program, x, target, trial, solved, room)
        if error < least:
            best, least = trial, error
    size = len(free)
    if size == 0 or least >= 0.5:
        return best, least
    corners = np.zeros((size + 1, size))
    errors = np.zeros(size + 1)
    for corner in range(size + 1):
        for place in range(size):
            corners[corner, place] = math.log(best[free[place]])
        if corner:
            corners[corner, corner - 1] += 0.3
        errors[corner] = _at(program, x, target, best, free, solved, corners[corner], room)
    for _ in range(rounds):
        order = np.argsort(errors)
        corners, errors = corners[order], errors[order]
        if errors[size] - errors[0] < 1e-10 and np.abs(corners[size] - corners[0]).max() < 1e-7:
            break
        middle = corners[:size].sum(axis=0) / size
        away = middle - corners[size]
        trial = middle + away
        error = _at(program, x, target, best, free, solved, trial, room)
        if error < errors[0]:
            further = middle + 2.0 * away
            beyond = _at(program, x, target, best, free, solved, further, room)
            if beyond < error:
                trial, error = further, beyond
        elif error >= errors[size - 1]:
            trial = middle + 0.5 * away if error < errors[size] else middle - 0.5 * away
            error = _at(program, x, target, best, free, solved, trial, room)
            if error >= errors[size]:
                for corner in range(1, size + 1):
                    corners[corner] = 0.5 * (corners[corner] + corners[0])
                    errors[corner] = _at(
                        program, x, target, best, free, solved, corners[corner], room
                    )
                continue
        corners[size], errors[size] = trial, error
    nearest = corners[np.argmin(errors)]
    return best, _at(program, x, target, best, free, solved, nearest, room)


@inlined
def _at(program, x, target, constants, free, solved, logarithms, room):
    for place in range(len(free)):
        if abs(logarithms[place]) > 12.0:
            return _REFUSED
        constants[free[place]] = math.exp(logarithms[place])
    return _distance(program, x, target, constants, solved, room)


values = kept(_values_plainly)
fit = kept(_fit_plainly)
