"""A forecaster on a microcontroller: which network, what it costs, and against what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from isru import paths
from isru.emulator import toolchain_problem
from isru.firmware import (
    code_size,
    matrix_loop,
    measure_activation,
    measure_integer_activation,
    measure_lstm,
)
from isru.lstm import LSTMNetwork
from isru.studies.devices import arguments as arguments
from isru.studies.devices import readings
from isru.studies.devices import trained_forecasters as trained_forecasters
from isru.studies.devices import weather_sequence as weather_sequence
from isru.studies.devices import with_wait_states as with_wait_states

# What an arm with ISRU is held against: the C library; a table, the plainest stand-in for tanh;
# the cheapest stand-in, which needs no training of its own; and functions that need it. ISRU of a
# quintic has taken the place of the clipped fraction, which costs more cycles and bytes on a
# Cortex-M4F and errs more.
RIVALS = {
    "libm": ("libm",),
    "table": ("table",),
    "stand_in": ("table", "quintic", "polynomial"),
    "other": ("hard", "softsign"),
}


# From zero to saturation, where a function may take another way.
WIDE_ARGUMENTS = np.array(
    [sign * x for x in (0, 1e-30, 1e-4, 0.1, 0.5, 1, 2, 4, 7.9, 8.1, 10, 20) for sign in (1, -1)],
    dtype=np.float32,
)


def count_calls(
    targets: Sequence[str], inputs: np.ndarray, gate_inputs: np.ndarray | None = None
) -> pd.DataFrame:
    """Count one call of every function on every core; see `isru.firmware.measure_activation`."""
    given = {"inputs": inputs, "gate_inputs": gate_inputs}
    return pd.concat([measure_activation(target, **given) for target in targets], ignore_index=True)


def count_integer_calls(targets: Sequence[str], inputs: np.ndarray) -> pd.DataFrame:
    """Count one call of each table of CMSIS-NN that is read in whole numbers, on every core."""
    parts = [measure_integer_activation(target, inputs=inputs) for target in targets]
    return pd.concat(parts, ignore_index=True)


def count_steps(
    targets: Sequence[str],
    networks: Sequence[Mapping[str, LSTMNetwork]],
    sequence: np.ndarray,
    *,
    warm: int = 0,
    arms: Sequence[str] | None = None,
    weights: str = "float32",
) -> pd.DataFrame:
    """Count a step of every network on every core; see `isru.firmware.measure_lstm`.

    The first ``warm`` rows of the sequence run uncounted: from a state of zero, soft-float
    routines take short cuts that they never take again.
    """
    steps = len(sequence) - warm
    common = {"inputs": sequence, "arms": arms, "steps": steps, "warm": warm, "weights": weights}
    parts = [measure_lstm(target, list(networks), **common) for target in targets]
    return pd.concat(parts, ignore_index=True)


def count_bytes(
    targets: Sequence[str], networks: Sequence[Mapping[str, LSTMNetwork]], *, weights: str
) -> pd.DataFrame:
    """Count the bytes of every network on every core; see `isru.firmware.code_size`."""
    parts = [code_size(target, list(networks), weights=weights) for target in targets]
    return pd.concat(parts, ignore_index=True)


def count_loops(targets: Sequence[str]) -> pd.DataFrame:
    """Count the matrix loop's cycles for a product and its sum; see `isru.firmware.matrix_loop`."""
    return pd.DataFrame([{"target": target, **matrix_loop(target)} for target in targets])


def counted(
    name: str,
    count: Callable[..., pd.DataFrame],
    *args,
    problem: str | None = None,
    optional: bool = False,
    **kwargs,
) -> pd.DataFrame:
    """Count now; where the toolchain is missing, return what the published run counted.

    Parameters
    ----------
    name : str
        Of the published table, without its number.
    count : callable
        One of this module's ``count_...`` functions, with its arguments behind it.
    problem : str, optional
        Why nothing can be counted here, ``""`` if it can; by default what
        `isru.emulator.toolchain_problem` says.
    optional : bool
        Whether to return an empty frame where nothing is published either.

    Raises
    ------
    FileNotFoundError
        If the toolchain is missing and nothing is published either, unless that is ``optional``;
        the message says what to install.
    """
    if problem is None:
        problem = toolchain_problem()
    if not problem:
        return count(*args, **kwargs)
    stored = paths.results() / "tables" / f"microcontrollers-{name}.csv"
    if stored.is_file():
        return pd.read_csv(stored)
    if optional:
        return pd.DataFrame()
    raise FileNotFoundError(f"{problem} (there are no stored counts in {stored} either)")


def gains(steps: pd.DataFrame) -> pd.DataFrame:
    """Compare the arms with ISRU with what stands in for them.

    Parameters
    ----------
    steps : pandas.DataFrame
        From `count_steps`.

    Returns
    -------
    pandas.DataFrame
        ``target, units, arm``; ``against``, a key of `RIVALS`, and ``rival``, the arm that is
        compared with, the cheapest of that kind; ``measure`` (``"instructions"`` or
        ``"cycles"``), and the ``ratio`` of the rival's number to the arm's: above 1 the arm
        with ISRU costs less. ``low`` and ``high`` of cycles are the smallest and the largest
        ratio over the readings of the core's table, each applied to both arms: a range, no
        confidence interval. Instructions are exact.
    """
    rows = []
    for (target, units), part in steps.groupby(["target", "units"], sort=False):
        part = part.set_index("arm")
        cycles = part["cycles"].notna().all()
        for arm in part.index[part["kind"] == "isru"]:
            for against, names in RIVALS.items():
                price = part.loc[part.index.isin(names), "cycles" if cycles else "instructions"]
                if price.empty:
                    continue
                rival = price.idxmin()
                for measure in ("instructions", "cycles") if cycles else ("instructions",):
                    place = (target, units, arm, against, rival, measure)
                    rows.append((*place, *_ratio(part, rival, arm, measure)))
    names = ["target", "units", "arm", "against", "rival", "measure", "ratio", "low", "high"]
    return pd.DataFrame(rows, columns=names)


def _ratio(part: pd.DataFrame, rival: str, arm: str, measure: str) -> tuple[float, float, float]:
    names = readings(part, measure)
    ratios = [part.loc[rival, name] / part.loc[arm, name] for name in names]
    return ratios[0], min(ratios), max(ratios)
