"""Two runs are compared by kind: exact ones must be equal, times are never judged."""

from argparse import Namespace

import pytest

from isru import commands
from isru.publish.compare import AGREES, DIFFERS, compare_runs
from isru.records import to_json, write_atomically


def write_run(folder, value, *, profile="full", parameters=None):
    values = {
        "notebook": "06-forecaster",
        "provenance": {"profile": profile},
        "values": {"x": {"unit": "%", **value}},
    }
    manifest = {"stamp": {"parameters": parameters or {}}}
    write_atomically(folder / "values" / "06.json", to_json(values))
    write_atomically(folder / "manifest" / "06-forecaster.json", to_json(manifest))


@pytest.mark.parametrize(
    ("published", "yours", "outcome"),
    [
        ({"kind": "exact", "value": 2}, {"value": 2}, AGREES),
        ({"kind": "exact", "value": 2}, {"value": 2.0000001}, DIFFERS),
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
    mine = tmp_path / "mine" / "values" / "06.json"
    mine.write_text(mine.read_text().replace('"x"', '"y"'))
    rows = compare_runs(tmp_path / "results", tmp_path / "mine")
    assert [(row.key, row.published, row.yours) for row in rows] == [
        ("06.x", 2, None),
        ("06.y", None, 3),
    ]
    assert [row.outcome for row in rows] == ["not in your run", "not published"]


CLAIM = """
- {id: C1, sentence: It saves., source: null, published: Not at all., hypothesis: It does.,
   effect: saving, unit: "%", rule: greater, margin: 2, relevance_margin: 2, family: time,
   metric: [{value: 06.x}]}
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
