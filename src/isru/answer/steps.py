"""The platforms of the first picture: what a step takes with ISRU, over what it takes with tanh.

One more platform is one more entry of `PLATFORMS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from isru.wording import formatted

Read = Callable[[str], Mapping | None]
"""Gives what a run recorded at an address, None where it recorded nothing."""

DOTS = ["platform", "how", "arm", "against", "ratio", "low", "high"]
"""The columns of what the first picture draws."""
UNITS = 25  # of the network that the first page speaks of: its running example
_GAINS = "microcontrollers.gains[measure=cycles, core={core}, arm={arm}, against=libm, units={n}]"
_STEPS = "forecaster.steps[framework={engine}, step={step}, units={n}]"
_CYCLES = "microcontrollers.battery[units={n}, arm={arm}].cycles"
_WAITING = "microcontrollers.by-units[units={n}].wait_saving"


class Span(NamedTuple):
    """A saving in per cent of tanh's time with the ends of its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Mark:
    """Where the saving of one arm is recorded.

    Attributes
    ----------
    saving : str
        The address of the saving, in per cent of tanh's time.
    waiting : str
        The arm of a Cortex-M4F whose saving with two wait states belongs to the interval.
    units : int
        Of the network.
    """

    saving: str
    waiting: str = ""
    units: int = UNITS


@dataclass(frozen=True)
class Platform:
    """A row of the picture: its name, how its times were found, and a mark for each arm."""

    name: str
    how: str
    marks: Mapping[str, Mark]


def timed(engine: str, step: str = "predict", units: int = UNITS) -> Mark:
    """Return where the chapter on the forecaster recorded ISRU's saving of a step."""
    row = _STEPS.format(engine=engine, step=step, n=units)
    return Mark(f"{row}.saving", units=units)


def generated(units: int = UNITS) -> Mark:
    """Return where the chapter on processors recorded ISRU's saving of a prediction in C."""
    return Mark(f"processors.c-library[phase=predict, units={units}, arm=isru].saving", units=units)


def emulated(core: str, arm: str, units: int = UNITS) -> Mark:
    """Return where the chapter on microcontrollers recorded an arm's saving of a step."""
    row = _GAINS.format(core=core, arm=arm, n=units)
    return Mark(f"{row}.saving", waiting=arm if core == "m4f" else "", units=units)


def _both(core: str) -> dict[str, Mark]:
    return {arm: emulated(core, arm) for arm in ("isru", "exp_free")}


INTEGER = Mark(f"microcontrollers.by-units[units={UNITS}].integer_saving")

PLATFORMS = (
    Platform("PC: loops you compile", "measured", {"isru": timed("numba")}),
    Platform("PC: TensorFlow", "measured", {"isru": timed("keras")}),
    Platform("PC: NumPy", "measured", {"isru": timed("numpy")}),
    Platform("Cortex-M4F", "emulated", _both("m4f")),
    Platform("Cortex-M0+", "emulated", _both("m0plus")),
    Platform("RISC-V, with float unit", "emulated", _both("rv32imfc")),
    Platform("RISC-V, without", "emulated", _both("rv32imc")),
    Platform("All-integer model", "emulated", {"isru": INTEGER}),
)


def saving(read: Read, mark: Mark) -> Span | None:
    """Return the saving at a mark; None where the run recorded none.

    The interval is the recorded one; where the memory may keep the core waiting, it reaches to
    the saving with two wait states, too. What was recorded without an interval is its own.
    """
    entry = read(mark.saving)
    if entry is None:
        return None
    value = float(entry["value"])
    ends = [float(entry.get(end, value)) for end in ("low", "high")]
    waiting = waiting_saving(read, mark.waiting, mark.units) if mark.waiting else None
    if waiting is not None:
        ends.append(waiting)
    return Span(value, min(ends), max(ends))


def waiting_saving(read: Read, arm: str, units: int = UNITS) -> float | None:
    """Return what an arm saves on a Cortex-M4F whose memory makes the core wait, None if unknown.

    Every arm waits for the same weights, equally long. How long follows from the saving that was
    recorded for the exp-free arm, with and without waiting.
    """
    addresses = [_CYCLES.format(arm=name, n=units) for name in ("libm", "exp_free", arm)]
    entries = [read(address) for address in (*addresses, _WAITING.format(n=units))]
    found = [float(entry["value"]) for entry in entries if entry is not None]
    if len(found) < len(entries):
        return None
    tanh, exp_free, own, percent = found
    share = percent / 100
    waiting = (tanh * (1 - share) - exp_free) / share
    return 100 * (1 - (own + waiting) / (tanh + waiting))


def device_saving(
    read: Read, steps: Iterable[Mapping], arm: str, units: int = UNITS
) -> Span | None:
    """Return what an arm's step saves on a Cortex-M4F, against the C library's functions.

    The interval holds each reading of the cycle table and the saving with two wait states.

    Parameters
    ----------
    read : callable
    steps : iterable of mapping
        Rows of the chapter's table of steps: target, units, arm, cycles and its readings.
    arm : str
        "exp_free", "table", "hard", ...

    Returns
    -------
    Span or None
        None where the run did not count such a step.
    """
    rows = {
        row["arm"]: row
        for row in steps
        if row["target"] == "cortex-m4f" and row["units"] == units and row["arm"] in (arm, "libm")
    }
    waiting = waiting_saving(read, arm, units)
    if len(rows) < 2 or waiting is None:
        return None
    readings = [name for name in rows[arm] if name.removeprefix("cycles_").isdigit()]
    savings = {
        name: 100 * (1 - rows[arm][name] / rows["libm"][name]) for name in ("cycles", *readings)
    }
    ends = [*savings.values(), waiting]
    return Span(savings["cycles"], min(ends), max(ends))


def step_times(read: Read, platforms: Iterable[Platform] = PLATFORMS) -> pd.DataFrame:
    """Return a row for each mark that the run recorded, in the platforms' order.

    Returns
    -------
    pandas.DataFrame
        Columns platform, how, arm, against ("tanh"); ratio, low, high: time of a step with ISRU
        over time with tanh.
    """
    rows = []
    for platform in platforms:
        for arm, mark in platform.marks.items():
            found = saving(read, mark)
            if found is None:
                continue
            ratio, high, low = (1 - percent / 100 for percent in found)
            rows.append((platform.name, platform.how, arm, "tanh", ratio, low, high))
    return pd.DataFrame(rows, columns=DOTS)


def change(low: float, high: float, spec: str = ".0f") -> str:
    """Return a saving's interval in words: ``"35 to 45 % less time"``, ``"7 to 8 % more time"``.

    An interval with 0 inside names both ends; one that rounds to 0 is "unchanged".
    """
    ends = sorted((low, high), key=abs)
    less, more = (formatted(abs(end), spec) for end in ends)
    zero = formatted(0.0, spec)
    if less == more == zero:
        return "unchanged"
    if low < 0 < high and zero not in (less, more):
        slower, faster = formatted(-low, spec), formatted(high, spec)
        return f"between {slower} % more and {faster} % less time"
    word = "less time" if low + high > 0 else "more time"
    return f"{more} % {word}" if less == more else f"{less} to {more} % {word}"
