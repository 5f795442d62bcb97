"""The mnemonics of the Cortex-M cores, and what several of their cycle tables ask about them."""

from __future__ import annotations

import re

from isru.emulator.disassembly import Instruction, words

_CONDITION = re.compile(r"(eq|ne|hs|lo|cs|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)$")
SIMPLE = words(
    "mov movs movw movt mvn mvns add adds addw adc adcs sub subs subw sbc sbcs rsb rsbs cmp cmn "
    "and ands orr orrs orn orns eor eors bic bics tst teq lsl lsls lsr lsrs asr asrs ror rors rrx "
    "rrxs rev rev16 revsh rbit clz sxtb sxth uxtb uxth bfi bfc ubfx sbfx ssat usat it itt ite ittt "
    "itte itet itee itttt nop adr mul muls mla mls smull umull smlal umlal smmul smlabb smulbb "
    "smlabt smlatb smlatt smulbt smultb smultt smlad smuad sxtb16 uxtb16 sxtab sxtah uxtab uxtah "
    "sxtab16 uadd8 sel umaal pkhbt pkhtb qadd qsub negs neg smmla smlawb smulwb"
)
FLOAT = words(
    "vabs vadd vcmp vcmpe vcvt vcvtr vcvtb vcvtt vmov vmrs vmsr vmul vneg vnmul vsub vmla vmls "
    "vnmla vnmls vfma vfms vfnma vfnms vdiv vsqrt"
)
LOADS = words("ldr ldrb ldrh ldrsb ldrsh vldr")
STORES = words("str strb strh vstr")
MULTIPLE = words("ldm ldmia ldmdb stm stmia stmdb push pop vpush vpop vldmia vldmdb vstmia")
MULTIPLE |= {"vldm", "vstm"}
BRANCHES = {"b", "bl", "bx", "blx", "cbz", "cbnz"}


def base_name(mnemonic: str) -> str:
    """Return a mnemonic without width, data type and condition."""
    name = mnemonic.split(".")[0]
    known = SIMPLE | LOADS | STORES | MULTIPLE | BRANCHES | FLOAT
    known |= {"ldrd", "strd", "sdiv", "udiv", "mrs", "msr", "dmb", "tbb", "tbh"}
    return name if name in known else _CONDITION.sub("", name)


def listed_registers(item: Instruction) -> int:
    """Return how many registers a load or store of several names."""
    listed = item.operands.partition("{")[2].rstrip("}")
    return len(listed.split(","))
