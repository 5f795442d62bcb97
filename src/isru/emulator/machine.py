"""A core in an emulator: load an image, call its functions, note which blocks ran."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from isru.emulator.cores import Target
from isru.emulator.disassembly import decode
from isru.emulator.elf import Image
from isru.emulator.errors import CycleTableError, EmulatorFault
from isru.emulator.hook import BlockCounter
from isru.emulator.toolchain import FLASH, RAM, load

_RAM_BYTES, _STACK_BYTES, _PAGE = 1 << 20, 1 << 16, 1 << 12
_STOP = 0x3000_0000  # a mapped page: the return address of every call
_FLOATING_POINT_ON = 0x2000  # RISC-V: mstatus.FS


@dataclass(frozen=True)
class Trace:
    """What ran during one or several calls.

    Attributes
    ----------
    edges : Counter
        (start of a block, start of the next one) -> how often; the last block of a call is
        followed by None.
    sizes : dict of int
        Start of a block -> its bytes.
    """

    edges: Counter
    sizes: dict[int, int]

    def __add__(self, other: Trace) -> Trace:
        return Trace(self.edges + other.edges, self.sizes | other.sizes)


class Machine:
    """An emulated core with an image in its flash.

    Parameters
    ----------
    target : Target
    image : Image
    """

    def __init__(self, target: Target, image: Image):
        self.target, self.image = target, image
        self._unicorn = unicorn = load("unicorn")
        self._engine = _engine(unicorn, target)
        self._registers = _register_names(unicorn, target)
        end = max(section.address + len(section.content) for section in image.sections)
        flash = -(-(end - FLASH) // _PAGE) * _PAGE
        for start, size in ((FLASH, flash), (RAM, _RAM_BYTES), (_STOP, _PAGE)):
            self._engine.mem_map(start, size)
        self._free = RAM
        for section in image.sections:
            self._engine.mem_write(section.address, section.content)
        _switch_on_floats(unicorn, target, self._engine)
        self._counter = BlockCounter(unicorn, self._engine)

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
    if target.family == "arm":
        mode = unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS
        engine = unicorn.Uc(unicorn.UC_ARCH_ARM, mode)
        models = _constants(unicorn, "arm_const", "UC_CPU_ARM_")
    elif target.family == "aarch64":
        engine = unicorn.Uc(unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM)
        models = _constants(unicorn, "arm64_const", "UC_CPU_ARM64_")
    else:
        engine = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
        models = {}
    if target.emulated:  # before any other call: it has no effect later
        engine.ctl_set_cpu_model(models[target.emulated])
    return engine


def _constants(unicorn, module, prefix):
    """Return the constants of a module that begin with a prefix, without it."""
    import importlib

    constants = vars(importlib.import_module(f"{unicorn.__name__}.{module}"))
    return {
        name.removeprefix(prefix): value
        for name, value in constants.items()
        if name.startswith(prefix)
    }


def _register_names(unicorn, target):
    if target.family == "arm":
        names = _constants(unicorn, "arm_const", "UC_ARM_REG_")
        chosen = ("R0", "R1", "R2", "R3"), "S0" if target.fpu else "R0", "LR", "SP", "PC"
    elif target.family == "aarch64":
        names = _constants(unicorn, "arm64_const", "UC_ARM64_REG_")
        chosen = ("X0", "X1", "X2", "X3"), "S0", "LR", "SP", "PC"
    else:
        names = _constants(unicorn, "riscv_const", "UC_RISCV_REG_")
        chosen = ("A0", "A1", "A2", "A3"), "FA0" if target.fpu else "A0", "RA", "SP", "PC"
    integers, value, link, stack, counter = chosen
    return {
        "integers": [names[name] for name in integers],
        "float": names[value],
        "link": names[link],
        "stack": names[stack],
        "counter": names[counter],
    }


def _switch_on_floats(unicorn, target, engine):
    if target.family == "riscv" and target.fpu:
        status = _constants(unicorn, "riscv_const", "UC_RISCV_REG_")["MSTATUS"]
        engine.reg_write(status, engine.reg_read(status) | _FLOATING_POINT_ON)
    elif target.family == "arm" and target.fpu:
        names = _constants(unicorn, "arm_const", "UC_ARM_REG_")
        engine.reg_write(names["FPEXC"], 0x4000_0000)
    elif target.family == "aarch64":
        names = _constants(unicorn, "arm64_const", "UC_ARM64_REG_")
        engine.reg_write(names["CPACR_EL1"], 3 << 20)
