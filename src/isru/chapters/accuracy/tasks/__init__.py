"""The eight tasks on which networks are compared: real or generated, all offline.

Not here: networks and their training; a task gives data, and says how long to train on them.
"""

from __future__ import annotations

from isru.chapters.accuracy.tasks.characters import CHARACTERS
from isru.chapters.accuracy.tasks.digits import DIGITS
from isru.chapters.accuracy.tasks.dyck import DYCK
from isru.chapters.accuracy.tasks.entry import Part, Split, Task
from isru.chapters.accuracy.tasks.laser import LASER
from isru.chapters.accuracy.tasks.mackey_glass import MACKEY_GLASS
from isru.chapters.accuracy.tasks.narma import NARMA
from isru.chapters.accuracy.tasks.vowels import VOWELS
from isru.chapters.accuracy.tasks.watch import WATCH

TASKS = {
    task.name: task
    for task in (VOWELS, WATCH, DIGITS, LASER, MACKEY_GLASS, NARMA, DYCK, CHARACTERS)
}
"""The tasks by name, in the order in which they are shown."""

__all__ = ["TASKS", "Part", "Split", "Task"]
