"""What can go wrong on the way from C to counts, each under its own name."""

from __future__ import annotations


class ToolchainError(RuntimeError):
    """A package of the toolchain is missing or has another version than the pinned one."""


class CompileError(RuntimeError):
    """The compiler or the linker failed; the message holds the command and what it said."""


class SoftFloatError(RuntimeError):
    """An image for a core with an FPU calls floating-point routines in software."""


class EmulatorFault(RuntimeError):
    """The emulated program failed; the message holds program counter and instruction."""


class CycleTableError(RuntimeError):
    """An instruction was executed that the core's published cycle table does not list."""
