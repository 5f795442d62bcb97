"""Bytes and instructions of what the compiler made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from isru.emulator.cores import Target, get_target
from isru.emulator.counting import straight
from isru.emulator.disassembly import decode
from isru.firmware.arms import LSTM_ARMS
from isru.firmware.c_forms import c_form
from isru.firmware.integer import IntegerModel
from isru.firmware.measure import Networks, chosen_jobs, unit_label
from isru.firmware.model import Model
from isru.firmware.programs import (
    activation_program,
    integer_program,
    network_program,
    program_bytes,
)

if TYPE_CHECKING:
    import pandas

# Names of the constants that hold the trained numbers.
_OWN = ("weights", "scales", "biases", "dense_", "input_multipliers", "state_multipliers")


def code_size(
    target: str | Target,
    network: Networks | None = None,
    *,
    sizes: Sequence[int] = (),
    arms: Sequence[str] | None = None,
    weights: str = "float32",
) -> pandas.DataFrame:
    """Count the bytes of the linked network: step, reset and output, with all that they call.

    Parameters
    ----------
    target, network, sizes, arms, weights
        As in `isru.firmware.measure_lstm`; the same binary.

    Returns
    -------
    pandas.DataFrame
        One row a size and arm: ``target, units, arm, kind``; in bytes ``step`` (the function of
        one step alone, without what it calls), ``code`` (all of it), ``constants`` (of libm, the
        table), the sum of these two as ``flash``, and ``weights`` apart; ``ram``, the state.
    """
    import pandas

    target = get_target(target)
    jobs = chosen_jobs(network, sizes, arms)
    return pandas.DataFrame([_row(target, chosen, arm, weights) for chosen, arm in jobs])


def _row(target, network, arm, weights):
    model: Model | IntegerModel
    if LSTM_ARMS[arm].kind == "integer":
        image, model = integer_program(target, network, arm, np.ones((1, network.input_size)))
    else:
        image, model = network_program(target, network, arm, weights)
    code = sum(len(section.content) for section in image.sections if section.executable)
    own = sum(s.size for s in image.symbols.values() if s.name.startswith(_OWN))
    constants = program_bytes(image) - code - own
    return {
        "target": target.name,
        "units": unit_label(network),
        "arm": arm,
        "kind": LSTM_ARMS[arm].kind,
        "step": image.symbols["network_step"].size,
        "code": code,
        "constants": constants,
        "flash": code + constants,
        "weights": model.weight_bytes,
        "ram": model.state_bytes,
    }


def disassemble(target: str | Target, arm: str) -> pandas.DataFrame:
    """Return the instructions of one activation.

    Parameters
    ----------
    target : str or Target
    arm : str
        Name of a C form.

    Returns
    -------
    pandas.DataFrame
        ``address``, ``bytes``, ``instruction`` and, where the core has a table, ``cycles``
        (nominal, as if no branch were taken, but for the last one, the return). Constants that
        lie behind the code are ``.word``, and no instructions: their cycles are NaN.
    """
    import pandas

    target = get_target(target)
    image = activation_program(target, c_form(arm))
    rows = []
    for address, content, is_code in image.parts(image.symbols["f"]):
        rows += (_instructions if is_code else _words)(target, content, address)
    return pandas.DataFrame(rows)


def _instructions(target, content, address):
    items, rows = decode(target, content, address), []
    for number, item in enumerate(items):
        row = {"address": f"{item.address:x}", "bytes": item.size}
        row["instruction"] = f"{item.mnemonic} {item.operands}".strip()
        if target.table:
            before = straight(target, items[:number]).cycles if number else 0.0
            here = straight(target, items[: number + 1], taken=number == len(items) - 1).cycles
            row["cycles"] = here - before
        rows.append(row)
    return rows


def _words(target, content, address):
    rows = []
    for place in range(0, len(content), 4):
        word = content[place : place + 4]
        text = f".word {int.from_bytes(word, 'little'):#0{2 + 2 * len(word)}x}"
        rows.append({"address": f"{address + place:x}", "bytes": len(word), "instruction": text})
    return rows
