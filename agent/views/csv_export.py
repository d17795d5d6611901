"""Export tables of the log as CSV (RFC 4180) with a header line, newest row first. No cell is a formula."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import IO, Any, Literal

from agent.telemetry.periods import Period, periods
from agent.telemetry.report import choices, faults, readings, runs
from profiles.foreign_text import show_cell

TableName = Literal["hours", "days", "readings", "faults", "choices", "runs"]
LATENCY, PERCENTILES = "latency", ("p50_ms", "p95_ms", "p99_ms")


def write_rows(connection: sqlite3.Connection, table: TableName, last: int, out: IO[str]) -> None:
    """Write one table of the log.

    Args:
        connection: the open log.
        table: name of the table.
        last: maximum number of rows; -1 means all.
        out: stream to write to.
    """
    writer, names = csv.writer(out, lineterminator="\n"), list[str]()
    for row in _rows(connection, table, last):
        if not names:
            names = list(row)
            writer.writerow(map(show_cell, names))
        writer.writerow([show_cell(row.get(name)) for name in names])


def _rows(connection: sqlite3.Connection, table: TableName, last: int) -> Iterator[dict[str, Any]]:
    if table in ("hours", "days"):
        hours, days = periods(connection, last, None)
        return _periods(hours if table == "hours" else days)
    read = {"readings": readings, "faults": faults, "choices": choices, "runs": runs}[table]
    rows: Iterable[Any] = read(connection, last)
    return (asdict(row) for row in rows)


def _periods(rows: tuple[Period, ...]) -> Iterator[dict[str, Any]]:
    """Yield one row per hour or day, with columns for the percentiles of every stage in the table."""
    stages = dict.fromkeys(stage.stage for row in rows for stage in row.latency)
    for row in rows:
        columns = asdict(row)
        del columns[LATENCY]
        for stage in stages:
            latency = next((one for one in row.latency if one.stage == stage), None)
            columns |= {f"{stage}_{name}": getattr(latency, name, None) for name in PERCENTILES}
        yield columns
