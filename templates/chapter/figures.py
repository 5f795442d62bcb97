"""Figures of the chapter `new-chapter`: each takes a table as the notebook records it."""

from __future__ import annotations

import matplotlib.pyplot as plt

from isru.drawing.style import arm_colour


def mean_squares(table):
    """Draw the mean square of each function's outputs."""
    figure, axes = plt.subplots(figsize=(4.2, 3.0))
    colours = [arm_colour(name) for name in table["activation"]]
    axes.bar(table["activation"], table["mean_square"], color=colours)
    axes.set(ylabel="mean square of the outputs")
    return figure
