"""A small compendium of its own for the tests of the pipeline, and one smoke run for all."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile

import psutil
import pytest

from isru import paths
from isru.lifeline import ENDS_WITH_STDIN
from isru.publish.processor import leave_out_impossible

leave_out_impossible()  # before anything computes
for name in ("SIGINT", "SIGHUP"):  # ignored where a shell started the tests in its background
    number = getattr(signal, name, None)
    if number is not None and signal.getsignal(number) == signal.SIG_IGN:
        handler = signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
        signal.signal(number, handler)
# The C compiler's own files: made once, not in each compendium of a test.
os.environ.update({**paths.compiler_caches(), **os.environ})
SLOW_FILE = re.compile(r"^pytestmark = (?:\[[^]]*?)?pytest\.mark\.slow", re.MULTILINE)
UNIT_SECONDS = 2.0  # of the processor, by a test of the unit tier and what it starts
SMOKE = pytest.StashKey()
REFRESH = [sys.executable, "-m", "isru", "refresh", "--profile", "smoke"]


def pytest_addoption(parser):
    """Add the choice of a tier: what is not marked slow is of the tier ``unit``."""
    about = "unit: the tests that are not marked slow; whole: all of them"
    parser.addoption("--tier", choices=("unit", "whole"), default="whole", help=about)


def pytest_ignore_collect(collection_path, config):
    """Do not even import a file of slow tests for the unit tier."""
    if config.option.tier == "unit" and collection_path.suffix == ".py":
        return bool(SLOW_FILE.search(collection_path.read_text(encoding="utf-8"))) or None
    return None


def pytest_collection_modifyitems(config, items):
    """Leave the slow tests of other files out of the unit tier."""
    if config.option.tier == "unit":
        slow = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Let a test of the unit tier fail that is too slow for it."""
    before = os.times()
    result = yield
    spent = sum(os.times()[:4]) - sum(before[:4])
    if item.config.option.tier == "unit" and spent > UNIT_SECONDS:
        pytest.fail(
            f"took {spent:.1f} s of the processor, expected at most {UNIT_SECONDS:g} in the tier "
            "unit: make it smaller, or mark it (or its file: pytestmark) with pytest.mark.slow"
        )
    return result


def pytest_collection_finish(session):
    """Start the smoke run where a test wants it: it takes its minutes beside the other tests."""
    wanted = any("smoke" in getattr(item, "fixturenames", ()) for item in session.items)
    if wanted and not session.config.option.collectonly:
        said = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        # Its standard input ends with the tests, however these end.
        settings = {"stdin": subprocess.PIPE, "env": os.environ | {ENDS_WITH_STDIN: "1"}}
        process = subprocess.Popen(REFRESH, stdout=said, stderr=said, **settings)
        session.config.stash[SMOKE] = process, said


def pytest_unconfigure(config):
    """End a smoke run that nobody waits for any more; what it had finished is kept."""
    if SMOKE in config.stash:
        process, said = config.stash[SMOKE]
        if process.poll() is None:
            started = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:  # where a shell lets all that it starts ignore it
                for each in (*started, process):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        each.kill()
                process.wait()
        said.close()


@pytest.fixture(autouse=True)
def _nothing_read_before(monkeypatch):
    """Let a test's rows not rest on the data that other tests have read, in places of theirs."""
    monkeypatch.setattr("isru.notes._data", {})


@pytest.fixture(scope="session")
def smoke(request):
    """Return the folder of a smoke run that is current; what was stale of it ran meanwhile."""
    process, said = request.config.stash[SMOKE]
    failed = process.wait()
    said.seek(0)
    assert not failed, said.read()[-4000:]
    return paths.run("smoke")


@pytest.fixture
def compendium(tmp_path, monkeypatch):
    """Return the folder of an empty compendium; its path has a space."""
    root = tmp_path / "a compendium"
    (root / "notebooks" / "parameters").mkdir(parents=True)
    (root / "_toc.yml").write_text("format: jb-book\nroot: book/intro\n")
    for profile in ("smoke", "quick", "full"):
        (root / "notebooks" / "parameters" / f"{profile}.yml").write_text("{}\n")
    monkeypatch.setenv("ISRU_ROOT", str(root))
    # It is no clone, and what has no commit is not published.
    monkeypatch.setattr("isru.provenance.commit", lambda _: ("0123456789", False))
    monkeypatch.delenv("ISRU_UPSTREAM", raising=False)
    monkeypatch.delenv("ISRU_RUN_FOLDER", raising=False)
    return root
