"""What activations and whole steps of an LSTM or GRU cost on an emulated core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from isru.emulator.cores import Target, get_target
from isru.emulator.counting import cost
from isru.emulator.cycles import read_table
from isru.emulator.machine import Machine, Trace
from isru.firmware.arms import ACTIVATION_ARMS, ALTERNATIVES, GATE_ARMS, LSTM_ARMS, arm_names
from isru.firmware.c_forms import CForm, c_form
from isru.firmware.cmsis import INTEGER_FORMS, integer_form, logistic
from isru.firmware.programs import (
    activation_program,
    check_square_root,
    integer_activation_program,
    integer_program,
    network_program,
    program_bytes,
    run_in_integers,
    run_steps,
    total_of,
)
from isru.firmware.reference import outputs
from isru.lstm import LSTMNetwork
from isru.lstm.inputs import in_dtype, read_array

if TYPE_CHECKING:
    import pandas

Networks = (
    LSTMNetwork | Mapping[str, LSTMNetwork] | Sequence[LSTMNetwork | Mapping[str, LSTMNetwork]]
)
"""One network, several by arm, or a sequence of either."""
FEATURES = 5  # inputs of the networks that are named by their size
_MACS = 16  # multiply-accumulates of one pass through the matrix loop
_THREADS = 2  # while one waits for the compiler, the other can emulate


def measure_activation(
    target: str | Target,
    *,
    arms: Sequence[str] | None = None,
    gates: bool = True,
    inputs: ArrayLike | None = None,
    gate_inputs: ArrayLike | None = None,
) -> pandas.DataFrame:
    """Measure one call of each function, the call's return included.

    Parameters
    ----------
    target : str or Target
    arms : sequence of str, optional
        Names of C forms; by default `ACTIVATION_ARMS`, and `GATE_ARMS` with ``gates``.
    gates : bool
        Whether the functions for gates are measured too.
    inputs : array_like of float32, optional
        Arguments; the mean over them is given. By default 41 from -4 to 4. Pass those of a
        trained network (`isru.firmware.pre_activations`): libm's cost depends on them.
    gate_inputs : array_like of float32, optional
        The arguments of the functions for gates; by default ``inputs``.

    Returns
    -------
    pandas.DataFrame
        One row a function: ``target, role`` ("activation" or "gate")``, arm, kind, instructions,
        cycles, cycles_low, cycles_high, instructions_min, instructions_max`` over the inputs,
        ``constant`` (whether these are equal), ``bytes`` of code and constants,
        ``speedup_libm``, ``speedup_best`` (against the cheapest stand-in or other function of
        that role, in cycles, or in instructions where the core has no published table),
        ``speedup_stand_in`` (against the cheapest stand-in), ``max_error``, the largest distance
        to tanh or the logistic function for stand-ins, else to the function itself; and
        ``cycles_0`` to ``cycles_7``, the cycles at the table's corners, for ratios of two rows
        (see `isru.emulator.counting`). Cycles are NaN without a table.

    Raises
    ------
    ToolchainError, CompileError, SoftFloatError, EmulatorFault
    """
    import pandas

    target = get_target(target)
    inputs = np.linspace(-4, 4, 41) if inputs is None else inputs
    gate_inputs = inputs if gate_inputs is None else gate_inputs
    arguments = {
        name: in_dtype(name, read_array(name, given), np.dtype(np.float32)).reshape(-1)
        for name, given in (("activation", inputs), ("gate", gate_inputs))
    }
    roles = [("activation", ACTIVATION_ARMS)] + ([("gate", GATE_ARMS)] if gates else [])
    jobs = [
        (target, role, arm, kind, arguments[role])
        for role, known in roles
        for arm, kind in known.items()
        if arms is None or arm in arms
    ]
    frame = pandas.DataFrame(_in_threads(lambda job: _activation_row(*job), jobs))
    return _with_speedups(frame, "role")


def _in_threads(row, jobs):
    """Return the rows of jobs, in their order."""
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(row, jobs))


def measure_integer_activation(
    target: str | Target,
    *,
    arms: Sequence[str] = INTEGER_FORMS,
    inputs: ArrayLike | None = None,
) -> pandas.DataFrame:
    """Measure one call of each table that is read in integers, the call's return included.

    Parameters
    ----------
    target : str or Target
    arms : sequence of str
        Of `isru.firmware.cmsis.INTEGER_FORMS`.
    inputs : array_like, optional
        Arguments, each rounded to the nearest that the function has, from -8 to 8; by default 41
        from -4 to 4.

    Returns
    -------
    pandas.DataFrame
        As of `measure_activation`, without the speed-ups; ``max_error`` is the largest distance
        to tanh or the logistic function over these arguments.

    Raises
    ------
    ToolchainError, CompileError, EmulatorFault
    ValueError
        For an unknown arm.
    """
    import pandas

    core = get_target(target)
    numbers = np.linspace(-4, 4, 41) if inputs is None else inputs
    x = in_dtype("inputs", read_array("inputs", numbers), np.dtype(np.float64)).reshape(-1)
    return pandas.DataFrame(_in_threads(lambda arm: _integer_row(core, arm, x), arms))


def _integer_row(target, arm, inputs):
    form = integer_form(arm)
    image = integer_activation_program(target, form)
    machine = Machine(target, image)
    end = round(8 / form.argument)
    x = np.clip(np.rint(inputs / form.argument), -end, end - 1).astype(int)
    values, traces = zip(*(machine.call_integer("f", one) for one in x.tolist()), strict=True)
    role, exact = ("activation", np.tanh) if arm.endswith("tanh") else ("gate", logistic)
    error = np.abs(np.array(values) * form.value - exact(x * form.argument)).max()
    return _counted_row(target, image, (role, arm, "integer"), traces, float(error))


def _activation_row(target, role, arm, kind, inputs):
    function = c_form(arm)
    image = activation_program(target, function)
    machine = Machine(target, image)
    values, traces = zip(*(machine.call_float("f", x) for x in inputs.tolist()), strict=True)
    check_square_root(target, image, total_of(traces), function)
    error = _error(function, role, inputs, values)
    return _counted_row(target, image, (role, arm, kind), traces, error)


def _counted_row(target, image, place, traces, error):
    counts = [int(cost(target, image, trace).instructions) for trace in traces]
    mean = cost(target, image, total_of(traces)).per(len(traces))
    role, arm, kind = place
    return {
        "target": target.name,
        "role": role,
        "arm": arm,
        "kind": kind,
        **mean.columns(),
        "instructions_min": min(counts),
        "instructions_max": max(counts),
        "constant": min(counts) == max(counts),
        "bytes": program_bytes(image),
        "max_error": error,
        **mean.corner_columns(),
    }


def _error(function: CForm, role, inputs, values):
    x = inputs.astype(np.float64)
    exact = function.reference(x)
    if function.error:
        exact = _stood_for(function, role)(x)
    return float(np.max(np.abs(np.array(values) - exact)))


def _stood_for(function, role):
    """Return the function that a stand-in stands for."""
    inner = c_form(function.stands_for).reference
    if role == "activation":
        return inner
    return lambda x: 0.5 + 0.5 * inner(0.5 * x)


def measure_lstm(
    target: str | Target,
    network: Networks | None = None,
    *,
    sizes: Sequence[int] = (),
    inputs: ArrayLike | None = None,
    arms: Sequence[str] | None = None,
    steps: int = 8,
    warm: int = 0,
    weights: str = "float32",
) -> pandas.DataFrame:
    """Measure one time step of an LSTM or GRU for every arm: the mean over a sequence.

    Parameters
    ----------
    target : str or Target
    network : LSTMNetwork, or mapping of arm to LSTMNetwork, or sequence of either, optional
        Trained networks of one kind of cell. An arm that the mapping lacks runs with the weights
        of ``"libm"``.
    sizes : sequence of int
        In place of ``network``: units of LSTMs with 5 inputs and random weights.
    inputs : ndarray, shape (T, F), optional
        The sequence, from a state of zero; by default ``warm + steps`` rows drawn from a normal
        distribution.
    arms : sequence of str, optional
        Names in `LSTM_ARMS`; by default all, for a GRU all but the integer ones.
    steps : int
        At most so many rows are counted.
    warm : int
        So many rows before them are run and not counted: from a state of zero, arithmetic in
        software is cheaper than later.
    weights : {"float32", "int8"}

    Returns
    -------
    pandas.DataFrame
        One row a size and arm: ``target, units, arm, kind, instructions, cycles, cycles_low,
        cycles_high`` of one step, without the dense layer; ``activation_share`` in cycles, from
        the arm without activations; ``speedup_libm``, ``speedup_best``, ``speedup_stand_in`` as
        in `measure_activation`; ``max_error`` of the output over the sequence, for stand-ins
        against the tanh network, else against the network with the arm's own functions; and
        ``cycles_0`` to ``cycles_7``, as in `measure_activation`.

    Raises
    ------
    ToolchainError, CompileError, SoftFloatError, EmulatorFault, ExportError
    ValueError
        If neither or both of ``network`` and ``sizes`` are given, for networks of two kinds of
        cell, for an unknown arm, or if ``warm`` leaves no row to count.
    """
    import pandas

    target, jobs = get_target(target), chosen_jobs(network, sizes, arms)

    def row(job):
        sequence = input_rows(inputs, job[0], steps, warm)
        network, arm = job
        return _lstm_row(target, network, arm, sequence, warm, weights)

    frame = pandas.DataFrame(_in_threads(row, jobs))
    unit = _unit(frame)
    bound = frame[frame["arm"] == "identity"].drop_duplicates("units").set_index("units")[unit]
    share = 1 - frame["units"].map(bound) / frame[unit]
    share[frame["kind"] == "integer"] = np.nan  # the bound is that of the float kernel
    frame.insert(frame.columns.get_loc("max_error"), "activation_share", share)
    return _with_speedups(frame, "units")


def matrix_loop(target: str | Target, *, units: int = 25) -> dict[str, float]:
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
    image, model = network_program(target, network, "identity")
    machine = Machine(target, image)
    state, place = machine.reserve(model.state_bytes), machine.reserve(4 * FEATURES)
    machine.call("network_reset", [state])
    trace = machine.call("network_step", [state, place])
    start, times = max(
        ((block, count) for (block, after), count in trace.edges.items() if block == after),
        key=lambda found: found[1],
    )
    once = Trace(type(trace.edges)({(start, start): times}), trace.sizes)
    cycles = cost(target, image, once).cycles / times / _MACS
    bound = read_table(target.table).MULTIPLY_ACCUMULATE
    return {"cycles_per_mac": cycles, "bound_per_mac": bound, "ratio": cycles / bound}


def chosen_jobs(network, sizes, arms):
    """Return the pairs of network and arm to measure, size by size.

    Networks of two cells are refused: the sizes would not tell them apart.
    """
    if (network is None) == (not len(sizes)):
        raise ValueError("expected either a network or sizes, got both or neither")
    if network is None:
        network = [LSTMNetwork(FEATURES, size, 1, rng=np.random.default_rng(0)) for size in sizes]
    several = network if isinstance(network, list | tuple) else [network]
    chosen = [one if isinstance(one, Mapping) else {"libm": one} for one in several]
    cells = sorted({net.cell for networks in chosen for net in networks.values()})
    if len(cells) > 1:
        raise ValueError(f"expected networks of one cell, got {cells}: measure one at a time")
    return [
        (networks.get(arm, networks["libm"]), arm)
        for networks in chosen
        for arm in arm_names(arms, networks["libm"].cell)
    ]


def input_rows(inputs, network, steps, warm=0):
    """Return the sequence to run, at most ``warm + steps`` rows of float32."""
    if inputs is None:
        inputs = np.random.default_rng(1).standard_normal((warm + steps, network.input_size))
    rows = read_array("inputs", inputs)
    if rows.ndim != 2 or rows.shape[1] != network.input_size:
        raise ValueError(f"inputs: expected shape (T, {network.input_size}), got {rows.shape}")
    rows = in_dtype("inputs", rows[: warm + steps], np.dtype(np.float32))
    rows = np.ascontiguousarray(rows)
    if not 0 <= warm < len(rows):
        raise ValueError(f"warm: expected from 0 to fewer than the {len(rows)} rows, got {warm}")
    return rows


def unit_label(network):
    """Return the units of a network: a number, or text such as ``'32x16'``."""
    sizes = network.hidden_sizes
    return sizes[0] if len(sizes) == 1 else "x".join(map(str, sizes))


def _lstm_row(target, network, arm, sequence, warm, weights):
    chosen = LSTM_ARMS[arm]
    if chosen.kind == "integer":
        image, whole = integer_program(target, network, arm, sequence)
        trace, hidden = run_in_integers(Machine(target, image), whole, sequence, warm=warm)
        dense, bias = network.get_weights()[-2:]
        found = hidden / 128 @ dense.astype(float) + bias
        weights = "float32"  # the network's own are what it is held against
    else:
        image, model = network_program(target, network, arm, weights)
        trace, found = run_steps(Machine(target, image), model, sequence, warm=warm)
        for form in chosen.forms:
            check_square_root(target, image, trace, form)
    mean = cost(target, image, trace).per(len(sequence) - warm)
    error = np.nan
    if chosen.kind != "bound":  # whose state nothing holds: it may leave the range of a float
        exact = outputs(network, sequence, *chosen.reference, weights=weights)
        error = np.abs(found - exact).max()
    return {
        "target": target.name,
        "units": unit_label(network),
        "arm": arm,
        "kind": chosen.kind,
        **mean.columns(),
        "max_error": float(error),
        **mean.corner_columns(),
    }


def _unit(frame):
    return "instructions" if frame["cycles"].isna().any() else "cycles"


def _with_speedups(frame, key):
    """Add the speed-ups, within the rows of equal ``key``."""
    unit = _unit(frame)
    rivals = {"libm": ("libm",), "best": ALTERNATIVES, "stand_in": ("stand_in",)}
    for against, kinds in rivals.items():
        cheapest = frame[frame["kind"].isin(kinds)].groupby(key)[unit].min()
        place = frame.columns.get_loc("max_error")
        frame.insert(place, f"speedup_{against}", frame[key].map(cheapest) / frame[unit])
    return frame
