"""What can go wrong in a sweep, said with the configuration that it went wrong for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_SHOWN = 3  # failures told in full; more would bury the first


@dataclass(frozen=True)
class Failure:
    """One row that could not be computed.

    Attributes
    ----------
    case : object
        The configuration.
    message : str
        The traceback, or why there is none.
    """

    case: object
    message: str


class SweepError(RuntimeError):
    """A sweep could not finish; the rows that did finish are kept.

    Parameters
    ----------
    message : str
    failures : sequence of Failure
        Rows that failed; empty if the sweep as a whole did.
    """

    def __init__(self, message: str, failures: Sequence[Failure] = ()):
        super().__init__(message)
        self.failures = list(failures)


def rows_failed(failures: Sequence[Failure], kept: int, total: int, cached: bool) -> SweepError:
    """Return the error that names the configurations which failed, with their tracebacks."""
    lines = [f"{len(failures)} of {total} rows failed; {_what_is_kept(kept, cached)}"]
    for failure in failures[:_SHOWN]:
        lines += [f"\n{failure.case}", failure.message.rstrip()]
    if len(failures) > _SHOWN:
        rest = len(failures) - _SHOWN
        lines.append(f"\nand {rest} more, in the error's attribute 'failures'")
    return SweepError("\n".join(lines), failures)


def cut_off(reason: str, kept: int, total: int, cached: bool) -> SweepError:
    """Return the error of a sweep that lost its workers."""
    return SweepError(f"{reason}; {kept} of {total} rows are done, {_what_is_kept(kept, cached)}")


def _what_is_kept(kept: int, cached: bool) -> str:
    if not cached:
        return "none is kept, because the sweep was given no cache folder"
    return f"the {kept} finished ones are kept: run the sweep again, and only the rest is computed"
