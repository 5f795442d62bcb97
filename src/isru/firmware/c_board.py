"""The program that runs a network on a board with a Cortex-M4, and says its outputs to the host."""

from __future__ import annotations

from isru.emulator.toolchain import FLASH, RAM
from isru.firmware.c_text import c_array

# The board starts at the vectors; our emulator, which calls functions, needs only the rest.
LINKER_SCRIPT = f"""\
SECTIONS
{{
    .vectors 0 : {{ KEEP(*(.vectors)) }}
    . = {FLASH:#x};
    .text : {{ *(.text .text.*) }}
    .rodata : {{ *(.rodata .rodata.*) }}
    .data : {{ *(.data .data.*) }}
    .bss : {{ *(.bss .bss.* COMMON) }}
    /DISCARD/ : {{ *(.ARM.exidx*) *(.ARM.attributes) *(.comment) *(.eh_frame*) }}
}}
"""
_MAIN = """\
#include "network.h"
#include <stdint.h>

@inputs@
static network_state state;

static void ask_host(int operation, const void *argument)
{
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

static void say(float value)
{
    union { float number; uint32_t bits; } word = { value };
    char text[10] = "00000000\\n";
    for (int k = 7; k >= 0; k--, word.bits >>= 4) text[k] = "0123456789abcdef"[word.bits & 15];
    ask_host(4, text);
}

static void stop(uintptr_t reason)
{
    ask_host(0x18, (void *)reason);
    for (;;) {}
}

void fault(void) { stop(0x20023); }

__attribute__((noinline)) static void run(void)
{
    float output[NETWORK_OUTPUTS];
    network_reset(&state);
    for (unsigned n = 0; n < sizeof inputs / sizeof *inputs; n += NETWORK_INPUTS) {
        network_step(&state, inputs + n);
        network_output(&state, output);
        for (int j = 0; j < NETWORK_OUTPUTS; j++) say(output[j]);
    }
    stop(0x20026);
}

void reset(void)
{
    *(volatile uint32_t *)0xe000ed88 |= 15u << 20; /* switch on the FPU */
    __asm__ volatile("dsb\\n\\tisb");
    run();
}

__attribute__((section(".vectors"), used)) static const uintptr_t vectors[16] = {
    @stack@, (uintptr_t)reset, (uintptr_t)fault, (uintptr_t)fault,
    (uintptr_t)fault, (uintptr_t)fault, (uintptr_t)fault,
};
"""


def board_program(sequence) -> str:
    """Return the C text that runs ``network.c`` over a sequence.

    It starts at the board's vectors, switches on the FPU, and writes the bits of every step's
    outputs by semihosting, one hexadecimal number a line.

    Parameters
    ----------
    sequence : ndarray of float32, shape (T, F)
    """
    text = _MAIN.replace("@stack@", f"{RAM + (1 << 20):#x}")
    return text.replace("@inputs@", c_array("inputs", sequence, per_line=sequence.shape[1]))
