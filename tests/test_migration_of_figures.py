"""Figures that are drawn again show the run's own data, and say by which code they were drawn."""

import importlib.util
import json
import subprocess
import sys
from collections import defaultdict

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from figure_checks import assert_readable, message, published_message
from matplotlib.figure import Figure

from isru import paths
from isru.chapters.exp_free.figures import skill_by_parameters
from isru.drawing.style import use_style
from isru.records import Record, sha256, to_json, write_atomically

pytestmark = pytest.mark.slow
mpl.use("Agg")

SCRIPT = paths.root() / "migrations" / "redrawn_figures.py"
_SPEC = importlib.util.spec_from_file_location("redrawn_figures", SCRIPT)
redrawn_figures = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(redrawn_figures)
FIGURE = "figures/exp-free-cells"
ABOUT = {"title": "Skill of three cells", "kind": "tolerance"}
DATA = pd.DataFrame(
    {"arm": arm, "parameters": 300, "mean": 40.0, "low": 39.0, "high": 41.5}
    for arm in ("tanh", "gru", "coupled")
)


@pytest.fixture
def run(tmp_path):
    """Return the folder of a run whose figure an older code drew: empty."""
    Record("exp-free", tmp_path).figure("exp-free-cells", Figure(), data=DATA, **ABOUT)
    Record("exp-free", tmp_path).figure("exp-free-other", Figure(), data=DATA, **ABOUT)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    outputs = {path.relative_to(tmp_path).as_posix(): sha256(path) for path in files}
    manifest = {"notebook": "exp-free", "stamp": {"notebook": "abc"}, "outputs": outputs}
    write_atomically(tmp_path / "manifest" / "exp-free.json", to_json(manifest))
    return tmp_path


def migrate(folder):
    subprocess.run([sys.executable, SCRIPT, folder], check=True, capture_output=True)
    return {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}


def test_the_picture_is_new_and_the_data_are_the_runs(run, tmp_path_factory):
    data, other = (
        (run / name).read_bytes() for name in (f"{FIGURE}.csv", "figures/exp-free-other.svg")
    )
    found = migrate(run)
    use_style()
    new = tmp_path_factory.mktemp("new")
    Record("exp-free", new).figure("exp-free-cells", skill_by_parameters(DATA), data=DATA, **ABOUT)
    assert (new / f"{FIGURE}.svg").read_bytes() == found[f"{FIGURE}.svg"].read_bytes()
    assert found[f"{FIGURE}.csv"].read_bytes() == data
    assert found["figures/exp-free-other.svg"].read_bytes() == other
    about = json.loads(found[f"{FIGURE}.json"].read_text())
    assert {"isru", "commit", "dirty"} <= set(about.pop("redrawn"))
    assert about == json.loads((new / f"{FIGURE}.json").read_text())


def test_the_manifest_says_so_once_and_holds_the_present_hashes(run):
    migrate(run)
    found = migrate(run)
    manifest = json.loads(found.pop("manifest/exp-free.json").read_text())
    assert manifest["outputs"] == {name: sha256(path) for name, path in found.items()}
    assert len(manifest["migrated"]) == 1 and manifest["stamp"] == {"notebook": "abc"}


def published(name):
    """Return the sentence that a published figure carries, and what its run says of it."""
    path = paths.results() / "figures" / f"{name}.svg"
    about = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return published_message(path.read_text(encoding="utf-8")), about


def has_data(name):
    """Tell whether the run had what a figure shows; without it the picture is empty."""
    return (paths.results() / "figures" / f"{name}.csv").read_bytes().count(b"\n") > 1


@pytest.mark.parametrize("name", redrawn_figures.FIGURES)
def test_a_published_figure_is_drawn_from_its_data_and_carries_its_sentence(name):
    said, about = published(name)
    if not has_data(name):
        assert not said
        return
    use_style()
    figure = redrawn_figures.FIGURES[name](paths.results(), name)
    assert_readable(figure)
    if "redrawn" in about:  # a later run has said it in its own words
        assert said == message(figure), "python migrations/redrawn_figures.py results"
    plt.close(figure)


def test_the_figures_of_a_chapter_all_carry_a_sentence_or_none():
    """None: its last run is older than the sentences."""
    silent = defaultdict(set)
    for path in (paths.results() / "figures").glob("*.svg"):
        said, about = published(path.stem)
        if has_data(path.stem):
            silent[about["notebook"]].add(not said)
    assert silent["exp-free"] == {False}
    assert [chapter for chapter, found in silent.items() if len(found) > 1] == []
