"""Settings that this processor cannot follow are left out in words, and no process dies of them."""

import json
import os
import subprocess
import sys

import pytest
from notebook_files import write_notebook

from isru.provenance import ARITHMETIC_VARIABLES, blas
from isru.publish import processor, release
from isru.publish.compare import AGREES, compare_runs
from isru.publish.notebooks import all_notebooks, select
from isru.publish.runner import execute, make_jobs
from isru.records import to_json, write_atomically

pytestmark = pytest.mark.slow

LEFT = """
import os
from isru.publish.processor import leave_out_impossible
leave_out_impossible()
import numpy as np
print(np.ones((40, 40)) @ np.ones(40) is not None, os.environ.get({name!r}))
"""


def run_with(name, value):
    kept = {k: v for k, v in os.environ.items() if k not in ARITHMETIC_VARIABLES}
    command = [sys.executable, "-c", LEFT.format(name=name)]
    return subprocess.run(
        command, env=kept | {name: value}, capture_output=True, text=True, check=False
    )


# Fails where the processor lacks AVX-512, and is harmless elsewhere.
@pytest.mark.parametrize("kernel", ["SkylakeX", "Haswell", "no such kernel"])
def test_a_kernel_that_the_processor_cannot_compute_is_left_out(kernel):
    done = run_with("OPENBLAS_CORETYPE", kernel)
    assert done.returncode == 0, done.stderr
    left_out = done.stdout.split()[1] == "None"
    assert left_out == (f"OPENBLAS_CORETYPE={kernel} is left out" in done.stderr)
    assert done.stdout.startswith("True")


def test_what_numpy_refuses_is_left_out_with_its_reason():
    done = run_with("NPY_DISABLE_CPU_FEATURES", "SSE3 X86_V2 NEON ASIMD VX VSX")
    refused = "baseline" in done.stderr
    assert done.returncode == 0, done.stderr
    assert refused == (done.stdout.split()[1] == "None")


def test_what_works_stays(monkeypatch, capsys):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setattr(processor, "_failure", lambda _: "")
    processor.leave_out_impossible()
    assert os.environ["OPENBLAS_CORETYPE"] == "Haswell"
    assert capsys.readouterr().err == ""


def test_each_setting_is_tried_by_itself(monkeypatch, capsys):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "SkylakeX")
    monkeypatch.setenv("NPY_DISABLE_CPU_FEATURES", "X86_V4")
    monkeypatch.setattr(
        processor, "_failure", lambda env: "Illegal instruction" * ("OPENBLAS_CORETYPE" in env)
    )
    processor.leave_out_impossible()
    assert "OPENBLAS_CORETYPE" not in os.environ
    assert os.environ["NPY_DISABLE_CPU_FEATURES"] == "X86_V4"
    assert "OPENBLAS_CORETYPE=SkylakeX is left out" in capsys.readouterr().err


def test_a_job_computes_as_the_user_set_it_and_says_so(compendium, monkeypatch):
    if not blas().startswith("OpenBLAS"):
        pytest.skip(f"NumPy computes with {blas()} here")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Nehalem")
    cell = "from isru.provenance import blas\nrecord.value('kernel', blas(), kind='machine')"
    write_notebook(compendium, "a", [cell])
    execute(make_jobs(select("a"), "quick"))
    values = json.loads((compendium / "runs" / "quick" / "values" / "a.json").read_text())
    assert values["values"]["kernel"]["value"] == values["provenance"]["blas"]
    assert values["provenance"]["settings"] == "OPENBLAS_CORETYPE=Nehalem"


def test_a_run_by_another_kernel_is_no_repeat(compendium):
    write_notebook(compendium, "a", ["1"])
    for folder, kernel in (
        ("results", "OpenBLAS 0.3 SkylakeX"),
        ("runs/quick", "OpenBLAS 0.3 Zen"),
    ):
        manifest = {
            "stamp": {},
            "provenance": {"machine": "one", "blas": kernel},
            "outputs": {"values/a.json": kernel},
        }
        write_atomically(compendium / folder / "manifest" / "a.json", to_json(manifest))
    (said,) = release._no_repeat(all_notebooks()[0], compendium / "runs" / "quick")
    assert "another kernel of BLAS, OpenBLAS 0.3 SkylakeX" in said


# Chapter 00 without its drawings, and what chapter 03 records as exact though BLAS sums it.
RECOMPUTE = """
import json, sys
from isru.publish.processor import leave_out_impossible
leave_out_impossible()
from isru import paths
from isru.analysis.approximation import rounded
from isru.chapters.propagation.signal import mean_field
from isru.records import Record
from isru.chapters.propagation.recurrence import lyapunov

notebook = json.loads((paths.notebooks() / "published-evidence.ipynb").read_text("utf-8"))
names = {}
for cell in notebook["cells"]:
    if cell["cell_type"] == "code" and "figure" not in cell["metadata"].get("tags", []):
        exec("".join(cell["source"]), names)
record = Record("propagation")
for name in ("tanh", "isru"):
    record.value(f"fade_{name}", rounded(mean_field(name, 20, 1.0)[1][0], 6), kind="exact")
    record.value(f"rate_{name}_2", rounded(lyapunov(name, 2.0), 6), kind="exact")
"""
NARROW = "X86_V3 X86_V4 AVX512_ICL AVX512_SPR AVX2 FMA3 AVX512F AVX512CD AVX512_SKX"
SETTINGS = [
    {},
    {"NPY_DISABLE_CPU_FEATURES": NARROW, "OPENBLAS_CORETYPE": "Nehalem"},
    {"NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX", "OPENBLAS_CORETYPE": "Haswell"},
    {"OPENBLAS_CORETYPE": "SkylakeX"},
]


@pytest.fixture(scope="module")
def recomputed(tmp_path_factory):
    """Return the run folders of what is recomputed with each of the settings, side by side."""
    kept = {k: v for k, v in os.environ.items() if k not in ARITHMETIC_VARIABLES}
    folders, processes = [], []
    for place, settings in enumerate(SETTINGS):
        folders.append(tmp_path_factory.mktemp(f"run-{place}"))
        alone = {"ISRU_RUN_FOLDER": str(folders[-1]), "OPENBLAS_NUM_THREADS": "1"}
        environment = kept | settings | alone
        command = [sys.executable, "-c", RECOMPUTE]
        processes.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE))
    for process in processes:
        _, said = process.communicate()
        assert process.returncode == 0, said.decode()
    return folders


@pytest.mark.parametrize("place", range(1, len(SETTINGS)))
def test_exact_values_are_the_same_whatever_instructions_compute(recomputed, place):
    rows = compare_runs(recomputed[0], recomputed[place])
    assert len(rows) > 100
    assert {row.kind for row in rows} == {"exact"}
    assert [row for row in rows if row.outcome != AGREES or row.published != row.yours] == []
