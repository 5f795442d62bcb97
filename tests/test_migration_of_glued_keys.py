"""The one-off migration from glued keys to tables keeps every number, and says what it did."""

import json
import subprocess
import sys

import pandas as pd
import pytest

from isru import paths
from isru.recorded import Recorded
from isru.records import sha256, to_json, write_atomically

pytestmark = pytest.mark.slow

SCRIPT = paths.root() / "migrations" / "glued_keys_to_tables.py"
ENDS = {"low": 1.0000000001, "high": 5.5, "unit": "%", "kind": "machine"}
VALUES = {
    "predict_saving_numba_1x64": {"value": 3.123456789012, **ENDS},
    "predict_floor_numba_1x64": {"value": 0.0, **ENDS},
    "direction_predict_numba_1x64": {"value": "faster", "unit": "", "kind": "machine"},
    "loss_difference_1x32_low": {"value": 0.5, "unit": "%", "kind": "tolerance", "rtol": 0.1},
    "loss_difference_identity_1x32_low": {
        "value": 9.5,
        "unit": "%",
        "kind": "tolerance",
        "rtol": 0.1,
    },
    "control_1x32_low": {"value": "told apart", "unit": "", "kind": "tolerance"},
    "updates": {"value": 1500, "unit": "", "kind": "exact"},
    "bits_xz": {"value": 1.7, "unit": "bits", "kind": "tolerance"},
}
ADDRESSES = {
    "predict_saving_numba_1x64": "steps[step=predict, engine=numba, layers=1, units=64].saving",
    "predict_floor_numba_1x64": "steps[step=predict, units=64].floor",
    "direction_predict_numba_1x64": "steps[units=64].direction",
    "loss_difference_1x32_low": "differences[units=1x32_low, arm=isru].mean",
    "loss_difference_identity_1x32_low": "differences[arm=identity].mean",
    "control_1x32_low": "differences[arm=identity].control",
    "updates": "updates",
}
STEPS = "engine,layers,units,step,saving,low,high,plain\nnumba,1,64,predict,3.12345679,1,5.5,2.5\n"


@pytest.fixture
def run(tmp_path):
    """Return a run that recorded the characters under glued keys."""
    text = "{val}`characters.predict_saving_numba_1x64:.1f interval` of {val}`characters.updates`"
    cells = [
        {"cell_type": "markdown", "id": "title", "source": text},
        {"cell_type": "code", "id": "record-steps", "source": "print('other code')"},
    ]
    contents = {
        "notebooks/characters.ipynb": to_json({"cells": cells, "metadata": {}}),
        "values/characters.json": to_json(
            {"notebook": "characters", "provenance": {}, "values": VALUES}
        ),
        "tables/characters-steps.csv": STEPS,
    }
    for name, content in contents.items():
        write_atomically(tmp_path / name, content)
    outputs = {name: sha256(tmp_path / name) for name in contents}
    manifest = {"notebook": "characters", "stamp": {"notebook": "abc"}, "outputs": outputs}
    write_atomically(tmp_path / "manifest" / "characters.json", to_json(manifest))
    return tmp_path


def migrate(folder):
    subprocess.run([sys.executable, SCRIPT, folder], check=True, capture_output=True)
    return {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}


def test_each_value_is_the_cell_of_a_table_with_all_that_was_said_of_it(run):
    migrate(run)
    found = Recorded(run, "characters")
    assert {name: found[address] for name, address in ADDRESSES.items()} == {
        name: VALUES[name] for name in ADDRESSES
    }
    assert list(found.values_alone) == ["updates"]  # nothing quotes the size of an archive


def test_what_a_table_held_beside_stays(run):
    migrate(run)
    table = pd.read_csv(run / "tables" / "characters-steps.csv")
    assert table["plain"].tolist() == [2.5] and len(table) == 1


def test_prose_quotes_the_cell_and_code_that_ran_otherwise_stays(run):
    cells = json.loads(migrate(run)["notebooks/characters.ipynb"].read_text())["cells"]
    address = ADDRESSES["predict_saving_numba_1x64"]
    assert f"characters.{address}:.1f interval`" in cells[0]["source"]
    assert "{val}`characters.updates`" in cells[0]["source"]
    assert cells[1]["source"] == "print('other code')"


def test_the_manifest_says_so_and_holds_the_present_hashes(run):
    found = migrate(run)
    manifest = json.loads(found.pop("manifest/characters.json").read_text())
    assert manifest["outputs"] == {name: sha256(path) for name, path in found.items()}
    assert manifest["migrated"] and manifest["stamp"] == {"notebook": "abc"}


def test_a_run_is_carried_over_once(run):
    first = {name: path.read_bytes() for name, path in migrate(run).items()}
    assert {name: path.read_bytes() for name, path in migrate(run).items()} == first
