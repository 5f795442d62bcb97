"""Cores in an emulator: compile C for one, run it, count instructions and estimate cycles.

Not here: networks; it gets C and returns counts.

Nothing here knows of networks or activations: those come as C, by `isru.firmware`.

Public:

- ``TARGETS``: the cores by name, each a ``Target``
- ``SOURCES``: whose cycle tables these are
- ``PINNED``, the packages of the toolchain; ``OPTIMISATION``, what every image is compiled with
- ``toolchain_versions()``: the pinned packages, or a ToolchainError that says what to install;
  ``toolchain_problem()``: its message, ``""`` where all is well
- the errors: ``ToolchainError``, ``CompileError``, ``SoftFloatError``, ``EmulatorFault``,
  ``CycleTableError``

The packages of the toolchain (extra ``embedded``) are imported when they are first used.
"""

from __future__ import annotations

from isru.lazily import public_name, public_names

_HOME = {
    "cores": ("TARGETS", "Target"),
    "counting": ("SOURCES",),
    "errors": (
        "CompileError",
        "CycleTableError",
        "EmulatorFault",
        "SoftFloatError",
        "ToolchainError",
    ),
    "toolchain": ("OPTIMISATION", "PINNED", "toolchain_problem", "toolchain_versions"),
}

__all__ = public_names(_HOME)


def __getattr__(name):
    return public_name(__name__, _HOME, name)


def __dir__():
    return __all__
