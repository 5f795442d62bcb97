"""The images that are measured: one activation, or a whole network."""

from __future__ import annotations

from typing import NamedTuple

from isru.emulator.cores import Target
from isru.emulator.elf import Image
from isru.emulator.libm import math_library
from isru.emulator.toolchain import compile_image
from isru.firmware.arms import LSTM_ARMS
from isru.firmware.c_forms import Twin, twin
from isru.firmware.c_model import Model, read_model
from isru.firmware.c_source import prologue
from isru.firmware.export import network_files
from isru.firmware.integer import IntegerModel, program_files, quantise, table

ENTRIES = ("network_step", "network_reset", "network_output")


class Program(NamedTuple):
    """A network compiled for a core.

    Attributes
    ----------
    image : Image
    model : Model
    """

    image: Image
    model: Model

    @property
    def state_bytes(self) -> int:
        """Bytes of the caller's state."""
        return self.model.state_bytes


def activation_program(target: Target, function: Twin) -> Image:
    """Compile one activation as ``float f(float x)``."""
    text = function.function("f", static=False)
    return _link(target, {"f.c": prologue(text) + text}, ("f",), (function,))


def network_program(target: Target, network, arm: str, weights: str = "float32") -> Program:
    """Compile what `export_c` writes, with the two functions of an arm.

    Parameters
    ----------
    target : Target
    network : LSTMNetwork
        Its weights are used, not its activations.
    arm : str
        A name in `LSTM_ARMS`.
    weights : {"float32", "int8"}
    """
    chosen = LSTM_ARMS[arm]
    model = read_model(network, weights)
    twins = twin(chosen.activation), twin(chosen.gate)
    header, source = network_files(model, *twins, "network")
    files = {"network.h": header, "network.c": source}
    return Program(_link(target, files, ENTRIES, twins), model)


def integer_program(target: Target, network, arm: str, sequence) -> tuple[Image, IntegerModel]:
    """Compile the integer kernel with the tables of an arm's two functions.

    Parameters
    ----------
    target : Target
    network : LSTMNetwork
    arm : str
        A name in `LSTM_ARMS`, of kind ``"integer"``.
    sequence : ndarray, shape (T, F)
        Decides the inputs' scale.
    """
    model = quantise(network, sequence)
    files = program_files(model, integer_tables(arm), "network")
    return _link(target, files, ENTRIES[:2], ()), model


def integer_tables(arm: str):
    """Return the tables of an arm's activation and gate."""
    chosen = LSTM_ARMS[arm]
    return table(twin(chosen.activation).reference), table(twin(chosen.gate).reference)


def _link(target, files, entries, twins):
    functions = {name for twin in twins for name in twin.libm}
    if any(twin.square_root for twin in twins):
        functions.add("sqrtf")
    library = math_library(target, functions)
    return compile_image(target, files, entries=entries, library=library.files, flags=library.flags)
