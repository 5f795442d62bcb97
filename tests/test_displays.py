"""A page may show other things than its run did, as long as both compute the same."""

import nbformat
import pytest

from isru.publish.normalise import with_present_prose

NEW = nbformat.v4


def executed(*cells):
    """Return an executed notebook; a cell is its code, or code and what it showed."""
    pairs = [(cell, None) if isinstance(cell, str) else cell for cell in cells]
    made = [
        NEW.new_code_cell(
            code,
            outputs=[NEW.new_output("execute_result", {"text/plain": shown})] if shown else [],
        )
        for code, shown in pairs
    ]
    return NEW.new_notebook(cells=made)


def source(*cells, **metadata):
    made = [NEW.new_code_cell(code, metadata=metadata) for code in cells]
    return NEW.new_notebook(cells=[NEW.new_markdown_cell("present prose"), *made])


def page(run, present):
    """Return code and shown text of the page's cells, None where the run does not fit."""
    shown = with_present_prose(run, present)
    if shown.cells[0].cell_type != "markdown":
        return None
    return [
        (cell.source, cell.outputs[0]["data"]["text/plain"] if cell.outputs else None)
        for cell in shown.cells[1:]
    ]


RUN = executed("t = 1", ("t += 1\nt.round(1)", "1.0"), ("t.head()", "head"), "check(globals())")


def test_what_is_shown_as_before_keeps_its_output():
    cells = [cell.source for cell in RUN.cells]
    assert page(RUN, source(*cells)) == [
        ("t = 1", None),
        ("t += 1\nt.round(1)", "1.0"),
        ("t.head()", "head"),
        ("check(globals())", None),
    ]


@pytest.mark.parametrize("display", ["", "\nt.round(2)"])
def test_a_display_that_went_or_changed_leaves_nothing(display):
    found = page(RUN, source("t = 1", f"t += 1{display}", "t.head()", "check(globals())"))
    assert [shown for _, shown in found] == [None, None, "head", None]


def test_a_cell_that_only_showed_may_go_and_another_may_come():
    found = page(RUN, source("t = 1\nt", "t.tail()", "t += 1", "check(globals())", "t"))
    assert found and not any(shown for _, shown in found)


def test_the_same_display_elsewhere_is_not_what_the_run_showed():
    found = page(RUN, source("t = 1", "t.head()", "t += 1", "check(globals())"))
    assert [shown for _, shown in found] == [None, None, None, None]


@pytest.mark.parametrize(
    "code",
    [
        ["t = 2", "t += 1", "check(globals())"],
        ["t = 1", "t += 1"],
        ["t = 1", "t = 3", "t += 1", "check(globals())"],
        ["t = 1", "t[0] = 3", "t += 1", "check(globals())"],
        ["t = 1", "t.update(more)", "t += 1", "check(globals())"],
        ["t = 1", "t += 1\n(u := t)", "check(globals())"],
        ["t = 1", "t += 1\nrecord.value('t', t)", "check(globals())"],
        ["t = 1", "t += 1\nchange(t);", "check(globals())"],
        ["t += 1", "t = 1", "check(globals())"],
    ],
)
def test_other_computing_leaves_the_page_as_it_ran(code):
    assert page(RUN, source(*code)) is None


@pytest.mark.parametrize("place", range(5))
def test_what_came_for_the_next_run_shows_nothing_yet(place):
    code = ["t = 1", "t += 1", "t.head()", "check(globals())"]
    code.insert(place, "record.table('more', t)")
    shown = [shown for _, shown in page(RUN, source(*code))]
    assert shown.pop(place) is None
    assert shown == [None, None, "head", None]


def test_parameters_may_come_and_none_may_change_or_go():
    run = executed("seeds = 2\nunits = 3", ("seeds", "2"))

    def fits(parameters):
        present = source(parameters, "seeds", tags=["parameters"])
        return with_present_prose(run, present).cells[0].cell_type == "markdown"

    assert fits("seeds = 2\nkeras = 1\nunits = 3")
    assert not fits("seeds = 4\nunits = 3")
    assert not fits("seeds = 2")


def test_imports_may_come_and_those_in_use_may_not_change():
    run = executed("import numpy as np\nt = np.ones(3)")
    assert page(run, source("import numpy as np\nfrom math import pi\nt = np.ones(3)", "u = pi"))
    assert page(run, source("from math import pi\nimport numpy as np", "t = np.ones(3)"))
    assert page(run, source("import cupy as np\nt = np.ones(3)")) is None


def test_what_records_is_no_display_though_it_shows():
    run = executed(("record.table('t', t)", "the table"))
    assert page(run, source("t")) is None
    assert page(run, source()) is None


def test_an_import_that_only_a_display_used_may_go_with_it():
    run = executed("import pandas as pd\nt = 1", ("pd.Series(t)", "1"))
    assert page(run, source("t = 1")) == [("t = 1", None)]
    assert page(run, source("t = 1", "pd.Series(t)")) == [("t = 1", None), ("pd.Series(t)", "1")]
    assert page(run, source("import numpy as pd\nt = pd.sin(1)")) is None


def test_what_printed_may_go():
    run = NEW.new_notebook(
        cells=[NEW.new_code_cell("print(1)", outputs=[NEW.new_output("stream", text="1")])]
    )
    assert page(run, source()) == []


def test_tags_are_those_of_the_source_and_parameters_of_the_run():
    run = executed("window = 1", ("window", "2"))
    run.cells.insert(1, NEW.new_code_cell("window = 2"))
    run.cells[1].metadata["tags"] = ["injected-parameters"]
    present = source("window = 1", "window", tags=["teach"])
    present.cells[1].metadata = nbformat.from_dict({"tags": ["parameters"]})
    found = with_present_prose(run, present).cells[1:]
    assert [cell.metadata["tags"] for cell in found] == [
        ["parameters"],
        ["injected-parameters"],
        ["teach"],
    ]


@pytest.mark.parametrize("change", ["t.sort()", "t.drop(1, inplace=True)", "rng.shuffle(t)"])
def test_what_changes_something_is_no_display(change):
    assert page(RUN, source("t = 1", f"t += 1\n{change}", "check(globals())")) is None
