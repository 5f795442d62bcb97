"""What a window of the character model costs, forward, backward and update, and what ISRU saves.

The factories follow `isru.bench`: everything is prepared outside, the returned call is timed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from isru.bench import Arm
from isru.lstm import Adam, LSTMNetwork, train_step
from isru.studies.savings import savings
from isru.studies.timed_steps import setup_activations

CLOCK = "cpu_seconds"
# Forward; forward and backward; these, clipping and Adam. Each is timed as a whole.
STEPS = ("predict", "gradient", "train")
_HERE = "isru.chapters.characters.steps"
_CLIP_NORM = 5.0
# So small that thousands of timed updates leave the network where it started.
_LEARNING_RATE = 1e-6


def setup_window(
    *,
    rng: np.random.Generator,
    framework: str,
    engine: str,
    layers: int,
    units: int,
    step: str,
    batch: int,
    activation: str,
    symbols: int,
    window: int,
) -> Callable[[], object]:
    """Return a call that takes a character model through a window, from the zero state.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws weights and text.
    framework : {"numpy"}
        From scratch; the engine says which of ours.
    engine : {"numpy", "numba"}
    layers, units : int
    step : {"predict", "gradient", "train"}
        See `STEPS`.
    batch, window, symbols : int
        B, T, and the size of the alphabet.
    activation : str
        Of candidate and output; the gates are logistic.

    Raises
    ------
    ValueError
        For an unknown step, and as `isru.lstm.LSTMNetwork`.
    """
    if step not in STEPS:
        raise ValueError(f"step: expected one of {STEPS}, got {step!r}")
    network = LSTMNetwork(
        symbols,
        [units] * layers,
        symbols,
        activation=activation,
        return_sequences=True,
        engine=engine,
        rng=rng,
    )
    x, target = rng.integers(0, symbols, (2, batch, window))
    if step == "predict":
        return lambda: network.forward(x)
    if step == "gradient":
        return lambda: network.backpropagate(x, target, "cross_entropy")
    optimizer = Adam(_LEARNING_RATE)
    return lambda: train_step(network, optimizer, x, target, "cross_entropy", clip_norm=_CLIP_NORM)


def setup_calls(
    *,
    rng: np.random.Generator,
    framework: str,
    engine: str,
    layers: int,
    units: int,
    step: str,
    batch: int,
    activation: str,
    symbols: int,
    window: int,
) -> Callable[[], object]:
    """Return a call of a window's candidate and output activations, and no more.

    As often, and on arrays of the same shape, as `setup_window` makes it; with a backward pass
    also their derivatives. Parameters as there.
    """
    step = "predict" if step == "predict" else "train"
    sizes = {"units": units, "batch": batch, "step": step, "steps": layers * window}
    return setup_activations(rng=rng, activation=activation, framework=engine, **sizes)


def window_arms(symbols: int, window: int) -> list[Arm]:
    """Return the arms: the window with tanh, tanh again, ISRU, plain ISRU; activations alone."""
    text = {"symbols": symbols, "window": window}
    names = {"tanh": "tanh", "tanh_again": "tanh", "isru": "isru", "plain": "isru_plain"}
    arms = [
        Arm(label, f"{_HERE}:setup_window", {"activation": name, **text})
        for label, name in names.items()
    ]
    return arms + [
        Arm(f"{name}_calls", f"{_HERE}:setup_calls", {"activation": name, **text})
        for name in ("tanh", "isru")
    ]


def window_cases(
    engines: Sequence[str], layers: Sequence[int], units: Sequence[int], batch: int = 1
) -> list[dict]:
    """Return the cases: every step of every engine, depth and size."""
    return [
        {"framework": "numpy", "engine": engine, "layers": depth}
        | {"step": step, "batch": batch, "units": width}
        for engine in engines
        for depth in layers
        for width in units
        for step in STEPS
    ]


def window_savings(samples: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return what ISRU saves of each window, by engine and depth: see `savings`.

    Parameters
    ----------
    samples : pandas.DataFrame
        Of `isru.bench.measure` with `window_arms` and `window_cases`.
    rng : numpy.random.Generator
        For the bootstrap over processes.

    Returns
    -------
    pandas.DataFrame
        The columns of `savings`, with engine and layers.
    """
    parts = [
        savings(part, rng=rng).assign(engine=engine, layers=int(depth))
        for (engine, depth), part in samples.groupby(["engine", "layers"], sort=False)
    ]
    return pd.concat(parts, ignore_index=True)


def phases(samples: pd.DataFrame) -> pd.DataFrame:
    """Return where a window's time goes: forward, backward, and clipping with Adam, in ms.

    The backward pass cannot be run without a forward pass, nor an update without both: it is the
    difference of two timed wholes, of their medians over processes, as is the update.

    Parameters
    ----------
    samples : pandas.DataFrame
        As for `window_savings`.

    Returns
    -------
    pandas.DataFrame
        Columns engine, layers, units, arm ("tanh" or "isru"), forward, backward, update.
    """
    keys = ["engine", "layers", "units", "arm"]
    arms = samples[samples["arm"].isin(["tanh", "isru"])]
    medians = arms.groupby([*keys, "step", "process"])[CLOCK].median()
    whole = 1e3 * medians.groupby([*keys, "step"]).median().unstack("step")
    table = pd.DataFrame(
        {
            "forward": whole["predict"],
            "backward": whole["gradient"] - whole["predict"],
            "update": whole["train"] - whole["gradient"],
        }
    )
    return table.reset_index()
