"""The study of the chapter `frontier`: from parameters to tables."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from isru.chapters.frontier.costs import library_costs
from isru.chapters.frontier.enumeration import EXHAUSTIVE, Found, enumerate_odd
from isru.chapters.frontier.fitting import fit_all
from isru.chapters.frontier.front import LIBRARY, distinct
from isru.firmware.c_forms import c_form

SEARCHES = {"all": False, "analytic": True}


def searches(largest: int, analytic: int, *, seed: int, **local) -> dict[str, Found]:
    """Return what was found among all programs, and beyond them among the analytic ones.

    Parameters
    ----------
    largest, analytic : int
        Operations; no second search where ``analytic`` is not the larger.
    seed : int
    **local
        ``processes`` and ``cache`` of `isru.sweep.run_sweep`.
    """
    sizes = {"all": largest, "analytic": analytic if analytic > largest else 0}
    return {
        kind: enumerate_odd(sizes[kind], analytic=alone, seed=seed, **local)
        for kind, alone in SEARCHES.items()
        if sizes[kind]
    }


def counts(found: dict[str, Found]) -> pd.DataFrame:
    """Return the functions by kind of search and operations; none where they were not counted."""
    parts = [one.counts.assign(search=kind) for kind, one in found.items()]
    table = pd.concat(parts, ignore_index=True)
    table["functions"] = table["functions"].astype("Int64")
    for kind, one in found.items():
        if len(one.counts) > EXHAUSTIVE:
            table.loc[table["search"] == kind, "functions"] = pd.NA
    return table[["search", "operations", "functions", "bounded"]]


def fitted(found: dict[str, Found], **local) -> tuple[pd.DataFrame, int]:
    """Return the sigmoids of different shape with their constants, and how many were fitted."""
    programs = list(dict.fromkeys(program for one in found.values() for program in one.programs))
    fits = fit_all(programs, **local)
    return distinct(programs, fits), len(programs)


def other_cores(targets: Sequence[str]) -> pd.DataFrame:
    """Return what the library's functions cost on other cores, those that compute in floats.

    Returns
    -------
    pandas.DataFrame
        ``target, activation`` and the columns of `costs.library_costs`; libm's tanh is last.
    """
    names = [name for name in LIBRARY if not c_form(name).libm or name == "tanh"]
    parts = [library_costs(target, names).reset_index().assign(target=target) for target in targets]
    table = pd.concat(parts, ignore_index=True)
    return table[["target", *table.columns.drop("target")]]
