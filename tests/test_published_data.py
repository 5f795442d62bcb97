"""The published tables load, whole or not at all."""

import json

import pytest

from isru import paths
from isru.data.published import TABLES, load_published


def test_every_published_file_has_a_table_and_every_column_is_read():
    files = {path.stem: path for path in paths.published_data().glob("*.csv")}
    assert files.keys() == TABLES.keys()
    for name, path in files.items():
        header = path.read_text(encoding="utf-8").splitlines()[0].split(",")
        assert header == list(TABLES[name][1])


@pytest.mark.parametrize("name", TABLES)
def test_a_published_table_loads(name):
    frame = load_published(name)
    assert len(frame) == TABLES[name][0]
    assert not frame.drop(columns=list(TABLES[name][2])).isna().any(axis=None)


def test_alpha_is_missing_where_a_function_has_none():
    frame = load_published("isrlu_paper_table4")
    assert set(frame.loc[frame["alpha"].isna(), "activation"]) == {"ELU", "ReLU"}


def test_a_table_cut_short_is_named_with_its_line(tmp_path, monkeypatch):
    text = (paths.published_data() / "gpu.csv").read_text(encoding="utf-8")
    (tmp_path / "gpu.csv").write_text("".join(text.splitlines(keepends=True)[:2]))
    monkeypatch.setattr(paths, "published_data", lambda: tmp_path)
    with pytest.raises(ValueError, match=r"gpu.csv, line 2: expected 2 rows, got 1"):
        load_published("gpu")


def test_what_was_read_is_noted(tmp_path, monkeypatch):
    monkeypatch.setenv("ISRU_READS", str(tmp_path / "reads"))
    load_published("gpu")
    assert json.loads((tmp_path / "reads").read_text())["name"] == "data/published/gpu.csv"


def test_an_unknown_table_is_refused():
    with pytest.raises(KeyError, match="expected one of microbenchmark"):
        load_published("microwave")
