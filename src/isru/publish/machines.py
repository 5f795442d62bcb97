"""Machine records in the book: which there are, and how one of yours gets in."""

from __future__ import annotations

from pathlib import Path

from isru import paths
from isru.machine_records import check_record
from isru.publish.errors import CompendiumError
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
    if record["machine"]["provenance"].get("dirty"):
        raise CompendiumError(
            f"not published: {path.name} was made from changed sources: commit them and measure "
            "again (make record)"
        )
    if record["machine"]["provenance"].get("commit") in (None, "", "unknown"):
        raise CompendiumError(
            f"not published: {path.name} was made where git does not say which sources these are: "
            "work in a clone, with git installed, and measure again (make record)"
        )
    write_atomically(record_folder("published") / path.name, path.read_bytes())
    return path.name


def record_files(run: str) -> dict[str, Path]:
    """Return the records that the book of a run shows by name, in a run of yours your own too."""
    folders = [record_folder("published")]
    if run != "published":
        folders.append(record_folder("own"))
    return {path.name: path for folder in folders for path in sorted(folder.glob("*.json"))}
