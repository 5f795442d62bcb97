"""Derive summaries from raw samples, and say what is wrong with them.

``clock`` names the column of times: ``"seconds"`` (wall-clock, what a user waits) or
``"cpu_seconds"`` (processor time, what one thread computes, whatever else the machine does).
On an idle machine they agree for an arm that only computes; with several threads, or an arm
that waits, only the wall-clock is right.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from isru.bench.protocol import COLUMNS
from isru.stats import Interval, aa_floor, bootstrap_interval, groups, ratio_of_medians

SHORTEST_SAMPLE = 2e-4  # seconds: below, a clock's reading and a timer interrupt weigh over 1 %
LARGEST_SPREAD = 0.10  # interquartile range over median, within a process
LARGEST_DISAGREEMENT = 0.10  # range of the processes' medians over their median
LARGEST_WAITING = 0.05  # wall-clock over processor time, minus 1
LARGEST_DRIFT = 0.05  # last over first half of the blocks, minus 1
FEWEST_PROCESSES = 6  # fewer cannot give a 95 % interval of a median


def case_columns(frame: pd.DataFrame) -> list[str]:
    """Return the names of the columns that describe a case (size, dtype, input, ...)."""
    return [column for column in frame.columns if column not in COLUMNS]


def ratio(
    frame: pd.DataFrame,
    numerator: str,
    denominator: str,
    *,
    clock: str = "seconds",
    rng: np.random.Generator,
) -> Interval:
    """Return the ratio of two arms' median times with its interval, for one case.

    Parameters
    ----------
    frame : pandas.DataFrame
        Raw samples of `isru.bench.measure`, reduced to one case.
    numerator, denominator : str
        Labels: above 1 the denominator is the faster one.
    clock : {"seconds", "cpu_seconds"}
    rng : numpy.random.Generator
        For the bootstrap over processes (`isru.stats.ratio_of_medians`).

    Raises
    ------
    ValueError
        If the frame holds several cases, or one of the arms is missing.
    """
    columns = case_columns(frame)
    cases = frame[columns].drop_duplicates()
    if len(cases) > 1:
        raise ValueError(f"expected samples of one case, got {len(cases)}: select one, or `ratios`")
    return ratio_of_medians(
        _times(frame, numerator, clock), _times(frame, denominator, clock), rng=rng
    )


def ratios(
    frame: pd.DataFrame,
    baseline: str,
    arms: Sequence[str],
    *,
    clock: str = "seconds",
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return t_baseline / t_arm for each case and arm: case columns, arm, ratio, low, high."""
    rows = []
    for case, part in _by_case(frame):
        for arm in arms:
            found = ratio(part, baseline, arm, clock=clock, rng=rng)
            rows.append({**case, "arm": arm} | found.columns("ratio"))
    return pd.DataFrame(rows)


def floor(
    frame: pd.DataFrame,
    arm: str,
    again: str,
    *,
    clock: str = "seconds",
    rng: np.random.Generator,
) -> Interval:
    """Return the A/A floor: the 95 % range of the effect of an arm against itself.

    Over resamples of the processes and over the cases in the frame (`isru.stats.aa_floor`), so
    that it is the floor of what `ratio` reports from as many processes.

    Parameters
    ----------
    frame : pandas.DataFrame
        Raw samples of one or more comparable cases.
    arm, again : str
        Labels of two arms that are equal in all else.
    clock : {"seconds", "cpu_seconds"}
    rng : numpy.random.Generator
    """
    pairs = [(_times(part, arm, clock), _times(part, again, clock)) for _, part in _by_case(frame)]
    return aa_floor(pairs, rng=rng)


def against_themselves(
    frame: pd.DataFrame, *, clock: str = "seconds", rng: np.random.Generator
) -> list[Interval]:
    """Return the ratio of each arm and its equal, case by case: nothing differs but by chance.

    Whether intervals of ratios cover as they say: of those of 95 %, about 5 % should exclude 1.
    An arm's equal is labelled as it is, with ``_again`` behind.
    """
    arms = set(frame["arm"])
    pairs = [(arm, f"{arm}_again") for arm in sorted(arms) if f"{arm}_again" in arms]
    return [
        ratio(part, *pair, clock=clock, rng=rng)
        for _, part in _by_case(frame)
        for pair in pairs
        if set(pair) <= set(part["arm"])
    ]


def per_call(
    frame: pd.DataFrame, *, clock: str = "seconds", rng: np.random.Generator
) -> pd.DataFrame:
    """Return seconds per call for each case and arm, with a bootstrap interval over processes.

    Columns: the case's, arm, seconds, low, high. The estimate is the median of the processes'
    medians.
    """
    rows = []
    for case, part in _by_case(frame):
        for arm in part["arm"].unique():
            medians = [np.median(times) for times in _times(part, arm, clock)]
            found = bootstrap_interval(medians, rng=rng)
            rows.append({**case, "arm": arm} | found.columns("seconds"))
    return pd.DataFrame(rows)


def problems(frame: pd.DataFrame, *, clock: str = "seconds") -> list[str]:
    """Return what is wrong with a measurement, one sentence each; an empty list if nothing.

    Too few processes for a 95 % interval, samples too short, spread within processes,
    disagreement between them, drift over the blocks, waiting (the machine did something else,
    or the arm did not compute). Each sentence counts the affected arms and cases and names the
    worst.
    """
    found = []
    processes = frame["process"].nunique()
    if processes < FEWEST_PROCESSES:
        found.append(
            f"{processes} processes: an interval over fewer than {FEWEST_PROCESSES} covers less "
            "than 95 %. Raise the number of processes"
        )
    cells = _cells(frame, clock)
    checks = (
        ("sample_seconds", -SHORTEST_SAMPLE, "samples shorter than 0.2 ms: raise min_seconds"),
        ("spread", LARGEST_SPREAD, "times spread by more than 10 % within a process"),
        ("disagreement", LARGEST_DISAGREEMENT, "processes disagree by more than 10 %"),
        ("drift", LARGEST_DRIFT, "times drift by more than 5 % from first to last blocks"),
        (
            "waiting",
            LARGEST_WAITING,
            "over 5 % of the time was spent waiting: let nothing run beside",
        ),
    )
    for column, limit, meaning in checks:
        # A negative limit marks a lower bound.
        badness = np.sign(limit) * cells[column]
        bad = badness > limit
        if bad.any():
            worst = cells.loc[badness.idxmax()]
            found.append(
                f"{meaning}, in {bad.sum()} of {len(cells)} cells; worst: {worst['cell']} "
                f"({column.replace('_', ' ')} {worst[column]:.2g})"
            )
    return found


def _cells(frame: pd.DataFrame, clock: str) -> pd.DataFrame:
    """Return each arm's and case's instability, the median over processes where it has one."""
    cases = case_columns(frame)
    keys = [*cases, "arm"]
    processes = frame.groupby([*keys, "process"], sort=False, dropna=False)[clock]
    quartiles = processes.quantile([0.25, 0.5, 0.75]).unstack()
    by_process = quartiles.assign(spread=(quartiles[0.75] - quartiles[0.25]) / quartiles[0.5])
    cells = by_process.groupby(level=keys, sort=False, dropna=False)
    medians = cells[0.5]
    sample = frame.assign(sample_seconds=frame["seconds"] * frame["loops"])
    whole = sample.groupby(keys, sort=False, dropna=False)
    sums = whole[["seconds", "cpu_seconds"]].sum()
    found = pd.DataFrame(
        {
            "sample_seconds": whole["sample_seconds"].median(),
            "spread": cells["spread"].median(),
            "disagreement": (medians.max() - medians.min()) / medians.median(),
            "drift": _drift(frame, keys, clock).reindex(sums.index).fillna(0.0),
            "waiting": sums["seconds"] / sums["cpu_seconds"] - 1,
        }
    ).reset_index()
    names = [found["arm"], *(f"{case} " + found[case].astype(str) for case in cases)]
    return found.assign(cell=[", ".join(name) for name in zip(*names, strict=True)])


def _drift(frame: pd.DataFrame, keys: list[str], clock: str) -> pd.Series:
    """Return by how much the median of the last blocks differs from that of the first ones."""
    middle = frame["block"].max() / 2
    first, last = (
        part.groupby(keys, sort=False, dropna=False)[clock].median()
        for part in (frame[frame["block"] < middle], frame[frame["block"] > middle])
    )
    return abs(last / first - 1)


def _by_case(frame: pd.DataFrame):
    """Yield each case's values by name and its samples."""
    return groups(frame, case_columns(frame), sort=False)


def _times(frame: pd.DataFrame, arm: str, clock: str) -> list[np.ndarray]:
    """Return an arm's times by process, in the order of processes."""
    samples = frame[frame["arm"] == arm]
    if samples.empty:
        raise ValueError(f"no samples of arm {arm!r}; there are {sorted(frame['arm'].unique())}")
    return [times.to_numpy() for _, times in samples.groupby("process")[clock]]
