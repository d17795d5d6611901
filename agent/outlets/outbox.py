"""The outbox: messages wait on the disk until each outlet has delivered them.

So neither an absent broker nor the end of the agent costs a reading.
Every outlet receives every message at least once, in order. An outlet that dies before it has noted its progress sends
some messages again, with the same ids. A message that an outlet cannot deliver now is set aside, so that later ones go
on. If the disk cannot be written, new messages wait in memory.
"""

# ruff: noqa: S608 (the only texts in queries are DISK and MEMORY)

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from agent.outlets.message import Kind, Message, StoredMessage
from agent.outlets.outbox_file import DISK, MEMORY, connect, disk_limit, open_file, transaction

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
MAX_ASIDE = 1000
"""Messages that an outlet may set aside. Raising it lets an outlet go on after more of them; each one more writes that
many rows."""
NOT_ASIDE = "number NOT IN (SELECT number FROM memory.aside)"
"""Condition in SQL: no outlet has set the message aside. The table in memory is complete; the file has a copy."""
FIRST_IN_MEMORY = -(2**40)
"""Number before the first message of a run that has no file yet. It is negative, so that no number of a file is the
same, and large enough for 4 MiB of messages at a time during the life of any board."""


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
        self._outlets, self._max_bytes, self._reopen_s = outlets, max_bytes, float("inf")
        try:
            self._use(open_file(self._path, self._warn), first=0)
        except (sqlite3.Error, OSError) as error:
            self._use(connect(":memory:"), first=FIRST_IN_MEMORY)
            self._reopen_s = clock_s() + RETRY_S
            self._say_in_memory(error)

    def put(self, messages: Sequence[Message]) -> None:
        """Store messages. When this returns, the end of the agent does not lose them."""
        with self._lock:
            if self._clock_s() >= self._retry_s:
                self._try_disk()
            if self._clock_s() >= self._reopen_s:
                self._try_file()
            self._store(messages)
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

    def message(self, number: int) -> StoredMessage | None:
        """Return a message; None if it was delivered or dropped."""
        return next((found for found in self.after(number - 1, 1) if found.number == number), None)

    def confirmed(self, outlet: str) -> int:
        """Return the number up to which an outlet has delivered everything."""
        return self._confirmed[outlet]

    def confirm(self, outlet: str, number: int) -> None:
        """Note that an outlet has delivered all messages up to a number, or one that it had set aside.

        The disk learns it in `save`.
        """
        with self._lock:
            before = self._confirmed[outlet]
            if number > before:
                self._waiting[outlet] -= self._count(before, number)
                self._confirmed[outlet], self._unsaved = number, True
            elif number in self._aside[outlet]:
                self._change_aside("DELETE FROM memory.aside WHERE outlet = ? AND number = ?", [(outlet, number)])
                self._waiting[outlet], self._unsaved = self._waiting[outlet] - 1, True

    def set_aside(self, outlet: str, number: int) -> bool:
        """Keep the oldest message that an outlet has not delivered, and let later ones go on.

        Returns:
            Whether there is room for it; if there is none, nothing is changed.
        """
        with self._lock:
            if number <= self._confirmed[outlet]:
                return True
            if len(self._aside[outlet]) >= MAX_ASIDE:
                return False
            self._change_aside("INSERT INTO memory.aside VALUES (?, ?)", [(outlet, number)])
            self.confirm(outlet, number)
            self._waiting[outlet] += 1
            return True

    def aside(self, outlet: str) -> list[int]:
        """Return the numbers of the messages that an outlet has set aside, the oldest first."""
        return self._aside[outlet]

    def waiting(self, outlet: str) -> int:
        """Return how many messages an outlet has not delivered yet, with those that it has set aside."""
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

    def _use(self, db: sqlite3.Connection, *, first: int) -> None:
        """Use a database that was just opened.

        Args:
            db: the database.
            first: number before that of the first message in an empty database.
        """
        self._db = db
        disk_bytes = MEMORY_BYTES if first else disk_limit(self._path) if self._max_bytes is None else self._max_bytes
        self._limits = {DISK: disk_bytes, MEMORY: MEMORY_BYTES}
        known = dict(db.execute("SELECT name, confirmed FROM main.outlets"))
        newest = db.execute("SELECT max(number) FROM main.messages").fetchone()[0]
        self._newest = max([first, *known.values(), *([] if newest is None else [newest])])
        self._confirmed: dict[str, int] = {name: known.get(name, self._newest) for name in self._outlets}
        self._bytes = {DISK: self._size(DISK, "true"), MEMORY: 0}
        rows = [row for row in db.execute("SELECT outlet, number FROM main.aside") if row[0] in self._confirmed]
        self._change_aside("INSERT INTO memory.aside VALUES (?, ?)", rows)
        self._count_waiting()
        self._unsaved = True
        self.save(now=True)

    def _count_waiting(self) -> None:
        """Count once what later is counted as it comes and goes: to count a full outbox means to read all of it."""
        self._waiting = {name: self._count(last) + len(self._aside[name]) for name, last in self._confirmed.items()}

    def _change_aside(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Change the table of what is set aside, in memory and, if it can be written, on the disk."""
        self._db.executemany(statement, rows)
        self._aside: dict[str, list[int]] = {name: [] for name in self._outlets}
        for name, number in self._db.execute("SELECT outlet, number FROM memory.aside ORDER BY number"):
            self._aside[name].append(number)
        self._write(self._copy_aside)

    def _copy_aside(self) -> None:
        with transaction(self._db):
            self._db.execute("DELETE FROM main.aside")
            self._db.execute("INSERT INTO main.aside SELECT outlet, number FROM memory.aside")

    def _store(self, messages: Sequence[Message | StoredMessage]) -> None:
        """Give messages their numbers, and store them."""
        numbered = [StoredMessage(number, one.kind, one.body) for number, one in enumerate(messages, self._newest + 1)]
        if not self._write(lambda: self._insert(DISK, numbered)):
            self._insert(MEMORY, numbered)
        self._newest += len(numbered)
        self._waiting = {name: count + len(numbered) for name, count in self._waiting.items()}

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
        with transaction(self._db):
            rows = [(message.number, message.kind, message.body) for message in messages]
            self._db.executemany(f"INSERT INTO {where}.messages VALUES (?, ?, ?)", rows)
        self._bytes[where] += sum(len(message.body) + ROW_BYTES for message in messages)

    def _delete_until(self, where: str, number: int) -> None:
        with transaction(self._db):
            freed = self._size(where, f"number <= {number} AND {NOT_ASIDE}")
            self._db.execute(f"DELETE FROM {where}.messages WHERE number <= ? AND {NOT_ASIDE}", (number,))
            self._db.execute(f"DELETE FROM {where}.outlets")
            self._db.executemany(f"INSERT INTO {where}.outlets VALUES (?, ?)", self._confirmed.items())
        self._bytes[where] -= freed

    def _size(self, where: str, condition: str) -> int:
        query = f"SELECT coalesce(sum(length(body) + ?), 0) FROM {where}.messages WHERE {condition}"
        return int(self._db.execute(query, (ROW_BYTES,)).fetchone()[0])

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
            with transaction(self._db):
                self._db.executemany(f"DELETE FROM {where}.messages WHERE number = ?", doomed)
            self._bytes[where] = size

        if where == MEMORY:
            delete()
        elif not self._write(delete):
            return
        self._forget(doomed)
        if not self.dropped:
            self._warn(
                f"the outbox {self._path} is full ({limit / 2**20:.0f} MiB): the oldest messages are dropped, measures "
                "first and readings last; make the broker or the web service reachable again"
            )
        self.dropped += len(doomed)

    def _forget(self, dropped: Sequence[tuple[int]]) -> None:
        """Do not count messages any more."""
        for name, confirmed in self._confirmed.items():
            aside = set(self._aside[name])
            self._waiting[name] -= sum(number > confirmed or number in aside for (number,) in dropped)
        if any(self._aside.values()):
            self._change_aside("DELETE FROM memory.aside WHERE number = ?", dropped)

    def _try_disk(self) -> None:
        """Move what waits in memory to the disk, if it can be written again."""
        moved = self._bytes[MEMORY]
        try:
            with transaction(self._db):
                self._db.execute("INSERT INTO main.messages SELECT * FROM memory.messages")
                self._db.execute("DELETE FROM memory.messages")
            self._copy_aside()
        except sqlite3.Error:
            self._retry_s = self._clock_s() + RETRY_S
            return
        self._bytes[DISK], self._bytes[MEMORY] = self._bytes[DISK] + moved, 0
        self._retry_s = float("inf")
        self._say_on_disk()

    def _try_file(self) -> None:
        """Use the file instead of memory, if it can be opened now.

        What waits gets numbers after those of the file, so the messages that waited there before the start go first.
        """
        try:
            opened = open_file(self._path, self._warn)
        except (sqlite3.Error, OSError):
            self._reopen_s = self._clock_s() + RETRY_S
            return
        self.save(now=True)  # deletes what is delivered
        kept, before = self.after(FIRST_IN_MEMORY, 2**62), self._db
        delivered = {
            name: min([last, *(number - 1 for number in self._aside[name])]) for name, last in self._confirmed.items()
        }
        self._use(opened, first=0)
        before.close()
        first, self._reopen_s = self._newest, float("inf")
        self._store(kept)
        for name, last in delivered.items():
            if self._confirmed[name] == first:  # the file had nothing for it; else some messages come twice
                self._confirmed[name] = first + sum(one.number <= last for one in kept)
        self._count_waiting()
        self._unsaved = True
        self._say_on_disk()

    def _say_on_disk(self) -> None:
        self.in_memory = False
        self._warn(f"the outbox {self._path} can be written again")

    def _say_in_memory(self, error: Exception) -> None:
        self.in_memory = True
        self._warn(
            f"the outbox {self._path} cannot be written ({error}): messages wait in memory, and a restart loses "
            "them; free some space on the disk, and check its permissions"
        )
