"""Sweeps: a table of configurations, each a row, in this process, in others or on a cluster.

Not here: what a row computes.
"""

from isru.sweep.cluster import VARIABLE
from isru.sweep.costs import Estimate, estimate
from isru.sweep.errors import Failure, SweepError
from isru.sweep.store import about
from isru.sweep.table import run_sweep

__all__ = ["VARIABLE", "Estimate", "Failure", "SweepError", "about", "estimate", "run_sweep"]
