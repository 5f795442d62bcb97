"""What OSACA says of instructions: on which ports of a core each of them works, and how long.

OSACA is a program of others (AGPL), run in a process of its own and never imported. It is asked
once for every form of an instruction that a core's loops hold. The bound follows from its
answers: an element waits for no other, so that a loop goes round as fast as its busiest ports let
it, if the work is spread over the ports as well as can be.

References
----------
Laukemann, Hammer, Hofmann, Hager and Wellein 2018, "Automated instruction stream throughput
prediction for Intel and AMD microarchitectures", DOI 10.1109/PMBS.2018.8641578.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from isru.errors import CompendiumError

_UNKNOWN = ("tp_unkown", "tp_unknown")  # as OSACA spells it, and as it may one day
_LABEL = re.compile(r"\.?\w+:")
# An instruction and others that do the same work in the same place: a longer name of it, a move of
# the same bits under the name of another type, a constant to one lane in place of all, the
# comparison in a minimum or a maximum, the subtraction in a comparison of whole numbers, the
# root of a register for one of the memory.
_TWINS = (
    (r"vmov([ua])pd\b", (r"vmov\1ps",)),
    (r"vmov([ua])ps\b", (r"vmov\1pd",)),
    (r"vm(?:ax|in)(p[sd])\s+(.*), %ymm\d+$", (r"vcmp\1 $1, \2, %ymm0",)),
    (r"vm(?:ax|in)(p[sd])\s+(.*), %zmm\d+$", (r"vcmp\1 $1, \2, %k1",)),
    (r"vandps\b", ("vandpd",)),
    (r"(vsqrtp[sd])\s+\S*\(.*\), (%[yz]mm)\d+$", (r"\1 \g<2>0, \g<2>1",)),
    (r"mov\s+(v\d+\.16b), (v\d+\.16b)$", (r"orr \1, \2, \2",)),
    (r"cmpq\s", ("subq ", "addq ")),
    (r"subs\s", ("sub ", "adds ")),
    (r"(?:fmov|movi)\s+v(\d+)\.\w+, #.*", (r"movi v\1.4s, #1", r"fmov d\1, #1.0")),
)


class OsacaError(CompendiumError, RuntimeError):
    """OSACA is missing or failed; the message says what to do, or what it said."""


@dataclass(frozen=True)
class Work:
    """What an instruction keeps busy.

    Attributes
    ----------
    parts : tuple of (float, tuple of str)
        Cycles, and the ports over which they can be spread.
    known : bool
        Whether OSACA has the instruction.
    taken_as : str
        The form of the twin whose work this is; empty where it is its own.
    """

    parts: tuple[tuple[float, tuple[str, ...]], ...]
    known: bool
    taken_as: str = ""


def osaca_version() -> str:
    """Return the version of OSACA.

    Raises
    ------
    OsacaError
        If it is not installed.
    """
    try:
        return metadata.version("osaca")
    except metadata.PackageNotFoundError:
        raise OsacaError(
            "OSACA is not installed (AGPL; install it by: pip install osaca)"
        ) from None


def form_of(line: str) -> str:
    """Return an instruction without the numbers of its registers and of what it adds or jumps to.

    Examples
    --------
    >>> form_of("vmulps %ymm3, %ymm12, %ymm1")
    'vmulps %ymm, %ymm, %ymm'
    >>> form_of("ldp q0, q1, [x9, #-16]")
    'ldp q, q, [x, #N]'
    """
    name, *rest = line.split(None, 1)
    operands = rest[0] if rest else ""
    operands = re.sub(r"\.?LBB\w+", "L", operands)
    operands = re.sub(r"-?\b\d+(?=\()", "N", operands)
    operands = re.sub(r"([#$])-?\d+\b(?!\.)", r"\1N", operands)
    operands = re.sub(r"(?<![\w.])(%?[a-z]+?)\d+", r"\1", operands)
    return f"{name} {' '.join(operands.split())}".strip()


def twins(line: str) -> list[str]:
    """Return instructions that work as one does, for where OSACA lacks that one.

    Examples
    --------
    >>> twins("mov v19.16b, v3.16b")
    ['orr v19.16b, v3.16b, v3.16b']
    """
    line = line.strip()
    matching = [(name, others) for name, others in _TWINS if re.match(name, line)]
    return [re.sub(name, other, line) for name, others in matching for other in others]


def instructions(lines: Iterable[str]) -> list[str]:
    """Return the lines that are no labels."""
    return [line for line in lines if not _LABEL.fullmatch(line.strip())]


def ask(arch: str, lines: Iterable[str]) -> dict[str, Work]:
    """Return what OSACA knows of each form of instruction that occurs in some lines.

    A form that it lacks has the work of the first of its `twins` that it knows.

    Parameters
    ----------
    arch : str
        OSACA's name of the core.
    lines : iterable of str
        Instructions and labels.

    Raises
    ------
    OsacaError
        If OSACA is missing or fails; the message holds the end of what it said.
    """
    osaca_version()
    forms = {form_of(line): [line.strip(), *twins(line)] for line in instructions(lines)}
    asked = [line for lines in forms.values() for line in lines]
    told = iter(_told(arch, asked))
    found = {}
    for form, lines in forms.items():
        answers = {line: next(told) for line in lines}
        known = next((line for line, work in answers.items() if work.known), lines[0])
        as_other = "" if known == lines[0] else form_of(known)
        found[form] = replace(answers[known], taken_as=as_other)
    return found


def _told(arch: str, lines: list[str]) -> list[Work]:
    """Return OSACA's answer to each of some instructions."""
    with TemporaryDirectory() as folder:
        text, report = Path(folder) / "forms.s", Path(folder) / "report.yml"
        text.write_text("\n".join(lines) + "\n", encoding="utf-8")
        # What depends on what is of no interest here: these lines are no loop.
        flags = ["--fixed", "--ignore-unknown", "--lcd-timeout", "0", "--yaml-out", str(report)]
        command = [sys.executable, "-m", "osaca", "--arch", arch, *flags, str(text)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise OsacaError(f"OSACA failed on {arch}:\n{done.stderr[-2000:]}")
        told = read_report(report.read_text(encoding="utf-8"))
    if len(told) != len(lines):
        raise OsacaError(f"OSACA on {arch}: expected {len(lines)} instructions, got {len(told)}")
    return told


class _Reader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """A safe reader of what OSACA writes: some numbers are objects, the others are left out."""


def _number(reader: _Reader, kind: str, node: yaml.Node) -> float | None:
    """Return the value of an object that is a number as it stood in OSACA's files, or None."""
    if not kind.startswith("object/new:ruamel.yaml.scalar"):
        return None
    return reader.construct_mapping(node, deep=True)["args"][0]


_Reader.add_multi_constructor("tag:yaml.org,2002:python/", _number)


def read_report(text: str) -> list[Work]:
    """Return the work of every instruction in OSACA's report, in its order.

    Parameters
    ----------
    text : str
        What OSACA writes by ``--yaml-out``.
    """
    kernel = yaml.load(text, Loader=_Reader)["Kernel"]
    return [_work(row) for row in kernel if row["Instruction"]]


def _work(row: Mapping) -> Work:
    parts = [(float(part["Cycles"]), tuple(map(str, part["Ports"]))) for part in row["PortUops"]]
    return Work(tuple(parts), not set(_UNKNOWN) & set(row["Flags"]))


def bound(work: Iterable[Work]) -> tuple[float, tuple[str, ...]]:
    """Return the fewest cycles in which some work can be done, and the ports that set them.

    Work that can go to some ports alone takes at least its cycles over their number; the least
    possible time is the largest such quotient over all sets of ports (a cut of the flow from
    work to ports). Only sets that several kinds of work have together need to be tried.
    """
    load: dict[frozenset[str], float] = {}
    for one in work:
        for cycles, ports in one.parts:
            load[frozenset(ports)] = load.get(frozenset(ports), 0.0) + cycles
    unions: set[frozenset[str]] = set()
    for ports in load:
        unions |= {ports} | {ports | others for others in unions}
    best, binding = 0.0, frozenset[str]()
    for ports in sorted(unions, key=lambda ports: (len(ports), sorted(ports))):
        time = sum(cycles for own, cycles in load.items() if own <= ports) / len(ports)
        if time > best * (1 + 1e-9):
            best, binding = time, ports
    return best, tuple(sorted(binding))


def unknown(forms: Mapping[str, Work], lines: Iterable[str]) -> list[str]:
    """Return the instructions of some lines that OSACA does not know, each once."""
    own = map(form_of, instructions(lines))
    return list(dict.fromkeys(form for form in own if not forms[form].known))
