"""Which class computes a layer: the cell's kind and the engine decide."""

from __future__ import annotations

from isru.activations import Activation
from isru.lstm.compiled import CompiledLayer
from isru.lstm.inputs import check_choice
from isru.lstm.layer import LSTMLayer
from isru.lstm.trainable import TrainableLayer
from isru.lstm.variants import VARIANTS, VariantLayer

ENGINES = {"numpy": LSTMLayer, "numba": CompiledLayer}
"""The implementations of an LSTM layer, by name; they compute the same numbers to rounding."""

CELLS = ("lstm", *VARIANTS)
"""The kinds of recurrent cell; all but the LSTM are for the NumPy engine only."""


def layer_class(
    cell: str,
    engine: str,
    cell_activation: Activation | None = None,
    trainable_alpha: bool = False,
) -> type[LSTMLayer] | type[VariantLayer]:
    """Return the class of the layers of a network.

    Raises
    ------
    ValueError
        For an unknown cell or engine, or what a cell or an engine does not have: a cell other
        than the LSTM, an activation of the cell state's own, and a trained alpha are for the
        NumPy engine only, the last two for the LSTM only, and one of them at a time.
    """
    check_choice("engine", engine, ENGINES)
    special = "trainable_alpha" if trainable_alpha else "cell_activation"
    if trainable_alpha or cell_activation:
        check_choice(f"cell, with {special}", cell, ("lstm",))
        check_choice(f"engine, with {special}", engine, ("numpy",))
    if trainable_alpha:
        if cell_activation:
            raise ValueError(
                "cell_activation: expected none beside trainable_alpha, which learns one alpha "
                f"for the candidate and one for the output, got {cell_activation.name!r}"
            )
        return TrainableLayer
    if check_choice("cell", cell, CELLS) == "lstm":
        return ENGINES[engine]
    if engine != "numpy":
        raise ValueError(f"engine: expected 'numpy' for the cell {cell!r}, got {engine!r}")
    return VARIANTS[cell]
