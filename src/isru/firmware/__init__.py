"""Networks leave Python here: as C, in floats or integers, as ONNX or TensorFlow Lite, and counted.

Not here: what knows a core, a compiler or an emulator, that is `isru.emulator`; training; chapters.

The road of a network:

1. `export.export_c` writes it as C: its weights by `model`, one step of its cell by `c_step`, its
   two functions by `c_forms`, other ones if an arm says so (`arms`). `integer.export_integer`
   writes the kernel that computes in integers.
2. `programs` compiles the same text for a core and runs it in the emulator.
3. `measure` tells instructions and cycles, `sizes` bytes, `crosscheck` what another toolchain
   says; `reference` is what the C must compute.
4. `onnx_file` and `tflite_file` write the files of other runtimes; `formats` compares all.

Instructions are counted in an emulator; cycles are estimated from the cores' published tables,
without wait states of the memory; a ratio of two arms is computed at each corner of a table, from
``cycles_0`` to ``cycles_7``. Nothing runs on silicon. ``export_c`` needs NumPy only; the packages
of the extras ``embedded`` and ``deploy`` are imported when they are first used.
"""

from __future__ import annotations

from isru.lazily import public_name, public_names

_HOME = {
    "arms": ("ACTIVATION_ARMS", "GATE_ARMS", "LSTM_ARMS"),
    "checks": ("Written",),
    "errors": ("BudgetError", "ConversionError", "DeployError", "ExportError"),
    "export": ("Exported", "export_c"),
    "formats": ("FORMATS", "compare"),
    "integer": ("export_integer",),
    "measure": (
        "matrix_loop",
        "measure_activation",
        "measure_integer_activation",
        "measure_lstm",
    ),
    "model": ("dequantised",),
    "onnx_file": ("onnx_operators", "run_onnx", "to_onnx"),
    "reference": ("pre_activations",),
    "sizes": ("code_size", "disassemble"),
    "tflite_file": ("run_tflite", "tflite_contents", "to_tflite"),
}

__all__ = public_names(_HOME)


def __getattr__(name):
    return public_name(__name__, _HOME, name)


def __dir__():
    return __all__
