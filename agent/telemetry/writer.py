"""Writes batches to the database: opens it, replaces it if it is damaged, and retries if it cannot be written.

The log matters less than the readings, so no error of the log stops the agent, whatever its cause: it is reported once,
and writing is tried again.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from agent.telemetry.buffer import MAX_ROWS, LogBatch
from agent.telemetry.clock import LogClock
from agent.telemetry.database import DAMAGE, PAGE_BYTES, is_damaged, move_aside, open_for_writing, reason_of
from agent.telemetry.pictures import NO_PICTURES, KeepPictures, delete_pictures
from agent.telemetry.retention import (
    TRANSACTION_BYTES,
    DiskBudget,
    delete_oldest,
    find_disk_budget,
    roll_up_minutes,
)

RETRY_MS = 30_000
"""Time until a log that could not be written is tried again."""
REMIND_MS = 3_600_000
"""Shortest time between two warnings about a log that stops again and again."""
ROWS_PER_TRANSACTION = {"readings": 200, "records": 1, "faults": 20, "choices": 10, "minutes": 3, "pictures": 2}
"""Maximum rows by table that one transaction writes; together they stay below `TRANSACTION_BYTES`. Cut-outs have
transactions of their own, because each refers to a reading that was written before."""
INSERT_RUN = """INSERT OR IGNORE INTO runs (key, boot, at_ms, steady_ms, offset_ms, source, board, power_sensor)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
UPDATE_RUN = """UPDATE runs SET offset_ms = ?, after_ms = ?, ended = ?, frames = ?, dropped = ?,
    readings = ?, digits = ?, lost = ? WHERE id = ?"""
UPDATE_FRAME_SOURCE = "UPDATE runs SET frame_source = ? WHERE id = ? AND frame_source IS NULL"
INSERTS = {
    "readings": """INSERT INTO readings (run, at_ms, after_ms, frame, source, text, sure_permille, x, y, w, h)
        SELECT run, at_ms, after_ms, frame, nullif(source, (SELECT frame_source FROM runs WHERE id = run)),
            text, sure_permille, x, y, w, h
        FROM (SELECT ? AS run, ? AS at_ms, ? AS after_ms, ? AS frame, ? AS source, ? AS text, ? AS sure_permille,
            ? AS x, ? AS y, ? AS w, ? AS h)""",
    "records": "INSERT INTO records (run, at_ms, after_ms, frame, source, form, fields) VALUES (?, ?, ?, ?, ?, ?, ?)",
    "faults": "INSERT INTO faults (run, at_ms, after_ms, text) VALUES (?, ?, ?, ?)",
    "choices": "INSERT INTO choices (run, at_ms, after_ms, artifact, runtime, reason) VALUES (?, ?, ?, ?, ?, ?)",
    "minutes": "INSERT INTO minutes (run, at_ms, after_ms, figures) VALUES (?, ?, ?, ?)",
    "pictures": f"""INSERT OR REPLACE INTO pictures (reading, sure, jpeg, x, y, w, h, bytes)
        SELECT id, ?5, ?6, ?7, ?8, ?9, ?10, length(?6) + {PAGE_BYTES} FROM readings
        WHERE id > (SELECT max(id) FROM readings) - {MAX_ROWS["readings"]}
            AND run = ?1 AND frame = ?2 AND x = ?3 AND y = ?4 ORDER BY id DESC LIMIT 1""",  # noqa: S608
}
SOURCE_COLUMN = 3
"""Index of `source` in a row of readings."""


@dataclass(frozen=True)
class RunRow:
    """Columns of a run that are known at its start."""

    source: str
    board: str
    power_sensor: str | None
    began_ms: int
    """Start of the run on the steady clock."""


class LogWriter:
    """Writes batches, from one thread.

    Args:
        path: the database; its folder is made.
        run: the run that writes.
        warn: called when logging stops, when it continues, and when a damaged file was moved aside.
        clock: clock for the times of the run and of a retry.
        max_bytes: maximum size of all files of the log; None is a share of the file system.
        pictures: how much space cut-outs may take. All that are kept are deleted if no more are wanted.
    """

    def __init__(
        self,
        path: Path,
        run: RunRow,
        warn: Callable[[str], None],
        clock: LogClock,
        max_bytes: int | None = None,
        *,
        pictures: KeepPictures = NO_PICTURES,
    ) -> None:
        self._pictures = pictures
        self._path, self._run, self._warn, self._clock, self._max_bytes = path, run, warn, clock, max_bytes
        self._key = uuid.uuid4().bytes
        self._connection: sqlite3.Connection | None = None
        self._budget = DiskBudget(0)
        self._run_id = 0
        self._stopped_ms: int | None = None
        self._warned_ms: int | None = None
        self._warned_of_stop = False

    @property
    def stopped(self) -> bool:
        """Whether the last write failed."""
        return self._stopped_ms is not None

    def write(self, batch: LogBatch, confirm: Callable[[LogBatch], None]) -> None:
        """Write a batch, unless a write has failed a short time ago.

        Args:
            batch: rows to write.
            confirm: called with each part of the batch that is committed.
        """
        paused_ms = None if self._stopped_ms is None else self._clock.steady_ms() - self._stopped_ms
        if paused_ms is not None and paused_ms < RETRY_MS and not batch.ended:
            return
        try:
            for part in _transactions(batch):
                self._commit(part)
                confirm(part)
        except Exception as error:  # noqa: BLE001 - a file that others can change may cause any error
            self._stop(error)
            return
        self._stopped_ms = None
        if self._warned_of_stop:
            self._warned_of_stop = False
            self._warn(f"logging to {self._path} goes on; {batch.lost} rows were lost since the run began")

    def close(self) -> None:
        """Close the file. SQLite moves the write-ahead log into the database when the last connection closes."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _commit(self, batch: LogBatch) -> None:
        """Commit a batch; if the database turns out to be damaged, move it aside and use a new one."""
        try:
            self._execute(batch)
        except DAMAGE as error:
            if isinstance(error, sqlite3.OperationalError) or not is_damaged(self._path):
                raise
            self.close()
            aside = move_aside(self._path)
            self._warn(
                f"{self._path} is damaged ({reason_of(error)}); it was moved to {aside}, and a new log was started"
            )
            self._execute(batch)

    def _execute(self, batch: LogBatch) -> None:
        connection = self._connection or self._open()
        self._limit_wal(connection)
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            if batch.rows["readings"]:
                connection.execute(UPDATE_FRAME_SOURCE, (batch.rows["readings"][0][SOURCE_COLUMN], self._run_id))
            for table, rows in batch.rows.items():
                connection.executemany(INSERTS[table], ((self._run_id, *row) for row in rows))
            if batch.rows["minutes"] or batch.ended:
                roll_up_minutes(connection, self._budget)
                self._update_run(connection, batch)
            if batch.rows["pictures"]:
                self._limit_pictures(connection)
            delete_oldest(connection, self._budget)

    def _update_run(self, connection: sqlite3.Connection, batch: LogBatch) -> None:
        """Update the run's row once a minute. With each batch, it would be most of the data that is written."""
        counts, offset_ms = batch.counts, self._clock.wall_ms() - self._clock.steady_ms()
        totals = (counts.frames, counts.dropped, counts.readings, counts.digits, batch.lost)
        connection.execute(UPDATE_RUN, (offset_ms, batch.after_ms, batch.ended, *totals, self._run_id))

    def _open(self) -> sqlite3.Connection:
        """Open the file, and insert the run if the file does not contain it yet."""
        connection = open_for_writing(self._path)
        try:
            self._budget = DiskBudget(self._max_bytes) if self._max_bytes is not None else find_disk_budget(self._path)
            page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {self._budget.database_bytes // page_bytes}")
            connection.execute(f"PRAGMA wal_autocheckpoint = {self._budget.wal_bytes // 4 // page_bytes}")
            connection.execute(f"PRAGMA journal_size_limit = {self._budget.wal_bytes // 4}")
            self._run_id = self._insert_run(connection)
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                self._limit_pictures(connection)
        except (OSError, sqlite3.Error):
            connection.close()
            raise
        self._connection = connection
        return connection

    def _limit_pictures(self, connection: sqlite3.Connection) -> None:
        wanted = 0 if self._pictures.which == "none" else self._pictures.max_bytes
        delete_pictures(connection, min(wanted, self._budget.picture_bytes))

    def _insert_run(self, connection: sqlite3.Connection) -> int:
        """Insert the run's row if it is missing, and return its ID."""
        run, offset_ms = self._run, self._clock.wall_ms() - self._clock.steady_ms()
        times = (self._clock.boot, run.began_ms + offset_ms, run.began_ms, offset_ms)
        connection.execute(INSERT_RUN, (self._key, *times, run.source, run.board, run.power_sensor))
        return int(connection.execute("SELECT id FROM runs WHERE key = ?", (self._key,)).fetchone()[0])

    def _limit_wal(self, connection: sqlite3.Connection) -> None:
        """Keep the write-ahead log within its budget: it grows while a reader holds an old state of the database."""
        self._path.stat()  # fails if the file was removed, and then a new one is made
        wal = self._path.with_name(f"{self._path.name}-wal")
        if wal.exists() and wal.stat().st_size > self._budget.wal_bytes - 2 * TRANSACTION_BYTES:
            _, pages, moved = connection.execute("PRAGMA wal_checkpoint").fetchone()
            if moved < pages:
                raise sqlite3.OperationalError("another program has been reading it for too long")

    def _stop(self, error: Exception) -> None:
        """Close the file until the next attempt, and warn unless a warning was given a short time ago."""
        self.close()
        self._stopped_ms = now_ms = self._clock.steady_ms()
        if self._warned_ms is None or (now_ms - self._warned_ms >= REMIND_MS and not self._warned_of_stop):
            self._warned_of_stop, self._warned_ms = True, now_ms
            self._warn(
                f"logging to {self._path} stopped ({reason_of(error)}), reading goes on; "
                "repair it, or choose another --log; logging goes on as soon as the file can be written"
            )


def _transactions(batch: LogBatch) -> Iterator[LogBatch]:
    """Split a batch into at least one part for one transaction each. Only the last part ends the run."""
    pictures = batch.rows["pictures"]
    yield from _parts(replace(batch, rows={**batch.rows, "pictures": ()}, ended=batch.ended and not pictures))
    if pictures:
        yield from _parts(replace(batch, rows={**dict.fromkeys(batch.rows, ()), "pictures": pictures}))


def _parts(batch: LogBatch) -> Iterator[LogBatch]:
    for part in count():
        rows = {
            table: waiting[part * ROWS_PER_TRANSACTION[table] : (part + 1) * ROWS_PER_TRANSACTION[table]]
            for table, waiting in batch.rows.items()
        }
        last = all((part + 1) * ROWS_PER_TRANSACTION[table] >= len(waiting) for table, waiting in batch.rows.items())
        yield replace(batch, rows=rows, ended=batch.ended and last)
        if last:
            return
