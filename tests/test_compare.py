"""Two runs are compared by kind: exact ones must be equal, times are never judged."""

from argparse import Namespace
from types import SimpleNamespace

import nbformat
import pandas as pd
import pytest
from notebook_files import write_notebook

from isru import commands
from isru.publish import compare
from isru.publish.compare import AGREES, DIFFERS, compare_runs, differences
from isru.publish.notebooks import all_notebooks
from isru.records import Record, to_json, write_atomically


def write_run(folder, value, *, profile="full", parameters=None):
    values = {
        "notebook": "forecaster",
        "provenance": {"profile": profile},
        "values": {"x": {"unit": "%", **value}},
    }
    manifest = {"stamp": {"parameters": parameters or {}}}
    write_atomically(folder / "values" / "forecaster.json", to_json(values))
    write_atomically(folder / "manifest" / "forecaster.json", to_json(manifest))


@pytest.mark.parametrize(
    ("published", "yours", "outcome"),
    [
        ({"kind": "exact", "value": 2}, {"value": 2}, AGREES),
        ({"kind": "exact", "value": 2}, {"value": 2.0000001}, DIFFERS),
        ({"kind": "exact", "value": 53.287592910234416}, {"value": 53.28759291}, AGREES),
        ({"kind": "exact", "value": 53.287592910234416}, {"value": 53.28759292}, DIFFERS),
        ({"kind": "exact", "value": True}, {"value": False}, DIFFERS),
        (
            {"kind": "tolerance", "value": 17.18455186016645, "rtol": 0.001},
            {"value": 17.184551860166188},
            AGREES,
        ),
        ({"kind": "tolerance", "value": "a word"}, {"value": 2.0}, DIFFERS),
        ({"kind": "tolerance", "value": 2.0, "rtol": 0.1}, {"value": 2.1}, AGREES),
        ({"kind": "tolerance", "value": 2.0, "rtol": 0.1}, {"value": 2.5}, DIFFERS),
        (
            {"kind": "tolerance", "value": 2.0, "low": 1.5, "high": 2.5},
            {"value": 3.0, "low": 2.4, "high": 3.6},
            AGREES,
        ),
        (
            {"kind": "tolerance", "value": 2.0, "low": 1.5, "high": 2.5},
            {"value": 3.0, "low": 2.6, "high": 3.4},
            DIFFERS,
        ),
        (  # an interval may be open on one side
            {"kind": "tolerance", "value": 2.0, "low": 1.5},
            {"value": 9.0, "low": 8.0, "high": 10.0},
            AGREES,
        ),
        (
            {"kind": "tolerance", "value": 2.0, "low": 1.5},
            {"value": 1.0, "low": 0.8, "high": 1.2},
            DIFFERS,
        ),
        ({"kind": "tolerance", "value": "equal"}, {"value": "faster"}, DIFFERS),
    ],
)
def test_values_are_compared_by_their_kind(tmp_path, published, yours, outcome):
    write_run(tmp_path / "results", published)
    write_run(tmp_path / "mine", {"kind": published["kind"], **yours})
    (row,) = compare_runs(tmp_path / "results", tmp_path / "mine")
    assert row.outcome == outcome


def test_a_time_is_shown_but_not_judged(tmp_path):
    write_run(tmp_path / "results", {"kind": "machine", "value": 1.0})
    write_run(tmp_path / "mine", {"kind": "machine", "value": 9.0})
    (row,) = compare_runs(tmp_path / "results", tmp_path / "mine")
    assert row.outcome.startswith("not comparable")


def test_trained_quality_of_another_profile_is_not_comparable(tmp_path):
    value = {"kind": "tolerance", "value": 1.0}
    write_run(tmp_path / "results", value, parameters={"seeds": 30})
    write_run(tmp_path / "mine", value, profile="quick", parameters={"seeds": 10})
    (row,) = compare_runs(tmp_path / "results", tmp_path / "mine")
    assert row.outcome == "not comparable: profile full against quick"


def test_a_setting_of_another_profile_is_no_difference(tmp_path):
    value = {"kind": "exact", "value": 30}
    write_run(tmp_path / "results", value, parameters={"seeds": 30})
    write_run(tmp_path / "mine", value | {"value": 10}, profile="quick", parameters={"seeds": 10})
    (row,) = compare_runs(tmp_path / "results", tmp_path / "mine")
    assert row.outcome == "not comparable: profile full against quick"


def test_a_value_that_only_one_run_holds_is_shown(tmp_path):
    write_run(tmp_path / "results", {"kind": "exact", "value": 2})
    write_run(tmp_path / "mine", {"kind": "exact", "value": 3})
    mine = tmp_path / "mine" / "values" / "forecaster.json"
    mine.write_text(mine.read_text().replace('"x"', '"y"'))
    rows = compare_runs(tmp_path / "results", tmp_path / "mine")
    assert [(row.key, row.published, row.yours) for row in rows] == [
        ("forecaster.x", 2, None),
        ("forecaster.y", None, 3),
    ]
    assert [row.outcome for row in rows] == ["not in your run", "not published"]


CLAIM = """
- {id: C1, sentence: It saves., source: null, published: Not at all., hypothesis: It does.,
   effect: saving, unit: "%", rule: greater, margin: 2, relevance_margin: 2, family: time,
   metric: [{value: forecaster.x}]}
"""


def test_verify_says_which_verdicts_differ_and_does_not_fail_for_them(compendium, capsys):
    (compendium / "book").mkdir()
    (compendium / "book" / "claims.yml").write_text(CLAIM)
    time = {"kind": "machine"}
    write_run(compendium / "results", time | {"value": 8.0, "low": 7.0, "high": 9.0})
    write_run(compendium / "runs" / "full", time | {"value": -8.0, "low": -9.0, "high": -7.0})
    assert commands.verify(Namespace(run="full")) == 0
    said = capsys.readouterr()
    said = said.out + said.err
    assert "C1: published 'confirmed', yours 'refuted'" in said
    assert "the same verdict: 0 of the 1 claims that both runs measured" in said


def test_verify_names_what_a_verdict_depends_on_as_the_pages_do(compendium, monkeypatch):
    words = SimpleNamespace(word="depends on form and dtype"), SimpleNamespace(word="inconclusive")
    pair = SimpleNamespace(id="C8", published=words[0], yours=words[1], same=False)
    monkeypatch.setattr(compare, "load_claims", list)
    monkeypatch.setattr(compare, "verdicts_beside", lambda *_: [pair])
    lines, _ = compare.account(compendium / "results", compendium / "runs" / "full")
    assert "C8: published 'depends on form and precision', yours 'inconclusive'" in lines


def test_verify_names_what_moved_with_parameters_of_your_own(compendium, capsys):
    (compendium / "book").mkdir()
    (compendium / "book" / "claims.yml").write_text(CLAIM)
    value = {"kind": "exact", "value": 28.1}
    write_run(compendium / "results", value, parameters={"symbols": 87, "seed": 0})
    mine, own = compendium / "runs" / "adhoc", {"symbols": 100, "seed": 0}
    write_run(mine, value | {"value": 53.5}, profile="adhoc", parameters=own)
    assert commands.verify(Namespace(run="adhoc")) == 0
    said = capsys.readouterr()
    said = said.out + said.err
    assert "forecaster with symbols=100 (published: 87):" in said and "seed" not in said
    assert "forecaster.x: published 28.1, yours 53.5 %" in said
    assert "1 cannot be compared (1 not comparable: profile full against adhoc)" in said


def write_result(folder, path, *, numbers, kind, shown="", tags=(), source="1"):
    """Write the result of an exact notebook: a value, a table, a figure's numbers, a cell."""
    record = Record("exact", folder)
    record.value("x", numbers[0], kind=kind, **({"rtol": 1e-3} if kind == "tolerance" else {}))
    tolerance = {"rtol": 1e-6} if kind == "tolerance" else {}
    frame = pd.DataFrame({"name": ["a"] * len(numbers), "size": numbers})
    record.table("sizes", frame, kind=kind, **tolerance)
    write_atomically(folder / "figures" / "a-line.csv", frame.to_csv(index=False))
    write_atomically(folder / "figures" / "a-line.json", to_json({"kind": kind, **tolerance}))
    executed = nbformat.read(path, as_version=4)
    cell = executed.cells[-1]
    cell.source, cell.metadata = source, nbformat.from_dict({"tags": list(tags)})
    data = {"text/plain": shown}
    cell.outputs = [nbformat.v4.new_output("execute_result", data, execution_count=1)]
    write_atomically(folder / "notebooks" / "exact.ipynb", nbformat.writes(executed))
    outputs = ["values/exact.json", "tables/exact-sizes.csv", "figures/a-line.csv"]
    manifest = {"stamp": {"parameters": {}}, "outputs": dict.fromkeys(outputs, "")}
    write_atomically(folder / "manifest" / "exact.json", to_json(manifest))


@pytest.fixture
def compared(compendium):
    """Return a function that writes two results of an exact notebook and compares them."""
    path = write_notebook(compendium, "exact", ["1"], kind="exact")
    runs = compendium / "results", compendium / "runs" / "mine"

    def compare(published, yours):
        for run, result in zip(runs, (published, yours), strict=True):
            write_result(run, path, **result)
        return differences(all_notebooks()[0], *runs)

    return compare


MOVED = {"numbers": [17.184551860166188, 1e-14], "kind": "tolerance"}


@pytest.mark.parametrize(
    ("published", "yours"),
    [
        (MOVED, MOVED | {"numbers": [17.18455186016645, 1e-14]}),
        (
            {"numbers": [0.1234567891], "kind": "exact"},
            {"numbers": [0.12345678913], "kind": "exact"},
        ),
        (
            MOVED | {"shown": "kept  0.8016\ntanh", "tags": ["tolerance"]},
            MOVED | {"shown": "kept 0.8017\ntanh", "tags": ["tolerance"]},
        ),
        (MOVED | {"source": "import a\nimport b"}, MOVED | {"source": "import b, a  # sorted"}),
    ],
)
def test_what_another_machine_may_move_is_no_difference(compared, published, yours):
    assert compared(published, yours) == []


@pytest.mark.parametrize(
    ("published", "yours", "said"),
    [
        (MOVED, MOVED | {"numbers": [17.3, 1e-14]}, "exact.x"),
        (MOVED, MOVED | {"numbers": [17.185, 1e-14]}, "tables/exact-sizes.csv, row 1, size"),
        (MOVED, MOVED | {"numbers": [17.185, 1e-14]}, "figures/a-line.csv, row 1, size"),
        (MOVED, MOVED | {"numbers": [17.184551860166188]}, "rows"),
        (
            {"numbers": [2.0, 0.5], "kind": "exact"},
            {"numbers": [2.0, 0.50001], "kind": "exact"},
            "tables/exact-sizes.csv, row 2, size",
        ),
        (MOVED | {"shown": "0.8016"}, MOVED | {"shown": "0.8017"}, "cell cell-0, output 0"),
        (
            MOVED | {"shown": "0.8016", "tags": ["tolerance"]},
            MOVED | {"shown": "0.8216", "tags": ["tolerance"]},
            "0.8216",
        ),
        (
            MOVED | {"shown": "0.8016 True", "tags": ["tolerance"]},
            MOVED | {"shown": "0.8016 False", "tags": ["tolerance"]},
            "False",
        ),
        (MOVED, MOVED | {"source": "2"}, "cell cell-0: other code"),
    ],
)
def test_what_no_machine_may_move_is_named(compared, published, yours, said):
    assert any(said in line for line in compared(published, yours))


def test_columns_are_compared_by_their_own_kinds_and_tolerances(compendium, compared):
    runs = compendium / "results", compendium / "runs" / "mine"

    def found(**published_and_yours):
        for run, place in zip(runs, (0, 1), strict=True):
            cells = {name: [pair[place]] for name, pair in published_and_yours.items()}
            columns = {"ns": {"kind": "machine"}, "skill": {"kind": "tolerance", "rtol": 0.1}}
            frame = pd.DataFrame({"units": [10], **cells})
            Record("exact", run).table(
                "sizes", frame, kind="exact", keys=["units"], columns=columns
            )
        differing = [r.key for r in compare_runs(*runs) if r.outcome == DIFFERS]
        return differing, [line.split(":")[0] for line in differences(all_notebooks()[0], *runs)]

    assert compared(MOVED, MOVED) == []
    same = {"bytes": (2, 2)}
    assert found(**same, ns=(1.0, 9.0), skill=(2.0, 2.1)) == ([], [])
    loose = found(**same, ns=(1.0, 9.0), skill=(2.0, 2.5))
    assert loose == (["exact.sizes[units=10].skill"], ["tables/exact-sizes.csv, row 1, skill"])
    exact = found(bytes=(2, 3), ns=(1.0, 9.0), skill=(2.0, 2.0))
    assert exact == (["exact.sizes[units=10].bytes"], ["tables/exact-sizes.csv, row 1, bytes"])


def test_a_table_of_a_run_that_kept_no_kinds_is_held_to_yours(compendium, compared):
    assert compared(MOVED, MOVED) == []
    (compendium / "results" / "tables" / "exact-sizes.json").unlink()
    moved = compendium / "results" / "tables" / "exact-sizes.csv"
    moved.write_text(moved.read_text().replace("17.1845519", "17.1845520"))
    runs = compendium / "results", compendium / "runs" / "mine"
    assert differences(all_notebooks()[0], *runs) == []
