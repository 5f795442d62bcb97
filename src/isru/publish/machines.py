"""Machine records in the book: which there are, and how one of yours gets in."""

from __future__ import annotations

from pathlib import Path

from isru import paths
from isru.errors import CompendiumError
from isru.machine_records import check_record
from isru.records import write_atomically


def record_folder(whose: str) -> Path:
    """Return the folder of the machine records: ``"published"``, or ``"own"`` for yours."""
    return (paths.results() if whose == "published" else paths.root() / "runs") / "machines"


def publish_record(path: str | Path) -> str:
    """Copy a machine record into the published ones and return its name.

    Raises
    ------
    CompendiumError
        If it is refused (see `isru.machine_records.check_record`), or was made from changed
        or unknown sources.
    """
    path = Path(path)
    try:
        record = check_record(path)
    except (ValueError, FileNotFoundError) as error:
        raise CompendiumError(f"not published: {error}") from None
    for why in unknown_sources(record["machine"]["provenance"], "measure again (make record)"):
        raise CompendiumError(f"not published: {path.name} was {why}")
    write_atomically(record_folder("published") / path.name, path.read_bytes())
    return path.name


def unknown_sources(provenance: dict, again: str) -> list[str]:
    """Return why nobody can tell from what sources a result was made; ``again`` is what to do."""
    found = []
    if provenance.get("dirty"):
        found.append(f"made from changed sources: commit them and {again}")
    if provenance.get("commit") in (None, "", "unknown"):
        found.append(
            "made where git does not say which sources these are: work in a clone, with git "
            f"installed, and {again}"
        )
    return found


def record_files(run: str) -> tuple[dict[str, Path], dict[str, str]]:
    """Return the records that the book of a run shows, and what it leaves out.

    Returns
    -------
    shown : dict
        {name: path} of the published ones, which the book checks, and in a run of yours your own.
    skipped : dict
        {name: why} of those of your own that are refused.

    Raises
    ------
    CompendiumError
        If a published record is no file.
    """
    shown = {}
    for path in sorted(record_folder("published").glob("*.json")):
        if path.is_symlink() or not path.is_file():
            raise CompendiumError(f"expected a machine record at {path}, got no file of its own")
        shown[path.name] = path
    skipped = {}
    for path in sorted(record_folder("own").glob("*.json")) if run != "published" else ():
        try:
            check_record(path)
        except (ValueError, FileNotFoundError) as error:
            skipped[path.name] = str(error)
        else:
            shown[path.name] = path
    return shown, skipped
