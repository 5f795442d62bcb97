"""What a machine record measures: its parts, each with arms, cases and threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from functools import partial
from importlib.util import find_spec

import numpy as np

from isru.bench import Arm
from isru.bench.activation_arms import INPUTS, cost_arms
from isru.bench.c_steps import record_arms, record_cases
from isru.studies.timed_steps import COMPARED, SETUP_STEP, setup_step

REFERENCE_SIZE = 100_000  # measured with every input, the other sizes with the typical one
SIZES = (1_000, REFERENCE_SIZE, 1_000_000)
UNITS = (10, 25, 50, 100, 200, 300)
THREADED_UNITS = (30, 100, 300)
THREADED_BATCH = 128
PRODUCT_SIZE = 768
# Compiled loops: label, form and name in `isru.kernels.KERNELS`.
COMPILED = {
    "libm_tanh": ("libm", "tanh"),
    "libm_tanh_again": ("libm", "tanh"),
    "libm_isru": ("libm", "isru"),
    "simd_tanh": ("simd", "tanh"),
    "simd_isru": ("simd", "isru"),
    "simd_rational_tanh": ("simd", "rational_tanh"),
}
_HERE = "isru.machine_records.plans"
_LOOP = "isru.bench.form_arms:compiled"


@dataclass(frozen=True)
class Part:
    """One part of a record: what `isru.bench.measure` is given in each round.

    Attributes
    ----------
    name : str
    arms : tuple of Arm
        Among them ``baseline`` and the same again under ``again``, the A/A arm.
    cases : tuple of dict
    threads : int
        Threads of BLAS, OpenMP and Numba.
    """

    name: str
    arms: tuple[Arm, ...]
    cases: tuple[dict, ...]
    threads: int = 1

    def plain(self) -> dict:
        """Return the part as JSON types."""
        return asdict(self)


def all_parts(cores: int | None = None) -> list[Part]:
    """Return what is measured on this machine, in order.

    ``activations``: from NumPy calls; ``compiled``, where the kernels are: scalar loops with the
    mathematical library and SIMD loops; ``steps``: one update and one prediction of an LSTM by
    its units, in each engine that is installed; ``c_steps``, where a C compiler is: the same of
    generated C; ``threads_N``: updates and one large product with N threads of the BLAS, for
    N = 1, 2, 4, ... up to the cores.

    Parameters
    ----------
    cores : int, optional
        By default those of this machine.
    """
    compiled = find_spec("numba") is not None
    parts = [Part("activations", tuple(_numpy_arms()), tuple(_array_cases()))]
    if compiled:
        parts.append(Part("compiled", tuple(_compiled_arms()), tuple(_array_cases())))
    parts.append(Part("steps", tuple(_step_arms()), tuple(_step_cases(compiled))))
    if cases := record_cases():
        parts.append(Part("c_steps", tuple(record_arms()), tuple(cases)))
    return parts + [_thread_part(count) for count in thread_counts(cores or os.cpu_count() or 1)]


def thread_counts(cores: int) -> list[int]:
    """Return 1, 2, 4, ... and the number of cores itself."""
    powers = [2**n for n in range(cores.bit_length()) if 2**n < cores]
    return [*powers, cores]


def needed_cases(part: str, engines: Collection[str] = ()) -> list[dict]:
    """Return the cases that a part of a record must hold.

    Parameters
    ----------
    part : str
        ``"activations"``, ``"compiled"``, ``"steps"`` or ``"threads_N"``.
    engines : collection of str
        Of ``steps``: those that were measured; the NumPy one always is.
    """
    if part == "steps":
        return _step_cases("numba" in engines)
    return _thread_cases() if part.startswith("threads") else _array_cases()


def _numpy_arms() -> list[Arm]:
    wanted = ("tanh", "tanh_again", "isru_plain", "isru_safe", "copy")
    return [arm for arm in cost_arms() if arm.label in wanted]


def _array_cases() -> list[dict]:
    return [
        {"size": size, "dtype": dtype, "input": input}
        for size in SIZES
        for dtype in ("float32", "float64")
        for input in INPUTS
        if input == "typical" or size == REFERENCE_SIZE
    ]


def _compiled_arms() -> list[Arm]:
    return [
        Arm(label, _LOOP, {"form": form, "name": name}) for label, (form, name) in COMPILED.items()
    ]


def _step_arms() -> list[Arm]:
    few = {label: name for label, name in COMPARED.items() if label != "plain"}
    return [Arm(label, SETUP_STEP, {"activation": name}) for label, name in few.items()]


def _step_cases(compiled: bool) -> list[dict]:
    return [
        {"engine": engine, "step": step, "units": units}
        for engine in (("numpy", "numba") if compiled else ("numpy",))
        for step in ("train", "predict")
        for units in UNITS
    ]


def _thread_part(count: int) -> Part:
    arms = tuple(Arm(label, f"{_HERE}:setup_threaded") for label in ("work", "work_again"))
    return Part(f"threads_{count}", arms, tuple(_thread_cases()), threads=count)


def _thread_cases() -> list[dict]:
    works = [*(f"train_{units}" for units in THREADED_UNITS), f"product_{PRODUCT_SIZE}"]
    return [{"work": work} for work in works]


def setup_threaded(*, rng: np.random.Generator, work: str) -> Callable[[], object]:
    """Return a call whose matrix products the BLAS may divide among threads.

    Parameters
    ----------
    rng : numpy.random.Generator
    work : str
        ``train_N``: one update of an LSTM of N units, NumPy engine, batch 128; ``product_N``:
        the product of two N x N matrices, float32.
    """
    kind, _, size = work.partition("_")
    if kind == "train":
        settings = {"step": "train", "activation": "tanh", "batch": THREADED_BATCH}
        return setup_step(rng=rng, units=int(size), **settings)
    if kind == "product":
        a, b = rng.standard_normal((2, int(size), int(size))).astype(np.float32)
        return partial(np.dot, a, b, np.empty_like(a))
    raise ValueError(f"expected work train_N or product_N, got {work!r}")
