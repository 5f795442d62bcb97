"""The figures of the chapter on accuracy: the conclusion is computed, and nothing falls off."""

import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_readable, message

from isru.chapters.accuracy.figures import octaves_figure, price_figure
from isru.chapters.accuracy.price import ARMS, RIVALS, UNITS, price_table, step_cycles
from isru.drawing.style import use_style
from isru.studies.octaves import by_task, chosen, summarise


@pytest.fixture(autouse=True)
def style():
    use_style()


def tables(tasks=("vowels", "watch", "digits", "laser", "narma", "dyck", "characters"), **costs):
    """Two tables of made-up runs; on the watch half the units are not told apart."""
    rng = np.random.default_rng(0)
    costs = {"tanh": 0.0, "half": 1.0, "three_quarters": 0.4} | costs
    rows = [
        {"task": task, "arm": arm, "seed": seed, "rate": 0.01, "validation": 1.0, "test": test}
        | {"diverged": False}
        for task in tasks
        for arm, cost in costs.items()
        for seed, test in enumerate(cost + (5 if task == "watch" else 0.1) * rng.normal(size=20))
    ]
    found = by_task(chosen(pd.DataFrame(rows)))
    return found, summarise(found, rng=rng)


def said(figure):
    """Everything that a figure has as text."""
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    texts += [label.get_text() for axes in figure.axes for label in axes.get_yticklabels()]
    legends = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    return texts + legends + [text.get_text() for text in figure.texts]


def test_the_conclusion_follows_from_the_summary():
    lines = said(octaves_figure(*tables(isru=0.0, exp_free=0.6)))
    (isru,) = (line for line in lines if line.startswith("ISRU:"))
    (exp_free,) = (line for line in lines if line.startswith("exp-free:"))
    assert isru.endswith("equivalent, also on a new task")
    assert exp_free.endswith("worse") and "+0.6" in exp_free
    lines = said(octaves_figure(*tables(tasks=("digits", "laser", "dyck"), isru=0.0)))
    assert any(line.startswith("ISRU:") and line.endswith("inconclusive") for line in lines)


def test_a_task_that_does_not_count_says_so():
    lines = said(octaves_figure(*tables(isru=0.0)))
    assert lines.count("does not count") == 1
    assert {"all tasks", "a new task", "brackets", "NARMA-10"} <= set(lines)


def test_what_leaves_the_axes_stands_at_the_edge():
    found, summary = tables(isru=9.0)
    (axes,) = octaves_figure(found, summary).axes
    heads = [line for line in axes.lines if line.get_marker() == ">" and len(line.get_xdata()) == 1]
    assert len(heads) == 6 + 2  # the tasks that count, all tasks, a new one


def test_octaves_in_hand_by_hand():
    cycles = pd.DataFrame(
        {"isru": [50.0, 100, 200], "libm": [100.0, 200, 400], "table": [80.0, 160, 320]},
        index=pd.Index([4, 8, 16], name="units"),
    )
    summary = pd.DataFrame([{"arm": "isru", "octaves": 0.1, "low": 0.0, "high": 0.3}])
    found = price_table(cycles, summary).set_index(["rival", "units"])
    # ISRU's 4 units take fewer cycles than any that were counted of tanh: left out
    assert found.index.tolist() == [("libm", 8), ("libm", 16), ("table", 8), ("table", 16)]
    assert found["equal_units"].tolist()[:2] == pytest.approx([4, 8])
    assert found["in_hand"].tolist() == pytest.approx([1, 1] + [np.log2(1.6)] * 2)
    assert found.loc[("libm", 8), ["left", "left_low", "left_high"]].tolist() == pytest.approx(
        [0.9, 0.7, 1.0]
    )
    assert price_table(cycles.iloc[:0], summary).empty


@pytest.mark.slow
def test_cycles_are_counted_for_every_size_and_arm():
    found = step_cycles([4])
    assert found.index.tolist() == [4, UNITS]
    assert set(found.columns) == {*ARMS, *RIVALS}
    assert (found["exp_free"] < found["libm"]).all()


def test_the_price_has_a_panel_for_each_arm_and_without_cycles_says_so():
    left = {("isru", "libm"): (0.1, 0.2), ("exp_free", "libm"): (0.1, 0.3)}
    left |= {("isru", "table"): (-0.4, -0.1), ("exp_free", "table"): (-0.1, 0.1)}
    rows = [
        {"arm": arm, "rival": rival, "units": units, "in_hand": 0.5}
        | {"octaves": 0.1, "low": 0.0, "high": 0.2}
        | dict(zip(("left_low", "left_high"), left[arm, rival], strict=True))
        for arm in ("isru", "exp_free")
        for rival in ("libm", "table")
        for units in (8, 16)
    ]
    figure = price_figure(pd.DataFrame(rows))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["ISRU", "exp-free"]
    assert message(figure) == (
        "At 16 units and equal cycles, against tanh of the C library ISRU and exp-free are ahead; "
        "against tanh by a table ISRU is behind, exp-free is undecided"
    )
    assert_readable(figure)
    assert said(price_figure(pd.DataFrame(rows)[:0])) == ["No cycles were counted in this run."]


def test_names_lie_inside_the_figure():
    figure = octaves_figure(*tables(isru=0.0, exp_free=-0.3))
    assert_readable(figure)
    assert message(figure) == (
        "Against tanh over all tasks, margin ±0.2 octaves, ISRU is equivalent; exp-free is "
        "non-inferior; tanh, three quarters of the units is worse"
    )
    box = figure.bbox
    for text in (*figure.legends[0].get_texts(), *figure.axes[0].get_yticklabels()):
        assert box.x0 <= text.get_window_extent().x0 and text.get_window_extent().x1 <= box.x1
