"""`make test` runs every test once, in two processes."""

from argparse import Namespace

import pytest

from isru import commands

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
