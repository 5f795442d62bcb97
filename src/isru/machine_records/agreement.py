"""What recorded machines say of a claim's conditions, beside the words of the book's own run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pandas as pd

from isru.machine_records.quiet import busy
from isru.machine_records.summaries import ENGINES, run_vectors, vectors

OPPOSITE = {"faster": "slower", "slower": "faster"}
# Where a chapter records what a record measures, too: the addresses of the claims' conditions.
_CALLS = {"NumPy calls": "numpy", "compiled, libm": "libm", "compiled, SIMD": "simd"}
_CALL = "activation-cost.ratios[pair=plain, form={form}, dtype={dtype}].ratio"
_STEPS = {words: engine for engine, words in ENGINES.items()}
_STEP = "forecaster.steps[framework={engine}, step={step}, units={units}].saving"
_C_STEP = "processors.c-library[phase={step}, units={units}, arm=isru].saving"


def agreement(
    shown,
    conditions: Mapping[str, Mapping[str, str]],
    read: Callable,
    made_by: Callable[[str], Mapping],
) -> pd.DataFrame:
    """Return the word of each machine recorded at rest for each condition that it measured, too.

    Parameters
    ----------
    shown : isru.machine_records.page.Shown
    conditions : dict
        Claim -> address of the condition's effect -> the condition in words.
    read : callable
        Gives what the book's run recorded at an address, None where nothing.
    made_by : callable
        Gives the provenance of the run that recorded an address.

    Returns
    -------
    pandas.DataFrame
        Columns claim, machine, condition, here (the record's word: faster, slower, ...), there
        (the run's), own (whether processor, vector instructions, cores and system of the two are
        the same: they may be one machine), code and run_code (the commits that measured).
    """
    rows = []
    for claim, words in conditions.items():
        for machine, address, here in _recorded(shown):
            if busy(shown.records[machine]) or address not in words:
                continue
            if (entry := read(_word_of(address))) is None:
                continue
            record, run = shown.records[machine]["machine"]["provenance"], made_by(address)
            widths = {vectors(shown.records[machine]["machine"]), run_vectors(run)} - {""}
            own = record["machine"] == run.get("machine") and len(widths) < 2
            commits = record["commit"], run.get("commit", "unknown")
            rows.append((claim, machine, words[address], here, entry["value"], own, *commits))
    columns = ["claim", "machine", "condition", "here", "there", "own", "code", "run_code"]
    return pd.DataFrame(rows, columns=columns)


def _recorded(shown) -> Iterator[tuple[str, str, str]]:
    """Yield machine, address and word of what the records measure."""
    for row in shown.activations.itertuples():
        yield row.machine, _CALL.format(form=_CALLS[row.form], dtype=row.dtype), row.direction
    for row in shown.steps.itertuples():
        address = _STEP if row.engine in _STEPS else _C_STEP
        place = {"engine": _STEPS.get(row.engine), "step": row.step, "units": row.units}
        yield row.machine, address.format(**place), row.direction


def _word_of(address: str) -> str:
    """Return the address of a condition's word: the column ``direction`` of its row."""
    return f"{address.rpartition('.')[0]}.direction"


def agreement_table(found: pd.DataFrame) -> list[list[str]]:
    """Return header and rows: a claim and a machine, where its words are the run's and where not.

    Only what both decided can be opposite: faster here, slower there.
    """
    said = {True: ", of the same model as this run's", False: ""}
    found = found.assign(machine=found["machine"] + found["own"].map(said))
    header = ["Claim", "Machine", "Code: the record's; the run's", "The same word"]
    header += ["The opposite word", "Opposite"]
    rows = []
    for (claim, machine), part in found.groupby(["claim", "machine"], sort=False):
        count = len(part)
        same = int((part["here"] == part["there"]).sum())
        opposite = part[part["here"] == part["there"].map(OPPOSITE)]
        named = [f"{r.condition}: {r.here}, not {r.there}" for r in opposite.itertuples()]
        words = "; ".join(named) or "nowhere"
        code = "; ".join(", ".join(part[name].unique()) for name in ("code", "run_code"))
        counted = [f"{same} of {count}", f"{len(opposite)} of {count}"]
        rows.append([claim, machine, code, *counted, words])
    return [header, *rows]
