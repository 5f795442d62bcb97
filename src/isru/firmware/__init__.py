"""The road of a network: from a trained one to C, integers, ONNX or TensorFlow Lite, and to counts.

Not here: what a core is; that is `isru.emulator`.

No core, compiler or emulator is described here, that is `isru.emulator`; and nothing is trained.

Public:

- ``export_c(network, directory, *, weights="float32"|"int8", flash=None, ram=None,
  name="network") -> Exported(header, source, flash_bytes, ram_bytes, digest)``
  of LSTM or GRU cells
- ``dequantised(network)``: the network that ``weights="int8"`` exports
- ``export_integer(network, directory, *, arm, largest, name="network") -> Exported``: C in integers
- ``measure_activation(target, *, arms=None, gates=True, inputs=None, gate_inputs=None)``,
  ``measure_lstm(target, network=None, *, sizes=(), inputs=None, arms=None, steps=8,
  warm=0, weights="float32")``, ``code_size(target, network=None, *, sizes=(), arms=None,
  weights="float32")``, ``disassemble(target, arm)``: DataFrames
- ``matrix_loop(target, *, units=25)``: cycles per multiply-accumulate against the bound
- ``pre_activations(network, sequence)``: the arguments that a network's activations get
- ``crosscheck.crosscheck(network, sequence)``: instructions as GCC with newlib compiles the same,
  outputs in QEMU; ``crosscheck.crosscheck_problem()``: what of these is not installed
- ``LSTM_ARMS``, ``ACTIVATION_ARMS``, ``GATE_ARMS``
- ``to_onnx(network, path, *, fused=False) -> Written(path, size_bytes, operators,
  types)``; ``run_onnx(path, sequences)``, ``onnx_operators(path)``
- ``to_tflite(network, path, *, steps, quantise="none"|"dynamic"|"int8", representative=None,
  unroll=None) -> Written``; ``run_tflite(path, sequences)``, ``tflite_contents(path)``
- ``compare(network, sequences, folder, *, representative=None, formats=FORMATS) -> DataFrame``
- the errors: ``ExportError``, ``BudgetError``, ``DeployError``, ``ConversionError``

Instructions are counted in an emulator; cycles are estimated from the cores' published tables,
without wait states of the memory; a ratio of two arms is computed at each corner of a table, from
``cycles_0`` to ``cycles_7``. Nothing runs on silicon. Files of other runtimes compute in float32
and start every sequence from the zero state. ``export_c`` needs NumPy only; the packages of the
extras ``embedded`` and ``deploy`` are imported when they are first used.
"""

from __future__ import annotations

from isru.lazily import public_name, public_names

_HOME = {
    "arms": ("ACTIVATION_ARMS", "GATE_ARMS", "LSTM_ARMS"),
    "c_integer": ("export_integer",),
    "checks": ("Written",),
    "errors": ("BudgetError", "ConversionError", "DeployError", "ExportError"),
    "export": ("Exported", "dequantised", "export_c"),
    "formats": ("FORMATS", "compare"),
    "loop": ("matrix_loop",),
    "measure": ("measure_activation", "measure_lstm"),
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
