"""Certificates: every float32 is looked at once, what is wrong is found, a stop is no loss."""

import json
from dataclasses import replace

import numpy as np
import pytest

from isru.activations import ACTIVATIONS
from isru.certificates import making as module
from isru.certificates.making import certify

pytestmark = pytest.mark.slow

ISRU = ACTIVATIONS["isru"]
ONE = 0x3F800000  # the bit pattern of 1.0


@pytest.fixture
def small_parts(monkeypatch):
    """Cut the bit patterns into 65536 parts instead of 256; return the part of an input."""
    monkeypatch.setattr(module, "CHUNK", 1 << 16)
    monkeypatch.setattr(module, "CHUNKS", 1 << 16)
    return lambda x: int(np.float32(x).view(np.uint32) >> 16)


def changed(at, to, **other):
    """Return isru with another value at one float32 input; its float64 oracle stays right."""

    def careful(x, out):
        y = ISRU.careful(x, out)
        if x.dtype == np.float32:
            y[x == at] = to
        return y

    return replace(ISRU, careful=careful, **other)


def test_record_of_isru_near_its_bend(small_parts, tmp_path):
    parts = [small_parts(x) for x in (1e-40, 0.0125, 0.125, 0.505, 1.0, 2.7, 1e19, np.inf)]
    record = certify("isru", tmp_path, progress=False, chunks=parts)
    assert record == json.loads((tmp_path / "isru.json").read_text())
    assert record["inputs"] == 2 * len(parts) * (1 << 16)
    assert 1 < record["max_ulp"] < 2 == record["stated_ulp"]
    assert record["keeps_stated_ulp"]
    assert record["not_odd"] == record["out_of_range"] == record["wrong_nan"] == 0
    assert not record["complete"]
    worst = np.array([record["max_ulp_at"]], np.float32)
    error = module.ulp_error(ISRU.value(worst), ISRU.value(worst.astype(np.float64)))
    assert error[0] == record["max_ulp"]


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_every_activation_can_be_certified(name, small_parts, tmp_path):
    entry = ACTIVATIONS[name]
    parts = [small_parts(x) for x in (0.0, 0.75, 5.0, np.nan)]
    if not entry.odd:
        parts += [part + (1 << 15) for part in parts]
    record = certify(name, tmp_path, progress=False, chunks=parts)
    assert record["keeps_stated_ulp"]
    assert record["not_odd"] == record["out_of_range"] == record["wrong_nan"] == 0
    assert record.get("max_error", 0) <= record.get("stated_error", 0)


def test_all_parts_make_a_complete_certificate(monkeypatch, tmp_path):
    looked_at = []
    monkeypatch.setattr(module, "_look_at", lambda entry, first, state: looked_at.append(first))
    assert certify("isru", tmp_path, progress=False)["complete"]
    assert certify("isrlu", tmp_path, progress=False)["complete"]
    half, whole = looked_at[:128], looked_at[128:]
    assert half == [part << 24 for part in range(128)]  # odd: the mirror image comes along
    assert whole == [part << 24 for part in range(256)]


def test_one_wrong_value_is_found(small_parts, tmp_path):
    wrong = changed(at=1.5, to=0.8)  # 0.832 is right
    record = certify(wrong, tmp_path, progress=False, chunks=[small_parts(1.5)])
    assert record["max_ulp_at"] == record["max_fall_at"] == 1.5
    assert record["max_ulp"] > 1e5
    assert record["falls"] >= 1
    assert record["not_odd"] == 2  # at 1.5 and at -1.5
    assert not record["keeps_stated_ulp"]


def test_a_fall_between_two_parts_is_found(small_parts, tmp_path):
    last = np.array(ONE - 1, np.uint32).view(np.float32)
    above = changed(at=last, to=np.float32(0.75))
    record = certify(above, tmp_path, progress=False, chunks=[small_parts(1.0)])
    assert record["falls"] >= 1
    assert record["max_fall_at"] == 1.0


def test_falls_among_the_negative_numbers_are_found(small_parts, tmp_path):
    wrong = changed(at=-1.5, to=-0.8, odd=False)
    chunks = [small_parts(-1.5)]
    record = certify(wrong, tmp_path, progress=False, chunks=chunks)
    assert record["max_fall_ulp"] > 1e5
    assert record["inputs"] == 1 << 16


def test_a_wrong_limit_a_lost_nan_and_a_value_out_of_range_are_found(small_parts, tmp_path):
    def careless(x, out):
        y = ISRU.careful(x, out)
        if x.dtype == np.float32:
            y[np.isnan(y)] = 0
            y[np.isinf(x)] = 1.5
        return y

    record = certify(
        replace(ISRU, careful=careless), tmp_path, progress=False, chunks=[small_parts(np.inf)]
    )
    assert record["max_ulp_at"] == "inf"
    assert record["out_of_range"] == 2  # at either infinity
    assert record["wrong_nan"] == 2 * ((1 << 16) - 1)


def test_goes_on_after_a_stop(small_parts, tmp_path, monkeypatch):
    parts = [small_parts(x) for x in (0.3, 0.6, 1.2)]
    whole = certify("isru", tmp_path / "whole", progress=False, chunks=parts)
    look_at, calls = module._look_at, []

    def stop_at_the_second(entry, first, state):
        calls.append(first)
        if len(calls) == 2:
            raise KeyboardInterrupt
        look_at(entry, first, state)

    monkeypatch.setattr(module, "_look_at", stop_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        certify("isru", tmp_path, progress=False, chunks=parts)
    assert not (tmp_path / "isru.json").exists()
    resumed = certify("isru", tmp_path, progress=False, chunks=parts)
    assert calls == [part << 16 for part in (parts[0], parts[1], parts[1], parts[2])]
    assert {**resumed, "seconds": 0} == {**whole, "seconds": 0}
    assert not (tmp_path / "isru.state.json").exists()


def test_the_state_of_other_code_is_not_continued(small_parts, tmp_path):
    part = small_parts(1.0)
    state = {"key": "older code", "done": [part], "seconds": 9.0, "counts": {}, "worst": {}}
    (tmp_path / "isru.state.json").write_text(json.dumps(state))
    assert certify("isru", tmp_path, progress=False, chunks=[part])["inputs"] == 2 << 16


def test_unknown_names_and_parts_are_refused(tmp_path):
    with pytest.raises(ValueError, match="expected an activation of"):
        certify("gelu", tmp_path)
    with pytest.raises(ValueError, match="expected chunks of isru from range"):
        certify("isru", tmp_path, chunks=[200])
