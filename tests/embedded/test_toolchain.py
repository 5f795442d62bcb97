"""Packages that are missing or differ are named, with what to install."""

import importlib.metadata
import subprocess
import sys

import pytest

from isru import paths
from isru.embedded import PINNED, ToolchainError, toolchain, toolchain_problem


@pytest.fixture
def fresh():
    toolchain.load.cache_clear()
    yield
    toolchain.load.cache_clear()


@pytest.mark.parametrize("package", sorted(PINNED))
def test_a_missing_package_is_named_with_the_command(fresh, monkeypatch, package):
    def version(name):
        if name == package:
            raise importlib.metadata.PackageNotFoundError(name)
        return PINNED[name]

    monkeypatch.setattr(importlib.metadata, "version", version)
    with pytest.raises(ToolchainError, match=f"pip install {package}=={PINNED[package]}"):
        toolchain.load(package)
    assert f"expected the package {package}" in toolchain_problem()


def test_another_version_is_refused(fresh, monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.1")
    with pytest.raises(ToolchainError, match=r"expected unicorn 2\.1\.4, since .*, got 0\.1"):
        toolchain.load("unicorn")


def test_the_pins_are_those_of_the_environment():
    lines = (paths.root() / "requirements.txt").read_text().splitlines()
    pins = dict(line.split(";")[0].strip().split("==") for line in lines if "==" in line)
    assert {name: pins[name] for name in PINNED} == PINNED


def test_exporting_imports_nothing_of_the_toolchain():
    code = "import sys, isru.embedded as e; e.export_c; e.TARGETS; e.measure_lstm\n"
    code += "print({'unicorn', 'capstone', 'ziglang', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
