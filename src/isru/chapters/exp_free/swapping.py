"""Put ISRU into a forecaster that was trained with tanh: what is lost, what fine-tuning regains."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from isru.chapters.exp_free import study
from isru.studies.arms import ARMS
from isru.studies.baselines import skill
from isru.studies.forecaster import fit, train_network, windows_of
from isru.sweep import run_sweep

STAGES = ("swapped", "shrunk", "tuned")


@dataclass(frozen=True)
class Swap(study.Case):
    """Training with the usual functions, a swap, and some epochs of fine-tuning.

    Parameters
    ----------
    into : tuple of str
        The arms to swap into: LSTMs with no weights beyond the usual ones.
    fine_epochs : int
    """

    into: tuple[str, ...] = ()
    fine_epochs: int = 3

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "into", tuple(self.into))
        if self.target != "change":
            raise ValueError(f"target: expected 'change', which has a skill, got {self.target!r}")
        for name in self.into:
            arm = ARMS.get(name)
            if arm is None or arm.trainable_alpha or arm.cell != "lstm":
                raise ValueError(
                    f"into: expected arms whose weights are those of the usual LSTM, got {name!r}"
                )


@threadpool_limits.wrap(limits=1)
def swap_row(case: Swap) -> dict:
    """Train one network, and for each arm copy its weights, score, fine-tune and score again.

    The usual functions are swapped into, too: they are what fine-tuning is compared with.

    Returns
    -------
    dict
        ``units``, ``seed``; and by "ARM factor", what the swap multiplies the forecasts with
        (least squares); by "ARM swapped", "ARM tuned" and "ARM shrunk" the test skill in % after
        the swap, after fine-tuning, and of the trained network with its forecasts multiplied by
        that factor, which is the part of the swap's effect that is a change of scale alone.
    """
    network, _ = train_network(case)
    inputs, change = windows_of(case).test.inputs, windows_of(case).test.change
    weights, before = network.get_weights(), network.predict(inputs)
    row = {"units": case.units, "seed": case.seed}
    for name in (case.arm, *(name for name in case.into if name != case.arm)):
        changed = replace(case, arm=name, epochs=case.fine_epochs)
        twin = changed.build(network.input_size)
        twin.set_weights(weights)
        after = twin.predict(inputs)
        factor = float(np.vdot(before, after) / np.vdot(before, before))
        fit(twin, changed, order=2)
        row |= {
            f"{name} factor": factor,
            f"{name} swapped": skill(after, change),
            f"{name} shrunk": skill(factor * before, change),
            f"{name} tuned": skill(twin.predict(inputs), change),
        }
    return row


def swap(cases: Iterable[Swap], **where) -> pd.DataFrame:
    """Return the rows of many cases; see `isru.studies.forecaster.quality`."""
    return run_sweep(swap_row, cases, **where)


def swap_pairs(rows: pd.DataFrame, stage: str, baseline: str = "tanh") -> pd.DataFrame:
    """Return what each arm loses or gains against the network that kept its functions.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `swap`.
    stage : {"swapped", "shrunk", "tuned"}
        Right after the swap, or only multiplied as the swap does, against the trained network;
        or after fine-tuning, against that network after as much further training.
    baseline : str
        The arm that was trained.

    Returns
    -------
    pandas.DataFrame
        Columns of `isru.studies.paired.differences`.
    """
    found = [
        rows[["units", "seed"]].assign(
            metric="skill",
            arm=column.removesuffix(f" {stage}"),
            difference=rows[column] - rows[f"{baseline} {stage}"],
        )
        for column in rows
        if column.endswith(f" {stage}") and not column.startswith(f"{baseline} ")
    ]
    columns = ["metric", "units", "arm", "seed", "difference"]
    return pd.concat(found, ignore_index=True)[columns] if found else pd.DataFrame(columns=columns)
