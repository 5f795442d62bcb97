"""Keep other cores busy beside a measurement, to see what they take from it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

# It ends by itself when the process that started it is gone.
_BUSY = "import os, sys\nwhile os.getppid() == int(sys.argv[1]):\n    sum(range(10_000))"


@contextmanager
def busy_cores(count: int) -> Iterator[None]:
    """Let ``count`` processes compute, on one thread each, for as long as the context is open.

    Parameters
    ----------
    count : int
        One less than the machine has cores leaves one for the measurement; 0 starts nothing.
    """
    command = [sys.executable, "-c", _BUSY, str(os.getpid())]
    with ExitStack() as ending:
        for _ in range(count):
            process = ending.enter_context(subprocess.Popen(command))
            ending.callback(process.kill)  # comes before the wait of the process's own exit
        yield
