"""One-off: carry the certificates over to activations that have a file each.

A certificate holds for the code that its hash names. That code was cut into one file an
activation, and no statement of `value` was changed. This script shows it: the old code, by whose
hash the certificates were made, and the present one give equal bits, and then the records name the
hash of the activation's own file, and say what they were carried over from::

    git archive a4fb192 src/isru | tar x -C build/old
    python migrations/carry_certificates.py build/old/src

Compared are float32 inputs and the same ones in float64, which a certificate takes as exact: every
997th bit pattern of all, both ends of every binade with their neighbours, the numbers around every
place where a function changes its formula, infinities and NaN.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

STRIDE = 997
_BENDS = (1.0, 3.0, 3.646738595329644, 6.0, 8.0, *(k / 32 for k in range(257)))
_CLAMPS = [2.0**power for power in (-64, -33, -32, -31, 12, 59, 60, 61, 62, 63, 64)]
_PATTERNS_AT_ONCE = 1 << 20


def inputs(stride: int = STRIDE) -> np.ndarray:
    """Return the bit patterns that are compared."""
    ends = np.arange(0, 256, dtype=np.int64) << 23
    bends = np.array([*_BENDS, *_CLAMPS], np.float32).view(np.uint32).astype(np.int64)
    near = np.concatenate([ends, bends])[:, None] + np.arange(-4, 5)
    near = near[(near >= 0) & (near < 1 << 31)]
    chosen = [np.arange(0, 1 << 32, stride, dtype=np.int64), near, near + (1 << 31)]
    return np.concatenate(chosen).astype(np.uint32)


def fingerprints(stride: int = STRIDE) -> dict[str, str]:
    """Return a hash of every activation's values at `inputs`."""
    from isru.activations import ACTIVATIONS

    bits, found = inputs(stride), {}
    for name, entry in ACTIVATIONS.items():
        digest = hashlib.sha256()
        for start in range(0, len(bits), _PATTERNS_AT_ONCE):
            x = bits[start : start + _PATTERNS_AT_ONCE].view(np.float32)
            with np.errstate(all="ignore"):
                wide = x.astype(np.float64)
            for y in (entry.value(x), entry.value(wide)):
                digest.update(y.tobytes())
        found[name] = digest.hexdigest()
    return found


def old_definitions(source: Path) -> str:
    """Return the hash by which the old code named itself: of all files of the activations."""
    digest = hashlib.sha256()
    for path in sorted((source / "isru" / "activations").glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def carried(record: dict, definitions: str, old: str, before: str, after: str, count: int) -> dict:
    """Return a record that names the present code.

    Raises
    ------
    ValueError
        If the record is not of the old code, or the two codes differ in a bit.
    """
    first = record.get("carried", {"from": record["definitions"]})["from"]
    if first != old:
        raise ValueError(f"{record['name']}: expected a certificate of {old}, got {first}")
    if before != after:
        raise ValueError(f"{record['name']}: expected equal bits from both codes, got others")
    checked = f"value() gives equal bits at {count} inputs in float32 and in float64"
    return record | {"definitions": definitions, "carried": {"from": old, "checked": checked}}


def main() -> None:
    """Compare the codes and write the records."""
    from isru import paths
    from isru.activations import ACTIVATIONS
    from isru.closure import present_digest
    from isru.records import to_json, write_atomically

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("old_source", type=Path, help="folder that holds the old package isru")
    source = parser.parse_args().old_source.resolve()
    code = "import carry_certificates, json; print(json.dumps(carry_certificates.fingerprints()))"
    places = os.pathsep.join([str(source), str(Path(__file__).parent)])
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": places}, capture_output=True, check=True
    )
    before, after, old = json.loads(done.stdout), fingerprints(), old_definitions(source)
    count = len(inputs())
    for path in sorted((paths.root() / "data" / "certificates").glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        name = record["name"]
        definitions = present_digest(ACTIVATIONS[name].noted_as)
        new = carried(record, definitions, old, before[name], after[name], count)
        write_atomically(path, to_json(new))


if __name__ == "__main__":
    main()
