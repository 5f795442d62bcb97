"""The original study's fifteen operations as loops in C, timed as it did and as one should.

Three loops of every operation, for float and double. `BESIDE` them 1/sqrt, which the ISRLU paper
argues with, and what shows a processor's limits: polynomials, and several square roots or
divisions for each element, so that moving memory does not count.

======== ============================================ ====================================
loop     body                                         shows
======== ============================================ ====================================
drawn    ``sink = f(rand(), rand())``                 the original's measurement
array    ``out[i] = f(x[i], y[i])``                   throughput: elements are independent
chain    ``s = f(x[i] + s, y[i])``                    latency: each waits for the one before
======== ============================================ ====================================

Compiled in the form "libm" they work one element at a time: tanh, exp and log are calls of the C
library. "simd" lets the compiler use vector instructions, "fast" also the processor's estimate
of a reciprocal root; both hold only what stands `BESIDE` the operations.

``python -m isru.bench.c_loops LIBRARY DTYPE CALLS`` runs the original's procedure once: every
drawn loop in a fixed order, cold, and writes the nanoseconds per call.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from isru import paths
from isru.bench.activation_arms import draw
from isru.bench.plain_c import compile_library, compiler
from isru.bench.worker import CPU_CLOCK

# In the original's order; x and y are numbers of the loop's type, functions those of <tgmath.h>.
OPERATIONS = {
    "baseline": "x",
    "plus": "x + y",
    "minus": "x - y",
    "mult": "x * y",
    "div": "x / y",
    "sqrt": "sqrt(x)",
    "log": "log(x)",
    "exp": "exp(x)",
    "softsign": "x / (1 + fabs(x))",
    "leaky_relu": "x < 0 ? (REAL)0.01 * x : x",
    "relu": "x < 0 ? 0 : x",
    "elu": "x < 0 ? expm1(x) : x",
    "sigmoid": "1 / (1 + exp(-x))",
    "tanh": "tanh(x)",
    "isru": "x / sqrt(1 + x * x)",
}
HORNER_DEGREE, HORNERS = 8, 4  # several short ones, so that none waits for its last step
_HORNER = " + ".join(
    f"(REAL)0.{k + 1}" + f" + x * ((REAL)0.{k + 1}" * HORNER_DEGREE + ")" * HORNER_DEGREE
    for k in range(HORNERS)
)
DEPTH = 8
REPEATED = {
    "roots": ("root", DEPTH),
    "divisions": ("division", DEPTH),
    # A product with its sum is one operation, and so is each sum of two polynomials.
    "horner": ("multiply_add", HORNER_DEGREE * HORNERS + HORNERS - 1),
}
"""Of a loop `BESIDE` the others: the operation that it repeats, and how often an element does."""
BESIDE = {
    "rsqrt": "1 / sqrt(x)",
    "horner": _HORNER,
    "roots": "sqrt(" * DEPTH + "x" + ")" * DEPTH,
    "divisions": "1 / (" * DEPTH + "x" + ")" * DEPTH,
}
POSITIVE = (
    "div",
    "sqrt",
    "log",
    *(name for name in BESIDE if name != "horner"),
)  # timed on |x| and |y|
CHAINED = ("baseline", "relu", "softsign", "isru", "sigmoid", "tanh")  # s stays finite
REALS = {"float32": "float", "float64": "double"}
FLAGS = {
    "libm": ("-O2", "-fno-tree-vectorize", "-fno-math-errno", "-ffp-contract=off"),
    "simd": ("-O3", "-fno-math-errno", "-fno-trapping-math"),
    "fast": ("-O3", "-ffast-math"),
}
_HEAD = "#include <math.h>\n#include <stdlib.h>\n#include <tgmath.h>\n"
_LOOPS = """
#define REAL {real}
REAL drawn_{name}_{dtype}(long n)
{{
    volatile REAL sink = 0;
    for (long i = 0; i < n; i++) {{
        const REAL x = rand() / (REAL)RAND_MAX, y = rand() / (REAL)RAND_MAX;
        (void)y;
        sink = {body};
    }}
    return sink;
}}
void array_{name}_{dtype}(const REAL *a, const REAL *b, REAL *out, long n)
{{
    for (long i = 0; i < n; i++) {{
        const REAL x = a[i], y = b[i];
        (void)y;
        out[i] = {body};
    }}
}}
void chain_{name}_{dtype}(const REAL *a, const REAL *b, REAL *out, long n)
{{
    REAL s = 0;
    for (long i = 0; i < n; i++) {{
        const REAL x = a[i] + s, y = b[i];
        (void)y;
        s = {body};
    }}
    out[0] = s;
}}
#undef REAL
"""


def source(form: str = "libm") -> str:
    """Return the loops of a form as C: of all operations, or of those `BESIDE` them."""
    bodies = OPERATIONS | BESIDE if form == "libm" else BESIDE
    return _HEAD + "".join(
        _LOOPS.format(real=real, dtype=dtype, name=name, body=body)
        for dtype, real in REALS.items()
        for name, body in bodies.items()
    )


def c_compiler() -> list[str] | None:
    """Return the command of a C compiler, the system's or the packaged one, or None."""
    if program := compiler():
        return [program]
    return [sys.executable, "-m", "ziglang", "cc"] if importlib.util.find_spec("ziglang") else None


def compiler_name(command: list[str]) -> str:
    """Return the first line of what a compiler says of its version."""
    settings = {"env": {**paths.compiler_caches(), **os.environ}, "capture_output": True}
    done = subprocess.run([*command, "--version"], **settings, text=True, check=True)
    return done.stdout.splitlines()[0].strip()


def build(folder: str | Path, form: str = "libm", command: list[str] | None = None) -> str:
    """Compile the loops into a shared library in ``folder`` and return its path.

    Parameters
    ----------
    folder : path-like
    form : {"libm", "simd", "fast"}
    command : list of str, optional
        The compiler's command; by default `c_compiler`'s.

    Raises
    ------
    RuntimeError
        If there is no compiler, or it fails; the message holds what it said.
    """
    command = command or c_compiler()
    if command is None:
        raise RuntimeError("expected a C compiler on the path, or: pip install ziglang")
    loops, library = Path(folder) / f"{form}.c", Path(folder) / f"{form}.so"
    loops.write_text(source(form), encoding="utf-8")
    # The packaged compiler aims at this processor by itself.
    target = [] if form == "libm" or len(command) > 1 else ["-march=native"]
    if target and platform.machine() in ("x86_64", "AMD64"):
        target.append("-mprefer-vector-width=512")  # as wide as the kernels' compiler takes
    compile_library(command, [*FLAGS[form], *target], loops, library)
    return os.fspath(library)


def build_forms(folder: str | Path | None = None) -> dict[str, str]:
    """Compile the loops in every form and return form -> library; by default in ``build/``."""
    folder = Path(folder) if folder else paths.build() / "c-loops"
    folder.mkdir(parents=True, exist_ok=True)
    return {form: build(folder, form) for form in FLAGS}


def c_loop(
    *,
    rng: np.random.Generator,
    size: int,
    dtype: str,
    input: str,
    name: str,
    library: str,
    loop: str = "array",
) -> Callable[[], object]:
    """Return a call of one of the compiled loops over arrays drawn beforehand.

    Parameters
    ----------
    rng, size, dtype, input
        As for `isru.bench.activation_arms.draw`.
    name : str
        Key in `OPERATIONS` or `BESIDE`; for a chain, one of `CHAINED`.
    library : str
        What `build` returned.
    loop : {"array", "chain"}
        Independent elements or a chain of them.

    Raises
    ------
    ValueError
        For an unknown loop, an unknown operation, or one without such a loop.
    """
    known = {"array": (*OPERATIONS, *BESIDE), "chain": CHAINED}
    if name not in known.get(loop, ()):
        raise ValueError(f"expected a loop and an operation of {known}, got {loop!r} of {name!r}")
    x = draw(rng, size, dtype, input)
    y = draw(rng, size, dtype, input)
    if name in POSITIVE:
        x, y = np.abs(x), np.abs(y)
    out = np.empty_like(x)
    function = getattr(ctypes.CDLL(library), f"{loop}_{name}_{dtype}")
    function.argtypes, function.restype = [ctypes.c_void_p] * 3 + [ctypes.c_long], None
    pointers = [array.ctypes.data for array in (x, y, out)]

    def call(arrays=(x, y, out)):  # the arrays live as long as the call
        function(*pointers, size)
        return arrays[2]

    return call


def drawn_times(library: str, dtype: str, calls: int) -> dict[str, float]:
    """Return nanoseconds (processor time) per call of every drawn loop: once, in order, cold.

    A flawed measurement, kept to show its flaw: nothing is warmed up or repeated, and drawing
    the two numbers is part of what is timed.
    """
    loops = ctypes.CDLL(library)
    times = {}
    for name in OPERATIONS:
        function = getattr(loops, f"drawn_{name}_{dtype}")
        function.argtypes = [ctypes.c_long]
        start = CPU_CLOCK()
        function(calls)
        times[name] = (CPU_CLOCK() - start) * 1e9 / calls
    return times


def original_runs(
    library: str, dtype: str, *, calls: int, processes: int, progress: bool = False
) -> list[dict]:
    """Run `drawn_times` once in each of so many fresh processes and return what they found."""
    from tqdm import tqdm  # not at the top: the processes started here need none

    command = [sys.executable, "-m", "isru.bench.c_loops", library, dtype, str(calls)]
    return [
        json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        for _ in tqdm(range(processes), unit="run", disable=not progress)
    ]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(drawn_times(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
