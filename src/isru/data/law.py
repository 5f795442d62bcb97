"""Why the published savings fall with the size of the network: one constant, or two.

A step of a stack costs its multiply-accumulates; ISRU instead of tanh saves a fixed time for
each of the 2 units x layers activations that it replaces. Counted in multiply-accumulates,

    saving = k A / (M + e A),        k = saved per replaced activation, A = activations,
                                     e = other work per replaced activation, M = MACs

With one layer of N units on F inputs, A = 2 N and M is about 4 N (F + N), so that with e = 0
the saving is k / (2 (F + N)): it falls as 1 / (F + N).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from isru.cost import network_count
from isru.data.evidence import Fact

# Read off the original's raw timings, which the tables do not hold: ns saved for each replaced
# tanh, ns for each MAC.
QUOTED_NS = (16.0, 0.70)


@dataclass(frozen=True)
class Law:
    """A law: ``saved`` is k and ``other`` is e, both in MACs; ``r2``, where it was fitted."""

    saved: float
    other: float
    r2: float = float("nan")


def counts(grid, symbols: int):
    """Return activations and MACs of one step of each configuration, as two arrays.

    Parameters
    ----------
    grid : pandas.DataFrame
        With ``layers`` and ``units``.
    symbols : int
        F: inputs of the first layer and outputs of the dense head.
    """
    shapes = zip(grid["layers"].tolist(), grid["units"].tolist(), strict=True)
    steps = [network_count(symbols, [units] * layers, symbols) for layers, units in shapes]
    activations = np.array([step.activations for step in steps], dtype=float)
    return activations, np.array([step.macs for step in steps], dtype=float)


def saving(law: Law, activations, macs):
    """Return the saving in percent that the law gives."""
    return 100 * law.saved * activations / (macs + law.other * activations)


def curves(law: Law, symbols: int, *, layers: Iterable[int], units: Iterable[int]):
    """Return the law's savings as a table with columns layers, units, saving_percent."""
    import pandas as pd

    shapes = itertools.product(layers, units)
    table = pd.DataFrame(list(shapes), columns=["layers", "units"])
    table["saving_percent"] = saving(law, *counts(table, symbols))
    return table


def fit_law(grid, symbols: int, *, constants: int = 1) -> Law:
    """Fit the forward savings of the grids by least squares.

    Parameters
    ----------
    grid : pandas.DataFrame
        With ``layers``, ``units`` and ``forward_saving_percent``.
    symbols : int
        F, which the tables do not hold.
    constants : {1, 2}
        With 1, the other work e is 0.

    Returns
    -------
    Law
        Its numbers with 6 significant digits, which every machine gives alike.
    """
    if constants not in (1, 2):
        raise ValueError(f"expected 1 or 2 constants, got {constants}")
    activations, macs = counts(grid, symbols)
    measured = grid["forward_saving_percent"].to_numpy()
    unit = saving(Law(1.0, 0.0), activations, macs)
    fitted = (float(unit @ measured / (unit @ unit)), 0.0)
    if constants == 2:
        fitted = _fit_both(fitted, activations, macs, measured)
    law = Law(*(float(f"{value:.6g}") for value in fitted))
    return replace(law, r2=explained(law, grid, symbols))


def explained(law: Law, grid, symbols: int) -> float:
    """Return the share of the forward savings' variance that a law explains; below 0: none."""
    measured = grid["forward_saving_percent"].to_numpy()
    left = np.sum((saving(law, *counts(grid, symbols)) - measured) ** 2)
    return float(f"{1 - left / np.sum((measured - measured.mean()) ** 2):.6g}")


def _fit_both(start, activations, macs, measured):
    from scipy.optimize import least_squares

    def residuals(p):
        return saving(Law(*p), activations, macs) - measured

    return least_squares(residuals, start, xtol=1e-14, ftol=1e-14, gtol=1e-14).x


def best_symbols(grid, *, low: int = 1, high: int = 300) -> int:
    """Return the whole number of symbols for which the law with one constant fits best."""
    measured = grid["forward_saving_percent"].to_numpy()
    activations, least = counts(grid, low)
    more = counts(grid, low + 1)[1] - least  # MACs are linear in the number of symbols
    errors = []
    for step in range(high - low + 1):
        unit = activations / (least + step * more)
        fitted = unit * (unit @ measured) / (unit @ unit)
        errors.append(np.sum((fitted - measured) ** 2))
    return low + int(np.argmin(errors))


def facts(grid, symbols: int) -> dict[str, Fact]:
    """Return both laws' constants and how well they fit, as facts."""
    one, two = fit_law(grid, symbols), fit_law(grid, symbols, constants=2)
    free = best_symbols(grid)
    quoted = Law(float(f"{QUOTED_NS[0] / QUOTED_NS[1]:.6g}"), 0.0)
    unit = "MACs"
    share = "share of the variance explained"
    return {
        "law_quoted": Fact(quoted.saved, unit, "16 ns a tanh over 0.70 ns a MAC"),
        "law_quoted_explained": _percent(explained(quoted, grid, symbols), share),
        "law_saved": Fact(one.saved, unit, "saved for each replaced tanh, one constant"),
        "law_explained": _percent(one.r2, f"{share}, one constant"),
        "law_two_saved": Fact(two.saved, unit, "saved for each replaced tanh, two constants"),
        "law_two_other": Fact(two.other, unit, "other work for each replaced tanh"),
        "law_two_explained": _percent(two.r2, f"{share}, two constants"),
        "law_free_symbols": Fact(free, note="number of symbols that fits best, one constant"),
    }


def _percent(part: float, note: str) -> Fact:
    return Fact(float(f"{100 * part:.6g}"), "%", note)
