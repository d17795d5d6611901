"""Digits keep their tracks when the camera moves, a look fails, a hand hides them or the page is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.track import ABSENT_LOOKS, BRIDGED_LOOKS, FORGOTTEN_LOOKS, Detections, Track
from agent.vision.tracker import Tracker

PAGE = ("1729", "42", "90210", "365", "8128", "77")
OTHER_PAGE = ("555", "3141", "60", "271828")


def page(texts: Sequence[str] = PAGE, dx: float = 0, dy: float = 0) -> list[Digit]:
    """Return the digits of a page in a picture of 640 x 480, two numbers in a row, without digits that are cut off."""
    digits = [
        Digit(int(sign), 0.95, Box(round(40 + 300 * (i % 2) + 32 * j + dx), round(60 + 110 * (i // 2) + dy), 24, 40))
        for i, text in enumerate(texts)
        for j, sign in enumerate(text)
    ]
    return [d for d in digits if d.box.x >= 0 and d.box.y >= 0 and d.box.right <= 640 and d.box.bottom <= 480]


def look(digits: Sequence[Digit], weight: float = 1.0) -> Detections:
    """Return the detections of a look at a picture of 640 x 480."""
    return Detections(tuple(digits), 640, 480, weight)


def follow(tracker: Tracker, *looks: Sequence[Digit]) -> tuple[Track, ...]:
    """Return the tracks after the last of several looks."""
    tracks: tuple[Track, ...] = ()
    for digits in looks:
        tracks = tracker.follow(look(digits))
    return tracks


def labels(tracks: Sequence[Track]) -> str:
    """Return the labels of the tracks that are shown, in reading order."""
    shown = sorted((track for track in tracks if track.shown), key=lambda track: (track.box.y // 50, track.box.x))
    return "".join(str(track.label) for track in shown)


def ids(tracks: Sequence[Track]) -> set[int]:
    """Return the ids of the tracks that are shown."""
    return {track.id for track in tracks if track.shown}


def test_digits_keep_their_ids_while_the_camera_sways() -> None:
    tracker = Tracker()
    first = ids(follow(tracker, page()))
    for step in range(60):
        tracks = follow(tracker, page(dx=25 * np.sin(step / 2), dy=20 * np.cos(step / 3)))
        assert ids(tracks) == first
        assert labels(tracks) == "".join(PAGE)


@pytest.mark.slow
@settings(max_examples=10)
@given(st.integers(0, 10_000))
def test_misread_digits_are_outvoted_and_missed_ones_are_still_shown(seed: int) -> None:
    rng, tracker, right = np.random.default_rng(seed), Tracker(), 0
    follow(tracker, *[page()] * 6)
    for step in range(30):
        misread = [
            replace(digit, digit=int(rng.integers(10))) if rng.random() < 0.1 else digit
            for digit in page(dx=20 * np.sin(step / 3), dy=20 * np.cos(step / 2))
            if rng.random() >= 0.1
        ]
        right += labels(follow(tracker, misread)) == "".join(PAGE)
    assert right >= 28


def test_a_digit_that_is_rewritten_changes_its_label_and_keeps_its_id() -> None:
    tracker = Tracker()
    before = follow(tracker, *[page()] * 10)
    changed = follow(tracker, *[page(("1729", "47", *PAGE[2:]))] * 8)
    assert ids(changed) == ids(before)
    assert labels(changed) == "1729" + "47" + "".join(PAGE[2:])


def test_another_page_gets_new_ids_and_the_first_page_gets_its_old_ids_back() -> None:
    tracker = Tracker()
    old = ids(follow(tracker, *[page()] * 5))
    new = follow(tracker, *[page(OTHER_PAGE)] * 5)
    assert labels(new) == "".join(OTHER_PAGE)
    assert not ids(new) & old
    assert ids(follow(tracker, page(dx=40, dy=-30))) == old


def test_a_blurred_or_blocked_look_loses_no_digit() -> None:
    tracker = Tracker()
    before = ids(follow(tracker, *[page()] * 5))
    junk = [Digit(1, 0.6, Box(300, 200, 90, 160))]
    follow(tracker, *[page()[:2], [], junk] * ABSENT_LOOKS)
    assert ids(follow(tracker, page(dx=35))) == before


def test_a_hidden_digit_is_shown_for_a_while_then_lost_and_gets_its_id_back() -> None:
    tracker, upper = Tracker(), [digit for digit in page() if digit.box.y < 200]
    before = ids(follow(tracker, *[page()] * 5))
    assert ids(follow(tracker, *[upper] * BRIDGED_LOOKS)) == before
    hidden = [track for track in follow(tracker, upper) if not track.shown]
    assert len(hidden) == len(page()) - len(upper)
    assert not any(track.lost for track in hidden)
    assert all(track.lost for track in follow(tracker, *[upper] * ABSENT_LOOKS) if not track.shown)
    assert ids(follow(tracker, page())) == before


def test_a_digit_that_leaves_the_picture_gets_its_id_back_when_it_returns() -> None:
    tracker = Tracker()
    before = ids(follow(tracker, *[page()] * 5))
    hidden = follow(tracker, *[page(dx=-15 * step) for step in range(20)], *[page(dx=-300)] * (2 * ABSENT_LOOKS))
    assert not any(track.lost for track in hidden)
    assert ids(follow(tracker, *[page(dx=-300 + 15 * step) for step in range(21)])) == before


@pytest.mark.slow
def test_a_digit_that_was_not_found_for_long_is_forgotten() -> None:
    tracker, upper = Tracker(), [digit for digit in page() if digit.box.y < 200]
    follow(tracker, *[page()] * 5)
    assert len(follow(tracker, *[upper] * (FORGOTTEN_LOOKS + 1))) == len(upper)


def test_a_thorough_look_outvotes_quick_ones() -> None:
    tracker, wrong = Tracker(), [Digit(4, 0.7, digit.box) for digit in page(("999",))]
    for digits, weight in ((wrong, 1.0), (wrong, 1.0), (page(("999",)), 4.0)):
        tracks = tracker.follow(look(digits, weight))
    assert labels(tracks) == "999"


@pytest.mark.parametrize(
    ("pattern", "expected"), [("x", False), ("xx", False), ("xxxx", True), ("x....x....x....x", False)]
)
def test_a_digit_is_confirmed_when_it_was_found_often_enough(pattern: str, expected: bool) -> None:
    tracker, extra = Tracker(), Digit(1, 0.9, Box(560, 20, 10, 40))
    tracks = follow(tracker, *[page()] * 5, *[[*page(), extra] if sign == "x" else page() for sign in pattern])
    assert [track.confirmed for track in tracks if track.centre.real > 560] == [expected]


@pytest.mark.parametrize("box", [Box(0, 100, 24, 40), Box(617, 100, 24, 40), Box(300, 440, 24, 40)])
def test_a_digit_at_the_edge_of_the_picture_is_shown_and_not_followed(box: Box) -> None:
    tracker, cut = Tracker(), Digit(3, 0.9, box)
    looks = [follow(tracker, [*page(), cut]) for _ in range(6)]
    edge = [track for tracks in looks for track in tracks if track.box == box]
    assert len({track.id for track in edge}) == len(looks)
    assert all(track.shown and not track.confirmed for track in edge)


def test_digits_that_were_cut_off_for_long_get_their_ids_back_when_they_are_complete() -> None:
    tracker = Tracker()
    before = ids(follow(tracker, *[page()] * 5))
    halves = [replace(digit, digit=1, box=Box(digit.box.x + 3, 462, 8, 18)) for digit in page() if digit.box.y > 200]
    hidden = [page(dy=9 * step) for step in range(20)]
    follow(tracker, *hidden, *[[*page(dy=180), *halves]] * 40)
    assert ids(follow(tracker, *reversed(hidden))) == before
