"""Settings that this processor cannot follow are left out in words, and no process dies of them."""

import os
import subprocess
import sys

import pytest

from isru.provenance import ARITHMETIC_VARIABLES
from isru.publish import processor

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
