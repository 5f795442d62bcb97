"""The constants of a program, such that it comes as near to tanh as it can.

A *convention* says what is free beside the constants: "scaled" leaves the input's scale free,
which the weights before can bring, and holds the output's limit at 1; "alone" holds both, as a
stand-in for tanh has to; "loose" leaves both scales free, which flatters: the layer behind would
have to know.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from isru.chapters.frontier.programs import A, B, Program, constants_of
from isru.kernels.formulas import FAR, fit, values
from isru.sweep import run_sweep

SCALED, ALONE, LOOSE = "scaled", "alone", "loose"
_COARSE = np.concatenate([np.linspace(0, 6, 121), np.geomspace(6.3, 1e4, 30)])
_DENSE = np.concatenate([np.linspace(0, 6, 1201), np.geomspace(6.1, 1e4, 60)])
FINE = np.concatenate([np.linspace(0, 8, 4001), np.geomspace(8.01, 1e5, 200)])
_SPREAD = (1 / 3, 1.0, 3.0)
_LIMIT, _FALL, _ROUNDS = 2e-5, 2e-6, 250
_NICER = 1.003  # how much larger the error may be with a constant of 1
LARGEST_ERROR = 0.2  # beyond it a function is no stand-in for tanh
_PROGRAMS_A_ROW = 250


class Fit(NamedTuple):
    """Constants, the scales of input and output, and the largest distance to tanh."""

    a: float
    b: float
    scale: float
    output: float
    error: float


def curve(program: Program, x: np.ndarray, found: Fit) -> np.ndarray:
    """Return s f(k x)."""
    steps = np.array(program, np.int64)
    return found.output * values(steps, found.scale * x, found.a, found.b)


def fit_program(program: Program, convention: str = SCALED) -> Fit | None:
    """Fit a program's constants and the scales that are free.

    Returns
    -------
    Fit or None
        None if it is not monotone, or has no limit of 1 (with "loose", any limit), whatever the
        constants. A constant is 1 where the error is the same with it.
    """
    used = constants_of(program)
    found = _best(program, used, {}, convention)
    if found is None or convention == LOOSE:
        return found
    for constant in used:
        nicer = _best(program, used, {constant: 1.0}, convention)
        if nicer is not None and nicer.error <= _NICER * found.error + 1e-6:
            return nicer
    return found


def _best(program, used, held, convention) -> Fit | None:
    """Return the best fit over the ways to bring the limit to 1."""
    ways = _ways(program, used, held, convention)
    fits = [_one_way(program, used, held, solved, convention) for solved in ways]
    good = [one for one in fits if one is not None]
    return min(good, key=lambda one: one.error) if good else None


def _ways(program, used, held, convention) -> list[int]:
    """Return which constant is chosen such that the limit is 1; 0 where it may be so by itself."""
    if convention == LOOSE:
        return [0]
    free = [constant for constant in used if constant not in held]
    tried = [dict(zip(free, spread, strict=True)) for spread in product(_SPREAD, repeat=len(free))]
    met = [_ends_at_one(program, {A: 1.0, B: 1.0} | held | some) for some in tried]
    return [0, *free] if any(met) else free


def _ends_at_one(program, constants) -> bool:
    steps = np.array(program, np.int64)
    return bool(abs(values(steps, np.array([FAR]), constants[A], constants[B])[0] - 1) <= _LIMIT)


def _one_way(program, used, held, solved, convention) -> Fit | None:
    scales = {SCALED: [2], ALONE: [], LOOSE: [2, 3]}[convention]
    free = [c - 1 for c in used if c != solved and c not in held] + scales
    steps, target = np.array(program, np.int64), np.tanh(_COARSE)
    start = np.ones(4)
    for constant, value in held.items():
        start[constant - 1] = value
    starts = np.ones((len(_SPREAD) ** len(free), 4))
    starts[:, free] = list(product(_SPREAD, repeat=len(free)))
    places = np.array(free, np.int64)
    constants, error = fit(steps, _COARSE, target, start, places, solved, starts, _ROUNDS)
    if error > LARGEST_ERROR:
        return None
    if free:
        again = constants, places, solved, np.ones((1, 4)), _ROUNDS
        constants, error = fit(steps, _COARSE, target, *again)
    return _checked(program, Fit(*constants.tolist(), error), convention)


def refined(program: Program, found: Fit) -> Fit:
    """Return a fit with its input's scale chosen once more, on a finer grid.

    A corner between two points of the coarse one is met a little beside the best scale.
    """
    steps, target = np.array(program, np.int64), np.tanh(_DENSE)
    start, scale = np.array(found[:4]), np.array([2])
    constants, _ = fit(steps, _DENSE, target, start, scale, 0, np.ones((1, 4)), _ROUNDS)
    better = _checked(program, Fit(*constants.tolist(), 0.0), SCALED)
    return better if better is not None and better.error < found.error else found


def _checked(program, found: Fit, convention) -> Fit | None:
    """Return a fit with its error on the fine grid, None if it falls there or misses its limit."""
    y = curve(program, FINE, found)
    limit = float(curve(program, np.array([FAR]), found)[0])
    if not np.isfinite(y).all() or (y - np.maximum.accumulate(y)).min() < -_FALL:
        return None
    if convention != LOOSE and abs(limit - 1) > _LIMIT:
        return None
    return found._replace(error=float(np.abs(y - np.tanh(FINE)).max()))


def fit_row(case: dict) -> dict:
    """Fit several programs, for `isru.sweep.run_sweep`."""
    programs = [tuple(map(tuple, program)) for program in case["programs"]]
    found = [fit_program(program, case["convention"]) for program in programs]
    return {"fits": [None if one is None else list(one) for one in found]}


def fit_all(
    programs: Sequence[Program],
    convention: str = SCALED,
    *,
    processes: int = 1,
    cache=None,
    progress: bool = True,
) -> list[Fit | None]:
    """Fit many programs; what was finished before an interruption is kept.

    Parameters
    ----------
    programs : sequence of Program
    convention : {"scaled", "alone", "loose"}
    processes, cache, progress
        As of `isru.sweep.run_sweep`.
    """
    size = _PROGRAMS_A_ROW
    parts = [list(programs[start : start + size]) for start in range(0, len(programs), size)]
    rows = run_sweep(
        fit_row,
        [{"programs": part, "convention": convention} for part in parts],
        processes=processes if len(parts) > 4 else 1,
        cache=cache if len(parts) > 4 else None,
        progress=progress and len(parts) > 4,
    )
    fits = [one for row in rows.get("fits", []) for one in row]
    return [None if one is None else Fit(*one) for one in fits]
