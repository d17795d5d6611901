from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.events import FrameEvent
from agent.telemetry.buffer import MAX_ROWS
from agent.telemetry.database import all_files, open_for_writing
from agent.telemetry.report import report
from agent.telemetry.retention import EXTRA_MINUTES, KEEP_MINUTES, MAX_BYTES, DiskBudget, find_disk_budget
from agent.telemetry.writer import RETRY_MS
from profiles.errors import SourceError

MakeEvent = Callable[..., FrameEvent]
MakeLog = Callable[..., Any]
MINUTE_MS = 60_000


def texts(path: Path) -> list[str]:
    """Return the texts of all readings, oldest first."""
    return [reading.text for reading in reversed(report(path, last=-1).readings)]


def numbers(first: int, last: int) -> list[str]:
    return [str(number) for number in range(first, last)]


def test_a_batch_waits_until_it_is_written_and_is_written_once(make_log: MakeLog, make_event: MakeEvent) -> None:
    log = make_log()
    log.buffer.add_frame(make_event(0, "561", "247"))
    assert [row[4] for row in log.buffer.batch().rows["readings"]] == ["561", "247"]
    log.write()
    log.write()
    log.buffer.add_frame(make_event(1, "90"))
    log.write()
    assert texts(log.path) == ["561", "247", "90"]
    assert not log.buffer.batch().due


def test_a_rollup_is_written_when_its_minute_is_over(make_log: MakeLog, make_event: MakeEvent) -> None:
    log = make_log()
    for number in range(3):
        log.buffer.add_frame(make_event(number))
        log.clock.advance(20_000 - 1)
    log.write()
    assert report(log.path).days == () if log.path.exists() else True
    log.clock.advance(3)
    log.write()
    (hour,) = report(log.path).hours
    assert (hour.frames, hour.seconds, hour.start) == (3, 60.0, "2026-11-22T12:00:00.000+00:00")
    assert report(log.path).runs[0].frames == 3


@pytest.mark.slow
def test_rows_lost_by_a_full_buffer_are_counted(make_log: MakeLog, make_event: MakeEvent) -> None:
    log = make_log()
    log.buffer.add_frame(make_event(0, *["7"] * (MAX_ROWS["readings"] + 5)))
    log.close()
    content = report(log.path, last=-1)
    assert len(content.readings) == content.days[0].readings == MAX_ROWS["readings"]
    assert content.runs[0].lost == 5


@pytest.mark.slow
def test_minutes_are_added_up_to_hours_without_loss(make_log: MakeLog, make_event: MakeEvent) -> None:
    log = make_log()
    minutes = KEEP_MINUTES + EXTRA_MINUTES + 30
    for minute in range(minutes):
        log.buffer.add_frame(make_event(minute, total_ms=1.0 + minute % 100))
        log.clock.advance(MINUTE_MS)
        log.write()
    log.close()
    with closing(sqlite3.connect(log.path)) as connection:
        assert connection.execute("SELECT count(*) FROM hours").fetchone()[0] > 0
        assert connection.execute("SELECT count(*) FROM minutes").fetchone()[0] < KEEP_MINUTES + EXTRA_MINUTES
    content = report(log.path, last=-1)
    assert sum(hour.frames for hour in content.hours) == sum(day.frames for day in content.days) == minutes
    assert sum(hour.seconds for hour in content.hours) == minutes * 60
    assert {hour.frames for hour in content.hours[1:-1]} == {60}
    assert content.days[1].total is not None
    assert content.days[1].total.p50_ms == pytest.approx(50, rel=0.05)


@pytest.mark.slow
def test_all_files_stay_within_the_budget_and_the_newest_rows_stay(make_log: MakeLog, make_event: MakeEvent) -> None:
    max_bytes, last = 2**21, 60_000
    log = make_log(max_bytes=max_bytes)
    for number in range(0, last, 1000):
        log.buffer.add_frame(make_event(number, *numbers(number, number + 1000), total_ms=1 + number % 777))
        log.buffer.add_fault(f"fault {number} " * 40)
        log.clock.advance(MINUTE_MS)
        log.write()
        assert sum(part.stat().st_size for part in all_files(log.path) if part.exists()) <= max_bytes
    log.close()
    content = report(log.path, last=-1)
    kept = texts(log.path)
    assert log.warnings == []
    assert kept == numbers(last - len(kept), last)
    assert len(kept) > 0.2 * max_bytes / 40
    assert sum(hour.frames for hour in content.hours) == last - 1000 + 1


@pytest.mark.slow
def test_a_log_from_a_larger_disk_shrinks_without_a_large_journal(make_log: MakeLog, make_event: MakeEvent) -> None:
    large, budget = make_log(max_bytes=2**26), DiskBudget(2**21)
    for number in range(0, 80_000, 10_000):
        large.buffer.add_frame(make_event(number, *numbers(number, number + 10_000)))
        large.write()
    large.close()
    log, count = make_log(max_bytes=budget.total_bytes), len(texts(large.path))
    for number in range(12):
        log.buffer.add_frame(make_event(number, "561"))
        log.write()
        assert log.path.with_name("agent.db-wal").stat().st_size <= budget.wal_bytes
    log.close()
    assert log.warnings == []
    assert count == 80_000
    assert len(texts(log.path)) < 0.7 * count
    assert texts(log.path)[-1] == "561"


def test_a_log_takes_a_share_of_a_small_file_system() -> None:
    budget = find_disk_budget(Path("/dev/shm/agent.db"))
    assert budget.total_bytes <= MAX_BYTES
    assert budget.database_bytes + budget.wal_bytes < budget.total_bytes


def test_an_endless_reader_stops_the_log_before_it_grows(make_log: MakeLog, make_event: MakeEvent) -> None:
    log, max_bytes, number = make_log(max_bytes=2**21), 2**21, 0
    log.write()
    with closing(sqlite3.connect(log.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM readings").fetchone()
        while not log.writer.stopped and number < 100_000:
            log.buffer.add_frame(make_event(number, *numbers(number, number + 300)))
            number += 300
            log.write()
            assert sum(part.stat().st_size for part in all_files(log.path) if part.exists()) <= max_bytes
    (line,) = log.warnings
    assert "another program has been reading it for too long" in line
    log.clock.advance(RETRY_MS)
    log.close()
    assert "goes on" in log.warnings[1]
    assert texts(log.path) == numbers(0, number)


@contextmanager
def limited_files(max_bytes: int) -> Iterator[None]:
    """Limit the size of files, so that a write of SQLite really fails, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_after_a_failed_write_the_log_goes_on_with_the_waiting_rows(make_log: MakeLog, make_event: MakeEvent) -> None:
    log = make_log()
    log.buffer.add_frame(make_event(0, *numbers(0, 1000)))
    log.write()
    with limited_files(512):
        for number in range(1000, 3000, 100):
            log.buffer.add_frame(make_event(number, *numbers(number, number + 100)))
            log.clock.advance(RETRY_MS)
            log.write()
    (line,) = log.warnings
    assert line.startswith(f"logging to {log.path} stopped (")
    assert texts(log.path) == numbers(0, 1000)
    log.clock.advance(RETRY_MS - 1)
    log.write()
    assert len(log.warnings) == 1
    log.clock.advance(1)
    log.write()
    assert log.warnings[1].startswith(f"logging to {log.path} goes on")
    assert texts(log.path) == numbers(0, 3000)
    log.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A mounted file system of three megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "none", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.slow
def test_a_full_disk_stops_the_log_until_there_is_room(
    small_disk: Path, make_log: MakeLog, make_event: MakeEvent
) -> None:
    log, other = make_log(small_disk / "log/agent.db"), small_disk / "other"
    for number in range(0, 20_000, 100):
        if number == 2000:
            free = os.statvfs(small_disk)
            other.write_bytes(bytes(free.f_bavail * free.f_frsize - 20_000))
        log.buffer.add_frame(make_event(number, *numbers(number, number + 100)))
        log.clock.advance(RETRY_MS)
        log.write()
    (line,) = log.warnings
    assert "full" in line
    assert "reading goes on" in line
    other.unlink()
    log.clock.advance(RETRY_MS)
    log.write()
    assert "goes on" in log.warnings[1]
    assert texts(log.path) == numbers(0, 20_000)
    log.close()


def test_a_log_on_a_read_only_card_can_be_read(small_disk: Path, make_log: MakeLog, make_event: MakeEvent) -> None:
    """The kernel remounts a failing card read-only, and a card may be mounted read-only on another machine."""
    log = make_log(small_disk / "agent.db")
    log.buffer.add_frame(make_event(0, "42"))
    log.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert texts(log.path) == ["42"]
    other = make_log(small_disk / "agent.db")
    other.buffer.add_frame(make_event(0, "43"))
    other.close()
    (line,) = other.warnings
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
def test_a_damaged_log_is_moved_aside_and_a_new_one_is_started(
    damage: Callable[[Path], None], make_log: MakeLog, make_event: MakeEvent
) -> None:
    for _ in range(2):  # the second time, the file moved aside before is replaced
        log = make_log()
        log.buffer.add_frame(make_event(0, *numbers(0, 1000)))
        log.close()
        assert log.warnings == []
        damage(log.path)
        damaged = log.path.read_bytes()

        log = make_log()
        log.buffer.add_frame(make_event(0, "42"))
        log.close()
        (line,) = log.warnings
        aside = log.path.with_name("agent.db.damaged")
        assert line.startswith(f"{log.path} is damaged (")
        assert f"moved to {aside}" in line
        assert "\n" not in line
        assert aside.read_bytes() == damaged
        assert texts(log.path) == ["42"]
        log.path.unlink()


@pytest.mark.parametrize("content", [b"a shopping list", b"\x89PNG\r\n\x1a\n" + bytes(100)])
def test_a_file_that_is_not_a_log_is_not_changed(content: bytes, make_log: MakeLog, make_event: MakeEvent) -> None:
    log = make_log()
    log.path.write_bytes(content)
    log.buffer.add_frame(make_event(0, "42"))
    log.close()
    (line,) = log.warnings
    assert f"{log.path} is not a database; choose another --log" in line
    assert log.path.read_bytes() == content
    assert not log.path.with_name("agent.db.damaged").exists()


def test_a_log_that_is_damaged_while_it_is_written_is_started_again(make_log: MakeLog, make_event: MakeEvent) -> None:
    log = make_log()
    log.buffer.add_frame(make_event(0, *numbers(0, 1000)))
    log.write()
    log.writer.close()
    damage_the_middle(log.path)
    log.buffer.add_frame(make_event(1, "42"))
    log.close()
    assert [line.partition(" (")[0] for line in log.warnings] == [f"{log.path} is damaged"]
    assert texts(log.path) == ["42"]
    assert report(log.path).runs[0].source == "demo, seed 1"


def test_a_log_that_was_removed_is_started_again(make_log: MakeLog, make_event: MakeEvent) -> None:
    log = make_log()
    log.buffer.add_frame(make_event(0, "1"))
    log.write()
    for part in all_files(log.path):
        part.unlink(missing_ok=True)
    log.buffer.add_frame(make_event(1, "2"))
    log.write()
    log.clock.advance(RETRY_MS)
    log.close()
    assert [line.split()[3] for line in log.warnings] == ["stopped", "goes"]
    assert texts(log.path) == ["2"]


@pytest.mark.parametrize(
    ("version", "refusal", "on_reading"),
    [
        (
            99,
            "was written by a newer version (schema 99, this one writes 2); update digit-agent",
            r"newer version \(schema 99",
        ),
        (1, "has schema 1, but this version writes schema 2; move the file away", "this version reads schema 2"),
    ],
)
def test_a_log_of_another_version_is_not_changed(
    version: int, refusal: str, on_reading: str, make_log: MakeLog, make_event: MakeEvent
) -> None:
    log = make_log()
    open_for_writing(log.path).close()
    with closing(sqlite3.connect(log.path)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
        connection.commit()
    before = log.path.read_bytes()
    log.buffer.add_frame(make_event(0, "42"))
    log.close()
    assert refusal in log.warnings[0]
    assert log.path.read_bytes() == before
    with pytest.raises(SourceError, match=on_reading):
        report(log.path)


def test_the_database_of_another_program_is_not_changed(make_log: MakeLog, make_event: MakeEvent) -> None:
    log = make_log()
    with closing(sqlite3.connect(log.path)) as connection:
        connection.execute("CREATE TABLE photos (name TEXT)")
    before = log.path.read_bytes()
    log.close()
    assert "belongs to another program" in log.warnings[0]
    assert log.path.read_bytes() == before
    with pytest.raises(SourceError, match="belongs to another program"):
        report(log.path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no log at "),
        (b"", "is empty, or belongs to another program"),
        (b"SQLite format 3\0" + b"\xff" * 5000, "cannot be read as a log .*; the next run moves it aside"),
        (b"text", "is not a database; name the log with --log"),
    ],
)
def test_an_unreadable_log_is_reported_in_one_line(content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "agent.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=message) as raised:
        report(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", [":memory:", "a?b#c%20.db", "file:x.db"])
def test_a_name_that_means_something_to_sqlite_is_a_file(
    name: str, make_event: MakeEvent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_log: MakeLog
) -> None:
    monkeypatch.chdir(tmp_path)
    log = make_log(path=Path(name))
    log.buffer.add_frame(make_event(0, "42"))
    log.close()
    assert log.warnings == []
    assert [reading.text for reading in report(Path(name)).readings] == ["42"]


def test_an_empty_log_gives_an_empty_report(tmp_path: Path) -> None:
    open_for_writing(tmp_path / "agent.db").close()
    content = report(tmp_path / "agent.db")
    assert (content.runs, content.readings, content.hours, content.days, content.faults) == ((), (), (), (), ())


def test_a_look_at_the_log_keeps_the_locks_of_the_run_in_the_same_process(
    make_event: MakeEvent, make_log: MakeLog
) -> None:
    """Closing any file descriptor of a file releases all locks of the process on it (fcntl(2))."""
    log = make_log()
    log.buffer.add_frame(make_event(0, "1"))
    log.write()
    report(log.path)
    other = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('DELETE FROM faults').connection.close()"
    subprocess.run([sys.executable, "-c", other, str(log.path)], check=True)
    assert log.path.with_name(f"{log.path.name}-wal").exists()  # the last one to close would remove it
    log.buffer.add_frame(make_event(1, "2"))
    log.close()
    assert log.warnings == []
    assert [reading.text for reading in report(log.path).readings] == ["2", "1"]
