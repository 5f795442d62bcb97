"""What the published figures say: every number of the original's evidence, computed again.

Each function takes tables of `isru.data.published` and returns *facts* by name, each with its
unit and how it was computed. `isru.data.law` holds what explains the savings.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Of the functions that the micro-benchmark timed, those that serve as activations.
ACTIVATIONS = ("relu", "leaky_relu", "elu", "softsign", "sigmoid", "tanh", "isru")
UNIT_BINS = ((1, 16), (17, 32), (33, 64), (65, 128), (129, 512))


class Fact(NamedTuple):
    """One number of the evidence, with its unit and how it was computed."""

    value: float | int | bool
    unit: str = ""
    note: str = ""


def keep(record, facts: dict[str, Fact]) -> None:
    """Record every fact as an exact value of an `isru.records.Record`."""
    for name, fact in facts.items():
        record.value(name, fact.value, kind="exact", unit=fact.unit, note=fact.note)


def microbenchmark(frame) -> dict[str, Fact]:
    """Return what the micro-benchmark's net times carry: ranks, gains, negative times."""
    times = net_times(frame)
    slowest = times[list(ACTIVATIONS)].idxmax(axis=1)
    gain = times["tanh"] - times["isru"]
    by_sigmoid = slowest.index[slowest == "sigmoid"]
    ns = "ns"
    return {
        "microbenchmark_files": Fact(len(times), note="files, one a machine and compiler"),
        "tanh_slowest_files": Fact(int((slowest == "tanh").sum()), note="of seven activations"),
        "sigmoid_slower_files": Fact(len(by_sigmoid), note="the logistic function is slowest"),
        "sigmoid_slower_msvc_files": Fact(int(by_sigmoid.str.contains("MSVC").sum())),
        "isru_gain_min": _fact(gain.min(), ns, "net time of tanh minus that of ISRU"),
        "isru_gain_median": _fact(gain.median(), ns, "net time of tanh minus that of ISRU"),
        "isru_gain_max": _fact(gain.max(), ns, "net time of tanh minus that of ISRU"),
        "isru_negative_files": Fact(int((times["isru"] < 0).sum())),
        "net_times": Fact(int(times.size)),
        "negative_net_times": Fact(int((times < 0).sum().sum())),
    }


def net_times(frame):
    """Return the net times as a table of files by functions, in ns a call."""
    return frame.pivot(index="machine", columns="function", values="net_ns_per_call")


def gpu(frame) -> dict[str, Fact]:
    """Return ISRU's time on the graphics processor against tanh's, by precision."""
    rows = frame.set_index("dtype")
    more = 100 * (rows["isru_us"] / rows["tanh_us"] - 1)
    note = "time of ISRU against tanh, about a million elements"
    return {f"gpu_{dtype}": _fact(value, "%", note) for dtype, value in more.items()}


def forecaster(frame) -> dict[str, Fact]:
    """Return the small predictor's savings and accuracies, over all pairs and by machine."""
    facts = {
        "forecaster_pairs": Fact(len(frame), note="machines x sizes"),
        "forecaster_machines": Fact(frame["machine"].nunique()),
        "train_saving_median": _fact(frame["train_saving_percent"].median(), "%"),
        "predict_saving_median": _fact(frame["predict_saving_percent"].median(), "%"),
    }
    native = frame[~frame["machine"].str.startswith("wsl")]
    inside = int(native["train_saving_percent"].between(1, 2).sum())
    facts["train_saving_native_median"] = _fact(native["train_saving_percent"].median(), "%")
    facts["predict_saving_native_median"] = _fact(native["predict_saving_percent"].median(), "%")
    facts["train_saving_native_pairs"] = Fact(len(native), note="machines other than WSL")
    facts["train_saving_native_as_claimed"] = Fact(inside, note="training saves 1 to 2 %")
    falls = [
        _spearman(part["units"], part["train_saving_percent"])
        for _, part in frame.groupby("machine")
    ]
    facts["train_falling_machines"] = Fact(sum(rank < 0 for rank in falls))
    facts["train_spearman_min"] = _fact(min(falls), note="over the machines")
    facts["train_spearman_max"] = _fact(max(falls), note="over the machines")
    return facts | _accuracies(frame)


def by_machine(frame):
    """Return the forecaster's median savings and their trends, one row a machine."""
    import pandas as pd

    rows = {}
    for machine, part in frame.groupby("machine"):
        phases = [part[f"{phase}_saving_percent"] for phase in ("train", "predict")]
        medians = [round(saving.median(), 2) for saving in phases]
        rows[machine] = [*medians, *(round(_spearman(part["units"], s), 2) for s in phases)]
    columns = ["training, %", "prediction, %", "training, trend", "prediction, trend"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("machine")


def all_savings(grid, curves, pairs):
    """Return the savings of the character model, of its law and of the forecaster in one table.

    Parameters
    ----------
    grid, curves, pairs : pandas.DataFrame
        Published grid; the law's curves (layers, units, saving_percent); published pairs.

    Returns
    -------
    pandas.DataFrame
        Columns series, layers, units, saving_percent.
    """
    import pandas as pd

    parts = [
        grid.assign(
            series="characters " + grid["grid"], saving_percent=grid["forward_saving_percent"]
        ),
        curves.assign(series="law"),
        pairs.assign(
            series="forecaster " + pairs["machine"],
            layers=1,
            saving_percent=pairs["train_saving_percent"],
        ),
    ]
    columns = ["series", "layers", "units", "saving_percent"]
    return pd.concat([part[columns] for part in parts], ignore_index=True)


def _accuracies(frame) -> dict[str, Fact]:
    isru, tanh = frame["accuracy_isru_percent"], frame["accuracy_tanh_percent"]
    large = frame["units"] >= 200
    both = np.concatenate([isru[large], tanh[large]])
    small = frame["units"] == 25
    pp = "pp"
    return {
        "accuracy_difference_median": _fact((isru - tanh).median(), pp, "ISRU minus tanh"),
        "accuracy_difference_max": _fact((isru - tanh).max(), pp, "ISRU minus tanh"),
        "accuracy_equal_pairs": Fact(int((isru == tanh).sum()), note="equal to 0.01 %"),
        "accuracy_25_units": _fact(isru[small].max(), "%", "ISRU and tanh, every machine"),
        "accuracy_25_units_is_one_number": Fact(
            bool((isru[small] == isru[small].max()).all() and (tanh[small] == isru[small]).all())
        ),
        "accuracy_majority": _fact(np.median(both), "%", "median from 200 units on"),
        "accuracy_majority_arms": Fact(int((both == np.median(both)).sum())),
        "accuracy_large_arms": Fact(len(both), note="both arms, from 200 units on"),
        "accuracy_lowest": _fact(both.min(), "%"),
        "accuracy_lowest_over_majority": _fact(both.min() / np.median(both)),
    }


def characters(grid, long_runs) -> dict[str, Fact]:
    """Return how the character model's savings fall and what the training loss did."""
    facts = {"grid_configurations": Fact(len(grid), note="layers x units, one run an arm")}
    for name, part in grid.groupby("grid"):
        for column in ("forward", "total"):
            rank = _spearman(part["units"], part[f"{column}_saving_percent"])
            facts[f"{column}_spearman_{name}"] = _fact(rank, note="saving against units")
    loss = grid["loss_difference_last10_percent"]
    facts["loss_higher_configurations"] = Fact(int((loss > 0).sum()), note="higher with ISRU")
    facts["loss_difference_mean"] = _fact(loss.mean(), "%", "last 10 records, ISRU against tanh")
    saving = long_runs["total_saving_percent"]
    higher = long_runs["mean_loss_difference_points_91_to_100_nats"] > 0
    facts["long_runs"] = Fact(len(long_runs), note="4 layers of 128 units")
    facts["long_saving_min"] = _fact(saving.min(), "%", "of the total time")
    facts["long_saving_median"] = _fact(saving.median(), "%", "of the total time")
    facts["long_saving_max"] = _fact(saving.max(), "%", "of the total time")
    facts["loss_higher_long_runs"] = Fact(int(higher.sum()), note="records 91 to 100")
    return facts


def by_size(grid):
    """Return the character model's medians by size, in %.

    Returns
    -------
    pandas.DataFrame
        Columns from, to (units of a layer), configurations; forward, total (savings) and loss
        (ISRU against tanh).
    """
    import pandas as pd

    rows = []
    for low, high in UNIT_BINS:
        part = grid[grid["units"].between(low, high)]
        rows.append(
            {
                "from": low,
                "to": high,
                "configurations": len(part),
                "forward": part["forward_saving_percent"].median(),
                "total": part["total_saving_percent"].median(),
                "loss": part["loss_difference_last10_percent"].median(),
            }
        )
    return pd.DataFrame(rows)


def threads(frame) -> dict[str, Fact]:
    """Return where threads shorten a step: shares of the configurations, the best and the worst."""
    large = frame["units"] >= 100
    gains = frame["speedup_total"] > 1
    note = "configurations with a speed-up above 1"
    facts = {
        "threads_gain_small": _fact(100 * gains[~large].mean(), "%", f"{note}, below 100 units"),
        "threads_speedup_best": _fact(frame["speedup_total"].max(), note="total time"),
    }
    for cpu in frame["cpu"].unique():
        share = 100 * gains[large & (frame["cpu"] == cpu)].mean()
        facts[f"threads_gain_large_{cpu}"] = _fact(share, "%", f"{note}, from 100 units on")
    small = frame[(frame["cpu"] == "i7") & (frame["units"] == 16)]
    slowdown = 1 / small["speedup_total"].median()
    facts["threads_slowdown_i7_16"] = _fact(slowdown, note="median over layers")
    return facts


def precision_and_framework(precision, keras) -> dict[str, Fact]:
    """Return what single precision saves, and what ISRU costs in the Keras notebook."""
    column = "float32_saving_over_float64_percent"
    saving = precision.set_index("part")[column]
    facts = {f"float32_saving_{part}": _fact(value, "%") for part, value in saving.items()}
    seconds = keras.pivot(index="epoch", columns="activation", values="seconds")
    slower = 100 * (seconds["isru"] / seconds["tanh"] - 1)
    facts["keras_slower_min"] = _fact(slower.min(), "%", "time of an epoch, ISRU against tanh")
    facts["keras_slower_max"] = _fact(slower.max(), "%", "time of an epoch, ISRU against tanh")
    return facts


def paper(table2, table3, table4, table5) -> dict[str, Fact]:
    """Return the ISRLU paper's ratios (tables 2 and 3) and accuracies (4 and 5)."""
    ratio = table2["tanh_cycles_per_element"] / table2["invsqrt_cycles_per_element"]
    facts = {}
    for name in ("Haswell", "Broadwell", "Skylake"):
        value = ratio[table2["processor"].str.contains(name)].item()
        facts[f"invsqrt_ratio_{name.lower()}"] = _fact(value, note="cycles of tanh over 1/sqrt")
    ns = table3.set_index("function")["ns_per_element"]
    facts["elu_over_isrlu"] = _fact(ns["ELU"] / ns["ISRLU"], note="time per element")
    over_relu = 100 * (ns["ISRLU approximate"] / ns["ReLU"] - 1)
    facts["isrlu_approximate_over_relu"] = _fact(over_relu, "%", "time per element")
    for activation in ("ISRLU", "ELU"):
        accuracy = np.concatenate(
            [
                table.loc[table["activation"] == activation, "max_test_accuracy_percent"]
                for table in (table4, table5)
            ]
        )
        name = f"{activation.lower()}_accuracy"
        facts[f"{name}_min"] = _fact(accuracy.min(), "%", "largest test accuracy, one run")
        facts[f"{name}_max"] = _fact(accuracy.max(), "%", "largest test accuracy, one run")
    lead = facts["isrlu_accuracy_max"].value - facts["elu_accuracy_max"].value
    facts["isrlu_lead"] = _fact(lead, "pp", "the best ISRLU setting against the best ELU setting")
    entropy = table5.set_index("activation")["cross_entropy"]
    best = bool(entropy["ELU"] < entropy["ISRLU"].min())
    facts["elu_lowest_entropy_table5"] = Fact(best, note="ELU has the lowest cross-entropy")
    return facts


def _fact(value: float, unit: str = "", note: str = "") -> Fact:
    """Return a fact of 10 significant digits: what floating-point summation leaves alike."""
    return Fact(float(f"{float(value):.10g}"), unit, note)


def _spearman(first, second) -> float:
    from scipy.stats import spearmanr

    return float(spearmanr(first, second).statistic)
