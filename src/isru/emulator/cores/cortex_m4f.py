"""The Cortex-M4 with its FPU of single precision."""

from isru.emulator.cores import Target

CORE = Target(
    name="cortex-m4f",
    label="Cortex-M4F",
    triple="thumb-freestanding-eabihf",
    cpu="cortex_m4+vfp4d16sp",
    flags=("-mfloat-abi=hard",),
    family="arm",
    emulated="CORTEX_M4",
    fpu=True,
    table="cortex-m4",
)
