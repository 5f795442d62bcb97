"""The images that are measured, one activation or a whole network, and how they are run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add

import numpy as np

from isru.emulator.cores import Target
from isru.emulator.disassembly import decode
from isru.emulator.elf import Image
from isru.emulator.errors import SoftFloatError
from isru.emulator.libm import math_library
from isru.emulator.machine import Machine, Trace
from isru.emulator.toolchain import compile_image
from isru.firmware.arms import Arm, forms_of
from isru.firmware.c_forms import CForm
from isru.firmware.cmsis import IntegerForm
from isru.firmware.export import c_texts, prologue
from isru.firmware.integer import IntegerModel, functions_of, program_text, quantise
from isru.firmware.model import Model, read_model

ENTRIES = ("network_step", "network_reset", "network_output")


def activation_program(target: Target, function: CForm) -> Image:
    """Compile one activation as ``float f(float x)``."""
    text = function.function("f", static=False)
    return _link(target, {"f.c": prologue(text) + text}, ("f",), (function,))


def integer_activation_program(target: Target, form: IntegerForm) -> Image:
    """Compile one activation as ``int32_t f(int16_t x)``."""
    return _link(target, {"f.c": form.program("f")}, ("f",), ())


def network_program(
    target: Target, network, arm: str | Arm, weights: str = "float32"
) -> tuple[Image, Model]:
    """Compile what `isru.firmware.export_c` writes for a network, an arm and weights."""
    model, forms = read_model(network, weights), forms_of(network, arm)
    return _link(target, c_texts(model, forms, "network"), ENTRIES, forms), model


def integer_program(target: Target, network, arm: str, sequence) -> tuple[Image, IntegerModel]:
    """Compile the integer kernel with an arm's tables; the sequence decides the inputs' scale."""
    model = quantise(network, sequence)
    texts = {"network.c": program_text(model, functions_of(arm), "network")}
    return _link(target, texts, ENTRIES[:2], ()), model


def _link(target, texts, entries, forms):
    functions = {name for form in forms for name in form.libm}
    if any(form.square_root for form in forms):
        functions.add("sqrtf")
    library = math_library(target, functions)
    return compile_image(target, texts, entries=entries, library=library.files, flags=library.flags)


def run_steps(machine: Machine, model: Model, sequence, *, warm: int = 0):
    """Run a network over a sequence (T, F) of float32, from a state of zero.

    Returns the trace of all steps but the first ``warm``, without reset and output, and the
    outputs after every step, (T, C).
    """
    result = machine.reserve(4 * model.output_size)

    def output(state):
        machine.call("network_output", [state, result])
        return machine.read(result, 4 * model.output_size)

    trace, found = _run(machine, model, sequence, output, warm)
    return trace, np.array([np.frombuffer(content, "<f4") for content in found])


def run_in_integers(machine: Machine, model: IntegerModel, sequence, *, warm: int = 0):
    """Run the integer kernel as `run_steps` does; return the trace and the last h, (T, H)."""
    *below, units = model.hidden_sizes
    place = 2 * (sum(below) + units) + sum(below)  # behind all c and the other h
    rows = np.rint(sequence / model.input_scale).astype(np.int8)
    trace, found = _run(
        machine, model, rows, lambda state: machine.read(state + place, units), warm
    )
    return trace, np.array([np.frombuffer(content, np.int8) for content in found])


def _run(machine, model, rows, output, warm):
    state, place = machine.reserve(model.state_bytes), machine.reserve(rows[0].nbytes)
    machine.call("network_reset", [state])
    traces, found = [], []
    for row in rows:
        machine.write(place, row.tobytes())
        traces.append(machine.call("network_step", [state, place]))
        found.append(output(state))
    return total_of(traces[warm:]), found


def total_of(traces: Sequence[Trace]) -> Trace:
    """Return the sum of traces."""
    return reduce(add, traces)


def check_square_root(target: Target, image: Image, trace: Trace, function: CForm) -> None:
    """Raise a SoftFloatError if a core with an FPU ran no square root instruction."""
    if not (target.fpu and function.square_root):
        return
    for start, size in trace.sizes.items():
        block = decode(target, image.bytes_at(start, size), start)
        if any("sqrt" in item.mnemonic for item in block):
            return
    raise SoftFloatError(
        f"expected a square root instruction on {target.name}, which has an FPU, got none"
    )


def program_bytes(image: Image) -> int:
    """Return the bytes that an image takes in flash."""
    return sum(len(section.content) for section in image.sections if section.stored)
