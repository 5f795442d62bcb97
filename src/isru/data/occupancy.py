"""Room occupancy, the data set that the original study calls weather: files, windows, parts.

Once a minute for two weeks in one office: temperature, humidity, light, CO2, humidity ratio, and
whether somebody was there (UCI 357, CC BY 4.0). The files are not part of the compendium: they
are given as a folder, lie among the downloads, or are fetched, and are checked by their hash.

References
----------
Candanedo, L. M. and Feldheim, V. (2016). Accurate occupancy detection of an office room from
light, temperature, humidity and CO2 measurements using statistical learning models. Energy and
Buildings 112. Data: DOI 10.24432/C5X01N.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from isru import paths
from isru.data.windows import Scaler, parts_in_time
from isru.notes import note_read

URL = "https://archive.ics.uci.edu/static/public/357/occupancy+detection.zip"
SHA256 = {
    "datatraining.txt": "b2c4d0ce2b9e4e453c476f7125ef31aeec2d1f5c7f5572d0e80de3df6521ab56",
    "datatest.txt": "1b92c7c1b2838963464fa891a610cf3c5db4becb7189189b29b330107a584c7f",
    "datatest2.txt": "d026d1bd5aeccd4aff4f3b3710d48e40613bd5fc370db7e61bbdcaa50d985095",
}
FEATURES = ("Temperature", "Humidity", "Light", "CO2", "HumidityRatio")
LIGHT = "Light"
ORIGINAL_ROWS = 2000
"""The first rows of ``datatest.txt``: on them, and on no other start or end of a file, one
threshold on the light and the more frequent answer score what the original reports."""
TESTS = ("original", "after")


@dataclass(frozen=True)
class OccupancyPart:
    """The windows of one part, n of them.

    Attributes
    ----------
    inputs : ndarray, shape (n, T, F), float32
        Scaled; T = window.
    occupied : ndarray of bool, shape (n,)
        In the window's last minute.
    before : ndarray of bool, shape (n,)
        In the minute before that.
    last : ndarray, shape (n, F), float64
        The last minute's inputs in their own units, for rules.
    """

    inputs: np.ndarray
    occupied: np.ndarray
    before: np.ndarray
    last: np.ndarray


@dataclass(frozen=True)
class OccupancyWindows:
    """Training and validation in time order, and two test parts.

    Attributes
    ----------
    train, validation : OccupancyPart
        The first three quarters and the last one of ``datatraining.txt``.
    original : OccupancyPart
        The first `ORIGINAL_ROWS` of ``datatest.txt``, days before the training part.
    after : OccupancyPart
        ``datatest2.txt``, the week after it.
    features : tuple of str
    """

    train: OccupancyPart
    validation: OccupancyPart
    original: OccupancyPart
    after: OccupancyPart
    features: tuple[str, ...]


def occupancy_folder(folder: str | Path = "", *, download: bool = False) -> Path | None:
    """Return the folder with the three files, None if there is none.

    Parameters
    ----------
    folder : str or Path
        Where they must lie; empty for ``occupancy`` in the folder of downloads.
    download : bool
        Fetch them into the folder of downloads if they are not there.

    Raises
    ------
    FileNotFoundError
        If a folder is given and lacks a file, or the files cannot be fetched.
    ValueError
        If a file is not the known one.
    """
    place = Path(folder) if folder else paths.downloads() / "occupancy"
    missing = [name for name in SHA256 if not (place / name).is_file()]
    if missing and not folder and download:
        _fetch(place)
        missing = []
    if missing and not folder:
        return None
    if missing:
        raise FileNotFoundError(
            f"{place}: expected the files {', '.join(SHA256)} of the UCI data set 357, "
            f"got none named {', '.join(missing)}; unpack {URL} there"
        )
    for name in SHA256:
        _content(place / name)
    return place


def read_occupancy(folder: str | Path):
    """Read the three files, as {name: DataFrame} with `FEATURES` and ``Occupancy``.

    Raises
    ------
    FileNotFoundError, ValueError
        As `occupancy_folder`.
    """
    import io

    import pandas as pd

    found = occupancy_folder(folder)
    columns = ["row", "date", *FEATURES, "Occupancy"]  # the files' header lacks the first
    frames = {}
    for name, digest in SHA256.items():
        text = io.BytesIO(_content(found / name))
        frame = pd.read_csv(text, header=None, names=columns, skiprows=1)
        frames[name] = frame.drop(columns=["row", "date"])
        note_read(f"data/downloads/occupancy/{name}", digest)
    return frames


def occupancy_windows(
    folder: str | Path, *, window: int = 5, stride: int = 1, light: bool = True
) -> OccupancyWindows:
    """Cut the files into windows, with ``window`` unused minutes before the validation part.

    Parameters
    ----------
    folder : str or Path
    window : int
        Minutes of input, >= 2.
    stride : int
        Minutes from one training window to the next; the other parts have every minute.
    light : bool
        Whether the light sensor is among the inputs. Without it the task is harder: the light
        goes on when somebody comes.

    Raises
    ------
    FileNotFoundError, ValueError
        As `occupancy_folder`; also for a window below 2 or a stride below 1.
    """
    if window < 2 or stride < 1:
        raise ValueError(f"expected window >= 2 and stride >= 1, got {window} and {stride}")
    frames = read_occupancy(folder)
    features = tuple(name for name in FEATURES if light or name != LIGHT)
    training, test, after = frames.values()
    train, validation = parts_in_time(len(training), (3, 1), gap=window)
    scaler = Scaler.fit(training[list(features)].to_numpy()[train])
    parts = {
        "train": (training[train], stride),
        "validation": (training[validation], 1),
        "original": (test[:ORIGINAL_ROWS], 1),
        "after": (after, 1),
    }
    cut = {
        name: _windows(frame, features, scaler, window, step)
        for name, (frame, step) in parts.items()
    }
    return OccupancyWindows(**cut, features=features)


def _windows(frame, features, scaler: Scaler, window: int, stride: int) -> OccupancyPart:
    raw = frame[list(features)].to_numpy(dtype=float)
    occupied = frame["Occupancy"].to_numpy() == 1
    last = np.arange(window - 1, len(raw), stride)
    inputs = scaler.apply(raw)[last[:, None] + np.arange(1 - window, 1)]
    return OccupancyPart(inputs.astype(np.float32), occupied[last], occupied[last - 1], raw[last])


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256[path.name]:
        raise ValueError(
            f"{path}: expected the file with SHA-256 {SHA256[path.name]}, got {digest}; "
            f"get it again from {URL}"
        )
    return content


def _fetch(place: Path) -> None:
    import pooch

    try:
        pooch.retrieve(
            URL,
            known_hash=None,  # the files themselves are checked, not how they are packed
            fname="occupancy.zip",
            path=place,
            processor=pooch.Unzip(members=list(SHA256), extract_dir="."),
        )
    except OSError as error:
        raise FileNotFoundError(
            f"the occupancy data could not be fetched from {URL} ({error}): put its files into "
            f"{place}, or go without them (download=False)"
        ) from error
