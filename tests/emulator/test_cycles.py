"""The cycle tables on instructions written by hand, whose cost the manuals state."""

import pytest

from isru.emulator.cores import TARGETS
from isru.emulator.counting import cost
from isru.emulator.errors import CycleTableError
from isru.emulator.machine import Machine
from isru.emulator.toolchain import compile_image

pytestmark = pytest.mark.slow

M4F = TARGETS["cortex-m4f"]
# assembly -> instructions, low, nominal, high cycles, the return (bx lr, ret) included
M4_RETURN, M0_RETURN, RISCV_RETURN = (2, 3, 4), (2, 2, 2), (2, 2, 3)
CORTEX_M4 = {
    "nop": (1, 1, 1, 1),
    "mul r0, r1, r2": (1, 1, 1, 1),
    "mla r0, r1, r2, r3": (1, 1, 1, 1),
    "udiv r0, r1, r2": (1, 2, 7, 12),
    "ldr r0, [sp]": (1, 2, 2, 2),
    "ldr r0, [sp]; ldr r1, [sp, #4]": (2, 3, 3, 4),
    "mov r1, sp; ldr r1, [r1]; ldr r0, [sp]": (3, 5, 5, 6),
    "mov r1, sp; nop; str r0, [sp, #-4]; ldr r0, [r1]": (4, 5, 5, 5),
    "ldr r0, 2f; b 1f; .balign 4; 2: .word 0; 1: nop": (3, 5, 5, 8),
    "add r0, sp, #0; ldr r1, [r0]": (2, 4, 4, 4),
    "str r0, [sp, #-4]": (1, 1, 1, 1),
    "movs r1, #0; nop; str r0, [sp, r1]": (3, 4, 4, 4),
    "movs r1, #0; ldr r0, [sp]; str r2, [sp, r1]": (3, 4, 4, 5),
    "vstr s0, [sp, #-4]": (1, 2, 2, 2),
    "vmov r0, r1, s0, s1": (1, 2, 2, 3),
    "vmov s0, r0": (1, 1, 1, 2),
    "push {r4, r5}; pop {r4, r5}": (2, 6, 6, 6),
    "vadd.f32 s0, s1, s2; vadd.f32 s3, s4, s5": (2, 2, 2, 4),
    "vadd.f32 s0, s1, s2; vmul.f32 s3, s0, s5": (2, 2, 3, 4),
    "vmul.f32 s0, s1, s2; vfma.f32 s0, s4, s5": (2, 4, 4, 6),
    "vmul.f32 s0, s1, s2; vfma.f32 s4, s0, s5": (2, 4, 5, 6),
    "vsqrt.f32 s0, s0; vdiv.f32 s0, s1, s0": (2, 27, 29, 30),
    "vdiv.f32 s0, s1, s0; nop; nop; vmov s1, s0": (4, 15, 17, 19),
    "vldmia sp, {s0-s15}": (1, 17, 17, 17),
    "movs r0, #3; 1: subs r0, #1; bne 1b": (7, 9, 9, 13),
}
CORTEX_M0PLUS = {
    "nop": (1, 1, 1, 1),
    "muls r0, r1, r0": (1, 1, 1, 32),
    "ldr r0, [sp]": (1, 2, 2, 2),
    "push {r4, r5}; pop {r4, r5}": (2, 6, 6, 6),
    "movs r0, #3; 1: subs r0, #1; bne 1b": (7, 9, 9, 9),
}
CV32E40P = {
    "nop": (1, 1, 1, 1),
    "mul a0, a1, a2": (1, 1, 1, 1),
    "mulhu a0, a1, a2": (1, 5, 5, 5),
    "divu a0, a1, a2": (1, 3, 19, 35),
    "lw a0, 0(sp); nop": (2, 2, 2, 2),
    "lw a0, 0(sp); addi a1, a0, 4": (2, 3, 3, 3),
    "fadd.s fa0, fa1, fa2; fmul.s fa3, fa0, fa1": (2, 2, 2, 3),
    "fsqrt.s fa0, fa0; fdiv.s fa0, fa1, fa0": (2, 37, 38, 38),
    "fdiv.s fa0, fa1, fa0; fmv.x.w a0, fa0; li a0, 1": (3, 21, 21, 21),
    "fdiv.s fa0, fa1, fa0; " + "; ".join(["nop"] * 11): (12, 12, 30, 30),
    "la a0, 2f; jr a0; 2: nop": (4, 6, 6, 7),
    "li a0, 3; 1: addi a0, a0, -1; bnez a0, 1b": (7, 11, 11, 13),
}
CASES = [
    *(("cortex-m4f", text, M4_RETURN, cycles) for text, cycles in CORTEX_M4.items()),
    *(("cortex-m0plus", text, M0_RETURN, cycles) for text, cycles in CORTEX_M0PLUS.items()),
    *(("rv32imfc", text, RISCV_RETURN, cycles) for text, cycles in CV32E40P.items()),
]


def compiled(target):
    """Return an image with a bare function for every snippet of a core."""
    texts = [text for name, text, *_ in CASES if name == target]
    back = "ret" if target.startswith("rv") else "bx lr"
    functions = [
        f'__attribute__((naked)) void f{n}(void) {{ __asm__ volatile("{text}; {back}"); }}\n'
        for n, text in enumerate(texts)
    ]
    names = [f"f{number}" for number in range(len(texts))]
    image = compile_image(TARGETS[target], {"f.c": "".join(functions)}, entries=names)
    return image, dict(zip(texts, names, strict=True))


@pytest.mark.parametrize(("target", "text", "back", "cycles"), CASES)
def test_a_snippet_costs_what_the_manual_says(target, text, back, cycles):
    image, names = compiled(target)
    machine = Machine(TARGETS[target], image)
    found = cost(TARGETS[target], image, machine.call(names[text]))
    count, *rest = cycles
    assert found.instructions == count + 1
    assert [found.low, found.cycles, found.high] == [a + b for a, b in zip(rest, back, strict=True)]


def test_each_corner_takes_every_kind_at_one_end():
    image, names = compiled("cortex-m4f")
    text = "ldr r0, [sp]; ldr r1, [sp, #4]"  # and a return: P is 1 or 3; the second load 1 or 2
    found = cost(M4F, image, Machine(M4F, image).call(names[text]))
    assert found.corners == (5, 5, 6, 6, 7, 7, 8, 8)
    text = "vadd.f32 s0, s1, s2; vmul.f32 s3, s0, s5"
    found = cost(M4F, image, Machine(M4F, image).call(names[text]))
    assert found.corners == (4, 6, 4, 6, 6, 8, 6, 8)


def test_an_instruction_that_no_table_lists_is_named():
    source = '__attribute__((naked)) void f(void) { __asm__ volatile("crc: wfi; bx lr"); }'
    image = compile_image(M4F, {"f.c": source.replace("wfi", "sev")}, entries=["f"])
    with pytest.raises(CycleTableError, match=r"Cortex-M4's table, got: .*sev"):
        cost(M4F, image, Machine(M4F, image).call("f"))
