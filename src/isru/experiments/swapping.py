"""Put ISRU into a forecaster that was trained with tanh: what is lost, what fine-tuning regains."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pandas as pd
from threadpoolctl import threadpool_limits

from isru.experiments import exp_free
from isru.experiments.forecaster import fit, scores, train_network
from isru.sweep import run_sweep

STAGES = ("swapped", "tuned")


@dataclass(frozen=True)
class Swap(exp_free.Case):
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
        for name in self.into:
            arm = exp_free.ARMS.get(name)
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
        ``units``, ``seed``, and the test skill in % by "ARM swapped" and "ARM tuned".
    """
    network, _ = train_network(case)
    weights, row = network.get_weights(), {"units": case.units, "seed": case.seed}
    for name in (case.arm, *(name for name in case.into if name != case.arm)):
        changed = replace(case, arm=name, epochs=case.fine_epochs)
        twin = changed.build(network.input_size)
        twin.set_weights(weights)
        row[f"{name} swapped"] = scores(twin, changed)["skill"]
        fit(twin, changed, order=2)
        row[f"{name} tuned"] = scores(twin, changed)["skill"]
    return row


def swap(cases: Iterable[Swap], **where) -> pd.DataFrame:
    """Return the rows of many cases; see `isru.experiments.forecaster.quality`."""
    return run_sweep(swap_row, cases, **where)


def swap_pairs(rows: pd.DataFrame, stage: str, baseline: str = "tanh") -> pd.DataFrame:
    """Return what each arm loses or gains against the network that kept its functions.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `swap`.
    stage : {"swapped", "tuned"}
        Right after the swap, against the trained network; or after fine-tuning, against that
        network after as much further training.
    baseline : str
        The arm that was trained.

    Returns
    -------
    pandas.DataFrame
        Columns of `isru.experiments.paired.differences`.
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
