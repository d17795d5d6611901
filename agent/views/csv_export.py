"""Tables of the log as CSV, for spreadsheets: RFC 4180 with a line of names, the newest row first."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import IO, Any, Literal

from agent.telemetry.periods import Period, periods
from agent.telemetry.report import choices, faults, readings, runs

Table = Literal["hours", "days", "readings", "faults", "choices", "runs"]
LATENCY, PERCENTILES = "latency", ("p50_ms", "p95_ms", "p99_ms")


def write_rows(connection: sqlite3.Connection, table: Table, last: int, out: IO[str]) -> None:
    """Write a table of an open log.

    Args:
        connection: the log.
        table: which.
        last: how many rows; -1 is all.
        out: where to.
    """
    writer, names = csv.writer(out, lineterminator="\n"), list[str]()
    for row in _rows(connection, table, last):
        if not names:
            names = list(row)
            writer.writerow(names)
        writer.writerow([row.get(name) for name in names])


def _rows(connection: sqlite3.Connection, table: Table, last: int) -> Iterator[dict[str, Any]]:
    if table in ("hours", "days"):
        hours, days = periods(connection, last, None)
        return _periods(hours if table == "hours" else days)
    read = {"readings": readings, "faults": faults, "choices": choices, "runs": runs}[table]
    rows: Iterable[Any] = read(connection, last)
    return (asdict(row) for row in rows)


def _periods(rows: tuple[Period, ...]) -> Iterator[dict[str, Any]]:
    """An hour or a day in one row: the percentiles of every stage that occurs anywhere."""
    stages = dict.fromkeys(stage.stage for row in rows for stage in row.latency)
    for row in rows:
        plain = asdict(row)
        del plain[LATENCY]
        for stage in stages:
            figures = next((one for one in row.latency if one.stage == stage), None)
            plain |= {f"{stage}_{name}": getattr(figures, name, None) for name in PERCENTILES}
        yield plain
