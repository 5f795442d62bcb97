"""The Cortex-M33 with its FPU of single precision (FPv5); no table of its cycles is published.

Arm's Technical Reference Manual of the core, 100230, lists its instructions without their cycles,
as compilers show: LLVM schedules for it by the Cortex-M4's table. So instructions are counted.
"""

from isru.emulator.cores import Target

CORE = Target(
    name="cortex-m33",
    label="Cortex-M33",
    triple="thumb-freestanding-eabihf",
    cpu="cortex_m33+fp_armv8d16sp",
    flags=("-mfloat-abi=hard",),
    family="arm",
    emulated="CORTEX_M33",
    fpu=True,
)
