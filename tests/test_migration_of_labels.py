"""The one-off migration of labels changes words alone, and says what it did."""

import json
import subprocess
import sys

import pandas as pd
import pytest

from isru import paths
from isru.records import Record, sha256, to_json, write_atomically

pytestmark = pytest.mark.slow

SCRIPT = paths.root() / "migrations" / "table_labels.py"
TABLE = "tables/forecaster-steps.json"
FRAME = pd.DataFrame({"units": [10], "step_ms": [1.5], "p_holm": [0.5], "skill": [2.5]})


@pytest.fixture
def run(tmp_path):
    """Return the folder of a run whose labels were its names."""
    about = {"skill": {"label": "skill of the forecast", "unit": "%"}}
    Record("forecaster", tmp_path).table(
        "steps", FRAME, kind="machine", keys=["units"], columns=about
    )
    content = json.loads((tmp_path / TABLE).read_text())
    for name, column in content["columns"].items():
        column.pop("format", None)
        if name != "skill":
            column |= {"label": name.replace("_", " "), "unit": ""}
    write_atomically(tmp_path / TABLE, to_json(content))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    outputs = {path.relative_to(tmp_path).as_posix(): sha256(path) for path in files}
    manifest = {"notebook": "forecaster", "stamp": {"notebook": "abc"}, "outputs": outputs}
    write_atomically(tmp_path / "manifest" / "forecaster.json", to_json(manifest))
    return tmp_path


def migrate(folder):
    subprocess.run([sys.executable, SCRIPT, folder], check=True, capture_output=True)
    return {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}


def test_a_migrated_table_is_described_as_a_new_one(run, tmp_path_factory):
    migrate(run)
    new = tmp_path_factory.mktemp("new")
    about = {"skill": {"label": "skill of the forecast", "unit": "%"}}
    Record("forecaster", new).table("steps", FRAME, kind="machine", keys=["units"], columns=about)
    assert (run / TABLE).read_text() == (new / TABLE).read_text()


def test_the_manifest_says_so_and_holds_the_present_hashes(run):
    found = migrate(run)
    manifest = json.loads(found.pop("manifest/forecaster.json").read_text())
    assert manifest["outputs"] == {name: sha256(path) for name, path in found.items()}
    assert manifest["migrated"] and manifest["stamp"] == {"notebook": "abc"}


def test_a_run_is_carried_over_once(run):
    first = {name: path.read_bytes() for name, path in migrate(run).items()}
    assert {name: path.read_bytes() for name, path in migrate(run).items()} == first
