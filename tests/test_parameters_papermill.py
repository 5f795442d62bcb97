"""Under plain papermill, a value that its YAML and version 1.2 read differently is refused."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest
from notebook_files import write_notebook

from isru.publish import injected

pytestmark = pytest.mark.slow

PAPERMILL = ["python3.11", "-m", "papermill", "in.ipynb", "out.ipynb"]


@pytest.fixture
def differing(tmp_path, monkeypatch):
    """Return a function: what papermill made of the parameters in a command -> what differs."""
    (tmp_path / "p.yml").write_text("seed: 010\nforecaster:\n  units: [010]\n  rate: 0.5\n")

    class Parent:
        def __init__(self, number):
            assert number == os.getppid()

        def cmdline(self):
            return command

        def cwd(self):
            return str(tmp_path)

        def environ(self):
            return {}

    monkeypatch.setattr("psutil.Process", Parent)
    command = []

    def of(words, given):
        command[:] = words
        return injected.read_differently(given, "forecaster")

    return of


def coded(text):
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("words", "given", "found"),
    [
        (["-y", "seed: 010"], {"seed": 8}, {"seed": (8, 10)}),
        (["--parameters_yaml=t: 1:30"], {"t": 90}, {"t": (90, "1:30")}),
        (["-b", coded("flag: no")], {"flag": False}, {"flag": (False, "no")}),
        (["-f", "p.yml"], {"seed": 8, "units": [8], "rate": 0.5}, {"seed", "units"}),
        (["-f", "gone.yml"], {"seed": 8}, {}),
        (["-y", "{seed: 7, rate: 0.5}"], {"seed": 7, "rate": 0.5}, {}),
        (["-y", "seed: 010", "-p", "seed", "8"], {"seed": 8}, {}),
        (["-y", "fast: {a: 010}"], {}, {}),
    ],
)
def test_what_the_two_versions_read_differently_is_found(differing, words, given, found):
    result = differing(PAPERMILL + words, given)
    assert (set(result) if isinstance(found, set) else result) == found


def test_another_parent_than_papermill_tells_nothing(differing):
    said = ["-y", "seed: 010"]
    for start in (["/x/bin/papermill"], ["python", "-X", "dev", "/x/bin/papermill"]):
        assert differing([*start, "in.ipynb", "out.ipynb", *said], {"seed": 8})
    for start in (["python", "-m", "jupyter"], ["python", "-m", "isru.publish.worker"], []):
        assert not differing([*start, "in.ipynb", "out.ipynb", *said], {"seed": 8})


def test_a_plain_papermill_command_is_refused_with_both_readings(compendium):
    cell = "n: int = 1  # a number, 1..100"
    write_notebook(compendium, "a", ["record.value('x', n, kind='exact')"], parameters=cell)
    Path(compendium / "p.yml").write_text("a:\n  n: 010\n")
    command = [sys.executable, "-m", "papermill", "notebooks/a.ipynb", "out.ipynb"]
    done = subprocess.run(
        [*command, "-k", "python3", "--no-progress-bar", "-f", "p.yml"],
        capture_output=True,
        text=True,
        cwd=compendium,
        check=False,
    )
    assert "parameter n: papermill read 8 where YAML 1.2 has 10" in done.stderr
