"""The published figures of the original study and of the ISRLU paper, as tables.

``data/published`` holds them as facts, derived from the published files; its README says how.
"""

from __future__ import annotations

from isru import paths
from isru.data.tables import read_checked_csv

# Name of the table: how many rows it has, its columns with their types, which may have gaps.
TABLES = {
    "microbenchmark": (140, {"machine": str, "function": str, "net_ns_per_call": float}, ()),
    "forecaster": (
        63,
        {
            "machine": str,
            "units": int,
            "train_saving_percent": float,
            "predict_saving_percent": float,
            "accuracy_isru_percent": float,
            "accuracy_tanh_percent": float,
        },
        (),
    ),
    "characters_grid": (
        52,
        {
            "grid": str,
            "layers": int,
            "units": int,
            "iterations": int,
            "forward_saving_percent": float,
            "backward_saving_percent": float,
            "total_saving_percent": float,
            "final_loss_tanh": float,
            "loss_difference_last10_nats": float,
            "loss_difference_last10_percent": float,
        },
        (),
    ),
    "characters_long_runs": (
        7,
        {
            "run": str,
            "iterations": int,
            "forward_saving_percent": float,
            "backward_saving_percent": float,
            "total_saving_percent": float,
            "mean_loss_difference_points_91_to_100_nats": float,
        },
        (),
    ),
    "threads": (
        121,
        {
            "cpu": str,
            "layers": int,
            "units": int,
            "speedup_forward": float,
            "speedup_backward": float,
            "speedup_adam": float,
            "speedup_total": float,
        },
        (),
    ),
    "float_against_double": (3, {"part": str, "float32_saving_over_float64_percent": float}, ()),
    "keras_notebook": (6, {"activation": str, "epoch": int, "seconds": float}, ()),
    "gpu": (
        2,
        {"gpu": str, "dtype": str, "elements": int, "isru_us": float, "tanh_us": float},
        (),
    ),
    "isrlu_paper_table2": (
        3,
        {
            "processor": str,
            "invsqrt_cycles_per_element": float,
            "exp_cycles_per_element": float,
            "tanh_cycles_per_element": float,
        },
        (),
    ),
    "isrlu_paper_table3": (5, {"function": str, "ns_per_element": float}, ()),
    "isrlu_paper_table4": (
        8,
        {
            "activation": str,
            "alpha": float,
            "dropout_keep": float,
            "max_test_accuracy_percent": float,
            "cross_entropy": float,
        },
        ("alpha",),
    ),
    "isrlu_paper_table5": (
        3,
        {
            "activation": str,
            "alpha": float,
            "max_test_accuracy_percent": float,
            "cross_entropy": float,
        },
        ("alpha",),
    ),
}


def load_published(name: str):
    """Return one table of ``data/published``, every cell checked.

    Parameters
    ----------
    name : str
        The file's name without its ending, one of `TABLES`.

    Returns
    -------
    pandas.DataFrame
        Savings, accuracies and differences in percent (of the tanh arm), losses in nats, times
        in the unit that the column names, speed-ups as single-threaded over threaded time.

    Raises
    ------
    KeyError
        If there is no such table.
    FileNotFoundError, ValueError
        If its file is missing or damaged; the message names file, line and column.
    """
    if name not in TABLES:
        raise KeyError(f"no published table {name!r}: expected one of {', '.join(TABLES)}")
    rows, columns, optional = TABLES[name]
    return read_checked_csv(
        paths.published_data() / f"{name}.csv",
        columns,
        optional=optional,
        rows=rows,
        name=f"data/published/{name}.csv",
    )
