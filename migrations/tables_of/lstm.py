"""The LSTM from scratch: values that became cells of tables."""

from values_to_tables import Chapter, Table

PERCENT = {"bound": "%", "saving": "%"}
SIZE = r"(?P<batch>\d+)_(?P<units>\d+)"
FEATURES = 10


def own(frame, values):
    """Keep the bounds of a prediction with the chapter's own number of inputs."""
    chosen = frame[(frame["features"] == FEATURES) & (frame["step"] == "predict")]
    return chosen.drop(columns=["features", "step"])


CHAPTER = Chapter(
    [
        Table(
            "step-shares",
            "machine",
            ["step", "batch", "units", "part"],
            {"share": {"unit": "%", "low": "low", "high": "high"}, "step_us": "µs"},
            [(rf"(?P<part>products|gates|activations)_(?P<step>predict|train)_{SIZE}", "share")],
            base="step-shares",
        ),
        Table(
            "own-bounds",
            "machine",
            ["batch", "units"],
            PERCENT,
            [(rf"bound_{SIZE}", "bound"), (rf"saving_{SIZE}", "saving")],
            base="bounds",
            change=own,
        ),
        Table(
            "compiled-bounds",
            "machine",
            ["step", "batch", "units"],
            PERCENT,
            [
                (rf"compiled_bound_{SIZE}", "bound", {"step": "predict"}),
                (rf"compiled_saving_{SIZE}", "saving", {"step": "predict"}),
            ],
            base="compiled-bounds",
        ),
    ],
    kept="gradient_worst gradient_right learning_gain rule_factor peak_ratio largest_bound "
    "largest_saving numpy_word",
)
