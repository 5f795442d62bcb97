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
from isru.bench import Arm, measure, ratio
from isru.bench.activation_arms import draw
from isru.bench.machine import cpu_flags
from isru.bench.plain_c import compile_library
from isru.emulator.toolchain import compiler_command
from isru.machine_records import samples
from isru.provenance import cpu_model

WITHIN = 25.0  # per cent by which analysis and measurement may differ without a reason
_TIMES = 50  # passes over an array in a call: Python's own time must not count
_CHAIN, _LATENCY = 16_000, 3  # multiplications, each of the one before, and the cycles of one
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
_RECORDED = {"simd_isru": "isru", "simd_rational_tanh": "rational_tanh"}
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
    text, library = folder / f"{core.name}.c", folder / f"{core.name}.so"
    multiply = '"imulq %0, %0\\n"' * 16
    text.write_text(kernels.source(core, arms) + _TIMED.format(multiply=multiply), encoding="utf-8")
    flags = (f"-mcpu={core.cpu}", *core.flags, *kernels.FLAGS)
    compile_library(compiler_command(), flags, text, library)
    return library


def timed(*, rng: np.random.Generator, dtype: str, name: str, library: str) -> Callable[[], object]:
    """Return a call of a loop over one array again and again, or of the chain named "clock"."""
    code = ctypes.CDLL(library)
    if name == "clock":
        code.chained.argtypes = [ctypes.c_long]
        return lambda: code.chained(_CHAIN // 16)
    x = draw(rng, kernels.LENGTH, dtype, "typical")
    out = np.empty_like(x)
    loop = ctypes.cast(getattr(code, kernels.function_name(name, dtype)), ctypes.c_void_p)
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
    factory = f"{__name__}:timed"
    rng, rows = np.random.default_rng(0), []
    for dtype in kernels.REALS:
        here = [arm for arm in arms if arm != kernels.ESTIMATE or dtype in core.estimates]
        timed_arms = [Arm(name, factory, {"name": name, "library": library}) for name in here]
        clock = Arm("clock", factory, {"name": "clock", "library": library})
        taken = measure([*timed_arms, clock], [{"dtype": dtype}], **protocol)
        for arm in here:
            found = ratio(taken, arm, "clock", clock="cpu_seconds", rng=rng)
            cycles = found.map(lambda over: over * _CHAIN * _LATENCY / (_TIMES * kernels.LENGTH))
            rows.append({"arm": arm, "dtype": dtype} | cycles.columns("measured"))
    return pd.DataFrame(rows)


def check_here(analysed: pd.DataFrame, measured: pd.DataFrame, core: Core) -> pd.DataFrame:
    """Return the analysis beside what was timed on this machine; see `checked`."""
    own = analysed.loc[(analysed["osaca"] == core.name) & (analysed["analysed"] == "")]
    both = measured.merge(own[["arm", "dtype", "cycles", "ports"]], on=["arm", "dtype"])
    both = both.rename(columns={"cycles": "analysed"})
    return both.assign(machine=cpu_model(), core=core.label, measure="cycles an element")


def check_record(analysed: pd.DataFrame, record: Mapping, title: str) -> pd.DataFrame:
    """Return the analysis beside a machine's record: how long tanh by a fraction takes over ISRU.

    A record does not tell the clock, and its loops are those of `isru.kernels`.
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
        found = own.get((dtype, "rational_tanh")) / own.get((dtype, "isru"))
        rows.append(
            {"arm": "rational_tanh", "dtype": dtype, "analysed": found}
            | over.columns("measured", "")
        )
    told = {"machine": title, "core": core.label, "measure": "time over ISRU's", "ports": ""}
    return pd.DataFrame(rows).assign(**told)
