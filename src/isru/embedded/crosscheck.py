"""`isru.firmware.crosscheck` under the name of this package."""

from isru.firmware.crosscheck import crosscheck, crosscheck_problem

__all__ = ["crosscheck", "crosscheck_problem"]
