"""The timing protocol: interleaved arms in fresh processes, raw values kept, nothing subtracted.

Not here: what is timed for one chapter alone, and any verdict on a time.

`measure` times `Arm` objects over cases and returns every sample; `ratio`, `ratios`, `floor` and
`per_call` derive summaries; `problems` says what is wrong with a measurement;
`machine_metadata` describes the machine without naming its user or itself.

References
----------
Georges et al. 2007, DOI 10.1145/1297027.1297033; Kalibera & Jones 2013,
DOI 10.1145/2464157.2464160; Hoefler & Belli 2015, DOI 10.1145/2807591.2807644.
"""

from importlib import import_module

# Imported on first use: a worker process, which imports this package too, stays small.
_HOMES = {
    "Arm": "isru.bench.protocol",
    "WorkerError": "isru.bench.protocol",
    "measure": "isru.bench.protocol",
    "case_columns": "isru.bench.summary",
    "floor": "isru.bench.summary",
    "per_call": "isru.bench.summary",
    "problems": "isru.bench.summary",
    "ratio": "isru.bench.summary",
    "ratios": "isru.bench.summary",
    "machine_metadata": "isru.bench.machine",
}
__all__ = list(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
