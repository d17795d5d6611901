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
from agent.capture.opener import open_source
from agent.capture.source import Frame
from agent.capture.uri import parse_source
from agent.drawing.handwriting import draw_digit
from agent.drawing.paper import DESK_PX, MIN_OUTLINE_COVERAGE, RULINGS, Sheet, WrittenDigit, ink_outline
from agent.vision.box import Box


@cache
def frames_of(uri: str) -> list[Frame]:
    with open_source(parse_source(uri)) as source:
        return list(iter(source.read, None))


def truths(frame: Frame) -> tuple[tuple[int, Box], ...]:
    assert frame.truth is not None
    return tuple((digit.digit, digit.box) for digit in frame.truth)


@pytest.mark.slow
def test_the_demo_is_finite_and_every_frame_has_true_digits() -> None:
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


@pytest.mark.slow
def test_the_same_seed_gives_the_same_frames_and_another_seed_gives_others() -> None:
    first, other = (frames_of(f"demo:?seed={seed}&frames=3") for seed in (2, 3))
    with open_source(parse_source("demo:?seed=2&frames=3")) as again:
        second = list(iter(again.read, None))
    for a, b, c in zip(first, second, other, strict=True):
        assert np.array_equal(a.image, b.image)
        assert truths(a) == truths(b)
        assert not np.array_equal(a.image, c.image)
        assert truths(a) != truths(c)


@pytest.mark.slow
def test_the_demo_shows_three_sheets_and_the_camera_moves() -> None:
    frames = frames_of("demo:?seed=1&frames=9")
    written = [tuple(digit for digit, _ in truths(frame)) for frame in frames]
    assert len(list(itertools.groupby(written))) == len(RULINGS)
    assert len({truths(frame) for frame in frames}) == 9


@pytest.mark.slow
def test_frames_come_at_the_requested_rate() -> None:
    now_ns, waits = 0, []

    def sleep(seconds: float) -> None:
        nonlocal now_ns
        waits.append(round(seconds, 6))
        now_ns += int(seconds * 1e9)

    with open_source(parse_source("demo:?frames=4&fps=10"), clock=lambda: now_ns, sleep=sleep) as source:
        stamps = [frame.captured_ns for frame in iter(source.read, None)]
    assert waits == [0, 0.1, 0.1, 0.1]
    assert stamps == [0, 100_000_000, 200_000_000, 300_000_000]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_boxes_lie_in_the_frame_and_are_large_enough_to_be_read(seed: int) -> None:
    for frame in frames_of(f"demo:?seed={seed}&frames=3"):
        for _, box in truths(frame):
            assert box.x >= 0
            assert box.y >= 0
            assert box.right <= FRAME_PX[0]
            assert box.bottom <= FRAME_PX[1]
            assert 30 <= box.h <= 80


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_ink_reaches_every_side_of_its_box(seed: int) -> None:
    """The three outermost rows and columns of each box hold a pixel clearly darker than the paper."""
    for frame in frames_of(f"demo:?seed={seed}&frames=3"):
        grey = cv2.GaussianBlur(cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY), (3, 3), 0).astype(int)
        for _, (x, y, w, h) in truths(frame):
            inside = grey[y : y + h, x : x + w]
            threshold = np.percentile(inside, 90) - 0.3 * (np.percentile(inside, 90) - inside.min())
            for side in (inside[:3], inside[-3:], inside[:, :3], inside[:, -3:]):
                assert side.min() < threshold


SMALL = st.floats(-1, 1)


@pytest.mark.slow
@given(st.integers(0, 10_000), st.integers(0, 9), st.tuples(SMALL, SMALL, SMALL, SMALL))
def test_a_box_is_tight_around_the_projected_ink(
    seed: int, digit: int, pose: tuple[float, float, float, float]
) -> None:
    angle, tilt, pan, zoom = pose
    ink = draw_digit(np.random.default_rng(seed), digit, 100)
    x, y = 500, 380
    image = np.zeros((1160, 1480), np.uint8)
    image[y + DESK_PX : y + DESK_PX + ink.shape[0], x + DESK_PX : x + DESK_PX + ink.shape[1]] = ink
    sheet = Sheet(image, (WrittenDigit(digit, ink_outline(ink) + np.array((x, y), np.float32) + DESK_PX),))
    turn = cv2.getRotationMatrix2D((700, 500), 20 * angle, 0.55 + 0.1 * zoom)
    homography = np.array([[1, 0, -380 + 80 * pan], [0, 1, -260], [tilt * 1e-4, 0, 1]]) @ np.vstack((turn, (0, 0, 1)))
    (projected,) = true_digits(sheet, homography)
    expected = bounds_px(np.asarray(image >= MIN_OUTLINE_COVERAGE, np.uint8), homography)
    np.testing.assert_allclose(
        (projected.box.x, projected.box.y, projected.box.right, projected.box.bottom), expected, atol=1
    )


def bounds_px(ink: NDArray[np.uint8], homography: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return left, top, right and bottom of the projected ink, rendered at four times the size to keep thin tips."""
    finer = 4
    enlarged = np.array([[finer, 0, (finer - 1) / 2], [0, finer, (finer - 1) / 2], [0, 0, 1]]) @ homography
    projected = cv2.warpPerspective(ink * np.uint8(255), enlarged, (finer * FRAME_PX[0], finer * FRAME_PX[1]))
    x, y, w, h = cv2.boundingRect(np.asarray(projected > 127, np.uint8))
    low, high = np.array((x, y)) / finer, np.array((x + w, y + h)) / finer
    return np.concatenate((np.floor(low), np.ceil(high)))


def test_a_digit_cut_off_by_the_frame_is_not_listed() -> None:
    square = np.array(((0, 0), (20, 0), (20, 20), (0, 20)), np.float32)
    places = {1: (0, 0), 2: (-5, 100), 3: (100, 460), 4: (630, 100), 5: (300, 200)}
    digits = tuple(WrittenDigit(digit, square + np.array(at, np.float32)) for digit, at in places.items())
    sheet = Sheet(np.zeros((480, 640, 3), np.uint8), digits)
    assert [projected.digit for projected in true_digits(sheet, np.eye(3))] == [1, 5]


@pytest.mark.parametrize(("frames", "seconds"), [(20, 4.5), (90, 4.5), (900, 45.0)])
def test_a_recording_shows_each_sheet_long_enough_to_announce_its_numbers(frames: int, seconds: float) -> None:
    with open_source(parse_source(f"demo:?frames={frames}")) as source:
        first, second = source.read(), source.read()
    assert first is not None
    assert second is not None
    assert first.recorded_s == 0
    assert second.recorded_s == pytest.approx(seconds / frames)
