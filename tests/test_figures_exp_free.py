"""The exp-free chapter's figures: every arm, seed and length that came in is drawn."""

import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_readable, message
from matplotlib.collections import PathCollection

from isru.chapters.exp_free.figures import (
    ARM_NAMES,
    STAGE_NAMES,
    difference_rows,
    skill_by_parameters,
    swap_stages,
    updates_by_length,
)
from isru.chapters.exp_free.memory_tasks import CONTROL
from isru.chapters.exp_free.study import CELLS
from isru.chapters.exp_free.swapping import STAGES
from isru.drawing.style import COLOURS, use_style
from isru.studies.arms import ARMS


@pytest.fixture(autouse=True)
def style():
    use_style()


def pairs_and_summary(**arms):
    pairs = pd.DataFrame(
        {"metric": "skill", "units": 10, "arm": arm, "seed": seed, "difference": value}
        for arm, values in arms.items()
        for seed, value in enumerate(values)
    )
    summary = pd.DataFrame(
        {"metric": "skill", "units": 10, "arm": arm}
        | {"mean": np.mean(values), "low": min(values), "high": max(values)}
        | {"word": "equivalent" if max(map(abs, values)) < 0.5 else "undecided"}
        for arm, values in arms.items()
    )
    return pairs, summary


def dots(axes):
    return sum(len(c.get_offsets()) for c in axes.collections if isinstance(c, PathCollection))


def test_every_arm_and_stage_has_a_name():
    assert set(ARM_NAMES) == {*ARMS, CONTROL} and tuple(STAGE_NAMES) == STAGES


def test_each_arm_is_a_row_in_a_fixed_order_and_each_seed_a_dot():
    given = pairs_and_summary(identity=[-9.0, -1.0, 8.0], exp_free=[0.1, 0.2, -0.1])
    figure = difference_rows({"10 units": given}, limit=4.0, label="difference (pp)")
    axes = figure.axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == [ARM_NAMES["exp_free"], ARM_NAMES["identity"]]
    assert dots(axes) == 6 and axes.get_xlim() == (-4, 4)
    assert message(figure) == (
        "2 variants against the usual LSTM, margin ±0.5 pp: 1 undecided and 1 equivalent"
    )
    assert_readable(figure)


def test_the_stages_of_a_swap_stand_beneath_each_other_with_the_seeds_of_the_last():
    given = [pairs_and_summary(isru=[0.1, 0.2]), pairs_and_summary(exp_free=[1.0, 1.5])]
    figure = swap_stages(*zip(*[*given, given[0]], strict=True), 6.0)
    (axes,) = figure.axes
    means = [
        line for line in axes.lines if line.get_linestyle() == "None" and len(line.get_xdata())
    ]
    assert [line.get_xdata()[0] for line in means] == pytest.approx([0.15, 1.25, 0.15])
    assert [line.get_markerfacecolor() == "white" for line in means] == [True, True, False]
    assert dots(axes) == 2
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == list(STAGE_NAMES.values())
    assert "Right after the swap 1 of 1" in message(figure)
    assert_readable(figure)


def test_what_lies_beyond_the_axis_stands_at_its_edge_at_every_stage():
    far = pairs_and_summary(identity=[-900.0, -800.0])
    stages = (iter(part) for part in zip(*[far] * 3, strict=True))  # a chapter gives dict.values()
    (axes,) = swap_stages(*stages, 6.0).axes
    heads = [line for line in axes.lines if line.get_marker() == "<" and len(line.get_xdata())]
    assert [line.get_xdata()[0] for line in heads] == [-6.0] * 3


def test_runs_that_were_given_up_are_marked():
    rows = pd.DataFrame(
        {"task": task, "arm": arm, "steps": steps, "seed": seed}
        | {"updates": 100 * steps, "solved": arm != CONTROL}
        for task in ("adding", "copying")
        for arm in ("tanh", CONTROL)
        for steps in (2, 4)
        for seed in range(3)
    )
    figure = updates_by_length(rows)
    assert message(figure) == (
        f"Every network solves every run, but for {ARM_NAMES[CONTROL]} (12 of 12 runs given up)"
    )
    assert_readable(figure)
    crosses = [
        c for c in figure.axes[0].collections if c.get_linewidth()[0] and c.get_zorder() == 4
    ]
    assert sum(len(c.get_offsets()) for c in crosses) == 6
    for axes in figure.axes:
        assert dots(axes) == 12
        assert [line.get_ydata().tolist() for line in axes.lines] == [[200, 400]] * 2
    assert len(updates_by_length(rows[rows["task"] == "adding"]).axes) == 1


def test_each_cell_is_a_line_over_its_own_parameters():
    cells = pd.DataFrame(
        {"arm": arm, "parameters": size + place, "mean": 40.0 + place, "low": 39.0, "high": 45.0}
        for place, arm in enumerate(("tanh", *CELLS))
        for size in (900, 300)
    )
    figure = skill_by_parameters(cells)
    assert message(figure) == (
        "Mean skill at about 900 parameters: LSTM 40.0 % (39.0 to 45.0), GRU 41.0 % (39.0 to 45.0) "
        "and coupled gates 42.0 % (39.0 to 45.0)"
    )
    assert_readable(figure)
    axes = figure.axes[0]
    assert [line.get_label() for line in axes.lines] == ["LSTM", "GRU", "coupled gates"]
    assert axes.lines[1].get_xdata().tolist() == [301, 901]
    assert axes.lines[0].get_color() == COLOURS["tanh"]
