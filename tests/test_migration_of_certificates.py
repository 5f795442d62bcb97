"""The one-off migration of the certificates carries a record over only with equal bits."""

import importlib.util
import json

import numpy as np
import pytest

from isru import paths
from isru.activations import ACTIVATIONS
from isru.certificates import load_certificates

_SPEC = importlib.util.spec_from_file_location(
    "carry_certificates", paths.root() / "migrations" / "carry_certificates.py"
)
migration = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(migration)

RECORD = {"name": "isru", "definitions": "old", "max_ulp": 1.6}


def test_a_record_says_where_it_comes_from_and_keeps_its_numbers():
    new = migration.carried(RECORD, "new", "old", "bits", "bits", 9)
    assert new["definitions"] == "new"
    assert new["carried"]["from"] == "old"
    assert "9 inputs" in new["carried"]["checked"]
    assert new["max_ulp"] == RECORD["max_ulp"]


def test_other_bits_and_a_record_of_other_code_are_refused():
    with pytest.raises(ValueError, match="isru: expected equal bits"):
        migration.carried(RECORD, "new", "old", "bits", "other bits", 9)
    with pytest.raises(ValueError, match="expected a certificate of older, got old"):
        migration.carried(RECORD, "new", "older", "bits", "bits", 9)


def test_one_changed_value_changes_the_fingerprint(monkeypatch):
    before = migration.fingerprints(1 << 22)
    assert before == migration.fingerprints(1 << 22)
    entry = ACTIVATIONS["relu"]

    def kernel(x, out, saved):
        y = np.where(x == 3, np.nextafter(x, x + 1), np.maximum(x, 0)).astype(x.dtype)
        return y, y

    monkeypatch.setitem(entry.__dict__, "kernel", kernel)
    after = migration.fingerprints(1 << 22)
    assert [name for name in before if before[name] != after[name]] == ["relu"]


def test_the_inputs_hold_every_kind_of_number():
    x = migration.inputs(1 << 22).view(np.float32)
    for kind in (np.isnan(x), np.isinf(x), x == 0, (np.abs(x) < 1e-38) & (x != 0)):
        assert np.signbit(x[kind]).any() and not np.signbit(x[kind]).all()
    assert {1.0, 3.0, -8.0, 2.0**62} <= set(x.tolist())


def test_the_published_certificates_are_those_of_the_present_code():
    found = load_certificates()["certificate"]
    assert set(found) <= {"full", "none yet"}, "a new activation may have none, no old one"
    for name in ACTIVATIONS:
        if found[name] == "none yet":
            continue
        path = paths.root() / "data" / "certificates" / f"{name}.json"
        assert json.loads(path.read_text(encoding="utf-8"))["complete"]
