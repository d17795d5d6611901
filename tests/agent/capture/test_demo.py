from __future__ import annotations

import itertools
from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.capture.demo import FRAME_PX, true_digits
from agent.capture.frame import Frame
from agent.capture.opener import open_source
from agent.capture.paper import DESK_PX, RULINGS, SOLID_INK, Ruling, Sheet, WrittenDigit, outline, write_sheet
from agent.capture.pen import draw_digit
from agent.capture.uri import parse_source
from agent.vision.box import Box


@cache
def frames_of(uri: str) -> list[Frame]:
    with open_source(parse_source(uri)) as source:
        return list(iter(source.read, None))


def truths(frame: Frame) -> tuple[tuple[int, Box], ...]:
    assert frame.truth is not None
    return tuple((digit.digit, digit.box) for digit in frame.truth)


def test_it_is_finite_and_every_frame_has_its_truth() -> None:
    with open_source(parse_source("demo:?seed=3&frames=7"), clock=lambda: 5) as source:
        assert not source.live
        assert source.title == "demo, seed 3"
        frames = list(iter(source.read, None))
        assert source.read() is None
    assert [frame.number for frame in frames] == list(range(7))
    for frame in frames:
        assert frame.image.shape == (480, 640, 3)
        assert frame.image.dtype == np.uint8
        assert frame.captured_ns == 5
        assert frame.source == "demo:?seed=3&frames=7"
        assert truths(frame)


def test_the_same_seed_gives_the_same_frames_and_another_gives_others() -> None:
    first, other = (frames_of(f"demo:?seed={seed}&frames=3") for seed in (2, 3))
    with open_source(parse_source("demo:?seed=2&frames=3")) as again:
        second = list(iter(again.read, None))
    for a, b, c in zip(first, second, other, strict=True):
        assert np.array_equal(a.image, b.image)
        assert truths(a) == truths(b)
        assert not np.array_equal(a.image, c.image)
        assert truths(a) != truths(c)


def test_three_sheets_are_turned_and_the_camera_moves() -> None:
    frames = frames_of("demo:?seed=1&frames=9")
    written = [tuple(digit for digit, _ in truths(frame)) for frame in frames]
    assert len(list(itertools.groupby(written))) == len(RULINGS)
    assert len({truths(frame) for frame in frames}) == 9


def test_a_rate_that_was_asked_for_is_kept() -> None:
    now_ns, waits = 0, []

    def sleep(seconds: float) -> None:
        nonlocal now_ns
        waits.append(round(seconds, 6))
        now_ns += int(seconds * 1e9)

    with open_source(parse_source("demo:?frames=4&fps=10"), clock=lambda: now_ns, sleep=sleep) as source:
        stamps = [frame.captured_ns for frame in iter(source.read, None)]
    assert waits == [0, 0.1, 0.1, 0.1]
    assert stamps == [0, 100_000_000, 200_000_000, 300_000_000]


@pytest.mark.parametrize("seed", range(4))
def test_boxes_lie_in_the_frame_and_are_of_a_size_to_be_read(seed: int) -> None:
    for frame in frames_of(f"demo:?seed={seed}&frames=3"):
        for _, box in truths(frame):
            assert box.x >= 0
            assert box.y >= 0
            assert box.right <= FRAME_PX[0]
            assert box.bottom <= FRAME_PX[1]
            assert 30 <= box.h <= 80


@pytest.mark.parametrize("seed", range(4))
def test_ink_reaches_every_side_of_its_box(seed: int) -> None:
    """Within two pixels of each side something is clearly darker than the paper of that box."""
    for frame in frames_of(f"demo:?seed={seed}&frames=3"):
        grey = cv2.GaussianBlur(cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY), (3, 3), 0).astype(int)
        for _, (x, y, w, h) in truths(frame):
            inside = grey[y : y + h, x : x + w]
            threshold = np.percentile(inside, 90) - 0.3 * (np.percentile(inside, 90) - inside.min())
            for side in (inside[:3], inside[-3:], inside[:, :3], inside[:, -3:]):
                assert side.min() < threshold


@pytest.mark.parametrize("ruling", RULINGS)
@pytest.mark.parametrize("seed", range(3))
def test_a_sheet_is_written_row_by_row(ruling: Ruling, seed: int) -> None:
    sheet = write_sheet(np.random.default_rng(seed), ruling)
    middles = np.array([written.outline.mean(axis=0) for written in sheet.digits])
    row_starts = 1 + np.flatnonzero(np.diff(middles[:, 0]) < 0)
    rows = np.split(middles, row_starts)
    assert 2 <= len(rows) <= 4
    for above, below in itertools.pairwise(rows):
        assert above[:, 1].max() < below[:, 1].min()
    for a, b in itertools.combinations(sheet.digits, 2):
        (ax, ay, aw, ah), (bx, by, bw, bh) = (cv2.boundingRect(written.outline) for written in (a, b))
        assert ax + aw <= bx + 1 or bx + bw <= ax + 1 or ay + ah <= by + 1 or by + bh <= ay + 1


SMALL = st.floats(-1, 1)


@given(st.integers(0, 10_000), st.integers(0, 9), st.tuples(SMALL, SMALL, SMALL, SMALL))
def test_a_box_is_tight_around_the_ink_that_a_camera_sees(
    seed: int, digit: int, pose: tuple[float, float, float, float]
) -> None:
    angle, tilt, pan, zoom = pose
    ink = draw_digit(np.random.default_rng(seed), digit, 100)
    x, y = 500, 380
    image = np.zeros((1160, 1480), np.uint8)
    image[y + DESK_PX : y + DESK_PX + ink.shape[0], x + DESK_PX : x + DESK_PX + ink.shape[1]] = ink
    sheet = Sheet(image, (WrittenDigit(digit, outline(ink) + np.array((x, y), np.float32) + DESK_PX),))
    turn = cv2.getRotationMatrix2D((700, 500), 20 * angle, 0.55 + 0.1 * zoom)
    view = np.array([[1, 0, -380 + 80 * pan], [0, 1, -260], [tilt * 1e-4, 0, 1]]) @ np.vstack((turn, (0, 0, 1)))
    (seen,) = true_digits(sheet, view)
    expected = bounds_px(np.asarray(image >= SOLID_INK, np.uint8), view)
    np.testing.assert_allclose((seen.box.x, seen.box.y, seen.box.right, seen.box.bottom), expected, atol=1)


def bounds_px(ink: NDArray[np.uint8], view: NDArray[np.float64]) -> NDArray[np.float64]:
    """Left, top, right and bottom of what a camera sees of some ink, enlarged so that a tip as fine as a pixel is."""
    finer = 4
    enlarged = np.array([[finer, 0, (finer - 1) / 2], [0, finer, (finer - 1) / 2], [0, 0, 1]]) @ view
    seen = cv2.warpPerspective(ink * np.uint8(255), enlarged, (finer * FRAME_PX[0], finer * FRAME_PX[1]))
    x, y, w, h = cv2.boundingRect(np.asarray(seen > 127, np.uint8))
    low, high = np.array((x, y)) / finer, np.array((x + w, y + h)) / finer
    return np.concatenate((np.floor(low), np.ceil(high)))


def test_a_digit_at_the_edge_is_not_counted() -> None:
    square = np.array(((0, 0), (20, 0), (20, 20), (0, 20)), np.float32)
    places = {1: (0, 0), 2: (-5, 100), 3: (100, 460), 4: (630, 100), 5: (300, 200)}
    digits = tuple(WrittenDigit(digit, square + np.array(at, np.float32)) for digit, at in places.items())
    sheet = Sheet(np.zeros((480, 640, 3), np.uint8), digits)
    assert [seen.digit for seen in true_digits(sheet, np.eye(3))] == [1, 5]
