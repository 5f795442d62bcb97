"""RISC-V of 32 bits without an FPU: a CV32E40P."""

from isru.emulator.cores import Target

CORE = Target(
    name="rv32imc",
    label="RV32IMC",
    triple="riscv32-freestanding",
    cpu="generic_rv32+m+c",
    flags=("-mabi=ilp32",),
    family="riscv",
    fpu=False,
    table="cv32e40p",
)
