"""Assembly of the vector loops: made for a core, and the loop found that does the work."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from isru import paths
from isru.analysed.cores import Core
from isru.emulator.errors import CompileError
from isru.emulator.toolchain import compiler_command

_LABEL = re.compile(r"(\.?L?[\w.]+):")
_JUMP = re.compile(r"\s*(?:j\w+|b\.\w+|cbn?z\s+\w+,|tbn?z\s+.*,)\s+(\.?L[\w.]+)$")
_VECTORS = {"x": 16, "y": 32, "z": 64}


@dataclass(frozen=True)
class Loop:
    """The innermost loop of a function that writes most in one turn.

    Attributes
    ----------
    lines : tuple of str
        From its label to the jump back, without comments and directives.
    bytes : int
        What one turn writes from vector registers.
    """

    lines: tuple[str, ...]
    bytes: int


def assembly(core: Core, source: str, flags: tuple[str, ...]) -> str:
    """Compile C for a core and return its assembly.

    Raises
    ------
    CompileError
        If the compiler fails; the message holds what it said.
    ToolchainError
        If the compiler is missing.
    """
    with TemporaryDirectory() as folder:
        text, made = Path(folder) / "loops.c", Path(folder) / "loops.s"
        text.write_text(source, encoding="utf-8")
        target = ("-target", core.target, f"-mcpu={core.cpu}", *core.flags)
        command = compiler_command(*target, *flags, "-S", "-g0", text, "-o", made)
        caches = {**paths.compiler_caches(), **os.environ}
        done = subprocess.run(command, env=caches, capture_output=True, text=True)
        if done.returncode:
            raise CompileError(f"compiling for {core.label} failed:\n{done.stderr[-2000:]}")
        return made.read_text(encoding="utf-8")


def vector_loops(text: str, core: Core) -> dict[str, Loop]:
    """Return the vector loop of every function in an assembly; one without such a loop lacks.

    Parameters
    ----------
    text : str
        As the compiler writes it, on x86 in AT&T's order.
    core : Core
    """
    found = {}
    for name, lines in _functions(text).items():
        loops = [Loop(tuple(part), _written(part, core)) for part in _innermost(lines)]
        best = max(loops, key=lambda loop: loop.bytes, default=None)
        if best and best.bytes:
            found[name] = best
    return found


def _functions(text: str) -> dict[str, list[str]]:
    """Return the lines of each function, without comments, directives and empty ones."""
    functions: dict[str, list[str]] = {}
    current: list[str] = []
    for raw in text.splitlines():
        line = re.split(r"\s*(?:#\s|//)", raw, maxsplit=1)[0].rstrip()
        label = _LABEL.fullmatch(line)
        if label and not line.startswith((".", "L")):
            current = functions.setdefault(label[1], [])
        elif label or (line and not line.lstrip().startswith(".")):
            current.append(line)
    return functions


def _innermost(lines: list[str]) -> list[list[str]]:
    """Return the parts between a label and a jump back to it that hold no other such part."""
    places = {label[1]: n for n, line in enumerate(lines) if (label := _LABEL.fullmatch(line))}
    jumps = [(places[to[1]], n) for n, line in enumerate(lines) if (to := _JUMP.match(line))]
    back = [(start, end) for start, end in jumps if start <= end]
    inner = [
        (start, end)
        for start, end in back
        if not any((start, end) != other and start <= other[0] <= other[1] <= end for other in back)
    ]
    return [lines[start : end + 1] for start, end in inner]


def _written(lines: list[str], core: Core) -> int:
    """Return the bytes that some lines store from vector registers."""
    count = _written_x86 if core.target.startswith("x86") else _written_arm
    return sum(count(line.split(), core.width) for line in lines)


def _written_x86(words: list[str], _width: int) -> int:
    if not words[0].startswith("vmov") or not words[-1].endswith(")"):
        return 0
    register = re.fullmatch(r"%([xyz])mm\d+,", words[1])
    packed = words[0].endswith(("ups", "upd", "aps", "apd", "ntps", "ntpd"))
    return _VECTORS[register[1]] if register and packed else 0


def _written_arm(words: list[str], width: int) -> int:
    if not words[0].startswith("st"):
        return 0
    text = " ".join(words)
    return 16 * len(re.findall(r"\bq\d+,", text)) + width * len(re.findall(r"\bz\d+\b", text))
