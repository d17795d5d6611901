"""Strips show the ink of one line at a fixed height, with and without ruled lines."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from agent.vision.binarize import Binarized, binarize
from agent.vision.box import Box
from agent.vision.ink import Ink, find_ink
from agent.vision.strip import CHANNELS, DIGIT_PX, HEIGHT_PX, MAX_WIDTH_PX, VIEW_SCALES, WIDTH_STEP_PX, Strip, cut_strip


def bars(boxes: list[Box], size: tuple[int, int] = (400, 300), *, rule: bool = False) -> tuple[Ink, Binarized]:
    """Return the ink of dark boxes on white paper, and its mask; `rule` adds a ruled line below them."""
    image = np.full((size[1], size[0], 3), 230, np.uint8)
    for x, y, w, h in boxes:
        cv2.rectangle(image, (x, y), (x + w - 1, y + h - 1), (40, 40, 40), -1)
    if rule:
        cv2.line(image, (0, 180), (size[0], 180), (40, 40, 40), 2)
    ink = find_ink(image, max(size))
    return ink, binarize(ink, 0.7)


def columns(strip: Strip) -> list[float]:
    """Return the centre of each run of columns with ink."""
    dark = np.flatnonzero(strip.image[0].max(axis=0) > 100)
    return [float(run.mean()) for run in np.split(dark, np.flatnonzero(np.diff(dark) > 1) + 1)]


@pytest.mark.parametrize("height", [20, 40, 80])
def test_digits_are_scaled_to_a_fixed_height_in_the_middle(height: int) -> None:
    boxes = [Box(100 + 60 * i, 100, 12, height) for i in range(3)]
    strip = cut_strip(*bars(boxes), boxes)
    rows = np.flatnonzero(strip.image.max(axis=(0, 2)) > 100)
    assert strip.image.shape[:2] == (CHANNELS, HEIGHT_PX)
    assert strip.image.shape[2] % WIDTH_STEP_PX == 0
    assert len(rows) == pytest.approx(DIGIT_PX, abs=3)
    assert (rows[0] + rows[-1]) / 2 == pytest.approx(HEIGHT_PX / 2, abs=1.5)


def test_positions_convert_both_ways() -> None:
    boxes = [Box(100, 100, 12, 44), Box(180, 100, 12, 44)]
    strip = cut_strip(*bars(boxes), boxes)
    assert columns(strip) == pytest.approx([strip.to_strip(box.centre[0]) for box in boxes], abs=1.5)
    assert strip.to_working(strip.to_strip(123.0)) == pytest.approx(123.0)


def test_a_rising_line_is_straightened() -> None:
    boxes = [Box(60 + 50 * i, 160 - 10 * i, 10, 30) for i in range(5)]
    strip = cut_strip(*bars(boxes), boxes)
    tops = [int(np.flatnonzero(column > 100)[0]) for column in strip.image[0].T if column.max() > 100]
    assert np.ptp(tops) <= 4


def test_ink_beyond_the_ends_is_shown() -> None:
    boxes = [Box(100 + 50 * i, 100, 12, 40) for i in range(4)]
    strip = cut_strip(*bars(boxes), boxes[1:])
    assert len(columns(strip)) == len(boxes)


def test_ink_beyond_the_limits_is_not_shown() -> None:
    boxes = [Box(100 + 50 * i, 100, 12, 40) for i in range(4)]
    strip = cut_strip(*bars(boxes), boxes[1:3], limits=(130.0, 230.0))
    assert columns(strip) == pytest.approx([strip.to_strip(box.centre[0]) for box in boxes[1:3]], abs=1.5)


def test_only_the_first_channel_shows_ruled_lines() -> None:
    boxes = [Box(100 + 50 * i, 134, 12, 40) for i in range(3)]
    with_rule, without = (cut_strip(*bars(boxes, rule=rule), boxes).image for rule in (True, False))
    all_ink, written = cv2.absdiff(with_rule, without)[:, -6:].max(axis=(1, 2))
    assert all_ink > 100
    assert written < 60


def test_a_long_line_is_cut_off() -> None:
    boxes = [Box(10 + 12 * i, 100, 6, 16) for i in range(100)]
    ink, binarized = bars(boxes, (1300, 300))
    assert cut_strip(ink, binarized, boxes).image.shape == (CHANNELS, HEIGHT_PX, MAX_WIDTH_PX)


def test_a_larger_strip_shows_the_same() -> None:
    boxes = [Box(100 + 60 * i, 100, 12, 60) for i in range(3)]
    ink, binarized = bars(boxes)
    usual, large = cut_strip(ink, binarized, boxes), cut_strip(ink, binarized, boxes, zoom=2)
    assert large.image.shape == (CHANNELS, *(2 * side for side in usual.image.shape[1:]))
    assert columns(large) == pytest.approx([2 * x for x in columns(usual)], abs=3)


def test_views_show_the_strip_at_other_sizes_around_its_centre() -> None:
    boxes = [Box(100 + 60 * i, 100, 12, 60) for i in range(3)]
    strip = cut_strip(*bars(boxes), boxes)
    views = strip.views()
    np.testing.assert_array_equal(views[0], strip.image)
    assert views.shape == (len(VIEW_SCALES), *strip.image.shape)
    for index, view in enumerate(views):
        in_strip = [strip.from_view(x, index) for x in columns(replace(strip, image=view))]
        assert in_strip == pytest.approx(columns(strip), abs=1.5)


def test_an_empty_ink_gives_an_empty_strip() -> None:
    ink, binarized = bars([Box(100, 100, 12, 40)])
    nothing = replace(ink, strength=np.zeros_like(ink.strength))
    assert cut_strip(nothing, binarized, [Box(100, 100, 12, 40)]).image.max() == 0
