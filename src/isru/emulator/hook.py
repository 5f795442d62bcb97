"""Count executed blocks in C: the emulator calls back millions of times, too often for Python."""

from __future__ import annotations

import ctypes
import hashlib
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np

from isru.emulator.errors import EmulatorFault
from isru.emulator.toolchain import PINNED, cache_folder, compiler_command, run
from isru.records import write_atomically

_ENTRIES = 1 << 14  # room for pairs of blocks; a power of two
_SOURCE = f"""\
#include <stdint.h>

struct pair {{ uint64_t from, to, size, count; }};
struct table {{ uint64_t last, used; struct pair pairs[{_ENTRIES}]; }};

void note(void *engine, uint64_t address, uint32_t size, void *data)
{{
    struct table *table = data;
    uint64_t from = table->last, place = (from * 31 + address) * 0x9e3779b97f4a7c15u >> 50;
    struct pair *pair;
    (void)engine;
    table->last = address;
    for (;; place++) {{
        pair = &table->pairs[place & ({_ENTRIES} - 1)];
        if (!pair->count || (pair->from == from && pair->to == address)) break;
    }}
    if (!pair->count) {{
        if (table->used + 1 == {_ENTRIES}) return;
        table->used++;
        pair->from = from;
        pair->to = address;
        pair->size = size;
    }}
    pair->count++;
}}
"""
_HEAD = 2  # numbers before the pairs


class BlockCounter:
    """Which block followed which one, how often.

    Parameters
    ----------
    unicorn : module
    engine : unicorn.Uc
        Its blocks are counted from now on.
    """

    def __init__(self, unicorn, engine):
        self._table = np.zeros(_HEAD + 4 * _ENTRIES, np.uint64)
        self._function = ctypes.cast(_library().note, ctypes.c_void_p)
        low_level = unicorn.unicorn_py3.unicorn
        handle = ctypes.c_size_t()
        status = low_level.uclib.uc_hook_add(
            engine._uch,
            ctypes.byref(handle),
            unicorn.UC_HOOK_BLOCK,
            self._function,
            ctypes.c_void_p(self._table.ctypes.data),
            ctypes.c_uint64(1),
            ctypes.c_uint64(0),
        )
        if status != unicorn.UC_ERR_OK:
            raise EmulatorFault(f"expected the emulator to accept a hook, got error {status}")

    def clear(self) -> None:
        """Forget what was counted."""
        self._table[:] = 0

    def read(self, stop: int) -> tuple[Counter, dict[int, int]]:
        """Return the pairs of blocks with their counts, and each block's bytes.

        Parameters
        ----------
        stop : int
            Where the emulation ended; the block before it is followed by None.
        """
        if int(self._table[1]) + 1 >= _ENTRIES:
            raise EmulatorFault(
                f"expected fewer than {_ENTRIES} pairs of blocks in one call, got more: "
                "call a smaller program"
            )
        pairs = self._table[_HEAD:].reshape(-1, 4)
        found = pairs[pairs[:, 3] > 0].tolist()
        sizes = {to: size for _, to, size, _ in found if to != stop}
        edges = Counter(
            {(start, None if to == stop else to): n for start, to, _, n in found if start}
        )
        if (last := int(self._table[0])) != stop:
            edges[last, None] += 1
        return edges, sizes


@cache
def _library() -> ctypes.CDLL:
    """Return the compiled hook."""
    text = _SOURCE + PINNED["ziglang"]
    kept = cache_folder() / f"hook-{hashlib.sha256(text.encode()).hexdigest()[:16]}.so"
    if not kept.is_file():
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "hook.c").write_text(_SOURCE, encoding="utf-8")
            command = compiler_command("-O2", "-shared", "-fPIC", "hook.c", "-o", "hook.so")
            run(command, folder, "compiling the block counter for this machine")
            write_atomically(kept, (Path(folder) / "hook.so").read_bytes())
    return ctypes.CDLL(str(kept))
