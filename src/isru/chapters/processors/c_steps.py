"""What ISRU saves of a whole step in C that calls the C library, compiled for this machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from isru.bench import floor, measure, per_call, ratio
from isru.bench.c_steps import (
    FEATURES,
    c_step_arms,
    c_step_cases,
    compile_steps,
    host_compilers,
)
from isru.bench.machine import cpu_model
from isru.stats import direction, groups
from isru.studies.savings import NOT_TIMED, floor_columns, percent_saved, slopes

PROGRAMS = {"predict": "export_c", "train": "plain_c"}
"""What a step of `isru.bench.c_steps` is one of."""
ARMS = ("tanh", "isru", "exp_free")
CLOCK = "cpu_seconds"
KEYS = ["phase", "units", "arm"]
LIBRARIES = ["compiler", "flags", "step", "arm"]
COLUMNS = {
    "cost": {"unit": "us", "low": "low", "high": "high"},
    "saving": {"unit": "%", "low": "saving_low", "high": "saving_high"},
    "floor": "%",
}
"""What a table of rows is recorded with."""
SLOPE = {"slope": {"unit": "pp", "low": "low", "high": "high"}}
_CASE = ["compiler", "flags", "step", "units"]
_ROW = [
    *("compiler", "flags", "platform", "group", "program", "phase", "batch", "features", "units"),
    *("arm", "cost", "low", "high", "unit", "saving", "saving_low", "saving_high"),
    *("floor", "floor_low", "floor_high", "direction"),
]


class HostSteps(NamedTuple):
    """What was compiled and timed; no rows where there is no compiler.

    Attributes
    ----------
    compilers : tuple of str
        The first one is what the chapter quotes.
    libraries : pandas.DataFrame
        compiler, flags, step, arm; version of the compiler, what the program calls.
    samples : pandas.DataFrame
        Of `isru.bench.measure`.
    rows : pandas.DataFrame
        Of `c_step_rows`.
    first : pandas.DataFrame
        Those of the first compiler with plain flags.
    slopes : pandas.DataFrame
        Of `c_step_slopes`, from the same.
    """

    compilers: tuple[str, ...]
    libraries: pd.DataFrame
    samples: pd.DataFrame
    rows: pd.DataFrame
    first: pd.DataFrame
    slopes: pd.DataFrame

    @property
    def state(self) -> str:
        """By what the steps were compiled, or that they were not, in words."""
        if not self.compilers:
            return "not measured here: no C compiler"
        return f"compiled here by {' and '.join(self.compilers)}"


def time_c_steps(
    units: Sequence[int], fewer: Sequence[int], *, rng: np.random.Generator, **protocol
) -> HostSteps:
    """Compile the steps by every compiler that is here, and time them.

    Parameters
    ----------
    units : sequence of int
        Sizes for the first compiler with plain flags.
    fewer : sequence of int
        Sizes for every other compiler and flag.
    rng : numpy.random.Generator
        For the bootstrap.
    **protocol
        Further arguments of `isru.bench.measure`.

    Raises
    ------
    RuntimeError
        If a compiler fails; the message holds its command and what it said first.
    """
    compilers = tuple(host_compilers())
    cases = c_step_cases(units, compilers[:1])
    cases += c_step_cases(fewer, compilers[1:]) + c_step_cases(fewer, compilers, ["fast"])
    libraries = pd.DataFrame(compile_steps(cases), columns=[*LIBRARIES, "version", "calls"])
    samples = measure(c_step_arms(), cases, **protocol) if cases else pd.DataFrame(columns=_CASE)
    rows = c_step_rows(samples, rng=rng)
    first, of_first = (
        table[(table["compiler"] == "".join(compilers[:1])) & (table["flags"] == "plain")]
        for table in (rows, samples)
    )
    found = rows, first, c_step_slopes(of_first, rng=rng)
    return HostSteps(compilers, libraries.drop_duplicates(), samples, *found)


def c_step_rows(samples: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return what each step takes and what it saves of the same program's time with tanh.

    Parameters
    ----------
    samples : pandas.DataFrame
        Of `isru.bench.measure` with `isru.bench.c_steps.c_step_arms` and ``c_step_cases``.
    rng : numpy.random.Generator
        For the bootstrap over processes.

    Returns
    -------
    pandas.DataFrame
        Columns compiler, flags, platform (this processor), group, program, phase, batch,
        features, units, arm; ``cost``, ``low``, ``high``: microseconds (``unit``) of processor
        time for a window; ``saving``, ``saving_low``, ``saving_high`` in %, NaN for tanh;
        ``floor`` (0), ``floor_low``, ``floor_high``, what tanh shows against itself;
        ``direction``, a word.
    """
    rows = [
        {"compiler": case["compiler"], "flags": case["flags"]}
        | {"platform": cpu_model(), "group": "measured"}
        | {"program": PROGRAMS[case["step"]], "phase": case["step"]}
        | {"batch": 1, "features": FEATURES, "units": case["units"]}
        | row
        for case, part in groups(samples, _CASE)
        for row in _case_rows(part, rng)
    ]
    return pd.DataFrame(rows, columns=_ROW)


def _case_rows(samples: pd.DataFrame, rng: np.random.Generator) -> list[dict]:
    times = per_call(samples, clock=CLOCK, rng=rng).set_index("arm")
    costs = 1e6 * times[["seconds", "low", "high"]]
    band = percent_saved(floor(samples, "tanh", "tanh_again", clock=CLOCK, rng=rng))
    rows = []
    for arm in ARMS:
        found = NOT_TIMED if arm == "tanh" else ratio(samples, "tanh", arm, clock=CLOCK, rng=rng)
        rows.append(
            {"arm": arm}
            | dict(zip(("cost", "low", "high"), costs.loc[arm], strict=True))
            | {"unit": "us"}
            | percent_saved(found).columns("saving", "saving_")
            | floor_columns(band, 0.0)
            | {"direction": "" if arm == "tanh" else direction(found)}
        )
    return rows


def c_step_slopes(samples: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return the change of the saving for each doubling of the units: phase, arm, slope, ends.

    Parameters
    ----------
    samples : pandas.DataFrame
        Of one compiler with one set of flags.
    rng : numpy.random.Generator
    """
    named = samples.assign(framework="c", batch=1)
    tables = [slopes(named, arm=arm, rng=rng).assign(arm=arm) for arm in ARMS[1:]]
    found = pd.concat(tables).rename(columns={"step": "phase"})
    return found[["phase", "arm", "slope", "low", "high"]].reset_index(drop=True)
