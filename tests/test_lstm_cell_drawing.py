"""The drawing of the LSTM's cell: five activations, and lines that end where they should."""

import io
import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.patches import FancyArrowPatch
from matplotlib.path import Path

from isru.drawing import COLOURS, use_style
from isru.drawing.lstm_cell import CHANGES, HIGHLIGHTS, PLACES, description, lstm_cell, places

GATES = ["forget gate", "input gate", "output gate"]
TANH = ["candidate", "output"]
VARIANTS = [(highlight, small) for highlight in HIGHLIGHTS for small in (False, True)]


@pytest.fixture(autouse=True)
def style():
    use_style()


@pytest.fixture(params=[False, True], ids=["full", "small"])
def cell(request):
    return lstm_cell(small=request.param)


def renderer(figure):
    return FigureCanvasAgg(figure).get_renderer()


def nodes(figure):
    """Return {name: patch} of what lines join; {name: arrow} are apart."""
    patches = figure.axes[0].patches
    return {p.get_gid(): p for p in patches if p.get_gid() and not isinstance(p, FancyArrowPatch)}


def arrows(figure):
    return [p for p in figure.axes[0].patches if isinstance(p, FancyArrowPatch)]


def texts(figure):
    """Return [(text, box)], the box from the font's metrics in pixels."""
    return [(t.get_text(), t.get_window_extent(renderer(figure))) for t in figure.axes[0].texts]


def outline(patch):
    """Return points along all that is drawn of a patch, less than a pixel apart."""
    path = patch.get_transform().transform_path(patch.get_path())
    parts = path.to_polygons(closed_only=False)
    return np.concatenate([Path(part).interpolated(200).vertices for part in parts])


def svg(figure):
    file = io.BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def luminance(colour):
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_five_activations_are_there_by_their_names_and_in_the_figures_colours(cell):
    drawn = nodes(cell)
    assert [drawn[name].get_edgecolor()[:3] for name in TANH] == [to_rgb(COLOURS["tanh"])] * 2
    assert [drawn[name].get_edgecolor()[:3] for name in GATES] == [to_rgb(COLOURS["exp_free"])] * 3
    words = [text for text, _ in texts(cell)]
    assert words.count("tanh") == len(TANH)
    assert words.count("logistic") == len(GATES)


def test_the_full_drawing_has_the_names_of_the_places_and_the_symbols_of_the_equations():
    words = {text for text, _ in texts(lstm_cell())}
    assert words >= {*TANH, *GATES}
    symbols = ("x_t", "h_{t-1}", "c_{t-1}", "i_t", "f_t", r"\tilde{c}_t", "o_t", "c_t", "h_t")
    assert words >= {f"${symbol}$" for symbol in symbols}
    assert {"changes the two tanh", "changes all five"} <= words


def test_what_an_arm_changes_is_said_of_each_place():
    rows = {row["place"]: row for row in places()}
    assert [name for name in PLACES if rows[name]["ISRU"] == "changes it"] == TANH
    assert all(rows[name]["exp-free"] == "changes it" for name in PLACES)
    assert set(CHANGES) < set(rows["output"])


@pytest.mark.parametrize("small", [False, True])
def test_a_variant_fills_what_it_is_about_and_leaves_the_rest_grey(small):
    for highlight, marked in HIGHLIGHTS.items():
        drawn = nodes(lstm_cell(highlight, small=small))
        for name, function in PLACES.items():
            colour = COLOURS["tanh" if function == "tanh" else "exp_free"]
            filled = drawn[name].get_facecolor()[:3] != (1, 1, 1)
            coloured = drawn[name].get_edgecolor()[:3] == to_rgb(colour)
            assert filled == (function in marked)
            assert coloured == (filled or highlight == "none")


@pytest.mark.parametrize(("highlight", "small"), VARIANTS)
def test_no_text_overlaps_another_or_leaves_the_sheet(highlight, small):
    figure = lstm_cell(highlight, small=small)
    found = texts(figure)
    for (one, box), (other, beside) in itertools.combinations(found, 2):
        assert not box.overlaps(beside), (one, other)
    for text, box in found:
        assert figure.bbox.contains(box.x0, box.y0), text
        assert figure.bbox.contains(box.x1, box.y1), text


@pytest.mark.parametrize(("highlight", "small"), VARIANTS)
def test_no_line_and_no_edge_of_a_box_runs_through_a_text(highlight, small):
    figure = lstm_cell(highlight, small=small)
    found = texts(figure)
    drawn = np.concatenate([outline(p) for p in (*arrows(figure), *nodes(figure).values())])
    for text, box in found:
        assert box.count_contains(drawn) == 0, text


def test_every_arrow_goes_from_the_edge_of_a_node_to_that_of_another(cell):
    drawn, found = nodes(cell), 0
    for arrow in arrows(cell):
        start, _, end = arrow.get_gid().partition(" to ")
        points = arrow._path_original.vertices  # the drawn one ends short of the head
        for name, tip, before in ((start, points[0], points[1]), (end, points[-1], points[-2])):
            if name not in drawn:
                continue  # a symbol, which has no edge
            patch = drawn[name]
            shape = patch.get_patch_transform().transform_path(patch.get_path())
            way = (tip - before) / abs(tip - before).max()
            assert shape.contains_point(tip + way), arrow.get_gid()
            assert not shape.contains_point(tip - way), arrow.get_gid()
            found += 1
    assert found > 20


def test_no_two_lines_cross(cell):
    ways = {arrow.get_gid(): arrow._path_original for arrow in arrows(cell)}
    for (one, way), (other, beside) in itertools.combinations(ways.items(), 2):
        if "branch" in one + other:
            continue  # it stands on the line that it parts
        assert not way.intersects_path(beside, filled=False), (one, other)


@pytest.mark.parametrize(("highlight", "small"), VARIANTS)
def test_it_brings_its_own_white_ground_and_words_stand_out_on_it(highlight, small):
    """So that it looks alike on a light page, on a dark one, and in print."""
    figure = lstm_cell(highlight, small=small)
    assert b'<g id="patch_1">\n   <path d="M 0 ' in svg(figure)
    assert figure.get_facecolor()[:3] == (1, 1, 1)
    grounds = [(1, 1, 1), *(node.get_facecolor()[:3] for node in nodes(figure).values())]
    colours = {text.get_color() for text in figure.axes[0].texts}
    lightest = [ground for ground in grounds if luminance(ground) > 0.2]
    assert min(contrast(c, ground) for c in colours for ground in lightest) > 7


def test_it_is_drawn_to_the_same_bytes_again(cell):
    small = cell.get_figwidth() < lstm_cell().get_figwidth()
    assert svg(cell) == svg(cell) == svg(lstm_cell(small=small))


def test_words_for_those_who_do_not_see_it_say_what_is_marked():
    assert len({description(highlight) for highlight in HIGHLIGHTS}) == len(HIGHLIGHTS)
    assert all(name in description() for name in (*GATES, "candidate", "ISRU", "exp-free"))
    assert len(description("tanh", small=True)) < 220


def test_an_unknown_variant_is_refused_with_those_that_exist():
    with pytest.raises(ValueError, match="expected one of all, tanh, gates, none, got 'gate'"):
        lstm_cell("gate")
