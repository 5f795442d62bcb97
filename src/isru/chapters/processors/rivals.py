"""ISRU and its gate against the best rival, in a vector loop and in whole steps.

A rival's grade says what it can stand in for:

======= =====================================================================================
exact   within a few units of rounding of tanh (of the logistic function): any network keeps
        its outputs
drop_in at most half a step of an 8-bit number away: a trained network may take it as it is
any     anything a network can be trained with
======= =====================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from isru.activations import ACTIVATIONS
from isru.bench import Arm, per_call, ratio
from isru.bench.c_loops import REPEATED, build_forms, c_compiler
from isru.bench.rivals import put_in
from isru.chapters.processors.gather import COSTS, STEPS, this_machine
from isru.lstm import LSTMNetwork
from isru.stats import Interval, direction, groups
from isru.studies.savings import NOT_TIMED, percent_saved
from isru.studies.timed_steps import forecast_arrays, step_call

CLOCK = "cpu_seconds"  # every arm computes on one thread and waits for nothing
SIZE = 10_000  # both arrays stay in the second cache
HALF_A_STEP = 1 / 256  # of an 8-bit number between -1 and 1
COST = {"cost": {"low": "low", "high": "high", "unit_from": "unit"}}
BEST_COLUMNS = {
    "against": {"label": "Rival's grade"},
    "rival": {"label": "Fastest rival"},
    "ratio": {"label": "Its time over that of the variant", "low": "low", "high": "high"},
}
STEP_COLUMNS = COST | {
    "saving": {"unit": "%", "low": "saving_low", "high": "saving_high"},
    "saving_best": {
        "label": "Saved of a step with the best tanh",
        "unit": "%",
        "low": "saving_best_low",
        "high": "saving_best_high",
    },
}
"""What the tables of these rows are recorded with."""
GRADES = ("exact", "drop_in", "any")
OURS = ("isru", "isru_plain", "isru_estimate", "isru_sigmoid")
RIVALS = {
    "tanh": (
        *("tanh", "tanh_fraction", "tanh_numpy", "rational_tanh", "table_tanh"),
        *("isru_quintic", "ladder2", "softsign", "clipped_parabola", "hard_tanh"),
    ),
    "sigmoid": (
        *("sigmoid", "sigmoid_fraction", "ladder2_sigmoid"),
        *("clipped_parabola_sigmoid", "hard_sigmoid"),
    ),
}
"""What may stand in the place of ISRU and of its gate; the frontier's formulas are among them."""
FEATURES, TIME_STEPS = 10, 24
STEP_ARMS = {
    "tanh": ("tanh", "sigmoid"),
    "tanh_again": ("tanh", "sigmoid"),
    "tanh_fraction": ("tanh", "sigmoid"),
    "isru": ("isru", "sigmoid"),
    "isru_fraction": ("isru", "sigmoid"),
    "exp_free": ("isru", "isru_sigmoid"),
    "hard": ("hard_tanh", "hard_sigmoid"),
}
"""Of each arm of a step its activation and its gates; "fraction": these by the fraction."""
BEST = "tanh_fraction"
_ENDS = ["cost", "low", "high"]


def bare_library() -> str:
    """Return the compiled C loops of bare operations, or "" where there is no C compiler."""
    return build_forms()["simd"] if c_compiler() else ""


def cost_arms(library: str = "") -> list[Arm]:
    """Return the arms of a vector loop; ``identity`` is a copy, the least of any function.

    Parameters
    ----------
    library : str
        From `bare_library`: with it bare roots, divisions and multiply-adds are timed, too.
    """
    names = [*OURS, *RIVALS["tanh"], *RIVALS["sigmoid"], "identity"]
    arms = [Arm(name, *_factory(name)) for name in names]
    arms.append(Arm("tanh_again", *_factory("tanh")))
    if library:
        arms += [
            Arm(label, "isru.bench.c_loops:c_loop", {"name": name, "library": library})
            for name, (label, _) in REPEATED.items()
        ]
    return arms


def _factory(name: str) -> tuple[str, dict]:
    if name == "tanh_numpy":
        return "isru.bench.activation_arms:numpy_calls", {"form": "tanh"}
    if name == "isru_estimate":
        return "isru.bench.form_arms:compiled", {"name": "isru", "form": "fast"}
    return "isru.bench.rivals:looped", {"name": name}


def cost_cases() -> list[dict]:
    """Return the cases: typical numbers in both types."""
    return [{"size": SIZE, "dtype": dtype, "input": "typical"} for dtype in ("float32", "float64")]


def cost_rows(samples: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return what an element costs: platform, group, form, dtype, arm, cost, low, high, unit.

    Parameters
    ----------
    samples : pandas.DataFrame
        `isru.bench.measure` of `cost_arms` and `cost_cases`.
    rng : numpy.random.Generator
        For the bootstrap over processes.
    """
    times = _times(samples, rng)
    count = times["arm"].map(dict(REPEATED.values())).fillna(1)
    times[_ENDS] = times[_ENDS].mul(1e9 / (times["size"] * count), axis=0)
    return times.assign(form="vector", unit="ns")[COSTS]


def grade(name: str) -> str:
    """Return what a rival can stand in for: one of `GRADES`."""
    target = "tanh" if name in RIVALS["tanh"] else "sigmoid"
    if name == target or name.endswith(("_fraction", "_numpy")):
        return "exact"
    x = np.linspace(-20, 20, 8001)
    distance = np.abs(ACTIVATIONS[name].value(x) - ACTIVATIONS[target].value(x)).max()
    return "drop_in" if distance <= HALF_A_STEP else "any"


def best_rows(samples: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return ISRU and its gate over the fastest rival of each grade, or of a better one.

    Choosing the fastest of several lowers its time a little, where they are about equally fast.

    Returns
    -------
    pandas.DataFrame
        Columns dtype, arm, against (a grade), rival, ratio (t_rival / t_arm, above 1 the arm is
        the faster one), low, high, direction.
    """
    rows = []
    for case, part in groups(samples, ["dtype"], sort=False):
        medians = part.groupby("arm")[CLOCK].median()
        for arm in OURS:
            names = RIVALS["sigmoid" if arm.endswith("sigmoid") else "tanh"]
            for place, against in enumerate(GRADES):
                allowed = [name for name in names if grade(name) in GRADES[: place + 1]]
                rival = min(allowed, key=medians.__getitem__)
                found = ratio(part, rival, arm, clock=CLOCK, rng=rng)
                about = {"arm": arm, "against": against, "rival": rival}
                about |= found.columns("ratio") | {"direction": direction(found)}
                rows.append(case | about)
    return pd.DataFrame(rows)


def step_arms() -> list[Arm]:
    """Return the arms of whole steps of the compiled engine."""
    return [
        Arm(name, "isru.chapters.processors.rivals:setup_step", {"arm": name}) for name in STEP_ARMS
    ]


def step_cases(units: Sequence[int]) -> list[dict]:
    """Return the cases: predict and train, one sequence and 32 at a time, for each size."""
    return [
        {"step": step, "batch": batch, "units": count}
        for step in ("predict", "train")
        for batch in (1, 32)
        for count in units
    ]


def setup_step(
    *, rng: np.random.Generator, step: str, batch: int, units: int, arm: str
) -> Callable[[], object]:
    """Return a call that makes one step of a compiled forecaster over a window of 24 hours."""
    activation, gates = STEP_ARMS[arm]
    network = LSTMNetwork(
        FEATURES,
        units,
        1,
        activation=activation,
        recurrent_activation=gates,
        dtype="float32",
        engine="numba",
        rng=rng,
    )
    if arm.endswith("_fraction"):
        put_in(network, gates_alone=activation != "tanh")
    return step_call(network, step, *forecast_arrays(network, rng, batch, TIME_STEPS))


def step_rows(samples: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return what steps take and what each arm saves of them.

    Parameters
    ----------
    samples : pandas.DataFrame
        `isru.bench.measure` of `step_arms` and `step_cases`.
    rng : numpy.random.Generator
        For the bootstrap over processes.

    Returns
    -------
    pandas.DataFrame
        Columns platform, group, program, phase, batch, features, units, arm; ``cost``, low, high
        in ms; ``saving`` in % of the time with the program's own tanh; ``saving_best`` in % of
        that with the best rival, for the arms that have nothing of the slow tanh: their ends in
        ``_low`` and ``_high``.
    """
    times = _times(samples, rng)
    times[_ENDS] *= 1e3
    saved = pd.DataFrame(_saved(samples, rng))
    rows = times.merge(saved, on=["step", "batch", "units", "arm"], validate="one_to_one")
    rows = rows.rename(columns={"step": "phase"})
    rows = rows.assign(program="numba", features=FEATURES, unit="ms")
    return rows[[*STEPS, *(name for name in saved if name.startswith("saving_best"))]]


def _times(samples: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return what a call of each arm takes on this machine: ``cost`` with ``low``, ``high``, s."""
    times = per_call(samples, clock=CLOCK, rng=rng).rename(columns={"seconds": "cost"})
    times = times[times["arm"] != "tanh_again"].reset_index(drop=True)
    return times.assign(platform=this_machine(), group="measured")


def _saved(samples: pd.DataFrame, rng: np.random.Generator) -> Iterator[dict]:
    for case, part in groups(samples, ["step", "batch", "units"], sort=False):
        for arm in STEP_ARMS:
            if arm == "tanh_again":
                continue
            own = _saving(part, "tanh", arm, rng)
            best = NOT_TIMED if arm in ("tanh", "isru") else _saving(part, BEST, arm, rng)
            saved = own.columns("saving", "saving_") | best.columns("saving_best", "saving_best_")
            yield case | {"arm": arm} | saved


def _saving(part: pd.DataFrame, before: str, arm: str, rng: np.random.Generator) -> Interval:
    if before == arm:
        return Interval(0.0, 0.0, 0.0)
    return percent_saved(ratio(part, before, arm, clock=CLOCK, rng=rng))
