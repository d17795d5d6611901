"""Limits the size of the log: old measurements become coarser, and then the oldest rows of each kind are deleted."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from agent.telemetry.rollup import Rollup, pack, unpack

MAX_BYTES = 256 * 2**20
"""Maximum size of the log on a large file system."""
MAX_DISK_SHARE = 0.1
"""Maximum share of the log's file system, 0..1. journald has the same limit; a file system in RAM is small."""
MIN_BYTES = 2**21
"""Size that the log may have on any file system."""
KEEP_MINUTES = 2 * 24 * 60
"""Rows of the table `minutes` that are kept; older ones are added up to hours."""
EXTRA_MINUTES = 60
"""Rows beyond `KEEP_MINUTES` that may collect before they are added up. Raising it adds them up less often."""
KEEP_HOURS = 366 * 24
"""Rows of the table `hours` that are kept."""
TRANSACTION_BYTES = 2**16
"""Upper bound of what one transaction adds to the database."""
DELETED_ROWS = {"readings": 2000, "records": 20}
"""Rows by table that are deleted at a time. Records are deleted only when no readings are left."""
MAX_DELETIONS = 4
"""Times that so many rows are deleted in one transaction. A log from a larger disk shrinks over many transactions: each
is in the write-ahead log as a whole, which would otherwise grow beyond its budget."""
ROW_BYTES = 256
"""Estimated size of a fault, a choice or a run; the rows of each of these tables may take an eighth of the log."""
MS_PER_HOUR = 3_600_000
MINUTES_WITH_HOUR = """SELECT CAST(coalesce(begun.at_ms + after_ms, minutes.at_ms, 0) AS INTEGER) / ?, figures
    FROM minutes LEFT JOIN begun ON begun.run = minutes.run WHERE minutes.id <= ?"""


@dataclass(frozen=True)
class DiskBudget:
    """Maximum sizes of the parts of the log."""

    total_bytes: int

    @property
    def wal_bytes(self) -> int:
        """Maximum size of the write-ahead log; SQLite moves it into the database at a quarter of this size."""
        return min(self.total_bytes // 4, 2**22)

    @property
    def database_bytes(self) -> int:
        """Maximum size of the database file."""
        return self.total_bytes - self.wal_bytes - 2**15

    @property
    def picture_bytes(self) -> int:
        """Maximum size of the cut-outs."""
        return self.database_bytes // 2

    @property
    def rollup_bytes(self) -> int:
        """Maximum size of the rollups in `minutes` and `hours`."""
        return self.database_bytes // 4


def find_disk_budget(path: Path) -> DiskBudget:
    """Return the budget for a log: a share of its file system, between `MIN_BYTES` and `MAX_BYTES`.

    Raises:
        OSError: its folder does not exist.
    """
    system = os.statvfs(path.parent)
    return DiskBudget(max(MIN_BYTES, min(MAX_BYTES, int(MAX_DISK_SHARE * system.f_blocks * system.f_frsize))))


def delete_oldest(connection: sqlite3.Connection, budget: DiskBudget) -> None:
    """Delete the oldest rows that exceed the budget, within the open transaction.

    Raises:
        sqlite3.Error: the database cannot be written.
    """
    page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]
    for table in ("faults", "choices", "runs"):
        rows = budget.total_bytes // 8 // ROW_BYTES
        connection.execute(f"DELETE FROM {table} WHERE id <= (SELECT max(id) FROM {table}) - ?", (rows,))  # noqa: S608

    def used_bytes() -> int:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        free = connection.execute("PRAGMA freelist_count").fetchone()[0]
        return int((pages - free) * page_bytes)

    for table, rows in DELETED_ROWS.items():
        delete = f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} ORDER BY id LIMIT ?)"  # noqa: S608
        for _ in range(MAX_DELETIONS):
            if used_bytes() <= budget.database_bytes - TRANSACTION_BYTES:
                return
            if not connection.execute(delete, (rows,)).rowcount:
                break
            if table == "readings":
                _delete_without_reading(connection)
        else:
            return


def _delete_without_reading(connection: sqlite3.Connection) -> None:
    """Delete cut-outs and corrections whose reading was deleted."""
    oldest = connection.execute("SELECT coalesce(min(id), ?) FROM readings", (2**62,)).fetchone()
    for table in ("pictures", "corrections"):
        connection.execute(f"DELETE FROM {table} WHERE reading < ?", oldest)  # noqa: S608


def roll_up_minutes(connection: sqlite3.Connection, budget: DiskBudget) -> None:
    """Add up minutes older than two days to hours, earlier if the budget is small; then delete the oldest hours.

    Raises:
        sqlite3.Error: the database cannot be written.
    """
    first, last = connection.execute("SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM minutes").fetchone()
    if last - first >= KEEP_MINUTES + EXTRA_MINUTES:
        _roll_up(connection, last - KEEP_MINUTES)
    connection.execute(
        "DELETE FROM hours WHERE hour IN (SELECT hour FROM hours ORDER BY hour DESC LIMIT -1 OFFSET ?)", (KEEP_HOURS,)
    )
    while _rollup_bytes(connection) > budget.rollup_bytes:
        first, last = connection.execute("SELECT min(id), max(id) FROM minutes").fetchone()
        if last is not None and last > first:
            _roll_up(connection, (first + last) // 2)
        elif not connection.execute("DELETE FROM hours WHERE hour = (SELECT min(hour) FROM hours)").rowcount:
            break


def _roll_up(connection: sqlite3.Connection, last: int) -> None:
    """Replace the minutes up to a row ID by hours."""
    hours: dict[int, Rollup] = {}
    for hour, stored in connection.execute(MINUTES_WITH_HOUR, (MS_PER_HOUR, last)):
        hours.setdefault(hour, Rollup()).merge(unpack(stored))
    for hour, rollup in hours.items():
        existing = connection.execute("SELECT figures FROM hours WHERE hour = ?", (hour,)).fetchone()
        if existing is not None:
            rollup.merge(unpack(existing[0]))
        connection.execute("INSERT OR REPLACE INTO hours VALUES (?, ?)", (hour, pack(rollup)))
    connection.execute("DELETE FROM minutes WHERE id <= ?", (last,))


def _rollup_bytes(connection: sqlite3.Connection) -> int:
    """Return the size of all rollups; SQLite knows the length of a row without reading it."""
    stored = "(SELECT figures FROM minutes UNION ALL SELECT figures FROM hours)"
    return int(connection.execute(f"SELECT coalesce(sum(length(figures)), 0) FROM {stored}").fetchone()[0])  # noqa: S608
