from __future__ import annotations

from dataclasses import replace

import pytest

from agent.live.announce import CHANGED_LOOKS, STEADY_LOOKS, STEADY_S, Announcer
from agent.vision.track import ABSENT_LOOKS, BRIDGED_LOOKS, Track

SIZE = (640, 480)
LOOK_S = STEADY_S / STEADY_LOOKS
STEADY = STEADY_LOOKS + 1
"""Looks from the first to the one that announces."""


def number(text: str, first: int = 1, x: int = 200, y: int = 100, sure: float = 0.95) -> tuple[Track, ...]:
    """A number whose digits were seen often; their names count from `first`."""
    return tuple(
        Track(
            id=first + i,
            at=complex(x + 30 * i + 12, y + 20),
            size=24 + 40j,
            votes=tuple(sure * (label == int(sign)) for label in range(10)),
            cast=1.0,
            looks=9.0,
            seen=0.9,
            confirmed=True,
        )
        for i, sign in enumerate(text)
    )


def hidden(tracks: tuple[Track, ...], *, looks: int) -> tuple[Track, ...]:
    return tuple(replace(track, missed=looks, absent=looks) for track in tracks)


def announced(*looks: tuple[Track, ...], look_s: float = LOOK_S) -> list[str]:
    """What is said at each look; nothing is a dot."""
    announcer = Announcer()
    said = (announcer.news(tracks, *SIZE, look_s * number) for number, tracks in enumerate(looks))
    return [" ".join(reading.text for reading in news) or "." for news in said]


def said(*looks: tuple[Track, ...], look_s: float = LOOK_S) -> str:
    return " ".join(news for news in announced(*looks, look_s=look_s) if news != ".")


def test_a_reading_is_announced_once_when_it_is_steady() -> None:
    assert announced(*[number("42")] * 8) == [*STEADY_LOOKS * ["."], "42", ".", ".", "."]


@pytest.mark.parametrize(("looks", "look_s"), [(40, STEADY_S / 50), (3, STEADY_S)])
def test_steady_takes_time_and_looks(looks: int, look_s: float) -> None:
    assert said(*[number("42")] * looks, look_s=look_s) == ""


def test_two_readings_of_the_same_text_are_two() -> None:
    assert said(*[number("42") + number("42", first=3, y=300)] * STEADY) == "42 42"


def test_a_reading_that_moves_with_the_camera_stays_the_same() -> None:
    assert said(*[number("42", x=100 + 20 * step) for step in range(20)]) == "42"


def test_a_changed_reading_is_announced_when_it_is_steady_for_longer() -> None:
    before, after = [number("42")] * STEADY, [number("47")] * CHANGED_LOOKS
    assert said(*before, *after[1:]) == "42"
    assert said(*before, *after) == "42 47"
    assert said(*before, *after[1:], *[number("42")] * 20) == "42"


def test_a_number_that_grows_is_announced_when_it_is_whole() -> None:
    written = [number("1729"[:count]) for count in (1, 2, 3) for _ in range(STEADY_LOOKS)]
    assert said(*written, *[number("1729")] * STEADY) == "1729"


def test_a_part_of_what_was_said_is_no_news() -> None:
    whole = number("1729")
    parts = [whole[:2], whole[2:], whole[:1] + whole[3:]]
    assert said(*[whole] * STEADY, *[part for part in parts for _ in range(20)], whole) == "1729"


def test_a_digit_that_was_lost_and_found_again_is_no_news() -> None:
    found = number("1729")[:3] + number("9", first=9, x=290)
    assert said(*[number("1729")] * STEADY, *[found] * 20, *[found[1:]] * 20) == "1729"


def test_a_reading_is_not_announced_while_a_digit_of_it_hides_and_soon_after() -> None:
    seen, short = number("1729"), number("17")
    hiding = [short + hidden(seen[2:], looks=BRIDGED_LOOKS + 1 + step) for step in range(8)]
    assert said(*hiding) == ""
    assert said(*hiding, seen, *[seen] * STEADY) == "1729"
    assert said(*hiding, short + hidden(seen[2:], looks=ABSENT_LOOKS + 1)) == "17"


@pytest.mark.parametrize(
    ("tracks", "why"),
    [
        (number("42", x=3), "more of it may stand to the left"),
        (number("42", x=570), "more of it may stand to the right"),
        (number("42", y=0), "the edge may cut it"),
        (number("42", y=440), "the edge may cut it"),
        (number("42", sure=0.55), "the looks do not agree"),
        (tuple(replace(track, confirmed=False) for track in number("42")), "it was hardly seen yet"),
        (number("4") + hidden(number("2", first=2, x=230), looks=1), "it is not seen whole"),
    ],
)
def test_what_is_not_clear_is_not_announced(tracks: tuple[Track, ...], why: str) -> None:
    assert said(*[tracks] * 30) == "", why
