"""What the pages say in words is what the published run holds."""

from __future__ import annotations

import json
import re
import sys
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "book" / "_ext"))

from isru_book.numbers import IN_TEXT, Wanted, find, shown
from isru_book.rows import from_rows
from isru_book.run import Run

from isru import paths
from isru.claims import load_claims
from isru.digests import code_digest
from isru.publish.manifest import read_manifest
from isru.publish.notebooks import all_notebooks
from isru.publish.staleness import notebook_code
from isru.recorded import read_value

IN_ROWS = re.compile(r"\{rows\}`([^`]+)`")


def prose() -> dict[str, str]:
    """Return the text of every page: markdown files, published chapters' cells, and the claims."""
    pages = {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted(paths.root().glob("book/*"))
        if path.suffix in (".md", ".yml")
    }
    for path in sorted((paths.root() / "notebooks").glob("*.ipynb")):
        if not (paths.results() / "manifest" / f"{path.stem}.json").is_file():
            continue  # of a chapter that is new, nothing is published yet
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        pages[path.stem] = "\n\n".join(texts)
    return pages


PAGES = prose()


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(paths.results() / "tables" / f"{name}.csv")


def values(number: str) -> dict:
    text = (paths.results() / "values" / f"{number}.json").read_text(encoding="utf-8")
    return {name: entry["value"] for name, entry in json.loads(text)["values"].items()}


@cache
def published() -> Run:
    """Return the published run, which knows the chapters whose code has changed since."""
    run = Run(paths.root())
    for notebook in all_notebooks():
        manifest = read_manifest(paths.results(), notebook.name)
        code = code_digest(notebook_code(notebook.path))
        if manifest and manifest["stamp"]["notebook"] != code:
            run.stale[notebook.name] = ["the notebook's code changed"]
    return run


@pytest.mark.parametrize("page", PAGES)
def test_every_number_in_prose_is_in_the_published_run(page):
    run = published()
    for text in IN_TEXT.findall(PAGES[page]):
        wanted = Wanted(text)
        if "optional" in wanted.words and run.values(wanted.chapter) is None:
            continue  # of this chapter nothing is published yet
        entry = find(run, wanted)
        assert entry is not None or run.may_lack(wanted.chapter), text
        if entry is not None:
            shown(entry, wanted)
    for text in IN_ROWS.findall(PAGES[page]):
        assert from_rows(run, " ".join(text.split()))[1] is not None, text


def test_what_is_not_in_this_version_is_measured_nowhere():
    open_claims = [claim.id for claim in load_claims() if not claim.conditions]
    assert PAGES["original-study.md"].count("not in this version") == len(open_claims)


def test_a_throughput_above_its_latency_is_explained():
    found = table("activation-cost-latencies").query("dtype == 'float32'")
    for arm in found.loc[found["throughput"] > found["latency"], "arm"]:
        address = f"activation-cost.latencies[dtype=float32, arm={arm}].throughput"
        assert address in PAGES["activation-cost"], f"{arm}: not a word about it"


def test_a_difference_of_times_below_zero_is_counted_on_its_page():
    if (table("characters-phases")[["forward", "backward", "update"]] < 0).any(axis=None):
        assert "{rows}`characters-phases: update<0`" in PAGES["characters"]


def test_floors_that_are_no_goals_and_fail_are_counted_on_their_page():
    goals = table("speed-goals-goals")
    floors = goals["goal"].str.startswith("A/A")
    assert values("speed-goals")["goals"] == (~floors).sum()
    if (goals.loc[floors, "holds"] == "no").any():
        assert PAGES["speed-goals"].count("{rows}`speed-goals-goals: goal~A/A, holds=no`") >= 2


def test_networks_that_two_chapters_share_are_said_to_be_the_same():
    key = ["arm", "units", "seed", "target", "learning_rate"]
    both = table("forecaster-networks").merge(
        table("exp-free-networks"), on=key, suffixes=("", "_exp_free")
    )
    same = both["validation_loss"] == both["validation_loss_exp_free"]
    made = [published().provenance(name) for name in ("forecaster", "exp-free")]
    one_machine = all(made[0].get(part) == made[1].get(part) for part in ("machine", "blas"))
    assert same.any(), "the sentence says: they are the same networks"
    assert same.all() or not one_machine, "on one machine all of them are"
    counted = "{rows}`exp-free-networks: [arm, units, target, seed, learning_rate] in forecaster-"
    for page, other in (("forecaster", "exp-free"), ("exp-free", "forecaster")):
        assert counted in PAGES[page], page
        assert re.search(rf"{other}`[^\n]*to the last recorded digit", PAGES[page]), page


def test_a_prediction_stands_beside_what_was_measured():
    """From unit costs alone a NumPy step seems to lose little; the two pages say what it loses."""
    for units in (25, 100):
        predicted = f"lstm.own-bounds[batch=32, units={units}].saving"
        measured = f"forecaster.steps[framework=numpy, step=predict, units={units}].saving"
        pair = [read_value(address, paths.results()) for address in (predicted, measured)]
        if abs(pair[0] - pair[1]) > 2:
            for page in ("lstm", "forecaster"):
                assert f"{predicted}:" in PAGES[page] and f"{measured}:" in PAGES[page]


def test_an_effect_that_one_diverged_network_makes_is_said_to_be_one():
    networks = table("characters-networks")
    diverged = networks["diverged"] & (networks["arm"] != "identity")
    remark = next(claim.remark for claim in load_claims() if claim.id == "C6")
    for network in networks.loc[diverged, "network"].unique():
        assert f"network={network}" in remark
        assert f"units={network}_" in PAGES["characters"]
