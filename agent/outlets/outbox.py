"""The outbox: messages wait on the disk until each outlet has delivered them.

So neither an absent broker nor the end of the agent costs a reading.
Every outlet receives every message at least once, in order. An outlet that dies before it has noted its progress sends
some messages again, with the same ids. If the disk cannot be written, new messages wait in memory.
"""

# ruff: noqa: S608 (the only texts in queries are DISK and MEMORY)

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from agent.outlets.message import Kind, Message, StoredMessage

MAX_BYTES = 256 * 2**20
"""Bytes of messages that may wait on a large disk. A reading takes about 700, so a day of one reading a second fits."""
MAX_DISK_SHARE = 0.1
"""Share of the file system that messages may take, 0..1."""
MEMORY_BYTES = 4 * 2**20
"""Bytes of messages that may wait in memory while the disk cannot be written. Raising it loses fewer readings then, and
takes that memory from the board."""
ROW_BYTES = 24
"""Bytes that a message takes beyond its body. Measured: 16 to 24 in files of 1,000 to 100,000 messages."""
DROPPED_SHARE = 0.02
"""Share of the limit that is dropped at a time. Raising it drops more at once and less often."""
DROP_ORDER: tuple[tuple[Kind, Kind], ...] = (("measures", "measures"), ("fault", "fault"), ("reading", "record"))
"""Which messages are dropped first when the outbox is full."""
SAVE_S = 1.0
"""Longest time until the progress of the outlets is noted on the disk, in seconds. Raising it writes less, and sends
more messages twice after a crash."""
RETRY_S = 60.0
"""Time between two attempts to write to the disk again, in seconds."""
TABLES = """
CREATE TABLE IF NOT EXISTS {where}.messages (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS {where}.outlets (name TEXT PRIMARY KEY, confirmed INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS {where}.notes (name TEXT PRIMARY KEY, text TEXT NOT NULL);
"""
DISK, MEMORY = "main", "memory"
"""Names by which SQLite knows the file, and the database in memory beside it."""


class Outbox:
    """The messages that wait. Any thread may use it.

    Args:
        path: the database; its folder is made.
        outlets: names of the outlets. A new one gets the messages from now on; the messages of one that is not named
            any more are forgotten.
        warn: called when the disk cannot be written, when it can be again, and when messages are dropped.
        max_bytes: bytes of messages that may wait; None is a share of the file system.
        clock_s: current time, in seconds.
    """

    def __init__(
        self,
        path: Path,
        outlets: Sequence[str],
        warn: Callable[[str], None],
        *,
        max_bytes: int | None = None,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._warn, self._clock_s = path, warn, clock_s
        self._lock = threading.RLock()
        self._unsaved, self._saved_s, self._retry_s = False, clock_s(), float("inf")
        self.dropped = 0
        """Messages that were dropped because too many waited."""
        self.in_memory = False
        """Whether the disk cannot be written, so that a restart would lose what comes now."""
        try:
            self._db = self._open()
            self._limits = {DISK: _disk_limit(path) if max_bytes is None else max_bytes, MEMORY: MEMORY_BYTES}
        except (sqlite3.Error, OSError) as error:
            self._db = _connect(":memory:")
            self._limits = dict.fromkeys((DISK, MEMORY), MEMORY_BYTES)
            self._say_in_memory(error)
        known = dict(self._db.execute("SELECT name, confirmed FROM outlets"))
        newest = self._db.execute("SELECT max(number) FROM messages").fetchone()[0]
        self._newest = max([0, newest or 0, *known.values()])
        self._confirmed: dict[str, int] = {name: known.get(name, self._newest) for name in outlets}
        self._bytes = {DISK: self._size(DISK), MEMORY: 0}
        # Counted as they come and go: to count a full outbox means to read all of it.
        self._waiting = {name: self._count(number) for name, number in self._confirmed.items()}
        self._unsaved = True
        self.save(now=True)

    def put(self, messages: Sequence[Message]) -> None:
        """Store messages. When this returns, the end of the agent does not lose them."""
        with self._lock:
            if self._clock_s() >= self._retry_s:
                self._try_disk()
            numbered = [
                StoredMessage(number, one.kind, one.body) for number, one in enumerate(messages, self._newest + 1)
            ]
            if not self._write(lambda: self._insert(DISK, numbered)):
                self._insert(MEMORY, numbered)
            self._newest += len(numbered)
            self._waiting = {name: count + len(numbered) for name, count in self._waiting.items()}
            self._drop(MEMORY if self._bytes[MEMORY] else DISK)

    def after(self, number: int, limit: int) -> list[StoredMessage]:
        """Return the oldest messages with a larger number.

        Args:
            number: number of the last message that is not wanted.
            limit: how many messages are returned at most.
        """
        with self._lock:
            found = list[StoredMessage]()
            for where in (DISK, MEMORY):  # what is in memory came later
                query = f"SELECT number, kind, body FROM {where}.messages WHERE number > ? ORDER BY number LIMIT ?"
                found += [StoredMessage(*row) for row in self._db.execute(query, (number, limit - len(found)))]
        return found

    def confirmed(self, outlet: str) -> int:
        """Return the number up to which an outlet has delivered everything."""
        return self._confirmed[outlet]

    def confirm(self, outlet: str, number: int) -> None:
        """Note that an outlet has delivered all messages up to a number; the disk learns it in `save`."""
        with self._lock:
            before = self._confirmed[outlet]
            if number > before:
                self._waiting[outlet] -= self._count(before, number)
                self._confirmed[outlet], self._unsaved = number, True

    def waiting(self, outlet: str) -> int:
        """Return how many messages an outlet has not delivered yet."""
        return self._waiting[outlet]

    def save(self, *, now: bool = False) -> None:
        """Note the progress of the outlets on the disk, and delete what all of them have delivered.

        Args:
            now: whether to write even if the last write was a short time ago.
        """
        with self._lock:
            if not self._unsaved or (not now and self._clock_s() - self._saved_s < SAVE_S):
                return
            oldest = min(self._confirmed.values(), default=self._newest)
            if self._bytes[MEMORY]:
                self._delete_until(MEMORY, oldest)
            self._write(lambda: self._delete_until(DISK, oldest))
            self._unsaved, self._saved_s = False, self._clock_s()

    def note(self, name: str) -> str:
        """Return a text that was kept; empty if there is none."""
        with self._lock:
            row = self._db.execute("SELECT text FROM main.notes WHERE name = ?", (name,)).fetchone()
        return row[0] if row else ""

    def set_note(self, name: str, text: str) -> None:
        """Keep a text over restarts, if the disk can be written."""
        with self._lock:
            self._write(lambda: self._db.execute("INSERT OR REPLACE INTO main.notes VALUES (?, ?)", (name, text)))

    def close(self) -> None:
        """Note the progress, and close the file."""
        with self._lock:
            self.save(now=True)
            self._db.close()

    def _open(self) -> sqlite3.Connection:
        """Open the file; a damaged one is moved aside, and a new one begun."""
        path = self._path
        path.parent.mkdir(parents=True, exist_ok=True)
        # Absolute, because SQLite gives the name ":memory:" a meaning of its own.
        name = str(path.absolute())
        try:
            return _connect(name)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            damaged = path.with_name(f"{path.name}.damaged")
            path.replace(damaged)
            for suffix in ("-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            self._warn(f"the outbox {path} is damaged ({error}): it is kept as {damaged.name}, and a new one begins")
            return _connect(name)

    def _write(self, write: Callable[[], object]) -> bool:
        """Write to the disk, and return whether it took it."""
        if self._retry_s != float("inf"):
            return False
        try:
            write()
        except sqlite3.Error as error:
            self._retry_s = self._clock_s() + RETRY_S
            self._say_in_memory(error)
            return False
        return True

    def _insert(self, where: str, messages: Sequence[StoredMessage]) -> None:
        with _transaction(self._db):
            rows = [(message.number, message.kind, message.body) for message in messages]
            self._db.executemany(f"INSERT INTO {where}.messages VALUES (?, ?, ?)", rows)
        self._bytes[where] += sum(len(message.body) + ROW_BYTES for message in messages)

    def _delete_until(self, where: str, number: int) -> None:
        with _transaction(self._db):
            freed = self._size(where, number)
            self._db.execute(f"DELETE FROM {where}.messages WHERE number <= ?", (number,))
            self._db.execute(f"DELETE FROM {where}.outlets")
            self._db.executemany(f"INSERT INTO {where}.outlets VALUES (?, ?)", self._confirmed.items())
        self._bytes[where] -= freed

    def _size(self, where: str, until: int = 2**62) -> int:
        query = f"SELECT coalesce(sum(length(body) + ?), 0) FROM {where}.messages WHERE number <= ?"
        return int(self._db.execute(query, (ROW_BYTES, until)).fetchone()[0])

    def _count(self, after: int, until: int = 2**62) -> int:
        """Return how many messages have numbers above the first and up to the second."""
        queries = (
            f"SELECT count(*) FROM {where}.messages WHERE number > ? AND number <= ?" for where in (DISK, MEMORY)
        )
        return sum(int(self._db.execute(query, (after, until)).fetchone()[0]) for query in queries)

    def _drop(self, where: str) -> None:
        """If there is no room, drop the least important messages, the oldest first."""
        limit, size = self._limits[where], self._bytes[where]
        if size <= limit:
            return
        doomed, wanted = list[tuple[int]](), limit * (1 - DROPPED_SHARE)
        for kinds in DROP_ORDER:
            query = f"SELECT number, length(body) FROM {where}.messages WHERE kind IN (?, ?) ORDER BY number"
            for number, length in self._db.execute(query, kinds):
                if size <= wanted:
                    break
                doomed.append((number,))
                size -= length + ROW_BYTES

        def delete() -> None:
            with _transaction(self._db):
                self._db.executemany(f"DELETE FROM {where}.messages WHERE number = ?", doomed)
            self._bytes[where] = size

        if where == MEMORY:
            delete()
        elif not self._write(delete):
            return
        for name, confirmed in self._confirmed.items():
            self._waiting[name] -= sum(number > confirmed for (number,) in doomed)
        if not self.dropped:
            self._warn(
                f"the outbox {self._path} is full ({limit / 2**20:.0f} MiB): the oldest messages are dropped, measures "
                "first and readings last; make the broker or the web service reachable again"
            )
        self.dropped += len(doomed)

    def _try_disk(self) -> None:
        """Move what waits in memory to the disk, if it can be written again."""
        moved = self._bytes[MEMORY]
        try:
            with _transaction(self._db):
                self._db.execute("INSERT INTO main.messages SELECT * FROM memory.messages")
                self._db.execute("DELETE FROM memory.messages")
        except sqlite3.Error:
            self._retry_s = self._clock_s() + RETRY_S
            return
        self._bytes[DISK], self._bytes[MEMORY] = self._bytes[DISK] + moved, 0
        self._retry_s, self.in_memory = float("inf"), False
        self._warn(f"the outbox {self._path} can be written again")

    def _say_in_memory(self, error: Exception) -> None:
        self.in_memory = True
        self._warn(
            f"the outbox {self._path} cannot be written ({error}): messages wait in memory, and a restart loses "
            "them; free some space on the disk, and check its permissions"
        )


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Write everything in the `with` block, or nothing."""
    db.execute("BEGIN")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _disk_limit(path: Path) -> int:
    disk = os.statvfs(path.parent)
    return min(MAX_BYTES, int(MAX_DISK_SHARE * disk.f_frsize * disk.f_blocks))


def _connect(name: str) -> sqlite3.Connection:
    """Open a database, with another one in memory beside it."""
    db = sqlite3.connect(name, timeout=0.2, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")  # of two agents with one file the second one waits in memory
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")  # a power cut loses what the kernel has not written yet
        db.execute("PRAGMA journal_size_limit = 1048576")
        db.execute(f"ATTACH ':memory:' AS {MEMORY}")
        for where in (DISK, MEMORY):
            db.executescript(TABLES.format(where=where))
        _check(db)
    except BaseException:
        db.close()
        raise
    return db


def _check(db: sqlite3.Connection) -> None:
    if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise sqlite3.DatabaseError("its pages do not fit together")
