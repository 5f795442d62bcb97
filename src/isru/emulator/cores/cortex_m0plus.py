"""The Cortex-M0+, which has no FPU."""

from isru.emulator.cores import Target

CORE = Target(
    name="cortex-m0plus",
    label="Cortex-M0+",
    triple="thumb-freestanding-eabi",
    cpu="cortex_m0plus",
    family="arm",
    emulated="CORTEX_M0",
    fpu=False,
    table="cortex-m0plus",
)
