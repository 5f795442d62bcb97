"""Packages that are missing or differ are named, with what to install."""

import importlib.metadata
import subprocess
import sys

import pytest

from isru import paths
from isru.emulator import PINNED, ToolchainError, toolchain, toolchain_problem

pytestmark = pytest.mark.slow


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


def test_the_compiler_needs_no_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/proc/none")
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/none")
    for name in paths.compiler_caches():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(paths, "compiled", lambda: tmp_path / "compiled")
    (tmp_path / "a.c").write_text("int answer(void) { return 42; }")
    command = toolchain.compiler_command("-c", "a.c", "-o", "a.o")
    toolchain.run(command, tmp_path, "compiling")
    assert (tmp_path / "a.o").is_file()
    assert (tmp_path / "compiled" / "zig").is_dir()


def test_a_library_without_a_compendium_keeps_what_it_compiles_for_this_user(monkeypatch):
    def missing():
        raise FileNotFoundError("no compendium")

    monkeypatch.setattr(paths, "root", missing)
    folder = paths.compiled()
    assert folder.name.startswith("isru-embedded-") and "build" not in folder.parts
