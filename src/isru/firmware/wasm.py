"""The same C as WebAssembly, for a browser: loops over activations, and whole networks.

One module holds the activations one number at a time, with the C library's own tanhf and expf as
the emulator's cores use them; a second one the same loops in vectors of 128 bits, which some
browsers lack; one more holds each network as `isru.firmware.export_c` writes it. A module imports
nothing. WebAssembly has no fused multiply-add, so a native build computes the same bits where
``-ffp-contract=off`` forbids it.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from isru.emulator.cores import get_target
from isru.emulator.libm import Library, math_library
from isru.emulator.toolchain import PINNED, cache_folder, compiler_command, load, run
from isru.firmware.arms import forms_of
from isru.firmware.c_forms import c_form
from isru.firmware.c_text import c_array
from isru.firmware.errors import ExportError
from isru.firmware.export import c_texts, prologue, write_texts
from isru.firmware.model import read_model
from isru.lstm import LSTMNetwork
from isru.records import write_atomically

LOOPS = {
    "tanh": "tanh",
    "logistic": "sigmoid",
    "rational_tanh": "rational_tanh",
    "hard_tanh": "hard_tanh",
    "isru": "isru",
    "isru_gate": "isru_sigmoid",
}
"""Of each loop over an activation, whose C form it calls."""
VECTOR_LOOPS = ("rational_tanh", "hard_tanh", "isru", "isru_gate")  # the others call a function
SIZE = 1000
"""Numbers that a loop passes over: N(0, 1), as the activations' typical input is."""

_TARGET = ("-target", "wasm32-freestanding", "-nostdlib", "-Wl,--no-entry", "-Wl,--strip-all")
_NATIVE = ("-shared", "-fPIC", "-Wl,-Bsymbolic", "-ffp-contract=off", "-fno-builtin")
_FLAGS = ("-std=gnu99", "-O3", "-ffreestanding", "-fno-math-errno", "-fno-sanitize=all", "-g0")
_LITTLE_ENDIAN = "-D__IEEE_LITTLE_ENDIAN"  # picolibc knows the byte order of its own cores only
_CORE = "cortex-m4f"  # has a square root, as WebAssembly does: the library then leaves it out

# A module's functions alone are seen from outside, so that two native ones can be loaded at once.
_EXPORT = """
#if defined(__wasm__)
#define EXPORT(name) __attribute__((export_name(#name)))
#else
#define EXPORT(name) __attribute__((visibility("default")))
#endif
"""
_LOOP = """
EXPORT(run_{name}) void run_{name}(int loops)
{{
    for (; loops > 0; loops--) {{
        for (int k = 0; k < {size}; k++) outputs[k] = {function}(inputs[k]);
        __asm__ volatile("" ::: "memory"); /* or all passes but the last are left out */
    }}
}}
"""
_ACTIVATIONS = """
{inputs}
float outputs[{size}];
EXPORT(inputs_at) float *inputs_at(void) {{ return inputs; }}
EXPORT(outputs_at) float *outputs_at(void) {{ return outputs; }}
"""
_NETWORK = """
#include "network.h"
{export}
static network_state state;
static float inputs[{rows} * NETWORK_INPUTS], outputs[NETWORK_OUTPUTS];
EXPORT(inputs_at) float *inputs_at(void) {{ return inputs; }}
EXPORT(outputs_at) float *outputs_at(void) {{ return outputs; }}
EXPORT(reset) void reset(void) {{ network_reset(&state); }}
EXPORT(step) void step(int row) {{ network_step(&state, inputs + row * NETWORK_INPUTS); }}
EXPORT(output) void output(void) {{ network_output(&state, outputs); }}
EXPORT(run_steps) void run_steps(int loops)
{{
    for (int row = 0; loops > 0; loops--) {{
        step(row);
        if (++row == {rows}) row = 0;
    }}
}}
"""


def activation_module(*, vectors: bool = False) -> bytes:
    """Return the WebAssembly of the loops over the activations.

    Parameters
    ----------
    vectors : bool
        Whether they are those of `VECTOR_LOOPS`, in vectors of four floats, or all of `LOOPS`,
        one number at a time.

    Returns
    -------
    bytes
        Exports ``run_NAME(loops)`` for each loop, ``inputs_at()`` and ``outputs_at()``.

    Raises
    ------
    ToolchainError
        If the packages of the compiler or of the C library are missing.
    CompileError
        With the command and what the compiler said.
    """
    sources, library = activation_sources(VECTOR_LOOPS if vectors else LOOPS)
    return compile_module(sources, library, ("-msimd128",) if vectors else ())


def network_module(network: LSTMNetwork, *, rows: int, weights: str = "float32") -> bytes:
    """Return the WebAssembly of a network that reads one row of inputs a step.

    Parameters
    ----------
    network : LSTMNetwork
    rows : int
        For how many rows of inputs there is room.
    weights : {"float32", "int8"}
        As in `isru.firmware.export_c`.

    Returns
    -------
    bytes
        Exports ``inputs_at()``, ``outputs_at()``, ``reset()``, ``step(row)``, ``output()``, and
        ``run_steps(loops)``, which walks over the rows again and again.

    Raises
    ------
    ExportError
        As `isru.firmware.export_c` does.
    ToolchainError, CompileError
        As `activation_module` does.
    """
    return compile_module(*network_sources(network, rows=rows, weights=weights))


def activation_sources(loops: Iterable[str]) -> tuple[dict[str, str], Library]:
    """Return the C of some `LOOPS`, and what of the C library they need."""
    forms = {name: c_form(LOOPS[name]) for name in loops}
    functions = "\n".join(form.function() for form in forms.values())
    numbers = np.random.default_rng(0).standard_normal(SIZE).astype(np.float32)
    text = prologue(functions) + functions + _EXPORT
    array = c_array("inputs", numbers).replace("static const ", "")
    text += _ACTIVATIONS.format(inputs=array, size=SIZE)
    for name, form in forms.items():
        text += _LOOP.format(name=name, size=SIZE, function=form.c_name)
    return {"activations.c": text}, _library(forms.values())


def network_sources(network, *, rows: int, weights: str = "float32") -> tuple[dict, Library]:
    """Return the C of a network with its entries for a browser, and its part of the C library."""
    forms = forms_of(network)
    texts = c_texts(read_model(network, weights), forms, "network")
    return texts | {"entries.c": _NETWORK.format(export=_EXPORT, rows=rows)}, _library(forms)


def _library(forms) -> Library:
    return math_library(get_target(_CORE), {name for form in forms for name in form.libm})


def compile_module(
    sources: Mapping[str, str], library: Library, flags: Sequence[str] = ()
) -> bytes:
    """Compile C to one WebAssembly module; equal input is compiled once.

    Raises
    ------
    ToolchainError, CompileError
        As `isru.emulator.toolchain.compile_image` does.
    """
    load("ziglang")
    own = [flag for flag in library.flags if not flag.startswith("-I")]
    names = [Path(file).name for file in library.files]
    key = [PINNED, _TARGET, _FLAGS, list(flags), own, names, dict(sources)]
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]
    kept = cache_folder() / f"{digest}.wasm"
    if not kept.is_file():
        command = compiler_command(*_TARGET, *flags)
        write_atomically(kept, _compile(command, sources, library, "module.wasm"))
    return kept.read_bytes()


def native_outputs(
    network: LSTMNetwork, inputs: np.ndarray, command: Sequence[str | os.PathLike]
) -> np.ndarray:
    """Return what the same C gives on this machine's processor, without fused multiply-adds.

    Parameters
    ----------
    network : LSTMNetwork
        With one output.
    inputs : ndarray of float32, shape (n, T, F)
    command : sequence of str
        Of the C compiler, ``["gcc"]`` say.

    Returns
    -------
    ndarray of uint32, shape (n,)
        The bits of the output after each window.
    """
    count, steps, _ = inputs.shape
    sources, library = network_sources(network, rows=count * steps)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.so"
        compiler = [*(os.fspath(word) for word in command), *_NATIVE]
        file.write_bytes(_compile(compiler, sources, library, file.name))
        code = ctypes.CDLL(os.fspath(file))
    for name in ("inputs_at", "outputs_at"):
        getattr(code, name).restype = ctypes.c_void_p
    ctypes.memmove(
        code.inputs_at(), np.ascontiguousarray(inputs, "f4").ctypes.data, inputs.size * 4
    )
    found = np.empty(count, np.uint32)
    for window in range(count):
        code.reset()
        for row in range(window * steps, (window + 1) * steps):
            code.step(row)
        code.output()
        found[window] = ctypes.c_uint32.from_address(code.outputs_at()).value
    return found


def _compile(command, sources, library, target: str) -> bytes:
    with tempfile.TemporaryDirectory() as name:
        write_texts(name, dict(sources))
        files = [file for file in sources if file.endswith(".c")]
        flags = [*_FLAGS, _LITTLE_ENDIAN, *library.flags, "-I."]
        whole = [*command, *flags, *files, *library.files, "-o", target]
        run(whole, name, f"compiling {target}")
        return (Path(name) / target).read_bytes()


def sha256(module: bytes) -> str:
    """Return the hash of a module, by which it is pinned."""
    return hashlib.sha256(module).hexdigest()


def check_pinned(modules: Mapping[str, bytes], pinned: Mapping[str, str]) -> None:
    """Refuse modules of other bytes than were pinned.

    Parameters
    ----------
    modules : mapping of str to bytes
    pinned : mapping of str to str
        Of each of these names the hash.

    Raises
    ------
    ExportError
        Naming each module that differs, with both hashes.
    """
    found = {name: sha256(module) for name, module in modules.items()}
    changed = [
        f"{name}: expected {pinned.get(name, 'none')}, got {digest}"
        for name, digest in found.items()
        if pinned.get(name) != digest
    ]
    if changed:
        raise ExportError(
            "WebAssembly modules: expected the bytes that are pinned, got others:\n"
            + "\n".join(changed)
            + "\nIf the C or the compiler was changed on purpose, pin them anew: "
            "PYTHONPATH=book/_ext python -m isru_book"
        )
