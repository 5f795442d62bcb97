"""Digits: parts that share nothing, pairs of equal seeds, words that need enough of them."""

import numpy as np
import pandas as pd
import pytest

from isru.chapters.precision_threads_frameworks import digits
from isru.data import images
from isru.sweep import run_sweep

pytestmark = pytest.mark.slow


def test_the_parts_are_the_whole_set_and_share_no_image():
    found = digits.read_images("digits")
    parts = [found.train, found.validation, found.test]
    assert [x.shape for x, _ in parts] == [(1097, 8, 8), (200, 8, 8), (500, 8, 8)]
    from sklearn.datasets import load_digits

    whole = np.sort(np.concatenate([x.reshape(len(x), -1) for x, _ in parts]), axis=0)
    np.testing.assert_array_equal(whole, np.sort(load_digits().data / 16, axis=0))
    assert all(len(np.unique(classes)) == 10 for _, classes in parts)


def test_mnist_that_is_damaged_or_out_of_reach_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("ISRU_DATA", str(tmp_path))
    monkeypatch.setattr(images, "MNIST_URL", "http://localhost:9/mnist.npz")
    with pytest.raises(
        FileNotFoundError, match=r"put the file at .*or use images='mnist-5000' or 'digits'"
    ):
        digits.read_images("mnist")
    (tmp_path / "mnist.npz").write_bytes(b"no images")
    with pytest.raises(ValueError, match="expected MNIST with SHA-256"):
        digits.read_images("mnist")


def test_a_network_learns_and_equal_seeds_give_equal_rows():
    cases = [digits.DigitsCase("isru", 8, 0, epochs=4)] * 2 + [
        digits.DigitsCase("tanh", 8, 0, epochs=4)
    ]
    first, again, other = run_sweep(
        digits.accuracy_row, cases, processes=1, progress=False
    ).to_dict("records")
    assert first == again and first["accuracy"] > 30 and other["arm"] == "tanh"


def test_differences_are_paired_by_seed_and_few_pairs_decide_nothing():
    rows = pd.DataFrame(
        [
            {"arm": arm, "units": 8, "seed": seed, "accuracy": 90 + seed + gain}
            for seed in range(8)
            for arm, gain in {"tanh": 0.0, "isru": 0.1, "identity": -3.0}.items()
        ]
    )
    pairs = digits.digit_pairs(rows)
    table = digits.compare_digits(pairs, rng=np.random.default_rng(0)).set_index("arm")
    assert table["mean"].to_dict() == pytest.approx({"isru": 0.1, "identity": -3.0})
    assert table["word"].to_dict() == {"isru": "equivalent", "identity": "worse"}
    few = digits.compare_digits(pairs[pairs["seed"] < 5], rng=np.random.default_rng(0))
    assert set(few["word"]) == {"undecided"}


@pytest.mark.parametrize("wrong", [{"arm": "gelu"}, {"images": "letters"}])
def test_an_unknown_name_is_refused(wrong):
    with pytest.raises(ValueError, match="expected one of"):
        digits.DigitsCase(**({"arm": "tanh", "units": 8, "seed": 0} | wrong))
