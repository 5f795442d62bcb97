"""A chapter from the template: whole, its own, and never in the place of another."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from isru import paths
from isru.errors import CompendiumError
from isru.publish.notebooks import read_notebook, select
from isru.publish.parameters import declared_parameters
from isru.publish.template import make_chapter

TEMPLATES = Path(__file__).parents[1] / "templates"


@pytest.fixture
def house(compendium):
    """A compendium with the template."""
    shutil.copytree(TEMPLATES, compendium / "templates")
    return compendium


def test_a_new_chapter_is_whole_before_the_contents_name_it(house):
    written = make_chapter("deep-tails")
    assert written == [
        "notebooks/deep-tails.ipynb",
        *(f"src/isru/chapters/deep_tails/{n}.py" for n in ("__init__", "study", "figures")),
        "tests/test_deep_tails.py",
    ]
    texts = [(house / path).read_text(encoding="utf-8") for path in written]
    assert not [text for text in texts if "new-chapter" in text or "new_chapter" in text]
    assert "isru.chapters.deep_tails.study" in texts[0]
    for text in texts[1:]:
        ast.parse(text)
    assert [notebook.name for notebook in select("deep-tails")] == ["deep-tails"]
    assert list(declared_parameters(house / written[0])) == ["points", "seed"]
    assert read_notebook(paths.notebooks() / "deep-tails.ipynb").needs == ()


def test_a_new_chapter_keeps_to_the_form(house):
    written = make_chapter("deep-tails")
    ruff = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--config",
        str(TEMPLATES.parent / "pyproject.toml"),
    ]
    subprocess.run([*ruff, *written], cwd=house, check=True, capture_output=True)


@pytest.mark.parametrize(
    "name", ["", "Deep", "deep_tails", "../x", "14-deep", "a b", "new-chapter"]
)
def test_a_name_that_is_none_is_refused_in_words(house, name):
    with pytest.raises(CompendiumError, match="expected lower case words joined by '-'"):
        make_chapter(name)


def test_nothing_is_written_over(house):
    (house / "tests").mkdir()
    (house / "tests" / "test_deep_tails.py").write_text("mine")
    with pytest.raises(CompendiumError, match=r"tests/test_deep_tails\.py is there"):
        make_chapter("deep-tails")
    assert not (house / "notebooks" / "deep-tails.ipynb").exists()
