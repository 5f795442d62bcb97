"""The table of formats, without TensorFlow."""

import numpy as np
import pytest

from isru.firmware import DeployError, compare, export_c

pytestmark = pytest.mark.slow

LIGHT = ["C float32", "C int8 weights", "ONNX", "ONNX fused"]
FLOAT32 = 2e-6  # as in test_onnx.py


@pytest.mark.parametrize("sequence", [False, True])
def test_each_file_is_run_and_held_against_numpy(make_network, sequences, tmp_path, sequence):
    network = make_network("tanh", return_sequences=sequence)
    table = compare(network, sequences, tmp_path, formats=LIGHT).set_index("format")
    assert (table["largest_difference"].drop("C int8 weights") < FLOAT32).all()
    assert 1e-4 < table.loc["C int8 weights", "largest_difference"] < 0.1
    assert (table["rms_difference"] < table["largest_difference"]).all()
    np.testing.assert_allclose(
        table["rms_output"] ** 2, np.mean(network.forward(sequences)[0] ** 2)
    )
    assert table["status"].tolist() == ["its own function"] * 2 + ["one operator"] * 2
    exported = export_c(network, tmp_path / "c", weights="int8")
    assert table.loc["C int8 weights", "size_bytes"] == exported.flash_bytes
    assert table.loc["ONNX", "size_bytes"] == (tmp_path / "onnx.onnx").stat().st_size


def test_a_refused_format_has_its_reason_and_no_numbers(make_network, sequences, tmp_path):
    table = compare(make_network("isru_rsqrt1"), sequences, tmp_path, formats=LIGHT)
    refused = table[table["status"] == "refused"]
    assert refused["format"].tolist() == ["ONNX", "ONNX fused"]
    assert refused["becomes"].str.contains("ONNX").all()
    assert refused[["size_bytes", "largest_difference", "operators"]].isna().all(axis=None)


def test_an_unknown_format_is_named(make_network, sequences, tmp_path):
    with pytest.raises(DeployError, match=r"formats: expected some of C float32.*\['ELF'\]"):
        compare(make_network(), sequences, tmp_path, formats=["ELF"])
