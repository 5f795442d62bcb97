"""An engineer's question to the published map: which network is the smallest that does it?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from isru import paths
from isru.chapters.smallest.costs import join
from isru.chapters.smallest.map import least, network_name
from isru.chapters.smallest.pareto import Answer, cheapest
from isru.chapters.smallest.study import INTEGER
from isru.firmware import Exported, export_c, export_integer
from isru.firmware.c_names import check_name
from isru.lstm import LSTMNetwork
from isru.studies.places import check_folder

CHAPTER = "smallest"
_DIGITS = 12  # of a number of bytes: a petabyte is no device's
_WORDS = {"change": "skill over persistence"}  # of the other tasks: right answers


@dataclass(frozen=True)
class Map:
    """The published points of one task on one core, and where their networks lie.

    Attributes
    ----------
    points : pandas.DataFrame
    samples : dict of {int: ndarray}
        As from `costs.join`.
    cost : {"cycles", "instructions"}
        Instructions where the core has no published table of cycles.
    run : Path
        The run's folder.
    baselines : pandas.DataFrame, optional
        The task's models without a network: model, skill, flash.
    """

    points: pd.DataFrame
    samples: dict
    cost: str
    run: Path
    baselines: pd.DataFrame | None = None


def read_map(task: str, target: str, run: Path | None = None) -> Map:
    """Read the map that the chapter left in a run, by default the published one.

    Raises
    ------
    FileNotFoundError
        If there is none; the message says how to make it.
    ValueError
        If the map lacks the task or the target; the message names those that it has.
    """
    run = run or paths.results()
    files = [run / "tables" / f"{CHAPTER}-{name}.csv" for name in ("points", "skills")]
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(
                f"expected the map of small networks, found no {file}: "
                f"make it (make execute NB={CHAPTER}) and publish it (make publish RUN=quick)"
            )
    costs, skills = (pd.read_csv(file, dtype={"hidden": str}) for file in files)
    for column, wanted in (("task", task), ("target", target)):
        if wanted not in set(costs[column]):
            known = ", ".join(sorted(set(costs[column])))
            raise ValueError(f"{column}: expected one of {known}, got {wanted!r}")
    chosen = costs[(costs["task"] == task) & (costs["target"] == target)]
    points, samples = join(chosen.drop(columns=["seeds", "skill"]), skills)
    cost = "instructions" if points["cycles"].isna().any() else "cycles"
    return Map(points, samples, cost, run, _baselines(task, run))


def _baselines(task: str, run: Path) -> pd.DataFrame | None:
    file = run / "tables" / f"{CHAPTER}-baselines.csv"
    return pd.read_csv(file).query("task == @task") if file.is_file() else None


def model_name(task: str, cell: str, family: str, hidden: str) -> str:
    """Return the name, without its number, under which notebook 11 keeps a network."""
    return f"{task}-{cell}-{family}-{hidden}".replace("_", "-")


def export_point(found: Map, label: int, folder: str | Path, *, name: str = "network") -> Exported:
    """Write the C of a point: its kept network, computed as the point's arm does.

    Raises
    ------
    FileNotFoundError
        If the run did not keep the network.
    """
    check_name(name)
    point = found.points.loc[label]
    kept = model_name(*point[["task", "cell", "family", "hidden"]])
    path = found.run / "models" / f"{CHAPTER}-{kept}.npz"
    if not path.is_file():
        raise FileNotFoundError(f"expected the network at {path}, found none")
    network = LSTMNetwork.load(path)
    if point["weights"] == INTEGER:
        about = {"arm": point["arm"], "largest": point["largest_input"], "name": name}
        return export_integer(network, folder, **about)
    return export_c(network, folder, arm=point["arm"], weights=point["weights"], name=name)


def parse_bytes(text: str | None) -> int | None:
    """Return the bytes of ``"32k"`` (1024 each), ``"1M"`` or ``"900"``; None stays None.

    Raises
    ------
    ValueError
    """
    if text is None:
        return None
    number, factor = text, 1
    if text[-1:].lower() in ("k", "m"):
        number, factor = text[:-1], {"k": 1024, "m": 1024**2}[text[-1].lower()]
    if not (number.isascii() and number.isdecimal() and len(number) <= _DIGITS):
        shown = text if len(text) <= 2 * _DIGITS else f"{text[:_DIGITS]}... ({len(text)} digits)"
        raise ValueError(f"expected bytes such as 900, 32k or 1M, got {shown!r}")
    return int(number) * factor


def ask(found: Map, *, skill: float | None = None, **limits: float | None) -> Answer | None:
    """Return the cheapest point of a map.

    Parameters
    ----------
    found : Map
    skill : float, optional
        The least, as a share: 0.8 is 80 %. By default within 1 pp of the best that fits.
    **limits : float, optional
        The most ``flash`` and ``ram`` in bytes, and ``cycles`` of a step.

    Raises
    ------
    ValueError
        If the skill is above 1, a number is not finite, a limit is not above 0, or for cycles of
        a core without a table of them.
    """
    if skill is not None and not -math.inf < skill <= 1:
        raise ValueError(f"skill: expected a share of at most 1, such as 0.8, got {skill}")
    for name, limit in limits.items():
        if limit is not None and not 0 < limit < math.inf:
            raise ValueError(f"{name}: expected a finite number above 0, got {limit}")
    if limits.get("cycles") is not None and found.cost != "cycles":
        raise ValueError("cycles: expected a core with a published table of cycles")
    asked = {"within": 1.0} if skill is None else {"least": 100 * skill}
    return cheapest(found.points, found.samples, cost=found.cost, **asked, **limits)


def describe(found: Map, answer: Answer | None) -> str:
    """Say in a few lines which point it is, with its interval, or that nothing fits."""
    points = found.points
    if answer is None:
        best = points.loc[points["skill"].idxmax()]
        small = points.loc[points["flash"].idxmin()]
        return (
            f"nothing fits: the best of the map reaches {best['skill']:.1f} % with "
            f"{best['flash']:.0f} bytes of flash and {best['ram']:.0f} of RAM; the smallest needs "
            f"{small['flash']:.0f} and {small['ram']:.0f}, and reaches {small['skill']:.1f} %"
        )
    point, skill = points.loc[answer.label], answer.skill
    doubt, open_from = len(answer.doubtful), least(points, answer)
    words = _WORDS.get(point["task"], "right answers")
    lines = [
        network_name(point),
        f"{words}: {skill.estimate:.1f} % ({skill.low:.1f} to {skill.high:.1f}, "
        f"mean of {point['seeds']} seeds), asked: {answer.wanted:.1f} %"
        + ("" if answer.surely else "; the seeds leave open whether it reaches that"),
        f"a step: {point[found.cost]:.0f} {found.cost}; flash {point['flash']:.0f} bytes, "
        f"RAM {point['ram']:.0f} bytes",
        "no cheaper one reaches it, as far as the seeds tell"
        if not doubt
        else f"{doubt} cheaper ones may reach it as well, as the seeds do not exclude it: from "
        f"{open_from[found.cost]:.0f} {found.cost} on ({network_name(open_from)})",
        f"the network to export is that of the first seed: {found.samples[answer.label][0]:.1f} %",
    ]
    return "\n".join(lines + _without_a_network(found, answer))


def _without_a_network(found: Map, answer: Answer) -> list[str]:
    """Name the smallest model without a network that does what was asked, if there is one."""
    if found.baselines is None:
        return []
    enough = found.baselines[found.baselines["skill"] >= answer.wanted]
    if enough.empty:
        return []
    model = enough.sort_values(["flash", "skill"], ascending=[True, False]).iloc[0]
    return [
        f"without a network: {model['model']} reaches {model['skill']:.1f} %, with numbers of "
        f"{model['flash']:.0f} bytes; what was asked needs no network"
    ]


def answer_in_words(options, folder: str | Path) -> tuple[bool, str]:
    """Return whether a network fits, and what to tell; the network's C goes to a folder.

    Parameters
    ----------
    options : object
        With ``task``, ``target``, ``skill``, ``cycles`` and, as text, ``flash`` and ``ram``.
    folder : str or Path

    Raises
    ------
    ValueError
        If the folder is a file, before anything is asked; and as `ask`, `read_map` and
        `parse_bytes`.
    FileNotFoundError
        As `read_map` and `export_point`.
    """
    check_folder(folder, "out")
    limits = {name: parse_bytes(getattr(options, name)) for name in ("flash", "ram")}
    limits["cycles"] = options.cycles
    found = read_map(options.task, options.target)
    answer = ask(found, skill=options.skill, **limits)
    text = describe(found, answer)
    if answer is None:
        return False, text
    written = export_point(found, answer.label, folder)
    return True, f"{text}\nits C: {written.header} and {written.source}"
