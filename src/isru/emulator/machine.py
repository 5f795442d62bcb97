"""A core in an emulator: load an image, call its functions, note which blocks ran.

Executed blocks are counted in C: the emulator calls back millions of times, too often for Python.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib
import struct
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from isru.emulator.cores import Target
from isru.emulator.disassembly import decode
from isru.emulator.elf import Image
from isru.emulator.errors import CycleTableError, EmulatorFault
from isru.emulator.toolchain import (
    FLASH,
    PINNED,
    RAM,
    cache_folder,
    compiler_command,
    load,
    run,
)
from isru.records import write_atomically

_RAM_BYTES, _STACK_BYTES, _PAGE = 1 << 20, 1 << 16, 1 << 12
_STOP = 0x3000_0000  # a mapped page: the return address of every call


class _Family(NamedTuple):
    """What the emulator calls a family's parts, and how its FPU is switched on."""

    architecture: str
    modes: tuple[str, ...]
    arguments: tuple[str, ...]
    float_argument: str  # with an FPU; else floats are passed as the integers are
    link: str
    status: str
    fpu_on: int


_FAMILIES = {
    "arm": _Family(
        "ARM", ("THUMB", "MCLASS"), ("R0", "R1", "R2", "R3"), "S0", "LR", "FPEXC", 1 << 30
    ),
    "aarch64": _Family(
        "ARM64", ("ARM",), ("X0", "X1", "X2", "X3"), "S0", "LR", "CPACR_EL1", 3 << 20
    ),
    "riscv": _Family(
        "RISCV", ("RISCV32",), ("A0", "A1", "A2", "A3"), "FA0", "RA", "MSTATUS", 1 << 13
    ),
}


@dataclass(frozen=True)
class Trace:
    """What ran during one or several calls."""

    edges: Counter
    """(start of a block, start of the next one) -> how often; a call's last one is before None."""
    sizes: dict[int, int]
    """Start of a block -> its bytes."""

    def __add__(self, other: Trace) -> Trace:
        return Trace(self.edges + other.edges, self.sizes | other.sizes)


class Machine:
    """An emulated core with an image in its flash."""

    def __init__(self, target: Target, image: Image):
        self.target, self.image = target, image
        self._unicorn = unicorn = load("unicorn")
        self._engine = _engine(unicorn, target)
        self._registers = _registers(unicorn, target)
        end = max(section.address + len(section.content) for section in image.sections)
        flash = -(-(end - FLASH) // _PAGE) * _PAGE
        for start, size in ((FLASH, flash), (RAM, _RAM_BYTES), (_STOP, _PAGE)):
            self._engine.mem_map(start, size)
        self._free = RAM
        for section in image.sections:
            self._engine.mem_write(section.address, section.content)
        if target.fpu:
            status = self._registers["status"]
            value = self._engine.reg_read(status) | _FAMILIES[target.family].fpu_on
            self._engine.reg_write(status, value)
        self._counter = _BlockCounter(unicorn, self._engine)

    def reserve(self, size: int) -> int:
        """Return the address of ``size`` unused bytes of RAM, aligned to 16."""
        self._free = -(-self._free // 16) * 16
        start, self._free = self._free, self._free + size
        if self._free > RAM + _RAM_BYTES - _STACK_BYTES:
            raise EmulatorFault(
                f"{self.target.name}: expected at most {_RAM_BYTES - _STACK_BYTES} bytes of data, "
                f"got {self._free - RAM}"
            )
        return start

    def write(self, address: int, content: bytes) -> None:
        """Write to memory."""
        self._engine.mem_write(address, content)

    def read(self, address: int, size: int) -> bytes:
        """Read memory."""
        return bytes(self._engine.mem_read(address, size))

    def call(self, name: str, arguments: Sequence[int] = (), *, limit: int = 10**9) -> Trace:
        """Call a function whose arguments are integers or addresses, and note what ran.

        Raises
        ------
        EmulatorFault
            If the program fails, or does not return after ``limit`` instructions.
        """
        for register, value in zip(self._registers["integers"], arguments, strict=False):
            self._engine.reg_write(register, value)
        return self._run(name, limit)

    def call_float(self, name: str, value: float, *, limit: int = 10**6) -> tuple[float, Trace]:
        """Call a function of one float32 that returns one, and note what ran."""
        bits = struct.unpack("<I", struct.pack("<f", value))[0]
        register = self._registers["float"]
        self._engine.reg_write(register, bits)
        trace = self._run(name, limit)
        bits = self._engine.reg_read(register) & 0xFFFF_FFFF
        return struct.unpack("<f", struct.pack("<I", bits))[0], trace

    def call_integer(self, name: str, value: int, *, limit: int = 10**6) -> tuple[int, Trace]:
        """Call a function of one integer of 32 bits that returns one, and note what ran."""
        register = self._registers["integers"][0]
        self._engine.reg_write(register, value & 0xFFFF_FFFF)
        trace = self._run(name, limit)
        bits = self._engine.reg_read(register) & 0xFFFF_FFFF
        return bits - (bits >> 31 << 32), trace

    def _run(self, name, limit):
        if name not in self.image.symbols:
            known = ", ".join(sorted(self.image.symbols))
            raise ValueError(f"expected a function of the image: {known}; got {name!r}")
        thumb = 1 if self.target.family == "arm" else 0
        stop, stack = _STOP | thumb, RAM + _RAM_BYTES - 64
        self._engine.reg_write(self._registers["link"], stop)
        self._engine.reg_write(self._registers["stack"], stack)
        self._counter.clear()
        start = self.image.symbols[name].address | thumb
        try:
            self._engine.emu_start(start, _STOP, count=0 if limit >= 10**9 else limit)
        except self._unicorn.UcError as error:
            raise EmulatorFault(self._fault(name, str(error))) from None
        place = self._engine.reg_read(self._registers["counter"]) & ~thumb
        if place != _STOP:
            raise EmulatorFault(self._fault(name, f"no return after {limit} instructions"))
        return Trace(*self._counter.read(_STOP))

    def _fault(self, name, reason):
        place = self._engine.reg_read(self._registers["counter"]) & ~1
        try:
            code = self.read(place, 4)
            instruction = _first(self.target, code, place)
        except (self._unicorn.UcError, CycleTableError, IndexError):
            instruction = "(no instruction there)"
        return f"{self.target.name}, in {name}: {reason}; pc = {place:#x}, at {instruction}"


def _first(target, code, place):
    try:
        return str(decode(target, code, place)[0])
    except CycleTableError:
        return str(decode(target, code[:2], place)[0])


def _engine(unicorn, target):
    family = _FAMILIES[target.family]
    architecture = getattr(unicorn, f"UC_ARCH_{family.architecture}")
    mode = sum(getattr(unicorn, f"UC_MODE_{mode}") for mode in family.modes)
    engine = unicorn.Uc(architecture, mode)
    if target.emulated:  # before any other call: it has no effect later
        engine.ctl_set_cpu_model(_constants(unicorn, target, "CPU_{}")[target.emulated])
    return engine


def _constants(unicorn, target, kind):
    """Return the constants of a kind that a family has, by their names without prefix."""
    architecture = _FAMILIES[target.family].architecture
    prefix = f"UC_{kind.format(architecture)}_"
    module = importlib.import_module(f"{unicorn.__name__}.{architecture.lower()}_const")
    return {
        name.removeprefix(prefix): value
        for name, value in vars(module).items()
        if name.startswith(prefix)
    }


def _registers(unicorn, target):
    family, numbers = _FAMILIES[target.family], _constants(unicorn, target, "{}_REG")
    return {
        "integers": [numbers[name] for name in family.arguments],
        "float": numbers[family.float_argument if target.fpu else family.arguments[0]],
        "link": numbers[family.link],
        "stack": numbers["SP"],
        "counter": numbers["PC"],
        "status": numbers[family.status],
    }


_ENTRIES = 1 << 14  # room for pairs of blocks; a power of two
_SOURCE = f"""\
#include <stdint.h>

struct pair {{ uint64_t from, to, size, count; }};
struct table {{ uint64_t last, used; struct pair pairs[{_ENTRIES}]; }};

void note(void *engine, uint64_t address, uint32_t size, void *data)
{{
    struct table *table = data;
    uint64_t from = table->last, place = (from * 31 + address) * 0x9e3779b97f4a7c15u >> 50;
    struct pair *pair;
    (void)engine;
    table->last = address;
    for (;; place++) {{
        pair = &table->pairs[place & ({_ENTRIES} - 1)];
        if (!pair->count || (pair->from == from && pair->to == address)) break;
    }}
    if (!pair->count) {{
        if (table->used + 1 == {_ENTRIES}) return;
        table->used++;
        pair->from = from;
        pair->to = address;
        pair->size = size;
    }}
    pair->count++;
}}
"""
_HEAD = 2  # numbers before the pairs


class _BlockCounter:
    """Which block of an engine's followed which one, how often, from now on."""

    def __init__(self, unicorn, engine):
        self._table = np.zeros(_HEAD + 4 * _ENTRIES, np.uint64)
        self._function = ctypes.cast(_library().note, ctypes.c_void_p)
        low_level = unicorn.unicorn_py3.unicorn
        handle = ctypes.c_size_t()
        status = low_level.uclib.uc_hook_add(
            engine._uch,
            ctypes.byref(handle),
            unicorn.UC_HOOK_BLOCK,
            self._function,
            ctypes.c_void_p(self._table.ctypes.data),
            ctypes.c_uint64(1),
            ctypes.c_uint64(0),
        )
        if status != unicorn.UC_ERR_OK:
            raise EmulatorFault(f"expected the emulator to accept a hook, got error {status}")

    def clear(self) -> None:
        """Forget what was counted."""
        self._table[:] = 0

    def read(self, stop: int) -> tuple[Counter, dict[int, int]]:
        """Return the pairs of blocks with their counts, and each block's bytes.

        The emulation ended at ``stop``: the block before it is followed by None.
        """
        if int(self._table[1]) + 1 >= _ENTRIES:
            raise EmulatorFault(
                f"expected fewer than {_ENTRIES} pairs of blocks in one call, got more: "
                "call a smaller program"
            )
        pairs = self._table[_HEAD:].reshape(-1, 4)
        found = pairs[pairs[:, 3] > 0].tolist()
        sizes = {to: size for _, to, size, _ in found if to != stop}
        edges = Counter(
            {(start, None if to == stop else to): n for start, to, _, n in found if start}
        )
        if (last := int(self._table[0])) != stop:
            edges[last, None] += 1
        return edges, sizes


@cache
def _library() -> ctypes.CDLL:
    """Return the compiled hook."""
    text = _SOURCE + PINNED["ziglang"]
    kept = cache_folder() / f"hook-{hashlib.sha256(text.encode()).hexdigest()[:16]}.so"
    if not kept.is_file():
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "hook.c").write_text(_SOURCE, encoding="utf-8")
            command = compiler_command("-O2", "-shared", "-fPIC", "hook.c", "-o", "hook.so")
            run(command, folder, "compiling the block counter for this machine")
            write_atomically(kept, (Path(folder) / "hook.so").read_bytes())
    return ctypes.CDLL(str(kept))
