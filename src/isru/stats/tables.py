"""The groups of a table, and intervals as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from isru.stats.interval import Interval
from isru.stats.samples import bootstrap_interval

if TYPE_CHECKING:
    import pandas as pd


def groups(
    frame: pd.DataFrame, keys: Sequence[str], *, sort: bool = True
) -> Iterator[tuple[dict, pd.DataFrame]]:
    """Yield each group's keys by name, to begin a row with, and its rows.

    Parameters
    ----------
    frame : pandas.DataFrame
    keys : sequence of str
        Columns; without any all rows are one group.
    sort : bool
        Whether the groups come in the order of their keys, or in that of their first rows.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"units": [10, 10, 25], "time": [1.0, 3.0, 4.0]})
    >>> [(key, len(rows)) for key, rows in groups(frame, ["units"])]
    [({'units': 10}, 2), ({'units': 25}, 1)]
    """
    if not len(keys):
        yield {}, frame
        return
    for values, part in frame.groupby(list(keys), sort=sort, dropna=False):
        yield dict(zip(keys, values, strict=True)), part


def by_group(
    frame: pd.DataFrame,
    keys: Sequence[str],
    column: str,
    *,
    statistic: str = "median",
    name: str = "",
    sort: bool = True,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return a statistic of a column, with its interval, for each group: a table of one row each.

    Parameters
    ----------
    frame, keys, sort
        As for `groups`.
    column : str
        Its numbers within a group are a sample, as for `bootstrap_interval`.
    statistic : {"median", "mean"}
    name : str
        Of the statistic's column; by default that of the statistic.
    rng : numpy.random.Generator
        Drawn from group by group.

    Returns
    -------
    pandas.DataFrame
        The keys, ``n`` (numbers in the group), the statistic, ``low`` and ``high``.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"units": [10, 10, 25], "time": [1.0, 3.0, 4.0]})
    >>> by_group(frame, ["units"], "time", rng=np.random.default_rng(0))["median"].tolist()
    [2.0, 4.0]
    """
    import pandas as pd

    name = name or statistic
    rows = []
    for group, part in groups(frame, keys, sort=sort):
        found = bootstrap_interval(part[column].to_numpy(), statistic=statistic, rng=rng)
        rows.append(group | {"n": len(part)} | found.columns(name))
    return pd.DataFrame(rows, columns=[*keys, "n", name, "low", "high"])


def named(found: Mapping[str, Interval], key: str, name: str) -> pd.DataFrame:
    """Return intervals by name as a table: ``key``, ``name``, ``name_low`` and ``name_high``.

    Parameters
    ----------
    found : dict of {str: Interval}
    key, name : str
        The columns of the names and of the estimates.

    Examples
    --------
    >>> named({"tanh": Interval(2.0, 1.0, 3.0)}, "arm", "ratio")
        arm  ratio  ratio_low  ratio_high
    0  tanh    2.0        1.0         3.0
    """
    import pandas as pd

    rows = [{key: level} | ends.columns(name, f"{name}_") for level, ends in found.items()]
    return pd.DataFrame(rows)
