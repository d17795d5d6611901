"""Records of sheets in the log: how their fields are stored, and how they are read back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec

from agent.forms.record import MIN_SURE, Record
from agent.telemetry.periods import AT_MS, JOIN_BEGUN, iso

MAX_FIELDS_BYTES = 2**14
"""Size of a record's fields up to which the rules that they break are logged, in bytes."""
TOO_LARGE = ("a rule is broken; which one was not logged",)
SELECT = f"""SELECT {AT_MS}, CAST(row.run AS INTEGER), CAST(row.frame AS INTEGER), CAST(row.source AS TEXT),
    CAST(row.form AS TEXT), CAST(row.fields AS TEXT) FROM records {JOIN_BEGUN}"""  # noqa: S608


class LoggedField(msgspec.Struct, array_like=True, frozen=True):
    """A field of a record. It is stored as an array, so a new attribute goes to the end and needs a default."""

    name: str
    value: str
    """Empty without a value."""
    text: str
    raw_text: str
    sure_permille: Annotated[int, msgspec.Meta(ge=0, le=1000)]
    broken: tuple[str, ...] = ()
    """The rules that the text breaks, in words."""

    @property
    def is_sure(self) -> bool:
        """Whether the value need not be checked by a person."""
        return not self.broken and self.sure_permille >= 1000 * MIN_SURE


@dataclass(frozen=True)
class LoggedRecord:
    """A sheet that was recorded."""

    at: str
    """ISO 8601, UTC."""
    run: int
    frame: int
    source: str
    form: str
    fields: tuple[LoggedField, ...]

    @property
    def to_check(self) -> tuple[str, ...]:
        """The names of the fields that a person should look at."""
        return tuple(field.name for field in self.fields if not field.is_sure)


def fields_json(record: Record) -> str:
    """Return the fields of a record as the log stores them."""
    fields = [
        LoggedField(one.name, one.value_text, one.text, one.raw_text, int(1000 * one.confidence), one.broken)
        for one in record.fields
    ]
    encoded = msgspec.json.encode(fields)
    if len(encoded) > MAX_FIELDS_BYTES:
        short = [msgspec.structs.replace(one, broken=TOO_LARGE if one.broken else ()) for one in fields]
        encoded = msgspec.json.encode(short)
    return encoded.decode()


def records(connection: sqlite3.Connection, last: int, *, oldest_first: bool = False) -> Iterator[LoggedRecord]:
    """Yield the newest records.

    Args:
        connection: the open log.
        last: maximum number of records; -1 is all.
        oldest_first: order of the records.
    """
    newest = "SELECT id FROM records ORDER BY id DESC LIMIT ?"
    order = "ASC" if oldest_first else "DESC"
    query = f"{SELECT} WHERE row.id IN ({newest}) ORDER BY row.id {order}"
    for at_ms, run, frame, source, form, fields in connection.execute(query, (last,)):
        yield LoggedRecord(iso(at_ms), run or 0, frame or 0, source or "", form or "", _parsed(fields))


def table_of(connection: sqlite3.Connection, last: int) -> tuple[list[str], Iterator[Sequence[object]]]:
    """Return the columns and the rows of the newest records, oldest first: one column for each field of their forms."""
    names = dict.fromkeys(field.name for record in records(connection, last) for field in record.fields)
    return ["at", "run", "frame", "source", "form", *names, "to_check"], (
        _row(record, names) for record in records(connection, last, oldest_first=True)
    )


def _row(record: LoggedRecord, names: Iterable[str]) -> list[object]:
    values = {field.name: field.value for field in record.fields}
    head = (record.at, record.run, record.frame, record.source, record.form)
    return [*head, *(values.get(name, "") for name in names), " ".join(record.to_check)]


def _parsed(fields: object) -> tuple[LoggedField, ...]:
    """Return the fields of a row; a damaged one has none."""
    try:
        return msgspec.json.decode(str(fields), type=tuple[LoggedField, ...])
    except msgspec.DecodeError:
        return ()
