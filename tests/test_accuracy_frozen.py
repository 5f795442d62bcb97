"""How accuracy is judged is what was frozen before a network with a seed of the study was trained.

What changes later is told in `book/history-of-rules.yml`; only then its hash may stand in CHANGED.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from isru import paths
from isru.chapters.accuracy.coverage import PILOTS
from isru.digests import code_digest, digest

COMMIT = "26c53f9"
CLAIMS = ("C5", "C6", "C11", "C15")
JUDGED_BY = ("rule", "margin", "relevance_margin", "unit", "family", "metric")
FROZEN = {
    "src/isru/studies/octaves.py": "cffd61805837639a",
    "src/isru/chapters/accuracy/training.py": "7fef6ee47281899d",
    "src/isru/chapters/accuracy/tasks/__init__.py": "87f2bf32b4a46eb3",
    "src/isru/chapters/accuracy/tasks/characters.py": "5ff394c2a19f6854",
    "src/isru/chapters/accuracy/tasks/digits.py": "298651c20180fc25",
    "src/isru/chapters/accuracy/tasks/dyck.py": "1f96ac7f41c7cc60",
    "src/isru/chapters/accuracy/tasks/entry.py": "eb9e06eb24aec3a7",
    "src/isru/chapters/accuracy/tasks/laser.py": "fc9986998a949b33",
    "src/isru/chapters/accuracy/tasks/mackey_glass.py": "ea6c10b0efa84f5d",
    "src/isru/chapters/accuracy/tasks/narma.py": "5446499c1a78909f",
    "src/isru/chapters/accuracy/tasks/series.py": "bcaf46e84a2930b1",
    "src/isru/chapters/accuracy/tasks/vowels.py": "4ec589d5a4026964",
    "src/isru/chapters/accuracy/tasks/watch.py": "b19dc598be0c28a4",
    "book/claims.yml": "b0833c5348aad2ba",
}
COVERAGE = "src/isru/chapters/accuracy/coverage.py"
# What was changed since, as `book/history-of-rules.yml` tells: a reason's wording.
CHANGED = {"book/claims.yml": "882e798944b2cc6e"}
REMEDY = "tell the change in book/history-of-rules.yml, then put the new hash into CHANGED"


def rules(text: str) -> str:
    """Return the hash of what judges the claims on accuracy."""
    claims = {claim["id"]: claim for claim in yaml.safe_load(text)}
    return digest([[claims[name].get(field) for field in JUDGED_BY] for name in CLAIMS])


def full_seeds() -> dict[str, int]:
    """Return how many seeds each task of the full run has."""
    text = (paths.root() / "notebooks" / "parameters" / "full.yml").read_text(encoding="utf-8")
    told = yaml.safe_load(text)["accuracy"]
    return dict(zip(told["tasks"], told["seeds"], strict=True))


def digest_of(path: str, text: str) -> str:
    return rules(text) if path.endswith(".yml") else code_digest(text)


@pytest.mark.parametrize("path", FROZEN)
def test_what_decides_is_as_it_was_frozen(path):
    text = (paths.root() / path).read_text(encoding="utf-8")
    assert digest_of(path, text) == (FROZEN | CHANGED)[path], f"{path}: {REMEDY}"


def test_every_task_is_frozen():
    folder = Path("src/isru/chapters/accuracy/tasks")
    found = {(folder / path.name).as_posix() for path in (paths.root() / folder).glob("*.py")}
    assert found <= set(FROZEN)


def test_the_batteries_are_simulated_with_the_seeds_of_the_full_run():
    assert {name: pilot.seeds for name, pilot in PILOTS.items()} == full_seeds()


def test_hashes_and_seeds_are_those_of_the_commit_that_the_page_names():
    for path, frozen in FROZEN.items():
        command = ["git", "show", f"{COMMIT}:{path}"]
        shown = subprocess.run(command, cwd=paths.root(), capture_output=True, check=False)
        if shown.returncode:
            pytest.skip("the history does not reach back to the freeze")
        assert digest_of(path, shown.stdout.decode()) == frozen, path
    command = ["git", "show", f"{COMMIT}:{COVERAGE}"]
    shown = subprocess.run(command, cwd=paths.root(), capture_output=True, check=True).stdout
    assert re.findall(r'^    "(\w+)": Pilot\((\d+),', shown.decode(), re.MULTILINE) == [
        (task, str(count)) for task, count in full_seeds().items()
    ]
    notebook = (paths.notebooks() / "accuracy.ipynb").read_text(encoding="utf-8")
    assert f'frozen: str = \\"{COMMIT}\\"' in notebook
