"""What fails inside the book's extension is told with page, place and cause."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "book" / "_ext"))

from isru_book import telling
from isru_book.run import Run


class Fails:
    """A directive and a role that fail."""

    arguments = ("x",)
    text = "forecaster.x"

    def run(self):
        """Fail as a state file does that lacks a key."""
        return {}["kind"]

    def __call__(self, *_):
        """Run as a role."""
        return self.run()

    def get_location(self):
        """Return where it stands."""
        return "book/intro.md:3"


def test_an_exception_of_the_extension_is_told_with_page_and_cause(monkeypatch):
    told = []
    monkeypatch.setattr(
        telling.LOGGER, "error", lambda text, *words, location, **_: told.append([location, *words])
    )
    assert telling.told_directive("result-table", Fails)().run() == []
    assert telling.told_role("val", Fails())("val", "forecaster.x") == ([], [])
    app = SimpleNamespace(env=SimpleNamespace(temp_data={"docname": "book/figures"}))
    assert telling.told_handler(lambda app, page: {}["kind"])(app, "book/intro") is None
    assert telling.told_handler(lambda app, page: {}["kind"])(app, None) is None
    assert [row[0] for row in told] == [*["book/intro.md:3"] * 2, "book/intro", "book/figures"]
    assert [row[1] for row in told[:2]] == ["result-table x", "val forecaster.x"]
    assert all("KeyError: 'kind' (test_telling.py, line" in row[2] for row in told)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "results/values/forecaster.json: expected JSON, got "),
        ("[]", "results/values/forecaster.json: expected an object, got list"),
        ('{"notebook": 6}', "results/values/forecaster.json: notebook: expected str, got int"),
        (
            '{"notebook": "x"}',
            "results/values/forecaster.json: provenance: expected dict, got nothing",
        ),
        (b"\xff", "results/values/forecaster.json: expected JSON, got .*utf-8"),
    ],
)
def test_an_odd_file_of_a_run_is_named(tmp_path, text, message):
    path = tmp_path / "results" / "values" / "forecaster.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=message):
        Run(tmp_path).every_values()
