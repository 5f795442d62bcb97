"""Certificates: one activation on every float32 there is, against its float64 self.

For each of the 2^32 bit patterns: the error in ULP, whether the function still rises, whether
it is odd bit for bit, whether it stays in its range, whether NaN stays NaN. The float64 oracle
is the same entry in float64; the tests hold it against mpmath.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from tqdm import tqdm

from isru import paths
from isru.activations import Activation, get_activation
from isru.activations.registry import digest_of
from isru.provenance import provenance
from isru.records import to_json, write_atomically

CHUNK = 1 << 24  # inputs between two saves: about a second of work
CHUNKS = (1 << 32) // CHUNK
_BLOCK = 1 << 13  # inputs at a time: 64 KiB a buffer, which stay in the L2 cache and on the heap
_SIGN = 1 << 31
_INFINITY = 0x7F800000
_EXPONENT = np.uint64(0x7FF << 52)
_COUNTS = ("inputs", "falls", "not_nearest", "not_odd", "out_of_range", "wrong_nan")
_WORST = ("ulp", "fall_ulp", "error")
LOGGER = logging.getLogger(__name__)


def ulp_error(value: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """Return |value - exact| in units of the last place that ``exact`` has in value's dtype.

    Parameters
    ----------
    value : ndarray of float16 or float32
    exact : ndarray of float64
        Finite, same shape.

    Returns
    -------
    ndarray of float64
        0.5 at most where the value is the nearest one of its dtype.
    """
    limits = np.finfo(value.dtype)
    power = (exact.view(np.uint64) & _EXPONENT).view(np.float64)  # 2^floor(log2 |exact|)
    np.maximum(power, float(limits.smallest_normal), out=power)
    np.divide(1 / float(limits.eps), power, out=power)
    error = np.subtract(value, exact)
    np.abs(error, out=error)
    error *= power
    return error


def certify(
    name: str | Activation,
    folder: Path,
    progress: bool = True,
    chunks: Iterable[int] | None = None,
) -> dict:
    """Look at every float32 input of one activation and write what was found.

    Parameters
    ----------
    name : str or Activation
    folder : Path
        Gets ``NAME.json``, the certificate, and while it is being made ``NAME.state.json``,
        saved after each chunk; a second call goes on from there. A state of other code, of
        another NumPy or another machine is not continued.
    progress : bool
        Show a progress bar on stderr.
    chunks : iterable of int, optional
        Only these of the 256 equal parts of the bit patterns (for a trial; the record then says
        that it is not complete). The parts 128 to 255 are the negative numbers; for an odd
        function each positive part covers its mirror image, so 0 to 127 are all.

    Returns
    -------
    dict
        The certificate: inputs, largest error in ULP and where, whether it keeps the stated
        bound, falls, inputs that are not odd, out of range, NaN lost or made, seconds,
        provenance.

    Raises
    ------
    ValueError
        For an unknown activation or a chunk that does not exist.
    """
    entry = get_activation(name)
    everything = range(CHUNKS // 2 if entry.odd else CHUNKS)
    wanted = list(everything if chunks is None else chunks)
    if not set(wanted) <= set(everything):
        raise ValueError(f"expected chunks of {entry.name} from {everything}, got {wanted}")
    state_path = Path(folder) / f"{entry.name}.state.json"
    about = provenance(paths.root())
    state = _resume(state_path, _key(entry, about))
    left = [chunk for chunk in wanted if chunk not in state["done"]]
    bar = tqdm(left, desc=f"certify {entry.name}", unit="part", disable=not progress)
    for chunk in bar:
        start = time.perf_counter()
        _look_at(entry, chunk * CHUNK, state)
        state["seconds"] += time.perf_counter() - start
        state["done"].append(chunk)
        write_atomically(state_path, to_json(state))
    record = _certificate(entry, state, about)
    write_atomically(Path(folder) / f"{entry.name}.json", to_json(record))
    state_path.unlink(missing_ok=True)
    return record


def _look_at(entry: Activation, first: int, state: dict) -> None:
    """Add the inputs of one chunk to the state, block by block."""
    for base in range(first, first + CHUNK, _BLOCK):
        # One more input in front, to compare with; there is none before +0 and -0.
        lead = 0 if base % _SIGN == 0 else 1
        bits = np.arange(base - lead, base + _BLOCK, dtype=np.uint32)
        if base % _SIGN >= _INFINITY:
            numbers = bits[bits % np.uint32(_SIGN) <= _INFINITY]
            nans = bits[max(len(numbers), lead) :]
            _check_nan(entry, nans, state)
            if len(numbers) > lead:
                _check_infinity(entry, numbers[-1:], state)
                _check_numbers(entry, numbers, lead, state, measure=False)
        else:
            _check_numbers(entry, bits, lead, state)


def _check_numbers(entry, bits, lead, state, measure=True) -> None:
    """Check order, oddness, range, and (``measure``) the error of consecutive inputs."""
    x = bits.view(np.float32)
    low, high = entry.domain["float32"]
    inside = (x >= low) & (x <= high)
    if not inside.all():
        bits, x = bits[inside], x[inside]
    if len(x) <= lead:
        return
    y = entry.value(x)
    counts = state["counts"]
    counts["inputs"] += _sides(entry) * (len(x) - lead)
    if entry.odd:
        mirrored = np.negative(entry.value(-x)).view(np.uint32)
        counts["not_odd"] += 2 * int(np.count_nonzero((mirrored != y.view(np.uint32))[lead:]))
    least, most = (np.float32(end) for end in entry.range)
    outside = (y < least) | (y > most) | np.isnan(y)
    counts["out_of_range"] += _sides(entry) * int(np.count_nonzero(outside[lead:]))
    before, after = (y[1:], y[:-1]) if bits[0] >= _SIGN else (y[:-1], y[1:])
    fell = before > after
    falls = int(np.count_nonzero(fell))
    if falls:
        counts["falls"] += _sides(entry) * falls
        depth = ulp_error(after[fell], before[fell].astype(np.float64))
        _keep_worst(state, "fall_ulp", depth, bits[1:][fell])
    if measure:
        _measure(entry, bits[lead:], x[lead:], y[lead:], state)


def _measure(entry, bits, x, y, state) -> None:
    """Compare values with the float64 oracle."""
    wide = x.astype(np.float64)
    exact = entry.value(wide)
    error = ulp_error(y, exact)
    state["counts"]["not_nearest"] += _sides(entry) * int(np.count_nonzero(error > 0.5))
    _keep_worst(state, "ulp", error, bits)
    if entry.approximates:
        target = get_activation(entry.approximates).value(wide)
        _keep_worst(state, "error", np.abs(y - target), bits)


def _check_infinity(entry, bits, state) -> None:
    """Compare the value at infinity with the limit that float64 gives."""
    x = bits.view(np.float32)
    if entry.domain["float32"][1] < np.inf:
        return
    value, exact = entry.value(x), entry.value(x.astype(np.float64))
    error = np.zeros(1) if value[0] == exact[0] else ulp_error(value, exact)
    _keep_worst(state, "ulp", error, bits)


def _check_nan(entry, bits, state) -> None:
    """Check that NaN of either sign stays NaN."""
    lost = int(np.count_nonzero(~np.isnan(entry.value(bits.view(np.float32)))))
    state["counts"]["inputs"] += _sides(entry) * len(bits)
    state["counts"]["wrong_nan"] += _sides(entry) * lost


def _sides(entry) -> int:
    """Return how many inputs one bit pattern stands for: an odd function is its mirror image."""
    return 2 if entry.odd else 1


def _keep_worst(state: dict, what: str, values: np.ndarray, bits: np.ndarray) -> None:
    place = int(values.argmax())
    if not values[place] <= state["worst"][what][0]:
        # a value that is NaN or infinite where it should not be has no finite error
        size = float(values[place]) if np.isfinite(values[place]) else float(np.finfo(float).max)
        state["worst"][what] = [size, int(bits[place])]


def _key(entry: Activation, about: dict) -> str:
    """Return what a half-made certificate depends on: definitions, NumPy, processor."""
    definition = digest_of(entry.noted_as)
    return f"{definition}, {dict(entry.parameters)}, {about['numpy']}, {about['machine']}"


def _resume(path: Path, key: str) -> dict:
    """Return a state that was saved for this key, else a new one; a broken file is named."""
    new = {
        "key": key,
        "done": [],
        "seconds": 0.0,
        "counts": dict.fromkeys(_COUNTS, 0),
        "worst": {what: [0.0, 0] for what in _WORST},
    }
    if not path.is_file():
        return new
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        whole = state.keys() == new.keys() and all(
            state[part].keys() == new[part].keys() for part in ("counts", "worst")
        )
    except (OSError, ValueError, RecursionError, AttributeError):
        whole = False
    if not whole:
        LOGGER.warning("%s is broken: this certificate is begun anew", path)
        return new
    return state if state["key"] == key else new


def _certificate(entry: Activation, state: dict, about: dict) -> dict:
    """Return the record that is published."""
    (ulp, ulp_bits), (fall, fall_bits), (error, error_bits) = (state["worst"][w] for w in _WORST)
    counts = state["counts"]
    stated = float(entry.ulp["float32"])
    record = {
        "name": entry.name,
        "description": entry.description,
        "parameters": dict(entry.parameters),
        "dtype": "float32",
        "definitions": digest_of(entry.noted_as),
        "complete": len(state["done"]) == (CHUNKS // 2 if entry.odd else CHUNKS),
        "inputs": counts["inputs"],
        "max_ulp": ulp,
        "max_ulp_at": _number(ulp_bits),
        "stated_ulp": stated,
        "keeps_stated_ulp": ulp <= stated,
        "not_nearest": counts["not_nearest"],
        "falls": counts["falls"],
        "max_fall_ulp": fall,
        "max_fall_at": _number(fall_bits),
        "odd": entry.odd,
        "not_odd": counts["not_odd"],
        "out_of_range": counts["out_of_range"],
        "wrong_nan": counts["wrong_nan"],
        "seconds": round(state["seconds"], 1),
        "provenance": about,
    }
    if entry.approximates:
        record |= {
            "approximates": entry.approximates,
            "max_error": error,
            "max_error_at": _number(error_bits),
            "stated_error": entry.error,
        }
    return record


def _number(bits: int) -> float | str:
    """Return the input of a bit pattern; an infinite one as text, for JSON."""
    number = float(np.array(bits, np.uint32).view(np.float32))
    return number if np.isfinite(number) else str(number)
