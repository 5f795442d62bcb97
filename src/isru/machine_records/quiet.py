"""Whether a machine was at rest while it measured, by what a record says against itself."""

from __future__ import annotations

import re
from collections.abc import Mapping

_WAITING = re.compile(r"(?P<part>\w+): .*spent waiting.*, in (?P<cells>\d+) of (?P<of>\d+) cells")
_THREADS = "threads"  # several wait for each other, whatever else runs
BUSY = "the machine was busy with something else: measure again, with nothing beside"
QUIET = "quiet enough: the machine did little else"


def busy(record: Mapping) -> bool:
    """Return whether other work took the processor in most of what some part measured.

    A cell waited where its time on the clock is over 5 % longer than its processor time. That
    processes differ decides nothing here: on a virtual machine they do at rest.

    Examples
    --------
    >>> remark = "steps: over 5 % of the time was spent waiting: let nothing run, in {} of 72 cells"
    >>> busy({"problems": [remark.format(72)]}), busy({"problems": [remark.format(1)]})
    (True, False)
    """
    found = filter(None, map(_WAITING.match, record["problems"]))
    return any(
        2 * int(remark["cells"]) > int(remark["of"])
        for remark in found
        if not remark["part"].startswith(_THREADS)
    )


def verdict(record: Mapping) -> str:
    """Return in words whether a record's times can be used."""
    if record.get("kind", "processor") != "processor":
        return "a browser does not tell what ran beside it"
    return BUSY if busy(record) else QUIET
