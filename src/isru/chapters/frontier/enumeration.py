"""All odd functions of a few operations: every program once, equal functions once.

Two programs are the same function if their values agree on a grid of inputs and constants, but
for the names of the two constants. A second grid checks that no two functions agree by chance.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from isru.chapters.frontier.programs import ANALYTIC, EVERY, Program, step_tables
from isru.kernels.formulas import COLUMNS, FAR, GROUPS, LONGEST, search
from isru.sweep import run_sweep

INPUTS = (0.11, 0.31, 0.57, 0.83, 1.29, 2.1, 3.3, 7.3)
CONSTANTS = ((1.37, 0.62), (0.29, 3.17))
_MOVED = 0.05  # by at most so much the numbers of a grid are moved at random
_CHUNKS = {1: 1, 2: 1, 3: 1, 4: 2, 5: 24, 6: 64}
EXHAUSTIVE = 5  # operations up to which every odd function is counted, not the bounded ones alone


@dataclass(frozen=True)
class Found:
    """What an enumeration found.

    Attributes
    ----------
    counts : pandas.DataFrame
        A row a number of operations: ``operations, functions`` (odd ones that need so many) and
        ``bounded``.
    programs : list of Program
        One program of the fewest steps for each bounded function.
    looked_at : int
        Last steps that were tried.
    """

    counts: pd.DataFrame
    programs: list[Program]
    looked_at: int


def grid(seed: int) -> np.ndarray:
    """Return x, a and b on the grid: rows of four groups, in each one pair of constants.

    The inputs of a group are 0, pairs of opposite numbers, and far ones on both sides.
    """
    rng = np.random.default_rng(seed)
    inputs = np.array(INPUTS) * rng.uniform(1 - _MOVED, 1 + _MOVED, len(INPUTS))
    drawn = np.array(CONSTANTS) * rng.uniform(1 - _MOVED, 1 + _MOVED, (len(CONSTANTS), 2))
    x = [0.0, *np.column_stack([inputs, -inputs]).ravel(), FAR, 2 * FAR, -FAR]
    orders = [pair[::way] for pair in drawn for way in (1, -1)]
    leaves = np.empty((3, GROUPS, COLUMNS))
    leaves[0] = x
    leaves[1:] = np.array(orders).T[:, :, None]
    return leaves.reshape(3, -1)


def enumerate_odd(
    longest: int,
    *,
    analytic: bool = False,
    seed: int = 0,
    processes: int = 1,
    cache: str | Path | None = None,
) -> Found:
    """Return all odd functions of at most ``longest`` operations.

    Parameters
    ----------
    longest : int
        From 1 to 6; from 6 on only bounded functions are kept and counted.
    analytic : bool
        Without modulus, minimum, maximum and the bit trick; no root of what is 0 at 0; and every
        value odd or even in x, which leaves out few of them and most of the work.
    seed : int
        Of the grid.
    processes, cache
        As of `isru.sweep.run_sweep`: what was finished before an interruption is kept.

    Raises
    ------
    ValueError
        For a number of operations that is out of range.
    """
    if not 1 <= longest < LONGEST:
        raise ValueError(f"expected from 1 to {LONGEST - 1} operations, got {longest}")
    chunks = _CHUNKS[longest]
    case = {"longest": longest, "analytic": analytic, "seed": seed, "chunks": chunks}
    rows = run_sweep(
        chunk_row,
        [case | {"chunk": chunk} for chunk in range(chunks)],
        processes=processes if longest > 4 else 1,
        cache=cache if longest > 4 else None,
        progress=longest > 4,
    )
    return _merged(rows, longest, _operations(analytic))


def _operations(analytic: bool) -> tuple[int, ...]:
    return ANALYTIC if analytic else EVERY


def chunk_row(case: dict) -> dict:
    """Look at the programs of one chunk, for `isru.sweep.run_sweep`."""
    longest, analytic = case["longest"], case["analytic"]
    tables, starts = step_tables(longest, _operations(analytic))
    families, fewest, bounded, programs, looked_at = search(
        *(tables, starts, grid(case["seed"]), longest),
        *(analytic, longest > EXHAUSTIVE, case["chunk"], case["chunks"]),
    )
    return {
        "families": _text(families),
        "fewest": _text(fewest.astype(np.uint8)),
        "bounded": _text(np.packbits(bounded)),
        "programs": _text(programs[bounded].astype(np.uint16)),
        "looked_at": looked_at,
    }


def _text(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def _array(text: str, dtype: type) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype)


def _merged(rows: pd.DataFrame, longest: int, operations: tuple[int, ...]) -> Found:
    """Join the chunks: of equal functions the shortest program, whatever the chunks were."""
    parts = [_part(row) for row in rows.itertuples()]
    families, fewest, bounded, programs = (
        np.concatenate(part) for part in zip(*parts, strict=True)
    )
    order = np.lexsort((*programs.T[::-1], fewest, families))
    families, fewest, bounded = families[order], fewest[order], bounded[order]
    first = np.append(True, families[1:] != families[:-1])
    functions = np.bincount(fewest[first], minlength=longest + 1)[1:]
    limited = np.bincount(fewest[first & bounded], minlength=longest + 1)[1:]
    counts = {"operations": range(1, longest + 1), "functions": functions, "bounded": limited}
    tables = step_tables(longest, operations)[0]
    kept = zip(programs[order][first & bounded], fewest[first & bounded], strict=True)
    found = sorted((int(n), _program(tables, row, n)) for row, n in kept)
    return Found(pd.DataFrame(counts), [program for _, program in found], sum(rows["looked_at"]))


def _part(row) -> tuple[np.ndarray, ...]:
    families, fewest = _array(row.families, np.uint64), _array(row.fewest, np.uint8)
    bounded = np.unpackbits(_array(row.bounded, np.uint8), count=len(families)).astype(bool)
    programs = np.zeros((len(families), LONGEST), np.uint16)
    programs[bounded] = _array(row.programs, np.uint16).reshape(-1, LONGEST)
    return families, fewest, bounded, programs


def _program(tables: np.ndarray, rows: Sequence[int], count: int) -> Program:
    return tuple((int(o), int(i), int(j), int(k)) for o, i, j, k in tables[rows[:count], :4])
