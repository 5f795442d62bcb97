"""What can go wrong when a network is written for a device or a runtime."""

from __future__ import annotations


class ExportError(ValueError):
    """A network that cannot be written as C; the message says why."""


class BudgetError(ExportError):
    """A network that does not fit; the message holds the bytes needed and those there are."""


class DeployError(ValueError):
    """A network that a format cannot hold, or arguments that do not fit; the message says why."""


class ConversionError(RuntimeError):
    """A converter or a checker refused what it was given; its own message is in this one."""
