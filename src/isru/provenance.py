"""Who made a number: commit, date, machine, versions. No user or host name."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path

from isru import __version__

# What decides a result; a change elsewhere (results/, prose) does not make a run "dirty".
SOURCES = ("src", "notebooks", "data", "requirements.txt", "constraints.txt", "pyproject.toml")
# With these a user chooses the instructions and the kernels that compute.
ARITHMETIC_VARIABLES = (
    "NPY_DISABLE_CPU_FEATURES",
    "NPY_ENABLE_CPU_FEATURES",
    "OPENBLAS_CORETYPE",
    "MKL_ENABLE_INSTRUCTIONS",
    "MKL_CBWR",
    "BLIS_ARCH_TYPE",
    "ONEDNN_MAX_CPU_ISA",
    "TF_ENABLE_ONEDNN_OPTS",
    "NUMBA_CPU_NAME",
    "NUMBA_CPU_FEATURES",
    "GLIBC_TUNABLES",
)
_SHOWABLE = re.compile(r"[\w ,.:=+-]{1,200}", re.ASCII)


def cpu_model() -> str:
    """Return the processor's name as the operating system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    if platform.system() == "Darwin":
        answer = _output("sysctl", "-n", "machdep.cpu.brand_string")
        if answer:
            return answer
    return platform.processor() or platform.machine()


def machine() -> str:
    """Return one line on this machine: processor, cores, operating system."""
    return f"{cpu_model()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


@cache
def blas() -> str:
    """Return the BLAS that NumPy uses with the kernel that computes, "OpenBLAS 0.3.31 Haswell".

    Which kernel it is, the library decides by the processor or ``$OPENBLAS_CORETYPE``, and
    threadpoolctl asks it. Without threadpoolctl, or where that does not know the library, it is
    what NumPy was built with, and the kernel "unknown".
    """
    import numpy as np

    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        found = []
    else:
        found = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    own = [pool for pool in found if "numpy" in Path(pool["filepath"]).parent.name] or found
    if own:
        parts = (own[0].get(key) or "" for key in ("internal_api", "version", "architecture"))
        return " ".join(filter(None, parts)).replace("openblas", "OpenBLAS")
    built = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    return f"{built.get('name', 'BLAS')} {built.get('version', '')}".strip() + ", kernel unknown"


def arithmetic_settings() -> str:
    """Return which of `ARITHMETIC_VARIABLES` are set, "OPENBLAS_CORETYPE=Haswell; ..."."""
    given = {name: os.environ[name].strip() for name in ARITHMETIC_VARIABLES if name in os.environ}
    shown = {name: v if _SHOWABLE.fullmatch(v) else "(set)" for name, v in given.items() if v}
    return "; ".join(f"{name}={value}" for name, value in shown.items())


def commit(root: Path) -> tuple[str, bool]:
    """Return the checkout's short commit and whether its sources have changed since.

    Without git, or in a source archive, the commit is ``"unknown"``.
    """
    name = _output("git", "-C", str(root), "rev-parse", "--short=10", "HEAD")
    if not name:
        return "unknown", False
    changed = _output("git", "-C", str(root), "status", "--porcelain", "--", *SOURCES)
    return name, bool(changed)


def provenance(root: Path) -> dict:
    """Return the provenance that is stored beside every set of values.

    Profile (``$ISRU_PROFILE``, else ``"adhoc"``), commit, whether it was changed, date (UTC),
    machine, the versions of Python, NumPy and this package, the BLAS with its kernel, and
    ``settings`` where one of `ARITHMETIC_VARIABLES` is set.
    """
    name, dirty = commit(root)
    settings = arithmetic_settings()
    return {
        "profile": os.environ.get("ISRU_PROFILE", "adhoc"),
        "commit": name,
        "dirty": dirty,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": machine(),
        "python": platform.python_version(),
        "numpy": metadata.version("numpy"),
        "blas": blas(),
        "isru": __version__,
    } | ({"settings": settings} if settings else {})


def _output(*command: str) -> str:
    """Return what a command prints, or an empty string when it is missing or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
