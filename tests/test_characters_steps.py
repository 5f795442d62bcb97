"""The character model's timed windows, what is derived from them, and the chapter's figures."""

import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_readable, message

from isru.chapters.characters.figures import (
    learning_curves,
    loss_differences,
    published_beside_ours,
    window_saving,
)
from isru.chapters.characters.steps import (
    phases,
    window_arms,
    window_cases,
    window_savings,
)
from isru.data.published import load_published
from isru.studies import timed_steps
from isru.studies.paired import compare
from isru.studies.timed_steps import STEPS, setup_step

pytestmark = pytest.mark.slow

CASE = {"framework": "numpy", "engine": "numpy", "layers": 2, "units": 3, "batch": 1}
WINDOW = {"activation": "isru", "features": 5, "steps": 4, "text": True}


def samples(milliseconds):
    """Return samples in which each arm and step takes what is said, with a little noise."""
    rng = np.random.default_rng(0)
    lines = []
    for case in window_cases(["numpy"], [1, 2], [16, 64]):
        for arm in window_arms(60, 100):
            for process in range(6):
                time = 1e-3 * milliseconds(arm.label, case["step"]) * rng.uniform(0.999, 1.001)
                about = {"process": process, "block": 0, "position": 0, "arm": arm.label}
                lines.append(about | case | {"loops": 1, "seconds": time, "cpu_seconds": time})
    return pd.DataFrame(lines)


def in_a_step(arm, step):
    whole = {"predict": 2.0, "gradient": 5.0, "train": 6.0}[step]
    return {"isru": whole - 0.5, "tanh_calls": 0.8, "isru_calls": 0.4}.get(arm, whole)


def test_a_timed_window_is_a_forward_pass_a_gradient_and_an_update():
    forward, gradient, update = (
        setup_step(rng=np.random.default_rng(0), step=step, **CASE, **WINDOW) for step in STEPS
    )
    y, _ = forward()
    assert y.shape == (1, 4, 5)
    loss, _ = gradient()
    assert loss == pytest.approx(np.log(5), rel=0.2)
    first, second = update()[0], update()[0]
    assert first == pytest.approx(loss) and first > second
    with pytest.raises(ValueError, match="step: expected one of"):
        setup_step(rng=np.random.default_rng(0), step="both", **CASE, **WINDOW)


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_the_calls_alone_are_as_many_as_the_layers_make(engine, monkeypatch):
    shapes = []
    twin = "_numpy_activations" if engine == "numpy" else "_compiled_activations"
    monkeypatch.setattr(timed_steps, twin, lambda entry, step, x: shapes.append(x.shape))
    calls = {"rng": np.random.default_rng(0), "activation": "isru", "steps": 4}
    for step in STEPS:
        timed_steps.setup_activations(step=step, **CASE | {"engine": engine}, **calls)
    # Compiled code activates a sequence's units at a time.
    assert shapes == [(2 * 4, 2, 1, 3)] * 3


def test_savings_and_phases_are_those_of_the_times():
    frame = samples(in_a_step)
    table = window_savings(frame, rng=np.random.default_rng(0)).set_index(["step", "layers"])
    assert len(table) == 3 * 2 * 2
    assert table.loc["predict", "saving"].to_numpy() == pytest.approx(25, abs=0.2)
    assert table.loc["train", "expected"].to_numpy() == pytest.approx(100 * 0.4 / 6, abs=0.1)
    assert set(table.loc["predict", "direction"]) == {"faster"}
    times = phases(frame).groupby("arm")[["forward", "backward", "update"]].mean()
    assert times.loc["tanh"].to_numpy() == pytest.approx([2, 3, 1], abs=0.01)
    assert times.loc["isru"].to_numpy() == pytest.approx([1.5, 3, 1], abs=0.01)


def test_the_figures_show_every_network_condition_and_engine():
    rng = np.random.default_rng(0)
    curves = pd.DataFrame(
        {"network": net, "arm": arm, "seed": seed, "updates": n, "bits": 4 - np.log(n + 1)}
        for net in ("1x16", "2x16")
        for arm in ("tanh", "isru", "identity")
        for seed in range(2)
        for n in (0, 2, 3, 4)
    )
    figure = learning_curves(curves, {"counts": 2.0, "xz": 1.8})
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "1 layer of 16",
        "2 layers of 16",
    ]
    assert message(figure) == (
        "After 4 updates the mean losses of tanh and ISRU differ by at most 0.0 % in each of 2 "
        "networks"
    )
    assert_readable(figure)
    shorter = curves[(curves["network"] == "1x16") | (curves["updates"] < 4)]
    apart = 0.5 * ((shorter["network"] == "2x16") & (shorter["arm"] == "isru"))
    figure = learning_curves(shorter.assign(bits=shorter["bits"] + apart), {"counts": 2.0})
    assert message(figure) == (
        f"After 3 to 4 updates the mean losses of tanh and ISRU differ by at most "
        f"{100 * 0.5 / (4 - np.log(4)):.1f} % in each of 2 networks"
    )
    pairs = pd.DataFrame(
        {
            "metric": "loss",
            "units": unit,
            "arm": arm,
            "seed": k,
            "difference": middle + k / 9,
        }
        for unit in ("1x16_middle", "1x32_own")
        for arm, middle in (("isru", 1), ("exp_free", 2), ("identity", 90))
        for k in range(6)
    )
    summary = compare(pairs, rng=rng)
    figure = loss_differences(pairs, summary, margin=1)
    assert message(figure) == ("Loss against tanh, margin ±1 %: ISRU 2 worse; exp-free 2 worse")
    assert_readable(figure)
    axes = figure.axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["1 layer of 16, middle rate", "1 layer of 32, own rates"]
    written = [text.get_text() for text in axes.texts]
    assert sum(text.startswith("+9") for text in written) == 2
    outlier = pairs.assign(difference=pairs["difference"].where(pairs.index > 0, 140.0))
    outlier = pd.concat([outlier] * 5, ignore_index=True)
    axes = loss_differences(outlier, compare(outlier, rng=rng), margin=1).axes[0]
    assert axes.get_xlim()[1] == pytest.approx(140 * 1.2), "many such networks are no exception"
    few = pd.concat([outlier[:1], outlier[outlier["difference"] < 100]])
    axes = loss_differences(few, compare(few, rng=rng), margin=1).axes[0]
    assert axes.get_xlim()[1] < 5
    steps = window_savings(samples(in_a_step), rng=rng)
    figure = window_saving(steps)
    assert [a.get_title(loc="left") for a in figure.axes] == ["forward", "whole update"]
    assert message(figure).startswith("A window with ISRU is faster at ")
    assert_readable(figure)
    losses = pd.DataFrame({"layers": [1], "units": [16], "mean": [1.0], "low": [0.5], "high": [2]})
    grid = load_published("characters_grid")
    forward = steps[steps["step"] == "predict"]
    figure = published_beside_ours(grid, losses, forward, margin=1)
    assert "% published, +1.0 % ours" in message(figure)
    assert_readable(figure)
    left, right = figure.axes
    assert max(len(dots.get_offsets()) for dots in left.collections) == len(grid)
    assert [line.get_label() for line in right.lines[1:]] == ["ours, 1 layer", "ours, 2 layers"]
