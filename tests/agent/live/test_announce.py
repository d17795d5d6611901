from __future__ import annotations

from dataclasses import replace

import pytest

from agent.live.announce import CHANGED_LOOKS, STEADY_LOOKS, STEADY_S, Announcer
from agent.vision.track import ABSENT_LOOKS, BRIDGED_LOOKS, Track

SIZE = (640, 480)
LOOK_S = STEADY_S / STEADY_LOOKS
STEADY = STEADY_LOOKS + 1
"""Looks up to the one that announces, the first included."""


def number(text: str, first_id: int = 1, x: int = 200, y: int = 100, confidence: float = 0.95) -> tuple[Track, ...]:
    """Return the confirmed tracks of a number's digits, with consecutive IDs."""
    return tuple(
        Track(
            id=first_id + i,
            centre=complex(x + 30 * i + 12, y + 20),
            size=24 + 40j,
            votes=tuple(confidence * (label == int(sign)) for label in range(10)),
            max_votes=1.0,
            looks=9.0,
            presence=0.9,
            confirmed=True,
        )
        for i, sign in enumerate(text)
    )


def hidden(tracks: tuple[Track, ...], *, looks: int) -> tuple[Track, ...]:
    return tuple(replace(track, missed=looks, absent=looks) for track in tracks)


def announced_by_look(*looks: tuple[Track, ...], look_s: float = LOOK_S) -> list[str]:
    """Return the announced texts by look; a dot is none."""
    announcer = Announcer()
    readings = (announcer.announce(tracks, *SIZE, look_s * number) for number, tracks in enumerate(looks))
    return [" ".join(reading.text for reading in of_look) or "." for of_look in readings]


def announced(*looks: tuple[Track, ...], look_s: float = LOOK_S) -> str:
    """Return all announced texts."""
    return " ".join(texts for texts in announced_by_look(*looks, look_s=look_s) if texts != ".")


def test_a_reading_is_announced_once_when_it_is_steady() -> None:
    assert announced_by_look(*[number("42")] * 8) == [*STEADY_LOOKS * ["."], "42", ".", ".", "."]


@pytest.mark.parametrize(("looks", "look_s"), [(40, STEADY_S / 50), (3, STEADY_S)])
def test_a_steady_reading_needs_time_and_looks(looks: int, look_s: float) -> None:
    assert announced(*[number("42")] * looks, look_s=look_s) == ""


def test_two_readings_with_the_same_text_are_both_announced() -> None:
    assert announced(*[number("42") + number("42", first_id=3, y=300)] * STEADY) == "42 42"


def test_a_reading_that_moves_with_the_camera_stays_the_same() -> None:
    assert announced(*[number("42", x=100 + 20 * step) for step in range(20)]) == "42"


def test_a_changed_reading_must_be_steady_for_longer() -> None:
    before, after = [number("42")] * STEADY, [number("47")] * CHANGED_LOOKS
    assert announced(*before, *after[1:]) == "42"
    assert announced(*before, *after) == "42 47"
    assert announced(*before, *after[1:], *[number("42")] * 20) == "42"


def test_a_growing_number_is_announced_when_it_is_complete() -> None:
    written = [number("1729"[:count]) for count in (1, 2, 3) for _ in range(STEADY_LOOKS)]
    assert announced(*written, *[number("1729")] * STEADY) == "1729"


def test_a_part_of_an_announced_reading_is_not_announced() -> None:
    complete = number("1729")
    parts = [complete[:2], complete[2:], complete[:1] + complete[3:]]
    assert announced(*[complete] * STEADY, *[part for part in parts for _ in range(20)], complete) == "1729"


def test_a_digit_that_was_lost_and_found_again_is_not_announced_again() -> None:
    found = number("1729")[:3] + number("9", first_id=9, x=290)
    assert announced(*[number("1729")] * STEADY, *[found] * 20, *[found[1:]] * 20) == "1729"


def test_a_reading_is_not_announced_while_one_of_its_digits_is_hidden() -> None:
    complete, short = number("1729"), number("17")
    hiding = [short + hidden(complete[2:], looks=BRIDGED_LOOKS + 1 + step) for step in range(8)]
    assert announced(*hiding) == ""
    assert announced(*hiding, complete, *[complete] * STEADY) == "1729"
    assert announced(*hiding, short + hidden(complete[2:], looks=ABSENT_LOOKS + 1)) == "17"


@pytest.mark.parametrize(
    ("tracks", "why"),
    [
        (number("42", x=3), "more of it may be outside on the left"),
        (number("42", x=570), "more of it may be outside on the right"),
        (number("42", y=0), "the edge may cut it"),
        (number("42", y=440), "the edge may cut it"),
        (number("42", confidence=0.55), "its probability is too low"),
        (tuple(replace(track, confirmed=False) for track in number("42")), "its tracks are not confirmed"),
        (number("4") + hidden(number("2", first_id=2, x=230), looks=1), "one digit is hidden"),
    ],
)
def test_an_unclear_reading_is_not_announced(tracks: tuple[Track, ...], why: str) -> None:
    assert announced(*[tracks] * 30) == "", why
