"""Whole LSTM steps in C, as a user compiles them: scalar code that calls the C library's tanh.

Two programs, each compiled for this machine by every compiler that is here:

- ``predict``: what `isru.firmware.export_c` writes for a network, over a window from a state of 0;
- ``train``: one update by the plain loop of `isru.bench.plain_c` on that window.

Compiled with "plain" flags (-O3) tanh is a call of the C library for each number: without
-ffast-math no compiler puts a vector function in its place. "fast" adds that flag; `calls` tells
what a library then calls. Libraries are kept in ``build/`` and compiled when they are first used.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np

from isru import paths
from isru.bench.c_loops import compiler_name
from isru.bench.plain_c import PlainStep, compile_library, source
from isru.bench.protocol import Arm
from isru.emulator.errors import ToolchainError
from isru.emulator.toolchain import compiler_command
from isru.firmware.arms import LSTM_ARMS, forms_of
from isru.firmware.export import c_texts
from isru.firmware.model import read_model
from isru.lstm import LSTMNetwork

FEATURES, WINDOW, CLASSES = 10, 24, 2
"""Inputs and hours of the forecaster; the training loop has two classes at every hour."""
STEPS = ("train", "predict")
ARMS = {"tanh": "libm", "tanh_again": "libm", "isru": "isru", "exp_free": "exp_free"}
"""Label -> arm in `isru.firmware.LSTM_ARMS`."""
FLAGS = {"plain": ("-O3",), "fast": ("-O3", "-ffast-math")}
RECORD_UNITS = (10, 25, 50, 100, 200, 300)
# So small that thousands of timed updates leave the network where it started.
LEARNING_RATE = 1e-6
# The packaged compiler would first build the runtime library of its own, for half a minute.
_LINKING = {"zig": ("-nostdlib", "-lm", "-lc")}
_FACTORY = "isru.bench.c_steps:setup_c_step"
_WINDOW_IN_C = """\
#include "network.c"

void predict(const float *x, long steps, float *y)
{
    static network_state state;
    network_reset(&state);
    for (; steps > 0; steps--, x += NETWORK_INPUTS) network_step(&state, x);
    network_output(&state, y);
}
"""
_CALLED = re.compile(rb"(?<=\0)(_ZGV\w+|__svml_\w+|tanhf|expf|expm1f|log1pf)(?=\0)")


@cache
def host_compilers() -> dict[str, list[str]]:
    """Return the C compilers for this machine: name -> command, those of the system first.

    ``gcc`` and ``clang`` where they are on the path, ``zig`` (the Clang of the package ziglang)
    where its pinned version is installed; none on Windows.
    """
    if sys.platform == "win32":
        return {}
    found = {name: [path] for name in ("gcc", "clang") if (path := shutil.which(name))}
    try:
        return found | {"zig": compiler_command()}
    except ToolchainError:
        return found


def c_step_arms() -> list[Arm]:
    """Return the arms for `isru.bench.measure`: tanh, tanh again, ISRU and exp-free."""
    return [Arm(label, _FACTORY, {"arm": arm}) for label, arm in ARMS.items()]


def c_step_cases(
    units: Iterable[int], compilers: Iterable[str], flags: Iterable[str] = ("plain",)
) -> list[dict]:
    """Return the cases, both programs in every size: keys compiler, flags, step, units."""
    return [
        {"compiler": compiler, "flags": given, "step": step, "units": count}
        for compiler in compilers
        for given in flags
        for step in STEPS
        for count in units
    ]


def record_arms() -> list[Arm]:
    """Return the arms of a machine's record."""
    return c_step_arms()


def record_cases() -> list[dict]:
    """Return the cases of a machine's record, by its first compiler; none without a compiler."""
    return [
        {"compiler": compiler, "step": step, "units": count}
        for compiler in list(host_compilers())[:1]
        for step in STEPS
        for count in RECORD_UNITS
    ]


def compile_steps(cases: Iterable[dict]) -> list[dict]:
    """Compile what cases need, so that nothing is left to compile when they are timed.

    Parameters
    ----------
    cases : iterable of dict
        Of `c_step_cases`.

    Returns
    -------
    list of dict
        One for each case and arm: the case's keys, arm (a label), ``version`` of the compiler and
        ``calls``, the functions of the C library that the program calls.

    Raises
    ------
    RuntimeError
        If a compiler fails; the message holds its command and what it said first.
    """
    jobs = [(case, label) for case in cases for label in ARMS if label != "tanh_again"]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        libraries = list(pool.map(lambda job: library(arm=ARMS[job[1]], **job[0]), jobs))
    return [
        case
        | {"arm": label, "version": _version(case["compiler"]), "calls": ", ".join(calls(path))}
        for (case, label), path in zip(jobs, libraries, strict=True)
    ]


def library(*, compiler: str, step: str, units: int, arm: str, flags: str = "plain") -> Path:
    """Return the shared library of a program, compiled if it is not kept.

    Parameters
    ----------
    compiler : str
        A key of `host_compilers`.
    step : {"train", "predict"}
    units : int
        Of the exported network; the training loop is the same for all.
    arm : str
        A name in `isru.firmware.LSTM_ARMS`.
    flags : {"plain", "fast"}

    Raises
    ------
    ValueError
        For an unknown step, or a compiler that is not here.
    RuntimeError
        If the compiler fails; the message holds its command and what it said first.
    """
    if compiler not in host_compilers():
        here = ", ".join(host_compilers()) or "none"
        raise ValueError(f"expected a C compiler that is here ({here}), got {compiler!r}")
    # The text of 300 units takes a second to write; of one unit it is the same but for numbers.
    size = units if step == "predict" else 0
    key = [_texts(step, arm, 1), size, host_compilers()[compiler], _version(compiler), FLAGS[flags]]
    digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:24]
    kept = paths.compiled() / "host" / f"{digest}.so"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            for name, text in _texts(step, arm, size).items():
                (Path(folder) / name).write_text(text, encoding="utf-8")
            made = Path(folder) / "step.so"
            compile_library(
                host_compilers()[compiler],
                FLAGS[flags],
                made.with_suffix(".c"),
                made,
                linking=_LINKING.get(compiler, ("-lm",)),
            )
            made.replace(kept)
    return kept


def calls(path: str | Path) -> list[str]:
    """Return the functions of the C library that a shared library calls for activations.

    A name that begins with ``_ZGV`` or ``__svml_`` is of one that computes several at a time.
    """
    return sorted({name.decode() for name in _CALLED.findall(Path(path).read_bytes())})


def setup_c_step(
    *,
    rng: np.random.Generator,
    compiler: str,
    step: str,
    units: int,
    arm: str,
    flags: str = "plain",
) -> Callable[[], object]:
    """Return a call of one of the two programs: one window, one sequence, in float32.

    The arguments but ``rng``, which draws the window, are those of `library`.
    """
    path = library(compiler=compiler, step=step, units=units, arm=arm, flags=flags)
    x = rng.standard_normal((1, WINDOW, FEATURES)).astype(np.float32)
    if step == "train":
        target = rng.integers(0, CLASSES, (1, WINDOW))
        return PlainStep(path, _network(step, arm, units), x, target, learning_rate=LEARNING_RATE)
    return PlainPrediction(path, x)


class PlainPrediction:
    """Predictions by the exported C of a network.

    Parameters
    ----------
    library : path-like
    x : ndarray of float32, shape (1, T, F)
    """

    def __init__(self, library, x):
        self._x, self._y = np.ascontiguousarray(x), np.zeros(1, np.float32)
        self._predict = ctypes.CDLL(os.fspath(library)).predict
        self._predict.argtypes = [ctypes.c_void_p, ctypes.c_long, ctypes.c_void_p]
        self._predict.restype = None
        self._arguments = self._x.ctypes.data, x.shape[1], self._y.ctypes.data

    def __call__(self) -> np.ndarray:
        """Return the output after the window, which the next call overwrites."""
        self._predict(*self._arguments)
        return self._y


@cache
def _texts(step: str, arm: str, units: int) -> dict[str, str]:
    """Return the C files of a program; ``step.c`` is the one to compile."""
    if step == "train":
        chosen = LSTM_ARMS[arm]
        return {"step.c": source(chosen.activation, chosen.gate)}
    if step != "predict":
        raise ValueError(f"expected a step of {', '.join(STEPS)}, got {step!r}")
    network = _network(step, arm, units)
    texts = c_texts(read_model(network), forms_of(network), "network")
    return texts | {"step.c": _WINDOW_IN_C}


def _network(step: str, arm: str, units: int) -> LSTMNetwork:
    """Return the network of a case; its weights depend on the size alone."""
    chosen = LSTM_ARMS[arm]
    return LSTMNetwork(
        FEATURES,
        units,
        CLASSES if step == "train" else 1,
        activation=chosen.activation,
        recurrent_activation=chosen.gate,
        return_sequences=step == "train",
        rng=np.random.default_rng(units),
    )


@cache
def _version(compiler: str) -> str:
    return compiler_name(host_compilers()[compiler])
