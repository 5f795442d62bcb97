"""RISC-V of 32 bits with an FPU of single precision: a CV32E40P."""

from isru.emulator.cores import Target

CORE = Target(
    name="rv32imfc",
    label="RV32IMFC",
    triple="riscv32-freestanding",
    cpu="generic_rv32+m+c+f",
    flags=("-mabi=ilp32f",),
    family="riscv",
    fpu=True,
    table="cv32e40p",
)
