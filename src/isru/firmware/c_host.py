"""The exported C, compiled for this machine and run on whole sequences."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np

from isru.emulator.toolchain import compiler_command, run
from isru.firmware.checks import check_sequences
from isru.firmware.export import export_c


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
