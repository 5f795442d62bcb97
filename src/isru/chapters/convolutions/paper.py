"""The accuracies of the ISRLU paper, tables 4 and 5, arranged as this run's are."""

from __future__ import annotations

import numpy as np
import pandas as pd

from isru.chapters.convolutions.learning import BASELINE
from isru.data.published import load_published

OURS = "this run, mean"


def of_the_paper() -> pd.DataFrame:
    """Return the paper's largest test accuracies on MNIST, single runs.

    Returns
    -------
    pandas.DataFrame
        Columns network (table and share kept by the dropout), arm, best_accuracy (%),
        cross_entropy (in the paper's unit), difference (to ELU in the same network, pp).
    """
    fourth, fifth = (load_published(f"isrlu_paper_table{n}") for n in (4, 5))
    kept = [f"paper, table 4, {100 * share:.0f} % kept" for share in fourth["dropout_keep"]]
    runs = pd.concat([fourth.assign(network=kept), fifth.assign(network="paper, table 5")])
    runs["arm"] = [
        name.lower() if np.isnan(alpha) else f"{name.lower()}_{alpha:.0f}"
        for name, alpha in zip(runs["activation"], runs["alpha"], strict=True)
    ]
    runs = runs.rename(columns={"max_test_accuracy_percent": "best_accuracy"})
    elu = runs[runs["arm"] == BASELINE].set_index("network")["best_accuracy"]
    runs["difference"] = runs["best_accuracy"] - runs["network"].map(elu)
    columns = ["network", "arm", "best_accuracy", "cross_entropy", "difference"]
    return runs[columns].reset_index(drop=True)


def beside(runs: pd.DataFrame, paper: pd.DataFrame) -> pd.DataFrame:
    """Return the paper's accuracies with the means of our runs below them.

    Parameters
    ----------
    runs : pandas.DataFrame
        From `isru.chapters.convolutions.learning.single_runs`.
    paper : pandas.DataFrame
        From `of_the_paper`.

    Returns
    -------
    pandas.DataFrame
        Columns network, arm, best_accuracy, of the paper's arms.
    """
    ours = runs.groupby("arm", as_index=False)["best_accuracy"].mean().assign(network=OURS)
    both = pd.concat([paper, ours[ours["arm"].isin(paper["arm"])]], ignore_index=True)
    return both[["network", "arm", "best_accuracy"]]
