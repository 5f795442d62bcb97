"""The numbers of a network in the order in which its C form reads them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from isru.firmware.c_step import BLOCK, CELLS, CellForm
from isru.firmware.errors import ExportError
from isru.lstm import LSTMNetwork


@dataclass(frozen=True)
class Model:
    """The numbers of a network in the order in which C reads them.

    Attributes
    ----------
    input_size, output_size : int
    hidden_sizes : tuple of int
    layers : tuple of dict of ndarray
        Per layer ``weights``, in blocks of rows, see `isru.firmware.c_step`: an LSTM has a block
        of 4 for every unit. In float32 their shape is (blocks, K, rows): K inputs are x, h, a one
        for the bias, and zeros up to a multiple of four. In int8 it is (blocks, F + H, rows),
        with ``scales``, (blocks, rows), by which the sums are multiplied, and ``biases`` alike.
    dense : dict of ndarray
        ``weights`` (C, H), ``biases`` (C,), for int8 ``scales`` (C,).
    cell : str
        A key of `isru.firmware.c_step.CELLS`.
    """

    input_size: int
    hidden_sizes: tuple[int, ...]
    output_size: int
    layers: tuple[dict, ...]
    dense: dict
    cell: str = "lstm"

    @property
    def form(self) -> CellForm:
        """What is the cell's own in C."""
        return CELLS[self.cell]

    @property
    def quantised(self) -> bool:
        """Whether the weights are int8."""
        return "scales" in self.dense

    @property
    def digest(self) -> str:
        """SHA-256 of all numbers, its first 16 digits."""
        summary = hashlib.sha256()
        for part in (*self.layers, self.dense):
            for name in sorted(part):
                summary.update(np.ascontiguousarray(part[name]).tobytes())
        return summary.hexdigest()[:16]

    @property
    def weight_bytes(self) -> int:
        """Bytes of all constants."""
        parts = (*self.layers, self.dense)
        return sum(array.nbytes for part in parts for array in part.values())

    @property
    def work_size(self) -> int:
        """Room for the inputs of any layer; the end is written four at a time."""
        inputs = (self.input_size, *self.hidden_sizes)
        longest = max(f + h for f, h in zip(inputs, self.hidden_sizes, strict=False))
        return longest + (0 if self.quantised else BLOCK)

    @property
    def state_bytes(self) -> int:
        """Bytes of the caller's state."""
        kept = len(self.form.states) * sum(self.hidden_sizes)
        return 4 * (kept + self.work_size + self.scratch_size)

    @property
    def scratch_size(self) -> int:
        """Numbers that a step needs beside its inputs."""
        return max(self.hidden_sizes) if self.form.scratch else 0


def check_network(network, cells: Collection[str], error: type[ValueError]) -> list[np.ndarray]:
    """Return a network's weights in float32, as all files hold them.

    Raises ``error`` for another cell than one of ``cells``, an output activation of its own, a
    learned alpha, or a weight that is not finite in float32.
    """
    if network.cell not in cells:
        known = " or ".join(cell.upper() for cell in cells)
        raise error(f"expected a network of {known} cells, got {network.cell!r}")
    if network.trainable_alpha or network.cell_activation is not None:
        kind = "trainable_alpha" if network.trainable_alpha else "cell_activation"
        raise error(
            "expected one activation for candidate and output in all layers, got a network with "
            f"{kind}: train one without it"
        )
    with np.errstate(over="ignore"):
        arrays = [array.astype(np.float32) for array in network.get_weights()]
    for name, array in zip(network.weight_names, arrays, strict=True):
        if not np.isfinite(array).all():
            place = np.argwhere(~np.isfinite(array))[0].tolist()
            raise error(
                f"{name}: expected finite float32 weights, got {array[tuple(place)]} at {place}; "
                "train again with clipping or a smaller learning rate"
            )
    return arrays


def read_model(network, weights: str = "float32") -> Model:
    """Take the weights of a network apart; an ExportError says what has no C form.

    In int8 each row (one gate of one unit) is divided by the scale that takes its largest weight
    to 127, and rounded.
    """
    arrays = check_network(network, CELLS, ExportError)
    if weights not in ("float32", "int8"):
        raise ExportError(f"weights: expected 'float32' or 'int8', got {weights!r}")
    form, layers = CELLS[network.cell], []
    for number, units in enumerate(network.hidden_sizes):
        kernel, recurrent, bias = arrays[3 * number : 3 * number + 3]
        rows = form.split(np.vstack([kernel, recurrent]), units).transpose(1, 0, 2)
        layers.append(_layer(rows, form.split(bias, units), weights))
    dense = _part(arrays[-2].T, arrays[-1], -1, weights)
    sizes = network.input_size, network.hidden_sizes, network.output_size
    return Model(*sizes, tuple(layers), dense, network.cell)


def _layer(rows, biases, weights):
    """Return a layer's arrays, from rows (blocks, F + H, rows) and biases (blocks, rows)."""
    if weights == "int8":
        return _part(rows, biases, 1, weights)
    blocks, inputs, side = rows.shape
    padded = np.zeros((blocks, -(-(inputs + 1) // BLOCK) * BLOCK, side), np.float32)
    padded[:, :inputs], padded[:, inputs] = rows, biases
    return {"weights": padded}


def _part(rows, biases, axis, weights):
    """Return arrays as `Model` has them; ``axis`` is that of a row's weights."""
    rows, biases = np.ascontiguousarray(rows), np.ascontiguousarray(biases)
    if weights == "float32":
        return {"weights": rows, "biases": biases}
    scales = np.abs(rows).max(axis=axis) / np.float32(127)
    scales = np.where(scales > 0, scales, np.float32(1)).astype(np.float32)
    whole = np.rint(rows / np.expand_dims(scales, axis)).astype(np.int8)
    return {"weights": whole, "scales": scales, "biases": biases}


def dequantised(network: LSTMNetwork) -> LSTMNetwork:
    """Return a copy of a network whose weights are those that ``weights="int8"`` exports.

    Parameters
    ----------
    network : isru.lstm.LSTMNetwork

    Returns
    -------
    isru.lstm.LSTMNetwork
        Of the same settings; biases unchanged.
    """
    model = read_model(network, "int8")
    arrays = []
    for layer, inputs in zip(model.layers, (model.input_size, *model.hidden_sizes), strict=False):
        rows = layer["weights"] * layer["scales"][:, None, :]
        units = rows.shape[1] - inputs
        flat = model.form.join(rows.transpose(1, 0, 2), units)
        arrays += [flat[:inputs], flat[inputs:], model.form.join(layer["biases"], units)]
    arrays += [(model.dense["weights"] * model.dense["scales"][:, None]).T, model.dense["biases"]]
    copy = type(network)(**network.settings)
    copy.set_weights(arrays)
    return copy
