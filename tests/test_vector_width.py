"""NumPy is timed with and without AVX-512 in processes of their own, and the environment stays."""

import os
import subprocess
import sys

import numpy as np
import pytest

from isru.chapters.activation_cost.costs import cases
from isru.chapters.activation_cost.vector_width import (
    avx512_features,
    compare_widths,
    kept_from,
    measure_widths,
)

SETTING = "NPY_DISABLE_CPU_FEATURES"
FOUND = (
    "import numpy as np; print(*np.show_config(mode='dicts')['SIMD Extensions'].get('found', []))"
)


def found_in_a_new_process():
    return set(subprocess.check_output([sys.executable, "-c", FOUND], text=True).split())


@pytest.mark.slow
def test_a_process_started_meanwhile_has_all_but_these_instructions():
    before = found_in_a_new_process()
    with kept_from(avx512_features()):
        assert found_in_a_new_process() == before - set(avx512_features())
    assert found_in_a_new_process() == before


def test_what_is_kept_from_numpy_already_stays_kept(monkeypatch):
    monkeypatch.setenv(SETTING, "AVX512_SPR")
    with kept_from(["X86_V4"]):
        assert os.environ[SETTING] == "AVX512_SPR X86_V4"
    assert os.environ[SETTING] == "AVX512_SPR"


def test_nothing_is_set_where_there_is_nothing_to_keep(monkeypatch):
    monkeypatch.delenv(SETTING, raising=False)
    with kept_from([]):
        assert SETTING not in os.environ
    with pytest.raises(KeyError), kept_from(["X86_V4"]):
        raise KeyError
    assert SETTING not in os.environ


@pytest.mark.slow
def test_both_are_timed_in_every_process_and_compared_within_one():
    quickly = {"min_seconds": 0.0, "blocks": 1, "warmup": 1, "progress": False}
    samples = measure_widths(cases([1000], dtypes=("float32",)), processes=2, **quickly)
    assert samples.groupby(["vectors", "arm"])["process"].nunique().tolist() == [2] * 4
    slow = (samples["arm"] == "numpy_tanh") & (samples["vectors"] == "without_avx512")
    seconds = np.where(slow, 6e-6, 2e-6)
    table = compare_widths(
        samples.assign(seconds=seconds, cpu_seconds=seconds), rng=np.random.default_rng(0)
    ).set_index("vectors")
    assert table["tanh"].to_dict() == pytest.approx({"all": 2, "without_avx512": 6})
    assert table["isru"].to_dict() == pytest.approx({"all": 2, "without_avx512": 2})
    assert table["ratio"].to_dict() == pytest.approx({"all": 1, "without_avx512": 3})
    assert table["direction"].to_dict() == {"all": "equal", "without_avx512": "faster"}
