"""Functions swapped into a trained network: what is compared with what."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from isru.chapters.exp_free import swapping
from isru.chapters.exp_free.swapping import STAGES, Swap, swap_pairs, swap_row
from isru.studies.forecaster import train_network, windows_of

pytestmark = pytest.mark.slow

SMALL = Swap("tanh", 4, 0, epochs=2, window=6, horizon=2, batch_size=512, into=("isru", "exp_free"))


def test_a_swap_changes_the_functions_and_not_the_weights(monkeypatch):
    seen = {}
    monkeypatch.setattr(
        swapping, "fit", lambda network, case, order: seen.update({case.arm: (network, case)})
    )
    row = swap_row(SMALL)
    trained, _ = train_network(SMALL)
    assert set(seen) == {"tanh", "isru", "exp_free"}
    for arm, (network, case) in seen.items():
        np.testing.assert_array_equal(network.parameters, trained.parameters)
        assert case.epochs == SMALL.fine_epochs
        assert network.activation.name == ("tanh" if arm == "tanh" else "isru")
        assert row[f"{arm} swapped"] == row[f"{arm} tuned"]  # nothing was tuned
    assert row["tanh factor"] == pytest.approx(1) and row["isru factor"] < 1
    assert row["tanh shrunk"] == pytest.approx(row["tanh swapped"])


def test_fine_tuning_is_repeatable_and_changes_the_skill_of_every_arm():
    row = swap_row(SMALL)
    assert row == swap_row(SMALL)
    assert all(row[f"{arm} tuned"] != row[f"{arm} swapped"] for arm in ("tanh", *SMALL.into))


def test_the_factor_is_what_the_forecasts_are_multiplied_with():
    """An output activation twice as large makes forecasts twice as large, but for the bias."""
    network, _ = train_network(SMALL)
    *rest, kernel, bias = network.get_weights()
    network.set_weights([*rest, kernel, 0 * bias])
    inputs = windows_of(SMALL).test.inputs
    before = network.predict(inputs)
    network.set_weights([*rest, 2 * kernel, 0 * bias])
    after = network.predict(inputs)
    assert np.vdot(before, after) / np.vdot(before, before) == pytest.approx(2, rel=1e-5)


def test_each_stage_is_compared_with_the_network_that_kept_its_functions():
    rows = pd.DataFrame({"units": [10, 10], "seed": [0, 1]})
    for place, stage in enumerate(STAGES):
        rows[f"tanh {stage}"] = [50.0, 40.0 + place]
        rows[f"isru {stage}"] = [49.0, 42.0]
        rows["isru factor"] = 0.9
    for place, stage in enumerate(STAGES):
        pairs = swap_pairs(rows, stage)
        assert pairs["difference"].tolist() == [-1.0, 2.0 - place]
        assert set(pairs["arm"]) == {"isru"} and set(pairs["metric"]) == {"skill"}
    assert swap_pairs(rows[["units", "seed"]], "tuned").empty


@pytest.mark.parametrize("arm", ["gru", "isru_trained", "gelu"])
def test_an_arm_with_other_weights_cannot_be_swapped_into(arm):
    with pytest.raises(ValueError, match=f"into: expected arms whose weights .* got '{arm}'"):
        replace(SMALL, into=(arm,))


def test_only_the_temperature_has_a_skill():
    with pytest.raises(ValueError, match="target: expected 'change'"):
        replace(SMALL, target="rain")
