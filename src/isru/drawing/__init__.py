"""Figures: one style, one palette, functions that return a figure."""

from isru.drawing.style import COLOURS, use_style

__all__ = ["COLOURS", "use_style"]
