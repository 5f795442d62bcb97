"""The original study's way to time a function, beside a fair one, in the same compiled code."""

from __future__ import annotations

import pandas as pd

from isru.bench.c_loops import OPERATIONS


def net_times(runs: dict[str, list[dict]]) -> pd.DataFrame:
    """Return what the original's procedure reports: each loop's time minus the baseline's.

    Parameters
    ----------
    runs : dict
        dtype -> `isru.bench.c_loops.original_runs`.

    Returns
    -------
    pandas.DataFrame
        Columns dtype, process, operation, net (nanoseconds per call, negative ones included).
    """
    rows = [
        {"dtype": dtype, "process": process, "operation": name, "net": run[name] - run["baseline"]}
        for dtype, found in runs.items()
        for process, run in enumerate(found)
        for name in OPERATIONS
        if name != "baseline"
    ]
    return pd.DataFrame(rows)


def original_summary(net: pd.DataFrame) -> pd.DataFrame:
    """Return, for each dtype, how the reported ratio tanh / ISRU scatters.

    Returns
    -------
    pandas.DataFrame
        Columns dtype, runs, negative (net times below zero, of all operations), of (all net
        times), low and high (the least and the largest net time of ISRU), and usable (runs
        whose net time of ISRU is positive, so that a ratio can be formed at all).
    """
    rows = []
    for dtype, part in net.groupby("dtype", sort=False):
        isru = part.loc[part["operation"] == "isru", "net"]
        rows.append(
            {
                "dtype": dtype,
                "runs": part["process"].nunique(),
                "negative": int((part["net"] < 0).sum()),
                "of": len(part),
                "low": isru.min(),
                "high": isru.max(),
                "usable": int((isru > 0).sum()),
            }
        )
    return pd.DataFrame(rows)


def beside_fair(net: pd.DataFrame, fair: pd.DataFrame) -> pd.DataFrame:
    """Return the original's net times beside the fair ones.

    Parameters
    ----------
    net : pandas.DataFrame
        From `net_times`.
    fair : pandas.DataFrame
        Columns form, dtype, input, arm, ns, low, high, with the form "array".

    Returns
    -------
    pandas.DataFrame
        Columns dtype, operation, original (median net time), least and most (its range),
        unit and typical (fair nanoseconds per element, inputs from 0 to 1 and N(0, 1)).
    """
    array = fair[fair["form"] == "array"]
    wide = array.pivot(index=["dtype", "arm"], columns="input", values="ns")
    found = net.groupby(["dtype", "operation"], sort=False)["net"]
    table = found.agg(original="median", least="min", most="max")
    wide.index.names = table.index.names
    return table.join(wide[["unit", "typical"]]).reset_index()
