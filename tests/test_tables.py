"""The checked CSV reader: what it reads, and how it says what is wrong."""

import hashlib
import json

import numpy as np
import pytest

from isru.data.tables import read_checked_csv

COLUMNS = {"machine": str, "units": int, "saving": float}
GOOD = 'machine,units,note,saving\n"an i9, WSL",10,,2.5\nm1,25,x,-0.5\n'


def write(tmp_path, text):
    path = tmp_path / "toy.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_columns_come_typed_and_in_the_order_asked_for(tmp_path):
    frame = read_checked_csv(write(tmp_path, GOOD), {"saving": float, "units": int, "machine": str})
    assert list(frame.columns) == ["saving", "units", "machine"]
    assert frame["units"].dtype == np.int64 and frame["saving"].tolist() == [2.5, -0.5]
    assert frame["machine"][0] == "an i9, WSL"


def test_a_byte_order_mark_and_crlf_are_no_data(tmp_path):
    path = write(tmp_path, b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert read_checked_csv(path, COLUMNS)["units"].tolist() == [10, 25]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("saving", "gain"), r"toy.csv, line 1, column 'saving': .*is not there"),
        (GOOD.replace("note", "units"), r"line 1, column 'units': .*is twice"),
        (GOOD.replace("-0.5", "fast"), r"line 3, column 'saving': expected a finite.*'fast'"),
        (GOOD.replace("-0.5", "inf"), r"line 3, column 'saving': expected a finite.*'inf'"),
        (GOOD.replace("25", "2_5"), r"line 3, column 'units': expected a whole number, got '2_5'"),
        (GOOD.replace("25", "2.5"), r"line 3, column 'units': expected a whole number"),
        (GOOD.replace(",2.5", ","), r"line 2, column 'saving': .*missing value"),
        (GOOD.replace(",x,-0.5", ""), r"line 3: expected 4 cells, got 2"),
        (GOOD.replace("\nm1", '\n"m1'), r"line 3: not a CSV row"),
        (GOOD[:-1], r"line 3: expected a newline.*cut off"),
        (GOOD.encode().replace(b"m1", b"\xff"), r"line 3: expected UTF-8"),
        (b"", r"line 1: expected a newline"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_column(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_checked_csv(write(tmp_path, text), COLUMNS)


def test_a_file_cut_off_between_two_lines_is_noticed(tmp_path):
    path = write(tmp_path, GOOD[: GOOD.index("m1")])
    assert len(read_checked_csv(path, COLUMNS)) == 1
    with pytest.raises(ValueError, match=r"toy.csv, line 2: expected 2 rows, got 1"):
        read_checked_csv(path, COLUMNS, rows=2)


def test_optional_columns_may_have_gaps(tmp_path):
    path = write(tmp_path, GOOD.replace("-0.5", "NA"))
    columns = {"note": str, "saving": float}
    frame = read_checked_csv(path, columns, optional=["note", "saving"])
    assert frame["note"].tolist() == ["", "x"]
    assert np.isnan(frame["saving"][1])


@pytest.mark.parametrize("columns", [{}, {"units": bool}])
def test_a_senseless_request_is_refused(tmp_path, columns):
    with pytest.raises(ValueError, match="expected"):
        read_checked_csv(write(tmp_path, GOOD), columns)


def test_optional_columns_are_checked(tmp_path):
    with pytest.raises(ValueError, match="cannot have gaps"):
        read_checked_csv(write(tmp_path, GOOD), COLUMNS, optional=["units"])
    with pytest.raises(ValueError, match="not read: tempo"):
        read_checked_csv(write(tmp_path, GOOD), COLUMNS, optional=["tempo"])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"toy.csv.*machine, units, saving"):
        read_checked_csv(tmp_path / "toy.csv", COLUMNS)


def test_a_named_file_is_noted_with_its_hash(tmp_path, monkeypatch):
    log = tmp_path / "reads"
    monkeypatch.setenv("ISRU_READS", str(log))
    path = write(tmp_path, GOOD)
    read_checked_csv(path, COLUMNS)
    assert not log.exists()
    read_checked_csv(path, COLUMNS, name="toy/toy.csv")
    noted = json.loads(log.read_text())
    assert noted == {"name": "toy/toy.csv", "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
