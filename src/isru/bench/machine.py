"""Describe the measuring machine, without its user's or its own name."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

from isru import paths
from isru.bench.protocol import run_worker
from isru.provenance import cpu_model, provenance

_DISTRIBUTIONS = ("numpy", "scipy", "numba", "tensorflow", "keras", "isru")


def machine_metadata(*, threads: int = 1) -> dict:
    """Return what a reader must know of the machine to judge its timings.

    Parameters
    ----------
    threads : int
        As given to `isru.bench.measure`: the libraries are asked in a process so prepared.

    Returns
    -------
    dict
        JSON types only: cpu (model, flags, cores, caches in bytes by level, frequency governor
        or "unknown"), load (averages over 1, 5, 15 minutes), system, python, compiler,
        versions, numpy_simd, thread_pools (BLAS and OpenMP with their threads), provenance.
    """
    job = {"arms": [], "cases": [], "seed": 0, "process": 0, "blocks": 0}
    *_, answer = run_worker(job, threads=threads)
    return {
        "cpu": {
            "model": cpu_model(),
            "flags": cpu_flags(),
            "cores": os.cpu_count(),
            "caches": _caches(),
            "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        },
        "load": [round(load, 2) for load in os.getloadavg()] if hasattr(os, "getloadavg") else [],
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": f"{platform.python_version()} ({platform.python_compiler()})",
        "compiler": _compiler(),
        "threads": threads,
        "versions": _versions(),
        "numpy_simd": answer["environment"]["numpy_simd"],
        "thread_pools": answer["environment"]["thread_pools"],
        "provenance": provenance(paths.root()),
    }


def _versions() -> dict[str, str]:
    installed = {}
    for name in _DISTRIBUTIONS:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            installed[name] = "not installed"
    return installed


def cpu_flags() -> list[str]:
    """Return what the processor says that it can do; empty where the system does not tell."""
    for line in _read("/proc/cpuinfo").splitlines():
        if line.startswith(("flags", "Features")):
            return sorted(line.split(":", 1)[1].split())
    return sorted(_output("sysctl", "-n", "machdep.cpu.features").split())


def _caches() -> dict[str, int]:
    """Return the first core's data caches in bytes, {"L1": 32768, ...}; empty if unknown."""
    sizes = {}
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        size = _read(folder / "size")
        if _read(folder / "type") != "Instruction" and size.endswith("K"):
            sizes[f"L{_read(folder / 'level')}"] = int(size[:-1]) * 1024
    return sizes


def _compiler() -> str:
    """Return the first line of the system's C compiler's version, or "none"."""
    name = shutil.which("cc") or shutil.which(sysconfig.get_config_var("CC") or "gcc")
    return (_output(name, "--version").splitlines() or ["none"])[0] if name else "none"


def _read(path: str | Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return "unknown"


def _output(*command: str) -> str:
    if sys.platform == "win32" and command[0] == "sysctl":
        return ""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
