"""Intervals, paired differences, equivalence, multiplicity: how a number gets its uncertainty.

Not here: what a number means. Functions take plain arrays, but groups and named intervals tables.

Two calls with equal generators give equal results.
"""

from __future__ import annotations

from isru.lazily import public_name, public_names

_HOME = {
    "days": ("seeds_and_days",),
    "interval": ("Interval",),
    "multiplicity": ("holm",),
    "paired": ("Equivalence", "PairedDifference", "paired_difference", "tost"),
    "ratios": ("aa_floor", "direction", "ratio_of_medians"),
    "runs": ("between_runs",),
    "samples": ("STATISTICS", "bootstrap_interval", "mean_interval"),
    "tables": ("by_group", "groups", "named"),
}

__all__ = public_names(_HOME)


def __getattr__(name):
    return public_name(__name__, _HOME, name)


def __dir__():
    return __all__
