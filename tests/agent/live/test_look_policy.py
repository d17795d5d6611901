from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.live.look_policy import THOROUGH_SHARE, LookPolicy, is_same, thumbnail
from agent.vision.pipeline import QUICK, THOROUGH, Depth

Image = NDArray[np.uint8]
FRAME_MS = 100.0
NOISE = np.random.default_rng(0).normal(0, 4, (480, 640, 3)).astype(np.int8)
DEPTHS = {None: ".", QUICK: "q", THOROUGH: "T"}


def page(text: str = "42", x: int = 200, seed: int = 0, level: int = 200) -> Image:
    """Draw a text in pencil on paper, with sensor noise."""
    image = np.full((480, 640, 3), level, np.uint8)
    cv2.putText(image, text, (x, 240), cv2.FONT_HERSHEY_SIMPLEX, 1, (level - 70,) * 3, 2, cv2.LINE_AA)
    return np.asarray(cv2.add(image, np.roll(NOISE, 1009 * seed), dtype=cv2.CV_8U), np.uint8)


def looks(
    policy: LookPolicy,
    *frames: Image,
    thorough_ms: float = 100.0,
    frames_per_s: float = 10.0,
    known: Depth | None = None,
) -> str:
    """Return the depth of each look: T is thorough, q is quick, a dot is none."""
    shown = ""
    for number, frame in enumerate(frames):
        depth = policy.look(frame, number / frames_per_s, known=known).depth
        if depth is not None:
            policy.add_cost(depth, thorough_ms if depth is THOROUGH else 20.0)
        shown += DEPTHS[depth]
    return shown


def moving(count: int, step_px: int = 9) -> list[Image]:
    return [page(x=100 + step_px * number, seed=number) for number in range(count)]


def resting(count: int, text: str = "42") -> list[Image]:
    return [page(text, seed=number) for number in range(count)]


def test_a_resting_picture_gets_one_look() -> None:
    assert looks(LookPolicy(FRAME_MS), *resting(12)) == "T..........."


def test_a_new_view_gets_a_thorough_look_as_soon_as_it_rests() -> None:
    assert looks(LookPolicy(FRAME_MS), *resting(3), *moving(4), *resting(5, "57")) == "T..qqqqqT..."


def test_a_disturbed_view_gets_new_looks() -> None:
    assert looks(LookPolicy(FRAME_MS), *resting(3), *resting(1, "57"), *resting(4)) == "T..qq..."


def test_a_moving_picture_gets_a_thorough_look_once_a_second() -> None:
    assert looks(LookPolicy(FRAME_MS), *moving(25)) == "TqqqqqqqqqTqqqqqqqqqTqqqq"


def test_a_moving_picture_without_news_gets_a_thorough_look_every_two_seconds() -> None:
    swaying = [page(x=200 + 3 * (number % 2), seed=number) for number in range(90)]
    shown = looks(LookPolicy(FRAME_MS), *swaying, known=THOROUGH)
    assert [index for index, depth in enumerate(shown) if depth == "T"] == [0, 20, 40, 60, 80]


def test_of_known_digits_that_move_most_frames_are_followed() -> None:
    assert looks(LookPolicy(FRAME_MS), *moving(25), frames_per_s=30.0, known=QUICK) == "T...q...q...q...q...q...q"


def test_a_fast_motion_is_not_followed() -> None:
    assert looks(LookPolicy(FRAME_MS), *moving(9, 45), frames_per_s=30.0, known=QUICK) == "Tqqqqqqqq"


def test_the_shift_of_a_followed_frame_is_that_since_the_last_look() -> None:
    policy = LookPolicy(FRAME_MS)
    shifts = [policy.look(image, number / 30, known=QUICK).shift for number, image in enumerate(moving(6))]
    assert [round(shift.real) for shift in shifts] == pytest.approx([0, 9, 18, 27, 0, 9], abs=4)
    assert [shift.imag for shift in shifts] == pytest.approx([0] * 6, abs=2)


def test_another_picture_gets_a_look_even_if_all_digits_before_were_known() -> None:
    policy = LookPolicy(FRAME_MS)
    assert looks(policy, page(), frames_per_s=30.0, known=QUICK) == "T"
    noise = np.random.default_rng(1).integers(0, 256, (480, 640, 3)).astype(np.uint8)
    assert policy.look(noise, 1 / 30, known=QUICK).depth is QUICK


@pytest.mark.parametrize(("thorough_ms", "between"), [(100.0, 10), (500.0, 20), (1000.0, 40)])
def test_the_budget_limits_how_often_thorough_looks_come(thorough_ms: float, between: int) -> None:
    shown = looks(LookPolicy(FRAME_MS), *moving(50), thorough_ms=thorough_ms)
    assert shown.index("T", 1) == between
    assert thorough_ms <= THOROUGH_SHARE * FRAME_MS * between


def test_a_resting_view_gets_its_thorough_look_when_the_budget_allows_it() -> None:
    shown = looks(LookPolicy(FRAME_MS), *moving(3), *resting(30), thorough_ms=500.0)
    assert shown == "T" + 19 * "q" + "T" + 12 * "."


@pytest.mark.slow
@given(st.integers(-30, 30), st.integers(0, 99))
def test_noise_and_brightness_are_not_a_change(brighter: int, seed: int) -> None:
    assert is_same(thumbnail(page()), thumbnail(page(seed=seed, level=200 + brighter)))


@pytest.mark.slow
@given(st.sampled_from("0123456789"), st.integers(0, 500), st.integers(0, 99))
def test_a_new_digit_is_a_change(digit: str, x: int, seed: int) -> None:
    assert not is_same(thumbnail(page("")), thumbnail(page(digit, x, seed)))


def test_pictures_of_different_sizes_differ() -> None:
    assert not is_same(None, thumbnail(page()))
    assert not is_same(thumbnail(page()), thumbnail(page()[:300]))


def test_a_small_picture_is_not_enlarged() -> None:
    assert thumbnail(np.zeros((3, 5, 3), np.uint8)).shape == (3, 5)
