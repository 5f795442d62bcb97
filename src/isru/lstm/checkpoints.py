"""Networks and training runs on disk: written whole or not at all, versioned, without pickle.

A file is a NumPy archive (.npz). Its entry ``header`` is JSON: format, version, kind, and what
is not an array. Weights lie in Keras's layout, under the names of ``LSTMNetwork.weight_names``
with ``_`` for the spaces.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from isru.activations import ACTIVATIONS, Activation, get_activation
from isru.files import write_atomically
from isru.lstm.archives import Archive, ArchiveError
from isru.lstm.optimizers import Adam

FORMAT, VERSION = "isru.lstm", 1
_LATER = ("cell_activation", "trainable_alpha")


class CheckpointError(ValueError):
    """A file that is no checkpoint, a damaged one, or one of something else."""


def save_network(network: Any, path: str | Path) -> None:
    """Write a network to `path`; see :meth:`LSTMNetwork.save`."""
    write_archive(path, network_arrays(network, path))


def network_arrays(network: Any, path: str | Path) -> dict[str, np.ndarray]:
    """Return the entries of a network's file.

    Raises
    ------
    CheckpointError
        If a weight is not finite, or an activation is not the registry's: such a file could not
        be read again.
    """
    for entry in network.settings.values():
        if isinstance(entry, Activation) and entry.name not in ACTIVATIONS:
            raise CheckpointError(
                f"{path}: expected activations of the registry, which a file knows by name, got "
                f"{entry.name!r}: add it to isru.activations first"
            )
    arrays = dict(zip(_keys(network), network.get_weights(), strict=True))
    for name, array in arrays.items():
        _check_finite(path, name, array)
    return {"header": _header("network", {"settings": _plain_settings(network)}), **arrays}


def load_network(network_type: Any, path: str | Path, engine: str = "numpy") -> Any:
    """Read a network from `path`; see :meth:`LSTMNetwork.load`."""
    with told_of(path):
        archive = Archive(path, "network")
        header = _read_header(archive, "network")
        settings = dict(field(path, header, "settings", dict))
        for name in ("activation", "recurrent_activation", *({"cell_activation"} & {*settings})):
            given = field(path, settings, name, dict)
            entry = get_activation(field(path, given, "name", str))
            parameters = field(path, given, "parameters", dict)
            if parameters != dict(entry.parameters):
                entry = entry.with_parameters(**parameters)
            settings[name] = entry
        for name in {"return_sequences", "trainable_alpha"} & {*settings}:
            field(path, settings, name, bool)
        # Before anything of that size is made: the file must hold so many numbers.
        needed = network_type.count(**settings)
        held = sum(math.prod(stated.shape) for stated in archive.stated.values())
        if needed > held:
            raise CheckpointError(
                f"{path}: expected {needed} weights, as its settings say, got {held} numbers"
            )
        network = network_type(**settings, engine=engine)
        network.set_weights([archive.array(key) for key in _keys(network)])
    return network


@contextmanager
def told_of(path: str | Path) -> Iterator[None]:
    """Turn what reading a file can raise, for anything that may stand in it, into one error."""
    try:
        yield
    except CheckpointError:
        raise
    except ArchiveError as error:
        raise CheckpointError(str(error)) from error
    except (TypeError, ValueError, KeyError, OverflowError, MemoryError) as error:
        raise CheckpointError(f"{path}: {str(error)[:500]}") from error


def save_training(
    path: str | Path,
    *,
    network: Any,
    optimizer: Adam,
    rng: np.random.Generator,
    run: dict | None = None,
    notes: dict | None = None,
    arrays: dict[str, np.ndarray] | None = None,
) -> None:
    """Write all that a training run needs in order to go on as if it had not stopped.

    Parameters
    ----------
    path : path-like
    network : LSTMNetwork
    optimizer : Adam
    rng : numpy.random.Generator
        Its state is written.
    run : dict, optional
        What identifies the run; only an equal one may go on from this file. As JSON takes it.
    notes : dict, optional
        What else to remember, as JSON takes it.
    arrays : dict of ndarray, optional
        The same for arrays, such as the state of a stateful network.

    Examples
    --------
    >>> import tempfile
    >>> from isru.lstm import Adam, LSTMNetwork
    >>> network, optimizer, rng = LSTMNetwork(3, 4, 2), Adam(), np.random.default_rng(0)
    >>> about = {"network": network, "optimizer": optimizer, "rng": rng}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_training(Path(folder) / "run.npz", **about, notes={"epoch": 3})
    ...     load_training(Path(folder) / "run.npz", **about)
    ({'epoch': 3}, {})
    """
    header = {
        "settings": _plain_settings(network),
        "optimizer": optimizer.settings,
        "iteration": optimizer.iteration,
        "rng": rng.bit_generator.state,
        "run": run or {},
        "notes": notes or {},
    }
    kept = {"parameters": network.parameters}
    if optimizer.iteration:
        kept |= {"first": optimizer.first, "second": optimizer.second}
    check_moments(path, kept)
    kept |= {f"extra {name}": array for name, array in (arrays or {}).items()}
    write_archive(path, {"header": _header("training", header), **kept})


def check_moments(path: str | Path, arrays: dict[str, np.ndarray]) -> None:
    """Refuse parameters, or Adam's moments, with which a training could not go on.

    A second moment may be infinite, by overflow: its weight then rests. It is no square if it
    is negative.

    Raises
    ------
    CheckpointError
    """
    for name in {"parameters", "first"} & set(arrays):
        _check_finite(path, name, arrays[name])
    if "second" in arrays and not (arrays["second"] >= 0).all():
        raise CheckpointError(
            f"{path}: expected sums of squares as second, got NaN or a negative number"
        )


def _check_finite(path, name, array):
    if not np.isfinite(array).all():
        count = np.count_nonzero(~np.isfinite(array))
        raise CheckpointError(
            f"{path}: expected finite numbers as {name}, got {count} that are not; a training "
            "that diverged leaves such: go back to an earlier state"
        )


def load_training(
    path: str | Path,
    *,
    network: Any,
    optimizer: Adam,
    rng: np.random.Generator,
    run: dict | None = None,
    notes: Iterable[str] | None = None,
    arrays: dict[str, np.ndarray] | None = None,
) -> tuple[dict, dict]:
    """Put network, optimizer and generator into the state that `save_training` wrote.

    Parameters
    ----------
    path, network, optimizer, rng, run
        As they were given to :func:`save_training`; weights, moments and generator's state are
        replaced.
    notes : iterable of str, optional
        The names to expect in the notes, no other.
    arrays : dict of ndarray, optional
        What to expect among the arrays: each as finite numbers of the same shape and dtype.

    Returns
    -------
    notes, arrays : dict
        As they were given to :func:`save_training`.

    Raises
    ------
    CheckpointError
        If the file is damaged, or of a run with other settings of the network, the optimizer or
        the run itself, or with another kind of generator; nothing is changed then.
    FileNotFoundError
        If there is none.

    Examples
    --------
    See :func:`save_training`.
    """
    wanted = {
        "settings": _plain_settings(network),
        "optimizer": optimizer.settings,
        "run": run or {},
        "generator": type(rng.bit_generator).__name__,
    }
    with told_of(path):
        archive = Archive(path, "training")
        header = _read_header(archive, "training")
        found = {name: field(path, header, name, dict) for name in ("settings", "optimizer")}
        found["run"] = field(path, header, "run", dict)
        generator = field(path, header, "rng", dict)
        found["generator"] = field(path, generator, "bit_generator", str)
        iteration = check_count(path, header, "iteration")
        noted = field(path, header, "notes", dict)
        if notes is not None and set(notes) != set(noted):
            raise CheckpointError(
                f"{path}: expected notes on {', '.join(notes)}, got some on {', '.join(noted)}; "
                "name another file, or remove this one to start anew"
            )
        _check_same(path, wanted, found)
        names = ["parameters"] + (["first", "second"] if iteration else [])
        like = network.parameters.shape, network.dtype
        flat = {name: archive.array(name, *like) for name in names}
        check_moments(path, flat)
        extras = [name for name in archive.names() if name.startswith("extra ")]
        for name, array in (arrays or {}).items():
            _check_finite(path, name, archive.array(f"extra {name}", array.shape, array.dtype))
        kept = {name.removeprefix("extra "): archive.array(name) for name in extras}
        type(rng.bit_generator)().state = generator  # on another one first: it may be refused
    rng.bit_generator.state = generator
    network.parameters[...] = flat["parameters"]
    optimizer.iteration = iteration
    optimizer.first, optimizer.second = flat.get("first"), flat.get("second")
    return noted, kept


def _check_same(path, wanted: dict, found: dict) -> None:
    """Compare descriptions of a run, one level deep; name what differs."""
    for part, expected in wanted.items():
        got = found[part]
        if expected == got:
            continue
        if isinstance(expected, dict):
            names = [name for name in expected if expected[name] != got.get(name)]
            expected = {name: expected[name] for name in names}
            got = {name: got.get(name) for name in names}
        raise CheckpointError(
            f"{path}: expected a training run with {part} {expected}, got one with {got}; "
            "name another file, or remove this one to start anew"
        )


def _keys(network):
    return [name.replace(" ", "_") for name in network.weight_names]


def _plain_settings(network) -> dict:
    """Return a network's settings as JSON takes them, without the engine.

    What was added later is left out where it is not used, so that older files stay valid.
    """
    unused = {"engine"} | {name for name in _LATER if not network.settings[name]}
    settings = {name: value for name, value in network.settings.items() if name not in unused}
    settings["hidden_sizes"] = list(network.hidden_sizes)
    for name, value in settings.items():
        if isinstance(value, Activation):
            settings[name] = {"name": value.name, "parameters": dict(value.parameters)}
    return settings


def write_archive(path: str | Path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays as an archive, whole or not at all."""
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]  # NumPy's stub takes no names
    write_atomically(Path(path), content.getvalue())


def _header(kind: str, more: dict) -> np.ndarray:
    return np.array(json.dumps({"format": FORMAT, "version": VERSION, "kind": kind, **more}))


def _read_header(archive: Archive, kind: str) -> dict:
    header = archive.json("header")
    found = header.get("format"), header.get("kind")
    if found != (FORMAT, kind):
        raise CheckpointError(f"{archive.path}: expected {(FORMAT, kind)}, got {found}")
    if header.get("version") != VERSION:
        raise CheckpointError(
            f"{archive.path}: expected format version {VERSION}, got {header.get('version')}: "
            "read it with the version of isru that wrote it"
        )
    return header


def field(path: str | Path, content: dict, name: str, kind: type) -> Any:
    """Return an entry of one type; a CheckpointError says what is there instead."""
    if name not in content:
        raise CheckpointError(f"{path}: expected an entry {name!r}, found none")
    value = content[name]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise CheckpointError(
            f"{path}: expected {name} to be of type {kind.__name__}, got {str(value)[:80]!r}"
        )
    return value


def check_count(path: str | Path, content: dict, name: str, least: int = 0) -> int:
    """Return an entry that is a whole number from `least` on.

    Raises
    ------
    CheckpointError
    """
    value = field(path, content, name, int)
    if not least <= value < 2**63:
        raise CheckpointError(f"{path}: expected {name} from {least} on, got {str(value)[:80]}")
    return value
