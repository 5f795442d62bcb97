"""A core is two files: its description and its cycle table. Nothing else has to know of it."""

import pytest

from isru.emulator import TARGETS, cores, cycles
from isru.firmware import code_size, measure_activation, measure_lstm

pytestmark = pytest.mark.slow

CORE = '''\
"""A core for this test: the Cortex-M4's instructions, another triple of cycles."""

from isru.emulator.cores import Target

CORE = Target(
    name="throw-away",
    label="Throw-away",
    triple="thumb-freestanding-eabihf",
    cpu="cortex_m4+vfp4d16sp",
    flags=("-mfloat-abi=hard",),
    family="arm",
    emulated="CORTEX_M4",
    fpu=True,
    table="three-each",
)
'''
TABLE = '''\
"""Three cycles for every instruction, four at the high end of memory."""

SOURCE = "This test"
MULTIPLY_ACCUMULATE = 9


def cycles(block, taken, reading):
    return (3, 3, 4)[reading.memory] * len(block)
'''


@pytest.fixture
def added(tmp_path, monkeypatch):
    """Put the two files beside those of the package."""
    for package, name, text in ((cores, "throw_away", CORE), (cycles, "three_each", TABLE)):
        folder = tmp_path / package.__name__
        folder.mkdir()
        (folder / f"{name}.py").write_text(text)
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    monkeypatch.setattr(cores, "TARGETS", cores.read_targets())


def test_two_files_make_a_core_that_is_counted(added):
    calls = measure_activation("throw-away", arms=["isru"], gates=False)
    as_before = measure_activation("cortex-m4f", arms=["isru"], gates=False)
    assert calls["instructions"].tolist() == as_before["instructions"].tolist()
    assert (calls["cycles"] == 3 * calls["instructions"]).all()
    assert (calls["cycles_high"] == 4 * calls["instructions"]).all()
    steps = measure_lstm("throw-away", sizes=[2], arms=["exp_free"])
    assert (steps["cycles"] == 3 * steps["instructions"]).all()
    assert set(code_size("throw-away", sizes=[2], arms=["exp_free"])["target"]) == {"throw-away"}


def test_a_core_is_named_like_its_file(added, tmp_path):
    folder = tmp_path / cores.__name__
    (folder / "another.py").write_text(CORE)
    with pytest.raises(ValueError, match=r"named 'another' in another\.py, got 'throw-away'"):
        cores.read_targets()


def test_a_table_that_is_no_file_is_refused():
    with pytest.raises(ValueError, match=r"cycle table of: .*cortex_m4, .*got 'cortex-m9'"):
        cycles.read_table("cortex-m9")


def test_labels_stand_with_the_cores():
    labels = [core.label for core in TARGETS.values()]
    assert "Cortex-M4F" in labels
    assert len(set(labels)) == len(labels)
