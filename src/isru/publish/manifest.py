"""What a run says of one notebook: read with care, since hands, merges and disks change files."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from isru.errors import DamagedFile
from isru.records import read_object, warn_once

# What each part holds, with what stands for a field that an older version did not write.
_FIELDS = {
    "notebook": "",
    "profile": "unknown",
    "parameters": {},
    "provenance": {},
    "seconds": 0.0,
    "outputs": {},
}
_PARTS = ("notebooks", "values", "figures", "tables", "models")
_STAMP = {"notebook": ""} | {
    part: {} for part in ("parameters", "data", "activations", "upstream", "code", "versions")
}
_PROVENANCE = {"commit": "unknown", "dirty": True, "date": "?", "machine": "unknown"}


def manifest_path(folder: Path, name: str) -> Path:
    """Return where a run's folder says what it holds of a notebook."""
    return folder / "manifest" / f"{name}.json"


def read_manifest(folder: Path, name: str) -> dict | None:
    """Return what a run's folder says of one notebook, None if it holds no result of it.

    What is damaged, or names files that are not the notebook's, is named in a warning.
    """
    try:
        return checked_manifest(manifest_path(folder, name), name)
    except FileNotFoundError:
        return None
    except DamagedFile as error:
        warn_once(f"{error}; treated as not run")
        return None


def checked_manifest(path: Path, name: str) -> dict:
    """Return a manifest.

    Raises
    ------
    FileNotFoundError
    DamagedFile
        If it is none of notebook ``name``; the message says why.
    """
    manifest = _complete(path, read_object(path, "stamp"), _FIELDS | {"stamp": {}})
    manifest["stamp"] = _complete(path, manifest["stamp"], _STAMP)
    manifest["provenance"] = _complete(path, manifest["provenance"], _PROVENANCE)
    if manifest["notebook"] not in ("", name):
        raise DamagedFile(f"{path} is the manifest of {manifest['notebook']!r}")
    for output in manifest["outputs"]:
        if why := why_not_own(output, name):
            raise DamagedFile(f"{path} names the output {output!r}, {why}")
    return manifest


def _complete(path: Path, part: dict, fields: dict) -> dict:
    """Return a part of a manifest with all its fields; refuse one of another type."""
    for field, absent in fields.items():
        found = part.get(field, absent)
        kind = int | float if isinstance(absent, float) else type(absent)
        if not isinstance(found, kind):
            raise DamagedFile(
                f"{path} is damaged: expected its {field} as {type(absent).__name__}, "
                f"got {type(found).__name__}"
            )
    return fields | part


def why_not_own(output: str, name: str) -> str:
    """Return why a file cannot be an output of notebook ``name`` in a run, "" if it can."""
    parts = PurePosixPath(output).parts
    plain = "\\" not in output and ".." not in parts and output == "/".join(parts)
    if not plain or len(parts) < 2 or parts[0] not in _PARTS:
        return f"expected a file below one of {', '.join(_PARTS)}"
    if parts[0] == "notebooks" and parts[1:] != (f"{name}.ipynb",):
        return "which is another notebook's"
    if parts[0] == "values" and parts[1:] != (f"{name}.json",):
        return "which is another notebook's"
    if parts[0] in ("tables", "models") and not parts[1].startswith(f"{name}-"):
        return "which is another notebook's"
    return ""


def inside(folder: Path, output: str) -> bool:
    """Return whether an output really lies in its run, no link leading elsewhere."""
    return (folder / output).resolve().is_relative_to(folder.resolve())
