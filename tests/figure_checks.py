"""What a test may ask of any figure: its sentence, and whether its texts can be read."""

import io
import re
from itertools import combinations

from matplotlib.text import Text


def message(figure):
    """Return the sentence that is written on a figure, in one line."""
    return figure.get_suptitle().replace("\n", " ").replace("\N{NO-BREAK SPACE}", " ")


def published_message(svg):
    """Return the sentence of a figure's SVG, whose letters alone have the size of one."""
    parts = re.findall(r"<!-- ((?:(?!-->).)*) -->\s*<g [^>]*scale\(0\.105 ", svg, re.DOTALL)
    return " ".join(parts).replace("\N{NO-BREAK SPACE}", " ")


def visible_texts(figure):
    """Draw the figure and return its texts, each with its box: no empty ones, none out of view."""
    figure.savefig(io.BytesIO(), format="png")
    hidden = set()
    for axes in figure.findobj(lambda part: hasattr(part, "xaxis")):  # secondary ones, too
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            slack = 1e-12 * (high - low)
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if not low - slack <= tick.get_loc() <= high + slack:
                    hidden |= {tick.label1, tick.label2}
    texts = [text for text in figure.findobj(Text) if text not in hidden]
    shown = [text for text in texts if text.get_visible() and text.get_text().strip()]
    drawn = [text for text in shown if text.get_window_extent().width > 1]  # a note may be out
    return [(text, Text.get_window_extent(text)) for text in drawn]  # without its arrow


def overlaps(figure, slack=1.0):
    """Return the pairs of texts that overprint each other by more than ``slack`` pixels."""
    found = []
    for (one, box), (other, second) in combinations(visible_texts(figure), 2):
        wide = min(box.x1, second.x1) - max(box.x0, second.x0)
        high = min(box.y1, second.y1) - max(box.y0, second.y0)
        if min(wide, high) > slack:
            found.append((one.get_text(), other.get_text()))
    return found


def unreadable(figure, least=9.0):
    """Return the texts smaller than ``least`` points, or beyond the figure's edge."""
    frame = figure.bbox
    return [
        text.get_text()
        for text, box in visible_texts(figure)
        if text.get_fontsize() < least - 1e-9
        or box.x0 < frame.x0 - 2
        or box.x1 > frame.x1 + 2
        or box.y0 < frame.y0 - 2
        or box.y1 > frame.y1 + 2
    ]


def assert_readable(figure):
    """Assert that a figure says its sentence and that each of its texts can be read."""
    assert message(figure)
    assert overlaps(figure) == []
    assert unreadable(figure) == []
