"""Rendered scenes: the ground truth is right for any seed."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.vision.box import Box
from converters.data.labelled import LabelledImages, concatenate
from converters.data.scenes import Fonts, Scene, draw_scene
from converters.data.scenes.backgrounds import blank_canvas
from converters.data.scenes.canvas import Canvas, InkStyle, crop
from converters.data.scenes.draft import SceneDraft, random_pen
from converters.data.scenes.draw import LAYOUTS, Conditions, draw_page
from converters.data.scenes.handwritten_layouts import draw_without_digits
from converters.data.scenes.projection import identity_projection, random_projection, scaled
from converters.data.scenes.writing import AMBIGUOUS_SIGN, strike_out, write_text

NO_GLYPHS = concatenate([])
BLACK = InkStyle(np.zeros(3, np.float32), 1.0)
SEEDS = st.integers(0, 2**32 - 1)


def draft_of(seed: int, *, dark: bool = False) -> SceneDraft:
    return SceneDraft(blank_canvas(np.random.default_rng(seed), (400, 300), dark=dark), NO_GLYPHS, Fonts(), dark)


def blot(rng: np.random.Generator) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return the coverage of a random ellipse, cropped tight."""
    ink = np.zeros((60, 60), np.uint8)
    axes = (int(rng.integers(6, 25)), int(rng.integers(6, 25)))
    cv2.ellipse(ink, (30, 30), axes, rng.uniform(0, 180), 0, 360, 255, -1)
    x, y, w, h = cv2.boundingRect(ink)
    return ink[y : y + h, x : x + w]


def is_inside(box: Box, scene: Scene) -> bool:
    h, w = scene.image.shape[:2]
    return box.x >= 0 and box.y >= 0 and box.w > 0 and box.h > 0 and box.right <= w and box.bottom <= h


@pytest.mark.slow
@settings(max_examples=25)
@given(seed=SEEDS)
def test_each_box_lies_in_the_image_and_holds_ink(seed: int) -> None:
    scene = draw_scene(np.random.default_rng(seed), NO_GLYPHS)
    assert scene.image.dtype == np.uint8
    assert all(8 <= side <= 1152 for side in scene.image.shape[:2])
    assert all(is_inside(box, scene) for _, box in scene.digits)
    assert all(is_inside(box, scene) for box in scene.ignored)
    for label, box in scene.digits:
        assert 0 <= label <= 9
        crop = scene.image[box.y : box.bottom, box.x : box.right]
        assert np.ptp(crop) > 10


@settings(max_examples=50)
@given(seed=SEEDS)
def test_a_crop_keeps_the_digits_that_it_does_not_cut(seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = np.full((300, 400, 3), 255, np.uint8)
    boxes = [Box(x, y, 20, 30) for x in range(0, 380, 40) for y in range(0, 270, 60)]
    for number, box in enumerate(boxes):
        image[box.y : box.bottom, box.x : box.right] = number
    part = crop(rng, Scene(image, tuple((number % 10, box) for number, box in enumerate(boxes))))
    assert all(is_inside(box, part) for _, box in part.digits)
    for label, box in part.digits:
        ink = part.image[box.y : box.bottom, box.x : box.right]
        assert (ink == ink[0, 0]).all()
        assert ink[0, 0, 0] % 10 == label
    whole = sum((part.image[..., 0] == number).sum() == 20 * 30 for number in range(len(boxes)))
    shown = len(np.unique(part.image[part.image[..., 0] < 255]))
    assert whole <= len(part.digits) <= shown == len(part.digits) + len(part.ignored)


@pytest.mark.slow
@settings(max_examples=60)
@given(seed=SEEDS)
def test_boxes_are_exact_under_any_projection(seed: int) -> None:
    rng = np.random.default_rng(seed)
    projection = scaled(random_projection(rng, 300, 240, rng.uniform(-20, 20)), rng.uniform(0.7, 2))
    image_w, image_h = projection.size
    w, h = projection.canvas_size
    canvas = Canvas(rng, np.full((h, w, 3), 255, np.uint8))
    ink = blot(rng)
    canvas.draw_digit(3, ink, (rng.uniform(0, w - ink.shape[1]), rng.uniform(0, h - ink.shape[0])), BLACK)
    image, paper = projection.warp(canvas.image)
    dark = image[..., 0] < 128 if paper is None else (image[..., 0] < 128) & (paper > 0)
    truth = Box(*cv2.boundingRect(dark.astype(np.uint8)))
    scene = canvas.to_scene(projection, image)
    for _, box in scene.digits:
        assert (box.x, box.y, box.right, box.bottom) == pytest.approx(
            (truth.x, truth.y, truth.right, truth.bottom), abs=1
        )
    if min(truth.x, truth.y) > 2 and truth.right < image_w - 2 and truth.bottom < image_h - 2 and truth.h > 12:
        assert len(scene.digits) == 1


@pytest.mark.slow
@pytest.mark.parametrize("layout", [layout for layout, _ in LAYOUTS.values() if layout is not draw_without_digits])
@pytest.mark.parametrize("dark", [False, True])
def test_each_layout_has_digits(layout: Callable[[SceneDraft], None], dark: bool) -> None:
    drafts = [draft_of(seed, dark=dark) for seed in range(3)]
    for draft in drafts:
        layout(draft)
    assert sum(annotation.label is not None for draft in drafts for annotation in draft.canvas.annotations) > 3


@pytest.mark.slow
def test_pages_without_digits_have_no_annotations() -> None:
    for seed in range(12):
        draft = draft_of(seed)
        draw_without_digits(draft)
        assert draft.canvas.annotations == []


def test_ambiguous_cut_off_and_struck_out_digits_are_ignored() -> None:
    draft = draft_of(0)
    pen = random_pen(draft, 30)
    write_text(draft, pen, f"5{AMBIGUOUS_SIGN}", (20, 60))  # this could be a 1
    write_text(draft, pen, "7", (390, 60))  # cut off by the edge
    since = len(draft.canvas.annotations)
    write_text(draft, pen, "44", (20, 160))
    strike_out(draft, pen, (20, 130, 60, 30), since)
    assert [annotation.label for annotation in draft.canvas.annotations] == [5, None, None, None, None]


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        (InkStyle(np.zeros(3, np.float32), 1.0), 1),
        (InkStyle(np.full(3, 250, np.float32), 1.0), 0),
    ],
    ids=["black", "nearly white"],
)
def test_digits_without_contrast_are_ignored(change: InkStyle, kept: int) -> None:
    canvas = Canvas(np.random.default_rng(0), np.full((100, 100, 3), 255, np.uint8))
    ink = np.zeros((40, 30), np.uint8)
    cv2.line(ink, (4, 4), (24, 36), 255, 5)
    canvas.draw_digit(1, ink, (30, 30), change)
    scene = canvas.to_scene(identity_projection(canvas.w, canvas.h), canvas.image)
    assert (len(scene.digits), len(scene.ignored)) == (kept, 1 - kept)


def test_overwritten_digits_are_both_ignored() -> None:
    canvas = Canvas(np.random.default_rng(0), np.full((100, 100, 3), 255, np.uint8))
    ink = np.full((40, 30), 255, np.uint8)
    for left in (10, 14, 60):
        canvas.draw_digit(8, ink, (left, 30), BLACK)
    scene = canvas.to_scene(identity_projection(canvas.w, canvas.h), canvas.image)
    assert [box.x for _, box in scene.digits] == [60]
    assert [box.x for box in scene.ignored] == [10, 14]


@pytest.mark.slow
def test_given_glyphs_are_used() -> None:
    ring = np.zeros((28, 28), np.uint8)
    cv2.ellipse(ring, (14, 14), (5, 9), 0, 0, 360, 255, 2)
    zeros = LabelledImages(np.stack([ring] * 10), np.arange(10))
    with_glyphs, without = (draw_scene(np.random.default_rng(5), digits).image for digits in (zeros, NO_GLYPHS))
    assert with_glyphs.shape != without.shape or not np.array_equal(with_glyphs, without)


@pytest.mark.slow
@pytest.mark.parametrize(
    "conditions",
    [
        Conditions(rotation_deg=-20),
        Conditions(shadow=True),
        Conditions(show_through=True),
        Conditions(stained=True),
        Conditions(dark=True),
        Conditions(half_dark=True),
        Conditions(printed_part=True),
    ],
    ids=str,
)
def test_a_page_can_be_drawn_under_each_condition(conditions: Conditions) -> None:
    canvas = draw_page(np.random.default_rng(1), "notes", NO_GLYPHS, conditions=conditions)
    assert 0.25e6 < canvas.image.shape[0] * canvas.image.shape[1] < 3.3e6
    assert canvas.digits
    assert all(is_inside(box, canvas) for _, box in canvas.digits)
