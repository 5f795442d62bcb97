"""An engineer's question to the published front: which formula is the cheapest that is so near?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from isru import paths
from isru.certificates.reading import NONE, load_certificates
from isru.chapters.frontier.costs import INPUTS, c_function
from isru.recorded import read_values

CHAPTER = "frontier"
SMOOTH = "analytic"
_DIGITS = 3
_ROUNDING = 2.0**-24  # of a float32 just below 1: nothing is surely nearer


def read_points(target: str, run: Path | None = None) -> list[dict]:
    """Return the points that can stand in for tanh on a core, as a run recorded them.

    Parameters
    ----------
    target : str
    run : Path, optional
        The run's folder; by default the published one.

    Raises
    ------
    FileNotFoundError
        If the chapter has not been published; the message says how to make it.
    ValueError
        If the front has no such target; the message names those that it has.
    """
    rows = read_values(CHAPTER, run or paths.results()).table("points").rows
    known = sorted({row["target"] for row in rows})
    if target not in known:
        raise ValueError(f"target: expected one of {', '.join(known)}, got {target!r}")
    return [
        row for row in rows if row["target"] == target and row["use"] == "alone" and row["monotone"]
    ]


def cheapest(points: list[dict], error: float, *, smooth: bool = False) -> tuple[bool, dict]:
    """Return whether a point is as near to tanh as asked, and the cheapest that is, or the nearest.

    Parameters
    ----------
    points : list of dict
        From `read_points`.
    error : float
        The largest distance to tanh, above 0.
    smooth : bool
        Whether only analytic formulas will do.

    Raises
    ------
    ValueError
        If the error is not a finite number above 0.
    """
    if not 0 < error < math.inf:
        raise ValueError(f"error: expected a finite number above 0, such as 0.02, got {error}")
    fitting = [row for row in points if not smooth or row["smoothness"] == SMOOTH]
    near = [row for row in fitting if max(row["error"], _ROUNDING) <= error]
    if near:
        return True, min(near, key=lambda row: (row["cycles"], row["bytes"], row["error"]))
    return False, min(fitting, key=lambda row: (row["error"], row["cycles"]))


def certificate(row: Mapping) -> str:
    """Say what is known of a point's C over all float32 inputs."""
    if row["source"] != "library":
        return f"none; at {len(INPUTS)} inputs its C is within {row['off']:.1g} of the formula"
    found = load_certificates().loc[row["point"]]
    if found["certificate"] == NONE:
        return NONE
    return f"{found['certificate']}: {found['inputs']:.0f} inputs, {found['max_ulp']:.3g} ULP"


def describe(row: Mapping) -> str:
    """Say in a few lines what a point is and costs, with its C."""
    constant = "for every input" if row["constant"] else "on average, as the input decides"
    name = row["point"] if row["source"] == "library" else "sigmoid"
    return "\n".join(
        [
            row["name"] + (f": {row['formula']}" if row["formula"] != row["name"] else ""),
            f"largest distance to tanh: {row['error']:.{_DIGITS}g}; {row['smoothness']}",
            f"cycles: {row['cycles']:.0f} ({row['cycles_low']:.0f} to {row['cycles_high']:.0f}) "
            f"{constant}; {row['bytes']} bytes",
            f"certificate: {certificate(row)}",
            "",
            c_function(name, row["body"], row["source"]).rstrip(),
        ]
    )


def answer_in_words(options) -> tuple[bool, str]:
    """Return whether a formula is near enough, and what to tell.

    Parameters
    ----------
    options : object
        With ``target``, ``error`` and ``smooth``.

    Raises
    ------
    ValueError, FileNotFoundError
        As `read_points` and `cheapest`.
    """
    points = read_points(options.target)
    near, row = cheapest(points, options.error, smooth=options.smooth)
    text = describe(row)
    if near:
        return True, text
    kind = "analytic formula" if options.smooth else "formula"
    return False, f"no {kind} of the front is within {options.error:g}; the nearest:\n{text}"
