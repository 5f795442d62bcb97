"""Your run beside the published one, value by value, as far as they can be compared.

Two machines give the same up to the last digits, which vector widths, mathematical libraries
and the kernels of BLAS decide. So nothing here is held to equality but what is exact by kind.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from isru.claims import load_claims, verdicts_beside
from isru.digests import code_digest, digest
from isru.errors import DamagedFile
from isru.publish.manifest import read_manifest
from isru.publish.notebooks import Notebook
from isru.publish.verdict_words import listed
from isru.recorded import Recorded
from isru.records import exactly, warn_once

AGREES, DIFFERS = "agrees", "differs"
# Tables end at the ninth digit, which may be rounded the other way. In a difference of nearly
# equal numbers, as an approximation's error, that digit stands for less than the last of both.
_EXACT_TABLE = {"rtol": 1e-8, "atol": 1e-12}
# What a cell tagged `tolerance` shows, which is rounded to about four digits.
_SHOWN = {"rtol": 1e-3, "atol": 1e-9}
_MOST_LINES = 20  # of one chapter in the terminal
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


@dataclass(frozen=True)
class Comparison:
    """One value of both runs; ``outcome`` is a word, or why they cannot be compared."""

    key: str
    kind: str
    unit: str
    published: object
    yours: object
    outcome: str


def compare_runs(published: Path, yours: Path) -> list[Comparison]:
    """Return every value of the notebooks that both runs hold, compared by its kind.

    *machine*: shown side by side, never judged, since times of two machines differ by right. The
    others only where the parameters are equal: *exact*: equal; *tolerance*: equal within the
    stated rtol and atol, or, without them, overlapping intervals.
    """
    rows = []
    for path in sorted((yours / "values").glob("*.json")):
        if (published / "values" / path.name).is_file():
            try:
                rows += _compared(Recorded(published, path.stem), Recorded(yours, path.stem))
            except DamagedFile as error:
                warn_once(f"{error}; not compared")
    return rows


def _compared(published: Recorded, yours: Recorded) -> list[Comparison]:
    """Return the values of one chapter in both runs, beside each other."""
    same = _parameters(yours) == _parameters(published)
    profiles = tuple(run.provenance.get("profile", "unknown") for run in (published, yours))
    theirs, mine = dict(published.items()), dict(yours.items())
    rows = []
    for name, value in (theirs | mine).items():
        reference, own = theirs.get(name), mine.get(name)
        outcome = "not published" if own else "not in your run"
        if reference and own:
            if "[" in name and value["kind"] == "exact":
                own, reference = own | _EXACT_TABLE, reference | _EXACT_TABLE
            outcome = _outcome(own, reference, same, profiles)
        rows.append(
            Comparison(
                key=f"{yours.chapter}.{name}",
                kind=value["kind"],
                unit=value["unit"],
                published=reference["value"] if reference else None,
                yours=own["value"] if own else None,
                outcome=outcome,
            )
        )
    return rows


def account(published: Path, yours: Path) -> tuple[list[str], int]:
    """Return in lines what differs between two runs, and how many values do that must agree.

    Verdicts are among the lines, never in the number: on another machine or in a shorter profile
    they may differ by right.
    """
    rows = compare_runs(published, yours)
    differing = [row for row in rows if row.outcome == DIFFERS]
    lines = [_beside(row) for row in differing]
    agreeing = sum(row.outcome == AGREES for row in rows)
    others = [row for row in rows if row.outcome not in (AGREES, DIFFERS)]
    reasons = Counter(row.outcome for row in others).most_common()
    told = f" ({'; '.join(f'{count} {why}' for why, count in reasons)})" if reasons else ""
    lines += _moved(published, yours, others)
    lines.append(
        f"{agreeing} values agree, {len(differing)} differ, {len(others)} cannot be compared{told}"
    )
    pairs = verdicts_beside(load_claims(), published, yours)
    for pair in pairs:
        if not pair.same:
            theirs, mine = listed(pair.published.word), listed(pair.yours.word)
            lines.append(f"{pair.id}: published {theirs!r}, yours {mine!r}")
    same = sum(pair.same for pair in pairs)
    lines.append(f"the same verdict: {same} of the {len(pairs)} claims that both runs measured")
    return lines, len(differing)


def _moved(published: Path, yours: Path, rows: list[Comparison]) -> list[str]:
    """Return in lines which values moved in a run with parameters of the reader's own."""
    lines = []
    for chapter in dict.fromkeys(row.key.partition(".")[0] for row in rows):
        theirs, mine = (Recorded(run, chapter) for run in (published, yours))
        if mine.provenance.get("profile") != "adhoc":
            continue
        given, before = _given(mine) or {}, _given(theirs) or {}
        changed = ", ".join(
            f"{name}={value} (published: {before.get(name)})"
            for name, value in given.items()
            if value != before.get(name)
        )
        moved = [
            f"  {_beside(row)}"
            for row in rows
            if row.key.startswith(f"{chapter}.")
            and "[" not in row.key
            and row.kind != "machine"
            and row.published != row.yours
        ]
        lines += [f"{chapter} with {changed or 'the published parameters'}:", *moved[:_MOST_LINES]]
        if len(moved) > _MOST_LINES:
            lines.append(f"  and {len(moved) - _MOST_LINES} more: see the book of your run")
    return lines


def _beside(row: Comparison) -> str:
    return f"{row.key}: published {row.published}, yours {row.yours} {row.unit}".rstrip()


def _parameters(recorded: Recorded) -> str | None:
    given = _given(recorded)
    return None if given is None else digest(given)


def _given(recorded: Recorded) -> dict | None:
    manifest = read_manifest(recorded.folder, recorded.notebook)
    return manifest["stamp"]["parameters"] if manifest else None


def _outcome(mine: dict, theirs: dict, same_parameters: bool, profiles: tuple[str, str]) -> str:
    if mine["kind"] == "machine":
        return "not comparable: another machine or hour"
    if not same_parameters:
        return f"not comparable: profile {profiles[0]} against {profiles[1]}"
    return AGREES if _agree(mine, theirs) else DIFFERS


def _agree(mine: dict, theirs: dict) -> bool:
    """Return whether two recorded values agree, by their kind."""
    values = mine["value"], theirs["value"]
    if any(isinstance(value, str | bool) for value in values):
        return values[0] == values[1]
    if mine["kind"] == "exact" and "rtol" not in theirs:
        return exactly(values[0]) == exactly(values[1])
    if {"rtol", "atol"} & set(theirs) or not {"low", "high"} & set(theirs):
        return _close(*values, theirs)
    (low, high), (other_low, other_high) = _ends(mine), _ends(theirs)
    return low <= other_high and other_low <= high


def _ends(entry: dict) -> tuple[float, float]:
    """Return a value's interval: open where one end was recorded, the value itself where none."""
    if not {"low", "high"} & set(entry):
        return entry["value"], entry["value"]
    return entry.get("low", -math.inf), entry.get("high", math.inf)


def _close(mine: float, theirs: float, tolerance: dict) -> bool:
    """Return whether a number lies within the rtol and atol that were stated for the other."""
    rtol, atol = tolerance.get("rtol", 1e-9), tolerance.get("atol", 0.0)
    return math.isclose(mine, theirs, rel_tol=rtol, abs_tol=atol)


def differences(notebook: Notebook, published: Path, yours: Path) -> list[str]:
    """Return in lines where your result of a notebook is not the published one.

    Values by their kinds; tables column by column, and the numbers of figures; of the notebook
    the code by its hash and what its cells show word by word, the numbers with a tolerance
    where the cell is tagged ``tolerance``. Pictures are drawn from the numbers, and prose is
    always the present one: neither is compared.
    """
    own = f"{notebook.name}."
    rows = [r for r in compare_runs(published, yours) if r.key.startswith(own) and "[" not in r.key]
    found = [
        f"{row.key}: published {row.published}, yours {row.yours}: {row.outcome}"
        for row in rows
        if row.kind != "machine" and row.outcome != AGREES
    ]
    mine, theirs = (set(read_manifest(run, notebook.name)["outputs"]) for run in (yours, published))
    found += [f"{name}: in one run only" for name in sorted(mine ^ theirs)]
    for name in sorted(mine & theirs):
        if name.endswith(".csv"):
            found += _table_differences(name, published, yours)
    executed = Path("notebooks") / f"{notebook.name}.ipynb"
    return found + _cell_differences(*(_code_cells(run / executed) for run in (published, yours)))


def _table_differences(name: str, published: Path, yours: Path) -> list[str]:
    """Return where the numbers of a table or of a figure differ by more than their kind allows."""
    about = _columns(name, published) or _columns(name, yours)
    theirs, mine = (
        list(csv.reader((run / name).read_text(encoding="utf-8").splitlines()))
        for run in (published, yours)
    )
    if [len(row) for row in mine] != [len(row) for row in theirs]:
        return [f"{name}: published {len(theirs)} rows, yours {len(mine)}, or other columns"]
    return [
        f"{name}, row {place}, {title}: published {there}, yours {here}"
        for place, rows in enumerate(zip(theirs, mine, strict=True))
        for title, there, here in zip(theirs[0], *rows, strict=True)
        if not _same_cell(here, there, about[title])
    ]


def _columns(name: str, run: Path) -> dict[str, dict]:
    """Return kind and tolerance of each column of a CSV file, empty if the run does not say them.

    Of a figure's numbers they are those of the figure; what is not said is held to be exact.
    """
    path = (run / name).with_suffix(".json")
    if not path.is_file():
        return defaultdict(lambda: {"kind": "exact"})
    about = json.loads(path.read_text(encoding="utf-8"))
    return about.get("columns") or defaultdict(lambda: about)


def _same_cell(mine: str, theirs: str, about: dict) -> bool:
    if about["kind"] == "machine":
        return True
    return _same_text(mine, theirs, _EXACT_TABLE if about["kind"] == "exact" else about)


def _same_text(mine: str, theirs: str, tolerance: dict) -> bool:
    """Return whether two texts have the same words, and numbers within a tolerance."""
    if mine == theirs:
        return True
    words = [_NUMBER.sub("#", " ".join(text.split())) for text in (mine, theirs)]
    numbers = zip(_NUMBER.findall(mine), _NUMBER.findall(theirs), strict=False)
    return words[0] == words[1] and all(
        _close(float(here), float(there), tolerance) for here, there in numbers
    )


def _code_cells(path: Path) -> list[dict]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def _cell_differences(published: list[dict], yours: list[dict]) -> list[str]:
    """Return where executed code cells differ in their code, or in what they show."""
    names = [[cell["id"] for cell in cells] for cells in (published, yours)]
    if names[0] != names[1]:
        return [f"other code cells: published {names[0]}, yours {names[1]}"]
    found = []
    for theirs, mine in zip(published, yours, strict=True):
        codes, shown = ([read(c) for c in (theirs, mine)] for read in (_code, _shown))
        if codes[0] != codes[1]:
            found.append(f"cell {mine['id']}: other code")
        elif shown[0] != shown[1]:
            found += _output_differences(mine, *shown)
    return found


def _output_differences(cell: dict, theirs: dict[str, str], mine: dict[str, str]) -> list[str]:
    loose = "tolerance" in cell["metadata"].get("tags", [])
    found = []
    for place in sorted({*theirs, *mine}):
        there, here = theirs.get(place, "nothing"), mine.get(place, "nothing")
        if not (_same_text(here, there, _SHOWN) if loose else here == there):
            found.append(f"cell {cell['id']}, {place}: published {there!r}, yours {here!r}")
    return found


def _code(cell: dict) -> str:
    return code_digest("".join(cell["source"]))


def _shown(cell: dict) -> dict[str, str]:
    """Return what a cell shows, as texts by place and kind."""
    found = {}
    for place, output in enumerate(cell["outputs"]):
        parts = output.get("data", {}) | {k: output[k] for k in ("text",) if k in output}
        for kind, text in parts.items():
            found[f"output {place}, {kind}"] = text if isinstance(text, str) else "".join(text)
    return found
