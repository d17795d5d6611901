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
    """Numbers on a page, two a row, in a picture of 640 x 480; what lies beyond its edge is not read."""
    digits = [
        Digit(int(sign), 0.95, Box(round(40 + 300 * (i % 2) + 32 * j + dx), round(60 + 110 * (i // 2) + dy), 24, 40))
        for i, text in enumerate(texts)
        for j, sign in enumerate(text)
    ]
    return [d for d in digits if d.box.x >= 0 and d.box.y >= 0 and d.box.right <= 640 and d.box.bottom <= 480]


def look(digits: Sequence[Digit], weight: float = 1.0) -> Detections:
    return Detections(tuple(digits), 640, 480, weight)


def follow(tracker: Tracker, *looks: Sequence[Digit]) -> tuple[Track, ...]:
    tracks: tuple[Track, ...] = ()
    for digits in looks:
        tracks = tracker.follow(look(digits))
    return tracks


def labels(tracks: Sequence[Track]) -> str:
    """What the tracks that are shown say, in reading order."""
    shown = sorted((track for track in tracks if track.shown), key=lambda track: (track.box.y // 50, track.box.x))
    return "".join(str(track.label) for track in shown)


def names(tracks: Sequence[Track]) -> set[int]:
    return {track.id for track in tracks if track.shown}


def test_digits_keep_their_names_while_the_camera_sways() -> None:
    tracker = Tracker()
    first = names(follow(tracker, page()))
    for step in range(60):
        tracks = follow(tracker, page(dx=25 * np.sin(step / 2), dy=20 * np.cos(step / 3)))
        assert names(tracks) == first
        assert labels(tracks) == "".join(PAGE)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10_000))
def test_slips_are_outvoted_and_misses_bridged(seed: int) -> None:
    rng, tracker, right = np.random.default_rng(seed), Tracker(), 0
    follow(tracker, *[page()] * 6)
    for step in range(30):
        slipped = [
            replace(digit, digit=int(rng.integers(10))) if rng.random() < 0.1 else digit
            for digit in page(dx=20 * np.sin(step / 3), dy=20 * np.cos(step / 2))
            if rng.random() >= 0.1
        ]
        right += labels(follow(tracker, slipped)) == "".join(PAGE)
    assert right >= 28


def test_a_digit_that_is_written_anew_changes_its_label_and_keeps_its_name() -> None:
    tracker = Tracker()
    before = follow(tracker, *[page()] * 10)
    changed = follow(tracker, *[page(("1729", "47", *PAGE[2:]))] * 8)
    assert names(changed) == names(before)
    assert labels(changed) == "1729" + "47" + "".join(PAGE[2:])


def test_a_page_that_is_turned_is_a_new_one_and_the_old_one_is_known_when_it_comes_back() -> None:
    tracker = Tracker()
    old = names(follow(tracker, *[page()] * 5))
    new = follow(tracker, *[page(OTHER_PAGE)] * 5)
    assert labels(new) == "".join(OTHER_PAGE)
    assert not names(new) & old
    assert names(follow(tracker, page(dx=40, dy=-30))) == old


def test_a_look_that_is_blurred_or_blocked_ends_nothing() -> None:
    tracker = Tracker()
    before = names(follow(tracker, *[page()] * 5))
    junk = [Digit(1, 0.6, Box(300, 200, 90, 160))]
    follow(tracker, *[page()[:2], [], junk] * ABSENT_LOOKS)
    assert names(follow(tracker, page(dx=35))) == before


def test_what_a_hand_hides_is_shown_a_while_then_gone_and_still_known_when_it_is_seen_again() -> None:
    tracker, most = Tracker(), [digit for digit in page() if digit.box.y < 200]
    before = names(follow(tracker, *[page()] * 5))
    assert names(follow(tracker, *[most] * BRIDGED_LOOKS)) == before
    hidden = [track for track in follow(tracker, most) if not track.shown]
    assert len(hidden) == len(page()) - len(most)
    assert not any(track.lost for track in hidden)
    assert all(track.lost for track in follow(tracker, *[most] * ABSENT_LOOKS) if not track.shown)
    assert names(follow(tracker, page())) == before


def test_what_leaves_the_view_is_known_when_it_comes_back() -> None:
    tracker = Tracker()
    before = names(follow(tracker, *[page()] * 5))
    hidden = follow(tracker, *[page(dx=-15 * step) for step in range(20)], *[page(dx=-300)] * (2 * ABSENT_LOOKS))
    assert not any(track.lost for track in hidden)
    assert names(follow(tracker, *[page(dx=-300 + 15 * step) for step in range(21)])) == before


def test_what_was_not_seen_for_long_is_forgotten() -> None:
    tracker, most = Tracker(), [digit for digit in page() if digit.box.y < 200]
    follow(tracker, *[page()] * 5)
    assert len(follow(tracker, *[most] * (FORGOTTEN_LOOKS + 1))) == len(most)


def test_a_thorough_look_outvotes_quick_ones() -> None:
    tracker, wrong = Tracker(), [Digit(4, 0.7, digit.box) for digit in page(("999",))]
    for digits, weight in ((wrong, 1.0), (wrong, 1.0), (page(("999",)), 4.0)):
        tracks = tracker.follow(look(digits, weight))
    assert labels(tracks) == "999"


@pytest.mark.parametrize(("seen", "known"), [("x", False), ("xx", False), ("xxxx", True), ("x....x....x....x", False)])
def test_a_digit_is_known_once_it_was_seen_often_enough(seen: str, known: bool) -> None:
    tracker, extra = Tracker(), Digit(1, 0.9, Box(560, 20, 10, 40))
    tracks = follow(tracker, *[page()] * 5, *[[*page(), extra] if sign == "x" else page() for sign in seen])
    assert [track.confirmed for track in tracks if track.centre.real > 560] == [known]


@pytest.mark.parametrize("box", [Box(0, 100, 24, 40), Box(617, 100, 24, 40), Box(300, 440, 24, 40)])
def test_a_digit_that_the_edge_cuts_is_shown_and_not_followed(box: Box) -> None:
    tracker, cut = Tracker(), Digit(3, 0.9, box)
    looks = [follow(tracker, [*page(), cut]) for _ in range(6)]
    edge = [track for tracks in looks for track in tracks if track.box == box]
    assert len({track.id for track in edge}) == len(looks)
    assert all(track.shown and not track.confirmed for track in edge)


def test_digits_that_were_cut_for_long_are_the_same_once_they_are_whole() -> None:
    tracker = Tracker()
    before = names(follow(tracker, *[page()] * 5))
    halves = [replace(digit, digit=1, box=Box(digit.box.x + 3, 462, 8, 18)) for digit in page() if digit.box.y > 200]
    hidden = [page(dy=9 * step) for step in range(20)]
    follow(tracker, *hidden, *[[*page(dy=180), *halves]] * 40)
    assert names(follow(tracker, *reversed(hidden))) == before
