"""The two kinds of machine records, field by field: a processor's and a browser's.

A browser's record holds plain texts and whole numbers alone, which JavaScript and Python write
alike: so the hash of its content agrees.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from isru.bench.activation_arms import INPUTS
from isru.machine_records.fields import Flag, Keys, Number, Plain, Several, Text, Whole
from isru.machine_records.plans import needed_cases

VECTOR = "simd_"  # what an arm in vector instructions begins with, in a browser
_CORES, _SEED, _BLOCKS = Whole(1, 4096), Whole(0, 10**14), Whole(1, 100)
_UNITS = Whole(1, 10**6)
_VERSION = Text(60, r"\d[\w.+-]*|not installed", "a version such as 2.4.6")
_DTYPE = Text(form="float32|float64", like="float32 or float64")
_STEP = Text(form="train|predict", like="train or predict")
WORD = Text(60, r"[a-z0-9]+(_[a-z0-9]+)*", "words in lower case, joined by '_'")
_SOURCES = {
    "commit": Text(40, r"[0-9a-f]{7,40}|unknown", "a commit, or unknown"),
    "date": Text(10, r"20\d\d-\d\d-\d\d", "a date such as 2026-11-29"),
    "dirty": Flag(),
    "isru": _VERSION,
}


@dataclass(frozen=True)
class PartForm:
    """What one part of a record must hold.

    Attributes
    ----------
    case : dict
        The fields of a case.
    arms : tuple of str
        Those that the book compares, and the same again for the A/A floor.
    cases : callable
        Takes the cases that are there, returns those that must be.
    vector_arms : tuple of str
        Further arms, of a browser with vector instructions.
    """

    case: Mapping[str, object]
    arms: tuple[str, ...]
    cases: Callable[[list[dict]], list[dict]]
    vector_arms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """One kind of record.

    Attributes
    ----------
    machine, settings : dict
        Their fields.
    measured : dict
        What a sample holds behind process, block and position.
    parts : dict
        By a pattern of the part's name.
    needed : tuple of str
        Names of parts that must be there.
    known : str
        In words, which parts there are.
    names : callable
        Takes the field ``machine``, returns what the file is named after.
    again : str
        How to make another one.
    """

    machine: Keys
    settings: Keys
    measured: Mapping[str, object]
    parts: Mapping[str, PartForm]
    needed: tuple[str, ...]
    known: str
    names: Callable[[Mapping], str]
    again: str

    @property
    def sample(self) -> tuple[str, ...]:
        """The columns of a sample."""
        return ("process", "block", "position", *self.measured)

    def part(self, name: str) -> PartForm | None:
        """Return the form of a part; None if there is no such part."""
        found = (form for pattern, form in self.parts.items() if re.fullmatch(pattern, name))
        return next(found, None)


def _steps(cases: list[dict]) -> list[dict]:
    return needed_cases("steps", {case["engine"] for case in cases})


def _c_steps(cases: list[dict]) -> list[dict]:
    compilers = sorted({case["compiler"] for case in cases})
    return [
        {"compiler": compiler, "step": step, "units": units}
        for compiler in compilers
        for step in ("predict", "train")
        for units in (10, 25, 100)
    ]


_CPU = {
    "model": Text(100, like="the processor's name"),
    "flags": Several(Text(40), 4000),
    "cores": _CORES,
    "caches": Keys({}, others=Whole(1, 10**15)),
    "governor": Text(40),
}
_POOL = {"num_threads": _CORES}
_POOL |= dict.fromkeys(("internal_api", "version", "architecture"), Text(60))
_MADE = {"machine": Text(200), "numpy": _VERSION, "profile": Text(40), "python": _VERSION}
_SECONDS = Number(1e-10, 1e4)
_ARRAY = {
    "size": Whole(1, 10**9),
    "dtype": _DTYPE,
    "input": Text(form="|".join(INPUTS), like=f"one of {', '.join(INPUTS)}"),
}
_ENGINE = Text(form="numpy|numba", like="an engine: numpy or numba")
_COMPILER = Text(form="gcc|clang|zig", like="a compiler: gcc, clang or zig")
_WORK = {"work": Text(40, r"(train|product)_[1-9]\d*", "train_N or product_N")}
_NETWORK_ARMS = ("tanh", "tanh_again", "isru", "exp_free")
PROCESSOR = Kind(
    machine=Keys(
        {
            "cpu": Keys(_CPU),
            "load": Several(Number(0, 1e6), 3),
            "system": Text(),
            "python": Text(like="a version such as 3.11.7 (GCC 12.2.0)"),
            "compiler": Text(200),
            "threads": _CORES,
            "versions": Keys(
                dict.fromkeys(("numpy", "scipy", "numba", "tensorflow", "keras", "isru"), _VERSION),
                others=_VERSION,
            ),
            "numpy_simd": Several(Text(40), 100),
            "thread_pools": Several(Keys({}, optional=_POOL, others=Plain()), 100),
            "provenance": Keys(_SOURCES | _MADE, others=Plain()),
        }
    ),
    settings=Keys(
        {
            "seed": Whole(0, 10**17),
            "blocks": _BLOCKS,
            "warmup": Whole(0, 1_000_000),
            "min_seconds": Number(0, 3600),
            "sittings": Whole(1, 100_000),
        }
    ),
    measured={"loops": Whole(1, 10_000_000), "seconds": _SECONDS, "cpu_seconds": _SECONDS},
    parts={
        "activations": PartForm(
            _ARRAY, ("tanh", "tanh_again", "isru_plain"), lambda _: needed_cases("activations")
        ),
        "compiled": PartForm(
            _ARRAY,
            ("libm_tanh", "libm_tanh_again", "libm_isru", "simd_tanh", "simd_isru"),
            lambda _: needed_cases("compiled"),
        ),
        "steps": PartForm(
            {"engine": _ENGINE, "step": _STEP, "units": _UNITS},
            ("tanh", "tanh_again", "isru"),
            _steps,
        ),
        "c_steps": PartForm(
            {"compiler": _COMPILER, "step": _STEP, "units": _UNITS}, _NETWORK_ARMS, _c_steps
        ),
        r"threads_[1-9]\d{0,3}": PartForm(
            _WORK, ("work", "work_again"), lambda _: needed_cases("threads")
        ),
    },
    needed=("activations", "steps", "threads_1"),  # without Numba nothing is compiled
    known="activations, compiled, steps, c_steps or threads_N",
    names=lambda machine: str(machine["cpu"].get("model", "unknown")),
    again="make a new one: make record",
)
_BROWSER_NAME = {"name": Text(40), "version": _VERSION, "engine": Text(40)}
_HASHES = Text(64, r"[0-9a-f]{64}", "a sha256 of 64 hexadecimal digits")
BROWSER = Kind(
    machine=Keys(
        {
            "browser": Keys(_BROWSER_NAME),
            "system": Text(),
            "cores": _CORES,
            "simd": Flag(),
            "clock_ns": Whole(1, 10**9),
            "provenance": Keys(_SOURCES | {"kernels": Keys({}, others=_HASHES)}),
        },
        optional={"processor": _CPU["model"]},
    ),
    settings=Keys(
        {
            "seed": _SEED,
            "workers": Whole(1, 100),
            "blocks": _BLOCKS,
            "warmup_ms": Whole(0, 60_000),
            "ticks": Whole(1, 10_000),
        }
    ),
    measured={"loops": Whole(1, 10**9), "time_ns": Whole(1, 10**12)},
    parts={
        "activations": PartForm(
            {"dtype": _DTYPE, "size": Whole(1, 10**7)},
            ("tanh", "tanh_again", "isru", "isru_gate"),
            lambda cases: [{"dtype": "float32", "size": cases[0]["size"]}],
            vector_arms=(f"{VECTOR}isru", f"{VECTOR}isru_gate"),
        ),
        "steps": PartForm(
            {"step": _STEP, "units": _UNITS},
            ("tanh", "tanh_again", "isru"),  # an exp-free model need not be published
            lambda _: [{"step": "predict", "units": 25}],
        ),
    },
    needed=("activations", "steps"),
    known="activations or steps",
    names=lambda machine: " ".join(
        [machine["browser"]["name"], machine["browser"]["version"], machine["system"]]
    ),
    again="measure again, on the book's page your-browser",
)
KINDS = {"processor": PROCESSOR, "browser": BROWSER}
