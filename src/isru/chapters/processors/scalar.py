"""What an x86 core takes for one root, division and multiply-add of a scalar, by OSACA."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import metadata

import pandas as pd

from isru import paths
from isru.analysed.cores import CORES, known_by_flags
from isru.analysed.osaca import ask, bound, form_of
from isru.analysed.table import problem
from isru.chapters.processors.gather import COSTS
from isru.sweep import run_sweep

_LINES = {"root": "vsqrts{}", "division": "vdivs{}", "multiply_add": "vfmadd213s{}"}
_SUFFIX = {"float32": "s", "float64": "d"}
# A processor of which OSACA has no core is taken for the newest of its maker's that it has.
_NEWEST = {"AMD": "ZEN4", "Intel": "SPR"}


def stands_in(machines: Mapping[str, Mapping]) -> dict[str, str]:
    """Return the core, by its name for readers, whose root and division a machine has, or nearest.

    Parameters
    ----------
    machines : mapping of str to mapping
        Title -> the field ``machine`` of a record. A browser tells no flags, and a processor only
        if its reader typed one.
    """
    found = {}
    for title, machine in machines.items():
        cpu = machine.get("cpu", {"model": machine.get("processor", "")})
        model = cpu["model"]
        newest = next((core for maker, core in _NEWEST.items() if maker in model), "")
        if name := known_by_flags(model, cpu.get("flags", ())) or newest:
            found[title] = CORES[name].label
    return found


def scalar_costs(labels: Iterable[str]) -> pd.DataFrame:
    """Return the rows of the form "call" for the bare operations of some x86 cores, in cycles.

    Nothing is there without OSACA. What was asked is kept in ``build/``.

    Parameters
    ----------
    labels : iterable of str
        The cores' names for readers.
    """
    wanted = sorted({core.name for core in CORES.values() if core.label in set(labels)})
    if not wanted or problem():
        return pd.DataFrame(columns=COSTS)
    version = metadata.version("osaca")
    jobs = [{"core": name, "osaca": version} for name in wanted]
    kept = paths.build() / "analysed-scalars"
    found = run_sweep(bare, jobs, processes=1, cache=kept, progress=False)
    rows = [row for rows in found["rows"] for row in rows]
    return pd.DataFrame([dict(zip(COSTS, row, strict=True)) for row in rows])


def bare(job: dict) -> dict:
    """Return ``{"rows": [...]}``, one core's rows as `scalar_costs` returns them."""
    core = CORES[job["core"]]
    lines = {
        (arm, dtype): f"{name.format(suffix)} %xmm1, %xmm2, %xmm3"
        for dtype, suffix in _SUFFIX.items()
        for arm, name in _LINES.items()
    }
    told = ask(core.name, lines.values())
    rows = []
    for (arm, dtype), line in lines.items():
        work = told[form_of(line)]
        if work.known:
            cycles = bound([work])[0]
            about = [core.label, "analysed", "call", dtype, arm]
            rows.append([*about, cycles, cycles, cycles, "cycles"])
    return {"rows": rows}
