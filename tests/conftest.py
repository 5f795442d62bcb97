"""A small compendium of its own for the tests of the pipeline, and one smoke run for all."""

import contextlib
import os
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
SMOKE = pytest.StashKey()
REFRESH = [sys.executable, "-m", "isru", "refresh", "--profile", "smoke"]


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
