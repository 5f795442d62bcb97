"""The next value of a laser in a chaotic state."""

from __future__ import annotations

from isru.chapters.accuracy.tasks.entry import Split, Task
from isru.chapters.accuracy.tasks.series import forecast_split
from isru.data.sequences import santa_fe_laser

_VALUES = 6000


def split(_seed: int) -> Split:
    """Return the windows of the one series; seeds differ in weights and order alone."""
    return forecast_split(santa_fe_laser()[:_VALUES], step=1, ahead=1)


LASER = Task(
    name="laser",
    label="laser",
    split=split,
    units=16,
    loss="log_mse",
    epochs=30,
    batch=32,
    classes=0,
    overlap=0,
    about=(
        "Predict the next value of a laser's intensity, which swells and collapses without a "
        "period, from the last 16. A controller that acts a step ahead, or a sensor that sends "
        "only what it did not expect, does this."
    ),
    source=(
        "far-infrared laser (Huebner, Abraham and Weiss 1989), set A of the Santa Fe competition, "
        "from reservoirpy, MIT"
    ),
)
