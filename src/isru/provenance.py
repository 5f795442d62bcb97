"""Who made a number: commit, date, machine, versions. No user or host name."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from isru import __version__

# What decides a result; a change elsewhere (results/, prose) does not make a run "dirty".
SOURCES = ("src", "notebooks", "data", "requirements.txt", "constraints.txt", "pyproject.toml")


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
    machine, and the versions of Python, NumPy and this package.
    """
    name, dirty = commit(root)
    return {
        "profile": os.environ.get("ISRU_PROFILE", "adhoc"),
        "commit": name,
        "dirty": dirty,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": machine(),
        "python": platform.python_version(),
        "numpy": metadata.version("numpy"),
        "isru": __version__,
    }


def _output(*command: str) -> str:
    """Return what a command prints, or an empty string when it is missing or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
