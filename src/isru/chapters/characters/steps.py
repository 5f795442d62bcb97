"""What a window of the character model costs, forward, backward and update, and what ISRU saves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from isru.bench import Arm
from isru.studies.savings import savings
from isru.studies.timed_steps import STEPS, step_arms

CLOCK = "cpu_seconds"


def window_arms(symbols: int, window: int) -> list[Arm]:
    """Return the arms: the window with tanh, tanh again, ISRU, plain ISRU; activations alone."""
    return step_arms(window, text=True, features=symbols)


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
