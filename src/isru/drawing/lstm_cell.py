"""One step of an LSTM cell, and where its five activations sit in it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

from isru.drawing.style import COLOURS

GATE, TANH = "logistic", "tanh"
COLOUR = {GATE: COLOURS["exp_free"], TANH: COLOURS["tanh"]}
"""Gates have the colour that they have among the parts of a step; tanh its own."""

PLACES = {
    "forget gate": GATE,
    "input gate": GATE,
    "candidate": TANH,
    "output gate": GATE,
    "output": TANH,
}
"""What stands at each of the five places, in the order in which a step reaches them."""

CHANGES = {"ISRU": (TANH,), "exp-free": (TANH, GATE)}
"""The functions that an arm replaces, by the arm's name."""

HIGHLIGHTS = {"all": (TANH, GATE), "tanh": (TANH,), "gates": (GATE,), "none": ()}
"""What each variant of the drawing fills with colour."""

_OF_ROW = {"f": "forget gate", "i": "input gate", "c": "candidate", "o": "output gate"}
_INK, _MUTED, _BOX = "#222222", "#777777", "#f3f3f3"
_TINT = 0.3  # of the colour in a filled place: black words on it stay readable
_HALF_A_LETTER = 0.34  # of a letter's size: from its middle to the line on which it stands
_CORNER = 6  # radius where a line turns, points


class Point(NamedTuple):
    """A place on the sheet in points, from its upper left corner."""

    x: float
    y: float


@dataclass(frozen=True)
class Layout:
    """Where things stand, in points, and how large they are.

    Attributes
    ----------
    size : (float, float)
        Width and height of the sheet.
    rows : dict of str to float
        Height of the line of f, i, c and o.
    inputs, entry, product, activation, join, line, outputs : float
        From left to right: the labels of the inputs, the bar where they enter, the products, the
        activations, the product of input gate and candidate, the line of the cell state, the
        labels of what leaves. ``product`` is None where products are left out.
    before, output, after : float
        From top to bottom, on that line: the label of the old state, the last activation, the
        place where the new state leaves.
    capsule : (float, float)
        Width and height of an activation.
    box : (float, float)
        Width and height of a product.
    radius, symbol, word : float
        Radius of an operation; size of symbols and of words.
    told : bool
        Whether places have their names and lines their symbols, and what arms change is told.
    """

    size: tuple[float, float]
    rows: dict[str, float]
    inputs: float
    entry: float
    product: float | None
    activation: float
    join: float
    line: float
    outputs: float
    before: float
    output: float
    after: float
    capsule: tuple[float, float]
    box: tuple[float, float]
    radius: float
    symbol: float
    word: float
    told: bool


FULL = Layout(
    size=(372, 384),
    rows={"f": 78, "i": 140, "c": 202, "o": 302},
    inputs=36,
    entry=62,
    product=107,
    activation=178,
    join=250,
    line=308,
    outputs=351,
    before=16,
    after=209.5,
    output=252,
    capsule=(62, 26),
    box=(46, 26),
    radius=9,
    symbol=13,
    word=11,
    told=True,
)
SMALL = Layout(
    size=(204, 192),
    rows={"f": 42, "i": 78, "c": 114, "o": 174},
    inputs=25,
    entry=42,
    product=None,
    activation=80,
    join=124,
    line=158,
    outputs=190,
    before=10,
    after=118,
    output=143,
    capsule=(46, 19),
    box=(0, 0),
    radius=6.5,
    symbol=10,
    word=8.5,
    told=False,
)


def lstm_cell(highlight: str = "all", *, small: bool = False) -> Figure:
    """Draw one step of an LSTM cell with the places of its five activations.

    Parameters
    ----------
    highlight : {"all", "tanh", "gates", "none"}
        Which of them are filled with their colour; with ``"none"`` all have it as their outline.
    small : bool
        Whether names, products and what the arms change are left out, to be read beside a text.

    Raises
    ------
    ValueError
        If a variant of that name does not exist.
    """
    _check(highlight)
    sheet = _Sheet(SMALL if small else FULL, highlight)
    _set_nodes(sheet)
    _set_lines(sheet)
    if sheet.layout.told:
        _set_names(sheet)
        _set_arms(sheet)
    return sheet.figure


def description(highlight: str = "all", *, small: bool = False) -> str:
    """Return the drawing in words, for those who cannot see it.

    Raises
    ------
    ValueError
        If a variant of that name does not exist.
    """
    _check(highlight)
    marked = {
        "all": "All five activations are filled with colour: blue for tanh, pink for the gates.",
        "tanh": "The two tanh are filled with blue, the three gates are grey.",
        "gates": "The three gates are filled with pink, the two tanh are grey.",
        "none": "The two tanh are outlined in blue, the three gates in pink.",
    }[highlight]
    if small:
        return (
            "The cell of an LSTM in small: three logistic gates, and a tanh for the candidate and "
            f"for the output. {marked}"
        )
    return (
        "One step of an LSTM cell. The input x_t and the hidden state h_(t-1) of the step before "
        "go into four products with weights. Three of these pass a logistic function and become "
        "the forget gate f_t, the input gate i_t and the output gate o_t; the fourth passes a "
        "tanh and becomes the candidate. The cell state c_(t-1) is multiplied by the forget gate, "
        "then the product of input gate and candidate is added: this is c_t, which goes on to the "
        "next step. It also passes the second tanh, is multiplied by the output gate, and leaves "
        f"as h_t. {marked} Below: ISRU changes the two tanh, exp-free all five."
    )


def places() -> list[dict[str, str]]:
    """Return what the drawing tells as rows: each place, its function, and which arms change it."""
    return [
        {"place": name, "function": function}
        | {arm: "changes it" if function in CHANGES[arm] else "leaves it" for arm in CHANGES}
        for name, function in PLACES.items()
    ]


def _check(highlight: str) -> None:
    if highlight not in HIGHLIGHTS:
        raise ValueError(f"highlight: expected one of {', '.join(HIGHLIGHTS)}, got {highlight!r}")


def _set_nodes(sheet: _Sheet) -> None:
    """Set what lines join: the labels, the products, the activations, the operations."""
    layout, rows, line = sheet.layout, sheet.layout.rows, sheet.layout.line
    top, bottom = rows["f"] - layout.capsule[1] / 2, rows["o"] + layout.capsule[1] / 2
    bar = (2 * layout.symbol / 3, bottom - top)
    sheet.box("entry", Point(layout.entry, (top + bottom) / 2), bar, corner=bar[0] / 2)
    sheet.label("x_t", Point(layout.inputs, _middle(rows["f"], rows["i"])), align="right")
    sheet.label("h_{t-1}", Point(layout.inputs, _middle(rows["c"], rows["o"])), align="right")
    sheet.label("c_{t-1}", Point(line, layout.before))
    sheet.label("c_t", Point(layout.outputs, layout.after), align="left")
    sheet.label("h_t", Point(layout.outputs, rows["o"]), align="left")
    for row, y in rows.items():
        if layout.product is not None:
            sheet.box(f"product {row}", Point(layout.product, y), layout.box)
            sheet.symbol(f"W_{row}, R_{row}", Point(layout.product, y), layout.word)
        sheet.place(_OF_ROW[row], Point(layout.activation, y))
    sheet.place("output", Point(line, layout.output))
    joined = _middle(rows["i"], rows["c"])
    sheet.operation("forgotten", Point(line, rows["f"]))
    sheet.operation("added", Point(layout.join, joined))
    sheet.operation("sum", Point(line, joined))
    sheet.operation("released", Point(line, rows["o"]))
    sheet.branch("branch", Point(line, layout.after))


def _set_lines(sheet: _Sheet) -> None:
    """Join the nodes as a step goes through them."""
    sheet.join("x_t", "entry")
    sheet.join("h_{t-1}", "entry")
    for row, place in _OF_ROW.items():
        if sheet.layout.product is None:
            sheet.join("entry", place)
        else:
            sheet.join("entry", f"product {row}", place)
    sheet.join("forget gate", "forgotten")
    sheet.join("input gate", "added")
    sheet.join("candidate", "added", "sum")
    sheet.join("c_{t-1}", "forgotten", "sum", "output", "released", "h_t")
    sheet.join("output gate", "released")
    sheet.join("branch", "c_t")


def _set_names(sheet: _Sheet) -> None:
    """Write the name of each place, and beside the first four what leaves them."""
    layout = sheet.layout
    width, height = layout.capsule
    for row, place in _OF_ROW.items():
        y = layout.rows[row]
        sheet.word(place, Point(layout.activation, y - height / 2 - 0.85 * layout.word))
        letter = r"\tilde{c}" if row == "c" else row
        beside = layout.activation + width / 2 + 1.3 * layout.symbol
        sheet.symbol(f"{letter}_t", Point(beside, y - 0.85 * layout.symbol))
    beside = layout.line - width / 2 - 0.5 * layout.word
    sheet.word("output", Point(beside, layout.output), align="right")


def _set_arms(sheet: _Sheet) -> None:
    """Tell below the drawing which of the places each arm changes."""
    layout = sheet.layout
    told = {"ISRU": "changes the two tanh", "exp-free": "changes all five"}
    kinds = sorted(PLACES.values(), key=[TANH, GATE].index)
    left = layout.entry - layout.symbol / 3
    for number, (arm, functions) in enumerate(CHANGES.items()):
        y = layout.rows["o"] + 40 + 24 * number
        sheet.word(arm, Point(left, y), align="left", bold=True)
        x = layout.activation - layout.capsule[0] / 2 + 5
        for kind in kinds:
            sheet.disc(Point(x, y), COLOUR[kind] if kind in functions else None)
            x += 15
        sheet.word(told[arm], Point(x + 4, y), align="left")


def _middle(one: float, other: float) -> float:
    return (one + other) / 2


class _Node(NamedTuple):
    """What a line begins or ends at: its middle, and how far it reaches to each side."""

    centre: Point
    reach: tuple[float, float]


class _Sheet:
    """A figure in points, with what a cell is drawn from."""

    def __init__(self, layout: Layout, highlight: str):
        self.layout, self.highlight = layout, highlight
        self.nodes: dict[str, _Node] = {}
        width, height = layout.size
        # An engine that does nothing: with none at all a second drawing takes the style sheet's.
        still = PlaceHolderLayoutEngine(adjust_compatible=True, colorbar_gridspec=True)
        self.figure = Figure(figsize=(width / 72, height / 72), layout=still)
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, width), ylim=(height, 0))
        self.axes.set_axis_off()

    def place(self, name: str, centre: Point) -> None:
        """Set one of the five activations."""
        function, size = PLACES[name], self.layout.capsule
        marked = HIGHLIGHTS[self.highlight]
        grey = self.highlight != "none" and function not in marked
        colour = _MUTED if grey else COLOUR[function]
        look = {
            "edgecolor": colour,
            "facecolor": _tint(colour) if function in marked else "white",
            "linewidth": 1 if grey else 2,
        }
        self._rounded(name, centre, size, 0.42 * size[1], **look)
        self.word(function, centre, bold=function in marked)

    def box(
        self, name: str, centre: Point, size: tuple[float, float], *, corner: float = 3
    ) -> None:
        """Set a box of no colour."""
        look = {"edgecolor": _INK, "facecolor": _BOX, "linewidth": 1}
        self._rounded(name, centre, size, corner, **look)

    def operation(self, name: str, centre: Point) -> None:
        """Set a sum or an elementwise product: a circle with its sign in it."""
        radius = self.layout.radius
        self.nodes[name] = _Node(centre, (radius, radius))
        look = {"edgecolor": _INK, "facecolor": "white", "linewidth": 1.2, "zorder": 3}
        self.axes.add_patch(Circle(centre, radius, gid=name, **look))
        if name == "sum":
            sign = {"marker": "+", "markersize": 1.2 * radius, "markeredgewidth": 1.4}
        else:
            sign = {"marker": "o", "markersize": 0.45 * radius, "markeredgewidth": 0}
        self.axes.plot(*centre, color=_INK, zorder=4, **sign)

    def branch(self, name: str, centre: Point) -> None:
        """Set the dot where a line parts."""
        radius = 0.28 * self.layout.radius
        self.nodes[name] = _Node(centre, (radius, radius))
        self.axes.add_patch(Circle(centre, radius, color=_INK, gid=name))

    def label(self, symbol: str, at: Point, *, align: str = "center") -> None:
        """Set what enters or leaves: its symbol, from or to which lines go."""
        self.symbol(symbol, at, align=align)
        self.nodes[symbol] = _Node(at, (0.25 * self.layout.symbol, 0.85 * self.layout.symbol))

    def join(self, *names: str) -> None:
        """Draw an arrow from each node to the next."""
        for start, end in pairwise(names):
            self._arrow(f"{start} to {end}", _way(self.nodes[start], self.nodes[end]))

    def disc(self, centre: Point, colour: str | None) -> None:
        """Draw a place as the list of the arms shows it; empty if it is not changed."""
        edge, face = (colour, _tint(colour)) if colour else (_MUTED, "white")
        look = {"edgecolor": edge, "facecolor": face, "linewidth": 2 if colour else 1}
        self.axes.add_patch(Circle(centre, 4.8, **look))

    def symbol(
        self, text: str, at: Point, size: float | None = None, *, align: str = "center"
    ) -> None:
        """Write a symbol of the equations."""
        self._write(f"${text}$", at, size or self.layout.symbol, align)

    def word(self, text: str, at: Point, *, align: str = "center", bold: bool = False) -> None:
        """Write a word."""
        self._write(text, at, self.layout.word, align, fontweight="bold" if bold else "normal")

    def _write(self, text: str, at: Point, size: float, align: str, **look) -> None:
        """Write so that the small letters' middle is at a height, whatever reaches below it."""
        base = at.y + _HALF_A_LETTER * size
        look |= {"ha": align, "va": "baseline", "color": _INK}
        self.axes.text(at.x, base, text, fontsize=size, **look)

    def _rounded(self, name, centre, size, corner, **look) -> None:
        width, height = size
        self.nodes[name] = _Node(centre, (width / 2, height / 2))
        lower = (centre.x - width / 2, centre.y - height / 2)
        shape = f"round,pad=0,rounding_size={corner}"
        look |= {"boxstyle": shape, "gid": name, "zorder": 3}
        self.axes.add_patch(FancyBboxPatch(lower, width, height, **look))

    def _arrow(self, name: str, points: list[Point]) -> None:
        look = {"color": _INK, "linewidth": 1.1, "joinstyle": "miter", "shrinkA": 0, "shrinkB": 0}
        head = "-|>,head_length=4.5,head_width=2.3"
        size = self.layout.radius / 8
        path = _rounded_path(points)
        self.axes.add_patch(
            FancyArrowPatch(path=path, arrowstyle=head, mutation_scale=size, gid=name, **look)
        )


def _way(start: _Node, end: _Node) -> list[Point]:
    """Return the way from the edge of one node to that of another, along the axes.

    It is straight where they face each other, at the middle of the smaller one; else it goes
    across first, and then up or down.
    """
    (x, y), (u, v) = start.centre, end.centre
    if abs(v - y) < max(start.reach[1], end.reach[1]):
        height = min((start, end), key=lambda node: node.reach[1]).centre.y
        return [Point(x + start.reach[0], height), Point(u - end.reach[0], height)]
    side = 1 if v > y else -1
    last = Point(u, v - side * end.reach[1])
    if x == u:
        return [Point(x, y + side * start.reach[1]), last]
    return [Point(x + start.reach[0], y), Point(u, y), last]


def _rounded_path(points: list[Point]) -> Path:
    """Return the way through points as Matplotlib takes it, each corner cut by a curve."""
    vertices, codes = [points[0]], [Path.MOVETO]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        vertices += [_towards(corner, before), corner, _towards(corner, after)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    return Path([*vertices, points[-1]], [*codes, Path.LINETO])


def _towards(corner: Point, other: Point) -> Point:
    """Return the point where the curve of a corner meets its line to another point."""
    length = abs(other.x - corner.x) + abs(other.y - corner.y)  # lines run along the axes
    step = min(_CORNER, length) / length
    return Point(
        corner.x + step * (other.x - corner.x),
        corner.y + step * (other.y - corner.y),
    )


def _tint(colour: str) -> tuple[float, ...]:
    """Return a colour on white, as light as the words on it need."""
    return tuple(1 - _TINT * (1 - part) for part in to_rgb(colour))
