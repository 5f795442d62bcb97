"""Rows computed on a Dask cluster whose address is given. Dask is imported only here, and late."""

from __future__ import annotations

import logging
import os
import pickle
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path

from isru.closure import activation_digest, activation_files
from isru.digests import digest
from isru.sweep.errors import SweepError
from isru.sweep.local import Answers, WorkersLost, attempt
from isru.sweep.store import about

VARIABLE = "ISRU_SCHEDULER"
"""The environment variable that names a scheduler where no parameter does."""

_SECONDS = 10  # to wait for the scheduler's first answer
_LOG = logging.getLogger(__name__)


class OtherVersion(RuntimeError):
    """A worker's code or libraries differ from those of the process that asks."""


def scheduler_address(given: str = "") -> str:
    """Return the scheduler's address: the given one, else `VARIABLE`'s, else ""."""
    return given or os.environ.get(VARIABLE, "")


def on_cluster(function: Callable, cases: list, address: str) -> Answers:
    """Yield ``(place in cases, whether it succeeded, `attempt`'s answer)`` as rows get ready.

    What a worker had begun when it was lost is begun again on another one.

    Parameters
    ----------
    function : callable
        Importable on the workers, from the same code.
    cases : list
    address : str
        ``"tcp://host:port"``, or the path of a ``scheduler.json``.

    Raises
    ------
    ImportError
        If Dask is not installed.
    SweepError
        If no scheduler answers, or a worker has another version of isru or of a library.
    WorkersLost
        If the scheduler goes away.
    """
    client, as_completed = _connect(address)
    with client:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            _LOG.warning("the scheduler at %s has no workers yet; the rows wait for one", address)
        name = f"isru-{uuid.uuid4().hex[:12]}"
        here = _about(function)
        futures = {
            # Packed, so that the scheduler need not import what only the workers use.
            client.submit(_row, pickle.dumps((function, case)), here, key=f"{name}-{n}"): n
            for n, case in enumerate(cases)
        }
        for future in as_completed(futures, loop=client.loop, raise_errors=False):
            place = futures[future]
            if future.status == "finished":
                yield place, *future.result()
            elif future.status == "error":
                yield place, False, _explain(future.exception())
            else:
                raise WorkersLost(f"the scheduler at {address} went away")
            future.release()


def _connect(address: str):
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise ImportError(
            f"a sweep on the scheduler {address!r} needs Dask, which is not installed: "
            "python -m pip install 'isru[sweep]'"
        ) from error
    file = address.endswith(".json")
    place = {"scheduler_file": address} if file else {"address": address}
    try:
        if file and not Path(address).is_file():
            raise FileNotFoundError("no such file")
        return Client(**place, timeout=_SECONDS, set_as_default=False), as_completed
    except (OSError, TimeoutError, ValueError) as error:
        raise SweepError(
            f"no Dask scheduler answers at {address!r}: expected one such as "
            f"'tcp://192.168.1.5:8786' within {_SECONDS} s. Start it with 'dask scheduler', give "
            f"the address that it prints, or give none (nor {VARIABLE}) to compute here "
            f"({type(error).__name__}: {error})"
        ) from error


def _row(packed: bytes, wanted: dict) -> tuple[bool, object]:
    """Compute a row on a worker, if it has the code that was asked for."""
    function, case = pickle.loads(packed)
    found = _about(function)
    other = [
        f"{name} {found.get(name, 'none')} instead of {version}"
        for name, version in wanted.items()
        if found.get(name) != version
    ]
    if other:
        raise OtherVersion(", ".join(other))
    return attempt(function, case)


@cache
def _about(function: Callable) -> dict[str, str]:
    """Return what a worker must share: which activations a row will use is not known before."""
    files = {file: activation_digest(file) for file in activation_files()}
    return about(function) | {"activations": digest(files)}


def _explain(error: BaseException) -> str:
    """Return why a worker gave no row; raise where every further row would fail alike."""
    remedy = "install the same version of isru and of its libraries on all workers"
    if isinstance(error, OtherVersion):
        raise SweepError(f"a worker has {error}: {remedy}") from error
    if isinstance(error, ModuleNotFoundError | AttributeError) or "deserializ" in str(error):
        raise SweepError(f"a worker or the scheduler cannot load a row ({error}): {remedy}")
    if type(error).__name__ == "KilledWorker":
        return f"every worker that began this row died, perhaps for want of memory: {error}"
    return f"{type(error).__name__}: {error}"
