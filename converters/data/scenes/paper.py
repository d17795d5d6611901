"""Sheets to write on: paper, cheques' security print, ruled lines and squares, boards."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from converters.data.scenes.page import Ink, Page

Shade = NDArray[np.float32]
"""Darkness (h, w), 0..1."""


def blank(rng: np.random.Generator, size: tuple[int, int], *, dark: bool) -> Page:
    """A sheet of one colour with fibres in it, or a dark board with traces of the sponge."""
    w, h = size
    colour = (
        rng.uniform(12, 90) * rng.uniform(0.6, 1.3, 3)
        if dark
        else rng.triangular(150, 245, 255) * rng.uniform(0.88, 1, 3)
    )
    if rng.random() < 0.3:
        colour = np.full(3, colour.mean())
    roughness = rng.uniform(0, 0.02) if rng.random() < 0.75 else rng.uniform(0.02, 0.07)
    shade = roughness * cloud(rng, h, w, rng.uniform(1.0, 4))
    if dark or rng.random() < 0.2:
        shade = shade + rng.uniform(0.01, 0.07) * cloud(rng, h, w, rng.uniform(10, 60))
    image = colour.astype(np.float32) * (1 - shade[..., None])
    return Page(rng, np.clip(image, 0, 255).astype(np.uint8))


def cloud(rng: np.random.Generator, h: int, w: int, grain_px: float) -> Shade:
    """Smooth noise of variance 1 with spots of about that size."""
    small_h, small_w = max(2, int(h / grain_px) + 2), max(2, int(w / grain_px) + 2)
    coarse = rng.standard_normal((small_h, small_w), np.float32)
    return np.asarray(cv2.resize(coarse, (w, h), interpolation=cv2.INTER_CUBIC), np.float32)


def shade_page(page: Page, shade: Shade, colour: NDArray[np.float32] | None = None) -> None:
    """Darken the sheet, or colour it, where the shade is."""
    target = np.zeros(3, np.float32) if colour is None else colour
    alpha = shade[..., None]
    page.image[:] = np.rint(page.image * (1 - alpha) + alpha * target)


def print_security(page: Page) -> None:
    """Waves, rosettes or a weave in fine lines, as on cheques."""
    rng = page.rng
    ys, xs = np.mgrid[0 : page.h, 0 : page.w].astype(np.float32)
    strength = rng.uniform(0.06, 0.4)
    shade = np.zeros((page.h, page.w), np.float32)
    for _ in range(int(rng.choice([1, 1, 2, 2, 3]))):
        period, turn = rng.uniform(3, 11), rng.uniform(0, np.pi)
        if rng.random() < 0.4:  # a rosette around a point
            x, y = rng.uniform(-0.2, 1.2) * page.w, rng.uniform(-0.5, 1.5) * page.h
            along = np.hypot(xs - x, ys - y) + rng.uniform(0, 5) * np.sin(
                rng.integers(5, 20) * np.arctan2(ys - y, xs - x)
            )
        else:
            along = xs * np.cos(turn) + ys * np.sin(turn)
            along = along + rng.uniform(0, 7) * np.sin(xs / rng.uniform(8, 40) + ys / rng.uniform(8, 60))
        wave = np.sin(along * np.float32(2 * np.pi / period))
        shade = np.maximum(shade, np.clip(wave - rng.uniform(-0.2, 0.5), 0, 1))
    if rng.random() < 0.35:
        shade = np.maximum(shade, np.clip(cloud(rng, page.h, page.w, rng.uniform(1.5, 4)), 0, 1))
    shade_page(page, np.asarray(strength * shade, np.float32), _tint(rng))


def rule(page: Page, pitch_px: float, *, squared: bool) -> None:
    """Ruled or squared paper, lines so far apart."""
    rng = page.rng
    width = max(1, round(rng.uniform(0.02, 0.05) * pitch_px)) if rng.random() < 0.7 else 1
    ink = Ink(_tint(rng), rng.uniform(0.15, 0.6) if rng.random() < 0.8 else 0.9)
    coverage = np.zeros((page.h, page.w), np.uint8)
    slope = rng.normal(0, 0.01)
    for y in np.arange(rng.uniform(0, pitch_px), page.h + 20, pitch_px):
        cv2.line(coverage, (0, round(y)), (page.w, round(y + slope * page.w)), 255, width, cv2.LINE_AA)
    if squared:
        for x in np.arange(rng.uniform(0, pitch_px), page.w + 20, pitch_px):
            cv2.line(coverage, (round(x), 0), (round(x - slope * page.h), page.h), 255, width, cv2.LINE_AA)
    elif rng.random() < 0.25:
        x = round(rng.uniform(0.05, 0.25) * page.w)
        cv2.line(coverage, (x, 0), (x, page.h), 255, width, cv2.LINE_AA)
    page.stamp(coverage, (0, 0), ink)


def stain(page: Page) -> None:
    """Rings that cups left, and drops: darkest at their edge, where they dried last."""
    rng = page.rng
    shade = np.zeros((page.h, page.w), np.uint8)
    for _ in range(int(rng.choice([1, 1, 2, 3]))):
        at = (int(rng.integers(page.w)), int(rng.integers(page.h)))
        size = np.exp(rng.uniform(np.log(8), np.log(0.45 * min(page.w, page.h))))
        axes = (round(size), round(size * rng.uniform(0.75, 1)))
        turn, begin = rng.uniform(0, 360, 2)
        end = begin + (360 if rng.random() < 0.6 else rng.uniform(90, 340))
        if rng.random() < 0.35:
            cv2.ellipse(shade, at, axes, turn, 0, 360, int(rng.integers(40, 160)), -1, cv2.LINE_AA)
        for width in (rng.uniform(0.05, 0.16), rng.uniform(0.02, 0.06)):
            cv2.ellipse(
                shade, at, axes, turn, begin, end, int(rng.integers(90, 256)), max(1, round(width * size)), cv2.LINE_AA
            )
    wet = cv2.GaussianBlur(shade, (0, 0), rng.uniform(0.5, 2)).astype(np.float32) / 255
    uneven = np.clip(1 + 0.25 * cloud(rng, page.h, page.w, rng.uniform(10, 60)), 0, 1)
    colour = np.array((40, 80, 120), np.float32) if rng.random() < 0.5 else _tint(rng)
    shade_page(page, np.asarray(rng.uniform(0.08, 0.5) * wet * uneven, np.float32), colour)


def texture(page: Page) -> None:
    """What is no paper at all: bricks, leaves, planks, cloth, skin."""
    rng = page.rng
    h, w = page.h, page.w
    kind = rng.choice(["bricks", "leaves", "planks", "cloth", "skin"])
    shade = np.zeros((h, w), np.uint8)
    if kind == "bricks":
        high, long = int(rng.integers(12, 50)), int(rng.integers(30, 120))
        for row, y in enumerate(range(0, h, high)):
            cv2.line(shade, (0, y), (w, y), 160, max(1, high // 9))
            for x in range((row % 2) * long // 2, w, long):
                cv2.line(shade, (x, y), (x, y + high), 160, max(1, high // 9))
    elif kind in ("leaves", "skin"):
        for _ in range(int(rng.integers(30, 120)) if kind == "leaves" else 3):
            at = (int(rng.integers(w)), int(rng.integers(h)))
            axes = rng.integers(4, 40, 2) if kind == "leaves" else rng.integers(40, 200, 2)
            turn, tone = float(rng.uniform(0, 180)), int(rng.integers(30, 230))
            cv2.ellipse(shade, at, (int(axes[0]), int(axes[1])), turn, 0, 360, tone, -1, cv2.LINE_AA)
    else:
        pitch = rng.uniform(3, 8) if kind == "cloth" else rng.uniform(20, 90)
        ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
        weave = np.sin(ys * 2 * np.pi / pitch) * (np.sin(xs * 2 * np.pi / pitch) if kind == "cloth" else 1)
        shade = np.clip(120 * weave + 25 * cloud(rng, h, w, 3), 0, 255).astype(np.uint8)
    colour = rng.uniform(0, 200, 3).astype(np.float32)
    shade_page(page, np.asarray(shade * (rng.uniform(0.2, 0.9) / 255), np.float32), colour)


def _tint(rng: np.random.Generator) -> NDArray[np.float32]:
    """A printing colour: grey, bluish, reddish or green."""
    base = rng.uniform(20, 150)
    colour = base + rng.uniform(-1, 1, 3) * rng.choice([0, 30, 90])
    return np.asarray(np.clip(colour, 0, 255), np.float32)
