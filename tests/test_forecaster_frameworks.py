"""NumPy and Keras train the same forecaster: the same start and order, then roundings alone."""

import numpy as np
import pandas as pd
import pytest

from isru.chapters.forecaster.frameworks import (
    ACTIVATIONS_TRAINED,
    TRAINERS,
    FrameworkCase,
    by_framework,
    framework_differences,
    train_by_frameworks,
)
from isru.studies.forecaster import fit, quality_row, windows_of


@pytest.mark.slow
@pytest.mark.parametrize("arm", ACTIVATIONS_TRAINED)
def test_after_an_epoch_both_frameworks_have_the_same_losses(arm):
    case = FrameworkCase(arm, 10, 1000, epochs=1, learning_rate=3e-3)
    losses = []
    for trainer in TRAINERS.values():
        network = case.build(windows_of(case).train.inputs.shape[2])
        history, diverged = fit(network, case, trainer=trainer)
        assert history.iterations == 40 and not diverged
        losses.append([history.training_loss[0], history.validation_loss[0]])
    # float32: Adam's first step differs by 2.4e-5 of itself, as Keras rounds 0.999 before it
    # subtracts it from 1, the later ones by less; roundings of 6e-8 are far below that
    assert losses[1] == pytest.approx(losses[0], rel=2e-5)
    # another order of the batches is another network
    other = case.build(windows_of(case).train.inputs.shape[2])
    history, _ = fit(other, case, trainer=TRAINERS["keras"], order=2)
    assert history.training_loss[0] != pytest.approx(losses[0][0], rel=1e-3)


@pytest.mark.slow
def test_rows_are_trained_once_alone_and_numpys_are_those_of_the_chapter(tmp_path, monkeypatch):
    monkeypatch.setattr("isru.sweep.table.in_processes", None)  # beside each other they were slower
    cases = [
        FrameworkCase("isru", 4, 0, epochs=1, window=6, batch_size=512, test=True, framework=name)
        for name in TRAINERS
    ]
    rows = train_by_frameworks(cases, cache=tmp_path, progress=False)
    again = train_by_frameworks(cases, cache=tmp_path, progress=False)
    pd.testing.assert_frame_equal(rows, again)  # the seconds, too: nothing was trained twice
    assert (rows["seconds"] > 0).all() and rows["epochs"].tolist() == [1, 1]
    assert rows["skill"][0] == quality_row(cases[0])["skill"]
    assert rows["skill"][1] == pytest.approx(rows["skill"][0], abs=0.01)


def table():
    skills = {("numpy", "tanh"): [40, 42], ("numpy", "isru"): [41, 45], ("keras", "tanh"): [40, 43]}
    skills[("keras", "isru")] = [39, 45]
    return pd.DataFrame(
        [
            {"framework": framework, "arm": arm, "units": 10, "seed": seed, "skill": skill}
            | {"epochs": 3 + seed, "seconds": 2.0}
            for (framework, arm), both in skills.items()
            for seed, skill in enumerate(both)
        ]
    )


def test_the_difference_of_frameworks_stands_beside_that_of_activations():
    found = framework_differences(table()).set_index(["changed", "within"])
    assert found.loc[("framework", "tanh"), "mean"] == 0.5
    assert found.loc[("framework", "isru"), ["mean", "largest"]].tolist() == [-1, 2]
    assert found.loc[("arm", "numpy"), ["n", "mean", "largest"]].tolist() == [2, 2, 3]
    assert found.loc[("arm", "keras"), "mean"] == 0.5
    means = by_framework(table()).set_index(["framework", "arm"])
    assert means.loc[("numpy", "isru"), "skill"] == 43
    assert means.loc[("numpy", "isru"), "sd"] == pytest.approx(np.sqrt(8))
    alone = by_framework(table().query("seed == 0"))
    assert alone["sd"].isna().all() and (alone["n"] == 1).all()


def test_an_unknown_framework_is_refused():
    with pytest.raises(ValueError, match=r"framework: expected one of .*got 'torch'"):
        FrameworkCase("tanh", 4, 0, framework="torch")
