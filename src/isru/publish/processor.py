"""Settings that name instructions which this processor lacks: left out, and said so.

Forced by ``$OPENBLAS_CORETYPE`` to a kernel with AVX-512 on a processor without it, OpenBLAS
ends every process with "Illegal instruction", and NumPy refuses to be imported where it is told
to do without the least that it was built for. So a setting is tried before anything computes.
Needs the standard library only.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys

from isru.publish.environment import say

# What is loaded by every command; what else may be set concerns single libraries.
_TRIED = ("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES")
_TRIAL = """
import numpy as np
for dtype in ("float32", "float64"):
    a = np.exp(np.eye(40, dtype=dtype))
    np.linalg.solve(a @ a, a @ a[0])
"""


def leave_out_impossible() -> None:
    """Remove from this process's environment the settings with which NumPy cannot compute."""
    given = [name for name in _TRIED if os.environ.get(name)]
    if not given or importlib.util.find_spec("numpy") is None:
        return
    rest = {key: value for key, value in os.environ.items() if key not in _TRIED}
    for name in given:
        value = os.environ[name]
        wrong = _failure(rest | {name: value})
        if wrong:
            del os.environ[name]
            say(f"{name}={value} is left out, since NumPy fails with it on this processor: {wrong}")


def _failure(environment: dict[str, str]) -> str:
    """Return how NumPy fails in an environment, an empty text if it computes."""
    command = [sys.executable, "-c", _TRIAL]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode < 0:
        return signal.strsignal(-done.returncode) or f"signal {-done.returncode}"
    if done.returncode:
        return " ".join(done.stderr.rpartition("Error: ")[2].split()) or f"code {done.returncode}"
    return ""
