from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import repeat

import pytest

from agent.live.announce import CHANGED_LOOKS, STEADY_LOOKS, STEADY_S, Announcements, Announcer
from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.lines import Reading, group_lines
from agent.vision.track import ABSENT_LOOKS, BRIDGED_LOOKS, Track

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


Mark = Callable[[Reading], Reading]


def whole(reading: Reading) -> Reading:
    return reading


def cut(reading: Reading) -> Reading:
    return replace(reading, cut_by_edge=True)


def with_point(reading: Reading) -> Reading:
    return replace(reading, text="4.2", value=Decimal("4.2"), value_note="")


def doubtful(reading: Reading) -> Reading:
    return replace(reading, undecided=(Digit(1, 0.6, Box(270, 100, 10, 40)),))


def announcements(
    *looks: tuple[Track, ...], look_s: float = LOOK_S, marks: Iterable[Mark] = repeat(whole)
) -> Iterator[Announcements]:
    """Yield what each look decides; a look finds the digits of all tracks, and its mark changes its readings."""
    announcer = Announcer()
    for number, (tracks, mark) in enumerate(zip(looks, marks, strict=False)):
        seen = [mark(reading) for reading in group_lines([track.digit for track in tracks])]
        yield announcer.announce(tracks, seen, look_s * number)


def announced_by_look(*looks: tuple[Track, ...], look_s: float = LOOK_S) -> list[str]:
    """Return the announced texts by look; a dot is none."""
    decided = announcements(*looks, look_s=look_s)
    return [" ".join(reading.text for reading in of_look.announced) or "." for of_look in decided]


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
        (number("42", confidence=0.55), "unsure: 0.55, below 0.6"),
        (tuple(replace(track, confirmed=False) for track in number("42")), "not seen often enough"),
        (number("4") + hidden(number("2", first_id=2, x=230), looks=1), "partly hidden"),
    ],
)
def test_an_unclear_reading_is_not_announced_and_says_why(tracks: tuple[Track, ...], why: str) -> None:
    for decided in announcements(*[tracks] * 30):
        assert decided.announced == ()
        assert [sighting.waits_for for sighting in decided.sightings] == [why]


def test_a_sighting_says_how_many_looks_and_seconds_are_missing() -> None:
    waits = [
        sighting.waits_for
        for decided in announcements(*[number("42")] * 7, look_s=STEADY_S / 5)
        for sighting in decided.sightings
    ]
    assert waits == ["3 more looks", "2 more looks", "1 more look", "0.4 more seconds", "0.2 more seconds"]


def test_an_announcement_is_due_when_the_reading_was_steady_for_long_enough() -> None:
    decided = list(announcements(*[number("42")] * STEADY))
    assert [look.due_s for look in decided] == [STEADY_S] * STEADY_LOOKS + [math.inf]
    unsure = announcements(*[number("42", confidence=0.55)] * STEADY)
    assert {look.due_s for look in unsure} == {math.inf}


def test_a_number_that_the_edge_cuts_is_announced_when_it_was_whole_for_long_enough() -> None:
    marks = [cut] * 20 + [whole] * 3 + [cut] + [whole] * STEADY_LOOKS
    decided = list(announcements(*[number("42")] * len(marks), marks=marks))
    waits = ["".join(sighting.waits_for for sighting in look.sightings) for look in decided]
    assert waits[:20] == ["too near the edge"] * 20
    assert [look.announced != () for look in decided] == [False] * (len(marks) - 1) + [True]


def test_an_announced_number_keeps_its_undecided_places() -> None:
    decided = announcements(*[number("42")] * STEADY, marks=repeat(doubtful))
    (reading,) = (reading for look in decided for reading in look.announced)
    assert (reading.text, reading.shown_text) == ("42", "42?")
    assert reading.confidence == pytest.approx(0.95**2 * 0.4)


def test_a_number_whose_signs_are_read_later_is_not_announced_again() -> None:
    looks = [number("42")] * 12
    decided = announcements(*looks, marks=[whole] * 6 + [with_point] * 6)
    assert [reading.text for look in decided for reading in look.announced] == ["42"]


def test_a_number_is_announced_with_its_signs() -> None:
    decided = announcements(*[number("42")] * 8, marks=repeat(with_point))
    assert [(reading.text, reading.value) for look in decided for reading in look.announced] == [
        ("4.2", Decimal("4.2"))
    ]
