"""Where the files of the compendium lie: the only module that knows a path."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from isru.errors import CompendiumError

# What a chapter can be called, everywhere: its notebook, its files, the keys of its values.
CHAPTER = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def root() -> Path:
    """Return the folder of the compendium.

    ``$ISRU_ROOT`` if it is set, else the checkout that this package was installed from.

    Raises
    ------
    FileNotFoundError
        If that folder is no compendium, e.g. when only the library was installed.
    """
    given = os.environ.get("ISRU_ROOT")
    here = Path(given or Path(__file__).parents[2]).absolute()
    try:
        here = here.resolve()
        found = (here / "_toc.yml").is_file() and (here / "notebooks").is_dir()
    except (OSError, RuntimeError):  # a name that is too long, links in a circle
        found = False
    if not found:
        what = "ISRU_ROOT names no compendium" if given else "no compendium"
        raise FileNotFoundError(
            f"{what}: expected a folder with _toc.yml and notebooks/, got {here}. "
            "Work in a checkout of the compendium, or set ISRU_ROOT to one"
        )
    return here


def notebooks() -> Path:
    """Return the folder of the source notebooks."""
    return root() / "notebooks"


def contents() -> Path:
    """Return the file with the contents of the book."""
    return root() / "_toc.yml"


def profile(name: str) -> Path:
    """Return the parameter file of a profile."""
    return notebooks() / "parameters" / f"{_simple(name, 'profile')}.yml"


def results() -> Path:
    """Return the folder of the published run."""
    return root() / "results"


def run(name: str) -> Path:
    """Return the folder of the run ``name``; ``"published"`` is ``results/``."""
    return results() if name == "published" else root() / "runs" / _simple(name, "run")


def _simple(name: str, what: str) -> str:
    """Return a name; a path is refused, since it would lead out of the folder that is meant."""
    if re.fullmatch(r"[a-z0-9]+([-_][a-z0-9]+)*", name):
        return name
    raise CompendiumError(
        f"expected the name of a {what} such as 'quick' (a to z, 0 to 9, '-'), got {name!r}"
    )


def build() -> Path:
    """Return the folder of everything that can be made again."""
    return root() / "build"


def compiled() -> Path:
    """Return where compiled programs are kept: in ``build/``, or in a temporary folder.

    A library without a compendium has no ``build/``.
    """
    try:
        return build() / "embedded"
    except FileNotFoundError:
        user = f"-{os.getuid()}" if hasattr(os, "getuid") else ""  # another's cannot be written
        return Path(tempfile.gettempdir()) / f"isru-embedded{user}"


def compiler_caches() -> dict[str, str]:
    """Return the environment that keeps the packaged C compiler's own files in `compiled`.

    It would keep them at home, and ends with an error where there is none that can be written.
    """
    folder = str(compiled() / "zig")
    return {"ZIG_GLOBAL_CACHE_DIR": folder, "ZIG_LOCAL_CACHE_DIR": folder}


def html(run_name: str) -> Path:
    """Return the folder of the built book of a run."""
    return build() / "html" / run_name


def published_data() -> Path:
    """Return the folder of the figures of the original study."""
    return root() / "data" / "published"


def downloads() -> Path:
    """Return the folder where fetched data sets are kept (``$ISRU_DATA`` or data/downloads)."""
    return Path(os.environ.get("ISRU_DATA") or root() / "data" / "downloads")


def output() -> Path:
    """Return the folder that a running notebook writes to.

    The runner names it in ``$ISRU_RUN_FOLDER``; a notebook run by hand writes to ``runs/adhoc``.
    """
    return Path(os.environ.get("ISRU_RUN_FOLDER") or root() / "runs" / "adhoc")


def upstream() -> list[Path]:
    """Return the runs in which a notebook looks for the results of others, first match wins.

    The runner names them in ``$ISRU_UPSTREAM``, separated like the entries of ``$PATH``.
    """
    given = os.environ.get("ISRU_UPSTREAM")
    if given:
        return [Path(folder) for folder in given.split(os.pathsep)]
    return [root() / "runs" / "adhoc", results()]
