"""Pictures of paper with digits on it, drawn, with their truth: where the segmenter's own glyphs come from.

A scene has rows of digits at any size, by one pen; paper with texture, ruled lines or a security print; uneven light;
signs, letters, words and lines that are no digits; blur, noise and JPEG's traces. A seed gives the same scene again.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box
from converters.data.augment import add_strokes, bend, change_pen, enlarge, ink_box
from converters.data.labelled import LabelledGlyphs
from converters.data.outliers import FONTS, LETTERS

Picture = NDArray[np.uint8]
Coverage = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture and the digits that stand in it."""

    image: Picture
    """BGR, uint8 (H, W, 3)."""
    digits: tuple[tuple[int, Box], ...]
    """Label and box, tight around the ink, in pixels."""


def draw_scene(rng: np.random.Generator, digits: LabelledGlyphs) -> Scene:
    """A scene from digits, uint8 (n, 28, 28), that may be used."""
    h, w = int(rng.integers(70, 260)), int(rng.integers(220, 420))
    ink = np.zeros((h, w), np.float32)
    truth: list[tuple[int, Box]] = []
    top = int(rng.integers(4, 16))
    while top < h - 24:
        size = int(np.clip(np.exp(rng.uniform(np.log(16), np.log(100))), 16, h - top - 4))
        truth.extend(_write_row(rng, ink, top, size, digits))
        top += size + int(rng.integers(4, 24))
    paper = _paper(rng, h, w)
    darkness = rng.uniform(0.3, 0.9) * np.where(rng.random(3) < 0.2, rng.uniform(0.4, 1.0, 3), 1.0)
    image = paper * (1 - ink[..., None] * darkness.astype(np.float32))
    if rng.random() < 0.12:
        image = 1 - image
    return Scene(_photograph(rng, image), tuple(truth))


def _write_row(
    rng: np.random.Generator, ink: Coverage, top: int, size: int, digits: LabelledGlyphs
) -> list[tuple[int, Box]]:
    """Write one row of digits, and now and then a sign, onto the ink; what was written where."""
    h, w = ink.shape
    written = []
    x = float(rng.integers(2, 30))
    spacing, slope, slant = rng.choice([-0.08, 0.0, 0.1, 0.3, 0.8]), rng.normal(0, 0.03), rng.normal(0.1, 0.2)
    pen = int(rng.integers(1 << 30))
    while x < w - size / 2:
        chance = rng.random()
        if chance < 0.12:
            piece, label = _sign(rng, size), None
        elif chance < 0.15:
            piece, label = _word(rng, size), None
        else:
            index = int(rng.integers(len(digits)))
            label = int(digits.labels[index])
            piece = _digit(rng, add_strokes(rng, enlarge(digits.images[index]), label), size, slant, pen)
        y = round(top + slope * x + rng.normal(0, 0.05 * size))
        left = round(x)
        if left + piece.shape[1] > w - 2 or y < 0 or y + piece.shape[0] > h:
            break
        here = ink[y : y + piece.shape[0], left : left + piece.shape[1]]
        np.maximum(here, piece.astype(np.float32) / 255, out=here)
        if label is not None:
            written.append((label, Box(left, y, piece.shape[1], piece.shape[0])))
        x += piece.shape[1] + size * max(-0.12, spacing + rng.normal(0, 0.08))
        if rng.random() < 0.08:
            x += size * rng.uniform(0.5, 2)
    if rng.random() < 0.12:
        y = min(h - 1, top + size + int(rng.integers(-3, 5)))
        cv2.line(ink, (0, y), (w, y + int(rng.normal(0, 3))), float(rng.uniform(0.4, 1)), int(rng.integers(1, 4)))
    return written


def _digit(rng: np.random.Generator, ink: Picture, size: int, slant: float, pen: int) -> Picture:
    """One enlarged digit, about `size` pixels high, cropped to its ink."""
    ink = bend(rng, ink, 0.8)
    matrix = np.array([[1, -slant, slant * ink.shape[0] / 2], [0, 1, 0]], np.float32)
    ink = np.asarray(cv2.warpAffine(ink, matrix, ink.shape[::-1]), np.uint8)
    ink = change_pen(np.random.default_rng(pen), ink)
    box = ink_box(ink)
    if box is None:
        return np.zeros((size, size // 4), np.uint8)
    crop = ink[box.y : box.bottom, box.x : box.right]
    height = max(8, round(size * rng.normal(0.95, 0.05)))
    width = max(2, round(box.w * height / box.h))
    method = cv2.INTER_AREA if height < box.h else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(crop, (width, height), interpolation=method), np.uint8)


def _sign(rng: np.random.Generator, size: int) -> Picture:
    """A point, a comma, a dash, a letter or another sign, cropped to its ink, on the row's baseline."""
    canvas = np.zeros((64, 64), np.uint8)
    text = str(rng.choice(list(".,.,-:;/=$#*()+" + LETTERS)))
    font = FONTS[int(rng.integers(len(FONTS)))]
    cv2.putText(canvas, text, (12, 48), font, 1.4, 255, int(rng.integers(2, 6)), cv2.LINE_AA)
    box = ink_box(canvas) or Box(0, 0, 64, 64)
    scale = size / 40
    lettering = canvas[max(0, 48 - 40) : 54, box.x : box.right]
    width, height = max(2, round(lettering.shape[1] * scale)), max(4, round(lettering.shape[0] * scale * 0.85))
    return np.asarray(cv2.resize(lettering, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _word(rng: np.random.Generator, size: int) -> Picture:
    """A cursive word of arches and loops, at times underlined, cropped to its ink: split, it must not become ones."""
    letters = int(rng.integers(2, 8))
    turn = np.linspace(0, 2 * np.pi * letters, 24 * letters)
    heights = rng.choice([0.45, 0.5, 0.6, 1.0], letters)[(turn / (2 * np.pi + 1e-6)).astype(int)]
    advance, loop, slant = size * rng.uniform(0.35, 0.6), size * rng.uniform(-0.05, 0.22), rng.normal(0.15, 0.15)
    rise = size * heights * (1 - np.cos(turn)) / 2
    x = advance * turn / (2 * np.pi) + loop * np.sin(turn) + slant * rise + size
    points = np.stack([x, 2 * size - rise], axis=1).round().astype(np.int32).reshape(-1, 1, 2)
    canvas = np.zeros((3 * size, round(x.max()) + size), np.uint8)
    pen = max(1, round(size * rng.uniform(0.04, 0.12)))
    cv2.polylines(canvas, [points], False, 255, pen, cv2.LINE_AA)
    if rng.random() < 0.3:
        y = round(size * rng.uniform(2.05, 2.3))
        cv2.line(canvas, (size, y), (round(x.max()), y), 255, pen, cv2.LINE_AA)
    box = ink_box(canvas) or Box(0, 0, 2, 2)
    return canvas[box.y : box.bottom, box.x : box.right]


def _paper(rng: np.random.Generator, h: int, w: int) -> NDArray[np.float32]:
    """Paper under uneven light, float32 (h, w, 3) in 0..1."""
    colour = rng.uniform(0.55, 1.0) * rng.uniform(0.9, 1.0, 3)
    light = cv2.resize(rng.uniform(0.65, 1.0, (3, 3)).astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC)
    paper = light * (1 - _print(rng, h, w))
    if rng.random() < 0.15:  # the hard edge of a shadow
        a, b = rng.normal(0, 1, 2)
        ys, xs = np.mgrid[0:h, 0:w]
        paper = np.where(a * (xs - w / 2) + b * (ys - h / 2) > rng.normal(0, 20), paper * rng.uniform(0.5, 0.85), paper)
    return np.asarray(paper[..., None] * colour, np.float32)


def _print(rng: np.random.Generator, h: int, w: int) -> NDArray[np.float32]:
    """What is printed on the paper: nothing, wavy lines as on cheques, ruled lines or squares; darkness in 0..1."""
    ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
    kind = rng.choice(["plain", "plain", "waves", "ruled", "squared", "fibres"])
    strength = rng.uniform(0.05, 0.35) if rng.random() < 0.8 else rng.uniform(0.4, 0.9)
    if kind == "waves":
        turn, period = rng.uniform(0, np.pi), rng.uniform(3, 9)
        along = xs * np.cos(turn) + ys * np.sin(turn) + rng.uniform(0, 6) * np.sin(xs / 17 + ys / 31)
        return np.asarray(strength * np.clip(np.sin(along * 2 * np.pi / period), 0, 1) ** 2, np.float32)
    if kind in ("ruled", "squared"):
        pitch, width = int(rng.integers(14, 60)), int(rng.integers(1, 3))
        lines = (ys + rng.normal(0, 0.02) * xs) % pitch < width
        if kind == "squared":
            lines |= (xs + rng.normal(0, 0.02) * ys) % pitch < width
        return np.asarray(strength * lines, np.float32)
    if kind == "fibres":
        noise = cv2.GaussianBlur(rng.normal(0, 1, (h, w)).astype(np.float32), (0, 0), rng.uniform(0.7, 3))
        return np.asarray(np.clip(noise / noise.std() * 0.25 * strength, 0, 1), np.float32)
    return np.zeros((h, w), np.float32)


def _photograph(rng: np.random.Generator, image: NDArray[np.float32]) -> Picture:
    """Blur, noise and compression, as a phone or a scanner leaves them; BGR, uint8 (h, w, 3)."""
    if rng.random() < 0.6:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.4)), np.float32)
    if rng.random() < 0.4:
        image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    grain = rng.normal(0, rng.uniform(0.002, 0.04), image.shape)
    picture = np.clip((image + grain) * 255, 0, 255).astype(np.uint8)
    _, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 96))])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
