"""The smoke run of all notebooks takes its minutes beside the tests that come before it."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

RUN = """
REFRESH = [sys.executable, "-c", '''
from pathlib import Path
from time import sleep
Path("started").touch()
while not Path("meanwhile").exists():
    sleep(0.05)
Path("ended").touch()
''']
"""
TESTS = """
from pathlib import Path
from time import monotonic, sleep

def test_before():
    deadline = monotonic() + 60
    while not Path("started").exists() and monotonic() < deadline:
        sleep(0.05)
    assert Path("started").exists()
    {then}

def test_that_wants_it(smoke):
    assert Path("ended").exists()
"""


def outcome(folder, then):
    """Return what pytest says of two tests, the second of which wants the smoke run."""
    conftest = Path(__file__).with_name("conftest.py").read_text(encoding="utf-8")
    (folder / "conftest.py").write_text(conftest + RUN, encoding="utf-8")
    (folder / "test_both.py").write_text(TESTS.format(then=then), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--rootdir", str(folder), str(folder)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100).stdout


def test_it_starts_at_once_and_is_waited_for(tmp_path):
    assert "2 passed" in outcome(tmp_path, "Path('meanwhile').touch()")


def test_it_ends_with_the_tests_that_nobody_waits_for(tmp_path):
    assert "1 failed" in outcome(tmp_path, "assert False")
    assert not (tmp_path / "ended").exists()
