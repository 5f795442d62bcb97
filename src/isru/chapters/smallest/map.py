"""The map of small networks: what lies on its fronts, the answers to budgets, a choice's worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

import pandas as pd

from isru.chapters.smallest.costs import equal_cost_units, join, most_cycles, unit_cycles
from isru.chapters.smallest.pareto import (
    OFF,
    ON,
    OPEN,
    Answer,
    cheapest,
    difference,
    front,
    mean_interval,
)
from isru.chapters.smallest.study import INTEGER, WEIGHTS
from isru.stats import Interval
from isru.studies.battery import Device
from isru.studies.level_words import level_words

FRONTS = ("cycles", "flash")
KINDS = {
    "isru": ("family", "exp_free"),
    "tanh": ("family", "tanh"),
    "hard": ("family", "hard"),
    "ladder2": ("family", "ladder2"),
    "gru": ("cell", "gru"),
    "integer": ("weights", INTEGER),
}
"""Groups of points, by name: a column of the map and its entry."""
_SHOWN = ["cell", "hidden", "arm", "weights", "cycles", "flash", "ram", "step_uj"]
_SHOWN += ["skill", "low", "high"]


def cost_unit(points: pd.DataFrame) -> str:
    """Return what one core's steps cost: "cycles", without a table of them "instructions"."""
    return "instructions" if points["cycles"].isna().any() else "cycles"


def mapped(
    costs: pd.DataFrame, skills: pd.DataFrame, device: Device, core: str
) -> tuple[pd.DataFrame, dict]:
    """Return the points of the map and the skills behind them.

    Parameters
    ----------
    costs, skills
        As for `costs.join`.
    device : Device
        With the core ``core``.

    Returns
    -------
    points : pandas.DataFrame
        As from ``join``, with ``front_cycles`` (by instructions where there are no cycles) and
        ``front_flash``, words of `pareto.front`; the 95 % interval ``low, high``
        of the skill; and ``step_uj``, the energy of a step in microjoules on that core.
    samples : dict of {int: ndarray}
    """
    points, samples = join(costs, skills)
    groups = [part for _, part in points.groupby(["target", "task"], sort=False)]
    for name in FRONTS:
        words = [
            front(part, samples, cost=cost_unit(part) if name == "cycles" else name)
            for part in groups
        ]
        points[f"front_{name}"] = pd.concat(words)
    ends = [mean_interval(samples[label]) for label in points.index]
    points["low"], points["high"] = [end.low for end in ends], [end.high for end in ends]
    points["step_uj"] = device.step_uj(points["cycles"].where(points["target"] == core))
    return points, samples


def front_counts(points: pd.DataFrame) -> pd.DataFrame:
    """Count the points of one core on, open and off each front, in all and of each of `KINDS`.

    Returns
    -------
    pandas.DataFrame
        Columns by ("cycles" or "flash"), task, state, kind ("all" or one of `KINDS`) and count.
    """
    rows = []
    for by, task, word in product(FRONTS, points["task"].unique(), (ON, OPEN, OFF)):
        part = points[(points["task"] == task) & (points[f"front_{by}"] == word)]
        rows.append([by, task, word, "all", len(part)])
        for name, (column, entry) in KINDS.items():
            rows.append([by, task, word, name, int((part[column] == entry).sum())])
    return pd.DataFrame(rows, columns=["by", "task", "state", "kind", "count"])


def budgets(
    flash: Sequence[int], ram: Sequence[int], rates: Sequence[float], device: Device
) -> dict[str, dict[str, float]]:
    """Return limits for `answer_all` by name: none, bytes, and steps a second as cycles."""
    found = {"none": {}}
    found |= {f"flash {size}": {"flash": size} for size in sorted(flash)}
    found |= {f"RAM {size}": {"ram": size} for size in sorted(ram)}
    for rate in sorted(rates):
        most = most_cycles(replace(device, steps_per_second=rate))
        found[f"{rate:g} steps/s"] = {"cycles": most}
    return found


def answer_all(
    points: pd.DataFrame, samples: Mapping, limits: Mapping[str, Mapping], within: float
) -> tuple[dict, pd.DataFrame]:
    """Return the cheapest point within so many pp of the best: each core, task and budget.

    Returns
    -------
    answers : dict of {(target, task, limit): Answer or None}
    table : pandas.DataFrame
        The same, a row each, with the point's columns, ``wanted, reaches, doubtful`` (how many),
        ``least`` (the cost of the cheapest of these, or of the point itself) and
        ``singled_out``. No row for a limit of cycles where a core has no table of them.
    """
    answers = {}
    for (target, task), part in points.groupby(["target", "task"], sort=False):
        unit = cost_unit(part)
        for name, most in limits.items():
            if unit == "cycles" or "cycles" not in most:
                answers[target, task, name] = cheapest(
                    part, samples, cost=unit, within=within, **most
                )
    rows = []
    for (target, task, name), answer in answers.items():
        row = {"target": target, "task": task, "limit": name, "fits": answer is not None}
        if answer is not None:
            row |= points.loc[answer.label, _SHOWN].to_dict() | {"wanted": answer.wanted}
            row |= {"reaches": answer.surely, "doubtful": len(answer.doubtful)}
            row["least"] = least(points, answer)[cost_unit(points.loc[[answer.label]])]
            row |= {"singled_out": answer.singled_out}
        rows.append(row)
    return answers, pd.DataFrame(rows)


def least(points: pd.DataFrame, answer: Answer) -> pd.Series:
    """Return the cheapest point that may reach what was asked: at the latest the answer itself.

    Between it and the answer lies what the trained seeds leave open.
    """
    open_points = points.loc[[*answer.doubtful, answer.label]]
    return open_points.loc[open_points[cost_unit(open_points)].idxmin()]


def network_name(point: pd.Series) -> str:
    """Return what a point is in words, ``"GRU of 5 units, straight lines, int8 weights"``."""
    whole = point["weights"] == INTEGER
    weights = "all in integers" if whole else f"{point['weights']} weights"
    arm = level_words("arm", point["arm"])
    return f"{point['cell'].upper()} of {point['hidden']} units, {arm}, {weights}"


def answer_words(point: pd.Series, answer: Answer) -> dict[str, str]:
    """Return an answer in words for the page: what it is, and how surely."""
    words = {name: level_words(name, point[name]) for name in ("hidden", "arm", "weights")}
    words["cell"] = point["cell"].upper()
    words["reaches"] = "surely" if answer.surely else "perhaps"
    words["singled"] = "singles out" if answer.singled_out else "does not single out"
    return words


def against(best: Interval, rival: float) -> str:
    """Say how the best network's skill stands to that of a model without a network."""
    if best.low > rival:
        return "above"
    return "below" if best.high < rival else "not told apart from"


def worth(costs: pd.DataFrame, skills: pd.DataFrame, units: int) -> dict[str, tuple[float, str]]:
    """Return what a choice is worth at so many units of an LSTM: value and unit by name.

    Parameters
    ----------
    costs : pandas.DataFrame
        From `costs.network_costs`, one core with a table of cycles and
        one task.
    skills : pandas.DataFrame
        From `study.tidy`, all tasks.
    """
    one = costs[costs["cell"] == "lstm"]
    place = one[one["hidden"] == str(units)].set_index(["arm", "weights"])[["flash", "cycles"]]
    exact, int8 = (place.loc[("exp_free", weights)] for weights in WEIGHTS)
    whole = place.loc[("integer_isru", INTEGER)]
    step = unit_cycles(one, "exp_free", units)
    means = skills.groupby(["task", "cell", "family", "hidden", "weights"])["skill"].mean()
    moved = means.unstack().sub(means.unstack()["float32"], axis=0).abs().max()
    return {
        "equal_units_libm": (equal_cost_units(one, "exp_free", "libm", units), "units"),
        "equal_units_table": (equal_cost_units(one, "exp_free", "table", units), "units"),
        "unit_cycles": (step, "cycles"),
        "unit_share": (100 * step / exact["cycles"], "%"),
        "int8_flash": (100 * int8["flash"] / exact["flash"], "%"),
        "int8_cycles": (100 * (int8["cycles"] / exact["cycles"] - 1), "%"),
        "int8_skill": (moved["int8"], "pp"),
        "integer_cycles": (100 * (whole["cycles"] / exact["cycles"] - 1), "%"),
        "integer_skill": (moved[INTEGER], "pp"),
    }


def gru_worth(
    costs: pd.DataFrame, skills: pd.DataFrame
) -> tuple[int, dict[str, float], dict[str, Interval]] | None:
    """Compare GRU with LSTM at the largest size that both have, with ISRU everywhere.

    Parameters
    ----------
    costs, skills
        As for `worth`.

    Returns
    -------
    units : int
    shares : dict
        The GRU's ``cycles`` and ``flash`` in % of the LSTM's.
    gains : dict of {task: Interval}
        Its skill minus the LSTM's, in pp, over equal seeds.

    None where no size is shared.
    """
    alike = {"float32"}, {"exp_free"}
    costs = costs[costs["weights"].isin(alike[0]) & costs["arm"].isin(alike[1])]
    skills = skills[skills["weights"].isin(alike[0]) & skills["family"].isin(alike[1])]
    table = costs.pivot(index="hidden", columns="cell", values=["cycles", "flash"])
    if "gru" not in set(costs["cell"]) or (table := table.dropna()).empty:
        return None
    units = max(int(hidden) for hidden in table.index if hidden.isdecimal())
    row = table.loc[str(units)]
    shares = {name: 100 * float(row[name, "gru"] / row[name, "lstm"]) for name in FRONTS}
    same = skills[skills["hidden"] == str(units)]
    both = same.pivot(index=["task", "seed"], columns="cell", values="skill")
    gains = {task: difference(part["gru"], part["lstm"]) for task, part in both.groupby("task")}
    return units, shares, gains
