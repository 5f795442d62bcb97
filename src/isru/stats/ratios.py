"""How many times as long one arm takes as another, timed in the same processes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from isru.stats.interval import Interval, central
from isru.stats.samples import read_sample


def ratio_of_medians(
    numerator: Sequence,
    denominator: Sequence,
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    rng: np.random.Generator,
) -> Interval:
    """Return the ratio of two medians with its bootstrap interval over processes.

    The effect is the median of the numerator's process medians over the denominator's. A
    resample draws processes, both arms together, because what disturbs a process disturbs both;
    measurements within a process share its memory layout and are no independent evidence
    (Kalibera & Jones 2013). Fewer than 6 processes cover less than 95 % (`bootstrap_interval`).

    Parameters
    ----------
    numerator, denominator : sequence of P array_like
        Positive times of each process, in the same order of processes; any number of them.
    level, resamples, rng
        As for `bootstrap_interval`.

    Raises
    ------
    ValueError
        If the numbers of processes differ, or a time is not positive and finite.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> slow, fast = [[2.0, 2.2]] * 6, [[1.0, 1.1]] * 6  # six processes, two times of each
    >>> ratio_of_medians(slow, fast, rng=rng)
    Interval(estimate=2.0, low=2.0, high=2.0)
    """
    if len(numerator) != len(denominator):
        raise ValueError(
            "expected both arms from the same processes, got "
            f"{len(numerator)} and {len(denominator)} of them"
        )
    upper = _process_medians(numerator, "numerator")
    lower = _process_medians(denominator, "denominator")
    ratios = _resampled_ratios(upper, lower, resamples, rng)
    return Interval(float(np.median(upper) / np.median(lower)), *central(ratios, level))


def aa_floor(
    pairs: Sequence[tuple[Sequence, Sequence]],
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    rng: np.random.Generator,
) -> Interval:
    """Return the A/A floor: the range of the effect of an arm against itself.

    What `ratio_of_medians` gives over resamples of the processes, pooled over all pairs. The
    labels are exchangeable, so each ratio counts also as its inverse: ``low <= 1 <= high``, and
    ``low = 1 / high`` but for interpolation. It says what this machine can resolve. It stands
    beside a measured effect and is not added to its interval, which holds the same noise already:
    an arm's interval against itself excludes 1 about as often as its level allows.

    Parameters
    ----------
    pairs : sequence of (arm, again)
        One pair a condition; both as `ratio_of_medians` takes them.
    level, resamples, rng
        As for `bootstrap_interval`; ``resamples`` for each pair.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> again = [[1.0], [1.0], [1.0], [1.0], [1.0], [1.0]]
    >>> aa_floor([(again, again)], rng=rng)
    Interval(estimate=1.0, low=1.0, high=1.0)
    """
    medians = [(_process_medians(arm, "arm"), _process_medians(a2, "again")) for arm, a2 in pairs]
    ratios = np.concatenate([_resampled_ratios(*pair, resamples, rng) for pair in medians])
    return Interval(1.0, *central(np.concatenate([ratios, 1 / ratios]), level))


def direction(ratio: Interval, *, margin: float = 0.02) -> str:
    """Return in one word how t_baseline / t_candidate compares.

    An interval above 1 + margin is ``"faster"``, one below 1/(1 + margin) is ``"slower"``, one
    inside the margin is ``"equal"``. Any other is ``"undecided"``.

    Examples
    --------
    >>> direction(Interval(1.2, 1.1, 1.3))
    'faster'
    """
    if ratio.low > 1 + margin:
        return "faster"
    if ratio.high < 1 / (1 + margin):
        return "slower"
    inside = ratio.low >= 1 / (1 + margin) and ratio.high <= 1 + margin
    return "equal" if inside else "undecided"


def _resampled_ratios(upper, lower, resamples: int, rng: np.random.Generator) -> np.ndarray:
    drawn = rng.integers(upper.size, size=(resamples, upper.size))
    return np.median(upper[drawn], axis=1) / np.median(lower[drawn], axis=1)


def _process_medians(arm: Sequence, name: str) -> np.ndarray:
    times = [read_sample(process, name) for process in arm]
    if not times or min(process.min() for process in times) <= 0:
        raise ValueError(f"{name}: expected positive times from at least one process")
    return np.array([np.median(process) for process in times])
