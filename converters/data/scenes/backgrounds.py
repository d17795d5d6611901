"""Backgrounds: paper, blackboards, security print of cheques, rulings, stains, textures."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from converters.data.scenes.canvas import Canvas, InkStyle

Shade = NDArray[np.float32]
"""Opacity of a shade, float32 (h, w), 0..1."""


def blank_canvas(rng: np.random.Generator, size: tuple[int, int], *, dark: bool) -> Canvas:
    """Return a canvas of one colour with the texture of paper, or of a wiped blackboard.

    Args:
        rng: random generator.
        size: width and height in pixels.
        dark: whether it is a blackboard.
    """
    w, h = size
    colour = (
        rng.uniform(12, 90) * rng.uniform(0.6, 1.3, 3)
        if dark
        else rng.triangular(150, 245, 255) * rng.uniform(0.88, 1, 3)
    )
    if rng.random() < 0.3:
        colour = np.full(3, colour.mean())
    roughness = rng.uniform(0, 0.02) if rng.random() < 0.75 else rng.uniform(0.02, 0.07)
    shade = roughness * smooth_noise(rng, h, w, rng.uniform(1.0, 4))
    if dark or rng.random() < 0.2:
        shade = shade + rng.uniform(0.01, 0.07) * smooth_noise(rng, h, w, rng.uniform(10, 60))
    image = colour.astype(np.float32) * (1 - shade[..., None])
    return Canvas(rng, np.clip(image, 0, 255).astype(np.uint8))


def smooth_noise(rng: np.random.Generator, h: int, w: int, grain_px: float) -> Shade:
    """Return smooth noise, float32 (h, w), with variance of about 1 and spots of about `grain_px`."""
    small_h, small_w = max(2, int(h / grain_px) + 2), max(2, int(w / grain_px) + 2)
    coarse = rng.standard_normal((small_h, small_w), np.float32)
    return np.asarray(cv2.resize(coarse, (w, h), interpolation=cv2.INTER_CUBIC), np.float32)


def apply_shade(canvas: Canvas, shade: Shade, colour: NDArray[np.float32] | None = None) -> None:
    """Blend a colour (BGR; black if None) into the canvas with the opacity of the shade."""
    target = np.zeros(3, np.float32) if colour is None else colour
    alpha = shade[..., None]
    canvas.image[:] = np.rint(canvas.image * (1 - alpha) + alpha * target)


def draw_security_print(canvas: Canvas) -> None:
    """Draw the fine lines of security print, as on cheques: waves, rosettes or a weave."""
    rng = canvas.rng
    ys, xs = np.mgrid[0 : canvas.h, 0 : canvas.w].astype(np.float32)
    strength = rng.uniform(0.06, 0.4)
    shade = np.zeros((canvas.h, canvas.w), np.float32)
    for _ in range(int(rng.choice([1, 1, 2, 2, 3]))):
        period, turn = rng.uniform(3, 11), rng.uniform(0, np.pi)
        if rng.random() < 0.4:  # a rosette around a point
            x, y = rng.uniform(-0.2, 1.2) * canvas.w, rng.uniform(-0.5, 1.5) * canvas.h
            along = np.hypot(xs - x, ys - y) + rng.uniform(0, 5) * np.sin(
                rng.integers(5, 20) * np.arctan2(ys - y, xs - x)
            )
        else:
            along = xs * np.cos(turn) + ys * np.sin(turn)
            along = along + rng.uniform(0, 7) * np.sin(xs / rng.uniform(8, 40) + ys / rng.uniform(8, 60))
        wave = np.sin(along * np.float32(2 * np.pi / period))
        shade = np.maximum(shade, np.clip(wave - rng.uniform(-0.2, 0.5), 0, 1))
    if rng.random() < 0.35:
        shade = np.maximum(shade, np.clip(smooth_noise(rng, canvas.h, canvas.w, rng.uniform(1.5, 4)), 0, 1))
    apply_shade(canvas, np.asarray(strength * shade, np.float32), _random_tint(rng))


def draw_ruling(canvas: Canvas, pitch_px: float, *, squared: bool) -> None:
    """Draw the lines of ruled or squared paper.

    Args:
        canvas: drawn on in place.
        pitch_px: distance of the lines.
        squared: whether there are vertical lines too.
    """
    rng = canvas.rng
    width = max(1, round(rng.uniform(0.02, 0.05) * pitch_px)) if rng.random() < 0.7 else 1
    ink = InkStyle(_random_tint(rng), rng.uniform(0.15, 0.6) if rng.random() < 0.8 else 0.9)
    coverage = np.zeros((canvas.h, canvas.w), np.uint8)
    slope = rng.normal(0, 0.01)
    for y in np.arange(rng.uniform(0, pitch_px), canvas.h + 20, pitch_px):
        cv2.line(coverage, (0, round(y)), (canvas.w, round(y + slope * canvas.w)), 255, width, cv2.LINE_AA)
    if squared:
        for x in np.arange(rng.uniform(0, pitch_px), canvas.w + 20, pitch_px):
            cv2.line(coverage, (round(x), 0), (round(x - slope * canvas.h), canvas.h), 255, width, cv2.LINE_AA)
    elif rng.random() < 0.25:
        x = round(rng.uniform(0.05, 0.25) * canvas.w)
        cv2.line(coverage, (x, 0), (x, canvas.h), 255, width, cv2.LINE_AA)
    canvas.blend(coverage, (0, 0), ink)


def draw_stains(canvas: Canvas) -> None:
    """Draw cup rings and drops. They are darkest at the edge, because the edge dries last."""
    rng = canvas.rng
    shade = np.zeros((canvas.h, canvas.w), np.uint8)
    for _ in range(int(rng.choice([1, 1, 2, 3]))):
        at = (int(rng.integers(canvas.w)), int(rng.integers(canvas.h)))
        size = np.exp(rng.uniform(np.log(8), np.log(0.45 * min(canvas.w, canvas.h))))
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
    uneven = np.clip(1 + 0.25 * smooth_noise(rng, canvas.h, canvas.w, rng.uniform(10, 60)), 0, 1)
    colour = np.array((40, 80, 120), np.float32) if rng.random() < 0.5 else _random_tint(rng)
    apply_shade(canvas, np.asarray(rng.uniform(0.08, 0.5) * wet * uneven, np.float32), colour)


def draw_texture(canvas: Canvas) -> None:
    """Draw a texture that is not paper: bricks, leaves, planks, cloth or skin."""
    rng = canvas.rng
    h, w = canvas.h, canvas.w
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
        shade = np.clip(120 * weave + 25 * smooth_noise(rng, h, w, 3), 0, 255).astype(np.uint8)
    colour = rng.uniform(0, 200, 3).astype(np.float32)
    apply_shade(canvas, np.asarray(shade * (rng.uniform(0.2, 0.9) / 255), np.float32), colour)


def _random_tint(rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a random printing colour, BGR float32 (3,): grey, or tinted."""
    base = rng.uniform(20, 150)
    colour = base + rng.uniform(-1, 1, 3) * rng.choice([0, 30, 90])
    return np.asarray(np.clip(colour, 0, 255), np.float32)
