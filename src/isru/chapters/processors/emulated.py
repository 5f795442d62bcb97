"""Microcontrollers, in the form of the chapter's other platforms: calls, and steps of firmware.

Instructions are counted in an emulator and priced by the core's published table; where none is
published, they are what is compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from isru.chapters.processors.gather import COSTS, STEPS
from isru.emulator.cores import get_target
from isru.firmware import (
    code_size,
    measure_activation,
    measure_integer_activation,
    measure_lstm,
)
from isru.lstm import LSTMNetwork
from isru.studies.devices import (
    arguments,
    kept_forecasters,
    readings,
    weather_sequence,
    with_wait_states,
)

CALLS = (
    *("tanh", "isru", "softsign", "hard_tanh", "clipped_parabola"),
    *("isru_quintic", "rational_tanh", "table_tanh", "cmsis_nn_tanh", "cmsis_dsp_tanh"),
    *("sigmoid", "isru_sigmoid", "cmsis_nn_sigmoid"),
)
FEW_CALLS = ("tanh", "isru", "hard_tanh", "table_tanh", "cmsis_nn_tanh")
INTEGER_CALLS = {
    "cmsis_s16_tanh": "int16",
    "cmsis_q15_tanh": "int16",
    "cmsis_q7_tanh": "int8",
}
"""What is read from tables of whole numbers, and the type of its argument and value."""
PROGRAMS = {
    "firmware": ("libm", "isru", "exp_free", "table", "cmsis_nn", "hard"),
    "firmware, integers": ("integer_tanh", "integer_cmsis_s16"),
}
"""The arms of a step by program; the first is the program's own tanh."""
FEW = {"firmware": ("libm", "isru", "exp_free", "table")}
# Sizes, programs and hours that are counted. The chapter on microcontrollers counted the sizes that
# a core lacks here, with trained weights: here sizes that no study kept have random ones.
_PLANS = {
    "cortex-m4f": ((10, 25), PROGRAMS, 8),
    "cortex-m33": ((10, 25, 100), PROGRAMS, 8),
    "cortex-m7": ((10, 25, 50), FEW, 1),
    "cortex-m0plus": ((50,), FEW, 1),
    "rv32imfc": ((50,), FEW, 1),
    "rv32imc": ((50,), FEW, 1),
}
CORES = tuple(_PLANS)
_WARM = 4  # hours before these that run uncounted, from a state of zero
WAIT_STATES = (0, 1, 2)
_WAITS = "cortex-m4f"  # whose flash may keep it waiting
_PLACE = {"group": "emulated", "phase": "predict", "batch": 1}


def call_costs(cores: Sequence[str] = CORES, *, seed: int = 0) -> pd.DataFrame:
    """Count one call of each function on each core, its return included.

    The arguments are 41 that the tanh, or the gates, of the forecaster of 10 units meet.

    Parameters
    ----------
    cores : sequence of str
        Names in `isru.emulator.TARGETS`.
    seed : int
        Of the window of weather.

    Returns
    -------
    pandas.DataFrame
        The columns `COSTS`; ``bytes`` of code and table, and ``max_error``, the largest distance
        to what the function is or stands for. ``low`` and ``high`` are the ends of the table's
        readings.

    Raises
    ------
    ToolchainError, CompileError, SoftFloatError, EmulatorFault
    """
    network, day = networks_of([10])[0]["libm"], weather_sequence(24, seed=seed)
    inputs, gates = (arguments(network, day, 41, place) for place in ("activation", "gate"))
    parts = []
    for core in cores:
        arms = CALLS if _PLANS[core][1] is PROGRAMS else FEW_CALLS
        floats = measure_activation(core, arms=arms, inputs=inputs, gate_inputs=gates)
        whole = measure_integer_activation(core, arms=tuple(INTEGER_CALLS), inputs=inputs)
        parts += [floats.assign(dtype="float32"), whole]
    calls = pd.concat(parts, ignore_index=True)
    calls["dtype"] = calls["dtype"].fillna(calls["arm"].map(INTEGER_CALLS))
    calls = _priced(calls).assign(group="emulated", form="call")
    return calls[[*COSTS, "bytes", "max_error"]]


def networks_of(units: Sequence[int]) -> list[dict[str, LSTMNetwork]]:
    """Return a forecaster of each size: those that a study kept, else one of random weights."""
    random = {n: {"libm": LSTMNetwork(10, n, 1, rng=np.random.default_rng(0))} for n in units}
    return [random[n] | kept_forecasters(n) for n in units]


def step_costs(cores: Sequence[str] = CORES, *, most: int = 100, seed: int = 0) -> pd.DataFrame:
    """Count one time step of the firmware on each core.

    Parameters
    ----------
    cores : sequence of str
    most : int
        Units above which no size is counted.
    seed : int
        Of the window of weather.

    Returns
    -------
    pandas.DataFrame
        The columns `STEPS`; in bytes ``flash``, code and constants without weights. ``saving`` is
        in per cent of the program's own tanh. Its ends hold all readings of a core's table, and
        on the Cortex-M4F, by the nominal one, up to two wait states at each weight of a float:
        as on the first page (`isru.answer.device_saving`).
    """
    parts = []
    for core in cores:
        units, programs, steps = _PLANS[core]
        networks = networks_of([n for n in units if n <= most])
        if networks:
            sequence = weather_sequence(_WARM + steps, seed=seed)
            parts += [
                _program_steps(core, program, arms, networks, sequence)
                for program, arms in programs.items()
            ]
    return pd.concat(parts, ignore_index=True)[[*STEPS, "flash"]]


def _program_steps(core, program, arms, networks, sequence):
    about = {"inputs": sequence, "arms": arms, "steps": len(sequence) - _WARM, "warm": _WARM}
    found = measure_lstm(core, networks, **about)
    flash = code_size(core, networks, arms=arms)[["units", "arm", "flash"]]
    states = WAIT_STATES if core == _WAITS and program == "firmware" else (0,)
    waiting = [with_wait_states(found, networks, state) for state in states]
    steps = _priced(found).merge(flash).assign(program=program, features=sequence.shape[1])
    return steps.assign(**_PLACE, **_savings(waiting, arms[0])).replace({"arm": {"libm": "tanh"}})


def _savings(waiting: Sequence[pd.DataFrame], own: str) -> Mapping[str, pd.Series]:
    """Return the saving against an arm in per cent, and its ends over readings and waiting."""
    measure = "instructions" if waiting[0]["cycles"].isna().any() else "cycles"
    parts = []
    for steps in waiting:
        names = [measure] if parts else readings(steps, measure)
        of_own = steps[steps["arm"] == own].set_index("units")[names]
        ratios = steps[names] / of_own.loc[steps["units"]].to_numpy()
        parts.append(100 * (1 - ratios))
    every = pd.concat(parts, axis=1)
    return {
        "saving": parts[0][measure],
        "saving_low": every.min(axis=1),
        "saving_high": every.max(axis=1),
    }


def _priced(counted: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with their platform and cost: in cycles where the core has a table."""
    table = counted["cycles"].notna()
    ends = {name: counted[f"cycles_{name}"].where(table) for name in ("low", "high")}
    return counted.assign(
        platform=counted["target"].map(lambda name: get_target(name).label),
        cost=counted["cycles"].where(table, counted["instructions"]),
        unit=table.map({True: "cycles", False: "instructions"}),
        **ends,
    )
