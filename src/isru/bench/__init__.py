"""The timing protocol: interleaved arms in fresh processes, raw values kept, nothing subtracted.

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
    "Arm": "protocol",
    "WorkerError": "protocol",
    "measure": "protocol",
    "case_columns": "summary",
    "floor": "summary",
    "per_call": "summary",
    "problems": "summary",
    "ratio": "summary",
    "ratios": "summary",
    "machine_metadata": "machine",
}
__all__ = list(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
