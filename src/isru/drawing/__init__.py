"""Figures: one style, one palette, functions that return a figure.

Not here: the drawing of one chapter; it lies with the chapter.
"""

from isru.drawing.style import COLOURS, use_style

__all__ = ["COLOURS", "use_style"]
