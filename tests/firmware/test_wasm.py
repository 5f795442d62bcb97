"""The C as WebAssembly: pinned, the same bytes each time, the same bits as native C."""

import json
import shutil
import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from isru import paths
from isru.emulator.toolchain import toolchain_problem
from isru.firmware import ExportError, wasm

sys.path.insert(0, str(paths.root() / "book" / "_ext"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(toolchain_problem()), reason=toolchain_problem()),
]
VECTOR_SQRT = bytes([0xFD, 0xE3, 0x01])  # f32x4.sqrt
NODE = """
const [module, entry] = process.argv.slice(1);
const made = new WebAssembly.Module(require("fs").readFileSync(module));
const { memory, outputs_at, [entry]: run } = new WebAssembly.Instance(made).exports;
run(1);
console.log(JSON.stringify([...new Uint32Array(memory.buffer, outputs_at(), 1000)]));
"""
needs_node = pytest.mark.skipif(
    shutil.which("node") is None, reason="no Node on the path: the browser's tests look at this"
)


@cache
def pinned() -> dict:
    """Return what is pinned of the published networks."""
    return json.loads((paths.root() / "book" / "your-browser.json").read_text())


@cache
def published():
    """Return the published networks and the windows of the page."""
    from isru_book.browser import forecasters, some_windows

    return forecasters(paths.results() / "models"), some_windows()


def test_two_builds_have_the_same_bytes_and_those_that_are_pinned(monkeypatch, tmp_path):
    from isru_book.browser import compiled

    networks, windows = published()
    builds = []
    for name in ("one", "other"):
        monkeypatch.setattr(wasm, "cache_folder", lambda name=name: tmp_path / name)
        builds.append(compiled(networks, windows.inputs))
    assert builds[0] == builds[1] and len(builds[0]) == 5
    wasm.check_pinned(builds[0], pinned()["modules"])


def test_what_is_pinned_belongs_to_the_published_weights():
    from isru_book.browser import pins

    networks, windows = published()
    assert pins(networks, windows.inputs) == pinned(), "PYTHONPATH=book/_ext python -m isru_book"


def test_a_module_of_other_bytes_is_named_with_both_hashes():
    with pytest.raises(ExportError, match=f"isru: expected 00, got {wasm.sha256(b'changed')}"):
        wasm.check_pinned(
            {"tanh": b"a", "isru": b"changed"}, {"tanh": wasm.sha256(b"a"), "isru": "00"}
        )


def test_only_the_vectors_need_what_some_browsers_lack():
    assert VECTOR_SQRT in wasm.activation_module(vectors=True)
    assert VECTOR_SQRT not in wasm.activation_module()


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc on the path")
def test_another_compiler_gives_the_pinned_bits_and_numpy_is_near():
    networks, windows = published()
    for name, network in networks.items():
        words = wasm.native_outputs(network, windows.inputs, ["gcc"])
        assert [f"{word:08x}" for word in words] == pinned()["native"][name]
        far = np.abs(words.view(np.float32) - network.predict(windows.inputs)[:, 0]).max()
        assert far < 4e-7


def run_in_node(folder, module: bytes, name: str) -> np.ndarray:
    """Return the bits that one loop leaves in its outputs."""
    (folder / "module.wasm").write_bytes(module)
    command = ["node", "-e", NODE, "--", str(folder / "module.wasm"), f"run_{name}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return np.array(json.loads(done.stdout), np.uint32).view(np.float32)


@needs_node
@pytest.mark.parametrize("name", wasm.LOOPS)
def test_each_loop_computes_its_activation_in_vectors_as_one_by_one(tmp_path, name):
    from isru.firmware.c_forms import c_form

    found = run_in_node(tmp_path, wasm.activation_module(), name)
    inputs = np.random.default_rng(0).standard_normal(wasm.SIZE).astype(np.float32)
    exact = c_form(wasm.LOOPS[name]).reference(inputs.astype(float))
    assert np.abs(found - exact).max() < 3e-7
    if name in wasm.VECTOR_LOOPS:
        vectors = run_in_node(tmp_path, wasm.activation_module(vectors=True), name)
        assert np.array_equal(vectors.view(np.uint32), found.view(np.uint32))


def test_a_network_of_the_readers_own_is_not_held_to_the_pins(tmp_path):
    from isru_book.browser import content

    networks, _ = published()
    other = networks["isru"]
    weights = [w + np.float32(0.01) for w in other.get_weights()]
    changed = type(other)(**other.settings)
    changed.set_weights(weights)
    changed.save(tmp_path / "forecaster-isru-25.npz")
    networks["tanh"].save(tmp_path / "forecaster-tanh-25.npz")
    made = content(tmp_path, pinned())
    assert made["networks"]["tanh"]["native"] == pinned()["native"]["tanh"]
    assert made["networks"]["isru"]["native"] == []
    assert [row["arm"] for row in made["parts"][1]["arms"]] == ["tanh", "tanh_again", "isru"]


def test_changed_c_fails_the_build_and_the_module_is_named(monkeypatch, tmp_path):
    from isru_book.browser import content

    monkeypatch.setitem(wasm.LOOPS, "isru", "softsign")
    with pytest.raises(ExportError, match=r"pinned, got others:\nscalar: expected \w+, got \w+"):
        content(paths.results() / "models", pinned())
