"""Which class computes a layer: the cell's kind and the engine decide."""

from __future__ import annotations

from isru.lstm.compiled import CompiledLayer
from isru.lstm.inputs import check_choice
from isru.lstm.layer import LSTMLayer
from isru.lstm.variants import VARIANTS

ENGINES = {"numpy": LSTMLayer, "numba": CompiledLayer}
"""The implementations of an LSTM layer, by name; they compute the same numbers to rounding."""

CELLS = ("lstm", *VARIANTS)
"""The kinds of recurrent cell; all but the LSTM are for the NumPy engine only."""


def layer_class(cell: str, engine: str):
    """Return the class of the layers of a network.

    Raises
    ------
    ValueError
        For an unknown cell or engine, or a cell that the engine does not have.
    """
    check_choice("engine", engine, ENGINES)
    if check_choice("cell", cell, CELLS) == "lstm":
        return ENGINES[engine]
    if engine != "numpy":
        raise ValueError(f"engine: expected 'numpy' for the cell {cell!r}, got {engine!r}")
    return VARIANTS[cell]
