"""Keras with ISRU: does a model survive saving, what does a step cost, which kernels are lost?

The timed network is the published one in kind, see `frameworks_setups`.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from isru.bench import Arm, measure, per_call
from isru.bench.worker import run_job
from isru.chapters.precision_threads_frameworks.frameworks_setups import (
    build_step,
    image_network,
    images,
)
from isru.chapters.precision_threads_frameworks.precision import library_savings
from isru.stats import Interval
from isru.studies.arms import ARMS

MODES = ("graph", "xla")
__all__ = [
    "MODES",
    "cudnn_conditions",
    "cudnn_support",
    "image_network",
    "images",
    "keras_arms",
    "keras_cases",
    "measure_here",
    "mode_savings",
    "round_trips",
    "start_seconds",
    "step_times",
]
CLOCK = "seconds"
_SETUPS = "isru.chapters.precision_threads_frameworks.frameworks_setups"


def keras_arms(modes: Sequence[str], *, layers: int, rows: int, columns: int) -> list[Arm]:
    """Return the arms: in each mode tanh twice, ISRU and their calls alone; beside them NumPy.

    Labels begin with the mode, as in ``"xla tanh"``: all modes are timed in turn in one process.
    """
    shape, arms = {"layers": layers, "rows": rows}, []
    names = {"tanh": "tanh", "tanh_again": "tanh", "isru": "isru"}
    for mode in modes:
        for label, name in names.items():
            step = shape | {"mode": mode, "activation": name, "columns": columns}
            arms.append(Arm(f"{mode} {label}", f"{_SETUPS}:setup_step", step))
        for name in ("tanh", "isru"):
            calls = shape | {"mode": mode, "activation": name}
            arms.append(Arm(f"{mode} {name}_calls", f"{_SETUPS}:setup_calls", calls))
    for name in ("tanh", "isru"):
        step = shape | {"mode": "numpy", "activation": name, "columns": columns}
        arms.append(Arm(f"numpy {name}", f"{_SETUPS}:setup_step", step))
    return arms


def keras_cases(units: Sequence[int], batch: int) -> list[dict]:
    """Return the cases: an update for each size."""
    return [{"framework": "keras", "step": "train", "batch": batch, "units": n} for n in units]


def measure_here(arms: Sequence[Arm], cases: Sequence[dict], *, fresh: bool, **protocol):
    """Measure as `isru.bench.measure` does, or for a first look in this process alone.

    Parameters
    ----------
    arms, cases, **protocol
        As for `isru.bench.measure`.
    fresh : bool
        Whether each process of the measurement is fresh. If not, there is only this one: nothing
        is said about how much processes differ.
    """
    if fresh:
        return measure(arms, cases, **protocol)
    known = {"seed": 0, "blocks": 5, "min_seconds": 1e-3}
    job = {key: protocol.get(key, value) for key, value in known.items()}
    listed = [{"label": a.label, "factory": a.factory, "arguments": a.arguments} for a in arms]
    job |= {"arms": listed, "cases": list(cases), "process": 0, "warmup": 1}
    rows = [
        {"process": 0, "block": block, "position": position, "arm": arms[arm].label}
        | cases[answer["case"]]
        | {"loops": loops, "seconds": seconds, "cpu_seconds": cpu_seconds}
        for answer in run_job(job)
        for block, position, arm, loops, seconds, cpu_seconds in answer["samples"]
    ]
    return pd.DataFrame(rows)


def mode_savings(samples: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return what ISRU saves of an update in each mode, beside what its calls predict.

    The columns of `precision.library_savings`, and ``mode``.
    """
    tables = []
    for mode in (name for name in MODES if samples["arm"].str.startswith(f"{name} ").any()):
        part = samples[samples["arm"].str.startswith(f"{mode} ")]
        part = part.assign(arm=part["arm"].str.removeprefix(f"{mode} "))
        tables.append(library_savings(part, rng=rng).assign(mode=mode))
    return pd.concat(tables)


def step_times(samples: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return ms per update with interval: columns mode, activation, units, ms, low, high."""
    kept = samples[samples["arm"].str.contains(r" (?:tanh|isru)$")]
    rows = []
    for row in per_call(kept, clock=CLOCK, rng=rng).itertuples():
        mode, activation = row.arm.split()
        found = Interval(row.seconds, row.low, row.high).map(lambda seconds: 1e3 * seconds)
        about = {"mode": mode, "activation": activation, "units": row.units}
        rows.append(about | found.columns("ms"))
    return pd.DataFrame(rows)


def start_seconds(mode: str, activation: str, **shape: int) -> dict[str, float]:
    """Return what the first update costs before it is one: s to build, and to trace and compile.

    Parameters
    ----------
    mode : {"graph", "xla"}
    activation : str
    **shape : int
        layers, units, rows, columns, batch.
    """
    from isru.keras_bridge import load_tensorflow
    from isru.keras_bridge.loading import error_stream_to_scratch

    tf = load_tensorflow()
    x, target = images(np.random.default_rng(0), shape["batch"], shape["rows"], shape["columns"])
    x, target = tf.constant(x), tf.constant(target)
    names = ("layers", "units", "rows", "columns", "batch")
    with error_stream_to_scratch():  # XLA tells of itself when it first compiles
        start = time.perf_counter()
        update = build_step(activation, *(shape[name] for name in names), mode)
        built = time.perf_counter()
        update(x, target).numpy()
        return {"build": built - start, "first": time.perf_counter() - built}


def round_trips(model, x, folder: str | Path) -> pd.DataFrame:
    """Save, load, clone and rebuild a Keras model; say how far its outputs move.

    Parameters
    ----------
    model : keras.Model
    x : array_like, shape (B, T, F)
    folder : str or Path
        For the saved file, which is removed again.

    Returns
    -------
    pandas.DataFrame
        way, activation (its class after the way), difference (largest, absolute).
    """
    import keras

    path = Path(folder) / "round-trip.keras"
    with warnings.catch_warnings():  # Keras's own way to read its variables
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        model.save(path)
        models = {"saved and loaded": keras.models.load_model(path)}
        path.unlink()
        models["cloned"] = keras.models.clone_model(model)
        models["rebuilt from its configuration"] = type(model).from_config(model.get_config())
        for way in ("cloned", "rebuilt from its configuration"):  # both make new weights
            models[way].set_weights(model.get_weights())
    expected, rows = model(x).numpy(), []
    for way, other in models.items():
        difference = np.abs(other(x).numpy() - expected).max()
        kind = type(other.layers[0].activation).__name__
        rows.append({"way": way, "activation": kind, "difference": float(difference)})
    return pd.DataFrame(rows)


def cudnn_conditions() -> list[str]:
    """Return the conditions of the fused GPU kernel, from the installed Keras's documentation.

    Raises
    ------
    ValueError
        If Keras no longer lists them; the message names the version.
    """
    from isru.keras_bridge import load_tensorflow

    load_tensorflow()
    import keras

    text = (keras.layers.LSTM.__doc__ or "").partition("cuDNN implementation are:")[2]
    found = re.findall(r"^\s*\d\. (.+)$", text, re.M)
    if not found:
        raise ValueError(
            f"expected a numbered list of cuDNN's requirements in keras.layers.LSTM of Keras "
            f"{keras.__version__}, found none: read its documentation"
        )
    return found


def cudnn_support() -> pd.DataFrame:
    """Return which activations leave the fused GPU kernel open, by its first two conditions.

    Columns activation, recurrent_activation, ``fused``: whether they are Keras's own tanh and
    sigmoid. The other conditions (no recurrent dropout, no unrolling, a bias) do not depend on
    the activation.
    """
    from isru.keras_bridge import keras_activation, load_tensorflow

    load_tensorflow()
    import keras

    rows = []
    for arm in (ARMS[name] for name in ("tanh", "isru", "exp_free")):
        names = arm.activation, arm.gates
        functions = [keras_activation(name) for name in names]
        own = functions[0] is keras.activations.tanh and functions[1] is keras.activations.sigmoid
        rows.append({"activation": names[0], "recurrent_activation": names[1], "fused": own})
    return pd.DataFrame(rows)
