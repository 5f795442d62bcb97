"""From a trained network to C, and from C to instructions and cycles on a microcontroller.

Public:

- ``export_c(network, directory, *, weights="float32"|"int8", flash=None, ram=None,
  name="network") -> Exported(header, source, flash_bytes, ram_bytes, digest)``
  of LSTM or GRU cells
- ``dequantised(network)``: the network that ``weights="int8"`` exports
- ``measure_activation(target, *, arms=None, gates=True, inputs=None, gate_inputs=None)``,
  ``measure_lstm(target, network=None, *, sizes=(), inputs=None, arms=None, steps=8,
  warm=0, weights="float32")``, ``code_size(target, network=None, *, sizes=(), arms=None,
  weights="float32")``, ``disassemble(target, arm)``: DataFrames
- ``matrix_loop(target, *, units=25)``: cycles per multiply-accumulate against the bound
- ``pre_activations(network, sequence)``: the arguments that a network's activations get
- ``toolchain_versions()``: the pinned packages, or a ToolchainError that says what to install;
  ``toolchain_problem()``: its message, ``""`` where all is well
- ``crosscheck.crosscheck(network, sequence)``: instructions as GCC with newlib compiles the same,
  outputs in QEMU; ``crosscheck.crosscheck_problem()``: what of these is not installed
- ``TARGETS``, ``LSTM_ARMS``, ``ACTIVATION_ARMS``, ``GATE_ARMS``; ``SOURCES``, the cycle tables
- the errors: ``ToolchainError``, ``CompileError``, ``SoftFloatError``, ``EmulatorFault``,
  ``CycleTableError``, ``ExportError``, ``BudgetError``

Instructions are counted in an emulator. Cycles are estimated from the cores' published tables,
without wait states of the memory; a ratio of two arms is computed at each corner of a table, from
``cycles_0`` to ``cycles_7``. Nothing runs on silicon. The packages of the toolchain (extra
``embedded``) are imported when they are first used; ``export_c`` needs none of them.
"""

from __future__ import annotations

_HOME = {
    "arms": ("ACTIVATION_ARMS", "GATE_ARMS", "LSTM_ARMS"),
    "cycles": ("SOURCES",),
    "errors": (
        *("ToolchainError", "CompileError", "SoftFloatError", "EmulatorFault"),
        *("CycleTableError", "ExportError", "BudgetError"),
    ),
    "export": ("Exported", "dequantised", "export_c"),
    "loop": ("matrix_loop",),
    "measure": ("measure_activation", "measure_lstm"),
    "reference": ("pre_activations",),
    "sizes": ("code_size", "disassemble"),
    "targets": ("TARGETS", "Target"),
    "toolchain": ("OPTIMISATION", "PINNED", "toolchain_problem", "toolchain_versions"),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted(_MODULE)


def __getattr__(name):
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULE[name]}"), name)


def __dir__():
    return __all__
