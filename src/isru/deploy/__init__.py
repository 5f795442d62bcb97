"""Files of other runtimes under the name of their extra: see `isru.firmware`.

Not here: code of its own.
"""

from __future__ import annotations

from isru import firmware

__all__ = firmware.__all__


def __getattr__(name):
    return getattr(firmware, name)


def __dir__():
    return __all__
