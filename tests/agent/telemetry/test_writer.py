from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.events import FrameEvent
from agent.telemetry.buffer import LIMITS
from agent.telemetry.database import all_files, open_for_writing
from agent.telemetry.report import report
from agent.telemetry.retention import KEEP_MINUTES, MAX_BYTES, MORE_MINUTES, find_room
from agent.telemetry.writer import RETRY_MS
from profiles.errors import SourceError

MakeTick = Callable[..., FrameEvent]
MakeJournal = Callable[..., Any]
MINUTE_MS = 60_000


def texts(path: Path) -> list[str]:
    """All readings, the oldest first."""
    return [reading.text for reading in reversed(report(path, last=-1).readings)]


def numbers(first: int, last: int) -> list[str]:
    return [str(number) for number in range(first, last)]


def test_a_batch_waits_until_it_is_written_and_is_written_once(journal: MakeJournal, make_tick: MakeTick) -> None:
    log = journal()
    log.book.take(make_tick(0, "561", "247"))
    assert [row[4] for row in log.book.batch().rows["readings"]] == ["561", "247"]
    log.write()
    log.write()
    log.book.take(make_tick(1, "90"))
    log.write()
    assert texts(log.path) == ["561", "247", "90"]
    assert not log.book.batch().due


def test_figures_are_written_when_their_minute_is_over(journal: MakeJournal, make_tick: MakeTick) -> None:
    log = journal()
    for number in range(3):
        log.book.take(make_tick(number))
        log.hand.go(20_000 - 1)
    log.write()
    assert report(log.path).days == () if log.path.exists() else True
    log.hand.go(3)
    log.write()
    (hour,) = report(log.path).hours
    assert (hour.frames, hour.seconds, hour.start) == (3, 60.0, "2026-11-22T12:00:00.000+00:00")
    assert report(log.path).runs[0].frames == 3


def test_what_a_full_memory_loses_is_counted(journal: MakeJournal, make_tick: MakeTick) -> None:
    log = journal()
    log.book.take(make_tick(0, *["7"] * (LIMITS["readings"] + 5)))
    log.close()
    told = report(log.path, last=-1)
    assert len(told.readings) == told.days[0].readings == LIMITS["readings"]
    assert told.runs[0].lost == 5


def test_minutes_become_hours_and_nothing_is_lost(journal: MakeJournal, make_tick: MakeTick) -> None:
    log = journal()
    minutes = KEEP_MINUTES + MORE_MINUTES + 30
    for minute in range(minutes):
        log.book.take(make_tick(minute, total_ms=1.0 + minute % 100))
        log.hand.go(MINUTE_MS)
        log.write()
    log.close()
    with closing(sqlite3.connect(log.path)) as connection:
        assert connection.execute("SELECT count(*) FROM hours").fetchone()[0] > 0
        assert connection.execute("SELECT count(*) FROM minutes").fetchone()[0] < KEEP_MINUTES + MORE_MINUTES
    told = report(log.path, last=-1)
    assert sum(hour.frames for hour in told.hours) == sum(day.frames for day in told.days) == minutes
    assert sum(hour.seconds for hour in told.hours) == minutes * 60
    assert {hour.frames for hour in told.hours[1:-1]} == {60}
    assert told.days[1].total is not None
    assert told.days[1].total.p50_ms == pytest.approx(50, rel=0.05)


def test_all_files_together_keep_to_their_bytes_and_the_newest_stays(journal: MakeJournal, make_tick: MakeTick) -> None:
    max_bytes, last = 2**21, 60_000
    log = journal(max_bytes=max_bytes)
    for number in range(0, last, 1000):
        log.book.take(make_tick(number, *numbers(number, number + 1000), total_ms=1 + number % 777))
        log.book.note(f"fault {number} " * 40)
        log.hand.go(MINUTE_MS)
        log.write()
        assert sum(part.stat().st_size for part in all_files(log.path) if part.exists()) <= max_bytes
    log.close()
    told = report(log.path, last=-1)
    kept = texts(log.path)
    assert log.said == []
    assert kept == numbers(last - len(kept), last)
    assert len(kept) > 0.2 * max_bytes / 40
    assert sum(hour.frames for hour in told.hours) == last - 1000 + 1


def test_a_log_takes_a_share_of_a_small_file_system() -> None:
    room = find_room(Path("/dev/shm/agent.db"))
    assert room.total_bytes <= MAX_BYTES
    assert room.database_bytes + room.wal_bytes < room.total_bytes


def test_a_reader_that_never_ends_stops_the_log_before_it_grows(journal: MakeJournal, make_tick: MakeTick) -> None:
    log, max_bytes, number = journal(max_bytes=2**21), 2**21, 0
    log.write()
    with closing(sqlite3.connect(log.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM readings").fetchone()
        while not log.log.stopped and number < 100_000:
            log.book.take(make_tick(number, *numbers(number, number + 300)))
            number += 300
            log.write()
            assert sum(part.stat().st_size for part in all_files(log.path) if part.exists()) <= max_bytes
    (line,) = log.said
    assert "somebody has been reading it for too long" in line
    log.hand.go(RETRY_MS)
    log.close()
    assert "goes on" in log.said[1]
    assert texts(log.path) == numbers(0, number)


@contextmanager
def limited_files(max_bytes: int) -> Iterator[None]:
    """A file size limit: SQLite meets a real failed write, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_failed_write_stops_the_log_once_and_it_goes_on_with_what_waited(
    journal: MakeJournal, make_tick: MakeTick
) -> None:
    log = journal()
    log.book.take(make_tick(0, *numbers(0, 1000)))
    log.write()
    with limited_files(512):
        for number in range(1000, 3000, 100):
            log.book.take(make_tick(number, *numbers(number, number + 100)))
            log.hand.go(RETRY_MS)
            log.write()
    (line,) = log.said
    assert line.startswith(f"logging to {log.path} stopped (")
    assert texts(log.path) == numbers(0, 1000)
    log.hand.go(RETRY_MS - 1)
    log.write()
    assert len(log.said) == 1
    log.hand.go(1)
    log.write()
    assert log.said[1].startswith(f"logging to {log.path} goes on")
    assert texts(log.path) == numbers(0, 3000)
    log.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of three megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "none", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_others_fill_stops_the_log_until_there_is_room(
    small_disk: Path, journal: MakeJournal, make_tick: MakeTick
) -> None:
    log, other = journal(small_disk / "log/agent.db"), small_disk / "other"
    for number in range(0, 20_000, 100):
        if number == 2000:
            free = os.statvfs(small_disk)
            other.write_bytes(bytes(free.f_bavail * free.f_frsize - 20_000))
        log.book.take(make_tick(number, *numbers(number, number + 100)))
        log.hand.go(RETRY_MS)
        log.write()
    (line,) = log.said
    assert "full" in line
    assert "reading goes on" in line
    other.unlink()
    log.hand.go(RETRY_MS)
    log.write()
    assert "goes on" in log.said[1]
    assert texts(log.path) == numbers(0, 20_000)
    log.close()


def test_a_log_on_a_card_that_turned_read_only_can_still_be_read(
    small_disk: Path, journal: MakeJournal, make_tick: MakeTick
) -> None:
    """As the kernel does with a card that fails, and as who looks at a card on another machine mounts it."""
    log = journal(small_disk / "agent.db")
    log.book.take(make_tick(0, "42"))
    log.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert texts(log.path) == ["42"]
    other = journal(small_disk / "agent.db")
    other.book.take(make_tick(0, "43"))
    other.close()
    (line,) = other.said
    assert "logging to" in line
    assert texts(log.path) == ["42"]


def erase(path: Path) -> None:
    path.write_bytes(bytes(5000))


def erase_the_first_block(path: Path) -> None:
    path.write_bytes(b"\xff" * 512 + path.read_bytes()[512:])


def damage_the_middle(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:1024] + bytes(0xA5 for _ in content[1024:]))


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:9000])


@pytest.mark.parametrize("damage", [erase, erase_the_first_block, damage_the_middle, cut_short])
def test_a_damaged_log_is_moved_aside_and_a_new_one_begun(
    damage: Callable[[Path], None], journal: MakeJournal, make_tick: MakeTick
) -> None:
    for _ in range(2):  # the second time, what was moved aside before makes room
        log = journal()
        log.book.take(make_tick(0, *numbers(0, 1000)))
        log.close()
        assert log.said == []
        damage(log.path)
        damaged = log.path.read_bytes()

        log = journal()
        log.book.take(make_tick(0, "42"))
        log.close()
        (line,) = log.said
        aside = log.path.with_name("agent.db.damaged")
        assert line.startswith(f"{log.path} is damaged (")
        assert f"moved to {aside}" in line
        assert "\n" not in line
        assert aside.read_bytes() == damaged
        assert texts(log.path) == ["42"]
        log.path.unlink()


@pytest.mark.parametrize("content", [b"a shopping list", b"\x89PNG\r\n\x1a\n" + bytes(100)])
def test_a_file_that_never_was_a_log_is_left_alone(content: bytes, journal: MakeJournal, make_tick: MakeTick) -> None:
    log = journal()
    log.path.write_bytes(content)
    log.book.take(make_tick(0, "42"))
    log.close()
    (line,) = log.said
    assert f"{log.path} is no database; choose another --log" in line
    assert log.path.read_bytes() == content
    assert not log.path.with_name("agent.db.damaged").exists()


def test_a_log_that_is_damaged_while_it_is_written_is_begun_anew(journal: MakeJournal, make_tick: MakeTick) -> None:
    log = journal()
    log.book.take(make_tick(0, *numbers(0, 1000)))
    log.write()
    log.log.close()
    damage_the_middle(log.path)
    log.book.take(make_tick(1, "42"))
    log.close()
    assert [line.partition(" (")[0] for line in log.said] == [f"{log.path} is damaged"]
    assert texts(log.path) == ["42"]
    assert report(log.path).runs[0].source == "demo, seed 1"


def test_a_log_that_was_removed_is_begun_anew(journal: MakeJournal, make_tick: MakeTick) -> None:
    log = journal()
    log.book.take(make_tick(0, "1"))
    log.write()
    for part in all_files(log.path):
        part.unlink(missing_ok=True)
    log.book.take(make_tick(1, "2"))
    log.write()
    log.hand.go(RETRY_MS)
    log.close()
    assert [line.split()[3] for line in log.said] == ["stopped", "goes"]
    assert texts(log.path) == ["2"]


def test_a_newer_log_is_left_alone(journal: MakeJournal, make_tick: MakeTick) -> None:
    log = journal()
    open_for_writing(log.path).close()
    with closing(sqlite3.connect(log.path)) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.commit()
    before = log.path.read_bytes()
    log.book.take(make_tick(0, "42"))
    log.close()
    assert "was written by a newer version (schema 99, this one writes 2); update digit-agent" in log.said[0]
    assert log.path.read_bytes() == before
    with pytest.raises(SourceError, match=r"newer version \(schema 99"):
        report(log.path)


def test_another_programs_database_is_left_alone(journal: MakeJournal, make_tick: MakeTick) -> None:
    log = journal()
    with closing(sqlite3.connect(log.path)) as connection:
        connection.execute("CREATE TABLE photos (name TEXT)")
    before = log.path.read_bytes()
    log.close()
    assert "another program's database" in log.said[0]
    assert log.path.read_bytes() == before
    with pytest.raises(SourceError, match="another program's"):
        report(log.path)


@pytest.mark.parametrize("content", [None, b"", b"SQLite format 3\0" + b"\xff" * 5000, b"text"])
def test_a_log_that_cannot_be_read_back_is_one_clear_line(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "agent.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=str(path)) as raised:
        report(path)
    assert "\n" not in str(raised.value)


def test_an_empty_log_reports_nothing(tmp_path: Path) -> None:
    open_for_writing(tmp_path / "agent.db").close()
    told = report(tmp_path / "agent.db")
    assert (told.runs, told.readings, told.hours, told.days, told.faults) == ((), (), (), (), ())
