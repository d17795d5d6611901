"""The file that batches are written to: opened, mended where it is damaged, left alone while it cannot be written.

A log is worth less than the reading itself, so no trouble with it stops the agent: it is said once, and tried again.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from agent.telemetry.buffer import Batch
from agent.telemetry.clock import Clock
from agent.telemetry.database import is_damaged, move_aside, open_for_writing
from agent.telemetry.retention import SLICE_BYTES, Room, find_room, fold_minutes, make_room

RETRY_MS = 30_000
"""How long a log that could not be written is left alone."""
SAY_MS = 3_600_000
"""A log that stops and goes on by turns is told of once in so long."""
SLICE = {"readings": 400, "faults": 20, "choices": 10, "minutes": 3}
"""Rows of a table that one transaction writes at most: what waited for long is written in turns."""
NEW_RUN = """INSERT OR IGNORE INTO runs (key, boot, at_ms, steady_ms, offset_ms, source, board, power_sensor)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
RUN_SO_FAR = """UPDATE runs SET offset_ms = ?, after_ms = ?, ended = ?, frames = ?, dropped = ?,
    readings = ?, digits = ?, lost = ? WHERE id = ?"""
FRAME_SOURCE = "UPDATE runs SET frame_source = ? WHERE id = ? AND frame_source IS NULL"
INSERTS = {
    "readings": """INSERT INTO readings (run, at_ms, after_ms, frame, source, text, sure_permille, x, y, w, h)
        SELECT ?1, ?2, ?3, ?4, nullif(?5, (SELECT frame_source FROM runs WHERE id = ?1)), ?6, ?7, ?8, ?9, ?10, ?11""",
    "faults": "INSERT INTO faults (run, at_ms, after_ms, text) VALUES (?, ?, ?, ?)",
    "choices": "INSERT INTO choices (run, at_ms, after_ms, artifact, runtime, reason) VALUES (?, ?, ?, ?, ?, ?)",
    "minutes": "INSERT INTO minutes (run, at_ms, after_ms, figures) VALUES (?, ?, ?, ?)",
}
SOURCE_COLUMN = 3


@dataclass(frozen=True)
class RunRow:
    """What is known of a run when it begins."""

    source: str
    board: str
    power_sensor: str | None
    began_ms: int
    """By the steady clock."""


class LogWriter:
    """Writes batches, for one thread.

    Args:
        path: the database; its folder is made.
        run: the run that writes.
        say: told once when logging has to stop, when it goes on, and when a damaged file was moved aside.
        clock: tells when to try again.
        max_bytes: what all files of the log take at most; None is a share of the file system.
    """

    def __init__(
        self, path: Path, run: RunRow, say: Callable[[str], None], clock: Clock, max_bytes: int | None = None
    ) -> None:
        self._path, self._run, self._say, self._clock, self._max_bytes = path, run, say, clock, max_bytes
        self._key = uuid.uuid4().bytes
        self._connection: sqlite3.Connection | None = None
        self._room = Room(0)
        self._id = 0
        self._stopped_ms: int | None = None
        self._said_ms: int | None = None
        self._said = False

    @property
    def stopped(self) -> bool:
        """Whether it could not be written last."""
        return self._stopped_ms is not None

    def write(self, batch: Batch, written: Callable[[Batch], None]) -> None:
        """Write a batch, where it can be written.

        Args:
            batch: what waits.
            written: told of each part of the batch that is in the database for good.
        """
        paused_ms = None if self._stopped_ms is None else self._clock.steady_ms() - self._stopped_ms
        if paused_ms is not None and paused_ms < RETRY_MS and not batch.ended:
            return
        try:
            for part in _slices(batch):
                self._commit(part)
                written(part)
        except (OSError, sqlite3.Error) as error:
            self._stop(error)
            return
        self._stopped_ms = None
        if self._said:
            self._said = False
            self._say(f"logging to {self._path} goes on; {batch.lost} rows were lost since the run began")

    def close(self) -> None:
        """Close the file; the last one who does puts the write-ahead log back into the database."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _commit(self, batch: Batch) -> None:
        """Put a batch into the database, into a new one where this one turns out to be damaged."""
        try:
            self._put(batch)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) or not is_damaged(self._path):
                raise
            self.close()
            aside = move_aside(self._path)
            self._say(f"{self._path} is damaged ({error}); it was moved to {aside}, and a new log begun")
            self._put(batch)

    def _put(self, batch: Batch) -> None:
        connection = self._connection or self._open()
        self._shorten(connection)
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            if batch.rows["readings"]:
                connection.execute(FRAME_SOURCE, (batch.rows["readings"][0][SOURCE_COLUMN], self._id))
            for table, rows in batch.rows.items():
                connection.executemany(INSERTS[table], ((self._id, *row) for row in rows))
            if batch.rows["minutes"] or batch.ended:
                fold_minutes(connection, self._room)
                self._update_run(connection, batch)
            make_room(connection, self._room)

    def _update_run(self, connection: sqlite3.Connection, batch: Batch) -> None:
        """Once a minute: with every batch it would be most of what is written."""
        counts, offset_ms = batch.counts, self._clock.wall_ms() - self._clock.steady_ms()
        totals = (counts.frames, counts.dropped, counts.readings, counts.digits, batch.lost)
        connection.execute(RUN_SO_FAR, (offset_ms, batch.after_ms, batch.ended, *totals, self._id))

    def _open(self) -> sqlite3.Connection:
        """Open the file, and enter the run where it is not known yet."""
        connection = open_for_writing(self._path)
        try:
            self._room = Room(self._max_bytes) if self._max_bytes is not None else find_room(self._path)
            page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {self._room.database_bytes // page_bytes}")
            connection.execute(f"PRAGMA wal_autocheckpoint = {self._room.wal_bytes // 4 // page_bytes}")
            connection.execute(f"PRAGMA journal_size_limit = {self._room.wal_bytes // 4}")
            self._id = self._enter(connection)
        except (OSError, sqlite3.Error):
            connection.close()
            raise
        self._connection = connection
        return connection

    def _enter(self, connection: sqlite3.Connection) -> int:
        """The run's number."""
        run, offset_ms = self._run, self._clock.wall_ms() - self._clock.steady_ms()
        when = (self._clock.boot, run.began_ms + offset_ms, run.began_ms, offset_ms)
        connection.execute(NEW_RUN, (self._key, *when, run.source, run.board, run.power_sensor))
        return int(connection.execute("SELECT id FROM runs WHERE key = ?", (self._key,)).fetchone()[0])

    def _shorten(self, connection: sqlite3.Connection) -> None:
        """Hold the write-ahead log to its bytes: it grows as long as somebody reads an old state of the database."""
        self._path.stat()  # who removed the file wants a new one, and nothing more in this one
        wal = self._path.with_name(f"{self._path.name}-wal")
        if wal.exists() and wal.stat().st_size > self._room.wal_bytes - 2 * SLICE_BYTES:
            _, pages, written = connection.execute("PRAGMA wal_checkpoint").fetchone()
            if written < pages:
                raise sqlite3.OperationalError("somebody has been reading it for too long")

    def _stop(self, error: OSError | sqlite3.Error) -> None:
        """Let go of the file, and say why, but once."""
        self.close()
        self._stopped_ms = now_ms = self._clock.steady_ms()
        if self._said_ms is None or (now_ms - self._said_ms >= SAY_MS and not self._said):
            self._said, self._said_ms = True, now_ms
            reason = getattr(error, "strerror", None) or error
            self._say(
                f"logging to {self._path} stopped ({reason}), reading goes on; mend it, or choose another --log; "
                "it goes on by itself when it can"
            )


def _slices(batch: Batch) -> Iterator[Batch]:
    """The batch in parts that a transaction can hold; there is always one, and the last one ends the run."""
    for part in count():
        rows = {table: some[part * SLICE[table] : (part + 1) * SLICE[table]] for table, some in batch.rows.items()}
        last = all((part + 1) * SLICE[table] >= len(some) for table, some in batch.rows.items())
        yield replace(batch, rows=rows, ended=batch.ended and last)
        if last:
            return
