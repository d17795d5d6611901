"""Training data is the same for the same seed, and has the right labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.vision.box import Box
from agent.vision.digits import NOT_A_DIGIT
from agent.vision.glyph import normalise
from converters.data.augment import add_strokes, crop_and_normalise, enlarge, vary_context
from converters.data.context import mix_contexts
from converters.data.extract import extract_contexts, extract_glyphs
from converters.data.labelled import LabelledImages, concatenate
from converters.data.outliers import draw_outlier
from converters.data.pictures import is_for_training, list_pictures, load_picture
from converters.data.scenes import Scene, draw_scene
from converters.recipe import VerifierRecipe
from profiles.errors import DatasetError

EXTRACT_FUNCTIONS = (extract_glyphs, extract_contexts)
RECIPE = VerifierRecipe(
    name="tiny",
    net="verifier",
    epochs=1,
    batch_size=8,
    learning_rate=1e-3,
    weight_decay=0,
    label_smoothing=0,
    outlier_loss_weight=1,
    scene_candidates_per_epoch=8,
    picture_candidates_per_epoch=6,
    rendered_scenes=2,
    held_out_scenes=1,
)


def printed_digits() -> LabelledImages:
    """Return the ten digits in OpenCV's font."""
    glyphs = []
    for digit in range(10):
        canvas = np.zeros((60, 60), np.uint8)
        cv2.putText(canvas, str(digit), (10, 50), cv2.FONT_HERSHEY_SIMPLEX, 1.8, 255, 5)
        x, y, w, h = cv2.boundingRect(canvas)
        glyphs.append(normalise(canvas[y : y + h, x : x + w]))
    return LabelledImages(np.stack(glyphs), np.arange(10))


DIGITS = printed_digits()


CONTEXTS = np.random.default_rng(3).integers(0, 256, (20, 3, 32, 48)).astype(np.uint8)
LABELLED_CONTEXTS = LabelledImages(CONTEXTS, np.array([*range(10), *[NOT_A_DIGIT] * 10]))


def stroked(rng: np.random.Generator) -> NDArray[np.uint8]:
    return crop_and_normalise(add_strokes(rng, enlarge(DIGITS.images[7]), 7))


def varied(rng: np.random.Generator) -> NDArray[np.uint8]:
    return vary_context(rng, CONTEXTS[0])


def outlier(rng: np.random.Generator) -> NDArray[np.uint8]:
    return draw_outlier(rng, DIGITS.images)


def scene(rng: np.random.Generator) -> NDArray[np.uint8]:
    return draw_scene(rng, DIGITS).image


@pytest.mark.slow
@pytest.mark.parametrize("draw", [stroked, varied, outlier, scene])
def test_the_same_seed_gives_the_same_and_another_seed_something_else(
    draw: Callable[[np.random.Generator], NDArray[np.uint8]],
) -> None:
    first, again, other = (draw(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)


@pytest.mark.parametrize("draw", [stroked, outlier])
def test_glyphs_have_the_form_that_the_board_makes(draw: Callable[[np.random.Generator], NDArray[np.uint8]]) -> None:
    for seed in range(40):
        glyph = draw(np.random.default_rng(seed))
        assert glyph.shape == (28, 28)
        assert glyph.dtype == np.uint8
        assert glyph.max() in (0, 255)


def test_digits_and_outliers_are_extracted_from_a_picture() -> None:
    image = np.full((120, 300, 3), 230, np.uint8)
    cv2.putText(image, "5", (30, 90), cv2.FONT_HERSHEY_SIMPLEX, 3, (40, 40, 40), 6)
    x, y, w, h = cv2.boundingRect((image[..., 0] < 120).astype(np.uint8))
    cv2.line(image, (180, 60), (240, 60), (40, 40, 40), 6)
    cv2.line(image, (210, 30), (210, 90), (40, 40, 40), 6)
    scene = Scene(image, ((5, Box(x, y, w, h)),))
    for found, shape in ((extract_glyphs([scene]), (28, 28)), (extract_contexts([scene]), (3, 32, 48))):
        assert set(found.labels.tolist()) == {5, NOT_A_DIGIT}
        assert found.images.shape == (len(found), *shape)
    without_ignored = extract_contexts([Scene(image, (), ignored=(Box(x, y, w, h),))])
    assert 0 < len(without_ignored) < len(found)


@pytest.mark.slow
def test_contexts_are_extracted_from_every_kind_of_ink_and_glyphs_from_one() -> None:
    dark = np.full((120, 300, 3), 230, np.uint8)
    cv2.putText(dark, "5", (30, 90), cv2.FONT_HERSHEY_SIMPLEX, 3, (40, 40, 40), 6)
    five = Box(*cv2.boundingRect((dark[..., 0] < 120).astype(np.uint8)))
    both = np.concatenate([dark, 255 - dark])
    one = Scene(dark, ((5, five),))
    two = Scene(both, ((5, five), (5, five._replace(y=five.y + 120))))
    (glyphs, contexts), more = ([sum(extract([s]).labels == 5) for extract in EXTRACT_FUNCTIONS] for s in (one, two))
    assert glyphs == contexts
    assert glyphs < more[0] < more[1]


def test_strokes_are_added_only_to_ones_and_sevens() -> None:
    for digit in range(10):
        ink = enlarge(DIGITS.images[digit])
        drawn = [add_strokes(np.random.default_rng(seed), ink, digit) for seed in range(40)]
        more = sum(int(one.sum()) > int(ink.sum()) for one in drawn)
        assert 10 < more < 30 if digit in (1, 7) else more == 0


@pytest.mark.parametrize(("pictures", "count"), [(LABELLED_CONTEXTS, 8 + 6), (concatenate([]), 8)])
def test_half_of_the_contexts_of_an_epoch_are_digits(pictures: LabelledImages, count: int) -> None:
    epoch = mix_contexts(np.random.default_rng(0), RECIPE, LABELLED_CONTEXTS, pictures)
    assert epoch.images.shape == (count, 3, 32, 48)
    assert np.count_nonzero(epoch.labels == NOT_A_DIGIT) == count / 2


def test_labels_stay_with_their_contexts() -> None:
    """The brightness of a context depends on its label, and augmentation changes the brightness only a little."""
    labels = np.array([*range(10), NOT_A_DIGIT])
    plain = LabelledImages(np.stack([np.full((3, 32, 48), 255 if x < 5 else 0, np.uint8) for x in labels]), labels)
    epoch = mix_contexts(np.random.default_rng(0), RECIPE, plain, concatenate([]))
    bright = epoch.images[:, 0].mean(axis=(1, 2)) > 60
    assert np.array_equal(bright, epoch.labels < 5)


def test_some_pictures_and_all_pictures_of_a_rare_kind_are_held_out(tmp_path: Path) -> None:
    names = [f"{i}.png" for i in range(20)]
    for name in names:
        cv2.imwrite(str(tmp_path / name), np.full((40, 40, 3), 255, np.uint8))
    kinds = {name: "form" if name != names[0] else "photo" for name in names}
    truth = {name: {"boxes": [["7", 5, 6, 10, 20]], "kind": kind} for name, kind in kinds.items()}
    (tmp_path / "truth.json").write_bytes(msgspec.json.encode(truth))
    training = [load_picture(*one) for one in list_pictures(tmp_path)]
    assert len(training) == sum(map(is_for_training, names[1:]))
    assert 10 < len(training) < 19
    assert training[0].digits == ((7, Box(5, 6, 10, 20)),)


def test_a_folder_without_a_truth_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"truth\.json"):
        list_pictures(tmp_path)
