"""The C that computes in integers is its definition, compiled and run on this machine."""

import ctypes

import numpy as np
import pytest

from isru.chapters.smallest.study import INTEGER_ARMS, integer_output
from isru.emulator.toolchain import compiler_command, run
from isru.firmware import export_integer
from isru.lstm import LSTMNetwork

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("arm", INTEGER_ARMS.values())
def test_the_compiled_c_says_what_its_definition_says(tmp_path, arm):
    rng = np.random.default_rng(0)
    network = LSTMNetwork(3, (4, 2), 2, rng=rng)
    seen, windows = rng.normal(size=(50, 5, 3)), rng.normal(size=(2, 5, 3))
    largest = np.abs(seen).max()
    exported = export_integer(network, tmp_path, arm=arm, largest=largest)
    flags = ("-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")
    command = compiler_command(*flags, "-o", "network.so", exported.source.name)
    run(command, tmp_path, "compiling for this machine")
    code, state = ctypes.CDLL(str(tmp_path / "network.so")), (ctypes.c_int16 * 64)()
    assert exported.ram_bytes <= ctypes.sizeof(state)
    scale, found = largest / 127, np.empty((2, 2), np.float32)
    for window, row in zip(windows, found, strict=True):
        code.network_reset(state)
        for x in np.clip(np.rint(window / scale), -127, 127).astype(np.int8):
            code.network_step(state, x.ctypes.data_as(ctypes.c_void_p))
        code.network_output(state, row.ctypes.data_as(ctypes.c_void_p))
    assert found == pytest.approx(integer_output(network, seen, windows, arm), abs=1e-6)
    assert "NETWORK_INPUT_SCALE" in exported.header.read_text(encoding="utf-8")


@pytest.mark.parametrize("wrong", [{"arm": "libm", "largest": 1.0}, {"largest": 0.0}])
def test_another_arm_or_no_scale_is_refused(tmp_path, wrong):
    network = LSTMNetwork(3, 2, 1)
    with pytest.raises(ValueError, match="expected an arm of"):
        export_integer(network, tmp_path, **{"arm": "integer_tanh"} | wrong)
