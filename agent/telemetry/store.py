"""The log: readings, latency and power in a SQLite file, written in batches, with a cap on its size.

A log is worth less than the reading itself, so no trouble with it stops the agent: it is said once, and the log ends.
"""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

from agent.live.tick import Counts, RunInfo, Tick
from agent.telemetry.schema import open_for_writing

MAX_BYTES = 64 * 2**20
BATCH_ROWS = 2000
BATCH_S = 5.0
EXPENDABLE = ("latency", "vitals", "events", "runs", "readings")
"""What goes first when the file is full: the oldest rows of the first table that has any."""
MAX_EVENTS = 1000
"""Events that may wait for the next batch."""

INSERTS = {
    "readings": "INSERT INTO readings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "latency": "INSERT INTO latency VALUES (?, ?, ?, ?)",
    "vitals": "INSERT INTO vitals VALUES (?, ?, ?, ?, ?, ?)",
    "events": "INSERT INTO events VALUES (?, ?, ?)",
}
NEW_RUN = (
    "INSERT INTO runs (started_at, source, board, artifact, runtime, reason, power_sensor) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
RUN_SO_FAR = "UPDATE runs SET frames = ?, dropped = ?, readings = ?, digits = ?, ended_at = ? WHERE id = ?"


class Store:
    """A sink that writes to the database at `path`.

    Args:
        path: the database; its folder is made.
        info: what this run is.
        say: told once, when logging has to stop.
        max_bytes: size that the database keeps to, its write-ahead log of at most 5 MB not counted.
        batch_s: time after which what was taken is written.
        clock: seconds, for `batch_s`.
    """

    def __init__(
        self,
        path: Path,
        info: RunInfo,
        say: Callable[[str], None],
        *,
        max_bytes: int = MAX_BYTES,
        batch_s: float = BATCH_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._say = path, say
        self._max_bytes, self._batch_s, self._clock = max_bytes, batch_s, clock
        self._rows: dict[str, list[tuple[object, ...]]] = {table: [] for table in INSERTS}
        self._events: deque[tuple[str, str]] = deque(maxlen=MAX_EVENTS)
        self._counts = Counts()
        self._written_s = clock()
        self._sampled_ns: int | None = None
        self._run: int | None = None
        self._connection: sqlite3.Connection | None = None
        try:
            self._connection = open_for_writing(path)
            run = (_utc_now(), info.source, info.board, info.artifact, info.runtime, info.reason, info.power_sensor)
            self._run = self._connection.execute(NEW_RUN, run).lastrowid
        except (OSError, sqlite3.Error) as error:
            self._give_up(error)

    def take(self, tick: Tick) -> None:
        """Keep a tick's rows, and write them when a batch is due."""
        if self._connection is None:
            return
        run, now = self._run, _utc_now()
        self._counts = tick.counts
        self._rows["latency"] += [(run, tick.number, stage, ms) for stage, ms in tick.latency_ms.items()]
        self._rows["readings"] += [
            (run, now, tick.finished_ns, tick.number, tick.source, reading.text, reading.confidence, *reading.box)
            for reading in tick.announced
        ]
        vitals = tick.vitals
        if vitals is not None and vitals.measured_ns != self._sampled_ns:
            self._sampled_ns = vitals.measured_ns
            throttling = None if vitals.throttling is None else ", ".join(vitals.throttling)
            measured = (vitals.measured_ns, vitals.power_mw, vitals.temperature_c, throttling)
            self._rows["vitals"].append((run, now, *measured))
        due = self._clock() - self._written_s >= self._batch_s
        if due or sum(map(len, self._rows.values())) >= BATCH_ROWS:
            self._write()

    def note(self, text: str) -> None:
        """Log an event, such as a picture that could not be read; any thread may call it."""
        self._events.append((_utc_now(), text))

    def close(self) -> None:
        """Write what is left, and mark the run as ended."""
        if self._connection is not None:
            self._write(ended_at=_utc_now())
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _write(self, ended_at: str | None = None) -> None:
        assert self._connection is not None
        while self._events:
            self._rows["events"].append((self._run, *self._events.popleft()))
        counts = self._counts
        so_far = (counts.frames, counts.dropped, counts.readings, counts.digits, ended_at, self._run)
        try:
            with self._connection:
                self._connection.execute("BEGIN")
                for table, rows in self._rows.items():
                    self._connection.executemany(INSERTS[table], rows)
                self._connection.execute(RUN_SO_FAR, so_far)
            for rows in self._rows.values():
                rows.clear()
            make_room(self._connection, self._max_bytes)
        except sqlite3.Error as error:
            self._give_up(error)
        self._written_s = self._clock()

    def _give_up(self, error: Exception) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        reason = getattr(error, "strerror", None) or error
        self._say(f"logging to {self._path} stopped ({reason}), reading goes on; mend it, or choose another --log")


def make_room(connection: sqlite3.Connection, max_bytes: int) -> None:
    """Delete the oldest rows, the most expendable first, until the pages in use fit; SQLite uses the free ones again.

    Raises:
        sqlite3.Error: the database cannot be written.
    """
    page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]

    def used_bytes() -> int:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        free = connection.execute("PRAGMA freelist_count").fetchone()[0]
        return int((pages - free) * page_bytes)

    for table in EXPENDABLE:
        while used_bytes() > max_bytes:
            oldest_tenth = f"SELECT min(rowid) + (max(rowid) - min(rowid)) / 10 FROM {table}"  # noqa: S608
            deleted = connection.execute(f"DELETE FROM {table} WHERE rowid <= ({oldest_tenth})")  # noqa: S608
            if deleted.rowcount == 0:
                break


def _utc_now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
