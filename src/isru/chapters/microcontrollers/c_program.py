"""The exported network in a short C program, compiled and run on the host."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np

from isru.emulator.toolchain import compiler_command, run
from isru.firmware import export_c

PROGRAM = """\
#include <stdio.h>
#include "forecaster.h"

int main(void)
{
    static forecaster_state state; /* all the RAM that the network needs */
    float x[FORECASTER_INPUTS], y[FORECASTER_OUTPUTS];
    int k = 0;

    forecaster_reset(&state);
    while (scanf("%f", &x[k]) == 1) {
        if (++k < FORECASTER_INPUTS) continue;
        k = 0;
        forecaster_step(&state, x);
        forecaster_output(&state, y);
        printf("%.9g\\n", y[0]);
    }
    return 0;
}
"""


class Outcome(NamedTuple):
    """What the program said, and what NumPy says.

    Attributes
    ----------
    header : str
        The exported header.
    host, numpy : ndarray, shape (T,)
        First output after every step.
    """

    header: str
    host: np.ndarray
    numpy: np.ndarray


def run_on_host(network, sequence: np.ndarray, folder) -> Outcome:
    """Export a network, compile it with `PROGRAM` for this machine, and run it.

    Parameters
    ----------
    network : isru.lstm.LSTMNetwork
    sequence : ndarray, shape (T, F)
    folder : path-like
        For the C files and the program.

    Raises
    ------
    ExportError, ToolchainError, CompileError
    """
    folder = Path(folder)
    exported = export_c(network, folder, name="forecaster")
    (folder / "main.c").write_text(PROGRAM, encoding="utf-8")
    program = folder / "forecast.exe"
    strict = ("-std=c99", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Werror")
    command = compiler_command(*strict, "main.c", exported.source.name, "-o", program.name, "-lm")
    run(command, folder, "compiling for this machine")
    numbers = " ".join(f"{float(x):.9g}" for x in np.asarray(sequence).reshape(-1))
    done = subprocess.run([program], input=numbers, capture_output=True, text=True, check=True)
    outputs = []
    state = None
    for row in sequence:
        y, state = network.forward(row[None, None], state)
        outputs.append(float(y[0, 0]))
    return Outcome(
        exported.header.read_text(encoding="utf-8"),
        np.array(done.stdout.split(), dtype=float),
        np.array(outputs),
    )
