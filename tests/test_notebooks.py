"""Which notebooks there are: foreign ones are named and left alone, doubtful ones are refused."""

import json
import logging

import pytest
from notebook_files import write_notebook

from isru.errors import CompendiumError
from isru.publish import notebooks
from isru.publish.job import Job
from isru.publish.notebooks import all_notebooks, select
from isru.publish.parameters import declared_parameters, given_parameters, read_profile
from isru.publish.runner import execute
from isru.publish.staleness import notebook_code

pytestmark = pytest.mark.slow

EMPTY = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@pytest.fixture(autouse=True)
def _nothing_said(monkeypatch):
    monkeypatch.setattr(notebooks, "_NAMED", set())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("Untitled.ipynb", EMPTY),
        ("Untitled.ipynb", ""),
        ("an-idea.ipynb", EMPTY),
        ("forecaster-Copy1.ipynb", None),
        ("{x}.ipynb", "{"),
    ],
)
def test_a_foreign_notebook_is_named_once_and_ignored(compendium, caplog, name, content):
    own = write_notebook(compendium, "forecaster", ["1"])
    path = compendium / "notebooks" / name
    path.write_text(own.read_text() if content is None else content)
    with caplog.at_level(logging.WARNING):
        assert [n.name for n in all_notebooks()] == ["forecaster"]
        assert [n.name for n in select(None)] == ["forecaster"]
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [f"notebooks/{name}"]
    with pytest.raises(CompendiumError, match=r"is no chapter: (its name|it has no metadata)"):
        select(f"forecaster,{path.stem}")
    assert read_profile("quick") == {}


def test_a_number_is_refused_with_the_name_of_the_chapter(compendium):
    write_notebook(compendium, "forecaster", ["1"])
    former = compendium / "book" / "former-names.yml"
    former.parent.mkdir(exist_ok=True)
    former.write_text("06-forecaster: forecaster\n")
    for name in ("06", "06-forecaster", "06-forecaster.ipynb"):
        with pytest.raises(CompendiumError, match=r"by its name: 06.* is now forecaster"):
            select(name)


def test_chapters_come_in_the_order_of_the_contents_and_the_others_after_them(compendium):
    for name in ("a", "b", "c"):
        write_notebook(compendium, name, ["1"])
    contents = "root: book/intro\nchapters:\n- file: results/notebooks/c\n"
    (compendium / "_toc.yml").write_text(contents)
    assert [n.name for n in all_notebooks()] == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("", "forecaster.ipynb: expected a notebook"),
        ("\x00", "forecaster.ipynb: expected a notebook"),
        ("[]", "forecaster.ipynb: expected a notebook"),
        ("<<<<<<< ours\n{}\n", "forecaster.ipynb: expected a notebook"),
        ("[" * 100_000, "forecaster.ipynb: expected a notebook"),
        ({"kind": "good"}, "expected a kind of"),
        ({"kind": ["exact"]}, "expected a kind of"),
        ({"needs": "isru"}, "needs: expected a list of chapters' names, got 'isru'"),
        ({"needs": [4]}, "needs: expected a list of chapters' names"),
        ({"needs": ["nobody"]}, "unknown notebook 'nobody' needed by forecaster"),
        ({"needs": ["forecaster"]}, "notebooks need each other: forecaster -> forecaster"),
        ({"measures": "no"}, "measures: expected true or false, got 'no'"),
        ({"budget_minutes": 3}, "budget_minutes: expected minutes above 0 of smoke, quick"),
        ({"budget_minutes": {"smoke": 1}}, "budget_minutes: expected minutes above 0"),
        (
            {"budget_minutes": {"smoke": 1, "quick": "long", "full": 1}},
            "budget_minutes: expected minutes above 0",
        ),
    ],
)
def test_a_broken_notebook_is_refused_with_its_name_and_what_is_wrong(compendium, change, message):
    path = write_notebook(compendium, "forecaster", ["1"])
    if isinstance(change, str):
        path.write_text(change)
    else:
        content = json.loads(path.read_text())
        content["metadata"]["isru"] |= change
        path.write_text(json.dumps(content))
    with pytest.raises(CompendiumError, match=message):
        all_notebooks()


def test_a_notebook_that_is_no_utf_8_is_refused(compendium):
    path = write_notebook(compendium, "forecaster", ["1"])
    path.write_bytes(b'{"a": "\xff"}')
    with pytest.raises(CompendiumError, match=r"forecaster.ipynb: expected a notebook"):
        all_notebooks()


@pytest.mark.parametrize("code", ["<<<<<<< ours", "%matplotlib inline", "x = (1", "a = 1\n!ls"])
def test_a_cell_that_is_no_python_is_named_with_its_line(compendium, code):
    path = write_notebook(compendium, "forecaster", ["1", code])
    with pytest.raises(CompendiumError, match=r"forecaster.ipynb: .* code cell 3, got '"):
        notebook_code(path)


def test_a_folder_of_any_name_holds_notebooks_that_run(compendium, monkeypatch):
    root = compendium.rename(compendium.with_name('it\'s {x} {0} [1] $(touch y) `z` %s "q" ü'))
    monkeypatch.setenv("ISRU_ROOT", str(root))
    body = "record.value('x', n, kind='exact', note=t)"
    cell = "n: int = 1  # a number, 1..10\nt: str = 'a'  # any text"
    path = write_notebook(root, "a", [body], parameters=cell)
    given = given_parameters("a", declared_parameters(path), "n=7; t='it''s {x}; $(touch y)'")
    execute([Job(select("a")[0], "adhoc", "adhoc", given)])
    values = json.loads((root / "runs" / "adhoc" / "values" / "a.json").read_text())["values"]
    assert (values["x"]["value"], values["x"]["note"]) == (7, "it's {x}; $(touch y)")
