"""One network in every format: bytes, differences from NumPy, operators, the activation's fate."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from isru.emulator.toolchain import compiler_command, run
from isru.firmware.c_forms import c_form
from isru.firmware.checks import check_sequences, in_float32
from isru.firmware.errors import ConversionError, DeployError, ExportError
from isru.firmware.export import export_c
from isru.firmware.onnx_file import FUSED, run_onnx, to_onnx
from isru.firmware.onnx_graph import Graph, add_activation
from isru.lstm import LSTMNetwork

if TYPE_CHECKING:
    import pandas as pd

FORMATS = (
    "C float32",
    "C int8 weights",
    "TFLite float32",
    "TFLite dynamic",
    "TFLite int8",
    "ONNX",
    "ONNX fused",
)
_WIDEST = 100  # of a message in the table


def compare(
    network: LSTMNetwork,
    sequences: ArrayLike,
    folder: str | Path,
    *,
    representative: ArrayLike | None = None,
    formats: Sequence[str] = FORMATS,
) -> pd.DataFrame:
    """Write a network in every format, run each file, and hold the outputs against NumPy's.

    Parameters
    ----------
    network : isru.lstm.LSTMNetwork
    sequences : array_like, shape (N, T, F)
        Each starts from the zero state.
    folder : path-like
        For the files; made if it does not exist.
    representative : array_like, shape (M, T, F), optional
        What int8 takes its scales from; None takes `sequences` themselves, which flatters it.
    formats : sequence of str
        Of `FORMATS`.

    Returns
    -------
    pandas.DataFrame
        A row for each format: ``activation`` (name), ``format``, ``size_bytes`` (of the file; of
        a C form the constants, without code), ``largest_difference`` and ``rms_difference`` (root
        of the mean square) of the outputs from those of the float32 NumPy network,
        ``rms_output`` (of NumPy's, for comparison), ``operators`` (number in the file; of C
        none), ``int8_tensors``, ``becomes`` (what the file makes of the activation), ``status``:
        "its own function", "one operator", "primitive operators" or "refused"; where it is
        refused, ``becomes`` begins the message and the numbers are missing.

    Raises
    ------
    DeployError
        For an unknown format, sequences that do not fit, or a network that no format can hold.
    ImportError, ToolchainError
        If a package of the formats is missing.
    """
    import pandas as pd

    if unknown := [name for name in formats if name not in FORMATS]:
        raise DeployError(f"formats: expected some of {', '.join(FORMATS)}; got {unknown}")
    network = in_float32(network)
    sequences = check_sequences("sequences", sequences, network.input_size)
    if representative is None:
        representative = sequences
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    wanted, rows = network.predict(sequences), []
    known: dict[str, list[str]] = {}
    for name in formats:
        row = {"activation": network.activation.name, "format": name}
        try:
            row |= _row(name, network, sequences, folder, representative, wanted, known)
        except (DeployError, ConversionError, ExportError) as error:
            row |= {"becomes": shorten(str(error), _WIDEST), "status": "refused"}
        rows.append(row)
    columns = ["activation", "format", "size_bytes", "largest_difference", "rms_difference"]
    columns += ["rms_output", "operators", "int8_tensors", "becomes", "status"]
    frame = pd.DataFrame(rows, columns=columns)
    counts = ["size_bytes", "operators", "int8_tensors"]
    return frame.astype(dict.fromkeys(counts, "Int64"))


def _row(name, network, sequences, folder, representative, wanted, known):
    kind, _, variant = name.partition(" ")
    if kind == "C":
        weights = variant.split()[0]
        found, exported = run_c(network, sequences, folder, weights=weights)
        row = {"size_bytes": exported.flash_bytes, **_in_c(network.activation)}
    elif kind == "ONNX":
        written = to_onnx(network, folder / f"{_file(name)}.onnx", fused=bool(variant))
        found, row = run_onnx(written.path, sequences), _counts(written)
        row |= _in_fused_onnx(network) if variant else _in_operators(_onnx_operators(network))
    else:
        from isru.firmware.tflite_file import activation_operators, run_tflite, to_tflite

        quantise = {"float32": "none"}.get(variant, variant)
        more = {"representative": representative} if quantise == "int8" else {}
        path, steps = folder / f"{_file(name)}.tflite", sequences.shape[1]
        written = to_tflite(network, path, steps=steps, quantise=quantise, **more)
        found, row = run_tflite(path, sequences), _counts(written)
        if "lite" not in known:  # one conversion for the three files
            known["lite"] = activation_operators(network.activation, folder)
        row |= _in_operators(known["lite"])
    differences = {
        "largest_difference": float(np.abs(found - wanted).max()),
        "rms_difference": _rms(found - wanted),
        "rms_output": _rms(wanted),
    }
    return row | differences


def run_c(network, sequences, folder, *, weights="float32"):
    """Export a network as C, compile it with the pinned compiler for this machine and run it.

    Parameters
    ----------
    network : isru.lstm.LSTMNetwork
    sequences : array_like, shape (N, T, F)
        Each starts from the zero state.
    folder : path-like
        For the C files and the library.
    weights : {"float32", "int8"}

    Returns
    -------
    outputs : ndarray, float32, shape (N, C), or (N, T, C) with ``return_sequences``
    exported : isru.firmware.Exported

    Raises
    ------
    ExportError, ToolchainError, CompileError, DeployError
    """
    sequences = check_sequences("sequences", sequences, network.input_size)
    name = f"network_{weights}"
    exported = export_c(network, folder, weights=weights, name=name)
    library = Path(folder).resolve() / f"{exported.digest}_{weights}.so"
    flags = ("-std=c99", "-O2", "-fno-math-errno", "-shared", "-fPIC")
    command = compiler_command(*flags, "-o", library.name, exported.source.name, "-lm")
    run(command, folder, "compiling for this machine")
    code = ctypes.CDLL(str(library))
    reset, step, output = (getattr(code, f"{name}_{verb}") for verb in ("reset", "step", "output"))
    state = (ctypes.c_float * (exported.ram_bytes // 4))()
    found = np.empty((*sequences.shape[:2], network.output_size), np.float32)
    for sequence, rows in zip(sequences, found, strict=True):
        reset(state)
        for x, y in zip(sequence, rows, strict=True):
            step(state, x.ctypes.data_as(ctypes.c_void_p))
            output(state, y.ctypes.data_as(ctypes.c_void_p))
    return (found if network.return_sequences else found[:, -1]), exported


def _rms(array):
    return float(np.sqrt(np.mean(np.square(array, dtype=np.float64))))


def _file(name):
    return name.lower().replace(" ", "-")


def _counts(written):
    return {
        "size_bytes": written.size_bytes,
        "operators": sum(written.operators.values()),
        "int8_tensors": written.types.get("INT8", 0),
    }


def _in_c(activation):
    function = c_form(activation)
    called = [*function.libm] + (["sqrtf"] if function.square_root else [])
    calls = f"calls {', '.join(called)}" if called else "calls nothing"
    return {"becomes": f"C function, {calls}", "status": "its own function"}


def _onnx_operators(network):
    graph = Graph()
    add_activation(graph, "x", network.activation)
    return list(dict.fromkeys(node.op_type for node in graph.nodes))


def _in_fused_onnx(network):
    inner = FUSED[network.activation.name]
    return {"becomes": f"{inner}, inside LSTM", "status": "one operator"}


def _in_operators(names):
    status = "one operator" if len(names) == 1 else "primitive operators"
    return {"becomes": ", ".join(names), "status": status}
