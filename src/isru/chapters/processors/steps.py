"""What the rule says of a whole step, beside what was found, and the constants of "Your case"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from isru.chapters.processors.gather import STARTED
from isru.chapters.processors.rule import (
    GIVEN,
    OWN,
    PREDICTED,
    SOLVED,
    Case,
    Rule,
    Units,
    agreed,
    cases,
    fit,
    processor,
    units_of,
    works,
)
from isru.cost import layer_count

FORMS = {
    "firmware": "call",
    "export_c": "call",
    "plain_c": "call",
    "browser": "call",
    "numba": "vector",
    "numpy": "numpy",
}
"""How a program computes its activations; Keras does it in a graph, which no rule here knows."""
PROGRAMS = {
    **{name: name for name in ("numpy", "numba", "keras", "plain_c")},
    "export_c": "c",
}
"""What "Your case" calls the programs of the machine that measured, in the form's order."""
CORES = {
    "Cortex-M4F": "m4f",
    "Cortex-M33": "m33",
    "Cortex-M7": "m7",
    "Cortex-M0+": "m0plus",
    "RV32IMFC": "rv32imfc",
    "RV32IMC": "rv32imc",
}
"""What it calls the emulated cores, each of which runs firmware."""
ARMS = {
    "isru": ("isru", "sigmoid"),
    "isru_plain": ("isru", "sigmoid"),
    "exp_free": ("isru", "isru_sigmoid"),
    "hard": ("hard_tanh", "hard_sigmoid"),
    "softsign": ("softsign", "softsign_sigmoid"),
    "rational": ("rational_tanh", "rational_sigmoid"),
    "table": ("table_tanh", "table_sigmoid"),
    "polynomial": ("polynomial_tanh", "polynomial_sigmoid"),
}
"""What an arm's step calls in place of tanh and of the logistic function."""
_TIMED = ["platform", "group", "program", "phase", "batch"]
_CASE = ["call", "neuron", "weight", "mac"]
_FEWEST = 3  # sizes, or four constants fit anything


def held_steps(
    steps: pd.DataFrame,
    costs: pd.DataFrame,
    stands_in: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return what the rule and Amdahl's law say that a step saves, beside what was found.

    A step with tanh has 2 N calls of tanh and 3 N of the logistic function for each sequence; its
    time and that of one call of ISRU are taken as found, the other calls from the rule. A call of
    which the rule does not speak (a table, the compiled tanh, all of a core without units) is
    taken as found, too, and the row says so; so is what a NumPy call takes to start, of which
    there are two a step. NumPy's step is predicted for plain ISRU: the library's own, right for
    every input, is more calls.

    Parameters
    ----------
    steps, costs : pandas.DataFrame
        See `isru.chapters.processors.gather`; costs and calls of one platform in one unit.
    stands_in : mapping of str to str, optional
        See `isru.chapters.processors.rule.cases`.

    Returns
    -------
    pandas.DataFrame
        Columns platform, group, program, phase, batch, units, arm; ``calls``, `PREDICTED` or
        `GIVEN`; ``found``, ``predicted`` and ``unseen`` in per cent of tanh's time, ``unseen`` by a
        rule fitted to the other platforms; ``error`` and ``unseen_error``, of the arm's time in
        per cent, and ``trivial_error``, of the prediction that nothing is saved.
    """
    compared = cases(costs, stands_in)
    rules = {
        name: fit([c for c in compared if processor(c.platform) != processor(name)])
        for name in set(steps["platform"])
    }
    whole, units, known = fit(compared), units_of(costs), {}
    rows = []
    for about, part in steps.groupby([*_TIMED, "units"], sort=False):
        platform, group, program, *_ = about
        key = (platform, FORMS.get(program, ""), "float32")
        if key not in known:
            core = (stands_in or {}).get(platform, platform)
            known[key] = _Calls(costs, group, key, units.get(key, units.get((core, *key[1:]))))
        calls = known[key]
        if np.isnan(calls.own):
            continue
        tanh = part.loc[part["arm"] == "tanh", "cost"].iloc[0]
        wanted = ["isru_plain"] if program == "numpy" else list(ARMS)
        for row in part[part["arm"].isin(wanted)].itertuples():
            said = [calls.saved(rule, row) / tanh for rule in (whole, rules[platform])]
            if np.isnan(said).any():
                continue
            errors = [100 * ((1 - one) * tanh / row.cost - 1) for one in (*said, 0)]
            values = (row.saving, 100 * said[0], errors[0], 100 * said[1], *errors[1:])
            rows.append((*about, row.arm, calls.told(rules[platform], row.arm), *values))
    columns = [*_TIMED, "units", "arm", "calls", "found", "predicted", "error"]
    columns += ["unseen", "unseen_error", "trivial_error"]
    return agreed(pd.DataFrame(rows, columns=columns))


class _Calls:
    """The calls of one platform in one form: by the rule where it speaks, else as found."""

    def __init__(self, costs: pd.DataFrame, group: str, key: tuple, units: Units | None):
        platform, form, dtype = key
        rows = costs[
            (costs["platform"] == platform) & (costs["form"] == form) & (costs["dtype"] == dtype)
        ]
        self.found = rows.drop_duplicates("arm").set_index("arm")["cost"].dropna()
        name = next((name for name in OWN if name in self.found), None)
        self.own = np.nan if name is None else float(self.found[name])
        isru = works()["isru"]
        self.case = Case(platform, group, form, dtype, "", np.nan, None, isru, units)
        starts = [self.found.get(f"{arm}{STARTED}", 0.0) for arm in ("tanh", "isru_plain")]
        self.started = float(starts[0] - starts[1])

    def predicted(self, rule: Rule, arm: str) -> float:
        """Return the time of a call by the rule, NaN where it does not speak of it."""
        return rule.ratio(replace(self.case, arm=arm, done=works().get(arm))) * self.own

    def cost(self, rule: Rule, arm: str) -> float:
        """Return the time of a call, in the unit of the costs."""
        if self._is_unit(arm):
            return float(self.found.get(arm, self.own))
        said = self.predicted(rule, arm)
        return float(self.found.get(arm, np.nan) if np.isnan(said) else said)

    def told(self, rule: Rule, arm: str) -> str:
        """Return whether the rule tells all calls that an arm replaces or makes."""
        activation, gate = ARMS[arm]
        calls = ["tanh", activation, *(["sigmoid", gate] if gate != "sigmoid" else [])]
        said = [self.predicted(rule, one) for one in calls if not self._is_unit(one)]
        return GIVEN if np.isnan(said).any() else PREDICTED

    def _is_unit(self, arm: str) -> bool:
        """Tell whether a call is one from which the others follow."""
        return arm == "isru" or (arm in SOLVED and arm in self.found)

    def saved(self, rule: Rule, row) -> float:
        """Return what the arm of a row saves of a time step."""
        activation, gate = ARMS[row.arm]
        saved = 2 * (self.cost(rule, "tanh") - self.cost(rule, activation))
        if gate != "sigmoid":
            saved += 3 * (self.cost(rule, "sigmoid") - self.cost(rule, gate))
        return row.batch * row.units * saved + 2 * self.started


def case_constants(steps: pd.DataFrame, machine: str, timed_on: str) -> pd.DataFrame:
    """Return the constants of "Your case": what a time step of any size takes, and what is saved.

    For B sequences of F features and N units, with M the multiply-accumulates of
    `isru.cost.layer_count`, a step with tanh takes

        call + neuron B N + weight M + mac B M

    none negative, and an arm saves ``saved_call + saved_neuron B N`` of it. Both are least squares
    of relative errors.

    Parameters
    ----------
    steps : pandas.DataFrame
    machine, timed_on : str
        The platform that compiled the C, and the one that timed the forecaster.

    Returns
    -------
    pandas.DataFrame
        Columns platform, group, phase, arm, unit; the six constants; ``error``, the form's
        largest miss of a saving in percentage points; ``cases``, ``units_low``, ``units_high``,
        ``batch_high``, ``features``. A platform of fewer than three sizes has no row.
    """
    names = {
        (machine if program.endswith("_c") else timed_on, program): name
        for program, name in PROGRAMS.items()
    }
    names |= {(core, "firmware"): name for core, name in CORES.items()}
    rows = []
    for (platform, program), name in names.items():
        own = steps[(steps["platform"] == platform) & (steps["program"] == program)]
        for phase, part in own.groupby("phase", sort=False):
            for arm in ("isru", "exp_free"):
                row = _constants(part, arm)
                if row:
                    about = {"platform": name, "group": part["group"].iloc[0], "phase": phase}
                    rows.append({**about, "arm": arm, "unit": part["unit"].iloc[0], **row})
    return pd.DataFrame(rows)


def _constants(part: pd.DataFrame, arm: str) -> dict:
    keys = ["batch", "features", "units"]
    own = part[part["arm"] == arm].dropna(subset=["cost"])
    both = own.merge(part[part["arm"] == "tanh"], on=keys, suffixes=("", "_tanh"))
    if both["units"].nunique() < _FEWEST:
        return {}
    tanh, with_arm = both["cost_tanh"].to_numpy(), both["cost"].to_numpy()
    # What a manual leaves open is no noise: the form has to cover its readings, too.
    ends = (
        ["saving", "saving_low", "saving_high"]
        if own["group"].iloc[0] == "emulated"
        else ["saving"]
    )
    found = both[ends].to_numpy()
    neurons = (both["batch"] * both["units"]).to_numpy(float)
    macs = np.array([float(layer_count(int(f), int(n)).macs) for _, f, n in both[keys].to_numpy()])
    batch = both["batch"].to_numpy(float)
    terms = np.stack([np.ones_like(tanh), neurons, macs, batch * macs], axis=1)
    if both["batch"].nunique() == 1:
        terms[:, 2] = 0  # weights and products cannot be told apart
    scaled = terms / tanh[:, None]
    length = np.linalg.norm(scaled, axis=0)
    length[length == 0] = 1  # columns of equal length: the solver stops on absolute tolerances
    cost = nnls(scaled / length, np.ones_like(tanh))[0] / length
    parts = np.stack([np.ones_like(tanh), neurons], axis=1)
    saved = np.linalg.lstsq(parts / tanh[:, None], (tanh - with_arm) / tanh, rcond=None)[0]
    said = 100 * (parts @ saved) / (terms @ cost)
    return {
        **dict(zip(_CASE, map(float, cost), strict=True)),
        "saved_call": float(saved[0]),
        "saved_neuron": float(saved[1]),
        "error": float(np.abs(said - found.T).max()),
        "cases": len(both),
        "units_low": int(both["units"].min()),
        "units_high": int(both["units"].max()),
        "batch_high": int(both["batch"].max()),
        "features": int(both["features"].iloc[0]),
    }
