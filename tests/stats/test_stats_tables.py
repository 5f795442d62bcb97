"""The groups of a table."""

import numpy as np
import pandas as pd

from isru.stats import bootstrap_interval, by_group, groups


def test_groups_name_their_keys_and_keep_every_row():
    frame = pd.DataFrame({"arm": ["b", "a", "b", None], "x": [1.0, 2.0, 3.0, 4.0]})
    found = [(group["arm"], list(part["x"])) for group, part in groups(frame, ["arm"], sort=False)]
    assert found[:2] == [("b", [1.0, 3.0]), ("a", [2.0])] and found[2][1] == [4.0]
    assert [group for group, _ in groups(frame, [])] == [{}]


def test_by_group_draws_group_by_group_as_one_interval_after_the_other_does():
    values = np.random.default_rng(0).normal(size=(2, 7))
    frame = pd.DataFrame({"arm": np.repeat(["b", "a"], 7), "x": values.ravel()})
    table = by_group(frame, ["arm"], "x", rng=np.random.default_rng(1))
    rng = np.random.default_rng(1)
    alone = [bootstrap_interval(values[row], rng=rng) for row in (1, 0)]
    expected = [[arm, 7, *found] for arm, found in zip("ab", alone, strict=True)]
    assert table.to_numpy().tolist() == expected
    assert list(table) == ["arm", "n", "median", "low", "high"]
    first = by_group(frame, ["arm"], "x", sort=False, name="x", rng=rng)
    assert list(first["arm"]) == ["b", "a"] and list(first) == ["arm", "n", "x", "low", "high"]
    assert list(by_group(frame[:0], ["arm"], "x", rng=rng)) == ["arm", "n", "median", "low", "high"]
