"""What formulas cost on a core: compiled together, each counted in the emulator by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from isru.chapters.frontier.programs import BIT_TRICK
from isru.emulator.cores import get_target
from isru.emulator.counting import cost
from isru.emulator.machine import Machine
from isru.emulator.toolchain import compile_image
from isru.firmware.c_forms import c_form
from isru.firmware.export import prologue
from isru.firmware.programs import activation_program, program_bytes, total_of

INPUTS = np.linspace(-4, 4, 41).astype(np.float32)
"""As `isru.firmware.measure_activation` takes them."""
_OUTSIDE = np.array([0.0, 1e-30, 9.0, -40.0, 1e6], np.float32)  # other branches, if there are any


def program_costs(target: str, bodies: Mapping[str, str]) -> pd.DataFrame:
    """Count one call of each function on a core with an FPU.

    Parameters
    ----------
    target : str
    bodies : mapping of name to str
        The statements of ``float NAME(float x)``.

    Returns
    -------
    pandas.DataFrame
        Index ``name``; ``instructions, cycles, cycles_low, cycles_high`` of the mean call, its
        return included, ``bytes`` of code and constants, ``constant`` (whether every input takes
        the same instructions), and ``values``, what it gave for `INPUTS`.

    Raises
    ------
    ValueError
        For a core without an FPU, where the compiler's library is the arithmetic.
    ToolchainError, CompileError, EmulatorFault
    """
    core = get_target(target)
    if not core.fpu:
        raise ValueError(f"expected a core with an FPU, got {core.name}")
    functions = "".join(_function(name, body) for name, body in bodies.items())
    text = prologue(functions + BIT_TRICK) + BIT_TRICK + functions
    image = compile_image(core, {"formulas.c": text}, entries=list(bodies))
    machine = Machine(core, image)
    rows = {name: _counted(core, image, machine, name) for name in bodies}
    for name, row in rows.items():
        row["bytes"] = image.symbols[name].size
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("name")


def _function(name: str, body: str) -> str:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f"float {name}(float x)\n{{\n{lines}}}\n"


def _counted(core, image, machine: Machine, name: str) -> dict:
    called = [machine.call_float(name, x) for x in INPUTS.tolist()]
    beside = [machine.call_float(name, x)[1] for x in _OUTSIDE.tolist()]
    values, traces = zip(*called, strict=True)
    counts = {int(cost(core, image, one).instructions) for one in (*traces, *beside)}
    mean = cost(core, image, total_of(traces)).per(len(traces))
    return {**mean.columns(), "constant": len(counts) == 1, "values": np.array(values)}


def library_costs(target: str, names: Sequence[str]) -> pd.DataFrame:
    """Count activations of the library on any core, each compiled by itself.

    Returns
    -------
    pandas.DataFrame
        Index ``activation``; the columns of `program_costs` without the values. Where the core
        has no published table, cycles are NaN.
    """
    core, rows = get_target(target), {}
    for name in names:
        image = activation_program(core, c_form(name))
        row = _counted(core, image, Machine(core, image), "f")
        del row["values"]
        rows[name] = row | {"bytes": program_bytes(image)}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("activation")


def c_function(name: str, body: str, source: str) -> str:
    """Return a point's C, ready to be compiled.

    Parameters
    ----------
    name : str
        Of the function.
    body : str
        Its statements.
    source : {"formula", "library"}
    """
    function = c_form(name).function(static=False) if source == "library" else _function(name, body)
    helper = BIT_TRICK if "bit_trick(" in function else ""
    return prologue(function + helper) + helper + function
