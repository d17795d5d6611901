"""Logs that somebody else wrote or damaged: they are shown as far as possible, or refused in one line."""

from __future__ import annotations

import io
import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from rich.console import Console

from agent.events import FrameEvent, RunInfo
from agent.telemetry.report import open_log, report
from agent.telemetry.retention import EXTRA_MINUTES, KEEP_MINUTES
from agent.telemetry.rollup import Rollup, pack, unpack
from agent.views.chart import charts
from agent.views.csv_export import TableName, write_rows
from agent.views.tables import report_tables
from agent.views.timeline import last_hours
from profiles.errors import SourceError

MakeEvent = Callable[..., FrameEvent]
MakeLog = Callable[..., Any]
STRANGE = {
    "7": "an integer",
    "1.5": "a number with a fraction",
    "9e999": "infinity",
    "'x'": "a text",
    "x'80ff00'": "a BLOB that is no text",
    "100000000000000000": "a time after the last year",
    "-9000000000000000000": "a time before the first year",
}
"""Values that SQLite stores in any column, whatever its type."""
COLUMNS = [
    *(("minutes", column) for column in ("run", "at_ms", "after_ms", "figures")),
    *(("hours", column) for column in ("hour", "figures")),
    *(("faults", column) for column in ("run", "at_ms", "after_ms", "text")),
    *(("choices", column) for column in ("run", "at_ms", "after_ms", "artifact", "runtime", "reason")),
    *(("readings", column) for column in ("run", "at_ms", "after_ms", "frame", "source", "text", "sure_permille", "x")),
    *(("runs", column) for column in ("boot", "at_ms", "steady_ms", "offset_ms", "after_ms", "ended", "source")),
    *(("runs", column) for column in ("board", "power_sensor", "frame_source", "frames", "digits", "lost")),
]
ROLLUPS: dict[str, object] = {
    "bins beyond the range of numbers": [1, 1, 1, 1, {"total": [{10**9: 1}]}],
    "sums that cannot be packed": [2**63, 2**63, 2**63, 1, {"total": [{1: 2**63}]}],
    "not a number": [1, 1, 1, 1, {}, 1, float("nan"), float("inf"), float("nan")],
    "a stage without values": [1, 1, 1, 1, {"total": [{}]}],
    "a stage named with markup": [1, 1, 1, 1, {"[/red]\n\x1b[31m": [{1: 5}]}],
    "a stage named with a formula": [1, 1, 1, 1, {"=1+2": [{1: 5}]}],
    "another type": {"frames": 1},
}


def show(path: Path) -> str:
    """Show a log in every form but SVG, and return it."""
    out, content = io.StringIO(), report(path, last=20)
    msgspec.json.encode(content)
    console = Console(file=out, width=100)
    for part in (*report_tables(content), *charts(last_hours(content.hours), 100)):
        console.print(part)
    tables: tuple[TableName, ...] = get_args(TableName)
    with open_log(path) as connection:
        for table in tables:
            write_rows(connection, table, -1, out)
    return out.getvalue()


def change(path: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(sql, values)
        connection.commit()


@pytest.fixture
def path(make_log: MakeLog, make_event: MakeEvent, info: RunInfo) -> Path:
    """A log with rows in each table; its minutes are so far apart that the next write adds them up."""
    log = make_log()
    for number in range(2):
        log.buffer.add_frame(make_event(number, "561"))
        log.buffer.add_fault("a fault")
        log.clock.advance(3_600_000)
    log.buffer.add_choice(info)
    log.close()
    change(log.path, "INSERT INTO hours SELECT at_ms / 3600000 - 5, figures FROM minutes LIMIT 1")
    far = KEEP_MINUTES + EXTRA_MINUTES + 10
    change(log.path, "UPDATE minutes SET id = id + ? WHERE id = (SELECT max(id) FROM minutes)", far)
    return Path(log.path)


@pytest.mark.slow
@pytest.mark.parametrize("value", STRANGE, ids=STRANGE.values())
def test_a_cell_of_any_type_is_shown(path: Path, value: str) -> None:
    intact = path.read_bytes()
    for table, column in COLUMNS:
        path.write_bytes(intact)
        with suppress(sqlite3.IntegrityError):  # hours have an integer as their key
            change(path, f"UPDATE OR REPLACE {table} SET {column} = {value}")
        show(path)


@pytest.mark.parametrize("value", STRANGE, ids=STRANGE.values())
def test_a_log_with_cells_of_any_type_goes_on(path: Path, make_log: MakeLog, make_event: MakeEvent, value: str) -> None:
    for table, column in COLUMNS:
        with suppress(sqlite3.IntegrityError):
            change(path, f"UPDATE OR REPLACE {table} SET {column} = {value}")
    log = make_log(path)
    log.buffer.add_frame(make_event(2, "247"))
    log.clock.advance(60_000)
    log.close()
    assert log.warnings == []
    assert report(path).readings[0].text == "247"
    show(path)


@pytest.mark.parametrize("figures", ROLLUPS.values(), ids=ROLLUPS)
def test_damaged_measurements_count_as_nothing(path: Path, make_log: MakeLog, figures: object) -> None:
    packed = msgspec.msgpack.encode(figures)
    for table in ("minutes", "hours"):
        change(path, f"UPDATE {table} SET figures = ?", packed)
    shown = show(path)
    assert "\x1b" not in shown
    assert ",=" not in shown
    log = make_log(path)
    log.clock.advance(60_000)
    log.close()
    assert log.warnings == []


def test_any_sum_of_stored_measurements_can_be_stored() -> None:
    largest = Rollup(duration_ms=2**40, energy_mj=1e15)
    total = Rollup()
    for _ in range(KEEP_MINUTES + EXTRA_MINUTES):
        total.merge(unpack(pack(largest)))
    assert total.duration_ms == 2**40 * (KEEP_MINUTES + EXTRA_MINUTES)
    assert unpack(pack(total)) == Rollup(), "it is beyond the limits now"


CHANGED_TABLES = {
    "a missing table": "DROP TABLE minutes",
    "a missing column": "ALTER TABLE runs DROP COLUMN lost",
    "a view that takes for ever": """DROP VIEW begun; CREATE VIEW begun AS WITH RECURSIVE r(x) AS
        (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT x AS run, 0 AS at_ms FROM r""",
    "a trigger": """CREATE TRIGGER t AFTER INSERT ON minutes BEGIN
        INSERT INTO minutes (run, at_ms, after_ms, figures) SELECT run, at_ms, after_ms, figures FROM minutes; END""",
}


@pytest.mark.parametrize("sql", CHANGED_TABLES.values(), ids=CHANGED_TABLES)
def test_other_tables_are_refused_in_one_line(path: Path, make_log: MakeLog, make_event: MakeEvent, sql: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)
    with pytest.raises(SourceError, match="has other tables than a log; name another file with --log"):
        show(path)
    log = make_log(path)
    log.buffer.add_frame(make_event(2, "247"))
    log.close()
    (line,) = log.warnings
    assert "has other tables than a log; move the file away" in line


def test_own_tables_and_views_beside_those_of_the_log_are_allowed(path: Path, make_log: MakeLog) -> None:
    change(path, "CREATE VIEW mine AS SELECT text FROM readings")
    change(path, "CREATE TABLE notes (text TEXT)")
    assert "561" in show(path)
    log = make_log(path)
    log.close()
    assert log.warnings == []


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("make", [make_pipe, make_folder])
def test_what_is_not_a_file_neither_hangs_nor_ends_a_run(
    path: Path, make_log: MakeLog, make_event: MakeEvent, make: Callable[[Path], None], suffix: str
) -> None:
    part = path.with_name(path.name + suffix)
    part.unlink(missing_ok=True)
    make(part)
    with pytest.raises(SourceError, match=f"{path} cannot be read"):
        show(path)
    log = make_log(path)
    log.buffer.add_frame(make_event(2, "247"))
    log.close()
    (line,) = log.warnings
    assert line.startswith(f"logging to {path} stopped (")


@pytest.mark.slow
def test_any_damage_is_shown_or_refused_and_never_raises_anything_else(
    path: Path, make_log: MakeLog, make_event: MakeEvent
) -> None:
    """Bits are flipped, bytes overwritten and pages erased, at random places but the same ones each time."""
    intact, chance = path.read_bytes(), random.Random(11)
    for number in range(150):
        damaged = bytearray(intact)
        for _ in range(chance.choice((1, 3, 20))):
            place = chance.randrange(100, len(damaged))
            if number % 3 == 0:
                damaged[place] ^= 1 << chance.randrange(8)
            elif number % 3 == 1:
                damaged[place : place + 8] = chance.randbytes(len(damaged[place : place + 8]))
            else:
                page = place // 1024 * 1024
                damaged[page : page + 1024] = bytes(1024)
        path.write_bytes(damaged)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        try:
            show(path)
        except SourceError as error:
            assert "\n" not in str(error)  # noqa: PT017
        log = make_log(path)
        log.buffer.add_frame(make_event(2, "247"))
        log.clock.advance(60_000)
        log.close()
        assert not any("\n" in line for line in log.warnings)
