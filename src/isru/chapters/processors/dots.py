"""The picture of every platform: ISRU over tanh and over the best rival that computes tanh."""

from __future__ import annotations

import pandas as pd

from isru.answer.steps import DOTS, UNITS

RIVALS = (
    *("tanh_fraction", "rational", "rational_tanh", "table", "table_tanh"),
    *("polynomial", "cmsis_nn"),
)
"""What computes tanh, or comes near enough to need no new training."""
ARMS = ("isru", "exp_free")
PROGRAMS = {
    "export_c": "your own C",
    "numba": "loops you compile",
    "numpy": "NumPy",
    "keras": "TensorFlow",
}
"""What the picture calls the programs of a measured machine."""
# Over a rival whose gates are a fraction, too, ISRU has such gates.
_OWN = {
    ("isru", "tanh"): ("isru", "isru_plain"),
    ("isru", "rival"): ("isru_fraction", "isru", "isru_plain"),
    ("exp_free", "tanh"): ("exp_free",),
    ("exp_free", "rival"): ("exp_free",),
}


def dots(
    steps: pd.DataFrame,
    costs: pd.DataFrame,
    *,
    units: int = UNITS,
) -> pd.DataFrame:
    """Return the marks of the picture, a row each.

    Of a platform that was measured or emulated they are of a predicting step, of the largest
    batch; of an analysed core of one call in a vector loop, in float32, where tanh is the fraction
    that is right to its last places. An interval over a rival is that of the two times; the
    readings of a manual move both together.

    Parameters
    ----------
    steps, costs : pandas.DataFrame
        See `isru.chapters.processors.gather`.
    units : int
        Of the network.

    Returns
    -------
    pandas.DataFrame
        Columns `isru.answer.steps.DOTS`, and ``rival``: which it was.
    """
    whole = steps["program"].str.contains("integers")
    told = steps[(steps["phase"] == "predict") & (steps["units"] == units) & ~whole]
    rows = []
    for (platform, group, program), part in told.groupby(
        ["platform", "group", "program"], sort=False
    ):
        part = part[part["batch"] == part["batch"].max()].drop_duplicates("arm").set_index("arm")
        name = platform.split(" @ ")[0]  # without its clock
        if group == "measured":
            name = f"{name}: {PROGRAMS.get(program, program)}"
        rows += _marks(name, group, part, "tanh")
    loops = costs[
        (costs["group"] == "analysed") & (costs["form"] == "vector") & (costs["dtype"] == "float32")
    ]
    for platform, part in loops.dropna(subset=["cost"]).groupby("platform", sort=False):
        part = part.drop_duplicates("arm").set_index("arm")
        rows += _marks(platform, "analysed", part, "tanh_fraction")
    return pd.DataFrame(rows, columns=[*DOTS, "rival"])


def _marks(name: str, group: str, part: pd.DataFrame, tanh: str) -> list[tuple]:
    best = part.loc[part.index.isin(RIVALS), "cost"]
    others = {"tanh": tanh} | ({"rival": best.idxmin()} if len(best) else {})
    rows = []
    for arm in ARMS:
        for against, other in others.items():
            own = next((one for one in _OWN[arm, against] if one in part.index), None)
            if own is None or other not in part.index:
                continue
            # The rivals of firmware stand in for the gates' function, too.
            if against == "rival" and (arm == "exp_free") != (group == "emulated"):
                continue
            ratio = part.loc[own, "cost"] / part.loc[other, "cost"]
            ends = _ends(part.loc[own], part.loc[other], group, against)
            rows.append(
                (name, group, arm, against, ratio, min(*ends, ratio), max(*ends, ratio), other)
            )
    return rows


def _ends(own: pd.Series, other: pd.Series, group: str, against: str) -> tuple[float, float]:
    """Return the ends of an interval: as recorded over tanh, else from both times."""
    if group == "analysed":
        return own["cost"] / other["cost"], own["cost"] / other["cost"]
    if against == "tanh":
        return 1 - own["saving_high"] / 100, 1 - own["saving_low"] / 100
    if group == "emulated":
        return own["low"] / other["low"], own["high"] / other["high"]
    return own["low"] / other["high"], own["high"] / other["low"]
