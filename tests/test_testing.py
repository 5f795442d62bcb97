"""`make test` runs every test once, in two processes."""

import os
import signal
import subprocess
import sys
from argparse import Namespace

import pytest

from isru import commands
from isru.lifeline import Terminated, beside

pytestmark = pytest.mark.slow

TEST = (
    "from pathlib import Path\n\ndef test_it():\n    Path('{name}').touch()\n    assert {holds}\n"
)


@pytest.mark.parametrize("failing", ["", "test_book_of_one.py", "test_one.py"])
def test_every_test_runs_once_and_a_failure_in_either_process_counts(compendium, capfd, failing):
    (compendium / "tests").mkdir()
    for name in ("test_book_of_one.py", "test_one.py"):
        text = TEST.format(name=f"ran {name}", holds=name != failing)
        (compendium / "tests" / name).write_text(text, encoding="utf-8")
    assert bool(commands.test(Namespace(select=""))) == bool(failing)
    assert len(list(compendium.glob("ran *"))) == 2
    said = capfd.readouterr().out
    assert said.count("1 passed") == (1 if failing else 2)
    assert said.count("1 failed") == (1 if failing else 0)
    ended = {"": "both passed", "test_one.py": "the first failed"}.get(failing, "the second failed")
    assert said.endswith(f"Two test processes: {ended}\n")


@pytest.mark.parametrize("names", [["test_one.py"], ["test_one.py", "test_book_of_one.py"]])
def test_no_test_runs_twice_wherever_the_checkout_lies(tmp_path, monkeypatch, names):
    """Also without a test for the second process, and in a folder whose name is a pattern."""
    root = tmp_path / "a [b]*"
    (root / "tests").mkdir(parents=True)
    (root / "pytest.ini").write_text("[pytest]\ntestpaths = tests\n", encoding="utf-8")
    monkeypatch.setattr(commands.paths, "root", lambda: root)
    for name in names:
        text = f"def test_it():\n    open('ran', 'a').write('{name} ')\n"
        (root / "tests" / name).write_text(text, encoding="utf-8")
    assert commands.test(Namespace(select="")) == 0
    assert sorted((root / "ran").read_text().split()) == sorted(names)


TIDY = (
    "import signal, time\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "try:\n    print('on', flush=True)\n    time.sleep(60)\n"
    "finally:\n    time.sleep(0.3)\n    print('tidy', flush=True)"
)


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
@pytest.mark.parametrize(("interruption", "left"), [(KeyboardInterrupt, "tidy"), (Terminated, "")])
def test_a_process_beside_that_ctrl_c_reached_too_puts_its_things_in_order(interruption, left):
    """One that only this process was asked to end is asked in its turn."""
    command, settings = [sys.executable, "-c", TIDY], {"stdout": subprocess.PIPE, "text": True}
    with pytest.raises(interruption), beside(command, stderr=subprocess.DEVNULL, **settings) as one:
        assert one.stdout.readline() == "on\n"
        said = os.fdopen(os.dup(one.stdout.fileno()))
        if interruption is KeyboardInterrupt:
            one.send_signal(signal.SIGINT)
        raise interruption
    with said:
        assert said.read().strip() == left
