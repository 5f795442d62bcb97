"""The one-off migration from numbered chapters renames, and changes no number."""

import json
import subprocess
import sys

from isru import paths
from isru.records import sha256, to_json, write_atomically

SCRIPT = paths.root() / "migrations" / "chapters_by_name.py"
VALUES = {"saving_10": {"value": 3.25, "low": 1.0, "high": 5.5, "unit": "%", "kind": "machine"}}
TEXT = "{val}`06.saving_10` {rows}`06-steps`, models/06-tanh-10.npz"
CODE = """\
from isru.experiments import digits, frameworks
from isru.experiments.savings import savings as of_steps
from isru.figures.style import use_style
earlier = read_values("04")["cost"]  # 10.5 and 0.06 stay
settle_parameters("06-forecaster", globals())"""


def old_run(folder):
    """Write what a numbered chapter left behind."""
    cells = [
        {"cell_type": "code", "id": "imports", "source": CODE},
        {"cell_type": "markdown", "id": "text", "source": TEXT},
    ]
    values = {"notebook": "06-forecaster", "provenance": {}, "values": VALUES}
    contents = {
        "notebooks/06-forecaster.ipynb": to_json({"cells": cells, "metadata": {}}),
        "values/06.json": to_json(values),
        "tables/06-steps.csv": "units,ns\n10,3.25\n",
        "models/06-tanh-10.npz": "weights",
        "figures/saving.json": to_json({"id": "saving", "notebook": "06-forecaster"}),
        "figures/saving.svg": "<svg>notebook 06-forecaster, figure saving</svg>",
    }
    for name, content in contents.items():
        write_atomically(folder / name, content)
    stamp = {"upstream": {"04": "abc"}, "code": {"isru.experiments.savings": "d", "isru.lstm": "e"}}
    manifest = {
        "notebook": "06-forecaster",
        "stamp": stamp,
        "outputs": {name: sha256(folder / name) for name in contents},
    }
    write_atomically(folder / "manifest" / "06-forecaster.json", to_json(manifest))


def migrate(folder):
    subprocess.run([sys.executable, SCRIPT, folder], check=True, capture_output=True)


def files(folder):
    return {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}


def test_a_run_is_carried_over_with_its_numbers(tmp_path):
    old_run(tmp_path)
    migrate(tmp_path)
    found = files(tmp_path)
    manifest = json.loads(found.pop("manifest/forecaster.json").read_text())
    assert manifest["outputs"] == {name: sha256(path) for name, path in found.items()}
    assert manifest["migrated"][0]["from"] == "06-forecaster"
    assert manifest["stamp"]["upstream"] == {"activation-cost": "abc"}
    assert manifest["stamp"]["code"] == {"isru.studies.savings": "d", "isru.lstm": "e"}
    values = json.loads(found["values/forecaster.json"].read_text())
    assert (values["notebook"], values["values"]) == ("forecaster", VALUES)
    assert found["tables/forecaster-steps.csv"].read_text() == "units,ns\n10,3.25\n"
    assert found["models/forecaster-tanh-10.npz"].read_text() == "weights"
    assert "06" not in found["figures/saving.svg"].read_text()


def test_cells_name_chapters_and_modules_as_they_are_called_now(tmp_path):
    old_run(tmp_path)
    migrate(tmp_path)
    code, text = json.loads((tmp_path / "notebooks" / "forecaster.ipynb").read_text())["cells"]
    assert code["source"].splitlines() == [
        "from isru.chapters.precision_threads_frameworks import digits",
        "from isru.chapters.precision_threads_frameworks import frameworks",
        "from isru.studies.savings import savings as of_steps",
        "from isru.drawing.style import use_style",
        'earlier = read_values("activation-cost")["cost"]  # 10.5 and 0.06 stay',
        'settle_parameters("forecaster", globals())',
    ]
    assert text["source"] == (
        "{val}`forecaster.saving_10` {rows}`forecaster-steps`, models/forecaster-tanh-10.npz"
    )


def test_a_run_that_was_carried_over_is_left_alone(tmp_path):
    old_run(tmp_path)
    migrate(tmp_path)
    before = {name: path.read_bytes() for name, path in files(tmp_path).items()}
    migrate(tmp_path)
    assert before == {name: path.read_bytes() for name, path in files(tmp_path).items()}
