"""The figures of the published evidence show what the tables hold."""

import io

import pytest

from isru.chapters.published_evidence import figures as draw
from isru.data import evidence, law
from isru.data.published import load_published
from isru.drawing import use_style

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def style():
    use_style()


def dots(axes):
    """Return every point of the axes' scatters."""
    return [tuple(point) for group in axes.collections for point in group.get_offsets().tolist()]


def svg(figure):
    file = io.BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


@pytest.fixture(scope="module")
def grid():
    return load_published("characters_grid")


@pytest.fixture(scope="module")
def curves(grid):
    return law.curves(law.fit_law(grid, 87), 87, layers=(1, 2), units=range(8, 65))


def test_the_saving_figure_shows_every_configuration_and_a_labelled_law(grid, curves):
    left, right = draw.published_saving(grid, curves, load_published("forecaster")).axes
    assert len(dots(left)) == len(grid)
    assert {text.get_text() for text in left.texts} == {"1 layer", "2 layers"}
    assert len(right.lines) == 7 + 1  # the machines and zero
    assert "%" in left.get_ylabel()


def test_the_loss_figure_shows_every_configuration(grid):
    axes = draw.published_loss(grid, margin=1).axes[0]
    heights = sorted(y for _, y in dots(axes))
    assert heights == sorted(grid["loss_difference_last10_percent"])


def test_negative_net_times_are_drawn_hollow():
    times = evidence.net_times(load_published("microbenchmark"))
    hollow = draw.published_net_times(times).axes[0].collections[-1]
    assert hollow.get_facecolor().tolist() == [[1, 1, 1, 1]]
    drawn = [x for x, _ in hollow.get_offsets().tolist()]
    assert sorted(drawn) == sorted(times.loc[times["isru"] < 0, "isru"])


def test_the_threads_figure_names_every_processor():
    axes = draw.published_threads(load_published("threads")).axes[0]
    assert {"Xeon", "Apple M1", "Core i7"} <= {text.get_text() for text in axes.texts}


def test_every_figure_is_drawn_to_the_same_bytes_again(grid, curves):
    times = evidence.net_times(load_published("microbenchmark"))
    for make in (
        lambda: draw.published_saving(grid, curves, load_published("forecaster")),
        lambda: draw.published_loss(grid, margin=1),
        lambda: draw.published_net_times(times),
        lambda: draw.published_threads(load_published("threads")),
    ):
        assert svg(make()) == svg(make())
