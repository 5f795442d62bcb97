"""Networks and training runs on disk: written whole or not at all, versioned, without pickle.

A file is a NumPy archive (.npz). Its entry ``header`` is JSON: format, version, kind, and what
is not an array. Weights lie in Keras's layout, under the names of ``LSTMNetwork.weight_names``
with ``_`` for the spaces.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from pathlib import Path

import numpy as np

from isru.activations import Activation, get_activation
from isru.records import write_atomically

FORMAT, VERSION = "isru.lstm", 1
_LATER = ("cell_activation", "trainable_alpha")


class CheckpointError(ValueError):
    """A file that is no checkpoint, a damaged one, or one of something else."""


def save_network(network, path) -> None:
    """Write a network to `path`; see :meth:`LSTMNetwork.save`."""
    arrays = dict(zip(_keys(network), network.get_weights(), strict=True))
    _write(path, "network", {"settings": _plain_settings(network)}, arrays)


def load_network(network_type, path, engine="numpy"):
    """Read a network from `path`; see :meth:`LSTMNetwork.load`."""
    header, arrays = _read(path, "network")
    try:
        settings = dict(header["settings"])
        for name in ("activation", "recurrent_activation", *({"cell_activation"} & {*settings})):
            entry = get_activation(settings[name]["name"])
            if settings[name]["parameters"] != dict(entry.parameters):
                entry = entry.with_parameters(**settings[name]["parameters"])
            settings[name] = entry
        network = network_type(**settings, engine=engine)
        network.set_weights([arrays[key] for key in _keys(network)])
    except KeyError as error:
        raise CheckpointError(f"{path}: expected an entry {error}, found none") from error
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: {error}") from error
    return network


def save_training(path, *, network, optimizer, rng, run=None, notes=None, arrays=None) -> None:
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
    kept |= {f"extra {name}": array for name, array in (arrays or {}).items()}
    _write(path, "training", header, kept)


def load_training(path, *, network, optimizer, rng, run=None) -> tuple[dict, dict]:
    """Put network, optimizer and generator into the state that `save_training` wrote.

    Parameters
    ----------
    path, network, optimizer, rng, run
        As they were given to :func:`save_training`; weights, moments and generator's state are
        replaced.

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
    """
    header, arrays = _read(path, "training")
    wanted = {
        "settings": _plain_settings(network),
        "optimizer": optimizer.settings,
        "run": run or {},
        "generator": type(rng.bit_generator).__name__,
    }
    try:
        found = {name: header[name] for name in ("settings", "optimizer", "run")}
        found["generator"] = header["rng"]["bit_generator"]
        names = ["parameters"] + (["first", "second"] if header["iteration"] else [])
        flat = {name: arrays[name] for name in names}
        notes = header["notes"]
    except KeyError as error:
        raise CheckpointError(f"{path}: expected an entry {error}, found none") from error
    _check_same(path, wanted, found)
    for name, array in flat.items():
        if (array.shape, array.dtype) != (network.parameters.shape, network.dtype):
            raise CheckpointError(
                f"{path}: expected {name} of shape {network.parameters.shape} in "
                f"{network.dtype}, got {array.shape} in {array.dtype}"
            )
    rng.bit_generator.state = header["rng"]
    network.parameters[...] = flat["parameters"]
    optimizer.iteration = header["iteration"]
    optimizer.first, optimizer.second = flat.get("first"), flat.get("second")
    extra = {key[6:]: array for key, array in arrays.items() if key.startswith("extra ")}
    return notes, extra


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


def _write(path, kind, header, arrays):
    header = {"format": FORMAT, "version": VERSION, "kind": kind, **header}
    content = io.BytesIO()
    np.savez(content, header=np.array(json.dumps(header)), **arrays)
    write_atomically(Path(path), content.getvalue())


def _read(path, kind):
    """Return header and arrays of a file, all of it checked against its checksums."""
    content = Path(path).read_bytes()
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
        header = json.loads(str(arrays.pop("header")))
        found = header["format"], header["kind"]
    except (ValueError, OSError, EOFError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, kind, error) from error
    except (zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise _damaged(path, kind, error) from error
    if found != (FORMAT, kind):
        raise CheckpointError(f"{path}: expected {(FORMAT, kind)}, got {found}")
    if header["version"] != VERSION:
        raise CheckpointError(
            f"{path}: expected format version {VERSION}, got {header['version']}: "
            "read it with the version of isru that wrote it"
        )
    return header, arrays


def _damaged(path, kind, error):
    return CheckpointError(
        f"{path}: expected a {kind} saved by isru, got a file that is truncated, damaged or of "
        f"another kind ({type(error).__name__}: {error})"
    )
