"""What the first page says: where ISRU shortens a step, whether to switch, and the picture of it.

Not here: a number. Chapters record them, and an entry here names one by its address.
"""

from isru.answer.places import PLACES, Answer, Place, answer
from isru.answer.steps import (
    PLATFORMS,
    Mark,
    Platform,
    Span,
    change,
    device_saving,
    saving,
    step_times,
)

__all__ = [
    "PLACES",
    "PLATFORMS",
    "Answer",
    "Mark",
    "Place",
    "Platform",
    "Span",
    "answer",
    "change",
    "device_saving",
    "saving",
    "step_times",
]
