"""The analysis held against what a machine measured."""

import numpy as np
import pandas as pd
import pytest

from isru.analysed import kernels, table
from isru.chapters.processors import checked

CASCADE_LAKE = ["avx2", "adx", "avx512f", "avx512_vnni"]


def analysed(**cycles):
    """Return an analysis of Cascade Lake with these cycles an element, for both types."""
    rows = [(arm, dtype, at) for arm, at in cycles.items() for dtype in kernels.REALS]
    return pd.DataFrame(rows, columns=["arm", "dtype", "cycles"]).assign(osaca="CSX", ports="0DV")


def recorded(isru_ns, tanh_ns, flags=CASCADE_LAKE):
    """Return a record in which the two loops take so long an element."""
    cells = [
        {
            "arm": arm,
            "case": {"dtype": dtype, "input": "typical", "size": 100_000},
            "samples": [[process, 0, 0, 1, time, time] for process in range(6)],
        }
        for arm, time in {"simd_isru": isru_ns, "simd_rational_tanh": tanh_ns}.items()
        for dtype in kernels.REALS
    ]
    cpu = {"model": "Intel(R) Xeon(R) Processor @ 2.50GHz", "flags": flags}
    return {"kind": "processor", "machine": {"cpu": cpu}, "parts": {"compiled": cells}}


@pytest.fixture
def elsewhere(monkeypatch):
    """Pretend that this machine's core is unknown; return what puts records in place."""
    monkeypatch.setattr(checked, "core_here", lambda: None)
    return lambda *records: monkeypatch.setattr(checked, "published_records", lambda: records)


def test_a_record_is_held_against_its_cores_analysis(elsewhere):
    elsewhere(recorded(2e-9, 1e-9))
    found = checked.checks(analysed(isru=2.0, rational_tanh=1.1))
    assert list(found["core"]) == ["Cascade Lake"] * 2
    assert found["measured"].tolist() == pytest.approx([0.5, 0.5])
    assert found["difference"].tolist() == pytest.approx([10, 10])
    assert found["reason"].tolist() == ["", ""]


@pytest.mark.parametrize(("tanh_ns", "difference"), [(2e-9, -50), (0.5e-9, 100)])
def test_a_ratio_that_is_off_has_its_reason_in_both_directions(elsewhere, tanh_ns, difference):
    """Its sign does not say which of the two loops, or whether the measurement, is slower."""
    elsewhere(recorded(2e-9, tanh_ns))
    found = checked.checks(analysed(isru=2.0, rational_tanh=1.0))
    assert found["difference"].tolist() == pytest.approx([difference] * 2)
    assert all("second cache" in reason for reason in found["reason"])


def test_what_binds_a_loop_gives_the_reason(monkeypatch):
    """A divider, few cycles a vector, many of them; and one that took less than its bound."""
    monkeypatch.setattr(checked, "core_here", lambda: checked.CORES["CSX"])
    monkeypatch.setattr(checked, "problem", lambda: "")
    monkeypatch.setattr(checked, "published_records", list)
    loops = [("isru", "0DV", 8, 2.0), ("hard_tanh", "0", 1, 2.0), ("softsign", "0DV", 8, 0.5)]
    loops += [("tanh_fraction", "0", 8, 2.0), ("identity", "0", 1, 1.0)]
    own = pd.DataFrame(loops, columns=["arm", "ports", "cycles_vector", "measured"])
    own = own.assign(osaca="CSX", dtype="float32", cycles=1.0)
    timed = own[["arm", "dtype", "measured"]].assign(low=1.0, high=1.0)
    monkeypatch.setattr(checked, "measured_here", lambda *_, **__: timed)
    reasons = checked.checks(own).set_index("arm")["reason"]
    words = {"isru": "divider", "hard_tanh": "light", "tanh_fraction": "wait for each other"}
    assert all(word in reasons[arm] for arm, word in words.items())
    assert "table is off" in reasons["softsign"] and reasons["identity"] == ""


@pytest.mark.parametrize(
    ("cycles", "flags"),
    [
        ({"isru": 2.0, "rational_tanh": 1.0}, ["avx2", "avx_vnni", "avx512f", "amx_tile"]),
        ({"isru": np.nan, "rational_tanh": 1.0}, CASCADE_LAKE),
    ],
)
def test_what_was_not_analysed_is_not_compared(elsewhere, cycles, flags):
    elsewhere(recorded(2e-9, 1e-9, flags))
    found = checked.checks(analysed(**cycles))
    assert found.empty and "difference" in found


@pytest.mark.slow
def test_this_machine_times_the_loops_that_are_analysed():
    core = checked.core_here()
    if core is None or table.problem():
        pytest.skip("no core that is analysed, or no compiler")
    settings = {"processes": 2, "blocks": 1, "progress": False}
    found = checked.measured_here(core, ["isru", "identity", "isru_estimate"], **settings)
    cycles = found.set_index(["arm", "dtype"])["measured"]
    assert 0.02 < cycles["identity", "float32"] < cycles["isru", "float32"] < 20
    assert cycles["isru", "float32"] < cycles["isru", "float64"]
    # Of ISRU, 4 ULP of the root and what the product and the sum round.
    assert checked.estimate_error(core) < 6 * 2.0**-24
