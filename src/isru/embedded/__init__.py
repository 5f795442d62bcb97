"""The road from a network to counts under one name: `isru.firmware` and `isru.emulator`.

Not here: code of its own.
"""

from __future__ import annotations

from isru import emulator, firmware

__all__ = sorted({*emulator.__all__, *firmware.__all__})


def __getattr__(name):
    return getattr(emulator if name in emulator.__all__ else firmware, name)


def __dir__():
    return __all__
