"""From fitted programs to the front: choose, count, classify, name, and say which to take."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

from isru.activations import ACTIVATIONS
from isru.chapters.frontier.costs import INPUTS, library_costs, program_costs
from isru.chapters.frontier.fitting import (
    ALONE,
    FINE,
    LOOSE,
    SCALED,
    Fit,
    curve,
    fit_all,
    fit_program,
    refined,
)
from isru.chapters.frontier.programs import A, Program, X, c_body, rough_cycles
from isru.chapters.frontier.smoothness import (
    CLASSES,
    SMOOTH,
    proved_analytic,
    rational,
    smoothness,
)
from isru.chapters.frontier.writing import formula
from isru.firmware.c_forms import c_form
from isru.firmware.c_text import c_float
from isru.kernels.formulas import ABSOLUTE, ADD, DIVIDE, FUSED, MULTIPLY, ROOT

LIBRARY = (
    "hard_tanh",
    "softsign",
    "clipped_parabola",
    "isru",
    "isru_rsqrt0",
    "isru_rsqrt1",
    "ladder2",
    "ladder3",
    "ladder4",
    "isru_quintic",
    "table_tanh",
    "rational_tanh",
    "tanh",
)
"""What the formulas are held against."""
_CUBIC = ((MULTIPLY, X, X, 0), (FUSED, X, 3, X))
NAMED: dict[str, Program] = {
    "softsign of a cubic": (*_CUBIC, (ABSOLUTE, 4, 0, 0), (ADD, A, 5, 0), (DIVIDE, 4, 6, 0)),
    "ISRU of a cubic": (*_CUBIC, (FUSED, 4, 4, A), (ROOT, 5, 0, 0), (DIVIDE, 4, 6, 0)),
}
"""Programs with a name that no function of the library has."""
HALF_A_STEP = 1 / 256  # of an 8-bit number between -1 and 1
_SHAPE = np.concatenate([np.linspace(0.15, 4, 12), [6.0, 10.0, 30.0]])
_RISING = np.concatenate([[0.0], np.geomspace(1e-4, 12, 300)])
_SAME, _EQUAL = 1.5e-3, 5e-4
_SCALES = np.geomspace(0.2, 5, 241)
_NEAREST = {"xatol": 1e-8}


def distinct(programs: Sequence[Program], fits: Sequence[Fit | None]) -> pd.DataFrame:
    """Return the fitted programs, of equal curves the one that should be the cheapest.

    Returns
    -------
    pandas.DataFrame
        ``program, fit, rough, error``, by rough cycles and error.
    """
    pairs = [(program, one) for program, one in zip(programs, fits, strict=True) if one]
    rows = sorted((rough_cycles(p), round(one.error, 6), p, one) for p, one in pairs)
    curves, kept = np.empty((len(rows), len(_SHAPE))), []
    for rough, error, program, one in rows:
        y = curve(program, _SHAPE, one)
        if not (np.abs(curves[: len(kept)] - y).max(axis=1) < _EQUAL).any():
            curves[len(kept)] = y
            kept.append((program, one, rough, error))
    return pd.DataFrame(kept, columns=["program", "fit", "rough", "error"])


def best(table: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return at most so many of the rows of `distinct`, the best, their scales chosen anew."""
    found = layered(table, most)
    both = zip(found["program"], found["fit"], strict=True)
    return found.assign(fit=[refined(program, one) for program, one in both])


def layered(table: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return at most so many rows, front after front of rough cycles and error."""
    left, chosen = table, []
    while len(left) and sum(map(len, chosen)) < most:
        layer = left[on_front(left["rough"], left["error"])]
        chosen.append(layer)
        left = left.drop(layer.index)
    return pd.concat(chosen or [table])[:most].sort_values(["rough", "error"], ignore_index=True)


def sigmoids_by_operations(table: pd.DataFrame) -> pd.DataFrame:
    """Return how many sigmoids need so many operations, and how many of them are analytic.

    Parameters
    ----------
    table : pandas.DataFrame
        From `distinct`.
    """
    analytic = [
        proved_analytic(row.program, rational(row.fit.a), rational(row.fit.b))
        for row in table.itertuples()
    ]
    about = pd.DataFrame({"operations": table["program"].map(len), "analytic": analytic})
    counts = about.groupby("operations")["analytic"].agg(["size", "sum"]).reset_index()
    return counts.rename(columns={"size": "sigmoids", "sum": "analytic"})


def on_front(cost: Sequence[float], error: Sequence[float]) -> np.ndarray:
    """Return which points no other one equals or beats in both; of two equal ones the first."""
    cost, error = np.asarray(cost, float), np.asarray(error, float)
    order = np.lexsort((np.arange(len(cost)), error, cost))
    on, least = np.zeros(len(cost), bool), np.inf
    for place in order:
        if error[place] < least:
            on[place], least = True, error[place]
    return on


def points(chosen: pd.DataFrame, target: str = "cortex-m4f") -> pd.DataFrame:
    """Count, classify and name the chosen programs and the library's functions.

    Parameters
    ----------
    chosen : pandas.DataFrame
        From `best`.
    target : str

    Returns
    -------
    pandas.DataFrame
        A row a point and use: ``target, point, use`` ("scaled": the weights before bring the
        input's scale; "alone": the function stands in for tanh as it is), ``name``, ``source``
        ("formula", "library"), ``formula``, ``operations`` (0 for the library's),
        ``smoothness``, ``monotone``, ``rising`` (whether the slope is positive everywhere),
        ``error``, ``cycles, cycles_low, cycles_high, bytes, constant``, ``off`` (largest distance
        of the C from the formula), ``front`` (of all points of this use), ``class_front`` (of
        those that are at least as smooth), ``body``, the statements in C.
    """
    rows = [*_formula_rows(chosen, target), *_library_rows(target)]
    table = pd.DataFrame(rows)
    table.insert(0, "target", target)
    parts = [_with_fronts(part) for _, part in table.groupby("use", sort=False)]
    return pd.concat(parts, ignore_index=True)


def _formula_rows(chosen: pd.DataFrame, target: str) -> list[dict]:
    programs = list(chosen["program"])
    alone = fit_all(programs, ALONE, progress=False)
    uses, bodies = [], {}
    library = _known_curves()
    for number, (program, scaled, by_itself) in enumerate(
        zip(programs, chosen["fit"], alone, strict=True)
    ):
        for use, fitted, scale in _uses(scaled, by_itself):
            one = settled(program, fitted)
            name = f"f{number:03d}_{use}"
            bodies[name] = c_body(program, c_float, one.a, one.b, scale)
            uses.append((name, f"f{number:03d}", use, program, one, scale))
    counted = program_costs(target, bodies)
    classes: dict[tuple, str] = {}
    rows = []
    for name, point, use, program, one, scale in uses:
        key = program, one.a, one.b
        if key not in classes:
            classes[key] = smoothness(program, one.a, one.b)
        text = formula(program, one.a, one.b, scale)
        meant = curve(program, INPUTS.astype(float), one._replace(scale=scale))
        row = counted.loc[name].drop("values").to_dict()
        rows.append(
            {
                "point": point,
                "use": use,
                "name": _known_name(program, one, library) or text,
                "source": "formula",
                "formula": text,
                "operations": len(program) + (scale != 1),
                "smoothness": classes[key],
                "monotone": True,
                "rising": _rising(curve(program, _RISING, one)),
                "error": one.error,
                **row,
                "off": float(np.abs(counted.loc[name, "values"] - meant).max()),
                "body": bodies[name],
            }
        )
    return rows


def settled(program: Program, found: Fit) -> Fit:
    """Return a fit with the constants for which its smoothness is proved, and its error then."""
    found = found._replace(a=float(rational(found.a)), b=float(rational(found.b)))
    error = np.abs(curve(program, FINE, found) - np.tanh(FINE)).max()
    return found._replace(error=float(error))


def _uses(scaled: Fit, alone: Fit | None):
    """Yield what is compiled: the scale left to the weights; the scale in constants or before."""
    yield SCALED, scaled, 1.0
    if alone is not None and alone.error <= 1.02 * scaled.error + 1e-5:
        yield ALONE, alone, 1.0
    else:
        yield ALONE, scaled, scaled.scale


def _rising(y: np.ndarray) -> bool:
    """Return whether a curve on `_RISING` rises everywhere, at 0 too."""
    return bool((np.diff(y) > 0).all() and y[1] > 0.01 * _RISING[1])


def _known_curves() -> dict[str, np.ndarray]:
    """Return the library's functions at their best scale, by label, and what else has a name."""
    fits = {name: (program, fit_program(program)) for name, program in NAMED.items()}
    named = {name: curve(program, _SHAPE, one) for name, (program, one) in fits.items() if one}
    return named | {
        ACTIVATIONS[name].label: c_form(name).reference(best_scale(name)[0] * _SHAPE)
        for name in LIBRARY
        if not ACTIVATIONS[name].approximates
    }


def _known_name(program, one: Fit, library) -> str:
    y, near = curve(program, _SHAPE, one), min(_SAME, one.error / 10)
    return next((name for name, known in library.items() if np.abs(y - known).max() < near), "")


def best_scale(name: str) -> tuple[float, float]:
    """Return the input scale with which a function of the library is nearest to tanh, and how near.

    The scale is 1 for tanh and for what approximates it.
    """
    entry, reference = ACTIVATIONS[name], c_form(name).reference

    def distance(scale):
        return float(np.abs(reference(scale * FINE) - np.tanh(FINE)).max())

    if name == "tanh" or entry.approximates == "tanh":
        return 1.0, distance(1.0)
    place = int(np.argmin([distance(scale) for scale in _SCALES]))
    low, high = _SCALES[max(place - 1, 0)], _SCALES[min(place + 1, len(_SCALES) - 1)]
    found = minimize_scalar(distance, bounds=(low, high), method="bounded", options=_NEAREST)
    return float(found.x), float(found.fun)


def _library_rows(target: str) -> list[dict]:
    counted, rows = library_costs(target, LIBRARY), []
    for name in LIBRARY:
        entry, reference = ACTIVATIONS[name], c_form(name).reference
        scale, nearest = best_scale(name)
        errors = {SCALED: nearest, ALONE: float(np.abs(reference(FINE) - np.tanh(FINE)).max())}
        rough = name == "tanh" or entry.approximates == "tanh"  # flat where rounding ends
        for use, error in errors.items():
            rows.append(
                {
                    "point": name,
                    "use": use,
                    "name": entry.label,
                    "source": "library",
                    "formula": _in_words(name),
                    "operations": 0,
                    "smoothness": _class_of(entry.smoothness),
                    "monotone": entry.rises,
                    "rising": entry.rises and (rough or _rising(reference(scale * _RISING))),
                    "error": 0.0 if name == "tanh" else error,
                    **counted.loc[name].to_dict(),
                    "off": 0.0,
                    "body": c_form(name).body,
                }
            )
    return rows


def _in_words(name: str) -> str:
    called = c_form(name).libm
    return f"{called[0]} of the C library" if called else ACTIVATIONS[name].description


def _class_of(derivatives: float) -> str:
    return SMOOTH if derivatives == np.inf else f"C{int(derivatives)}"


def _with_fronts(table: pd.DataFrame) -> pd.DataFrame:
    table = table.sort_values(["cycles", "error", "bytes", "source"], ignore_index=True)
    rank = table["smoothness"].map({name: place for place, name in enumerate(CLASSES)}).fillna(-1)
    rank = rank.where(table["monotone"], -2)  # such as the bit trick, which is no sigmoid
    table["front"], table["class_front"] = False, False
    sigmoids = table.index[table["monotone"]]
    table.loc[sigmoids, "front"] = on_front(*_both(table, sigmoids))
    for level in sorted(set(rank[sigmoids])):
        at_least = table.index[rank >= level]
        on = on_front(*_both(table, at_least))
        table.loc[at_least[on & (rank[at_least] == level)], "class_front"] = True
    return table


def _both(table: pd.DataFrame, rows):
    return table.loc[rows, "cycles"], table.loc[rows, "error"]


def loose_errors(chosen: pd.DataFrame) -> list[float]:
    """Return the error of each chosen program if the output's scale were free, too."""
    fits = fit_all(list(chosen["program"]), LOOSE, progress=False)
    return [
        min(one.error, scaled.error) if one is not None else scaled.error
        for one, scaled in zip(fits, chosen["fit"], strict=True)
    ]


def take(table: pd.DataFrame) -> pd.DataFrame:
    """Return which formula to take, with and without retraining.

    Returns
    -------
    pandas.DataFrame
        Rows "retrained" (the cheapest with a continuous slope that is positive everywhere, so
        that every unit can learn), "smooth" (the cheapest analytic one that is so), "drop-in"
        (the cheapest that is nowhere further from tanh than half a step of an 8-bit number) and
        "constant" (the cheapest of these that takes the same time for every input); columns of
        `points`.
    """
    table = table[table["monotone"]]
    alone, scaled = table[table["use"] == ALONE], table[table["use"] == SCALED]
    learns = scaled[scaled["rising"] & ~scaled["smoothness"].isin(["C0", "not proved"])]
    near = alone[alone["error"] <= HALF_A_STEP]
    asked = {"retrained": learns, "smooth": learns[learns["smoothness"] == SMOOTH]}
    asked |= {"drop-in": near, "constant": near[near["constant"]]}
    order = ["cycles", "bytes", "error"]
    rows = {when: part.sort_values(order).iloc[0] for when, part in asked.items()}
    return pd.DataFrame(rows.values(), index=pd.Index(list(rows), name="when")).reset_index()
