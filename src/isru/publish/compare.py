"""Your run beside the published one, value by value, as far as they can be compared."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from isru.claims import load_claims, verdicts_beside
from isru.publish.manifest import read_manifest
from isru.publish.staleness import digest
from isru.records import read_state

AGREES, DIFFERS = "agrees", "differs"


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
        other = published / "values" / path.name
        if not other.is_file():
            continue
        read = [read_state(p, "notebook", "provenance", "values") for p in (path, other)]
        if None in read:  # named in a warning
            continue
        mine, theirs = read
        same = _parameters(yours, mine["notebook"]) == _parameters(published, theirs["notebook"])
        profiles = tuple(run["provenance"].get("profile", "unknown") for run in (theirs, mine))
        for name, value in (theirs["values"] | mine["values"]).items():
            reference, own = (run["values"].get(name) for run in (theirs, mine))
            outcome = "not published" if own else "not in your run"
            if reference and own:
                outcome = _outcome(own, reference, same, profiles)
            rows.append(
                Comparison(
                    key=f"{path.stem}.{name}",
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
    lines = [f"{r.key}: published {r.published}, yours {r.yours} {r.unit}" for r in differing]
    agreeing = sum(row.outcome == AGREES for row in rows)
    others = len(rows) - agreeing - len(differing)
    lines.append(f"{agreeing} values agree, {len(differing)} differ, {others} cannot be compared")
    pairs = verdicts_beside(load_claims(), published, yours)
    for pair in pairs:
        if not pair.same:
            theirs, mine = pair.published.word, pair.yours.word
            lines.append(f"{pair.id}: published {theirs!r}, yours {mine!r}")
    same = sum(pair.same for pair in pairs)
    lines.append(f"the same verdict: {same} of the {len(pairs)} claims that both runs measured")
    return lines, len(differing)


def _parameters(run: Path, notebook: str) -> str | None:
    manifest = read_manifest(run, notebook)
    return digest(manifest["stamp"]["parameters"]) if manifest else None


def _outcome(mine: dict, theirs: dict, same_parameters: bool, profiles: tuple[str, str]) -> str:
    if mine["kind"] == "machine":
        return "not comparable: another machine or hour"
    if not same_parameters:
        return f"not comparable: profile {profiles[0]} against {profiles[1]}"
    if mine["kind"] == "exact":
        return AGREES if mine["value"] == theirs["value"] else DIFFERS
    return AGREES if _close(mine, theirs) else DIFFERS


def _close(mine: dict, theirs: dict) -> bool:
    if isinstance(mine["value"], str | bool):
        return mine["value"] == theirs["value"]
    if "rtol" in theirs or "atol" in theirs or "low" not in theirs:
        return math.isclose(
            mine["value"],
            theirs["value"],
            rel_tol=theirs.get("rtol", 1e-9),
            abs_tol=theirs.get("atol", 0.0),
        )
    return mine.get("low", mine["value"]) <= theirs["high"] and (
        theirs["low"] <= mine.get("high", mine["value"])
    )
