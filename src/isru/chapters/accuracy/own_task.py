"""A reader's own task: one file of sequences and labels becomes a `Task`, or an error says why not.

The file is an ``.npz`` with two arrays, as ``numpy.savez("mine.npz", inputs=..., targets=...)``
writes it.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from functools import partial
from pathlib import Path

import numpy as np

from isru.chapters.accuracy.tasks.entry import Part, Split, Task, draws, in_three, standardised
from isru.errors import CompendiumError
from isru.notes import note_read

NAME = "own"
FEWEST_ROWS = 100
FEWEST_OF_A_CLASS = 10
_TRAIN, _VALIDATION = 0.6, 0.2  # shares of the rows


def read_task(path: str | Path) -> Task:
    """Read a task from a file.

    Parameters
    ----------
    path : str or Path
        Of an ``.npz`` with the arrays ``inputs``, numbers of shape (N, T, F), and ``targets``, of
        shape (N,): whole numbers or texts are classes, other numbers are a real target. Nothing
        of it is unpickled.

    Returns
    -------
    Task
        It trains on 60 % of the rows, chooses by 20 % and tests on the rest, drawn for each seed;
        the training part decides the units of the inputs and of a real target. Its ``overlap`` is
        0: intervals hold for these rows.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    CompendiumError
        If it holds something else, numbers that are not finite, too few rows, fewer than two
        classes, or a target that is the same everywhere; the message says what was found.
    """
    held = _arrays(Path(path))
    inputs = _inputs(held["inputs"])
    rows, steps, features = inputs.shape
    targets, classes = _targets(held["targets"], rows)
    answer = f"one of {classes} classes" if classes else "a number"
    return Task(
        name=NAME,
        label="your task",
        split=partial(_split, inputs, targets),
        units=16,
        loss="cross_entropy" if classes else "log_mse",
        epochs=30,
        batch=32,
        classes=classes,
        overlap=0,
        about=f"{rows} sequences of {steps} steps and {features} features. The answer is {answer}.",
        source=Path(path).name,
    )


def _arrays(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise FileNotFoundError(
            f"own task: no file {path}: expected the whole path of an .npz with the arrays inputs "
            "and targets"
        )
    content = path.read_bytes()
    note_read(path.name, hashlib.sha256(content).hexdigest())
    try:
        file = np.load(io.BytesIO(content), allow_pickle=False)
        names = getattr(file, "files", [])  # a single array has no names
        if not {"inputs", "targets"} <= set(names):
            found = ", ".join(names) or "none with a name"
            raise _refused(f"the arrays inputs and targets, got {found}", "numpy.savez writes them")
        return {name: file[name] for name in ("inputs", "targets")}
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise _refused(
            f"an .npz of plain arrays, got {path.name} ({error})",
            "write numbers with numpy.savez, and no Python objects",
        ) from error


def _inputs(found: np.ndarray) -> np.ndarray:
    if found.ndim != 3 or 0 in found.shape:
        hint = "; one feature: inputs[..., None]" if found.ndim == 2 else ""
        raise _refused(
            f"inputs of the shape (sequences, steps, features), got {found.shape}",
            f"cut or fill the sequences to one length{hint}",
        )
    if found.dtype.kind not in "fiub":
        raise _refused(f"numbers as inputs, got the dtype {found.dtype}", "convert them to floats")
    if len(found) < FEWEST_ROWS:
        raise _refused(f"at least {FEWEST_ROWS} sequences, got {len(found)}", "give more")
    _check_finite("inputs", found)
    return found.astype(np.float32)


def _targets(found: np.ndarray, rows: int) -> tuple[np.ndarray, int]:
    """Return the targets as the network wants them, and the number of classes, 0 for none."""
    if found.shape not in ((rows,), (rows, 1)):
        raise _refused(
            f"targets of the shape ({rows},), one a sequence, got {found.shape}",
            "give one label or one number for each sequence",
        )
    if found.dtype.kind == "f":
        return _real(found), 0
    if found.dtype.kind not in "iubUS":
        raise _refused(
            f"targets as whole numbers, texts or floats, got the dtype {found.dtype}",
            "convert them",
        )
    labels, classes, counts = np.unique(found.ravel(), return_inverse=True, return_counts=True)
    if len(labels) < 2:
        raise _refused(f"at least two classes, got only {labels[0]!s}", "give rows of another")
    if counts.min() < FEWEST_OF_A_CLASS:
        raise _refused(
            f"at least {FEWEST_OF_A_CLASS} sequences of each class, got {counts.min()} of "
            f"{labels[counts.argmin()]!s}",
            "give more, leave that class out, or give floats if the targets are no classes",
        )
    return classes, len(labels)


def _real(found: np.ndarray) -> np.ndarray:
    _check_finite("targets", found)
    targets = found.reshape(-1, 1).astype(np.float32)
    if np.ptp(targets) == 0:
        raise _refused(
            f"a target that varies, got {targets[0, 0]:g} everywhere", "there is nothing to learn"
        )
    return targets


def _check_finite(name: str, found: np.ndarray) -> None:
    with np.errstate(over="ignore"):  # of what float32 cannot hold
        wrong = np.argwhere(~np.isfinite(found.astype(np.float32)))
    if len(wrong):
        place = tuple(map(int, wrong[0]))
        raise _refused(
            f"finite float32 numbers as {name}, got {len(wrong)} others, the first "
            f"{found[place]} at {place}",
            "fill gaps, or leave these sequences out",
        )


def _refused(expected: str, remedy: str) -> CompendiumError:
    return CompendiumError(f"own task: expected {expected}: {remedy}")


def _split(inputs: np.ndarray, targets: np.ndarray, seed: int) -> Split:
    sizes = round(_TRAIN * len(inputs)), round(_VALIDATION * len(inputs))
    rows = in_three(len(inputs), sizes, draws(seed))
    x = standardised(*(inputs[part] for part in rows))
    y = [targets[part] for part in rows]
    if targets.ndim == 2:
        y = [part[:, 0] for part in standardised(*(part[:, None] for part in y))]
    return Split(*(Part(*pair) for pair in zip(x, y, strict=True)))
