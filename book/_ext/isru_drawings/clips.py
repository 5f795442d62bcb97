"""Clips of a drawing that cut nothing: a rasteriser pays for each one with a layer of its own."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

_SVG, _LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"-?\d*\.?\d+(?:[eE][-+]?\d+)?")
_NOT_ABSOLUTE = re.compile(r"[^MLCQZz\s\d.,eE+-]")  # commands whose numbers are no plain points
_MITER_LIMIT = 4  # SVG's own, where a style names none

Box = tuple[float, float, float, float]


def without_idle_clips(svg: str) -> str:
    """Return an SVG without the clips whose content lies inside them anyway.

    Looked at are rectangles that clip a path, or a group of placed markers, in the coordinates
    of the drawing itself, as Matplotlib writes them. Whatever is of another kind, or reaches over
    an edge with its line's width, stays clipped.
    """
    root = ElementTree.fromstring(svg)
    named = {element.get("id"): element for element in root.iter() if element.get("id")}
    for element in _of_the_drawing(root):
        clip = named.get(element.get("clip-path", "")[5:-1])
        inside, outside = _extent(element, named), _rectangle(clip)
        if inside and outside and _holds(outside, inside):
            del element.attrib["clip-path"]
    ElementTree.register_namespace("", _SVG[1:-1])
    ElementTree.register_namespace("xlink", _LINK[1:-5])
    return ElementTree.tostring(root, encoding="unicode")


def _of_the_drawing(element: ElementTree.Element):
    """Yield the clipped elements that no transformation moves and that are drawn where they are."""
    if "transform" in element.attrib or element.tag == f"{_SVG}defs":
        return
    if "clip-path" in element.attrib:
        yield element
    for child in element:
        yield from _of_the_drawing(child)


def _rectangle(clip: ElementTree.Element | None) -> Box | None:
    if clip is None or [child.tag for child in clip] != [f"{_SVG}rect"] or len(clip.attrib) > 1:
        return None
    x, y, width, height = (float(clip[0].get(name, "0")) for name in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def _extent(element: ElementTree.Element, named: dict) -> Box | None:
    """Return a box around all that an element draws, None if that is not known."""
    if "transform" in element.attrib:
        return None
    if element.tag == f"{_SVG}path":
        return _path_extent(element, _style(element))
    if element.tag == f"{_SVG}use":
        marker = named.get(element.get(_LINK, "")[1:])
        if marker is None or marker.tag != f"{_SVG}path" or "transform" in marker.attrib:
            return None
        box = _path_extent(marker, _style(element) | _style(marker))
        x, y = (float(element.get(name, "0")) for name in "xy")
        return box and (box[0] + x, box[1] + y, box[2] + x, box[3] + y)
    if element.tag == f"{_SVG}g" and not element.get("style"):
        drawn = [child for child in element if child.tag != f"{_SVG}defs"]
        boxes = [_extent(child, named) for child in drawn]
        if boxes and None not in boxes:
            lows = (min(box[side] for box in boxes) for side in (0, 1))
            return (*lows, *(max(box[side] for box in boxes) for side in (2, 3)))
    return None


def _path_extent(path: ElementTree.Element, style: dict[str, str]) -> Box | None:
    """Return the box around a path's points, the control points too, and its line's width."""
    drawing = path.get("d", "")
    if _NOT_ABSOLUTE.search(drawing) or "stroke-miterlimit" in style:
        return None
    numbers = [float(number) for number in _NUMBER.findall(drawing)]
    xs, ys = numbers[::2], numbers[1::2]
    if not xs or len(xs) != len(ys):
        return None
    reach = math.sqrt(2)  # of a square cap
    if style.get("stroke-linejoin") == "miter":
        reach = _MITER_LIMIT
    reach *= float(style.get("stroke-width", "1")) / 2 if style.get("stroke") != "none" else 0
    return min(xs) - reach, min(ys) - reach, max(xs) + reach, max(ys) + reach


def _style(element: ElementTree.Element) -> dict[str, str]:
    parts = (part.partition(":") for part in element.get("style", "").split(";"))
    return {name.strip(): value.strip() for name, _, value in parts if name.strip()}


def _holds(outer: Box, inner: Box) -> bool:
    """Tell whether a box lies inside another."""
    low = outer[0] <= inner[0] and outer[1] <= inner[1]
    return low and inner[2] <= outer[2] and inner[3] <= outer[3]
