"""What the published evidence can and cannot carry: each statement against a fixed criterion."""

from __future__ import annotations

from collections.abc import Mapping

from isru.data.evidence import Fact

# Nine sizes a machine: Spearman's rank correlation is beyond chance at 5 % from here on.
TREND = 0.70
YES, NO, AGAINST, OPEN = "yes", "no", "contradicted", "cannot tell"


def carried(facts: Mapping[str, Fact]):
    """Judge the published statements by the facts.

    Parameters
    ----------
    facts : dict of {str: Fact}
        Of every function in `isru.data.evidence`, together.

    Returns
    -------
    pandas.DataFrame
        Columns claim (its id), statement, criterion, found, carried; the last one is ``"yes"``,
        ``"no"``, ``"contradicted"`` (the evidence says the opposite) or ``"cannot tell"`` (the
        evidence cannot speak to it, whatever its numbers are).
    """
    import pandas as pd

    values = {name: fact.value for name, fact in facts.items()}
    rows = [*_functions(values), *_networks(values), *_paper(values)]
    return pd.DataFrame(rows, columns=["claim", "statement", "criterion", "found", "carried"])


def _functions(v: Mapping) -> list[tuple]:
    files = v["microbenchmark_files"]
    return [
        (
            "C1",
            "tanh takes longest",
            "slowest of seven activations in every file",
            f"in {v['tanh_slowest_files']} of {files}",
            _word(v["tanh_slowest_files"] == files),
        ),
        (
            "C2",
            "ISRU takes less time",
            "a gain in every file",
            f"{v['isru_gain_min']:.1f} to {v['isru_gain_max']:.1f} ns",
            _word(v["isru_gain_min"] > 0),
        ),
        (
            "C2",
            "... by a ratio",
            "both net times above 0 in every file",
            f"ISRU below 0 in {v['isru_negative_files']} of {files}",
            _word(v["isru_negative_files"] == 0),
        ),
    ]


def _networks(v: Mapping) -> list[tuple]:
    train, predict = v["train_saving_native_median"], v["predict_saving_native_median"]
    grids = [v["forward_spearman_small"], v["forward_spearman_var"]]
    higher, configurations = v["loss_higher_configurations"], v["grid_configurations"]
    large = [v[f"threads_gain_large_{cpu}"] for cpu in ("i7", "m1", "xeon")]
    return [
        (
            "C3",
            "training saves 1 to 2 %",
            "median in that range, WSL apart",
            f"{train:.1f} %",
            _word(1 <= train <= 2),
        ),
        (
            "C3",
            "prediction saves 1 to 2 %",
            "median in that range, WSL apart",
            f"{predict:.1f} %",
            _word(1 <= predict <= 2),
        ),
        (
            "C4",
            "the saving grows with the size",
            f"rank correlation above {TREND:.2f} in both grids",
            " and ".join(f"{rank:.2f}" for rank in grids).replace("-", "−"),
            _word(min(grids) > TREND, against=max(grids) < -TREND),
        ),
        (
            "C5",
            "accuracy is the same",
            "a test that tells activations apart",
            "one number at 25 units, both arms, every machine",
            OPEN if v["accuracy_25_units_is_one_number"] else YES,
        ),
        (
            "C6",
            "the loss is no higher",
            "sign test over the configurations",
            f"higher in {higher} of {configurations}, p = {_sign_test(higher, configurations):.0e}",
            AGAINST if _sign_test(higher, configurations) < 0.05 else OPEN,
        ),
        (
            "C7",
            "threads help from about 100 units on",
            "no gain below, gains in most configurations above, on every processor",
            f"{v['threads_gain_small']:.0f} % below; {min(large):.0f} to {max(large):.0f} % above",
            _word(v["threads_gain_small"] == 0 and min(large) > 50),
        ),
    ]


def _paper(v: Mapping) -> list[tuple]:
    ratios = [v[f"invsqrt_ratio_{name}"] for name in ("haswell", "broadwell", "skylake")]
    best = v["isrlu_lead"]
    spread = v["isrlu_accuracy_max"] - v["isrlu_accuracy_min"]
    return [
        (
            "C8",
            "1/√x is 3 to 6 times cheaper than tanh",
            "every ratio in that range",
            ", ".join(f"{ratio:.2f}" for ratio in ratios),
            _word(all(3 <= ratio <= 6 for ratio in ratios)),
        ),
        (
            "C9",
            "ISRLU is 2.6 times faster than ELU",
            "the ratio rounds to it",
            f"{v['elu_over_isrlu']:.2f}",
            _word(round(v["elu_over_isrlu"], 1) == 2.6),
        ),
        (
            "C9",
            "approximate ISRLU is within 1 % of ReLU",
            "no more than 1 % apart",
            f"{v['isrlu_approximate_over_relu']:+.1f} %",
            _word(abs(v["isrlu_approximate_over_relu"]) <= 1),
        ),
        (
            "C10",
            "ISRLU generalises better than ELU",
            "the lead exceeds the spread between settings of ISRLU",
            f"{best:.2f} pp against {spread:.2f} pp, single runs",
            YES if best > spread else OPEN,
        ),
    ]


def _word(holds: bool, against: bool = False) -> str:
    if holds:
        return YES
    return AGAINST if against else NO


def _sign_test(successes: int, trials: int) -> float:
    """Return the two-sided p of so many successes when either outcome is as likely."""
    from scipy.stats import binomtest

    return float(binomtest(successes, trials).pvalue)
