"""Cut-outs of readings: which are kept, that each belongs to its reading, and which are deleted first."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from agent.events import Counts, FrameEvent
from agent.telemetry.database import open_for_writing
from agent.telemetry.pictures import (
    JPEG_QUALITIES,
    MAX_JPEG_BYTES,
    MAX_SIZE_PX,
    SURE_SHARE,
    KeepPictures,
    cut_out,
    delete_pictures,
)
from agent.vision.box import Box
from agent.vision.lines import Reading
from agent.vision.page import Page

MakeLog = Callable[..., Any]
MIB = 2**20


def make_event(number: int, *confidences: float, undecided: bool = False) -> FrameEvent:
    """A frame with a reading for each confidence, each at a place that is as bright as 10 × (its index + 1)."""
    image = np.zeros((300, 200, 3), np.uint8)
    readings = list[Reading]()
    for index, confidence in enumerate(confidences):
        image[100 * index : 100 * index + 100] = 10 * (index + 1)
        reading = Reading(str(index), Box(20, 100 * index + 30, 30, 20), confidence, ())
        readings.append(replace(reading, undecided=(None,) if undecided else ()))  # type: ignore[arg-type]
    page = Page(200, 300, (), tuple(readings), {})
    return FrameEvent(number, "demo:", image, page, tuple(readings), {}, 0, Counts(number + 1), None)


def pictures(path: Path) -> list[tuple[str, int, int]]:
    """Return text of the reading, whether it is sure, and brightness of the cut-out."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT text, sure, jpeg FROM pictures JOIN readings ON readings.id = reading"
        ).fetchall()
    return [(text, sure, round(float(decode(jpeg).mean()) / 10)) for text, sure, jpeg in rows]


def decode(jpeg: bytes) -> Any:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


@pytest.mark.parametrize(
    ("which", "kept"),
    [("none", []), ("unsure", [("0", 0, 1)]), ("all", [("0", 0, 1), ("1", 1, 2), ("2", 1, 3)])],
)
def test_the_cut_outs_that_are_wanted_are_kept_with_their_readings(
    make_log: MakeLog, which: str, kept: list[tuple[str, int, int]]
) -> None:
    log = make_log(pictures=KeepPictures(which, MIB, draw=lambda: 1.0))
    log.buffer.add_frame(make_event(0, 0.89, 0.9, 1.0))
    log.close()
    assert pictures(log.path) == kept
    assert log.warnings == []


def test_an_undecided_place_makes_a_reading_unsure(make_log: MakeLog) -> None:
    log = make_log(pictures=KeepPictures("unsure", MIB, draw=lambda: 1.0))
    log.buffer.add_frame(make_event(0, 0.99, undecided=True))
    log.close()
    assert pictures(log.path) == [("0", 0, 1)]


def test_a_share_of_the_sure_readings_is_drawn(make_log: MakeLog) -> None:
    draws = cycle([SURE_SHARE / 2, *[0.5] * 19])
    log = make_log(pictures=KeepPictures("unsure", MIB, draw=draws.__next__))
    for number in range(60):
        log.buffer.add_frame(make_event(number, 0.95))
    log.close()
    assert len(pictures(log.path)) == 3


def test_each_of_many_cut_outs_belongs_to_its_reading(make_log: MakeLog) -> None:
    """They are written in other transactions than the readings, and a second run counts its frames anew."""
    for _ in range(2):
        log = make_log(pictures=KeepPictures("all", MIB))
        for number in range(60):
            log.buffer.add_frame(make_event(number, 0.5, 0.6, 0.7))
        log.close()
    assert pictures(log.path) == 120 * [("0", 0, 1), ("1", 0, 2), ("2", 0, 3)]


def test_the_next_run_that_keeps_none_deletes_all(make_log: MakeLog) -> None:
    for which in ("all", "none"):
        log = make_log(pictures=KeepPictures(which, MIB))
        log.buffer.add_frame(make_event(0, 0.5))
        log.close()
    assert pictures(log.path) == []


def test_the_oldest_sure_ones_are_deleted_first_and_corrected_ones_last(tmp_path: Path) -> None:
    with closing(open_for_writing(tmp_path / "agent.db")) as connection:
        for reading, sure in enumerate([1, 0, 1, 0, 1]):
            connection.execute("INSERT INTO pictures VALUES (?, ?, zeroblob(100), 0, 0, 1, 1, 100)", (reading, sure))
        insert = "INSERT INTO corrections (reading, at_ms, verdict, text, origin) VALUES (?, 0, 'number', '', 'x')"
        connection.executemany(insert, [(1,), (2,)])
        left = list[list[int]]()
        for max_bytes in (500, 499, 320, 220, 110, 0):
            delete_pictures(connection, max_bytes)
            left.append([row[0] for row in connection.execute("SELECT reading FROM pictures ORDER BY reading")])
    assert left == [[0, 1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3], [1, 2], [1], []]


def test_cut_outs_take_at_most_the_space_that_they_may(make_log: MakeLog) -> None:
    log = make_log(pictures=KeepPictures("all", 20_000))
    for number in range(100):
        log.buffer.add_frame(make_event(number, 0.5, 0.6, 0.7))
    log.close()
    with closing(sqlite3.connect(log.path)) as connection:
        used, first = connection.execute("SELECT sum(bytes), min(reading) FROM pictures").fetchone()
    assert 17_000 < used <= 20_000
    assert first > 100


@pytest.mark.slow
def test_cut_outs_and_corrections_go_with_their_readings(make_log: MakeLog) -> None:
    log = make_log(max_bytes=450_000, pictures=KeepPictures("all", MIB))
    for number in range(4000):
        log.buffer.add_frame(make_event(number, 0.5))
        if number % 100 == 99:
            log.write()
    log.close()
    with closing(sqlite3.connect(log.path)) as connection:
        first = connection.execute("SELECT min(id) FROM readings").fetchone()[0]
        orphans = connection.execute("SELECT count(*) FROM pictures WHERE reading < ?", (first,)).fetchone()[0]
    assert first > 1000
    assert orphans == 0
    assert log.path.stat().st_size <= 450_000


@pytest.mark.parametrize(
    ("box", "shape", "place"),
    [
        (Box(100, 100, 50, 20), (48, 110), (30, 14, 50, 20)),
        (Box(0, 0, 50, 20), (34, 80), (0, 0, 50, 20)),
        (Box(-30, 100, 50, 20), (48, 50), (-30, 14, 50, 20)),
        (Box(390, 290, 50, 20), (24, 40), (30, 14, 50, 20)),
        (Box(0, 0, 400, 300), (MAX_SIZE_PX[1], 320), (0, 0, 320, 240)),
    ],
)
def test_a_cut_out_has_what_stands_around_and_ends_at_the_edge(
    box: Box, shape: tuple[int, int], place: tuple[int, int, int, int]
) -> None:
    part = cut_out(np.zeros((300, 400, 3), np.uint8), box)
    assert part is not None
    assert decode(part.jpeg).shape[:2] == shape
    assert part.box == place


def test_there_is_no_cut_out_beside_the_picture() -> None:
    assert cut_out(np.zeros((300, 400, 3), np.uint8), Box(500, 100, 50, 20)) is None


def test_a_cut_out_of_noise_stays_small() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (240, 640, 3), dtype=np.uint8)
    assert len(cv2.imencode(".jpg", noise, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITIES[0]))[1]) > MAX_JPEG_BYTES
    part = cut_out(noise, Box(0, 0, 640, 240))
    assert part is not None
    assert len(part.jpeg) <= MAX_JPEG_BYTES
