"""The pictures that the benchmark reads: of held-out writers, with their truth, the same in each run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.vision.box import Box
from benchmarks.numbers import drawn, notation, writers
from benchmarks.numbers.case import Case
from benchmarks.numbers.handwriting import HeldOutHandwriting, is_one_number, load_handwriting, right_of, write_number
from benchmarks.numbers.pictures import held_out_names, real_pictures
from benchmarks.numbers.sheet import BACK_CONTRAST, WrittenSheet, draw_sheet
from converters.data.labelled import concatenate
from converters.data.pictures import is_for_training
from converters.data.strokes import is_held_out
from profiles.errors import DatasetError


@pytest.fixture(scope="module")
def hands(handwriting: Path) -> HeldOutHandwriting:
    return load_handwriting(handwriting)


def test_only_held_out_writers_are_used(hands: HeldOutHandwriting) -> None:
    items = [item for labels in hands.writers for one in labels.values() for item in one]
    items += [*hands.numbers, *hands.words, *hands.letters]
    assert items
    assert all(is_held_out(item.writer) for item in items)
    assert len(hands.writers) == 2


def test_a_dash_is_no_digit(hands: HeldOutHandwriting) -> None:
    assert [len(hands.digits[str(digit)]) for digit in range(10)] == [2] * 10


@pytest.mark.parametrize(
    ("label", "used"),
    [("42", True), ("27/11", True), ("$4.50", True), ("3#4", False), ("1 2", False), ("1" * 21, False)],
)
def test_only_single_numbers_in_known_characters_are_used(label: str, used: bool, hands: HeldOutHandwriting) -> None:
    assert is_one_number(label) is used
    assert [item.label for item in hands.numbers] == ["42", "27/11"]


def test_a_number_is_written_from_left_to_right_on_its_baseline(hands: HeldOutHandwriting) -> None:
    rng = np.random.default_rng(0)
    short, long = write_number(rng, "8", hands), write_number(rng, "88888888", hands)
    assert right_of(long) > 5 * right_of(short)
    for stroke in long:
        assert -1.3 < stroke[:, 1].min() < stroke[:, 1].max() < 0.2
    dot = write_number(rng, ".", hands)
    assert max(np.ptp(stroke, axis=0).max() for stroke in dot) < 0.2


def test_a_sheet_shows_its_writing_where_it_says(hands: HeldOutHandwriting) -> None:
    image, box = draw_sheet(
        np.random.default_rng(3), WrittenSheet(write_number(np.random.default_rng(3), "808", hands))
    )
    assert box is not None
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float64)
    inside = gray[box.y : box.bottom, box.x : box.right]
    assert inside.mean() < gray.mean() - 5
    assert 0 < box.x < box.right < image.shape[1]
    assert 0 < box.y < box.bottom < image.shape[0]


def test_the_back_of_a_sheet_is_faint(hands: HeldOutHandwriting) -> None:
    strokes = write_number(np.random.default_rng(0), "8", hands)
    plain, back = (np.median(draw_ten(sheet), axis=0) for sheet in (WrittenSheet(strokes), WrittenSheet(back=strokes)))
    assert 0.3 * BACK_CONTRAST < (back.max() - back.min()) / back.max() < 5 * BACK_CONTRAST
    assert (plain.max() - plain.min()) / plain.max() > 4 * BACK_CONTRAST


def draw_ten(sheet: WrittenSheet) -> np.ndarray:
    """The darkest and the lightest level of ten pictures, without noise, as shares."""
    pictures = (draw_sheet(np.random.default_rng(seed), sheet)[0] for seed in range(10))
    smooth = [cv2.GaussianBlur(picture, (0, 0), 1.5).mean(axis=2) for picture in pictures]
    return np.array([[np.quantile(one, 0.01), np.quantile(one, 0.9)] for one in smooth])


@pytest.mark.parametrize(
    ("cases", "kind"),
    [
        (writers.digits, "writers: single digits"),
        (writers.numbers, "writers: numbers, plain"),
        (writers.words, "letters in words"),
        (writers.letters_in_cells, "letters in cells"),
        (notation.notations, "notation in 25 ways"),
        (drawn.lines, "drawn lines"),
        (drawn.backs, "mirrored digits"),
    ],
)
def test_a_source_gives_the_same_pictures_again(
    cases: Callable[[HeldOutHandwriting], Iterator[Case]], kind: str, hands: HeldOutHandwriting
) -> None:
    first, again = (list(islice(cases(hands), 3)) for _ in range(2))
    assert first[0].kind == kind
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one.image, other.image)
        assert (one.text, one.things) == (other.text, other.things)
        assert bool(one.text) != bool(one.things)


def test_each_digit_stands_on_each_paper_equally_often(hands: HeldOutHandwriting) -> None:
    labels = Counter(case.text for case in writers.digits(hands))
    assert labels == dict.fromkeys(map(str, range(10)), writers.DIGITS // 10)


def test_whole_numbers_are_drawn_on_plain_and_on_printed_paper(hands: HeldOutHandwriting) -> None:
    assert {(case.kind, case.text) for case in writers.numbers(hands)} == {
        (f"writers: numbers, {paper}", text) for paper in ("plain", "ruled or boxed") for text in ("42", "27/11")
    }


def test_there_are_25_notations() -> None:
    assert len(set(notation.PATTERNS.values())) == len(notation.PATTERNS) == 25
    assert all(is_one_number(pattern.replace("#", "0")) for pattern in notation.PATTERNS.values())
    text = notation.fill(np.random.default_rng(0), "##.###,##")
    assert [c for c in text if not c.isdigit()] == [".", ","]
    assert len(text) == 9


def test_every_second_back_has_a_number_on_its_front(hands: HeldOutHandwriting) -> None:
    cases = list(drawn.backs(hands))
    assert sum(case.things for case in cases) == 160
    assert [bool(case.ignored) for case in cases] == [False, True] * (len(cases) // 2)


def test_pages_without_digits_have_none() -> None:
    case = next(drawn.empty_pages(concatenate([])))
    assert (case.text, case.things) == ("", 1)


def names(*, learnt_from: bool) -> Iterator[str]:
    return (name for name in (f"{number}.png" for number in range(1000)) if is_for_training(name) is learnt_from)


def test_pictures_that_nothing_learns_from_are_read(tmp_path: Path) -> None:
    held_out, learnt_from = next(names(learnt_from=False)), islice(names(learnt_from=True), 10)
    row = {"kind": "cheque", "lines": ["42"], "boxes": [[4, 2, 3, 10, 20], [2, 14, 4, 9, 20]]}
    labels = dict.fromkeys([held_out, *learnt_from], row)
    sudoku = {
        "kind": "sudoku",
        "lines": ["17", "3"],
        "boxes": [[7, 30, 0, 10, 20], [3, 0, 60, 10, 20]],
        "ignore": [[1, 0, 0, 10, 20]],
    }
    (tmp_path / "truth.json").write_text(json.dumps(labels | {"sudoku.png": sudoku}))
    for name in (held_out, "sudoku.png"):
        cv2.imwrite(str(tmp_path / name), np.full((80, 60, 3), 255, np.uint8))
    cases = {case.text: case for case in real_pictures(tmp_path)}
    assert held_out_names(tmp_path) == sorted([held_out, "sudoku.png"])
    assert set(cases) == {"42", "73"}, "printed digits do not count"
    assert cases["42"].line == Box(2, 3, 21, 21)
    assert cases["42"].kind == f"{tmp_path.name}: cheque"
    assert (cases["73"].line, cases["73"].ignored) == (None, (Box(0, 0, 10, 20),))


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"truth\.json cannot be read"):
        next(real_pictures(tmp_path))
    with pytest.raises(DatasetError, match=r"cannot be read"):
        load_handwriting(tmp_path)
