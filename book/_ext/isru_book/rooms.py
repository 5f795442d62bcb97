"""The directives ``room-list`` and ``room-drawing``: the package's rooms, as its sources say."""

from __future__ import annotations

import json
from html import escape

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from isru_book.html import Markup
from isru_book.tables import html_table

PLAN = "rooms.json"  # written by isru.publish.staging
_WIDTH, _HIGH, _APART = 720, 34, 64  # of the drawing, of a room, from floor to floor; CSS pixels
_ROOM = 130


def plan_of(env) -> dict:
    """Return floors, rooms and imports; of a book that is built from the checkout, read now."""
    from isru.publish import rooms

    path = env.srcdir / PLAN
    if not path.is_file():
        return rooms.plan()
    env.note_dependency(str(path))
    return json.loads(path.read_text(encoding="utf-8"))


class RoomList(SphinxDirective):
    """List the rooms from the top, each with what it says of itself."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        rows = [
            [[nodes.literal("", room["name"])], room["holds"].replace("``", ""), room["refuses"]]
            for floor in plan_of(self.env)["floors"]
            for room in floor
        ]
        return [html_table(["Room", "What lies there", "Not here"], _plain(rows))]


def _plain(rows: list[list]) -> list[list]:
    """Return rows whose text has no marks of code."""
    return [[c.replace("`", "") if isinstance(c, str) else c for c in row] for row in rows]


class RoomDrawing(SphinxDirective):
    """Draw the rooms on their floors, and an arrow for what one imports from another."""

    def run(self) -> list[nodes.Node]:
        """Return the drawing, in the page's own colours."""
        plan = plan_of(self.env)
        return [Markup("", html=drawing(plan).replace("{", "{{").replace("}", "}}"))]


def drawing(plan: dict) -> str:
    """Return the SVG of a plan: floors from the top, arrows downward.

    An arrow that others imply is left out: who imports a room stands above all that it imports.
    """
    places = {}
    for level, floor in enumerate(plan["floors"]):
        for number, room in enumerate(floor):
            middle = _WIDTH * (number + 1) / (len(floor) + 1) + (level % 2 - 0.5) * 140
            places[room["name"]] = (middle, 8 + level * _APART)
    pairs = _direct([pair for pair in plan["imports"] if set(pair) <= set(places)])
    lines = "".join(_arrow(places[above], places[below]) for above, below in pairs)
    boxes = "".join(_box(name, *place) for name, place in places.items())
    height = len(plan["floors"]) * _APART - _APART + _HIGH + 16
    said = "; ".join(f"{above} imports {below}" for above, below in pairs)
    return (
        f'<svg class="isru-rooms" viewBox="0 0 {_WIDTH} {height}" role="img" '
        'style="max-width: 100%; color: var(--pst-color-text-base)" '
        f'aria-label="The rooms of the package on their floors, from the command line at the top '
        f'to what all use at the bottom. Every arrow points downward: {escape(said)}.">'
        '<defs><marker id="isru-down" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="currentColor"/></marker>'
        f"</defs>{lines}{boxes}</svg>"
    )


def _direct(imports: list) -> list[tuple[str, str]]:
    """Return the pairs that no way over a third room joins as well."""
    below: dict[str, set[str]] = {}
    for above, under in imports:
        below.setdefault(above, set()).add(under)

    def reached(name: str) -> set[str]:
        found = set(below.get(name, ()))
        return found.union(*(reached(other) for other in found))

    return [
        (above, under)
        for above in sorted(below)
        for under in sorted(below[above])
        if not any(under in reached(other) for other in below[above] - {under})
    ]


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x, y), (u, v) = start, end
    y += _HIGH
    return (
        f'<path d="M{x:.0f} {y:.0f}C{x:.0f} {y + 24:.0f} {u:.0f} {v - 24:.0f} {u:.0f} {v - 1:.0f}" '
        'fill="none" stroke="currentColor" stroke-opacity="0.55" marker-end="url(#isru-down)"/>'
    )


def _box(name: str, x: float, y: float) -> str:
    return (
        f'<rect x="{x - _ROOM / 2:.0f}" y="{y:.0f}" width="{_ROOM}" height="{_HIGH}" rx="6" '
        'fill="var(--pst-color-surface)" stroke="currentColor"/>'
        f'<text x="{x:.0f}" y="{y + 22:.0f}" text-anchor="middle" font-size="14" '
        f'fill="currentColor">{escape(name)}</text>'
    )
