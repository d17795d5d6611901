"""A search finds readings newest first, part by part, in a bounded time."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from agent.telemetry.database import open_for_writing
from agent.telemetry.report import open_log
from agent.telemetry.search import ReadingFilter, search_readings

START_MS = 1_795_000_000_000
READINGS = 50_000


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Readings 0 to 49 999, one a second; only every thousandth is unsure."""
    path = tmp_path_factory.mktemp("log") / "agent.db"
    with closing(open_for_writing(path)) as connection:
        connection.execute("BEGIN")
        connection.execute(
            "INSERT INTO runs (id, key, boot, at_ms, steady_ms, offset_ms, source, board, frame_source) "
            "VALUES (1, x'00', 'boot', ?1, 0, ?1, 'demo:', 'pi-4b', 'demo:')",
            (START_MS,),
        )
        connection.executemany(
            "INSERT INTO readings (id, run, at_ms, after_ms, frame, text, sure_permille, x, y, w, h) "
            "VALUES (?1 + 10, 1, 0, 1000 * ?1, ?1, ?1, ?2, 1, 2, 3, 4)",
            ((i, 500 if i % 1000 == 0 else 999) for i in range(READINGS)),
        )
        connection.execute("COMMIT")
    return path


@pytest.mark.parametrize(
    ("wanted", "limit", "first", "count"),
    [
        (ReadingFilter(), 3, "49999", 3),
        (ReadingFilter(text="4999"), 100, "49999", 15),
        (ReadingFilter(max_permille=900), 100, "49000", 50),
        (ReadingFilter(until_ms=START_MS + 4_000), 100, "4", 5),
        (ReadingFilter(since_ms=START_MS + 49_998_000), 100, "49999", 2),
        (ReadingFilter(text="%"), 100, None, 0),
    ],
)
def test_readings_are_found_newest_first(
    log: Path, wanted: ReadingFilter, limit: int, first: str | None, count: int
) -> None:
    with open_log(log) as connection:
        part = search_readings(connection, wanted, limit, clock=lambda: 0.0)
    assert len(part.readings) == count
    assert next((reading.text for reading in part.readings), None) == first
    assert (part.next_before is None) == (count < limit)


def test_parts_together_are_all_readings(log: Path) -> None:
    texts, before = list[str](), None
    with open_log(log) as connection:
        while True:
            part = search_readings(connection, ReadingFilter(max_permille=900), 7, before=before, clock=lambda: 0.0)
            texts += [reading.text for reading in part.readings]
            before = part.next_before
            if before is None:
                break
    assert texts == [str(number) for number in range(49_000, -1, -1000)]


def test_newer_readings_are_found_alone(log: Path) -> None:
    with open_log(log) as connection:
        newest = search_readings(connection, ReadingFilter(), 1).readings[0]
        part = search_readings(connection, ReadingFilter(), 100, after=newest.id - 2)
    assert [reading.text for reading in part.readings] == ["49999", "49998"]
    assert part.next_before is None


def test_a_long_search_returns_where_it_goes_on(log: Path) -> None:
    clock = iter(range(1000))
    with open_log(log) as connection:
        part = search_readings(connection, ReadingFilter(text="none"), 1, clock=lambda: float(next(clock)))
    assert part.readings == ()
    assert part.next_before is not None


def test_an_empty_log_has_no_readings(tmp_path: Path) -> None:
    open_for_writing(tmp_path / "agent.db").close()
    with open_log(tmp_path / "agent.db") as connection:
        assert search_readings(connection, ReadingFilter(), 5).next_before is None
