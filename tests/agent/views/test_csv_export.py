"""Millions of readings as CSV: the time of a row is bounded, and the memory does not grow with their number."""

from __future__ import annotations

import csv
import io
import time
import tracemalloc
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agent.telemetry.database import open_for_writing
from agent.telemetry.report import open_log
from agent.views.csv_export import write_rows

READINGS = 30_000
INSERT_RUN = """INSERT INTO runs (id, key, boot, at_ms, steady_ms, offset_ms, source, board, frame_source)
    VALUES (1, x'00', 'boot', 1795000000000, 0, 1795000000000, 'demo:', 'pi-4b', 'demo:')"""
INSERT_READING = """INSERT INTO readings (run, at_ms, after_ms, frame, text, sure_permille, x, y, w, h)
    VALUES (1, 1795000000000, ?1, ?1, ?1, 999, 4, 5, 30, 20)"""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "agent.db"
    with closing(open_for_writing(path)) as connection:
        connection.execute("BEGIN")
        connection.execute(INSERT_RUN)
        connection.executemany(INSERT_READING, ((i,) for i in range(READINGS)))
        connection.execute("COMMIT")
    return path


def test_a_row_costs_little_more_than_sqlite_and_csv_themselves(log: Path) -> None:
    def seconds(write: Any) -> float:
        started = time.process_time()
        write()
        return time.process_time() - started

    with open_log(log) as connection:

        def write_bare() -> None:
            csv.writer(io.StringIO()).writerows(connection.execute("SELECT * FROM readings ORDER BY id"))

        ratio = min(
            seconds(lambda: write_rows(connection, "readings", -1, io.StringIO())) / seconds(write_bare)
            for _ in range(5)
        )
    assert ratio < 5


def test_the_newest_rows_are_never_together_in_the_memory(log: Path, tmp_path: Path) -> None:
    with open_log(log) as connection, (tmp_path / "readings.csv").open("w+") as out:
        tracemalloc.start()
        write_rows(connection, "readings", READINGS - 1, out)
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        out.seek(0)
        rows = list(csv.DictReader(out))
    assert [rows[0]["text"], rows[-1]["text"], len(rows)] == ["1", str(READINGS - 1), READINGS - 1]
    assert rows[1]["at"] == "2026-11-18T11:06:40.002+00:00"
    assert peak_bytes < 10 * READINGS
