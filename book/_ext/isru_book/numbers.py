"""A recorded value as text: number format, unit, interval, tooltip."""

from __future__ import annotations

import difflib
import re

from isru.addresses import PATTERN, BadAddress, split
from isru.recorded import NotRecorded
from isru.wording import MINUS, CannotShow, formatted
from isru_book.run import Run, commit_text

NBSP = "\N{NO-BREAK SPACE}"
MISSING = "\N{EM DASH}"
__all__ = ["MINUS", "MISSING", "CannotShow", "Wanted", "find", "formatted", "plain_text", "shown"]
_TEXT = re.compile(
    rf"(?P<address>{PATTERN})(?::(?P<format>\S+))?(?P<words>(?: (?:unit|interval|optional))*)"
)
_KINDS = {
    "exact": "the same on every machine",
    "tolerance": "the same within a tolerance",
    "machine": "differs by machine",
}
IN_TEXT = re.compile(r"\{val\}`([^`]+)`")


class Wanted:
    """What the text of a ``val`` role asks for.

    Parameters
    ----------
    text : str
        An address (see `isru.addresses`), ``:FORMAT`` behind it where the number is to have one,
        then any of the words ``unit``, ``interval`` and ``optional`` (see
        `find`; any run may do without its interval).
    """

    def __init__(self, text: str):
        found = _TEXT.fullmatch(" ".join(text.split()))
        if not found:
            raise CannotShow(
                "expected CHAPTER.name or CHAPTER.table[key=level, ...].column, with a format as "
                f"in ':.1f' or without, then 'unit', 'interval', 'optional', got {text!r}"
            )
        try:
            self.chapter, self.name = split(found["address"])
        except BadAddress as error:
            raise CannotShow(str(error)) from None
        self.format = found["format"] or ""
        self.words = found["words"].split()

    @property
    def key(self) -> str:
        """The value's key, ``"forecaster.saving_10"``."""
        return f"{self.chapter}.{self.name}"

    @property
    def table(self) -> str:
        """The table that holds the value, empty for one of its own."""
        return self.name.partition("[")[0] if "[" in self.name else ""


def find(run: Run, wanted: Wanted) -> dict | None:
    """Return the recorded entry, None if this run may lack it and does.

    It may if it is a partial run without that notebook, or if the value is optional and
    `Run.may_lack` says so.

    Raises
    ------
    CannotShow
        If the run has no such value, or several; the message says what it has instead.
    """
    record = run.recorded(wanted.chapter)
    if record is None and run.is_missing(wanted.chapter):
        return None
    try:
        if record is None:
            raise NotRecorded(f"no values/{wanted.chapter}.json in this run")
        return record[wanted.name]
    except NotRecorded as error:
        if "optional" in wanted.words and run.may_lack(wanted.chapter):
            return None
        near = [] if wanted.table else difflib.get_close_matches(wanted.key, run.keys(), 3, 0.5)
        hint = f"; the nearest keys: {', '.join(near)}" if near else ""
        raise CannotShow(f"no value {wanted.key!r}: {error}{hint}") from None
    except BadAddress as error:
        raise CannotShow(f"value {wanted.chapter}.{error}") from None


def shown(entry: dict, wanted: Wanted) -> str:
    """Return an entry as the role shows it: ``3.2``, ``3.2 %`` or ``3.2 (2.1 to 4.3)``."""
    text = formatted(entry["value"], wanted.format)
    unit = entry.get("unit", "") if "unit" in wanted.words else ""
    if unit:
        text += NBSP + unit
    bounded = "low" in entry and "high" in entry
    if "interval" in wanted.words and (bounded or "optional" not in wanted.words):
        if not bounded:
            raise CannotShow(f"value {wanted.key!r} was recorded without an interval")
        low, high = (formatted(entry[end], wanted.format) for end in ("low", "high"))
        text += f" ({low} to {high}{NBSP + unit if unit else ''})"
    return text


def plain_text(run: Run, text: str) -> str:
    """Return a text that no markup may enter, such as an alternative text, with its values."""

    def replaced(match: re.Match) -> str:
        wanted = Wanted(match[1])
        entry = find(run, wanted)
        return MISSING if entry is None else shown(entry, wanted)

    return IN_TEXT.sub(replaced, text)


def tooltip(run: Run, wanted: Wanted, entry: dict) -> str:
    """Return value, unit, interval, kind and provenance in words."""
    record = run.values(wanted.chapter)
    about = record["provenance"]
    value = f"{wanted.key} = {entry['value']} {entry.get('unit', '')}".strip()
    if "low" in entry and "high" in entry:
        value += f", 95 % interval {entry['low']} to {entry['high']}"
    parts = [
        value,
        entry.get("note", ""),
        f"{_KINDS[entry['kind']]}, profile {about.get('profile', 'unknown')}",
        f"commit {commit_text(about)}, {about.get('date', 'no date')}",
        about.get("machine", ""),
        f"notebook {record['notebook']}",
    ]
    return "\n".join(part for part in parts if part)
