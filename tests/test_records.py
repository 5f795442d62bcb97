"""Records refuse what a reader could not use, and are written whole."""

import json
import os
import platform
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from isru.drawing import use_style
from isru.files import move, write_atomically
from isru.provenance import ARITHMETIC_VARIABLES, provenance
from isru.recorded import BadAddress, NotRecorded, Recorded, read_value, read_values
from isru.records import Record


@pytest.fixture
def record(compendium):
    return Record("forecaster", folder=compendium / "run")


def test_a_value_comes_back_under_its_notebook_with_interval_and_provenance(record):
    record.value("saving_10", np.float32(2.5), kind="machine", unit="%", low=1, high=4)
    read = read_values("forecaster", record.folder)["saving_10"]
    assert read == {"value": 2.5, "unit": "%", "kind": "machine", "low": 1, "high": 4}
    stored = json.loads((record.folder / "values" / "forecaster.json").read_text())
    assert stored["provenance"]["profile"] == "adhoc"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (53.287592910234416, 53.28759291),  # two libraries give ...416 and ...42
        (1 / 3 + 1e-16, 0.3333333333),
        (7, 7),
        (2.0**64, 2.0**64),  # whole
        (True, True),
        ("none", "none"),
    ],
)
def test_an_exact_number_is_rounded_when_it_is_recorded(record, value, kept):
    assert record.value("x", value, kind="exact") == kept
    assert read_values("forecaster", record.folder)["x"]["value"] == kept


def test_a_number_of_another_kind_keeps_its_digits(record):
    assert record.value("x", 17.18455186016645, kind="tolerance") == 17.18455186016645


def test_tables_and_figures_keep_their_kind_and_tolerance(record):
    record.table("sizes", pd.DataFrame({"x": [1]}), kind="tolerance", rtol=0.05)
    stored = json.loads((record.folder / "tables" / "forecaster-sizes.json").read_text())
    assert stored["columns"]["x"] == {
        "label": "x",
        "type": "whole",
        "unit": "",
        "kind": "tolerance",
        "rtol": 0.05,
    }


def steps(record, **changed):
    """Record a table of timed steps, as a chapter does, and return what is read back of it."""
    columns = {
        "step": ["train", "train", "predict"],
        "units": [10, 25, 10],
        "saving": [-19.125, 2.5, np.nan],
        "saving_low": [-28.0, 1.0, np.nan],
        "saving_high": [-15.0, 4.0, np.nan],
        "direction": ["slower", "undecided", "equal"],
        "told_apart": [True, False, True],
        "bytes": [120, 300, 120],
        "share": [0.25, 0.5, 0.25],
        "start": [0.2, 0.4, 0.2],
    }
    about = {
        "saving": {"unit": "%", "label": "time saved", "note": "median"},
        "bytes": {"kind": "exact"},
        "share": {"low": "start"},
    }
    given = {"kind": "machine", "keys": ["step", "units"], "columns": about} | changed
    record.table("steps", pd.DataFrame(columns), **given)
    return Recorded(record.folder, "forecaster")


def test_a_cell_is_read_with_what_its_column_says(record):
    read = steps(record)
    assert read["steps[step=train, units=10].saving"] == {
        "value": -19.125,
        "unit": "%",
        "kind": "machine",
        "note": "median",
        "low": -28.0,
        "high": -15.0,
    }
    assert read["steps[units=25].bytes"] == {"value": 300, "unit": "", "kind": "exact"}
    assert read["steps[units=25].told_apart"]["value"] is False
    assert read["steps[units=25.0].direction"]["value"] == "undecided"
    assert read["steps[units=25].share"]["low"] == 0.4
    assert read_value("forecaster.steps[step=predict].direction", record.folder) == "equal"


def test_the_ends_of_an_interval_have_the_unit_of_its_column(record):
    columns = steps(record).table("steps").columns
    assert columns["saving_low"]["unit"] == columns["saving_high"]["unit"] == "%"
    assert columns["saving"]["label"] == "time saved" and columns["told_apart"]["type"] == "truth"


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("steps[units=11].saving", NotRecorded, "units is one of 10, 25"),
        ("steps[step=predict, units=25].saving", NotRecorded, "not together"),
        ("steps[step=predict].saving", NotRecorded, "the cell is empty"),
        ("steps[units=10].saving", BadAddress, "2 rows are so; tell them apart by step"),
        ("steps[units=25].savings", BadAddress, "no column 'savings'; there are step, units"),
        ("steps[bytes=300].saving", BadAddress, "'bytes' is no key .* keys: step, units"),
        ("step[units=25].saving", NotRecorded, "no tables/forecaster-step.json .* steps"),
        ("steps[units].saving", BadAddress, "expected KEY=LEVEL"),
        ("window", NotRecorded, "values/forecaster.json has no 'window'"),
    ],
)
def test_what_is_no_one_cell_is_said_in_words(record, name, error, said):
    read = steps(record)
    with pytest.raises(error, match=said):
        read[name]


def test_a_column_may_name_the_unit_of_each_row_and_disown_an_interval(record):
    frame = pd.DataFrame({"metric": ["skill", "loss"], "mean": [1.0, 2.0], "unit": ["pp", "%"]})
    frame = frame.assign(mean_low=0.0, mean_high=3.0)
    about = {"mean": {"unit_from": "unit", "low": "", "high": ""}}
    record.table("means", frame, kind="machine", keys=["metric"], columns=about)
    read = Recorded(record.folder, "forecaster")
    expected = {"value": 2.0, "unit": "%", "kind": "machine"}
    assert read["means[metric=loss].mean"] == expected


def test_two_rows_of_the_same_keys_are_refused_and_named(record):
    with pytest.raises(ValueError, match="one row for each units, got 2 with units=10"):
        steps(record, keys=["units"])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"keys": ["unit"]}, "got 'unit'; there are step, units"),
        ({"columns": {"gain": "%"}}, "got 'gain'"),
        ({"columns": {"saving": {"units": "%"}}}, "column saving: expected of label, .* 'units'"),
        ({"columns": {"saving": {"kind": "guess"}}}, "expected a kind"),
        ({"columns": {"saving": {"low": "least"}}}, "got 'least'"),
    ],
)
def test_a_table_that_is_described_wrongly_is_refused(record, changed, said):
    with pytest.raises(ValueError, match=said):
        steps(record, **changed)


def test_every_value_and_cell_of_a_chapter_has_a_name_that_finds_it(record):
    record.value("window", 24, kind="exact")
    read = steps(record)
    names = list(read)
    assert names[:2] == ["window", "steps[step=train, units=10].saving"]
    assert dict(read.items()) == {name: read[name] for name in names}
    assert "steps[step=train, units=10].saving_low" not in names  # it is an end of an interval


@pytest.mark.parametrize("level", ["a, b", "sqrt(x)", "A/A", "10x10", "-1.5", "exp-free"])
def test_any_level_has_an_address(record, level):
    record.table("odd", pd.DataFrame({"case": [level], "x": [1]}), kind="exact", keys=["case"])
    (name,) = Recorded(record.folder, "forecaster")
    assert read_value(f"forecaster.{name}", record.folder) == 1


def test_a_column_of_several_words_has_an_address(record):
    frame = pd.DataFrame({"open to": ["1/10"], "3 x 3": [9]})
    record.table("odd", frame, kind="exact", keys=["open to"])
    (name,) = Recorded(record.folder, "forecaster")
    assert read_value(f"forecaster.{name}", record.folder) == 9


def test_a_table_of_what_did_not_take_place_holds_no_value(record):
    record.table("steps", pd.DataFrame(), kind="machine", keys=["units"], columns={"saving": "%"})
    with pytest.raises(NotRecorded, match="the table is empty"):
        Recorded(record.folder, "forecaster")["steps[units=10].saving"]


def test_a_result_knows_the_cell_of_the_notebook_that_recorded_it(record, tmp_path, monkeypatch):
    (tmp_path / "cell").write_text("measure")
    monkeypatch.setenv("ISRU_CELL", str(tmp_path / "cell"))
    record.value("window", 24, kind="exact")
    assert steps(record)["window"]["cell"] == "measure"
    stored = json.loads((record.folder / "tables" / "forecaster-steps.json").read_text())
    assert stored["cell"] == "measure"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, [1]])
def test_a_value_that_is_no_finite_scalar_is_refused(record, value):
    with pytest.raises(ValueError, match="value x: expected"):
        record.value("x", value, kind="exact")


@pytest.mark.parametrize(("name", "kind"), [("Bad Name", "exact"), ("x", "guess")])
def test_a_bad_name_or_kind_is_refused(record, name, kind):
    with pytest.raises(ValueError, match="expected"):
        record.value(name, 1, kind=kind)


def test_values_of_a_notebook_that_was_not_run_say_how_to_run_it(compendium):
    with pytest.raises(FileNotFoundError, match="make execute NB=activation-cost"):
        read_values("activation-cost")


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    write_atomically(path, "old")
    monkeypatch.setattr(
        "pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "full"))
    )
    with pytest.raises(OSError, match="full"):
        write_atomically(path, "new")
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
    assert path.read_text() == "old"


@pytest.fixture(params=["pipe", "folder"])
def no_file(request, tmp_path):
    path = tmp_path / "taken"
    if request.param == "folder":
        path.mkdir()
    elif hasattr(os, "mkfifo"):
        os.mkfifo(path)
    else:
        pytest.skip("this system has no named pipes")
    return path


def test_what_is_no_file_is_refused_before_anything_is_written(no_file, tmp_path):
    before, source = no_file.stat(), tmp_path / "source"
    source.write_text("new")
    for write in (lambda: write_atomically(no_file, "new"), lambda: move(source, no_file)):
        with pytest.raises(ValueError, match=r"taken: expected a file's name, got that of a "):
            write()
    assert no_file.stat() == before
    assert {path.name for path in tmp_path.iterdir()} == {"taken", "source"}


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_the_file_that_it_leads_to_is_written(tmp_path, there):
    target, link, source = tmp_path / "far" / "a.txt", tmp_path / "link", tmp_path / "source"
    target.parent.mkdir()
    if there:
        target.write_text("old")
    link.symlink_to(target)
    write_atomically(link, "new")
    assert (link.is_symlink(), target.read_text()) == (True, "new")
    source.write_text("newer")
    move(source, link)
    assert (link.is_symlink(), target.read_text()) == (True, "newer")


def test_a_link_to_what_is_no_file_is_refused(no_file, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(no_file)
    with pytest.raises(ValueError, match="taken: expected a file's name"):
        write_atomically(link, "new")


@pytest.mark.slow
def test_a_figure_is_byte_stable_and_carries_its_metadata(record):
    import matplotlib.pyplot as plt

    use_style()
    data = pd.DataFrame({"x": [0.0, 1.0], "y": [0.1, 1 / 3]})
    seen = []
    for _ in range(2):
        figure, axes = plt.subplots()
        axes.plot(data.x, data.y)
        record.figure("a-line", figure, data=data, title="A line", kind="exact")
        plt.close(figure)
        seen.append((record.folder / "figures" / "a-line.svg").read_bytes())
    assert seen[0] == seen[1]
    for text in (b"A line", b"The ISRU compendium authors", b"CC BY 4.0", b"forecaster"):
        assert text in seen[0]
    assert (record.folder / "figures" / "a-line.csv").read_text() == "x,y\n0,0.1\n1,0.333333333\n"


NAMED = {"profile", "commit", "dirty", "date", "machine", "python", "numpy", "blas", "isru"}


def test_provenance_works_without_git_and_names_no_user(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    for name in ARITHMETIC_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    about = provenance(tmp_path)
    assert about["commit"] == "unknown"
    assert set(about) == NAMED


def test_provenance_names_what_chose_the_instructions(compendium, monkeypatch):
    for name in ARITHMETIC_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("NPY_DISABLE_CPU_FEATURES", "X86_V4 AVX512_ICL")
    monkeypatch.setenv("GLIBC_TUNABLES", "/opt/somebody")
    assert provenance(compendium)["settings"] == (
        "NPY_DISABLE_CPU_FEATURES=X86_V4 AVX512_ICL; OPENBLAS_CORETYPE=Haswell; "
        "GLIBC_TUNABLES=(set)"
    )


def _in_a_process(code, **environment):
    command = [sys.executable, "-c", code]
    kept = {k: v for k, v in os.environ.items() if k not in ARITHMETIC_VARIABLES}
    done = subprocess.run(
        command, env=kept | environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize("kernel", ["Nehalem", "Sandybridge"])  # what every x86-64 can compute
def test_provenance_names_the_kernel_that_computes(kernel):
    code = "from isru.provenance import blas; print(blas())"
    said = _in_a_process(code, OPENBLAS_CORETYPE=kernel)
    if not said.startswith("OpenBLAS"):
        pytest.skip(f"NumPy computes with {said} here")
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("the kernels of another processor")
    assert said.endswith(f" {kernel}")


@pytest.mark.slow
def test_without_threadpoolctl_the_kernel_is_unknown_and_said_to_be():
    code = (
        "import sys; sys.modules['threadpoolctl'] = None\n"
        "from isru.provenance import blas; print(blas())"
    )
    assert _in_a_process(code).endswith(", kernel unknown")


def test_importing_the_package_does_not_ask_for_the_kernel():
    code = "import isru, isru.provenance, sys; print({'numpy', 'threadpoolctl'} & set(sys.modules))"
    assert _in_a_process(code) == "set()"
