"""GCC with newlib, and QEMU, where they are installed; else what is missing."""

import shutil

import numpy as np
import pytest

from isru.emulator import ToolchainError
from isru.emulator.errors import EmulatorFault
from isru.firmware.crosscheck import crosscheck, crosscheck_problem

pytestmark = pytest.mark.slow

PROBLEM = crosscheck_problem()
installed = pytest.mark.skipif(bool(PROBLEM), reason=PROBLEM)


@pytest.fixture(scope="session")
def sequence():
    return np.random.default_rng(1).standard_normal((3, 3)).astype(np.float32)


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """Return a function that makes a program the only one of its name."""

    def make(name, script):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    return make


@installed
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_another_toolchain_counts_about_the_same_and_computes_the_same(
    make_network, sequence, cell
):
    frame = crosscheck(make_network(cell=cell), sequence).set_index("arm")
    assert frame.index.tolist() == ["libm", "isru", "exp_free", "table"]
    assert frame["ratio"].between(0.8, 1.25).all()
    quotient = frame["instructions_gcc"] / frame["instructions_clang"]
    np.testing.assert_allclose(frame["ratio"], quotient)
    for name in ("gcc", "clang"):
        speedup = frame[f"speedup_{name}"]
        assert speedup["exp_free"] > speedup["isru"] > speedup["libm"] == 1
    assert frame["output_difference"].max() < 1e-6
    qemu = "bit-equal" if shutil.which("qemu-system-arm") else "not installed"
    assert (frame["qemu"] == qemu).all()
    assert frame["compiler"].str.contains(r"arm-none-eabi-gcc.* \d+\.\d+").all()
    assert frame["libm"].str.fullmatch(r"newlib \d+\.\d+\.\d+").all()


@installed
def test_a_board_that_computes_something_else_is_noticed(make_network, sequence, fake):
    six = "\n".join(["echo 3f800000"] * 6)
    fake("qemu-system-arm", six)  # also when it is asked for its version
    row = crosscheck(make_network(), sequence, arms=["libm"]).iloc[0]
    assert row["qemu"] == "differs"
    assert row["qemu_difference"] > 1e-3
    fake("qemu-system-arm", "echo 3f800000")
    with pytest.raises(EmulatorFault, match="expected 6 outputs from qemu-system-arm, got 1"):
        crosscheck(make_network(), sequence, arms=["libm"])
    fake("qemu-system-arm", "echo no such board; exit 3")
    with pytest.raises(EmulatorFault, match=r"(?s)-M mps2-an386 .*no such board"):
        crosscheck(make_network(), sequence, arms=["libm"])


@installed
@pytest.mark.parametrize("arms", [["isru"], ["libm", "integer_isru"]])
def test_arms_need_the_library_and_floats(make_network, sequence, arms):
    with pytest.raises(ValueError, match=f"expected 'libm' and others .*{arms[-1]}"):
        crosscheck(make_network(), sequence, arms=arms)


def test_without_the_compiler_the_message_says_what_to_install(monkeypatch, make_network, sequence):
    monkeypatch.setenv("PATH", "")
    expected = "expected the compiler arm-none-eabi-gcc .*apt-get install gcc-arm-none-eabi libnew"
    with pytest.raises(ToolchainError, match=expected):
        crosscheck(make_network(), sequence)


def test_without_newlib_the_message_holds_what_the_compiler_said(fake):
    fake("arm-none-eabi-gcc", "echo newlib.h: no such file >&2; exit 1")
    assert "expected newlib for arm-none-eabi-gcc; on Debian" in crosscheck_problem()
    assert "-include newlib.h /dev/null\nnewlib.h: no such file" in crosscheck_problem()
