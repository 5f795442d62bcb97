"""What cheaper activations buy: octaves of units in hand at equal cycles of a Cortex-M4F."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from isru.emulator import toolchain_problem
from isru.firmware import measure_lstm

CORE, UNITS = "cortex-m4f", 16
ARMS, RIVALS = ("isru", "exp_free"), ("libm", "table")
FEWER = float(np.log2(4 / 3))  # octaves that three quarters of the units are below all
_COLUMNS = ("arm", "rival", "units", "cycles", "equal_units", "in_hand")
_LEFT = ("octaves", "low", "high", "left", "left_low", "left_high")


def step_cycles(sizes: Sequence[int]) -> pd.DataFrame:
    """Return the cycles of a step, a row a number of units, a column an arm; empty without tools.

    Parameters
    ----------
    sizes : sequence of int
        `UNITS` is counted in any case.
    """
    if toolchain_problem():
        return pd.DataFrame()
    found = measure_lstm(CORE, sizes=sorted({*sizes, UNITS}), arms=[*ARMS, *RIVALS])
    return found.pivot(index="units", columns="arm", values="cycles")


def price_table(cycles: pd.DataFrame, summary: pd.DataFrame) -> pd.DataFrame:
    """Set what an arm saves on a device against what it costs in quality.

    Parameters
    ----------
    cycles : pandas.DataFrame
        From `step_cycles`.
    summary : pandas.DataFrame
        From `isru.studies.octaves.summarise`.

    Returns
    -------
    pandas.DataFrame
        For each arm, each way to compute tanh, ``rival``, and each counted number of ``units``,
        unless no counted size of the rival takes as few or as many ``cycles``: ``equal_units``
        that the rival has in these cycles, interpolated between the counted sizes in the
        logarithms of both; in octaves ``in_hand``, log2 of units over equal units, ``octaves``,
        what the arm loses, with ``low`` and ``high``, and ``left``, what then is left, with
        ``left_low`` and ``left_high``.
    """
    if cycles.empty:
        return pd.DataFrame(columns=[*_COLUMNS, *_LEFT])
    lost = summary.set_index("arm")[["octaves", "low", "high"]]
    sizes = np.log2(cycles.index.to_numpy(float))
    rows = []
    for arm in (arm for arm in ARMS if arm in lost.index):
        for rival in RIVALS:
            within = cycles[arm].between(cycles[rival].min(), cycles[rival].max())
            for units, own in cycles.loc[within, arm].items():
                equal = np.interp(np.log(own), np.log(cycles[rival]), sizes)
                in_hand = np.log2(units) - equal
                left = in_hand - lost.loc[arm, ["octaves", "high", "low"]]
                values = (arm, rival, units, own, 2**equal, in_hand, *lost.loc[arm], *left)
                rows.append(dict(zip((*_COLUMNS, *_LEFT), values, strict=True)))
    return pd.DataFrame(rows, columns=[*_COLUMNS, *_LEFT])
