"""Ink is found in any light, with any pen, and in pictures of any size."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.vision.box import Box
from agent.vision.candidates import find_page_candidates
from agent.vision.ink import find_ink, find_inks, prepare
from agent.vision.pipeline import THOROUGH

H, W = 300, 500


def strokes() -> NDArray[np.uint8]:
    """Return where three digits have ink, uint8 (H, W) of 0 and 1."""
    mask = np.zeros((H, W), np.uint8)
    for x, text in ((40, "3"), (200, "7"), (360, "5")):
        cv2.putText(mask, text, (x, 200), cv2.FONT_HERSHEY_SIMPLEX, 4, 1, 8)
    return mask


def picture(paper: NDArray[np.float64], ink_bgr: tuple[float, float, float]) -> NDArray[np.uint8]:
    """Return a noisy picture of paper, float (H, W), with strokes that reflect the share `ink_bgr` of each channel."""
    mask = strokes()[..., None]
    share = np.where(mask, np.array(ink_bgr), 1.0)
    noise = np.random.default_rng(0).normal(0, 2, (H, W, 3))
    return np.clip(paper[..., None] * share + noise, 0, 255).astype(np.uint8)


WHITE = np.full((H, W), 230.0)
VIGNETTE = 230 * np.exp(-((np.linspace(-1, 1, W)[None] ** 2 + np.linspace(-1, 1, H)[:, None] ** 2) ** 1) / 1.5)
SHADOW = np.where(np.arange(W)[None] < W * 0.55, 110.0, 230.0) * np.ones((H, 1))
DIM = np.full((H, W), 60.0)
BLACKBOARD = np.full((H, W), 50.0)


@pytest.mark.parametrize(
    ("paper", "ink_bgr"),
    [
        pytest.param(WHITE, (0.2, 0.2, 0.2), id="black-on-white"),
        pytest.param(WHITE, (0.8, 0.35, 0.3), id="blue-pen"),
        pytest.param(WHITE, (0.35, 0.35, 0.95), id="red-pen"),
        pytest.param(WHITE, (0.75, 0.75, 0.75), id="pencil"),
        pytest.param(VIGNETTE, (0.3, 0.3, 0.3), id="vignette"),
        pytest.param(SHADOW, (0.3, 0.3, 0.3), id="hard-shadow"),
        pytest.param(DIM, (0.3, 0.3, 0.3), id="dim"),
        pytest.param(BLACKBOARD, (4.0, 4.0, 4.0), id="chalk-on-a-blackboard"),
    ],
)
def test_strokes_are_ink_in_any_light_and_with_any_pen(
    paper: NDArray[np.float64], ink_bgr: tuple[float, float, float]
) -> None:
    ink = find_ink(picture(paper, ink_bgr), W)
    assert ink.scale == 1
    found, truth = ink.strength > ink.threshold, strokes() > 0
    assert np.mean(found[truth]) > 0.8
    far_from_ink = cv2.dilate(strokes(), np.ones((9, 9), np.uint8)) == 0
    assert np.mean(found[far_from_ink]) < 0.01


@pytest.mark.parametrize(
    ("size", "scale"),
    [
        ((3000, 4000), 0.4),
        ((1200, 1600), 1.0),
        ((900, 1300), 1.0),
        ((800, 1000), 1.6),
        ((50, 200), 2.0),
        ((1, 1), 2.0),
    ],
)
def test_large_pictures_are_reduced_and_small_ones_enlarged(size: tuple[int, int], scale: float) -> None:
    ink = find_ink(np.full((*size, 3), 200, np.uint8), 1600)
    assert ink.scale == pytest.approx(scale)
    assert ink.strength.shape == (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))


@pytest.mark.parametrize("size", [24, 40, 80])
def test_a_digit_that_fills_a_small_picture_is_not_taken_for_paper(size: int) -> None:
    large = np.zeros((400, 320), np.uint8)
    cv2.putText(large, "8", (20, 370), cv2.FONT_HERSHEY_SIMPLEX, 15, 255, 55)
    small = cv2.resize(large, (round(0.8 * size), size), interpolation=cv2.INTER_AREA)
    ink = find_ink(np.repeat(230 - (small[..., None] * 0.7).astype(np.uint8), 3, axis=2), 1600)
    written = cv2.resize(small, ink.strength.shape[::-1])
    assert np.median(ink.strength[written > 200]) > 160
    assert np.median(ink.strength[written == 0]) < 40
    digit = Box(*cv2.boundingRect((written > 128).astype(np.uint8)))
    candidates = [candidate for factor in THOROUGH.threshold_factors for candidate in find_page_candidates(ink, factor)]
    assert max(candidate.box.iou(digit) for candidate in candidates) > 0.85


@pytest.mark.parametrize("paper", [40, 90])
def test_light_digits_that_fill_a_dark_picture_are_not_taken_for_paper(paper: int) -> None:
    picture = np.full((52, 430, 3), paper, np.uint8)
    cv2.putText(picture, "1564507168", (8, 44), cv2.FONT_HERSHEY_SIMPLEX, 1.7, (paper + 90,) * 3, 3, cv2.LINE_AA)
    ink = find_ink(picture, 1600)
    light = cv2.resize(picture[..., 0], ink.strength.shape[::-1]) > paper + 80
    assert np.mean((ink.strength > ink.threshold)[light]) > 0.8
    assert np.mean((ink.strength > ink.threshold)[~light]) < 0.1


@pytest.mark.parametrize("shaded_px", [30, 50, 80])
def test_the_edge_of_a_shadow_on_a_small_picture_is_not_ink(shaded_px: int) -> None:
    y, x = np.mgrid[:160, :160]
    light = 230 * (0.5 + 0.5 / (1 + np.exp((shaded_px - 0.83 * x - 0.56 * y) / 3)))
    digit = np.zeros((160, 160), np.uint8)
    cv2.putText(digit, "5", (50, 125), cv2.FONT_HERSHEY_SIMPLEX, 3.4, 255, 7, cv2.LINE_AA)
    gray = light * (1 - 0.4 * digit / 255)
    ink = find_ink(np.repeat(gray[..., None], 3, axis=2).astype(np.uint8), 1600)
    found = ink.strength > ink.threshold
    written = cv2.resize(digit, found.shape[::-1])
    assert np.mean(found[written > 200]) > 0.85
    assert np.mean(found[cv2.dilate(written, np.ones((9, 9), np.uint8)) == 0]) < 0.015


@pytest.mark.parametrize("glow", [30, 60, 90])
def test_a_single_dark_digit_beside_a_glow_is_dark_ink(glow: int) -> None:
    y, x = np.mgrid[:300, :300]
    gray = 150 + glow * np.exp(-((x - 90) ** 2 + (y - 90) ** 2) / (2 * 30**2))
    picture = np.repeat(gray[..., None], 3, axis=2).astype(np.uint8)
    cv2.putText(picture, "4", (170, 210), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (40, 40, 40), 4, cv2.LINE_AA)
    ink = find_ink(picture, 1600)
    dark = cv2.resize(picture[..., 0], ink.strength.shape[::-1]) < 60
    assert np.mean((ink.strength > ink.threshold)[dark]) > 0.9


def test_a_line_of_chalk_below_a_page_of_ink_is_found() -> None:
    page = np.full((900, 700, 3), 215, np.uint8)
    page[720:] = 45
    for row in range(7):
        cv2.putText(page, "3 5 0 2 9 7", (30, 80 + 95 * row), cv2.FONT_HERSHEY_SIMPLEX, 2.6, (40, 40, 40), 6)
    cv2.putText(page, "4 6 8", (60, 830), cv2.FONT_HERSHEY_SIMPLEX, 2.6, (190, 190, 190), 6)
    dark, light = find_inks(prepare(page, 1600))
    chalk = cv2.resize(page[760:860, 40:280, 0], None, fx=light.scale, fy=light.scale) > 150
    y, x = round(760 * light.scale), round(40 * light.scale)
    found = (light.strength > light.threshold)[y : y + chalk.shape[0], x : x + chalk.shape[1]]
    assert np.mean(found[chalk]) > 0.8
    assert dark.threshold > dark.noise
