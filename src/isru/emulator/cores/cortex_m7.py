"""The Cortex-M7 with its FPU of double precision; no table of its cycles is published."""

from isru.emulator.cores import Target

CORE = Target(
    name="cortex-m7",
    label="Cortex-M7",
    triple="thumb-freestanding-eabihf",
    cpu="cortex_m7+fp_armv8d16",
    flags=("-mfloat-abi=hard",),
    family="arm",
    emulated="CORTEX_M7",
    fpu=True,
)
