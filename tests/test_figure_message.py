"""The sentence on a figure stays within it, and the checks of figures see what cannot be read."""

import matplotlib as mpl
import pytest
from figure_checks import assert_readable, message, overlaps, unreadable
from matplotlib.figure import Figure

from isru.drawing.message import WIDTH, legend_below, write_message

mpl.use("Agg")
SENTENCE = "A step with ISRU takes 0.58 times that with tanh where the C library computes it: " * 2


@pytest.fixture
def figure():
    figure = Figure(figsize=(WIDTH, 3), layout="constrained")
    (line,) = figure.subplots().plot([1, 2], label="a line")
    legend_below(figure, [line], columns=1)
    return figure


def test_a_long_message_is_wrapped_within_the_figure_and_none_is_missed(figure):
    with pytest.raises(AssertionError):
        assert_readable(figure)
    write_message(figure, SENTENCE.strip())
    assert message(figure) == SENTENCE.strip()
    assert figure.get_suptitle().count("\n") == 2
    assert_readable(figure)


def test_overprinted_small_and_cut_texts_are_found(figure):
    (axes,) = figure.axes
    axes.text(0.5, 1.5, "one")
    axes.text(0.5, 1.5, "two")
    assert overlaps(figure) == [("one", "two")]
    axes.text(0.1, 1.2, "small", fontsize=8.5)
    axes.text(3, 1.5, "outside", in_layout=False)
    assert unreadable(figure) == ["small", "outside"]
