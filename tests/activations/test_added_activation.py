"""Adding an activation is adding one file: every form of it is derived, and every test finds it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from isru import paths

FILE = Path(__file__).with_name("softroot.py")
TESTS = (
    "activations/test_activation_accuracy.py",  # NumPy's form against mpmath
    "activations/test_activation_derivatives.py",
    "activations/test_activation_interface.py",
    "activations/test_activation_properties.py",
    "activations/test_certify.py",
    "activations/test_kernels.py",  # the compiled loop against mpmath
    "lstm/test_compiled_forms.py",
    "lstm/test_compiled_engine.py",
    "lstm/test_keras_bridge.py",
    "firmware/test_c_forms.py",  # compiled by a C compiler
    "firmware/files/test_onnx.py",  # run by onnxruntime
    "test_symbolic.py",  # the stated gradient is SymPy's derivative
)
CODE = """\
import isru
from isru.activations import softroot
from isru.certificates import load_certificates
from isru.chapters.neighbours.atlas import overview, page, prove
from isru.kernels import softroot as compiled

assert softroot(1.5) == 0.8823529411764706 == compiled(1.5)
assert prove(page("softroot")) == 3
assert overview({"softroot": page("softroot")})[-1]["formula"]
assert load_certificates().loc["softroot", "certificate"] == "none yet"
network = isru.LSTMNetwork(2, 3, 1, activation="softroot")
isru.export_c(network, "exported")
assert "SQRTF" in open("exported/network.c").read()
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Return a copy of the project with one file more."""
    root, copy = paths.root(), tmp_path_factory.mktemp("project")
    for name in ("src", "tests"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(root / name, copy / name, ignore=ignored)
    for path in root.iterdir():
        if path.name in (
            "_toc.yml",
            "_config.yml",
            "pyproject.toml",
            "data",
            "notebooks",
            "results",
        ):
            (copy / path.name).symlink_to(path)
    shutil.copy(FILE, copy / "src" / "isru" / "activations")
    return copy


def run(tree, *arguments):
    source = {"PYTHONPATH": str(tree / "src"), "NUMBA_CACHE_DIR": str(tree / "numba")}
    environment = {**os.environ, **source}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_file_of_forty_lines_is_enough():
    assert len(FILE.read_text(encoding="utf-8").splitlines()) <= 40


@pytest.mark.slow
def test_it_is_in_the_registry_the_atlas_the_engine_and_the_export(tree):
    run(tree, "-c", CODE)


@pytest.mark.slow
def test_every_form_of_it_is_right(tree):
    files = [f"tests/{name}" for name in TESTS]
    told = run(tree, "-m", "pytest", "-vv", "-k", "softroot", *files)
    for name in TESTS:
        assert f"{name}::" in told, f"no test of {name} looked at it"
