"""Films are what they claim, their judge tells right from wrong, and what ships announces a film's numbers."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.choice.choose import choose_nets
from agent.paths import default_artifacts
from benchmarks.films import Film, Shot
from benchmarks.video import Life, judge
from profiles.board import detect_board


def darkest(shot: Shot, x: int, y: int, w: int, h: int) -> float:
    """The least brightness inside a box, relative to the paper's there."""
    grey = cv2.cvtColor(shot.image, cv2.COLOR_BGR2GRAY)[y : y + h, x : x + w]
    return float(grey.min() / np.percentile(grey, 90))


def test_the_same_seed_gives_the_same_film_and_another_gives_another() -> None:
    first, again, other = (Film(seed).shot(2.5) for seed in (1, 1, 2))
    assert np.array_equal(first.image, again.image)
    assert first.numbers == again.numbers
    assert not np.array_equal(first.image, other.image)


@pytest.mark.parametrize("seed", range(3))
def test_where_a_number_stands_whole_there_is_ink(seed: int) -> None:
    film = Film(seed)
    shots = [film.shot(second) for second in range(0, round(film.lasts_s), 2)]
    whole = [(shot, number) for shot in shots if shot.legible for number in shot.numbers if number.whole]
    assert whole
    for shot, number in whole:
        assert darkest(shot, *number.box) < 0.8


def test_films_hold_what_makes_reading_hard() -> None:
    films = [Film(seed) for seed in range(4)]
    shots = [film.shot(time_s) for film in films for time_s in np.arange(0.3, film.lasts_s, 0.9)]
    assert any(not shot.legible for shot in shots)
    assert any(not shot.numbers for shot in shots), "pages are turned"
    assert any(not number.whole for shot in shots for number in shot.numbers)
    names = {number.name for shot in shots for number in shot.numbers}
    assert any(name.endswith("'") for name in names), "numbers are changed"
    brightness = [float(np.median(shot.image)) for shot in shots]
    assert max(brightness) > 1.5 * min(brightness)


@pytest.mark.parametrize(
    ("announced", "fault"),
    [(["42"], None), ([], "missed"), (["42", "42"], "twice"), (["4", "42"], "wrong"), (["47"], "wrong")],
)
def test_a_number_shown_is_to_be_announced_once_and_rightly(announced: list[str], fault: str | None) -> None:
    life = Life("a", "42", shown=True, announced=[(1.0, text) for text in announced])
    assert life.fault == fault


def test_a_number_hardly_shown_may_be_missed_and_what_is_misread_is_no_fault_of_tracking() -> None:
    assert Life("a", "42").fault is None
    assert Life("a", "42", legible=10, read_right=4).blame == "reading"
    assert Life("a", "42", legible=10, read_right=6).blame == "tracking"


def test_what_ships_announces_the_numbers_of_a_film_though_digits_slip(tmp_path: Path) -> None:
    nets = choose_nets(default_artifacts(), detect_board().profile, cache=tmp_path, seconds=0.01)
    verdict = judge(Film(1, pages=1), nets, slips=0.05, slowness=2.0)
    assert verdict.shown >= 5
    assert verdict.right == verdict.shown, [str(life) for life in verdict.lives if life.fault]
