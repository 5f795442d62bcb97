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
from isru.provenance import ARITHMETIC_VARIABLES, provenance
from isru.records import Record, move, read_values, write_atomically


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
    stored = json.loads((record.folder / "values" / "forecaster.json").read_text())
    assert stored["tables"] == {"sizes": {"kind": "tolerance", "rtol": 0.05}}


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


@pytest.mark.parametrize("kernel", ["Nehalem", "Sandybridge"])  # what every x86-64 can compute
def test_provenance_names_the_kernel_that_computes(kernel):
    code = "from isru.provenance import blas; print(blas())"
    said = _in_a_process(code, OPENBLAS_CORETYPE=kernel)
    if not said.startswith("OpenBLAS"):
        pytest.skip(f"NumPy computes with {said} here")
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("the kernels of another processor")
    assert said.endswith(f" {kernel}")


def test_without_threadpoolctl_the_kernel_is_unknown_and_said_to_be():
    code = (
        "import sys; sys.modules['threadpoolctl'] = None\n"
        "from isru.provenance import blas; print(blas())"
    )
    assert _in_a_process(code).endswith(", kernel unknown")


def test_importing_the_package_does_not_ask_for_the_kernel():
    code = "import isru, isru.provenance, sys; print({'numpy', 'threadpoolctl'} & set(sys.modules))"
    assert _in_a_process(code) == "set()"
