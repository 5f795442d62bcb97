"""The law of the rooms: imports point downward, and each room says what lies there."""

import pytest

from isru.publish import rooms


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A package of a few rooms, to break the law in."""
    for name in ("lstm", "activations", "chapters/one", "chapters/two"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "__init__.py").write_text('"""A room.\n\nNot here: guests.\n"""\n')
    (tmp_path / "chapters" / "__init__.py").write_text('"""Chapters.\n\nNot here: guests.\n"""\n')
    monkeypatch.setattr(rooms, "package", lambda: tmp_path)
    rooms.all_imports.cache_clear()
    yield tmp_path
    rooms.all_imports.cache_clear()


def test_every_import_points_downward_and_no_chapter_imports_another():
    assert rooms.faults() == []


def test_every_room_says_what_lies_there_and_what_may_not():
    assert [room for floor in rooms.plan()["floors"] for room in floor]


@pytest.mark.parametrize(
    ("module", "line", "said"),
    [
        ("activations/isru.py", "from isru.lstm import cell", "activations imports lstm"),
        ("activations/isru.py", "def f():\n    import isru.lstm", "activations imports lstm"),
        ("activations/isru.py", "from isru import LSTMNetwork", "activations imports lstm"),
        ("chapters/one/a.py", "from isru.chapters import two", "no chapter imports another"),
        ("chapters/one/a.py", "from isru.chapters.two.b import c", "no chapter imports another"),
        ("cellar/__init__.py", "", "cellar: stands on no floor"),
        ("cellar.py", "", "cellar.py: stands on no floor"),
    ],
)
def test_what_breaks_the_law_is_named(house, module, line, said):
    assert rooms.faults() == []
    rooms.all_imports.cache_clear()
    (house / module).parent.mkdir(exist_ok=True)
    (house / module).write_text(f"{line}\n")
    (found,) = rooms.faults()
    assert said in found


def test_a_way_down_is_lawful_wherever_it_stands(house):
    code = "from isru.activations import isru\nfrom isru import lstm, __version__\n"
    (house / "chapters" / "one" / "a.py").write_text(code)
    assert rooms.faults() == []
    assert [other for _, other, _ in rooms.all_imports()] == ["activations", "lstm"]


@pytest.mark.parametrize("text", ["", "A room.", "Not here: guests.", "A room.\n\nNot here:"])
def test_a_room_without_its_sentences_is_refused(house, text):
    (house / "lstm" / "__init__.py").write_text(f'"""{text}"""\n')
    with pytest.raises(ValueError, match=r"isru/lstm/__init__\.py: expected a docstring"):
        rooms.plan()
