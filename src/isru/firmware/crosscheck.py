"""The same steps by an independent toolchain: GCC with newlib, and QEMU, where they are installed.

Neither is ever needed. What a network costs here depends on a compiler, a C library and an
emulator; with three others of another origin, one sees how much.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from isru.emulator.cores import TARGETS
from isru.emulator.counting import cost
from isru.emulator.elf import Image, read_elf
from isru.emulator.errors import CompileError, EmulatorFault, ToolchainError
from isru.emulator.machine import Machine
from isru.emulator.toolchain import FLAGS, FLASH, OPTIMISATION, RAM, run
from isru.firmware.arms import arm_names, get_arm
from isru.firmware.c_text import c_array
from isru.firmware.export import export_c, write_texts
from isru.firmware.measure import input_rows
from isru.firmware.programs import ENTRIES, network_program, run_steps

_GCC, _QEMU = "arm-none-eabi-gcc", "qemu-system-arm"
_CORE = ("-mthumb", "-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
_ADVICE = "on Debian or Ubuntu: apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi"
_BOARD = ("-M", "mps2-an386", "-nographic", "-semihosting-config", "enable=on,target=native")
_SECONDS = 60


def crosscheck_problem() -> str:
    """Return what the cross-check lacks and how to install it; ``""`` if it can be made."""
    if not shutil.which(_GCC):
        return f"expected the compiler {_GCC} for the cross-check, got none on PATH; {_ADVICE}"
    try:
        _newlib()
    except (CompileError, ToolchainError) as error:
        return f"expected newlib for {_GCC}; {_ADVICE}. {error}"
    return ""


def crosscheck(network, sequence, *, arms: Sequence[str] = ("libm", "isru", "exp_free", "table")):
    """Count one step on a Cortex-M4F as GCC with newlib compiles it, and as the chapter does.

    Parameters
    ----------
    network : LSTMNetwork, or mapping of arm to LSTMNetwork
        An arm that the mapping lacks runs with the weights of ``"libm"``.
    sequence : ndarray of float32, shape (T, F)
        From a state of zero.
    arms : sequence of str
        Names in `isru.firmware.LSTM_ARMS` that compute in floats; ``"libm"`` among them.

    Returns
    -------
    pandas.DataFrame
        One row an arm: ``arm``; ``instructions_gcc``, ``instructions_clang``, the mean of a step,
        both counted in our emulator, and their ``ratio``; ``speedup_gcc``, ``speedup_clang`` over
        ``"libm"`` of the same toolchain; ``output_difference``, the largest between the two
        programs' outputs; ``qemu``: ``"bit-equal"``, ``"differs"`` (of GCC's program in QEMU from
        the same in our emulator) or ``"not installed"``, with the largest ``qemu_difference``;
        ``compiler``, ``libm`` and ``emulator``, with versions.

    Raises
    ------
    ToolchainError
        If GCC or newlib, or a package of the chapter's own toolchain, is missing.
    CompileError, EmulatorFault
        With the command and what the program said.
    ValueError
        For arms without ``"libm"``, unknown ones, or such as compute in integers.
    """
    import pandas

    if problem := crosscheck_problem():
        raise ToolchainError(problem)
    names = arm_names(arms)
    if "libm" not in names or any(get_arm(name).kind == "integer" for name in names):
        raise ValueError(f"arms: expected 'libm' and others that compute in floats, got {names}")
    networks = network if isinstance(network, Mapping) else {"libm": network}
    rows = [_row(networks.get(arm, networks["libm"]), arm, sequence) for arm in names]
    frame = pandas.DataFrame(rows).assign(**_versions())
    for toolchain in ("gcc", "clang"):
        counts = frame[f"instructions_{toolchain}"]
        baseline = counts[frame["arm"] == "libm"].iloc[0]
        frame.insert(frame.columns.get_loc("qemu"), f"speedup_{toolchain}", baseline / counts)
    return frame


def _row(network, arm, sequence):
    target = replace(TARGETS["cortex-m4f"], table="")  # instructions only
    sequence = input_rows(sequence, network, len(sequence))
    own_image, model = network_program(target, network, arm)
    with tempfile.TemporaryDirectory() as folder:
        image = _compile(network, arm, sequence, folder)
        board = _run_board(folder) if shutil.which(_QEMU) else None
    found = {}
    for name, one in {"gcc": image, "clang": own_image}.items():
        trace, y = run_steps(Machine(target, one), model, sequence)
        found[name] = cost(target, one, trace).instructions / len(sequence), y
    (gcc, y), (clang, own) = found["gcc"], found["clang"]
    return {
        "arm": arm,
        "instructions_gcc": gcc,
        "instructions_clang": clang,
        "ratio": gcc / clang,
        "output_difference": float(np.abs(y - own).max()),
        **_compare(y, board),
    }


def _compare(y, board):
    """Say how a program's outputs in QEMU differ from those in our emulator."""
    if board is None:
        return {"qemu": "not installed", "qemu_difference": np.nan}
    if board.size != y.size:
        raise EmulatorFault(f"expected {y.size} outputs from {_QEMU}, got {board.size}")
    equal = np.array_equal(board.view(np.uint32), y.reshape(-1).view(np.uint32))
    difference = float(np.abs(board.astype(np.float64) - y.reshape(-1)).max())
    return {"qemu": "bit-equal" if equal else "differs", "qemu_difference": difference}


def _compile(network, arm, sequence, folder) -> Image:
    """Compile and link ``image.elf``; return its part that is not the board's."""
    export_c(network, folder, arm=arm)
    write_texts(folder, {"main.c": board_program(sequence), "image.ld": _LINKER_SCRIPT})
    linked = (f"-Wl,-u,{entry}" for entry in ENTRIES)
    link = "-nostartfiles", "-Wl,-T,image.ld", "-Wl,--gc-sections", "-Wl,--entry=reset", *linked
    command = [_GCC, *_CORE, OPTIMISATION, *FLAGS, "network.c", "main.c", *link]
    run([*command, "-lm", "-o", "image.elf"], folder, "compiling for the cross-check")
    image = read_elf((Path(folder) / "image.elf").read_bytes())
    return replace(image, sections=tuple(s for s in image.sections if s.address >= FLASH))


def _run_board(folder) -> np.ndarray:
    """Return the outputs of ``image.elf`` on QEMU's board."""
    said = _said([_QEMU, *_BOARD, "-kernel", "image.elf"], folder, EmulatorFault)
    words = re.findall(r"^[0-9a-f]{8}$", said, re.MULTILINE)
    return np.array([int(word, 16) for word in words], np.uint32).view(np.float32)


def _versions():
    found = shutil.which(_QEMU)
    return {
        "compiler": _said([_GCC, "--version"]).splitlines()[0],
        "libm": f"newlib {_newlib()}",
        "emulator": _said([_QEMU, "--version"]).splitlines()[0] if found else "not installed",
    }


def _newlib() -> str:
    """Return newlib's version, from its header; needs header and library for the core."""
    macros = _said([_GCC, *_CORE, "-E", "-dM", "-x", "c", "-include", "newlib.h", "/dev/null"])
    library = _said([_GCC, *_CORE, "-print-file-name=libm.a"]).strip()
    version = re.search(r'_NEWLIB_VERSION "(.+)"', macros)
    if not version or not Path(library).is_absolute():
        raise ToolchainError(f"expected newlib.h with a version, and libm.a, got {library}")
    return version[1]


def _said(command, folder=None, error=CompileError) -> str:
    """Return what a program says; an error holds the command and what it said."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS)
    except (subprocess.TimeoutExpired, OSError) as reason:
        raise error(f"{' '.join(command)}\n{reason}") from None
    if done.returncode:
        raise error(f"{' '.join(command)}\n{(done.stdout + done.stderr)[-3000:]}")
    return done.stdout + done.stderr


# The board starts at the vectors; our emulator, which calls functions, needs only the rest.
_LINKER_SCRIPT = f"""\
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
