"""What a table says of its columns: label, type, unit, kind, tolerance, interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from isru.table_words import column_words

KINDS = ("exact", "tolerance", "machine")
_SAID = ("label", "unit", "unit_from", "format", "note", "kind", "rtol", "atol", "low", "high")
_SHARED = (
    "unit",
    "unit_from",
    "kind",
    "rtol",
    "atol",
)  # what the ends of an interval have from its column


def described(
    frame,
    keys: Sequence[str],
    columns: dict[str, str | Mapping],
    kind: str,
    tolerance: Mapping[str, float],
    name: str,
) -> dict[str, dict]:
    """Return ``{column: {"label", "type", "unit", "kind", ...}}`` of a DataFrame.

    Parameters
    ----------
    frame : pandas.DataFrame
        One without any columns, of a study that did not take place, is described by nothing.
    keys, columns, kind
        As `isru.records.Record.table` takes them.
    tolerance : mapping
        The rtol and atol of every number of kind tolerance that is not told otherwise.
    name : str
        The table's, for messages.

    Raises
    ------
    ValueError
        For a column that is not there, an unknown kind or field, or two rows of the same keys.
    """
    check_kind(kind)
    if not len(frame.columns):
        return {}
    told = {column: _fields(name, column, said) for column, said in columns.items()}
    found = {}
    for column in frame.columns:
        words = column_words(str(column))
        about = {"label": words.label, "type": _type(frame[column]), "unit": words.unit}
        about |= {"format": words.format, "kind": kind}
        about |= {**_partners(column, frame), **told.get(column, {})}
        about = {key: said for key, said in about.items() if said != "" or key == "unit"}
        check_kind(about["kind"])
        if about["kind"] == "tolerance" and not {"rtol", "atol"} & set(about):
            about |= tolerance if about["type"] in ("number", "whole") else {}
        found[column] = about
    _share_with_ends(found, told)
    ends = [about[end] for about in found.values() for end in ("low", "high") if end in about]
    if missing := [column for column in (*keys, *told, *ends) if column not in found]:
        raise ValueError(
            f"table {name}: expected columns of the frame, got {missing[0]!r}; "
            f"there are {', '.join(map(str, found))}"
        )
    _check_keys(frame, list(keys), name)
    return found


def _fields(table: str, column: str, said: str | Mapping) -> dict:
    fields = {"unit": said} if isinstance(said, str) else dict(said)
    if unknown := set(fields) - set(_SAID):
        raise ValueError(
            f"table {table}, column {column}: expected of {', '.join(_SAID)}, got {min(unknown)!r}"
        )
    return fields


def _type(values) -> str:
    """Return ``"truth"``, ``"whole"``, ``"number"`` or ``"text"``, whatever pandas keeps it as."""
    by_letter = {"b": "truth", "i": "whole", "u": "whole", "f": "number"}
    if values.dtype.kind in by_letter:
        return by_letter[values.dtype.kind]
    types = {type(value) for value in values.dropna().tolist()}
    if types and types <= {int, float}:
        return "whole" if types == {int} else "number"
    return "truth" if types == {bool} else "text"


def _partners(column: str, frame) -> dict[str, str]:
    ends = {end: f"{column}_{end}" for end in ("low", "high")}
    return ends if all(end in frame.columns for end in ends.values()) else {}


def _share_with_ends(found: dict[str, dict], told: Mapping[str, Mapping]) -> None:
    for about in list(found.values()):
        for end in ("low", "high"):
            partner = found.get(about.get(end))
            if partner is not None:
                own = told.get(about[end], {})
                shared = {key: about[key] for key in _SHARED if key in about and key not in own}
                partner |= shared


def _check_keys(frame, keys: list[str], name: str) -> None:
    if not keys:
        return
    double = frame[frame.duplicated(keys, keep=False)]
    if len(double):
        first = double.iloc[0]
        levels = ", ".join(f"{key}={first[key]}" for key in keys)
        count = int((frame[keys] == first[keys]).all(axis=1).sum())
        raise ValueError(
            f"table {name}: expected one row for each {', '.join(keys)}, got {count} "
            f"with {levels}: name the key that tells them apart"
        )


def check_kind(kind: str) -> None:
    """Refuse what is no kind of result."""
    if kind not in KINDS:
        raise ValueError(f"expected a kind of {KINDS}, got {kind!r}")
