"""From the chapter's parameters to what is trained, and what its tables hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from isru import paths
from isru.chapters.accuracy.tasks import TASKS, Task
from isru.chapters.accuracy.training import BASELINE, HALF
from isru.recorded import NotRecorded, read_values
from isru.studies.octaves import (
    CONTROL,
    Ratios,
    by_task,
    chosen,
    judged_alone,
    random_effects,
    summarise,
)

SPLITS_OF_ONE_SET = ("vowels", "digits")
CELL_TASKS = ("digits", "laser", "characters")
"""Where half the units cost most standard errors a seed, by the pilots: few seeds decide there."""
KERAS_TASKS = ("vowels", "digits", "laser")

_OCTAVES = {"unit": "octaves", "low": "low", "high": "high", "atol": 0.1}
OCTAVES = {
    "octaves": _OCTAVES,
    "se": {"unit": "octaves", "label": "Standard error"},
    "loss": {"label": "Loss more than tanh"},
    "half_cost": {"label": "Cost of half the units", "low": "half_low", "high": ""},
    "counts": {"label": "Tells half the units apart"},
    "p_margin": {"label": "p of less than the margin", "format": "p"},
}
SUMMARY = {
    "octaves": _OCTAVES,
    "prediction_low": {"unit": "octaves", "label": "New task, low end"},
    "prediction_high": {"unit": "octaves", "label": "New task, high end"},
    "tau": {"unit": "octaves", "label": "Spread between tasks"},
    "tasks": {"label": "Tasks that count"},
    "iqm": {"unit": "octaves", "label": "Interquartile mean"},
}
PRICE = {
    "cycles": "cycles",
    "units": {"label": "Units"},
    "equal_units": {"label": "Units of tanh in the same cycles"},
    "in_hand": {"unit": "octaves", "label": "In hand", "atol": 0.1},
    "octaves": _OCTAVES | {"label": "Lost"},
    "left": {"unit": "octaves", "label": "Left", "atol": 0.1},
}
SECOND = {
    "octaves": _OCTAVES,
    "second": _OCTAVES | {"label": "Second run", "low": "second_low", "high": "second_high"},
    "second_word": {"label": "Its verdict"},
    "difference": {
        "unit": "octaves",
        "label": "Second minus first",
        "low": "difference_low",
        "high": "difference_high",
        "atol": 0.1,
    },
    "tasks": {"label": "Tasks that count in both"},
    "same": {"label": "The same verdict"},
}
_OF_BOTH = ["arm", "octaves", "low", "high", "word"]
_OF_BOTH += ["second", "second_low", "second_high", "second_word"]
_OF_BOTH += ["difference", "difference_low", "difference_high", "tasks", "same"]
_COMPARED = ["arm", "task", "octaves", "low", "high"]


def per_task(name: str, values: Sequence, tasks: Sequence[str]) -> dict:
    """Return a value for each task, from as many or from one for all.

    Raises
    ------
    ValueError
        If there are neither.
    """
    values = list(values) * len(tasks) if len(values) == 1 else list(values)
    if len(values) != len(tasks):
        raise ValueError(
            f"{name}: expected one for each of the {len(tasks)} tasks, or one for all, got "
            f"{len(values)}"
        )
    return dict(zip(tasks, values, strict=True))


def check_seeds(counts: Mapping[str, int], first_seed: int, second_seed: int, **few) -> None:
    """Refuse, before anything is trained, seeds that allow no interval or are trained twice.

    Parameters
    ----------
    counts : mapping of str to int
        Seeds of each task.
    first_seed, second_seed : int
        Where those of the run begin, and those of the second one; 0 for none.
    **few : sequence of int
        Seeds of what stands beside the arms, by the parameter's name.

    Raises
    ------
    ValueError
    """
    for name, values in few.items():
        if 1 in values:
            raise ValueError(f"{name}: expected 0 or at least 2, got 1: an interval needs two")
    most = max(counts.values())
    if second_seed and abs(second_seed - first_seed) < most:
        raise ValueError(
            f"second_seed: expected 0, or one {most} or more away from first_seed, {first_seed}, "
            f"so that no seed is in both runs; got {second_seed}"
        )


def rates_of(fixed: Mapping[str, float]) -> dict[str, tuple[float, ...]]:
    """Return each task's learning rates: the one that is fixed, or for 0 its grid."""
    return {task: (rate,) if rate else TASKS[task].rates for task, rate in fixed.items()}


def most_chosen(runs: pd.DataFrame) -> dict[str, float]:
    """Return for each task the rate that the baseline chose most often; of equals, the least.

    Parameters
    ----------
    runs : pandas.DataFrame
        From `isru.studies.octaves.chosen`.
    """
    own = runs[runs["arm"] == BASELINE]
    return {task: float(part.mode().iloc[0]) for task, part in own.groupby("task")["rate"]}


def first(
    rows: pd.DataFrame,
    seeds: Mapping[str, int],
    first_seed: int,
    rates: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Return rows of the baseline and of its half: the first seeds of each task that is named.

    With ``rates``, those of one learning rate a task.
    """
    last = first_seed + rows["task"].map(seeds).fillna(0)
    own = rows["arm"].isin((BASELINE, HALF)) & (rows["seed"] < last)
    return rows[own & (rows["rate"] == rows["task"].map(rates))] if rates else rows[own]


def judged(rows: pd.DataFrame, overlap: Mapping[str, float]) -> pd.DataFrame:
    """Return octaves with a word for each row, of arms that are not pooled; perhaps of none."""
    if rows.empty:
        return pd.DataFrame(columns=["arm", "task", "n", *Ratios._fields, "p_holm", "word"])
    return judged_alone(by_task(chosen(rows), overlap))


def judged_own(rows: pd.DataFrame) -> pd.DataFrame:
    """Do as `judged` for a reader's task; three quarters of the units, the check, get no word."""
    check = rows["arm"].eq(CONTROL) if len(rows) else slice(0)
    words = judged(rows if rows.empty else rows[~check], {})
    if rows.empty or not check.any():
        return words
    ends = rows[check | rows["arm"].isin((BASELINE, HALF))]
    return pd.concat([words, by_task(chosen(ends)).assign(word="")], ignore_index=True)


def published_octaves() -> pd.DataFrame:
    """Return the table ``octaves`` of the published run, empty before there is one."""
    try:
        table = read_values("accuracy", paths.results()).table("octaves")
    except (FileNotFoundError, NotRecorded):
        return pd.DataFrame(columns=_COMPARED)
    return pd.DataFrame(table.rows)


def agreement(octaves: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Set a run's octaves beside published ones.

    Returns
    -------
    pandas.DataFrame
        ``arm``, ``task``, ``octaves`` with ``low`` and ``high``; ``published`` with
        ``published_low`` and ``published_high``; ``agrees``, whether both intervals have a point
        in common.
    """
    names = {"octaves": "published", "low": "published_low", "high": "published_high"}
    theirs = published[_COMPARED].rename(columns=names)
    both = octaves[_COMPARED].merge(theirs, on=["arm", "task"])
    apart = (both["low"] > both["published_high"]) | (both["high"] < both["published_low"])
    return both.assign(agrees=~apart)


def beside_second(
    octaves: pd.DataFrame, second: pd.DataFrame, *, rng: np.random.Generator
) -> pd.DataFrame:
    """Set the summary of a run with other seeds beside that of the first.

    Parameters
    ----------
    octaves, second : pandas.DataFrame
        From `isru.studies.octaves.by_task`, of the same tasks; the second may be empty.
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        ``arm``; ``octaves`` with ``low``, ``high`` and ``word`` of the first run; ``second`` and
        ``second_word`` in the same way; ``difference``, second minus first, with its ends:
        the mean over the ``tasks`` that count in both, whose variances are the sums of both runs'
        (`isru.studies.octaves.random_effects`); ``same``, whether the words are the same.
    """
    if second.empty:
        return pd.DataFrame(columns=_OF_BOTH)
    columns = _OF_BOTH[:5]
    one, other = (summarise(table, rng=rng)[columns] for table in (octaves, second))
    names = {"octaves": "second"} | {name: f"second_{name}" for name in columns[2:]}
    found = one.merge(other.rename(columns=names), on="arm")
    pairs = octaves.merge(second, on=["arm", "task"], suffixes=("", "_second"))
    pairs = pairs[pairs["counts"] & pairs["counts_second"]]
    rows = []
    for arm in found["arm"]:
        own = pairs[pairs["arm"] == arm]
        change = (own["octaves_second"] - own["octaves"]).to_numpy()
        variance = (own["se"] ** 2 + own["se_second"] ** 2).to_numpy()
        mean = random_effects(change, variance, new=False)
        ends = {"difference_low": mean.low.item(), "difference_high": mean.high.item()}
        rows.append({"difference": mean.octaves.item(), **ends, "tasks": len(own)})
    same = found["word"] == found["second_word"]
    return pd.concat([found, pd.DataFrame(rows)], axis=1).assign(same=same)


def about_tasks(tasks: Sequence[Task]) -> pd.DataFrame:
    """Return what the page says of each task, and how large its parts are with seed 0."""
    rows = []
    for task in tasks:
        split = task.split(0)
        sizes = {"train": len(split.train.inputs), "test": len(split.test.inputs)}
        rows.append(
            {"task": task.name, "units": task.units, "steps": split.train.inputs.shape[1]}
            | sizes
            | {"epochs": task.epochs, "loss": task.loss, "about": task.about}
            | {"source": task.source}
        )
    return pd.DataFrame(rows)


def shares_of_splits(tasks: Sequence[str]) -> dict[str, float]:
    """Return the share of test over training data of the tasks that split one set by the seed."""
    sizes = {name: TASKS[name].split(0) for name in SPLITS_OF_ONE_SET if name in tasks}
    return {name: len(one.test.inputs) / len(one.train.inputs) for name, one in sizes.items()}


def worst_task(octaves: pd.DataFrame, arm: str) -> dict:
    """Return the row of the task on which an arm loses most, of those that count; perhaps none."""
    counting = octaves[(octaves["arm"] == arm) & octaves["counts"]]
    return {} if counting.empty else counting.loc[counting["octaves"].idxmax()].to_dict()


def random(seed: int) -> np.random.Generator:
    """Return what resamples tasks and seeds."""
    return np.random.default_rng([seed, 2])
