"""The forecaster: values that became cells of tables."""

import numpy as np
from values_to_tables import Chapter, Table

STEP = r"(?P<step>train|predict|single)"
FRAMEWORK = r"(?P<framework>numpy|numba|keras)"
CASE = rf"{FRAMEWORK}_(?P<units>\d+)"
ARM = r"(?P<arm>tanh|isru_matched|isru|exp_free|hard|softsign|identity)"
INPUTS = r"(?P<inputs>all|dark)_(?P<test>original|after)"
METRIC = r"(?P<metric>skill|accuracy|loss)"
ISRU = {"arm": "isru"}
ENDS = {"low": "low", "high": "high"}


def steps(frame, values):
    """Name the steps of single sequences, and add what tanh shows against itself."""
    return frame.assign(step=frame["step"].where(frame["batch"] != 1, "single"), floor=0.0)


def differences(frame, values):
    """Take out what is no control, and add the units and whether the control is told apart."""
    few = (frame["arm"] == "identity") & (frame["n"] < 6)
    control = values[["metric", "units", "control"]].dropna()
    frame.loc[few, ["mean", "low", "high"]] = np.nan
    frame["unit"] = np.where(frame["metric"] == "loss", "%", "pp")
    return frame.merge(control, on=["metric", "units"], how="left")


def told(frame, values):
    """Say in words whether the control was told apart."""
    return frame.assign(control=np.where(frame["told_apart"], "told apart", "not told apart"))


def swapped(columns):
    """Return a change that puts the columns in an order."""
    return lambda frame, values: frame[[c for c in columns if c in frame.columns]]


CHAPTER = Chapter(
    [
        Table(
            "steps",
            "machine",
            ["framework", "step", "units"],
            {
                "step_ms": "ms",
                "saving": {"unit": "%"} | ENDS,
                "floor": "%",
                "plain": "%",
                "expected": "%",
                "share": "%",
                "predicted": "%",
            },
            [
                (rf"{STEP}_saving_{CASE}", "saving"),
                (rf"{STEP}_floor_{CASE}", "floor"),
                (rf"plain_{STEP}_saving_{CASE}", "plain"),
                (rf"direction_{STEP}_{CASE}", "direction"),
                (rf"expected_{STEP}_saving_{CASE}", "expected"),
                (rf"{STEP}_share_{CASE}", "share"),
                (rf"predicted_{STEP}_saving_{CASE}", "predicted"),
            ],
            base="steps",
            change=steps,
        ),
        Table(
            "gaps",
            "machine",
            ["framework"],
            {"expected": "pp", "predicted": "pp"},
            [
                (rf"gap_expected_{FRAMEWORK}", "expected"),
                (rf"gap_predicted_{FRAMEWORK}", "predicted"),
            ],
        ),
        Table(
            "slopes",
            "machine",
            ["framework", "step"],
            {"slope": {"unit": "pp"} | ENDS},
            [(rf"{STEP}_saving_slope_{FRAMEWORK}", "slope")],
            change=swapped(["framework", "step", "slope", "low", "high"]),
        ),
        Table(
            "baselines",
            "tolerance",
            ["metric", "rule"],
            {"score": {"unit": "%", "atol": 0.5}},
            [
                (
                    r"(?P<metric>skill|accuracy)_(?P<rule>climatology|persistence|majority|linear"
                    r"|trees|boosted|[a-z]+)",
                    "score",
                )
            ],
        ),
        Table(
            "means",
            "tolerance",
            ["metric", "arm", "units"],
            {"mean": {"unit": "%"} | ENDS, "sd": {"unit": "pp", "rtol": 0.5}},
            [
                (rf"{METRIC}_{ARM}_(?P<units>\d+)", "mean"),
                (rf"sd_{ARM}_(?P<units>\d+)", "sd", {"metric": "skill"}),
            ],
        ),
        Table(
            "differences",
            "tolerance",
            ["metric", "units", "arm"],
            {
                "mean": {"unit_from": "unit"} | ENDS,
                "sd": {"unit": "pp", "rtol": 1},
                "p": {"atol": 0.05},
            },
            [
                (rf"{METRIC}_difference_(?P<units>\d+)", "mean", ISRU),
                (rf"{METRIC}_difference_{ARM}_(?P<units>\d+)", "mean"),
                (rf"{METRIC}_difference_(?P<units>\d+)_tost", "p", ISRU),
                (rf"word_{METRIC}_(?P<units>\d+)", "word", ISRU),
                (rf"control_{METRIC}_(?P<units>\d+)", "control", ISRU),
                (r"sd_difference_(?P<units>\d+)", "sd", {"metric": "skill"} | ISRU),
            ],
            base="differences",
            change=differences,
        ),
        Table(
            "occupancy-rules",
            "tolerance",
            ["rule", "inputs", "test"],
            {"accuracy": {"unit": "%", "atol": 0.5}},
            [
                (
                    rf"occupancy_(?P<rule>majority|persistence|threshold|logistic)_{INPUTS}",
                    "accuracy",
                ),
                (
                    r"occupancy_rule_(?P<inputs>all|dark)",
                    "detail",
                    {"rule": "threshold", "test": "original"},
                ),
            ],
            base="occupancy-rules",
        ),
        Table(
            "occupancy-means",
            "tolerance",
            ["arm", "inputs", "test"],
            {"accuracy": {"unit": "%"} | ENDS},
            [(rf"occupancy_{ARM}_{INPUTS}", "accuracy")],
        ),
        Table(
            "occupancy-summary",
            "tolerance",
            ["inputs", "test", "arm"],
            {"mean": {"unit": "pp"} | ENDS},
            [
                (rf"occupancy_difference_{ARM}_{INPUTS}", "mean"),
                (rf"occupancy_word_{ARM}_{INPUTS}", "word"),
                (rf"occupancy_control_{INPUTS}", "control", ISRU),
            ],
            base="occupancy-summary",
            change=told,
        ),
    ],
    kept="window horizon fill_hours pressure_missing_rain pressure_missing_dry test_windows "
    "processes_.* timing_batch features macs_per_activation_.* case_.* epochs seeds "
    "largest_trained diverged best_at_end occupancy_data occupancy_seeds occupancy_units "
    "occupancy_window occupancy_original_rows",
)
