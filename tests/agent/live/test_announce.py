from __future__ import annotations

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from agent.live.announce import FORGET_FRAMES, STEADY_FRAMES, Announcer
from agent.vision.box import Box
from agent.vision.lines import Reading


def reading(text: str, x: int = 0, y: int = 0) -> Reading:
    return Reading(text, Box(x, y, 40, 20), 0.9, ())


def texts(announcer: Announcer, *frames: tuple[Reading, ...]) -> list[list[str]]:
    return [[news.text for news in announcer.news(frame)] for frame in frames]


def announced(announcer: Announcer, *frames: tuple[Reading, ...]) -> list[str]:
    return list(chain.from_iterable(texts(announcer, *frames)))


def test_a_steady_reading_is_announced_once() -> None:
    assert texts(Announcer(), *[(reading("42"),)] * 6) == [[], [], ["42"], [], [], []]


def test_a_slip_of_one_frame_is_no_news() -> None:
    good, slip = (reading("42"),), (reading("47"),)
    assert texts(Announcer(), good, good, good, slip, good, good, good, good) == [[], [], ["42"], [], [], [], [], []]


def test_a_reading_that_changes_is_news() -> None:
    before, after = (reading("42"),), (reading("43"),)
    assert texts(Announcer(), *[before] * 3, *[after] * 3) == [[], [], ["42"], [], [], ["43"]]


def test_the_same_number_at_two_places_is_two_readings() -> None:
    both = (reading("42"), reading("42", y=100))
    assert texts(Announcer(), *[both] * 3) == [[], [], ["42", "42"]]


def test_a_reading_that_drifts_with_the_camera_stays_the_same() -> None:
    frames = [(reading("42", x=5 * step),) for step in range(20)]
    assert announced(Announcer(), *frames) == ["42"]


def test_a_reading_is_news_again_after_it_was_away() -> None:
    here, away = [(reading("42"),)] * STEADY_FRAMES, [()] * FORGET_FRAMES
    assert announced(Announcer(), *here, *away[1:], *here) == ["42"]
    assert announced(Announcer(), *here, *away, *here) == ["42", "42"]


def test_stills_are_announced_at_once() -> None:
    assert texts(Announcer(stills=True), (reading("42"),), (reading("42"),)) == [["42"], ["42"]]


@given(st.lists(st.lists(st.builds(reading, st.sampled_from("123"), st.integers(0, 9).map(lambda x: x * 60)))))
def test_what_is_announced_stands_in_the_frame(frames: list[list[Reading]]) -> None:
    announcer = Announcer()
    for frame in frames:
        news = announcer.news(tuple(frame))
        assert set(map(id, news)) <= set(map(id, frame))
