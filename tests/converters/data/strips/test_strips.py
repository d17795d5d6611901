"""Strips to train line recognisers with: their texts, the composed lines, and their pictures."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.vision.box import Box
from agent.vision.line_text import CHARACTERS, LETTERS
from agent.vision.strip import CHANNELS, HEIGHT_PX, WIDTH_STEP_PX
from converters.data.labelled import LabelledImages
from converters.data.strips.compose import Writing, compose_digits, compose_line, gap_between, load_writing
from converters.data.strips.defects import draw_rules, remove_rules
from converters.data.strips.real import ZOOM, RealStrip, cut_real_strips, splice, vary_strip
from converters.data.strips.render import MAX_WIDTH_PX, draw_digits, draw_strip
from converters.data.strips.texts import random_text
from converters.data.strokes import is_held_out
from converters.export.golden import golden_inputs

DIGITS = LabelledImages(golden_inputs("classifier")[:10], np.arange(10))


@pytest.fixture(scope="module")
def writing(handwriting: Path) -> Writing:
    return load_writing(handwriting, DIGITS, held_out=False)


def test_texts_have_many_notations() -> None:
    rng = np.random.default_rng(0)
    texts = [random_text(rng) for _ in range(2000)]
    assert {character for text in texts for character in text} == set(CHARACTERS) - set(LETTERS) | {" "}
    assert all(any(character.isdigit() for character in text) for text in texts)
    for notation in (
        r"\d{5}",
        r"\d+/\d+/\d+",
        r"\d+:\d\d",
        r"\d{3}-\d{4}",
        r"\d+%",
        r"\d+\.\d{3},\d\d",
        r"-\d+",
        r"\(\d+\)",
    ):
        assert any(re.fullmatch(notation, text) for text in texts), notation


def test_writers_are_either_held_out_or_not(handwriting: Path, writing: Writing) -> None:
    held_out = load_writing(handwriting, None, held_out=True)
    assert held_out.images == {}
    assert writing.writers
    assert held_out.writers
    assert not any(map(is_held_out, writing.writers))
    assert all(map(is_held_out, held_out.writers))
    assert sum(map(len, (writing.writers, held_out.writers))) == 24, "both data sets have twelve writers"
    assert all("#" not in item.label for item in writing.numbers)
    assert [len(writing.images[str(digit)]) for digit in range(10)] == [1] * 10


def test_a_line_has_a_stroke_or_picture_for_each_character(writing: Writing) -> None:
    rng = np.random.default_rng(1)
    lines = [compose_line(rng, writing) for _ in range(300)]
    assert {line.text for line in lines} >= {"", LETTERS}
    for line in lines:
        if line.text == "":
            assert (len(line.strokes), len(line.images), line.width) == (0, 0, 1.0)
        elif LETTERS not in line.text:
            assert len(line.strokes) + len(line.images) == len(line.text)


@pytest.mark.parametrize(
    ("left", "right", "smallest", "largest"),
    [("1", "2", -0.3, -0.3), ("1", "", -0.3, -0.3), ("1", ".", 0, 0.8), (",", "2", 0, 1), ("-", "2", -0.3, -0.3)],
)
def test_a_point_does_not_touch_the_digits_beside_it(left: str, right: str, smallest: float, largest: float) -> None:
    rng = np.random.default_rng(5)
    gaps = [gap_between(rng, left, right, usual=-0.3) for _ in range(200)]
    assert smallest <= min(gaps) <= max(gaps) <= largest


def test_a_line_of_digits_has_their_pictures_in_order(writing: Writing) -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        line = compose_digits(rng, writing.images)
        assert 1 <= len(line.text) <= 6
        assert [image[0].shape for image in line.images] == [writing.images[digit][0].shape for digit in line.text]
        middles = [(left + right) / 2 for _, left, _, right, _ in line.images]
        assert middles == sorted(middles)


def test_strips_have_the_shape_that_a_recogniser_reads(writing: Writing) -> None:
    rng = np.random.default_rng(3)
    widths = set()
    for _ in range(100):
        strip, text = draw_strip(rng, writing)
        assert set(text) <= set(CHARACTERS)
        assert strip.dtype == np.uint8
        assert (*strip.shape[:2], strip.shape[2] % WIDTH_STEP_PX) == (CHANNELS, HEIGHT_PX, 0)
        assert strip.shape[2] <= MAX_WIDTH_PX + WIDTH_STEP_PX
        assert not text or strip.max() > 60
        widths.add(strip.shape[2])
    assert len(widths) > 3


def test_the_same_seed_gives_the_same_strips(writing: Writing) -> None:
    first, second = (draw_strip(np.random.default_rng(4), writing) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    assert first[1] == second[1]


def test_strips_of_digits_are_not_wider_than_asked(writing: Writing) -> None:
    rng = np.random.default_rng(5)
    assert max(draw_digits(rng, writing.images, 96)[0].shape[2] for _ in range(30)) <= 96


def test_strips_of_a_picture_have_its_digits() -> None:
    picture = np.full((100, 260, 3), 230, np.uint8)
    for index, digit in enumerate("4071"):
        cv2.putText(picture, digit, (30 + 50 * index, 70), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (60, 40, 40), 4, cv2.LINE_AA)
    boxes = [Box(30 + 50 * index, 36, 32, 36) for index in range(4)]
    first, second = cut_real_strips(np.random.default_rng(0), picture, boxes[::-1], "4071")
    assert (first.text, second.text) == ("4071", "4071")
    for strip in (first, second):
        assert strip.image.shape[1] == ZOOM * HEIGHT_PX
        columns = (strip.image > 100).any(axis=(0, 1))
        assert np.count_nonzero(np.diff(columns.astype(int)) == 1) == 4, "all digits are in both strips"


def test_spliced_strips_are_the_beginning_of_one_and_the_end_of_another() -> None:
    def strip(text: str, ink: int) -> RealStrip:
        edges = tuple((30.0 * i + 10, 30.0 * i + 30) for i in range(len(text)))
        image = np.full((CHANNELS, ZOOM * HEIGHT_PX, 30 * len(text) + 10), ink, np.uint8)
        return RealStrip(image, text, edges=edges)

    rng, first, second = np.random.default_rng(7), strip("123", 1), strip("4567", 2)
    spliced = [splice(rng, first, second) for _ in range(60)]
    assert {one.text for one in spliced} == {a + b for a in ("1", "12") for b in ("567", "67", "7")}
    for one in spliced:
        kept = sum(digit in "123" for digit in one.text)
        values, widths = np.unique(one.image[0, 0], return_counts=True)
        assert values.tolist() == [1, 2]
        assert widths.tolist() == [30 * kept + 5, 30 * (len(one.text) - kept) + 5]
    touching = RealStrip(first.image, "12", edges=((10, 30), (30, 50)))
    assert splice(rng, touching, second) is touching
    dotted = RealStrip(first.image, "1.23", CHARACTERS.index(LETTERS), ((10, 30), (40, 60), (70, 90)))
    assert {splice(rng, dotted, dotted).text for _ in range(20)} == {"1.23"}, "a gap with a sign is no place to cut"
    assert {splice(rng, dotted, second).text for _ in range(60)} == {"12567", "1267", "127"}


def test_removed_rules_take_parts_of_digits_or_stay() -> None:
    writing, rules = np.zeros((64, 128), np.uint8), np.zeros((64, 128), np.uint8)
    writing[16:48, 30:36] = 200
    draw_rules(np.random.default_rng(1), rules, 44, (30, 36))
    rng = np.random.default_rng(2)
    results = [remove_rules(rng, writing, rules) for _ in range(60)]
    assert any((result > writing).any() for result in results), "the rules are not found"
    assert any((result < writing).any() for result in results), "digits lose parts"
    assert any((result == writing).all() for result in results), "the rules only are removed"


def test_varied_strips_have_the_usual_size_and_differ() -> None:
    written = np.zeros((ZOOM * HEIGHT_PX, 5 * WIDTH_STEP_PX), np.uint8)
    cv2.putText(written, "628", (30, 50), cv2.FONT_HERSHEY_SIMPLEX, 1.6, 255, 4, cv2.LINE_AA)
    strip = np.stack([written, written])
    before, rng = strip.copy(), np.random.default_rng(6)
    varied = [vary_strip(rng, strip) for _ in range(20)]
    np.testing.assert_array_equal(strip, before)
    assert {one.shape[:2] for one in varied} == {(CHANNELS, HEIGHT_PX)}
    assert all(one.shape[2] % WIDTH_STEP_PX == 0 and one.max() > 100 for one in varied)
    assert len({one.tobytes() for one in varied}) == 20
