"""Write a trained network as C99."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from isru.firmware.c_forms import Twin, twin
from isru.firmware.c_model import Model, read_model
from isru.firmware.c_names import check_name
from isru.firmware.c_source import comment_text, header_text, source_text
from isru.firmware.errors import BudgetError
from isru.records import write_atomically


class Exported(NamedTuple):
    """What :func:`export_c` wrote.

    Attributes
    ----------
    header, source : Path
    flash_bytes : int
        Constants, without code.
    ram_bytes : int
        The caller's state.
    digest : str
        Of all constants; also in the comment of both files.
    """

    header: Path
    source: Path
    flash_bytes: int
    ram_bytes: int
    digest: str


def export_c(network, directory, *, weights="float32", flash=None, ram=None, name="network"):
    """Write a network as a C99 header and source; also valid C++.

    The weights are ``const``, the state is the caller's, nothing is allocated. A network whose
    activations need no exponential needs no C library.

    Parameters
    ----------
    network : isru.lstm.LSTMNetwork
        Of LSTM or GRU cells, any number of layers. A Keras model comes by
        ``isru.keras_bridge.read_keras``.
    directory : path-like
        Made if it does not exist; files of the same names are replaced.
    weights : {"float32", "int8"}
        int8 takes a quarter of the flash; the arithmetic stays float32. Each weight is then off
        by at most half of its row's scale, the row's largest weight / 127.
    flash, ram : int, optional
        Bytes that there are, for the constants and for the state.
    name : str
        Of the files and what every C name begins with: a-z, 0-9 and _. No word of C or C++, no
        header or function of the library's, no name that the generated C uses itself.

    Returns
    -------
    Exported

    Raises
    ------
    ExportError
        For a cell that is neither LSTM nor GRU, an output activation of its own or a learned
        alpha, an activation without C twin, weights that are not finite in float32, or a name
        that C does not allow.
    BudgetError
        If the constants or the state are larger than what there is; with both numbers.

    Notes
    -----
    An LSTM's gate order is i, f, c, o, side by side for every input of a unit; a GRU's gates
    u, r come first, then its candidates, of two units side by side. The outputs are those of the
    NumPy network within 1e-5 over a sequence, with int8 those of the network with the rounded
    weights (see `isru.firmware.dequantised`).
    """
    check_name(name)
    model = read_model(network, weights)
    check_budget(model, flash, ram)
    activation, gate = twin(network.activation), twin(network.recurrent_activation)
    header, source = network_files(model, activation, gate, name)
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / f"{name}.h", folder / f"{name}.c"
    for path, text in zip(paths, (header, source), strict=True):
        write_atomically(path, text)
    return Exported(*paths, model.weight_bytes, model.state_bytes, model.digest)


def network_files(model: Model, activation: Twin, gate: Twin, name: str) -> tuple[str, str]:
    """Return the texts of header and source."""
    comment = comment_text(model, name, activation, gate)
    return header_text(model, name, comment), source_text(model, name, activation, gate, comment)


def check_budget(model: Model, flash: int | None, ram: int | None) -> None:
    """Refuse a model that is too large.

    Raises
    ------
    BudgetError
    """
    needs = (("flash", model.weight_bytes, flash), ("RAM", model.state_bytes, ram))
    for kind, needed, available in needs:
        if available is not None and needed > available:
            raise BudgetError(
                f"expected a network that fits {available} bytes of {kind}, got one that needs "
                f"{needed} (units {model.hidden_sizes}, "
                f"{'int8' if model.quantised else 'float32'} weights): take fewer units"
                + ("" if model.quantised or kind == "RAM" else " or weights='int8'")
            )


def dequantised(network):
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
