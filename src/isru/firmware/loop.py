"""How close the matrix loop comes to what the core's cycle table allows."""

from __future__ import annotations

import numpy as np

from isru.emulator.cores import get_target
from isru.emulator.counting import cost
from isru.emulator.cycles import read_table
from isru.emulator.machine import Machine, Trace
from isru.firmware.choices import FEATURES
from isru.firmware.programs import network_program
from isru.lstm import LSTMNetwork

_MACS = 16  # of one pass through the loop


def matrix_loop(target, *, units: int = 25) -> dict[str, float]:
    """Return cycles per multiply-accumulate of the float kernel's inner loop.

    Parameters
    ----------
    target : str or Target
        With an FPU and a cycle table.
    units : int

    Returns
    -------
    dict
        ``cycles_per_mac`` (nominal), ``bound_per_mac``, by the table, and ``ratio``.

    Raises
    ------
    ValueError
        For a core without FPU or table.
    """
    target = get_target(target)
    if not (target.fpu and target.table):
        raise ValueError(f"expected a core with an FPU and a cycle table, got {target.name}")
    network = LSTMNetwork(FEATURES, units, 1, rng=np.random.default_rng(0))
    program = network_program(target, network, "identity")
    machine = Machine(target, program.image)
    state, place = machine.reserve(program.state_bytes), machine.reserve(4 * FEATURES)
    machine.call("network_reset", [state])
    trace = machine.call("network_step", [state, place])
    start, times = max(
        ((block, count) for (block, after), count in trace.edges.items() if block == after),
        key=lambda found: found[1],
    )
    once = Trace(type(trace.edges)({(start, start): times}), trace.sizes)
    cycles = cost(target, program.image, once).cycles / times / _MACS
    bound = read_table(target.table).MULTIPLY_ACCUMULATE
    return {"cycles_per_mac": cycles, "bound_per_mac": bound, "ratio": cycles / bound}
