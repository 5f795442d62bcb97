"""Cycle tables of the Arm cores, transcribed from their Technical Reference Manuals.

Cortex-M4 (DDI 0439): P, the cycles to refill the pipeline after a branch, is 1 to 3. Nominal is
1 for a branch to a fixed address, which the core fetches early, and 2 for one through a
register. A load or store takes 2 cycles, or 1 right after another one, which the address must
not depend on; a store with an immediate offset takes 1. The result of a floating-point
instruction is there one cycle later for the instruction that follows; a multiply-accumulate
does not need its addend before that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from isru.embedded.disassembly import Instruction, words
from isru.embedded.errors import CycleTableError

_CONDITION = re.compile(r"(eq|ne|hs|lo|cs|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)$")
_SIMPLE = words(
    "mov movs movw movt mvn mvns add adds addw adc adcs sub subs subw sbc sbcs rsb rsbs cmp cmn "
    "and ands orr orrs orn orns eor eors bic bics tst teq lsl lsls lsr lsrs asr asrs ror rors rrx "
    "rrxs rev rev16 revsh rbit clz sxtb sxth uxtb uxth bfi bfc ubfx sbfx ssat usat it itt ite ittt "
    "itte itet itee itttt nop adr mul muls mla mls smull umull smlal umlal smmul smlabb smulbb "
    "smlabt smlatb smlatt smulbt smultb smultt smlad smuad sxtb16 uxtb16 sxtab sxtah uxtab uxtah "
    "sxtab16 uadd8 sel umaal pkhbt pkhtb qadd qsub negs neg smmla smlawb smulwb"
)
_FLOAT = {
    **dict.fromkeys(
        words("vabs vadd vcmp vcmpe vcvt vcvtr vcvtb vcvtt vmov vmrs vmsr vmul vneg vnmul vsub"), 1
    ),
    **dict.fromkeys(words("vmla vmls vnmla vnmls vfma vfms vfnma vfnms"), 3),
    **dict.fromkeys(words("vdiv vsqrt"), 14),
}
_ARITHMETIC = set(_FLOAT) - {"vmov", "vmrs", "vmsr", "vcmp", "vcmpe", "vabs", "vneg"}
_LOADS = words("ldr ldrb ldrh ldrsb ldrsh vldr")
_STORES = words("str strb strh vstr")
_MULTIPLE = words("ldm ldmia ldmdb stm stmia stmdb push pop vpush vpop vldmia vldmdb vstmia")
_MULTIPLE |= {"vldm", "vstm"}
_BRANCHES = {"b", "bl", "bx", "blx", "cbz", "cbnz"}
_PIPELINE = (1, 1, 3), (1, 2, 3)  # P, low nominal high: to a fixed address, through a register


def base_name(mnemonic: str) -> str:
    """Return a mnemonic without width, data type and condition."""
    name = mnemonic.split(".")[0]
    known = _SIMPLE | _LOADS | _STORES | _MULTIPLE | _BRANCHES | set(_FLOAT)
    known |= {"ldrd", "strd", "sdiv", "udiv", "mrs", "msr", "dmb", "tbb", "tbh"}
    return name if name in known else _CONDITION.sub("", name)


def cortex_m4(block: Sequence[Instruction], taken: bool) -> tuple[float, float, float]:
    """Return low, nominal and high cycles of one run of a block.

    Parameters
    ----------
    block : sequence of Instruction
    taken : bool
        Whether the next block is another than the one behind.
    """
    total = [0.0, 0.0, 0.0]
    for number, item in enumerate(block):
        before = block[number - 1] if number else None
        last = number == len(block) - 1
        for place, cycles in enumerate(_m4(item, before, taken and last)):
            total[place] += cycles
    return tuple(total)


def _m4(item, before, taken):
    name = base_name(item.mnemonic)
    if name in _FLOAT:
        cycles = _FLOAT[name]
        return cycles, cycles + _float_stall(item, name, before), cycles + 1
    if name in _LOADS or name in _STORES:
        refill = _PIPELINE[1] if taken else (0, 0, 0)  # a load of the program counter
        return _add(_m4_transfer(item, name, before), refill)
    if name in _MULTIPLE or name in ("ldrd", "strd"):
        cycles = 1 + (2 if name in ("ldrd", "strd") else _registers(item))
        return _add((cycles,) * 3, _PIPELINE[1] if taken else (0, 0, 0))
    if name in _BRANCHES:
        return _add((1, 1, 1), _refill(name) if taken else (0, 0, 0))
    if name in ("sdiv", "udiv"):
        return 2, 7, 12
    if name in ("tbb", "tbh"):
        return _add((2, 2, 3), _PIPELINE[1])
    if name in _SIMPLE:
        return _add((1, 1, 1), _PIPELINE[1] if taken and "pc" in item.writes else (0, 0, 0))
    raise CycleTableError(f"expected an instruction of the Cortex-M4's table, got: {item}")


def _m4_transfer(item, name, before):
    single = _LOADS | _STORES
    address = item.reads if name in _LOADS else _address(item)
    follows = before is not None and base_name(before.mnemonic) in single
    depends = before is not None and bool(before.writes & address)
    if (name in _STORES and "#" in item.operands) or name in ("str", "strb", "strh"):
        cycles = 1
    else:
        cycles = 1 if follows and not depends else 2
    if depends and not follows:
        cycles += 1  # no forwarding of a result into an address
    return 1, cycles, 3 if "pc" in item.operands else 2 + depends


def _address(item):
    inside = item.operands.partition("[")[2]
    return frozenset(name for name in item.reads if re.search(rf"\b{name}\b", inside))


def _float_stall(item, name, before):
    if before is None or base_name(before.mnemonic) not in _ARITHMETIC:
        return 0
    reads = item.reads
    if name in ("vmla", "vmls", "vfma", "vfms", "vfnma", "vfnms", "vnmla", "vnmls"):
        reads = reads - item.writes  # the addend is needed later
        operands = [text.strip() for text in item.operands.split(",")]
        reads |= frozenset(operands[1:])
    return int(bool(before.writes & reads))


def _registers(item):
    listed = item.operands.partition("{")[2].rstrip("}")
    return len(listed.split(","))


def _refill(name):
    return _PIPELINE[1] if name in ("bx", "blx") else _PIPELINE[0]


def _add(one, other):
    return tuple(a + b for a, b in zip(one, other, strict=True))


def cortex_m0plus(block: Sequence[Instruction], taken: bool) -> tuple[float, float, float]:
    """Return low, nominal and high cycles, as `cortex_m4`.

    Nominal is the core with the fast multiplier and loads from ordinary memory; high has the
    multiplier of 32 cycles; low takes every load and store as one to the single-cycle port.
    """
    total = [0.0, 0.0, 0.0]
    for number, item in enumerate(block):
        cycles = _m0plus(item, taken and number == len(block) - 1)
        for place in range(3):
            total[place] += cycles[place]
    return tuple(total)


def _m0plus(item, taken):
    name = base_name(item.mnemonic)
    if name in ("mul", "muls"):
        return 1, 1, 32
    if name in _LOADS or name in _STORES:
        return 1, 2, 2
    if name in _MULTIPLE:
        cycles = _registers(item) + (3 if taken else 1)
        return (cycles,) * 3
    if name == "bl":
        return (3,) * 3
    if name in _BRANCHES:
        return (2 if taken else 1,) * 3
    if name in _SIMPLE:
        return (2 if taken and "pc" in item.writes else 1,) * 3
    if name in ("mrs", "msr", "dmb"):
        return (3,) * 3
    raise CycleTableError(f"expected an instruction of the Cortex-M0+'s table, got: {item}")
