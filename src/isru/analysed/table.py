"""Cycles an element of the vector loops on cores that are not at hand: compiled, then analysed."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd

from isru import paths
from isru.analysed import kernels
from isru.analysed.assembly import Loop, assembly, vector_loops
from isru.analysed.cores import CORES, Core, core
from isru.analysed.osaca import (
    OsacaError,
    Work,
    ask,
    bound,
    form_of,
    instructions,
    osaca_version,
    unknown,
)
from isru.emulator.errors import ToolchainError
from isru.emulator.toolchain import load
from isru.sweep import run_sweep

ARMS = (*kernels.ARMS, *kernels.BARE, kernels.ESTIMATE)
_NUMBERS = ("cycles", "cycles_vector", "lanes", "lines")


def problem() -> str:
    """Return why nothing can be analysed here and what to install; "" if it can."""
    try:
        load("ziglang")
        osaca_version()
    except (ToolchainError, OsacaError) as error:
        return str(error)
    return ""


def costs(
    arms: Iterable[str] = ARMS,
    cores: Iterable[str] = tuple(CORES),
    cache: Path | None = None,
    *,
    processes: int = 2,
) -> pd.DataFrame:
    """Return what each loop takes on each core, by what the compiler and OSACA know.

    Parameters
    ----------
    arms : iterable of str
        Of `isru.analysed.kernels`.
    cores : iterable of str
        OSACA's names, keys of `isru.analysed.cores.CORES`.
    cache : Path, optional
        Where finished cores are kept; by default in ``build/``. They hang on the C, the versions
        of the compiler and of OSACA, and the code.
    processes : int

    Returns
    -------
    pandas.DataFrame
        A row for each core, arm and dtype: ``core`` (its name for readers), ``osaca`` (OSACA's),
        ``vectors`` (its vector instructions), ``arm``, ``dtype``; ``cycles`` an element and
        ``cycles_vector`` a vector, at least, by the busiest ports, of one multiply-add where the
        arm is that; ``ports``, which these are;
        ``lanes``, the elements of a vector; ``lines``, the instructions of the loop; ``unknown``,
        those that OSACA lacks; ``taken_as``, those that have the ports of another; ``analysed``,
        empty or why there are no numbers.

    Raises
    ------
    UnknownCore
        For a core that is not there; the message lists those that are.
    """
    arms, chosen = list(arms), [core(name) for name in cores]
    if why := problem():
        return pd.DataFrame([row for one in chosen for row in _without(one, arms, why)])
    versions = {name: metadata.version(name) for name in ("osaca", "ziglang")}
    jobs = [
        {"core": one.name, "source": kernels.source(one, arms), "arms": arms, **versions}
        for one in chosen
    ]
    cache = cache or paths.build() / "analysed"
    found = run_sweep(analyse, jobs, processes=processes, cache=cache, progress=False)
    return pd.DataFrame([row for rows in found["rows"] for row in rows])


def analyse(job: dict) -> dict:
    """Return ``{"rows": [...]}``, the rows of one core as `costs` returns them.

    Parameters
    ----------
    job : dict
        ``core``, OSACA's name; ``source``, the loops in C; ``arms``, which they are.
    """
    one = core(job["core"])
    loops = vector_loops(assembly(one, job["source"], kernels.FLAGS), one)
    forms = ask(one.name, [line for loop in loops.values() for line in loop.lines])
    rows = []
    for arm in job["arms"]:
        for dtype in kernels.REALS:
            loop = loops.get(kernels.function_name(arm, dtype))
            own = _of_loop(loop, one, dtype, forms) if loop else _no_loop(arm, one, dtype)
            if arm == "multiply_add" and own["cycles"]:
                own |= {name: own[name] / kernels.STEPS for name in ("cycles", "cycles_vector")}
            rows.append(_place(one, arm, dtype) | own)
    return {"rows": rows}


def _place(one: Core, arm: str, dtype: str) -> dict:
    place = {"core": one.label, "osaca": one.name, "vectors": one.vectors}
    return place | {"arm": arm, "dtype": dtype}


def _of_loop(loop: Loop, one: Core, dtype: str, forms: dict[str, Work]) -> dict:
    own = [form_of(line) for line in instructions(loop.lines)]
    missing = unknown(forms, loop.lines)
    cycles, ports = bound(forms[form] for form in own)
    lanes = one.width // (4 if dtype == "float32" else 8)
    vectors = loop.bytes / one.width
    twins = dict.fromkeys(
        f"{form} as {forms[form].taken_as}" for form in own if forms[form].taken_as
    )
    names = ", ".join(dict.fromkeys(form.split()[0] for form in missing))
    return {
        "cycles": None if missing else cycles / vectors / lanes,
        "cycles_vector": None if missing else cycles / vectors,
        "ports": "" if missing else " or ".join(ports),
        "lanes": lanes,
        "lines": len(own),
        "unknown": "; ".join(missing),
        "taken_as": "; ".join(twins),
        "analysed": f"not analysed: OSACA does not know {names}" if missing else "",
    }


def _no_loop(arm: str, one: Core, dtype: str) -> dict:
    if arm == kernels.ESTIMATE and dtype not in one.estimates:
        return _nothing(
            f"not analysed: no estimate of 1/sqrt in {one.vectors} is written for {dtype}"
        )
    return _nothing("not analysed: the compiler made no vector loop")


def _nothing(why: str) -> dict:
    texts = dict.fromkeys(("ports", "unknown", "taken_as"), "")
    return dict.fromkeys(_NUMBERS) | texts | {"analysed": why}


def _without(one: Core, arms: list[str], why: str) -> list[dict]:
    """Return the rows of a core where nothing can be analysed."""
    places = (_place(one, arm, dtype) for arm in arms for dtype in kernels.REALS)
    return [place | _nothing(f"not analysed: {why}") for place in places]


def shared_rows(analysed: pd.DataFrame) -> pd.DataFrame:
    """Return what was analysed as rows of the table that all platforms share.

    Returns
    -------
    pandas.DataFrame
        ``platform``, ``group``, ``form``, ``dtype``, ``arm``, ``cost``, ``low``, ``high``,
        ``unit``, of the loops that have numbers.
    """
    rows = analysed.loc[analysed["analysed"] == ""]
    told = {"group": "analysed", "form": "vector", "unit": "cycles", "low": np.nan, "high": np.nan}
    named = rows.rename(columns={"core": "platform", "cycles": "cost"}).assign(**told)
    order = ["platform", "group", "form", "dtype", "arm", "cost", "low", "high", "unit"]
    return named[order].reset_index(drop=True)


def fewer_cycles(analysed: pd.DataFrame, arm: str, rival: str) -> tuple[int, int]:
    """Return on how many cores an arm takes fewer cycles than a rival, and on how many both have.

    In float32.
    """
    one = analysed[analysed["dtype"] == "float32"]
    cycles = one.pivot(index="core", columns="arm", values="cycles")[[arm, rival]].dropna()
    return int((cycles[arm] < cycles[rival]).sum()), len(cycles)


def analysed_cores(count: int, of: int) -> str:
    """Return on how many of the analysed cores something holds, in words.

    Examples
    --------
    >>> analysed_cores(8, 9)
    '8 of 9 analysed cores'
    >>> analysed_cores(0, 0)
    'none, since no core was analysed here'
    """
    return f"{count} of {of} analysed cores" if of else "none, since no core was analysed here"


def missing(analysed: pd.DataFrame) -> pd.DataFrame:
    """Return what the analysis lacks: a row for each core with a loop that has no numbers.

    Returns
    -------
    pandas.DataFrame
        ``core``, ``loops`` (how many lack them), ``isru`` (whether ISRU's in float32 is one of
        them), ``unknown`` (the instructions that OSACA does not know).
    """
    rows = []
    lacking = analysed[(analysed["unknown"] != "") & (analysed["analysed"] != "")]
    for name, part in lacking.groupby("core", sort=False):
        forms = (form.split()[0] for text in part["unknown"] for form in text.split("; "))
        names = ", ".join(sorted(set(forms)))
        isru = bool(((part["arm"] == "isru") & (part["dtype"] == "float32")).any())
        rows.append({"core": name, "loops": len(part), "isru": isru, "unknown": names})
    return pd.DataFrame(rows, columns=["core", "loops", "isru", "unknown"])


def estimates(cores: Iterable[str] = tuple(CORES)) -> pd.DataFrame:
    """Return how near to 1 / sqrt each instruction's estimate comes by its Newton steps.

    Returns
    -------
    pandas.DataFrame
        A row for each instruction and dtype: ``instruction``, ``dtype``, ``stated`` (its largest
        relative error), ``steps``, ``error`` (after them, rounding left aside).
    """
    rows = {}
    for one in map(core, cores):
        for dtype, estimate in one.estimates.items():
            steps = kernels.newton_steps(estimate, dtype)
            error = kernels.error_after(estimate.error, steps)
            place = {"instruction": estimate.instruction, "dtype": dtype}
            numbers = {"stated": estimate.error, "steps": steps, "error": error}
            rows.setdefault(tuple(place.values()), place | numbers)
    return pd.DataFrame(rows.values())
