"""The exported C: the same numbers, no warnings, no surprises."""

import ctypes
import re
import shutil
import subprocess

import numpy as np
import pytest
from c_warnings import WARNINGS

from isru.activations import ACTIVATIONS
from isru.emulator.toolchain import compiler_command
from isru.firmware import (
    LSTM_ARMS,
    BudgetError,
    ExportError,
    dequantised,
    export_c,
    export_integer,
)
from isru.firmware.c_names import check_name

pytestmark = pytest.mark.slow

STEPS = 40


def run_exported(host_library, network, folder, x, libraries=("-lm",), **options):
    """Return the outputs of the exported network after every step."""
    done = export_c(network, folder, name="small", **options)
    files = {path.name: path.read_text() for path in (done.header, done.source)}
    code = host_library(files, libraries)
    numbers = done.ram_bytes // 4
    state, y = (ctypes.c_float * numbers)(*[9.0] * numbers), (ctypes.c_float * 2)()
    code.small_reset(state)
    found = []
    for row in x:
        code.small_step(state, row.ctypes.data_as(ctypes.c_void_p))
        code.small_output(state, y)
        found.append(list(y))
    return np.array(found)


@pytest.fixture
def x():
    return np.random.default_rng(1).standard_normal((STEPS, 3)).astype(np.float32)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize(
    ("activation", "gate", "sizes"),
    [
        ("isru", "isru_sigmoid", (6,)),
        ("tanh", "sigmoid", (5, 7, 4)),
        ("table_tanh", "hard_sigmoid", (6, 3)),
        ("isru_rsqrt1", "sigmoid", (1,)),
    ],
)
def test_float_outputs_are_those_of_the_network(
    host_library, make_network, tmp_path, x, activation, gate, sizes, cell
):
    network = make_network(activation, gate, sizes, cell=cell)
    found = run_exported(host_library, network, tmp_path, x)
    np.testing.assert_allclose(found, network.forward(x[None])[0][0], atol=1e-5)


def test_two_functions_of_one_family_keep_their_own_parameters(
    host_library, make_network, tmp_path, x
):
    steep = ACTIVATIONS["isru_sigmoid"].with_parameters(k=3.0)
    network = make_network("isru_sigmoid", steep)
    found = run_exported(host_library, network, tmp_path, x)
    np.testing.assert_allclose(found, network.forward(x[None])[0][0], atol=1e-5)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_int8_outputs_are_those_of_the_rounded_network(
    host_library, make_network, tmp_path, x, cell
):
    network = make_network("isru", "isru_sigmoid", (6, 5), cell=cell)
    found = run_exported(host_library, network, tmp_path, x, weights="int8")
    exact = dequantised(network).forward(x[None])[0][0]
    np.testing.assert_allclose(found, exact, atol=1e-5)
    assert np.abs(exact - network.forward(x[None])[0][0]).max() > 1e-4  # rounding is seen


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_rounding_to_int8_moves_a_weight_by_half_a_step_at_most(make_network, cell):
    network = make_network(sizes=(5,), cell=cell)
    kernel, rounded = network.get_weights()[1], dequantised(network).get_weights()[1]
    rows = np.vstack(network.get_weights()[:2])
    assert (np.abs(kernel - rounded) <= np.abs(rows).max(axis=0) / 127 * 0.501).all()


def test_an_exp_free_network_needs_no_library(host_library, make_network, tmp_path, x):
    alone = ("-nostdlib", "-Wl,-z,defs")
    run_exported(host_library, make_network(), tmp_path, x, alone)
    with pytest.raises(AssertionError, match="undefined symbol: expf"):
        run_exported(host_library, make_network("isru", "sigmoid"), tmp_path, x, alone)


COMPILERS = {
    "clang": lambda *flags: compiler_command(*flags, *WHOLE),
    "clang++": lambda *flags: compiler_command(*flags, "-c"),
    "gcc": lambda *flags: ["gcc", *flags, *WHOLE],
    "g++": lambda *flags: ["g++", *flags, *WHOLE],
}
WHOLE = ["-shared", "-fPIC", "-Wl,-z,defs", "-lm"]  # nothing may be missing, as C++ would name it


@pytest.mark.parametrize("weights", ["float32", "int8"])
@pytest.mark.parametrize(
    ("compiler", "flags"),
    [
        ("clang", ["-std=c99"]),
        ("clang++", ["-x", "c++", "-std=c++17"]),
        ("gcc", ["-std=c99"]),
        ("g++", ["-x", "c++", "-std=c++11"]),
    ],
)
def test_compilers_have_nothing_to_say(make_network, tmp_path, compiler, flags, weights):
    if not compiler.startswith("clang") and not shutil.which(compiler):
        pytest.skip(f"no {compiler} on the path")
    for *pair, cell in (
        ("isru", "isru_sigmoid", "lstm"),
        ("tanh", "sigmoid", "gru"),
        ("table_tanh", "hard_sigmoid", "lstm"),
        ("isru_rsqrt1", "isru_sigmoid", "gru"),
    ):
        done = export_c(make_network(*pair, (4, 3), cell=cell), tmp_path, weights=weights)
        arguments = [*flags, "-O1", *WARNINGS, "-o", "network.o", done.source.name]
        command = COMPILERS[compiler](*arguments)
        said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert (said.returncode, said.stderr) == (0, "")


def test_both_files_say_what_they_hold(make_network, tmp_path):
    done = export_c(make_network(), tmp_path, name="filter")
    for text in (done.header.read_text(), done.source.read_text()):
        for part in ("isru 0", done.digest, "i, f, c, o", f"{done.flash_bytes} bytes of flash"):
            assert part in text
    assert "malloc(" not in done.source.read_text()


def test_a_gru_says_so_and_has_fewer_numbers(make_network, tmp_path):
    lstm, gru = (export_c(make_network(cell=name), tmp_path / name) for name in ("lstm", "gru"))
    assert "a GRU network" in gru.source.read_text()
    assert "cell state" not in gru.header.read_text()
    dense = 4 * 2 * (6 + 1)
    assert gru.flash_bytes - dense == 0.75 * (lstm.flash_bytes - dense)
    assert gru.ram_bytes == lstm.ram_bytes


def test_equal_networks_give_equal_files(make_network, tmp_path):
    texts = [export_c(make_network(), tmp_path / n).source.read_text() for n in ("a", "b")]
    other = export_c(make_network(seed=1), tmp_path / "c")
    assert texts[0] == texts[1]
    assert other.source.read_text() != texts[0]


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_state_has_the_stated_size(make_network, tmp_path, cell):
    for weights in ("float32", "int8"):
        done = export_c(make_network(sizes=(5, 7), cell=cell), tmp_path, weights=weights)
        check = f'#include "network.h"\ntypedef char f[sizeof(network_state) == {done.ram_bytes}'
        (tmp_path / "check.c").write_text(f"{check} ? 1 : -1];\n")
        command = compiler_command("-std=c99", "-c", "check.c", "-o", "check.o")
        assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_network_that_is_too_large_is_refused_with_both_numbers(make_network, tmp_path, cell):
    network = make_network(sizes=(20,), cell=cell)
    needed = export_c(network, tmp_path)
    export_c(network, tmp_path, flash=needed.flash_bytes, ram=needed.ram_bytes)
    for kind, bytes_needed in (("flash", needed.flash_bytes), ("ram", needed.ram_bytes)):
        with pytest.raises(BudgetError, match=f"{bytes_needed - 1} bytes .* {bytes_needed} "):
            export_c(network, tmp_path, **{kind: bytes_needed - 1})
    assert export_c(network, tmp_path, weights="int8").flash_bytes < 0.4 * needed.flash_bytes


def test_weights_that_are_not_finite_are_refused_by_name(make_network, tmp_path):
    network = make_network(dtype="float64")
    weights = network.get_weights()
    weights[1][2, 3] = 1e300  # finite in float64 only
    network.set_weights(weights)
    with pytest.raises(ExportError, match=r"lstm 0 recurrent_kernel: .* inf at \[2, 3\]"):
        export_c(network, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cell": "peephole"}, "LSTM or GRU cells, got 'peephole'"),
        ({"cell": "coupled"}, "LSTM or GRU cells, got 'coupled'"),
        ({"cell_activation": "tanh"}, "got a network with cell_activation"),
        ({"trainable_alpha": True}, "got a network with trainable_alpha"),
    ],
)
def test_a_network_without_c_form_is_refused(make_network, tmp_path, change, message):
    with pytest.raises(ExportError, match=message):
        export_c(make_network(**change), tmp_path)


@pytest.mark.parametrize("name", ["Net", "9", "a-b", "int", "class", ""])
def test_a_name_that_c_does_not_allow_is_refused(make_network, tmp_path, name):
    with pytest.raises(ExportError, match="name: expected"):
        export_c(make_network(), tmp_path, name=name)


OTHERS_NAMES = (
    "inline restrict constexpr asm co_await nullptr export "
    "stdio math string vector time complex main printf tanh tanhf sqrtl memcpy size_t uint8_t "
    "layer gather clear layer_step weights0 h0 dense_weights isru tanh_float tanh_table dense_sum "
    "rational_sigmoid look_up state"
)


@pytest.mark.parametrize("name", OTHERS_NAMES.split())
def test_a_name_that_stands_for_something_already_is_refused(make_network, tmp_path, name):
    with pytest.raises(ExportError, match=f"name: expected a name.*, got .*'{name}'"):
        export_c(make_network(), tmp_path, name=name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["forecaster", "filter", "net_2", "island", "strider", "total"])
def test_an_ordinary_name_is_taken(name):
    assert check_name(name) == name


def identifiers(text):
    """Return the names of a C text that are longer than a letter, without comments and texts."""
    text = re.sub(r'/\*.*?\*/|"[^"\n]*"', " ", text, flags=re.DOTALL)
    text = re.sub(r"#\s*(if|elif|else|endif|define|include|ifndef|ifdef).*", " ", text)
    return {word for word in re.findall(r"(?<![\w.])[a-z]\w+", text) if not word.startswith("zz_")}


def test_every_name_of_the_generated_c_is_known_to_be_taken(make_network, tmp_path):
    found = set()
    for cell in ("lstm", "gru"):
        for pair in (("tanh", "sigmoid"), ("table_tanh", "hard_sigmoid"), ("isru", "isru_sigmoid")):
            for weights in ("float32", "int8"):
                network = make_network(*pair, (4, 3), cell=cell)
                done = export_c(network, tmp_path, name="zz", weights=weights)
                found |= identifiers(done.source.read_text() + done.header.read_text())
    done = export_integer(make_network(), tmp_path, arm="integer_isru", largest=3.0, name="zz")
    found |= identifiers(done.source.read_text() + done.header.read_text())
    free = []
    for name in found:
        try:
            free.append(check_name(name))
        except ExportError:
            continue
    assert free == []


def test_an_unknown_kind_of_weights_is_refused(make_network, tmp_path):
    with pytest.raises(ExportError, match="'float32' or 'int8', got 'int4'"):
        export_c(make_network(), tmp_path, weights="int4")


@pytest.mark.slow
def test_a_keras_model_exports_through_the_weight_bridge(make_network, tmp_path):
    from isru import keras_bridge as bridge

    network = make_network("isru", "isru_sigmoid", (4, 3))
    model = bridge.build_keras(network)
    ours = export_c(network, tmp_path / "ours")
    theirs = export_c(bridge.read_keras(model), tmp_path / "theirs")
    assert theirs.source.read_text() == ours.source.read_text()


@pytest.mark.parametrize("weights", ["float32", "int8"])
def test_an_arm_gives_the_file_of_a_network_with_its_functions(make_network, tmp_path, weights):
    own = export_c(make_network("isru", "isru_sigmoid"), tmp_path / "own", weights=weights)
    network = make_network("tanh", "sigmoid")
    for arm in ("exp_free", LSTM_ARMS["exp_free"]):
        done = export_c(network, tmp_path / "arm", arm=arm, weights=weights)
        assert done.source.read_text() == own.source.read_text()
        assert done.header.read_text() == own.header.read_text()
    assert "tanhf(" in export_c(network, tmp_path).source.read_text()


def test_an_arm_in_integers_and_an_unknown_one_are_refused(make_network, tmp_path):
    with pytest.raises(ExportError, match="in floats, got 'integer_isru': take export_integer"):
        export_c(make_network(), tmp_path, arm="integer_isru")
    with pytest.raises(ValueError, match=r"expected arms of: libm, .* got 'fast'"):
        export_c(make_network(), tmp_path, arm="fast")
    assert not list(tmp_path.iterdir())
