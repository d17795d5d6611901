from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent.events import FrameEvent
from agent.forms.record import Record, RecordField
from agent.telemetry.record_rows import LoggedField, records, table_of
from agent.telemetry.report import open_log, report

CORNERS = ((0.0, 0.0), (9.0, 0.0), (9.0, 5.0), (0.0, 5.0))
RECORD = Record(
    "delivery",
    (
        RecordField("apples", Decimal(312), "312", "812", 0.9876, (), CORNERS),
        RecordField("total", None, "359", "359", 0.95, ("total = apples + pears",), CORNERS),
    ),
)
OTHER_FORM = Record("marks", (RecordField("points", Decimal("7.5"), "7.5", "7.5", 0.7, (), CORNERS),))
MakeLog = Callable[..., Any]
MakeEvent = Callable[..., FrameEvent]


def add(log: Any, event: FrameEvent, *written: Record) -> None:
    log.buffer.add_frame(replace(event, records=written))


def test_a_record_comes_back_from_the_log(make_log: MakeLog, make_event: MakeEvent) -> None:
    log = make_log()
    add(log, make_event(4), RECORD)
    log.close()
    (logged,) = report(log.path).records
    assert (logged.run, logged.frame, logged.source, logged.form) == (1, 4, "demo:", "delivery")
    assert logged.fields == (
        LoggedField("apples", "312", "312", "812", 987, ()),
        LoggedField("total", "", "359", "359", 950, ("total = apples + pears",)),
    )
    assert logged.to_check == ("total",)
    assert not log.warnings


def test_the_table_has_a_column_for_each_field_of_all_forms(make_log: MakeLog, make_event: MakeEvent) -> None:
    log = make_log()
    add(log, make_event(0), RECORD, OTHER_FORM)
    add(log, make_event(1), RECORD)
    log.close()
    with open_log(log.path) as connection:
        names, rows = table_of(connection, -1)
        cells = [row[3:] for row in rows]
        assert len(list(records(connection, 2))) == 2
    assert names == ["at", "run", "frame", "source", "form", "apples", "total", "points", "to_check"]
    assert cells == [
        ["demo:", "delivery", "312", "", "", "total"],
        ["demo:", "marks", "", "", "7.5", "points"],
        ["demo:", "delivery", "312", "", "", "total"],
    ]


def test_a_log_from_before_records_is_read_and_extended(make_log: MakeLog, make_event: MakeEvent) -> None:
    first = make_log()
    first.buffer.add_frame(make_event(0, "42"))
    first.close()
    with closing(sqlite3.connect(first.path)) as connection:
        connection.execute("DROP TABLE records")
        connection.commit()
    assert report(first.path).records == ()
    second = make_log()
    add(second, make_event(0), RECORD)
    second.close()
    assert [record.run for record in report(first.path).records] == [2]
    assert len(report(first.path).readings) == 1
    assert not second.warnings


def test_another_table_of_that_name_is_refused(make_log: MakeLog, make_event: MakeEvent) -> None:
    log = make_log()
    log.close()
    with closing(sqlite3.connect(log.path)) as connection:
        connection.executescript("DROP TABLE records; CREATE TABLE records (song TEXT)")
    again = make_log()
    add(again, make_event(0), RECORD)
    again.close()
    assert "has other tables than a log" in again.warnings[0]


@pytest.mark.parametrize("stored", [b"\xff\xfe", "{}", "[[1]]", 7, '[["a","","","",2000]]'])
def test_a_damaged_row_has_no_fields(make_log: MakeLog, make_event: MakeEvent, stored: object) -> None:
    log = make_log()
    add(log, make_event(0), RECORD)
    log.close()
    with closing(sqlite3.connect(log.path)) as connection:
        connection.execute("UPDATE records SET fields = ?", (stored,))
        connection.commit()
    (logged,) = report(log.path).records
    assert logged.fields == ()


def test_a_large_record_is_logged_without_the_text_of_its_rules(make_log: MakeLog, make_event: MakeEvent) -> None:
    log = make_log()
    rule = "total = " + " + ".join(["apples"] * 25)
    fields = tuple(replace(RECORD.fields[1], name=f"field_{number}", broken=(rule,)) for number in range(200))
    add(log, make_event(0), replace(RECORD, fields=fields))
    log.close()
    (logged,) = report(log.path).records
    assert len(logged.fields) == len(logged.to_check) == 200
    assert logged.fields[0].broken == ("a rule is broken; which one was not logged",)


def test_readings_give_way_to_records_when_the_log_is_full(make_log: MakeLog, make_event: MakeEvent) -> None:
    log = make_log(max_bytes=2**21)
    add(log, make_event(0), *[RECORD] * 20)
    for number in range(1, 200):
        log.buffer.add_frame(make_event(number, *["1234567890"] * 200))
        log.write()
    log.close()
    content = report(log.path, last=-1)
    assert len(content.records) == 20
    assert 0 < len(content.readings) < 200 * 199
    assert Path(log.path).stat().st_size <= 2**21


def test_records_are_deleted_when_nothing_else_is_left(make_log: MakeLog, make_event: MakeEvent) -> None:
    log = make_log(max_bytes=2**19)
    large = replace(RECORD, fields=tuple(replace(RECORD.fields[0], name=f"field_{n}") for n in range(100)))
    for number in range(150):
        add(log, make_event(number), large)
        log.write()
    log.close()
    frames = [record.frame for record in report(log.path, last=-1).records]
    assert frames == list(range(149, 149 - len(frames), -1))
    assert 10 < len(frames) < 150
    assert not log.warnings
