"""One-off: draw figures of a published run again, from the run's own data, by the present code.

    python migrations/redrawn_figures.py results

Only pictures change: the data beside them, every table and every value stay. A figure's JSON says
with which code it was drawn again, and so does what its page tells to cite; the manifest names
the step. Where the parts of `forecaster-weather` begin follows from the year's weather.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pandas as pd

from isru import paths
from isru.chapters.activation_cost import figures as cost
from isru.chapters.convolutions.figures import free_savings, saving_gaps
from isru.chapters.convolutions.figures_learning import beside_the_paper, octaves_of_channels
from isru.chapters.exp_free import figures as exp_free
from isru.chapters.forecaster import figures as forecaster
from isru.chapters.frontier.figures import cycles_against_error
from isru.chapters.frontier.ladder_page import ladder_figure
from isru.chapters.precision_threads_frameworks import (
    digits,
    figures_frameworks,
    figures_precision,
    figures_threads,
    precision,
    threads,
)
from isru.chapters.speed_goals.figures import roofline
from isru.data.forecast import forecast_windows
from isru.data.published import load_published
from isru.drawing.style import use_style
from isru.publish.history import checkout
from isru.records import Record

WHAT = "figures drawn again from their data"
_CHAPTER = "precision-threads-frameworks"


def migrate(folder: Path) -> list[str]:
    """Draw the figures of a run's folder again; return their names."""
    use_style()
    made = checkout(paths.root())
    done = []
    for identifier, draw in FIGURES.items():
        about_path = folder / "figures" / f"{identifier}.json"
        if not about_path.is_file():
            continue
        about = json.loads(about_path.read_text(encoding="utf-8"))
        svg = about_path.with_suffix(".svg")
        svg.write_bytes(_svg(draw(folder, identifier), about))
        about["redrawn"] = made
        about_path.write_text(_json(about), encoding="utf-8")
        _note(folder, about["notebook"], [svg, about_path])
        done.append(identifier)
    return done


def _svg(figure, about: dict) -> bytes:
    """Return a figure as a run writes it."""
    with tempfile.TemporaryDirectory() as place:
        record = Record(about["notebook"], Path(place))
        known = {key: about[key] for key in ("title", "kind")}
        record.figure(about["id"], figure, data=pd.DataFrame(), **known)
        return (Path(place) / "figures" / f"{about['id']}.svg").read_bytes()


def _note(folder: Path, notebook: str, changed: list[Path]) -> None:
    """Put the new hashes into the manifest, and the step, once."""
    path = folder / "manifest" / f"{notebook}.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    for file in changed:
        name = file.relative_to(folder).as_posix()
        manifest["outputs"][name] = hashlib.sha256(file.read_bytes()).hexdigest()
    step = {"from": notebook, "what": WHAT}
    if step not in manifest.setdefault("migrated", []):
        manifest["migrated"].append(step)
    path.write_text(_json(manifest), encoding="utf-8")


def _json(content: dict) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _data(folder: Path, identifier: str) -> pd.DataFrame:
    return pd.read_csv(folder / "figures" / f"{identifier}.csv")


def _table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / "tables" / f"{name}.csv")


def _values(folder: Path, notebook: str) -> dict:
    path = folder / "values" / f"{notebook}.json"
    values = json.loads(path.read_text(encoding="utf-8"))["values"]
    return {key: about["value"] for key, about in values.items()}


def _split(folder: Path, identifier: str, column: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows that have a column, and those that have not."""
    both = _data(folder, identifier)
    there = both[column].notna()
    return both[there], both[~there]


def _paired(folder: Path, identifier: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return pairs and summary, which a figure's data hold merged."""
    merged = _data(folder, identifier)
    pairs = merged[["metric", "units", "arm", "seed", "difference"]]
    return pairs, merged.drop(columns=["seed", "difference"]).drop_duplicates()


def _whole(draw: Callable, folder: Path, identifier: str):
    """Draw what takes just its data."""
    return draw(_data(folder, identifier))


def _original(folder: Path, identifier: str):
    return cost.cost_original(_table(folder, f"{identifier}-way"), _data(folder, identifier))


def _cost_roofline(folder: Path, identifier: str):
    points = _data(folder, identifier)
    roofs = points.iloc[0][["bandwidth", "peak", "root"]]
    return cost.cost_roofline(points, roofs, "float32")


def _gaps(folder: Path, identifier: str):
    return saving_gaps(_data(folder, identifier), margin=2)


def _paper(folder: Path, identifier: str):
    published, own = _split(folder, identifier, "network")
    return beside_the_paper(own, published)


def _front(folder: Path, identifier: str):
    points = _data(folder, identifier)
    points["class_front"] = points["class_front"].eq(True)  # also where nothing is written
    return cycles_against_error(points)


def _ladder(folder: Path, identifier: str):
    gaps, errors = (
        part.dropna(axis="columns", how="all") for part in _split(folder, identifier, "x")
    )
    values = _values(folder, "frontier")
    limits = {name: values[f"ladder_{name}"] for name in ("constant", "scaled_constant")}
    return ladder_figure(gaps, errors, limits)


def _weather(folder: Path, identifier: str):
    days, values = _data(folder, identifier), _values(folder, "forecaster")
    hours = {name: values[name] for name in ("window", "horizon", "fill_hours")}
    days["day"] = pd.to_datetime(days["day"])
    return forecaster.weather_year(days, forecast_windows(["JFK"], **hours).spans, "JFK")


def _skill(folder: Path, identifier: str):
    return forecaster.paired_differences(*_paired(folder, identifier), limit=4.0)


def _occupancy(folder: Path, identifier: str):
    both = _data(folder, identifier)
    return forecaster.rules_and_networks(both[both["arm"].notna()], both[both["rule"].notna()])


def _arms(folder: Path, identifier: str):
    pairs, summary = _paired(folder, identifier)
    panels = {f"{summary['units'].iloc[0]} units": (pairs, summary)}
    label = "skill minus that of tanh with logistic gates (pp)"
    return exp_free.difference_rows(panels, limit=4.0, label=label)


def _swap(folder: Path, identifier: str):
    parts = _data(folder, identifier), _table(folder, "exp-free-swap-differences")
    return exp_free.swap_stages(*(list(_by_stage(part)) for part in parts), 6.0)


def _by_stage(table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for stage in exp_free.STAGE_NAMES:
        yield table[table["stage"] == stage]


def _precision(folder: Path, identifier: str):
    both = _data(folder, identifier)
    parts = both[both["of"] == "float32"], both[both["of"] == "ISRU"]
    return figures_precision.precision_savings(*parts, limit=precision.LIMIT)


def _precision_skill(folder: Path, identifier: str):
    names = {"tanh": "precision, tanh", "isru": "precision, ISRU", "swap": "activation"}
    summary = _table(folder, f"{_CHAPTER}-skill-differences")
    look = {"margin": 0.5, "limit": 1.5, "label": "change of skill (pp)"}
    return figures_precision.difference_strips(_data(folder, identifier), summary, names, **look)


def _digits(folder: Path, identifier: str):
    names = {"isru": "ISRU", "identity": "identity"}
    summary = _table(folder, f"{_CHAPTER}-digit-differences")
    look = {"margin": digits.MARGIN, "limit": 4.0, "label": "accuracy minus tanh's (pp)"}
    return figures_precision.difference_strips(_data(folder, identifier), summary, names, **look)


def _speedup(folder: Path, identifier: str):
    measured = _data(folder, identifier)
    drawn = measured[measured["layers"].isin({1, measured["layers"].max()})]
    return figures_threads.speedup_by_units(drawn, threads.published_speedups(features=87))


def _work(folder: Path, identifier: str):
    both = _data(folder, identifier)
    costs = _table(folder, f"{_CHAPTER}-forms").set_index("form")["hand_off"].to_dict()
    parts = both[both["form"] != "published"], threads.published_speedups(features=87)
    return figures_threads.speedup_by_work(*parts, costs)


def _steps(folder: Path, identifier: str):
    merged = _data(folder, identifier)
    of_times = ["activation", "ms", "low_ms", "high_ms"]
    times = merged[["mode", "units", *of_times]]
    times = times.rename(columns={"low_ms": "low", "high_ms": "high"})
    saved = merged.dropna(subset=["saving"]).drop(columns=of_times).drop_duplicates()
    epochs = load_published("keras_notebook")
    epochs = epochs.pivot(index="epoch", columns="activation", values="seconds")
    slower = 100 * (1 - epochs["isru"] / epochs["tanh"])
    return figures_frameworks.keras_steps(times, saved, (slower.min(), slower.max()))


FIGURES = {
    "activation-cost": partial(_whole, cost.cost_sizes),
    "activation-cost-all": partial(_whole, cost.cost_operations),
    "activation-cost-inputs": partial(_whole, cost.cost_inputs),
    "activation-cost-map": partial(_whole, cost.cost_map),
    "activation-cost-original": _original,
    "activation-cost-roofline": _cost_roofline,
    "convolution-gaps": _gaps,
    "convolution-isrlu": partial(_whole, octaves_of_channels),
    "convolution-paper": _paper,
    "convolution-savings": partial(_whole, free_savings),
    "frontier-front": _front,
    "frontier-ladder": _ladder,
    "speed-roofline": partial(_whole, roofline),
    "forecaster-weather": _weather,
    "forecaster-saving": partial(_whole, forecaster.saving_by_units),
    "forecaster-skill": _skill,
    "forecaster-occupancy": _occupancy,
    "exp-free-arms": _arms,
    "exp-free-memory": partial(_whole, exp_free.updates_by_length),
    "exp-free-swap": _swap,
    "exp-free-cells": partial(_whole, exp_free.skill_by_parameters),
    "precision-saving": _precision,
    "precision-skill": _precision_skill,
    "threads-speedup": _speedup,
    "threads-work": _work,
    "frameworks-steps": _steps,
    "frameworks-digits": _digits,
}


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(argument, *migrate(Path(argument)))
