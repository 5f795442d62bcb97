"""Arms compared by pairs: what is equivalent, what is different, what the control says."""

import numpy as np
import pandas as pd
import pytest

from isru.studies.paired import compare, differences, evidence, told_apart


def rows(**shifts):
    """Twelve seeds of a noisy baseline; each arm shifted by a mean and its own noise."""
    rng = np.random.default_rng(0)
    base = 50 + 4 * rng.standard_normal(12)
    arms = {"tanh": base}
    arms |= {arm: base + mean + sd * rng.standard_normal(12) for arm, (mean, sd) in shifts.items()}
    return pd.DataFrame(
        [
            {"target": "change", "units": 10, "arm": arm, "seed": seed, "skill": value}
            for arm, values in arms.items()
            for seed, value in enumerate(values)
        ]
    )


def found(frame):
    table = compare(differences(frame), rng=np.random.default_rng(0))
    return table, table.set_index("arm")


def test_evidence_has_its_unit_and_its_control_and_none_of_few_pairs():
    rows = [
        {"metric": metric, "units": 10, "arm": arm, "n": n, "mean": 1.0, "low": 0.5, "high": 1.5}
        | {"word": word}
        for metric, arm, n, word in [
            ("skill", "isru", 10, "equivalent"),
            ("skill", "identity", 10, "worse"),
            ("loss", "isru", 10, "equivalent"),
            ("loss", "identity", 5, "undecided"),
        ]
    ]
    found = evidence(pd.DataFrame(rows)).set_index(["metric", "arm"])
    assert found["unit"].tolist() == ["pp", "pp", "%", "%"]
    assert found.loc[("skill", "isru"), "control"] == "told apart"
    assert found.loc[("loss", "isru"), "control"] == "not told apart"
    assert found["mean"].isna().tolist() == [False, False, False, True]


def test_pairs_see_a_difference_far_below_the_spread_of_the_seeds():
    table, by_arm = found(rows(isru=(-0.1, 0.3), identity=(-8.0, 3.0), hard=(0.0, 1.5)))
    assert by_arm["word"].to_dict() == {
        "isru": "equivalent",
        "identity": "worse",
        "hard": "undecided",
    }
    assert by_arm.loc["isru", "low"] < by_arm.loc["isru", "mean"] < by_arm.loc["isru", "high"]
    assert told_apart(table, "skill", 10) and not told_apart(table, "skill", 25)


def test_a_difference_of_one_size_is_held_to_all_sizes_of_its_arm():
    """A mean just beyond the margin at one of ten sizes is no finding."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(12)
    noise = 0.1 * (noise - noise.mean()) / noise.std()
    barely = pd.DataFrame(
        {"metric": "skill", "units": 0, "arm": "isru", "difference": noise - 0.57}
    )
    alone = compare(barely)
    assert alone["word"].tolist() == ["worse"]
    others = [barely.assign(units=n, difference=5 * noise + 0.4) for n in range(1, 10)]
    found = compare(pd.concat([barely, *others]))
    assert found["word"].tolist() == ["undecided"] * 10
    assert found["low"].iloc[0] == alone["low"].iloc[0]


def test_a_control_that_the_task_cannot_tell_apart_is_said_to_be_so():
    table, _ = found(rows(isru=(0.0, 0.3), identity=(0.1, 0.3)))
    assert not told_apart(table, "skill", 10)


def test_a_loss_is_relative_and_lower_is_better():
    frame = rows(isru=(-5.0, 0.1)).rename(columns={"skill": "loss"}).assign(target="rain")
    frame["accuracy"] = 90.0
    _, by_arm = found(frame)
    loss = by_arm[by_arm["metric"] == "loss"].iloc[0]
    assert loss["word"] == "better" and loss["mean"] == pytest.approx(-10, abs=1)
    assert by_arm[by_arm["metric"] == "accuracy"]["word"].item() == "equivalent"


def test_holm_adjusts_over_the_sizes_and_metrics_of_an_arm():
    frame = rows(isru=(0.2, 0.4))
    both = pd.concat([frame, frame.assign(units=25)])
    table = compare(differences(both), rng=np.random.default_rng(0))
    np.testing.assert_allclose(table["p_holm"], np.minimum(1, 2 * table["p"]))


def test_few_pairs_decide_nothing():
    frame = rows(isru=(0.0, 0.01), identity=(-20.0, 0.01))
    table, _ = found(frame[frame["seed"] < 5])
    assert set(table["word"]) == {"undecided"} and not told_apart(table, "skill", 10)


def test_a_seed_without_its_partner_is_left_out():
    frame = rows(isru=(0.0, 0.3))
    pairs = differences(frame[~((frame["arm"] == "isru") & (frame["seed"] == 3))])
    assert len(pairs) == 11 and 3 not in set(pairs["seed"])
    assert compare(differences(frame[frame["seed"] == 0]), rng=np.random.default_rng(0)).empty
