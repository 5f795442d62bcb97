"""Build the book of a run with jupyter-book: complete in itself, without a warning."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import uuid
from importlib import metadata
from pathlib import Path

from filelock import FileLock

from isru import paths
from isru.claims import load_claims
from isru.errors import CompendiumError
from isru.lifeline import MARK, captured
from isru.publish.pages import check_offline
from isru.publish.staging import mirror, stage, tracebacks
from isru.records import write_atomically

_TOOLS = ("jupyter-book", "sphinx", "myst-nb", "sphinx-book-theme", "sphinxcontrib-bibtex")
_JUPYTER_BOOK = (
    "from isru.lifeline import end_with_stdin; end_with_stdin(); "
    "from jupyter_book.cli.main import main; main()"
)
_COLOUR = re.compile(r"\x1b\[[\d;]*m")


def build_book(run_name: str) -> Path:
    """Build the book of a run and return its ``index.html``.

    Nothing is executed. What has not changed since the last build is not built again. The old
    book stays until the new one is complete. Two builds of one book wait for each other.

    Parameters
    ----------
    run_name : str
        ``"published"`` or a folder of ``runs/``.

    Raises
    ------
    CompendiumError
        If a notebook of the run holds a traceback, the claims file is broken, a page has a
        warning (such as a number that the run does not have), or would load something from
        another machine.
    """
    check_no_errors(paths.run(run_name))
    try:  # here once, where every page that shows a claim would say so again
        load_claims()
    except (ValueError, FileNotFoundError) as error:
        raise CompendiumError(str(error)) from None
    folder = paths.build() / "book" / run_name
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f"{run_name}.lock")):
        return _build(run_name, folder)


def _build(run_name: str, folder: Path) -> Path:
    """Build a book in ``folder``, where nobody else does now."""
    source, html = folder / "source", paths.html(run_name)
    stage(run_name, source)
    tools, content = _tools_digest(source), _digest(source)
    stamp = folder / "stamp"
    finished = html / "index.html"
    last = stamp.read_text(errors="replace").split() if stamp.is_file() else []
    if finished.is_file() and last == [tools, content]:
        return finished
    if last[:1] != [tools]:
        shutil.rmtree(folder / "_build", ignore_errors=True)
    stamp.unlink(missing_ok=True)
    _run_jupyter_book(source, folder)
    remote = check_offline(folder / "_build" / "html")
    if remote:
        raise CompendiumError(
            "expected a book that loads nothing but its own files, got:\n" + "\n".join(remote)
        )
    mirror(folder / "_build" / "html", html)
    write_atomically(stamp, f"{tools} {content}")
    return finished


def check_no_errors(run_folder: Path) -> None:
    """Refuse a run in which an executed notebook holds a traceback.

    Raises
    ------
    CompendiumError
        Naming notebook, cell and error.
    """
    found = tracebacks(run_folder)
    if found:
        raise CompendiumError(
            f"expected notebooks without errors in {run_folder}, got:\n" + "\n".join(found)
        )


def _run_jupyter_book(source: Path, folder: Path) -> None:
    options = ["--path-output", str(folder), "-W", "-n", "--keep-going", "-q"]
    quiet = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore", MARK: uuid.uuid4().hex}
    code, said = captured(
        [sys.executable, "-c", _JUPYTER_BOOK, "build", str(source), *options],
        os.environ | quiet,
        cwd=source,
    )
    if code:
        raise CompendiumError("the book was not built:\n" + _told(said, source))


def _told(output: str, source: Path) -> str:
    """Return the warnings in what Sphinx wrote, with file names as in the checkout."""
    lines = _COLOUR.sub("", output).replace(f"{source}{os.sep}", "").splitlines()
    chosen = [line for line in lines if "WARNING:" in line or "ERROR:" in line]
    return "\n".join(chosen or lines[-25:])


def _tools_digest(source: Path) -> str:
    """Return a hash of all that decides how pages are made, rather than what is on them."""
    versions = " ".join(f"{name} {metadata.version(name)}" for name in _TOOLS)
    code = _files(Path(__file__).parents[1])  # pages show the package's code and call it
    own = [source / "_config.yml", *_files(source / "book" / "_ext")]
    return _hash([versions.encode(), str(source).encode(), *(p.read_bytes() for p in code + own)])


def _digest(source: Path) -> str:
    files = _files(source)
    names = "\n".join(path.relative_to(source).as_posix() for path in files)
    return _hash([names.encode(), *(path.read_bytes() for path in files)])


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return [p for p in sorted(path.rglob("*")) if p.is_file() and "__pycache__" not in p.parts]


def _hash(parts: list[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
