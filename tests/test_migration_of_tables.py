"""The one-off migration from glued keys to tables moves every number, and changes none."""

import json
import os
import subprocess
import sys

import pytest

from isru import paths
from isru.publish.staleness import upstream_digest
from isru.recorded import NotRecorded, Recorded, read_value
from isru.records import sha256, to_json, write_atomically

pytestmark = pytest.mark.slow

CHECKOUT = paths.root()
SCRIPT = CHECKOUT / "migrations" / "values_to_tables.py"
SHARE = {"value": 15.7312345678, "unit": "%", "kind": "machine", "low": 14.0, "high": 17.0}
SHARES = "step,batch,units,part,step_us,share,low,high\npredict,1,10,activations,287,{},14,17\n"


def old_run(folder, share="15.7312346"):
    """Write what the chapter on the LSTM, and one that reads its values, left behind."""
    values = {
        "gradient_right": {"value": "right", "unit": "", "kind": "tolerance"},
        "problems": {"value": 3, "unit": "", "kind": "machine"},  # nothing quotes it
        "activations_predict_1_10": SHARE,
    }
    content = {"notebook": "lstm", "provenance": {}, "values": values, "tables": {}}
    cell = {"cell_type": "code", "metadata": {}, "source": "old", "execution_count": 7}
    outputs = [{"output_type": "stream", "name": "stdout", "text": "shown"}]
    page = {"cells": [cell | {"id": "problems", "outputs": outputs}], "metadata": {}}
    contents = {
        "notebooks/lstm.ipynb": to_json(page),
        "values/lstm.json": to_json(content),
        "tables/lstm-step-shares.csv": SHARES.format(share),
        "tables/lstm-counts.csv": "cell,units\nlstm,10\n",
        "values/reader.json": to_json({"notebook": "reader", "values": {}}),
    }
    for name, text in contents.items():
        write_atomically(folder / name, text)
    for name, upstream in (
        ("lstm", {}),
        ("reader", {"lstm": upstream_digest("lstm", [folder]), "isru": "stale already"}),
    ):
        own = [file for file in contents if name in file]
        stamp = {"notebook": "a hash", "upstream": upstream}
        manifest = {"stamp": stamp, "outputs": {file: sha256(folder / file) for file in own}}
        write_atomically(folder / "manifest" / f"{name}.json", to_json(manifest))


def migrate(folder):
    done = subprocess.run(
        [sys.executable, SCRIPT, folder],
        env=os.environ | {"ISRU_ROOT": str(CHECKOUT)},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stderr


@pytest.fixture
def run(tmp_path):
    """Return the folder of a run that was carried over."""
    old_run(tmp_path)
    assert migrate(tmp_path) == (0, "")
    return tmp_path


def test_a_value_is_the_cell_of_the_same_number_interval_and_unit(run):
    recorded = Recorded(run, "lstm")
    shares = "step-shares[step=predict, batch=1, units=10, part=activations].share"
    assert recorded[shares] == SHARE | {"value": 15.7312346}
    assert read_value("lstm.gradient_right", run) == "right"
    with pytest.raises(NotRecorded):
        recorded["problems"]
    assert recorded["gradient_right"]["cell"] == "gradient-values"


def test_every_table_says_what_it_holds(run):
    about = json.loads((run / "tables" / "lstm-counts.json").read_text())
    assert about["columns"]["cell"] == {
        "label": "Cell",
        "type": "text",
        "unit": "",
        "kind": "exact",
    }
    assert "tables" not in json.loads((run / "values" / "lstm.json").read_text())


def test_the_page_has_the_present_cells_with_their_recorded_outputs(run):
    page = json.loads((run / "notebooks" / "lstm.ipynb").read_text())["cells"]
    source = json.loads((CHECKOUT / "notebooks" / "lstm.ipynb").read_text())["cells"]
    assert [cell["id"] for cell in page] == [cell["id"] for cell in source]
    (problems,) = [cell for cell in page if cell["id"] == "problems"]
    assert problems["outputs"][0]["text"] == "shown" and problems["source"] != "old"


def test_the_manifest_says_so_and_the_stamp_stays(run):
    manifest = json.loads((run / "manifest" / "lstm.json").read_text())
    assert manifest["stamp"]["notebook"] == "a hash" and manifest["migrated"]
    own = [*run.glob("*/lstm.*"), *run.glob("*/lstm-*")]
    files = {path.relative_to(run).as_posix(): path for path in own}
    del files["manifest/lstm.json"]
    assert manifest["outputs"] == {name: sha256(path) for name, path in files.items()}
    upstream = json.loads((run / "manifest" / "reader.json").read_text())["stamp"]["upstream"]
    assert upstream == {"lstm": upstream_digest("lstm", [run]), "isru": "stale already"}


def test_a_run_that_was_carried_over_is_left_alone(run):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    migrate(run)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_a_value_that_its_table_does_not_hold_stops_the_migration(tmp_path):
    old_run(tmp_path, share="15.8")
    code, said = migrate(tmp_path)
    assert code and "lstm.activations_predict_1_10: value was 15.7312345678, is 15.8" in said
