"""The one-off migration that describes tables writes what recording them writes, and says so."""

import json
import subprocess
import sys

import nbformat
import pandas as pd
import pytest

from isru import paths
from isru.records import Record, sha256, to_json, write_atomically

pytestmark = pytest.mark.slow

SCRIPT = paths.root() / "migrations" / "table_descriptions.py"
TABLE = "tables/exp-free-cells.json"
FRAME = pd.DataFrame({"arm": ["tanh"], "units": [10], "skill": [2.5], "diverged": [False]})
CODE = 'cells = record.table("cells", cells_table(rows), kind="tolerance")\ncells.round(1)'


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return the folder of a run with a table that nothing describes, and the description."""
    cell = tmp_path / "cell"
    cell.write_text("cells-table", encoding="utf-8")
    monkeypatch.setenv("ISRU_CELL", str(cell))
    folder = tmp_path / "run"
    Record("exp-free", folder).table("cells", FRAME, kind="tolerance")
    about = (folder / TABLE).read_bytes()
    (folder / TABLE).unlink()
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CODE, id="cells-table")])
    (folder / "notebooks").mkdir()
    nbformat.write(notebook, folder / "notebooks" / "exp-free.ipynb")
    outputs = {p.relative_to(folder).as_posix(): sha256(p) for p in folder.rglob("*.*")}
    manifest = {"notebook": "exp-free", "stamp": {"notebook": "abc"}, "outputs": outputs}
    write_atomically(folder / "manifest" / "exp-free.json", to_json(manifest))
    return folder, about


def migrate(folder):
    subprocess.run([sys.executable, SCRIPT, folder], check=True, capture_output=True)
    return {p.relative_to(folder).as_posix(): p for p in folder.rglob("*.*") if p.is_file()}


def test_a_described_table_is_described_as_a_new_one(run):
    folder, about = run
    assert migrate(folder)[TABLE].read_bytes() == about


def test_the_manifest_says_so_and_holds_the_present_hashes(run):
    found = migrate(run[0])
    manifest = json.loads(found.pop("manifest/exp-free.json").read_text())
    assert manifest["outputs"] == {name: sha256(path) for name, path in found.items()}
    assert manifest["migrated"] and manifest["stamp"] == {"notebook": "abc"}


def test_a_run_is_carried_over_once(run):
    first = {name: path.read_bytes() for name, path in migrate(run[0]).items()}
    assert {name: path.read_bytes() for name, path in migrate(run[0]).items()} == first


def test_a_table_with_keys_is_left_to_its_next_run(run):
    folder, _ = run
    path = folder / "notebooks" / "exp-free.ipynb"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('kind=\\"tol', 'keys=[\\"arm\\"], kind=\\"tol'), encoding="utf-8")
    assert TABLE not in migrate(folder)
