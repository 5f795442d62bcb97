"""The kernel of a job: ``python -m isru.publish.kernel -f CONNECTION``.

IPython's, without what this machine's administrators and users let every IPython do at its start.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

NAME = "python3"  # the one that every notebook names
_COMMAND = [sys.executable, "-P", "-m", "isru.publish.kernel", "-f", "{connection_file}"]


def describe(folder: Path) -> None:
    """Write the description by which Jupyter starts this kernel, in this very Python."""
    target = folder / "kernels" / NAME / "kernel.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    about = {"argv": _COMMAND, "display_name": "Python 3", "language": "python"}
    target.write_text(json.dumps(about), encoding="utf-8")


def check_chosen() -> None:
    """Refuse a kernel that Jupyter found elsewhere under this name.

    Raises
    ------
    RuntimeError
        Notebook and provenance would name different Pythons.
    """
    from jupyter_client.kernelspec import KernelSpecManager

    spec = KernelSpecManager().get_kernel_spec(NAME)
    if spec.argv != _COMMAND:
        raise RuntimeError(
            f"expected the kernel {NAME!r} to be {sys.executable}, got {spec.argv[:1]} "
            f"described in {spec.resource_dir}: remove that description, or name it otherwise"
        )


def main() -> None:
    """Start it."""
    from IPython.core import application

    application.SYSTEM_CONFIG_DIRS.clear()
    application.ENV_CONFIG_DIRS.clear()
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()


if __name__ == "__main__":
    main()
