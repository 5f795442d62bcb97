"""The rule: what a function costs on a core, from the core's root, division and operation.

A formula is counted (`work`). A core takes R for a root, D for a division, A for any other
operation, of which a product and a sum make one where the core fuses them (`Units`). In a vector
loop an element takes

    max(move, slow + (1 - h) fast),    slow, fast = the larger and the smaller of
                                       roots R + divisions D   and   others A,

where h is the share of the smaller part that hides behind the larger: none in order, all of it in
a static analysis, fitted over the cores that were measured. A scalar call of the C library's
function takes

    move + D + K A + W,

K operations and W cycles of branches and loads, in order or out of order: fitted. From NumPy the
four passes of ISRU take P times tanh's one: fitted. A step follows from Amdahl's law: the 2 N
calls of tanh and the 3 N of the logistic function are replaced, and nothing else changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar, nnls

from isru.activations import ACTIVATIONS
from isru.activations.formula import Expression, nodes_of

BAND = 25.0
"""Per cent of error that a prediction may have."""
PREDICTED, GIVEN = "predicted", "given"
"""Whether the rule told the calls that a step replaces, or one of them was taken as found."""
LIBRARY = ("tanh", "sigmoid", "elu")
"""What a scalar call leaves to the C library."""
_COMPARISON = "comparison"
OWN = ("isru", "isru_plain")
"""ISRU itself, which the others are compared with: the arm that is there."""
_UNIT_ARMS = ("root", "division", "multiply_add")
_COPIES = ("copy", "identity")
# From these calls an emulated core's units are solved: they are no predictions.
SOLVED = ("isru", "isru_sigmoid", "softsign", "identity")
_CALLED = {"exp", "expm1", "log1p", "tanh"}  # what a formula leaves to a library
THIS_RUN = " (this run)"
"""What a machine's name ends in beside its own record."""
_KEY = ["platform", "group", "form", "dtype"]


@dataclass(frozen=True)
class Work:
    """How many roots, divisions, products, sums and comparisons a formula takes."""

    roots: int = 0
    divisions: int = 0
    products: int = 0
    sums: int = 0
    comparisons: int = 0

    def arithmetic(self, fused: bool) -> int:
        """Return the products and sums; fused, one of each makes one operation."""
        return max(self.products, self.sums) if fused else self.products + self.sums


def work(tree: Expression) -> Work:
    """Count a formula's operations.

    A division by a constant is a product, a clip two comparisons; signs cost nothing.
    """
    nodes = list(nodes_of(tree))
    names = [node.operation for node in nodes]
    divisions = sum(
        node.operation == "divide" and node.arguments[1].operation != "constant" for node in nodes
    )
    return Work(
        roots=names.count("sqrt"),
        divisions=divisions,
        products=names.count("multiply") + names.count("divide") - divisions,
        sums=names.count("add") + names.count("subtract"),
        comparisons=sum(names.count(name) for name in ("minimum", "maximum", "less"))
        + names.count("where")
        + 2 * names.count("clip"),
    )


@dataclass(frozen=True)
class Units:
    """What a core takes for a root, a division and any other operation.

    Attributes
    ----------
    root, division, operation : float
        ns or cycles.
    move : float
        Of a loop, the time of a copy, which no function undercuts; of a call, what it takes
        before and after the function.
    fused : bool
        Whether a product and a sum are one operation.
    kind : str
        "measured", "emulated" or "analysed"; decides what hides behind a root or a division.
    """

    root: float
    division: float
    operation: float
    move: float = 0.0
    fused: bool = True
    kind: str = "measured"

    def loop(self, done: Work, hidden: float) -> float:
        """Return the time of an element in a loop, where a comparison is one operation."""
        others = self.operation * (done.arithmetic(self.fused) + done.comparisons)
        small, large = sorted((self._slow(done), others))
        return max(self.move, large + (1 - hidden) * small)

    def call(self, done: Work, comparison: float = 0.0) -> float:
        """Return the time of a scalar call, in which nothing hides."""
        plain = self.move + self._slow(done) + self.operation * done.arithmetic(self.fused)
        return plain + comparison * done.comparisons

    def _slow(self, done: Work) -> float:
        return done.roots * self.root + done.divisions * self.division


@dataclass(frozen=True)
class Rule:
    """The constants of the rule, fitted over platforms (`fit`).

    Attributes
    ----------
    hidden : float
        Share of the smaller part of a loop that hides behind the larger, 0 to 1, on measured cores.
    operations : mapping of str to float
        Of a function of the C library, and of a comparison with its choice in a scalar call, how
        many operations it takes.
    rest : mapping of (str, bool) to float
        Of the same, out of order (True) or in order, its cycles of other work.
    passes : mapping of str to float
        By precision, the time of ISRU over that of tanh from NumPy calls.
    """

    hidden: float
    operations: Mapping[str, float]
    rest: Mapping[tuple[str, bool], float]
    passes: Mapping[str, float] = field(default_factory=dict)

    def loop(self, units: Units, done: Work) -> float:
        """Return what an element of a vector loop takes."""
        return units.loop(done, {"emulated": 0.0, "analysed": 1.0}.get(units.kind, self.hidden))

    def call(self, case: Case) -> float:
        """Return the cycles of a scalar call, NaN where the rule cannot tell."""
        if case.arm in LIBRARY:
            return case.units.move + case.units.division + self._fitted(case.arm, case)
        if case.done is None:
            return np.nan
        return case.units.call(case.done, self._fitted(_COMPARISON, case))

    def _fitted(self, name: str, case: Case) -> float:
        if (name, case.out_of_order) not in self.rest:
            return np.nan
        return self.operations[name] * case.units.operation + self.rest[name, case.out_of_order]

    def ratio(self, case: Case) -> float:
        """Return an arm's time over that of ISRU, NaN where the rule cannot tell."""
        if case.form == "numpy":
            return self.passes.get(case.dtype, np.nan) if case.arm == "tanh" else np.nan
        units = case.units
        if units is None or case.form not in ("call", "vector"):
            return np.nan
        if case.form == "call":
            return self.call(case) / units.call(case.isru)
        if case.done is None:
            return np.nan
        return self.loop(units, case.done) / self.loop(units, case.isru)


@cache
def works() -> Mapping[str, Work]:
    """Return what each function of the registry does that is made of roots and arithmetic."""
    trees = {
        name: activation.numeric_trees[0]
        for name, activation in ACTIVATIONS.items()
        if activation.formula is not None
    }
    return {
        name: work(tree)
        for name, tree in trees.items()
        if tree.operation != "name" and not _CALLED & {node.operation for node in nodes_of(tree)}
    }


def units_of(costs: pd.DataFrame) -> dict[tuple[str, str, str], Units]:
    """Return a core's units by (platform, form, dtype), from the rows of its costs.

    They are the bare root, division and operation where these were timed or analysed. On an
    emulated core they are solved from three calls: the gate's product and sum beside ISRU, then
    softsign's division, then ISRU's root.

    Parameters
    ----------
    costs : pandas.DataFrame
        Columns platform, group, form, dtype, arm, cost (see `isru.chapters.processors.gather`).
    """
    found = {}
    for (platform, group, form, dtype), part in costs.groupby(_KEY, sort=False):
        cost = part.drop_duplicates("arm").set_index("arm")["cost"].dropna()
        key = (platform, form, dtype)
        if set(_UNIT_ARMS) <= set(cost.index):
            copies = [cost[name] for name in _COPIES if name in cost and form != "call"]
            move = float(copies[0]) if copies else 0.0
            found[key] = Units(*(float(cost[name]) for name in _UNIT_ARMS), move, kind=group)
        elif group == "emulated" and set(SOLVED) <= set(cost.index):
            found[key] = _solved(cost)
    return found


def _solved(cost: pd.Series) -> Units:
    pair = works()["isru"].arithmetic(fused=False)  # the gate has as many more
    operation = (cost["isru_sigmoid"] - cost["isru"]) / pair
    division = cost["softsign"] - operation - cost["identity"]
    root = cost["isru"] - cost["identity"] - division - pair * operation
    units = (root, division, operation, cost["identity"])
    return Units(*map(float, units), fused=False, kind="emulated")


@dataclass(frozen=True)
class Case:
    """An arm beside ISRU on one platform, in one form and precision: what is to be predicted.

    Attributes
    ----------
    platform, group, form, dtype, arm : str
    found : float
        The arm's time over that of ISRU.
    done, isru : Work or None
        What the arm does, None for a function of a library, and what ISRU does.
    units : Units or None
        The platform's, or those of the core that stands in for it.
    """

    platform: str
    group: str
    form: str
    dtype: str
    arm: str
    found: float
    done: Work | None
    isru: Work
    units: Units | None

    @property
    def out_of_order(self) -> bool:
        """Whether the core runs ahead of what waits: all but the emulated ones."""
        return self.group != "emulated"


def cases(
    costs: pd.DataFrame,
    stands_in: Mapping[str, str] | None = None,
    more: Mapping[str, Work] | None = None,
) -> list[Case]:
    """Return every arm beside ISRU, but those from which an emulated core's units are solved.

    Parameters
    ----------
    costs : pandas.DataFrame
    stands_in : mapping of str to str, optional
        Of a measured platform, the analysed core whose units are taken where it has none.
    more : mapping of str to Work, optional
        What functions outside of the registry do.
    """
    units, known = units_of(costs), {**works(), **(more or {})}
    found = []
    for (platform, group, form, dtype), part in costs.groupby(_KEY, sort=False):
        cost = part.drop_duplicates("arm").set_index("arm")["cost"].dropna()
        own = next((name for name in OWN if name in cost), None)
        if own is None:
            continue
        core = (stands_in or {}).get(platform, platform)
        one = units.get((platform, form, dtype), units.get((core, form, dtype)))
        given = SOLVED if group == "emulated" else (*OWN, *_UNIT_ARMS, *_COPIES)
        about = (platform, group, form, dtype)
        found += [
            Case(*about, arm, float(value / cost[own]), known.get(arm), known[own], one)
            for arm, value in cost.items()
            if arm not in given
        ]
    return found


def fit(found: Sequence[Case]) -> Rule:
    """Fit the constants of the rule to what was found.

    The hidden share minimises the squared logarithms of predicted over found in the vector loops
    of measured cores; what the C library's functions take is a least-squares fit of relative
    errors, none negative; the passes from NumPy are a geometric mean.
    """
    loops = [
        case
        for case in found
        if case.form == "vector" and case.group == "measured" and case.units and case.done
    ]

    def missed(hidden: float) -> float:
        rule = Rule(hidden, {}, {})
        return sum(np.log(rule.ratio(case) / case.found) ** 2 for case in loops)

    hidden = minimize_scalar(missed, bounds=(0, 1), method="bounded").x if loops else 0.0
    operations: dict[str, float] = {}
    rest: dict[tuple[str, bool], float] = {}
    for name in (*LIBRARY, _COMPARISON):
        arm = "hard_tanh" if name == _COMPARISON else name  # two comparisons and nothing else
        calls = [case for case in found if case.form == "call" and case.arm == arm and case.units]
        if calls:
            operations[name], waits = _fitted_calls(calls)
            rest |= {(name, ahead): cycles for ahead, cycles in waits.items()}
    return Rule(float(hidden), operations, rest, _passes(found))


def _fitted_calls(calls: Sequence[Case]) -> tuple[float, dict[bool, float]]:
    """Return what is left of calls, as operations and as cycles by whether out of order.

    Of a function of the library all but its division is left, of another its comparisons.
    """
    sides = sorted({case.out_of_order for case in calls})
    rows, right = [], []
    for case in calls:
        units, count = case.units, case.done.comparisons if case.done else 1
        took = case.found * units.call(case.isru)
        known = units.call(case.done) if case.done else units.move + units.division
        own = [float(case.out_of_order == side) for side in sides]
        rows.append(np.array([units.operation, *own]) * count / took)
        right.append(max(took - known, 0.0) / took)
    solved = nnls(np.array(rows), np.array(right))[0]
    return float(solved[0]), dict(zip(sides, map(float, solved[1:]), strict=True))


def _passes(found: Sequence[Case]) -> dict[str, float]:
    logs: dict[str, list[float]] = {}
    for case in found:
        if case.form == "numpy" and case.arm == "tanh":
            logs.setdefault(case.dtype, []).append(np.log(case.found))
    return {dtype: float(np.exp(np.mean(values))) for dtype, values in logs.items()}


def processor(platform: str) -> str:
    """Return whose times a platform shows: the record of a machine and its own run are of one."""
    return platform.removesuffix(THIS_RUN)


def held(found: Sequence[Case]) -> pd.DataFrame:
    """Return predicted beside found, with the error by a rule that has not seen the platform.

    Parameters
    ----------
    found : sequence of Case

    Returns
    -------
    pandas.DataFrame
        Columns platform, group, form, dtype, arm; ``found`` and ``predicted``, the arm's time
        over that of ISRU; ``error`` in per cent of found; ``unseen`` and ``unseen_error``, the
        same by a rule fitted to the other platforms; ``trivial_error``, of the prediction that
        both take as long. A row is there where the rule can tell.
    """
    whole = fit(found)
    without = {
        name: fit([case for case in found if processor(case.platform) != processor(name)])
        for name in {case.platform for case in found}
    }
    rows = []
    for case in found:
        predicted, unseen = (r.ratio(case) for r in (whole, without[case.platform]))
        if np.isnan(predicted):
            continue
        errors = [100 * (one / case.found - 1) for one in (predicted, unseen)]
        about = (case.platform, case.group, case.form, case.dtype, case.arm)
        trivial = 100 * (1 / case.found - 1)
        rows.append((*about, case.found, predicted, errors[0], unseen, errors[1], trivial))
    columns = [*_KEY, "arm", "found", "predicted", "error", "unseen", "unseen_error"]
    columns.append("trivial_error")
    return agreed(pd.DataFrame(rows, columns=columns))


def agreed(table: pd.DataFrame) -> pd.DataFrame:
    """Add whether a prediction that had not seen its platform lies in the band."""
    return table.assign(agrees=table["unseen_error"].abs() <= BAND)


def errors(calls: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """Return how often the rule is right, a row for calls and for steps of each group.

    A step whose calls were taken as found tests Amdahl's law alone: it counts apart ("given").

    Columns what, group, cases; ``within``, the share of the cases in the band, in per cent, and
    ``middle``, the median size of the error; ``unseen_within`` and ``unseen_middle``, the same by
    rules that had not seen the platform, over the ``unseen_cases`` of which these could speak;
    ``trivial_within`` and ``trivial_middle``, the same of the prediction that nothing differs.
    """
    rows = []
    predicted = steps["calls"] == PREDICTED
    tables = {"call": calls, "step": steps[predicted], "given": steps[~predicted]}
    for what, table in tables.items():
        for group, part in table.groupby("group", sort=False):
            row = {"what": what, "group": group, "cases": len(part)} | _rates(part, "error")
            told = part.dropna(subset=["unseen_error"])
            row |= {"unseen_cases": len(told)} | _rates(told, "unseen_error")
            rows.append(row | _rates(told, "trivial_error"))
    return pd.DataFrame(rows)


def _rates(part: pd.DataFrame, column: str) -> dict[str, float]:
    size, before = part[column].abs(), column.removesuffix("error")
    return {f"{before}within": 100 * (size <= BAND).mean(), f"{before}middle": size.median()}


def constants(rule: Rule) -> pd.DataFrame:
    """Return the fitted constants with their units and meanings, a row each."""
    share = "share of the smaller part of a loop that hides behind the larger"
    rows = [("hidden", 100 * rule.hidden, "%", share)]
    words = {"tanh": "a call of tanh", "sigmoid": "a call of the logistic function"}
    words["elu"] = "a call of ELU"
    words[_COMPARISON] = "a comparison in a scalar call"
    for name, count in rule.operations.items():
        rows.append((f"{name}_operations", count, "operations", f"{words[name]}: operations"))
        for ahead, order in ((True, "out of order"), (False, "in order")):
            if (name, ahead) in rule.rest:
                key = f"{name}_{order.replace(' ', '_')}"
                cycles = rule.rest[name, ahead]
                rows.append((key, cycles, "cycles", f"{words[name]}: other work, {order}"))
    for dtype, ratio in rule.passes.items():
        rows.append(
            (f"passes_{dtype}", ratio, "", f"time of tanh over that of ISRU from NumPy, {dtype}")
        )
    return pd.DataFrame(rows, columns=["constant", "value", "unit", "meaning"])


_SOFT = 20.0
"""Cycles of an operation from which on a core has no unit for floating-point numbers."""


def library(found: Sequence[Case], rule: Rule) -> pd.DataFrame:
    """Return what a scalar call of the C library's functions takes, by kind of core.

    Returns
    -------
    pandas.DataFrame
        Columns function, core ("ahead": out of order, "in_order", "soft": without float unit);
        ``cycles`` of a call and ``factor``, its time over that of ISRU: medians over the
        ``platforms`` of what the rule says; ``found_low``, ``found_high``: the factors found.
    """
    rows = []
    for name in LIBRARY:
        kinds: dict[str, list[tuple[float, float, float, str]]] = {}
        for case in found:
            if case.form != "call" or case.arm != name or case.units is None:
                continue
            soft = "soft" if case.units.operation > _SOFT else "in_order"
            told = (rule.call(case), rule.ratio(case), case.found, case.platform)
            kinds.setdefault("ahead" if case.out_of_order else soft, []).append(told)
        for core, values in kinds.items():
            cycles, factor, seen, platforms = zip(*values, strict=True)
            middle = (float(np.median(cycles)), float(np.median(factor)))
            rows.append((name, core, *middle, min(seen), max(seen), len(set(platforms))))
    columns = ["function", "core", "cycles", "factor", "found_low", "found_high", "platforms"]
    return pd.DataFrame(rows, columns=columns)


def slowest_calls(costs: pd.DataFrame, arm: str) -> tuple[int, int]:
    """Return on how many platforms no scalar call in float32 takes longer than an arm's.

    Parameters
    ----------
    costs : pandas.DataFrame
    arm : str

    Returns
    -------
    slowest, platforms : int
        Those where the arm was called.
    """
    calls = costs[(costs["form"] == "call") & (costs["dtype"] == "float32")]
    table = calls.pivot_table(index="platform", columns="arm", values="cost")
    own = table[arm].dropna() if arm in table else pd.Series(dtype=float)
    return int((own == table.loc[own.index].max(axis=1)).sum()), len(own)


def break_even(costs: pd.DataFrame, rival: Work) -> tuple[int, int, int]:
    """Return how many operations a rival takes, and on how many analysed cores that decides.

    ISRU loses in a vector loop where root and division together outlast the rival's operations.

    Parameters
    ----------
    costs : pandas.DataFrame
    rival : Work
        Of the fraction, whose rows are ``tanh_fraction``.

    Returns
    -------
    operations, right, cores : int
    """
    operations = rival.arithmetic(fused=True) + rival.comparisons
    told = costs[(costs["group"] == "analysed") & (costs["form"] == "vector")]
    wide = told[told["dtype"] == "float32"].pivot_table(
        index="platform", columns="arm", values="cost"
    )
    wide = wide.reindex(columns=["isru", "tanh_fraction", *_UNIT_ARMS]).dropna()
    loses = wide["root"] + wide["division"] > operations * wide["multiply_add"]
    return operations, int((loses == (wide["isru"] > wide["tanh_fraction"])).sum()), len(wide)
