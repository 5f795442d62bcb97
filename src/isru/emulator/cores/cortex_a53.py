"""The Cortex-A53 with 64 bits; no table of its cycles is published."""

from isru.emulator.cores import Target

CORE = Target(
    name="cortex-a53",
    label="Cortex-A53",
    triple="aarch64-freestanding",
    cpu="cortex_a53",
    family="aarch64",
    emulated="A53",
    fpu=True,
)
