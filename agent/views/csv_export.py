"""Export tables of the log as CSV (RFC 4180) with a header line, oldest row first. No cell is a formula."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from typing import IO, Any, Literal

from agent.events import LATENCY_STAGES
from agent.telemetry.periods import Period, periods
from agent.telemetry.record_rows import table_of
from agent.telemetry.report import LoggedChoice, LoggedFault, LoggedReading, LoggedRun, rows
from profiles.foreign_text import show_cell

TableName = Literal["hours", "days", "readings", "records", "faults", "choices", "runs"]
LATENCY, PERCENTILES = "latency", ("p50_ms", "p95_ms", "p99_ms")
KINDS: Mapping[TableName, type[Any]] = {
    "readings": LoggedReading,
    "faults": LoggedFault,
    "choices": LoggedChoice,
    "runs": LoggedRun,
}


def write_rows(connection: sqlite3.Connection, table: TableName, last: int, out: IO[str]) -> None:
    """Write one table of the log, row by row: there may be millions.

    Args:
        connection: the open log.
        table: name of the table.
        last: maximum number of rows; -1 means all.
        out: stream to write to.
    """
    names, cells = _table(connection, table, last)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(map(show_cell, names))
    writer.writerows(map(show_cell, row) for row in cells)


def _table(connection: sqlite3.Connection, table: TableName, last: int) -> tuple[list[str], Iterator[Sequence[Any]]]:
    """Return the columns of a table, also if it has no rows, and its rows."""
    if table in ("hours", "days"):
        hours, days = periods(connection, last, None)
        found = hours if table == "hours" else days
        stages = dict.fromkeys((*LATENCY_STAGES, *(stage.stage for row in found for stage in row.latency)))
        names = [*_names(Period, without=LATENCY), *(f"{stage}_{name}" for stage in stages for name in PERCENTILES)]
        cells = map(_with_percentiles, reversed(found))
        return names, ([row.get(name) for name in names] for row in cells)
    if table == "records":
        return table_of(connection, last)
    return _names(KINDS[table]), rows(connection, KINDS[table], last, oldest_first=True)


def _names(kind: type[Any], without: str = "") -> list[str]:
    return [field.name for field in fields(kind) if field.name != without]


def _with_percentiles(period: Period) -> dict[str, Any]:
    percentiles = {
        f"{latency.stage}_{name}": getattr(latency, name) for latency in period.latency for name in PERCENTILES
    }
    return asdict(period) | percentiles
