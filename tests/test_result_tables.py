"""Tables of a run as pages set them: digits, words, choice, pivot, LaTeX."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pandas as pd
import pytest
from docutils import nodes

sys.path.insert(0, str(Path(__file__).parents[1] / "book" / "_ext"))

from isru_book import problems
from isru_book.accessibility import repair
from isru_book.numbers import MINUS, MISSING, CannotShow
from isru_book.run import Run
from isru_book.table_latex import caption_text, latex_table, latex_text
from isru_book.table_numbers import THIN, number_cells
from isru_book.table_view import Wishes, view
from isru_book.tables import table_node

from isru.records import Record, to_json, write_atomically
from isru.studies.level_words import level_words
from isru.table_words import column_words

STEPS = pd.DataFrame(
    {
        "framework": ["numpy", "numpy", "keras", "keras"],
        "units": [10, 100, 10, 100],
        "saving": [-3.21, 12.34, None, 0.04],
        "saving_low": [-5.1, 11.04, None, -1.2],
        "saving_high": [-1.1, 13.94, None, 1.3],
        "step_ms": [0.0123, 0.0234, 0.034, 12345.6],
        "told_apart": [True, False, True, True],
        "training, trend": [0.1, 0.2, 0.3, 0.4],
    }
)


@pytest.fixture
def run(tmp_path):
    return run_with(tmp_path)


def run_with(folder, name="published", frame=STEPS, keys=("framework", "units")):
    columns = {"saving": "%"} if "saving" in frame else {}
    Record("forecaster", folder / "results").table(
        "steps", frame, kind="machine", keys=keys, columns=columns
    )
    write_atomically(folder / "run.json", to_json({"run": name}))
    return Run(folder)


def shown(run, **wishes):
    return view(run, run.recorded("forecaster").table("steps"), Wishes(**wishes))


def texts(found):
    return [[cell.whole for cell in row] for row in found.rows]


def headings(found):
    return [column.heading for column in found.columns]


@pytest.mark.parametrize(
    ("values", "ends", "spec", "expected"),
    [
        ([12.3456, 4.0567], [(11.04, 13.94), (3.1, 5.0)], "", ["12.3", "4.1"]),
        ([-0.0799, 0.146], [(-0.783, 2.6), (0.0388, 0.273)], "", [f"{MINUS}0.08", "0.15"]),
        ([-7.99, 0.146], [(-78.3, 9.9), (0.0388, 0.273)], "", [f"{MINUS}8", "0.15"]),
        ([0.98765, 1.2345], [None, None], "", ["0.99", "1.23"]),
        ([-3.21, 0.042, 12.34], [None] * 3, "", [f"{MINUS}3.2", "0.0", "12.3"]),
        ([0.00123, 45.678], [None, None], "", ["0.00123", "45.7"]),
        ([1.234e-9, 1.0], [None, None], "", ["1.23\u00a0×\u00a010⁻⁹", "1.00"]),
        ([12345, 7], [None, None], "", [f"12{THIN}345", "7"]),
        ([25.0, None, float("nan")], [None] * 3, "", ["25", MISSING, MISSING]),
        ([0.5, 0.05, 2.0], [None] * 3, "", ["0.5", "0.05", "2"]),
        ([0.00001, 0.04321], [None, None], "p", [f"<{THIN}0.001", "0.043"]),
        ([12345.678], [None], ",.1f", [f"12{THIN}345.7"]),
        ([-0.0, 0.001], [None, None], ".2f", ["0.00", "0.00"]),
    ],
)
def test_a_number_has_the_digits_that_it_can_tell_apart(values, ends, spec, expected):
    assert [cell.text for cell in number_cells(values, ends, spec)] == expected


def test_a_value_stands_with_its_interval_and_an_empty_cell_is_a_dash(run):
    found = shown(run, columns="framework, units, saving, told_apart")
    assert headings(found) == ["Framework", "Units", "Time saved (%)", "Told apart"]
    assert texts(found) == [
        ["NumPy", "10", f"{MINUS}3.2 ({MINUS}5.1 to {MINUS}1.1)", "yes"],
        ["NumPy", "100", "12.3 (11.0 to 13.9)", "no"],
        ["Keras", "10", MISSING, "yes"],
        ["Keras", "100", f"0.0 ({MINUS}1.2 to 1.3)", "yes"],
    ]


def test_without_a_choice_all_but_the_ends_of_intervals_is_shown(run):
    found = shown(run)
    assert [column.name for column in found.columns] == [
        name for name in STEPS.columns if name not in ("saving_low", "saving_high")
    ]
    assert [column.names_row for column in found.columns][:3] == [True, True, False]


def test_columns_are_chosen_ordered_and_renamed(run):
    found = shown(
        run, columns="units=Size, [training, trend]=[Trend, long], saving=Saved (%), saving_low"
    )
    assert headings(found) == ["Size", "Trend, long", "Saved (%)", "Time saved, low end (%)"]
    assert texts(found)[1] == ["100", "0.2", "12.3", "11.0"]


def test_rows_are_chosen_and_sorted_and_what_is_the_same_everywhere_goes(run):
    found = shown(run, rows="framework=keras|numpy, units=100", sort="-step_ms")
    assert headings(found)[:2] == ["Framework", "Time saved (%)"]
    assert [row[0] for row in texts(found)] == ["Keras", "NumPy"]
    assert len(shown(run, rows="units!=10").rows) == 2
    assert len(shown(run, rows="saving>0, framework~num").rows) == 1


def test_levels_become_columns(run):
    found = shown(run, pivot="units -> saving=Saved", intervals=False)
    assert headings(found) == ["Framework", "10", "100"]
    assert found.groups == [("", 1), ("Saved (%)", 2)]
    assert shown(run, pivot="units -> saving").groups[1] == ("Time saved (%) by units", 2)
    assert texts(found) == [["NumPy", f"{MINUS}3.2", "12.3"], ["Keras", MISSING, "0.0"]]
    two = shown(run, pivot="framework -> saving, told_apart", words="numpy=our engine")
    assert two.groups == [("", 1), ("our engine", 2), ("Keras", 2)]
    assert texts(two)[0] == ["10", f"{MINUS}3.2 ({MINUS}5.1 to {MINUS}1.1)", "yes", MISSING, "yes"]


def test_a_combination_that_was_not_run_is_a_dash(tmp_path):
    found = shown(run_with(tmp_path, frame=STEPS[:3]), pivot="units -> saving")
    assert texts(found)[1] == ["Keras", MISSING, MISSING]


def test_an_interval_may_be_told_by_the_page(tmp_path):
    frame = pd.DataFrame({"arm": ["isru"], "measured": [1.234], "low": [1.1], "high": [1.4]})
    found = shown(run_with(tmp_path, frame=frame, keys=("arm",)), interval_of="measured")
    assert texts(found) == [["ISRU", "1.23 (1.10 to 1.40)"]]


def test_units_that_differ_stand_in_the_cells(tmp_path):
    frame = pd.DataFrame({"metric": ["skill", "loss"], "mean": [1.2, 3.4], "unit": ["pp", "%"]})
    record = Record("forecaster", tmp_path / "results")
    columns = {"mean": {"unit_from": "unit"}}
    record.table("steps", frame, kind="tolerance", keys=["metric"], columns=columns)
    write_atomically(tmp_path / "run.json", to_json({"run": "published"}))
    run = Run(tmp_path)
    assert texts(shown(run)) == [["skill", "1.2\u00a0pp"], ["loss", "3.4\u00a0%"]]
    assert headings(shown(run, rows="metric=loss")) == ["Metric", "Mean (%)"]


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"columns": "savings"}, ":columns: no column 'savings'; its columns: framework, units"),
        ({"rows": "units=11"}, "no row with units=11; there are 10, 100"),
        ({"rows": "units=10|11"}, "no row with units=11"),
        ({"rows": "units"}, "expected a condition such as"),
        ({"rows": "saving>100"}, "expected a choice that leaves some"),
        ({"sort": "-size"}, ":sort: no column 'size'"),
        ({"pivot": "units"}, "expected 'KEY -> COLUMN' as in 'units -> saving', got 'units'"),
        ({"pivot": "units -> saving", "columns": "told_apart"}, "got two with told_apart=True"),
        ({"format": "saving=.1x"}, "cannot be written as '.1x'"),
        ({"format": "savings=.1f"}, ":format: no column 'savings'"),
        ({"words": "numpy"}, "expected LEVEL=WORD, got 'numpy'"),
        ({"interval_of": "saving"}, ":interval-of: no column 'low'"),
    ],
)
def test_a_wish_that_cannot_be_fulfilled_is_told(run, wishes, said):
    with pytest.raises(CannotShow, match=re.escape(said)):
        shown(run, **wishes)


def test_another_run_may_lack_levels(tmp_path):
    found = shown(run_with(tmp_path, "quick"), rows="units=10|25")
    assert len(found.rows) == 2
    assert shown(run_with(tmp_path, "quick"), rows="units=25").rows == []


def test_rows_beyond_those_in_view_continue_the_same_table(run):
    table = table_node(shown(run), in_view=3)
    bodies = list(table.findall(nodes.tbody))
    assert [len(body) for body in bodies] == [3, 1, 1]
    assert "The last row" in bodies[1][0][0]["html"] and bodies[2]["classes"] == ["isru-folded"]
    assert len(list(table_node(shown(run)).findall(nodes.tbody))) == 1


def test_headings_say_of_which_cells_they_are():
    body = (
        '<thead><th class="isru-group head" colspan="2"></th><th class="head stub">a</th></thead>'
        '<tbody><th class="stub">b</th></tbody>'
    )
    context = {"body": body.replace("></th>", ">g</th>")}
    repair(None, "", "", context, None)
    assert re.findall(r'scope="(\w+)"', context["body"]) == ["colgroup", "col", "row"]
    empty = {"body": body}
    repair(None, "", "", empty, None)
    assert '<td class="isru-group head" colspan="2"></td>' in empty["body"]


def test_the_latex_table_parses_and_shows_what_the_page_shows(run):
    found = shown(run, pivot="units -> saving")
    caption = caption_text(
        [nodes.Text("Saves 5 % of "), nodes.math("", "x^2"), nodes.Text(" & co")]
    )
    text = latex_table(found, caption, "steps", ["notebook forecaster, commit abc"])
    assert text.startswith("% notebook forecaster, commit abc\n")
    assert "\\caption{Saves 5 \\% of $x^2$ \\& co}" in text and "\\label{tab:steps}" in text
    for begun in ("table", "tabular"):
        assert text.count(f"\\begin{{{begun}}}") == text.count(f"\\end{{{begun}}}") == 1
    lines = [line for line in text.splitlines() if line.endswith(" \\\\")]
    spans = [sum(map(int, re.findall(r"multicolumn\{(\d+)", line))) or None for line in lines]
    assert spans == [2, None, None, None]
    assert [line.count("&") for line in lines] == [1, 2, 2, 2]
    assert "NumPy & $-$3.2 ($-$5.1 to $-$1.1) & 12.3 (11.0 to 13.9)" in text
    assert text.count("{") == text.count("}") and text.count("$") % 2 == 0


def test_signs_are_written_for_latex():
    assert latex_text("α = 2/3, 1\u00a0×\u00a010⁻⁵ < 5 % of a_b") == (
        "$\\alpha$ = 2/3, 1$\\times 10^{-5}$ $<$ 5 \\% of a\\_b"
    )
    assert latex_text(f"12{THIN}345 {MISSING} {{x}}") == "12\\,345 --- \\{x\\}"


def test_columns_and_levels_have_words():
    assert column_words("saving").label == "Time saved"
    assert (column_words("step_us").unit, column_words("copy_ns").label) == ("µs", "Copy")
    assert column_words("p_holm").format == "p"
    assert level_words("arm", "exp_free") == "exp-free"
    assert level_words("form", "libm") != level_words("arm", "libm")
    assert level_words("anything", "as it is") == "as it is"


def test_timings_are_judged_as_their_chapter_judges_them(tmp_path):
    samples = pd.DataFrame(
        [
            {"process": n, "block": 0, "arm": "isru", "framework": framework, "loops": 1}
            | {"seconds": 0.1 * (1 + n * (framework == "keras")), "cpu_seconds": 0.1}
            for framework in ("numpy", "keras")
            for n in range(6)
        ]
    )
    path = tmp_path / "forecaster-samples.csv"
    samples.to_csv(path, index=False)
    clocks = {"": "cpu_seconds", "keras": "seconds"}
    found = problems.problems(path, clocks, "framework")
    assert {part for part, _ in found} == {"Keras"}
    assert any("processes disagree" in text and "1 of 1 cells" in text for _, text in found)
    with pytest.raises(CannotShow, match="expected samples with a column 'watch'"):
        problems.problems(path, {"": "watch"}, None)
    assert problems.problems(path, clocks, "framework", ["isru"]) == found
    with pytest.raises(CannotShow, match="expected samples of an arm 'tanh'"):
        problems.problems(path, clocks, None, ["tanh"])
