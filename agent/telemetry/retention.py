"""Keeps the log within its bytes: figures first become coarser, then the oldest of each kind goes."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from agent.telemetry.rollup import Rollup, pack, unpack

MAX_BYTES = 256 * 2**20
SHARE = 0.1
"""Of the file system that the log lies on, it takes no more than so much, as journald does: RAM is small."""
LEAST_BYTES = 2**21
KEEP_MINUTES = 2 * 24 * 60
"""Minutes that are kept as minutes, and some more, so that folding is rare."""
MORE_MINUTES = 60
KEEP_HOURS = 366 * 24
SLICE_BYTES = 2**16
"""What one transaction adds at most."""
CHUNK_ROWS = 2000
"""Readings that go at once."""
ROW_BYTES = 256
"""What a fault, a choice or a run takes, roughly; each of them may have an eighth of the log."""
MS_PER_HOUR = 3_600_000
FOLD = """SELECT coalesce(begun.at_ms + after_ms, minutes.at_ms) / ?, figures
    FROM minutes LEFT JOIN begun ON begun.run = minutes.run WHERE minutes.id <= ?"""


@dataclass(frozen=True)
class Room:
    """How many bytes each part of the log may take."""

    total_bytes: int

    @property
    def wal_bytes(self) -> int:
        """The write-ahead log: SQLite puts it back into the database when it is a quarter as long."""
        return min(self.total_bytes // 4, 2**22)

    @property
    def database_bytes(self) -> int:
        return self.total_bytes - self.wal_bytes - 2**15

    @property
    def figures_bytes(self) -> int:
        """Minutes and hours."""
        return self.database_bytes // 4


def find_room(path: Path) -> Room:
    """The room for a log: so much of its file system, and no more than `MAX_BYTES`.

    Raises:
        OSError: its folder does not exist.
    """
    system = os.statvfs(path.parent)
    return Room(max(LEAST_BYTES, min(MAX_BYTES, int(SHARE * system.f_blocks * system.f_frsize))))


def make_room(connection: sqlite3.Connection, room: Room) -> None:
    """Delete what is too much, within the transaction that is open.

    Raises:
        sqlite3.Error: the database cannot be written.
    """
    page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]
    for table in ("faults", "choices", "runs"):
        rows = room.total_bytes // 8 // ROW_BYTES
        connection.execute(f"DELETE FROM {table} WHERE id <= (SELECT max(id) FROM {table}) - ?", (rows,))  # noqa: S608

    def used_bytes() -> int:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        free = connection.execute("PRAGMA freelist_count").fetchone()[0]
        return int((pages - free) * page_bytes)

    while used_bytes() > room.database_bytes - SLICE_BYTES:
        oldest = "SELECT id FROM readings ORDER BY id LIMIT ?"
        if not connection.execute(f"DELETE FROM readings WHERE id IN ({oldest})", (CHUNK_ROWS,)).rowcount:  # noqa: S608
            break


def fold_minutes(connection: sqlite3.Connection, room: Room) -> None:
    """Add up minutes that are older than two days to hours, earlier where room is short; then forget the oldest hours.

    Raises:
        sqlite3.Error: the database cannot be written.
    """
    first, last = connection.execute("SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM minutes").fetchone()
    if last - first >= KEEP_MINUTES + MORE_MINUTES:
        _fold(connection, last - KEEP_MINUTES)
    oldest = "SELECT hour FROM hours ORDER BY hour DESC LIMIT -1 OFFSET ?"
    connection.execute(f"DELETE FROM hours WHERE hour IN ({oldest})", (KEEP_HOURS,))  # noqa: S608
    while _figures_bytes(connection) > room.figures_bytes:
        first, last = connection.execute("SELECT min(id), max(id) FROM minutes").fetchone()
        if last is not None and last > first:
            _fold(connection, (first + last) // 2)
        elif not connection.execute("DELETE FROM hours WHERE hour = (SELECT min(hour) FROM hours)").rowcount:
            break


def _fold(connection: sqlite3.Connection, until: int) -> None:
    hours: dict[int, Rollup] = {}
    for hour, figures in connection.execute(FOLD, (MS_PER_HOUR, until)):
        hours.setdefault(hour, Rollup()).merge(unpack(figures))
    for hour, span in hours.items():
        before = connection.execute("SELECT figures FROM hours WHERE hour = ?", (hour,)).fetchone()
        if before is not None:
            span.merge(unpack(before[0]))
        connection.execute("INSERT OR REPLACE INTO hours VALUES (?, ?)", (hour, pack(span)))
    connection.execute("DELETE FROM minutes WHERE id <= ?", (until,))


def _figures_bytes(connection: sqlite3.Connection) -> int:
    """What minutes and hours take; SQLite reads a row's length without the row."""
    figures = "(SELECT figures FROM minutes UNION ALL SELECT figures FROM hours)"
    return int(connection.execute(f"SELECT coalesce(sum(length(figures)), 0) FROM {figures}").fetchone()[0])  # noqa: S608
