"""The analysis held against time: on this machine, and on those whose records are published."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from isru import paths
from isru.analysed import kernels
from isru.analysed.cores import CORES, Core, known_by_flags
from isru.analysed.table import problem
from isru.bench import Arm, measure, ratio
from isru.bench.activation_arms import draw
from isru.bench.machine import cpu_flags
from isru.bench.plain_c import compile_library
from isru.digests import digest
from isru.emulator.toolchain import compiler_command
from isru.machine_records import samples
from isru.machine_records.schema import read_record
from isru.provenance import cpu_model

WITHIN = 25.0  # per cent by which analysis and measurement may differ without a reason
_TIMES = 50  # passes over an array in a call: Python's own time must not count
_CHAIN, _LATENCY = 16_000, 3  # multiplications, each of the one before, and the cycles of one
_NUMBERS = ["analysed", "measured", "low", "high"]
_COLUMNS = ["machine", "core", "measure", "arm", "dtype", *_NUMBERS, "reason"]
# Where the measurement is the slower one, likely: by what binds the loop.
_DIVIDER = "the divider takes longer than OSACA's table says, or another program shares the core"
_LIGHT = "the loop is so light that its start, its instructions' decoding and the cache bind"
_CHAIN_BINDS = "an element's operations wait for each other longer than the core looks ahead"
_TABLE = "OSACA's table is off for an instruction of the loop"  # where it is the faster one
# Of a ratio, whose sign does not tell which of the two is the slower one.
_OTHER = "the record's arrays lie in the second cache, and its loops fuse no product with a sum"
_CYCLES, _RATIO = "cycles an element", "time over ISRU's"  # what is compared
_FEW = 2  # cycles a vector up to which a loop is light
_TIMED = """
void repeated(void (*loop)(const void *, void *), const void *x, void *y, long times)
{{
    for (long i = 0; i < times; i++) {{
        loop(x, y);
        __asm__ volatile("" ::: "memory");
    }}
}}
void chained(long times)
{{
    long x = 3;
    for (long i = 0; i < times; i++)
        __asm__ volatile({multiply} : "+r"(x));
}}
"""
_SIZE = 100_000  # of a record's arrays: longer than a call's own time, and still near the core


def core_here() -> Core | None:
    """Return the core of this machine, None where OSACA does not have it or nothing tells."""
    return CORES.get(known_by_flags(cpu_model(), cpu_flags()))


def build(core: Core, arms: list[str]) -> Path:
    """Compile the loops of some arms as they are analysed into a library for this machine.

    Raises
    ------
    ToolchainError, RuntimeError
        If there is no compiler, or it fails.
    """
    folder = paths.build() / "analysed"
    folder.mkdir(parents=True, exist_ok=True)
    source = kernels.source(core, arms) + _TIMED.format(multiply='"imulq %0, %0\\n"' * 16)
    code = digest([core.name, source])  # a library that is loaded cannot be written again
    text, library = folder / f"{code}.c", folder / f"{code}.so"
    if not library.is_file():
        text.write_text(source, encoding="utf-8")
        flags = (f"-mcpu={core.cpu}", *core.flags, *kernels.FLAGS)
        compile_library(compiler_command(), flags, text, library)
    return library


def timed(*, rng: np.random.Generator, dtype: str, name: str, library: str) -> Callable[[], object]:
    """Return a call of a loop over one array again and again, or of the chain named "clock"."""
    code = ctypes.CDLL(library)
    function = kernels.function_name(name, dtype)
    if name == "clock" or not hasattr(code, function):  # what is not there is left out afterwards
        code.chained.argtypes = [ctypes.c_long]
        return lambda: code.chained(_CHAIN // 16)
    x = draw(rng, kernels.LENGTH, dtype, "typical")
    out = np.empty_like(x)
    loop = ctypes.cast(getattr(code, function), ctypes.c_void_p)
    code.repeated.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_long]

    def call(arrays=(x, out)):  # the arrays live as long as the call
        code.repeated(loop, *(array.ctypes.data for array in arrays), _TIMES)

    return call


def measured_here(core: Core, arms: list[str], **protocol: object) -> pd.DataFrame:
    """Time the analysed loops on this machine, in cycles an element.

    How long a cycle lasts, a chain of multiplications tells, timed beside them: each waits three
    cycles for the one before, on every x86 core that is analysed.

    Parameters
    ----------
    core : Core
        This machine's.
    arms : list of str
    **protocol
        Of `isru.bench.measure`.

    Returns
    -------
    pandas.DataFrame
        ``arm``, ``dtype``, ``measured``, ``low``, ``high``; an arm without a loop for a dtype
        lacks.
    """
    library = str(build(core, arms))
    names = [*arms, "clock"]
    timed_arms = [Arm(one, f"{__name__}:timed", {"name": one, "library": library}) for one in names]
    taken = measure(timed_arms, [{"dtype": dtype} for dtype in kernels.REALS], **protocol)
    rng, rows = np.random.default_rng(0), []
    for dtype in kernels.REALS:
        for arm in arms:
            if arm == kernels.ESTIMATE and dtype not in core.estimates:
                continue
            one = taken[taken["dtype"] == dtype]
            found = ratio(one, arm, "clock", clock="cpu_seconds", rng=rng)
            passes = _TIMES * kernels.LENGTH * (kernels.STEPS if arm == "multiply_add" else 1)
            cycles = found.map(lambda over, passes=passes: over * _CHAIN * _LATENCY / passes)
            rows.append({"arm": arm, "dtype": dtype} | cycles.columns("measured"))
    return pd.DataFrame(rows)


def with_measured(estimates: pd.DataFrame) -> pd.DataFrame:
    """Return `isru.analysed.table.estimates` with what this machine's own one measures, if any."""
    found = estimates.assign(measured=np.nan)
    core = core_here()
    if core is not None and not problem():
        own = core.estimates["float32"].instruction
        found.loc[found["instruction"] == own, "measured"] = estimate_error(core)
    return found


def estimate_error(core: Core) -> float:
    """Return the largest relative error of ISRU by the estimate of this machine's core, float32.

    Over a million inputs, against ISRU in float64.
    """
    library = ctypes.CDLL(str(build(core, [kernels.ESTIMATE])))
    loop = getattr(library, kernels.function_name(kernels.ESTIMATE, "float32"))
    loop.argtypes = [ctypes.c_void_p] * 2
    x = np.geomspace(1e-3, 1e3, 1000 * kernels.LENGTH).astype(np.float32)
    out = np.empty_like(x)
    for start in range(0, len(x), kernels.LENGTH):
        loop(x[start:].ctypes.data, out[start:].ctypes.data)
    exact = x.astype(float) / np.sqrt(1 + x.astype(float) ** 2)
    return float(np.abs(out / exact - 1).max())


def checks(analysed: pd.DataFrame, **protocol: object) -> pd.DataFrame:
    """Return the analysis beside what was measured, here and on the machines of the records.

    Parameters
    ----------
    analysed : pandas.DataFrame
        From `isru.analysed.table.costs`.
    **protocol
        Of `isru.bench.measure`.

    Returns
    -------
    pandas.DataFrame
        ``machine``, ``core``, ``measure``, ``arm``, ``dtype``, ``analysed``, ``measured`` with
        ``low`` and ``high``, ``difference`` (the analysis over the measurement, minus 1, in %),
        ``reason``, the likely one, where it is above `WITHIN`. Empty where no machine's core is
        analysed.
    """
    parts = [check_record(analysed, record) for record in published_records()]
    core = core_here()
    if core is not None and not problem():
        arms = list(dict.fromkeys(analysed["arm"]))
        parts.append(check_here(analysed, measured_here(core, arms, **protocol), core))
    found = pd.concat([pd.DataFrame(columns=_COLUMNS), *parts], ignore_index=True)
    found = found.astype(dict.fromkeys(_NUMBERS, float)).dropna(subset=["analysed"])
    off = 100 * (found["analysed"] / found["measured"] - 1)
    faster = (off > WITHIN) & (found["measure"] == _CYCLES)
    reasons = found["reason"].where(off.abs() > WITHIN, "").mask(faster, _TABLE)
    return found.assign(difference=off, reason=reasons)[[*_COLUMNS, "difference"]]


def published_records() -> list[dict]:
    """Return the published records of processors."""
    read = (read_record(path) for path in sorted((paths.results() / "machines").glob("*.json")))
    return [record for record in read if record["kind"] == "processor"]


def check_here(analysed: pd.DataFrame, measured: pd.DataFrame, core: Core) -> pd.DataFrame:
    """Return the analysis beside what was timed on this machine, as `checks` does."""
    told = ["arm", "dtype", "cycles", "cycles_vector", "ports"]
    own = analysed.loc[analysed["osaca"] == core.name, told]
    both = measured.merge(own, on=["arm", "dtype"]).rename(columns={"cycles": "analysed"})
    light = both["cycles_vector"].le(_FEW).map({True: _LIGHT, False: _CHAIN_BINDS})
    reasons = light.mask(both["ports"].str.contains("DV"), _DIVIDER)
    here = {"machine": cpu_model(), "core": core.label, "measure": _CYCLES}
    return both.assign(reason=reasons, **here)


def check_record(analysed: pd.DataFrame, record: Mapping) -> pd.DataFrame:
    """Return the analysis beside a machine's record: what tanh by a fraction takes over ISRU.

    A record does not tell the clock, so that times can only be compared with each other.
    """
    cpu = record["machine"]["cpu"]
    core = CORES.get(known_by_flags(cpu["model"], cpu["flags"]))
    if core is None or "compiled" not in record["parts"]:
        return pd.DataFrame()
    taken = samples(record, "compiled")
    taken = taken[(taken["size"] == _SIZE) & (taken["input"] == "typical")]
    own = analysed[analysed["osaca"] == core.name].set_index(["dtype", "arm"])["cycles"]
    rng, rows = np.random.default_rng(0), []
    for dtype in kernels.REALS:
        one = taken[taken["dtype"] == dtype]
        over = ratio(one, "simd_rational_tanh", "simd_isru", clock="cpu_seconds", rng=rng)
        found = own.get((dtype, "rational_tanh"), np.nan) / own.get((dtype, "isru"), np.nan)
        row = {"arm": "rational_tanh", "dtype": dtype, "analysed": found}
        rows.append(row | over.columns("measured"))
    told = {"machine": cpu["model"], "core": core.label, "measure": _RATIO}
    return pd.DataFrame(rows).assign(reason=_OTHER, **told)
