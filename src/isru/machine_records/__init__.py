"""One machine's timings in one file, small enough to contribute and checked before it is used.

Not here: results of chapters.

`record_machine` measures and writes, `check_record` reads a file and refuses a broken, foreign,
outdated or edited one, and one that the book could not show; `samples` gives its raw values,
`isru.machine_records.summaries` what they say, `isru.machine_records.page` what the book shows.
A record, of a processor or of a browser, holds the machine's description and raw samples, no user
or host name; its name ends in a hash of its content, so that a record edited by hand is noticed.
"""

from isru.machine_records.page import check_record
from isru.machine_records.recording import Interrupted, record_machine, rounds_kept
from isru.machine_records.schema import SCHEMA, samples

__all__ = ["SCHEMA", "Interrupted", "check_record", "record_machine", "rounds_kept", "samples"]
