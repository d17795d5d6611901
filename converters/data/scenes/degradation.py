"""Degradations of a rendered page: illumination, blur, sensor noise, JPEG compression, scanning."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from converters.data.scenes.backgrounds import smooth_noise
from converters.data.scenes.projection import Image, Projection

FloatImage = NDArray[np.float32]


def photograph(rng: np.random.Generator, page: Image, projection: Projection, *, shadow: bool) -> Image:
    """Return a photo of a page, BGR uint8 (h, w, 3): projected, on a table, unevenly lit, blurred, noisy, compressed.

    Args:
        rng: random generator.
        page: the drawn page, BGR uint8.
        projection: projection from the page into the photo.
        shadow: whether a shadow falls on the page.
    """
    image, paper = projection.warp(page)
    if paper is not None:
        image = _composite_on_table(rng, image, paper)
    if rng.random() < 0.2:
        image = np.repeat(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[..., None], 3, axis=2)
    h, w = image.shape[:2]
    scanned = not shadow and rng.random() < 0.25
    lit = image.astype(np.float32) if scanned else image * illumination(rng, h, w, shadow=shadow)[..., None]
    return jpeg_compress(rng, noise(rng, blur(rng, np.asarray(lit, np.float32))))


def illumination(rng: np.random.Generator, h: int, w: int, *, shadow: bool) -> FloatImage:
    """Return the gain of uneven illumination, float32 (h, w), at times with a vignette or a glare."""
    coarse = rng.uniform(rng.uniform(0.7, 0.95), 1.02, (3, 3)).astype(np.float32)
    field = np.asarray(cv2.resize(coarse, (w, h), interpolation=cv2.INTER_CUBIC), np.float32)
    xs = (np.arange(w, dtype=np.float32) - w / 2) / (w / 2)
    ys = ((np.arange(h, dtype=np.float32) - h / 2) / (h / 2))[:, None]
    if rng.random() < 0.2:
        field *= 1 - np.float32(rng.uniform(0.1, 0.3)) * (xs**2 + ys**2)
    if shadow:
        field *= _shadow(rng, xs, ys)
    if rng.random() < 0.06:  # glare of a lamp
        x, y = rng.uniform(-1, 1, 2)
        field += np.float32(rng.uniform(0.1, 0.4)) * np.exp(
            -((xs - x) ** 2 + (ys - y) ** 2) * np.float32(rng.uniform(3, 30))
        )
    return field * np.float32(rng.uniform(0.85, 1.15) if rng.random() < 0.75 else rng.uniform(0.4, 0.85))


def _shadow(rng: np.random.Generator, xs: FloatImage, ys: FloatImage) -> FloatImage:
    """Return the gain under the shadow of a hand, a phone or a window bar, with a random softness of its edge."""
    angle, edge = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.4)
    across = (
        np.cos(angle) * xs + np.sin(angle) * ys + rng.normal(0, 0.08) * np.sin(rng.uniform(2, 6) * (ys - xs)) - edge
    )
    if rng.random() < 0.3:  # shadow of a bar
        across = np.abs(across) - rng.uniform(0.05, 0.3)
    softness = np.exp(rng.uniform(np.log(0.004), np.log(0.2)))
    covered = 1 / (1 + np.exp(np.clip(across / softness, -30, 30)))
    return np.asarray(1 - rng.uniform(0.2, 0.65) * covered, np.float32)


def _composite_on_table(rng: np.random.Generator, image: Image, paper: Image) -> Image:
    """Blend the image over a random table where the mask `paper` is 0."""
    h, w = paper.shape
    colour = rng.uniform(5, 130) * rng.uniform(0.5, 1.2, 3)
    table = colour * (1 + rng.uniform(0, 0.2) * smooth_noise(rng, h, w, rng.uniform(1, 20))[..., None])
    alpha = cv2.GaussianBlur(paper, (0, 0), 0.7).astype(np.float32)[..., None] / 255
    return np.clip(image * alpha + table * (1 - alpha), 0, 255).astype(np.uint8)


def blur(rng: np.random.Generator, image: FloatImage) -> FloatImage:
    """Apply defocus blur, motion blur, or no blur."""
    chance = rng.random()
    if chance < 0.5:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.35, 1.3)), np.float32)
    if chance < 0.58:
        length, turn = int(rng.integers(3, 7)), rng.uniform(0, np.pi)
        kernel = np.zeros((7, 7), np.float32)
        reach = np.array([np.cos(turn), np.sin(turn)]) * length / 2
        start, end = np.rint(3 - reach).astype(int).tolist(), np.rint(3 + reach).astype(int).tolist()
        cv2.line(kernel, start, end, 1, 1)
        return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.float32)
    return image


def noise(rng: np.random.Generator, image: FloatImage) -> Image:
    """Add sensor noise and convert to uint8. The noise of the luma is finer than the noise of the colour."""
    h, w = image.shape[:2]
    strength = np.exp(rng.uniform(np.log(0.3), np.log(9)))
    grain = np.float32(strength) * rng.standard_normal((h, w), np.float32)[..., None]
    tint = np.float32(0.4 * strength) * rng.standard_normal((h // 2 + 1, w // 2 + 1, 3), np.float32)
    return np.asarray(np.clip(image + grain + cv2.resize(tint, (w, h)), 0, 255), np.uint8)


def jpeg_compress(rng: np.random.Generator, image: Image) -> Image:
    """Encode as JPEG at a random quality, 35 to 96, and decode again."""
    quality = int(rng.integers(35, 97))
    _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def scan(rng: np.random.Generator, image: Image) -> Image:
    """Return the image as a flatbed scanner gives it, grey in 70 % of the cases."""
    soft = cv2.GaussianBlur(image.astype(np.float32), (0, 0), rng.uniform(0.3, 0.7))
    if rng.random() < 0.7:
        soft = np.repeat(soft.mean(axis=2, keepdims=True), 3, axis=2)
    grain = rng.normal(0, rng.uniform(0.3, 4), soft.shape[:2])[..., None]
    return jpeg_compress(rng, np.asarray(np.clip(soft * rng.uniform(1, 1.08) + grain, 0, 255), np.uint8))


def binarized_scan(rng: np.random.Generator, image: Image) -> Image:
    """Return a black-and-white scan, as a fax sends it: all pixels are 0 or 255."""
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    gray = cv2.GaussianBlur(gray, (0, 0), rng.uniform(0.3, 0.6)) + rng.normal(0, rng.uniform(0, 8), gray.shape)
    paper, ink = float(np.median(gray)), float(np.quantile(gray, 0.02))
    white = (gray > ink + (paper - ink) * rng.uniform(0.5, 0.75)).astype(np.uint8) * np.uint8(255)
    return np.repeat(white[..., None], 3, axis=2)


def field_photo(rng: np.random.Generator, image: Image) -> Image:
    """Return a photo of a form field: uneven light, blur, noise, compression."""
    h, w = image.shape[:2]
    lit = image * illumination(rng, h, w, shadow=bool(rng.random() < 0.25))[..., None]
    return jpeg_compress(rng, noise(rng, np.asarray(blur(rng, lit.astype(np.float32)) if h > 60 else lit, np.float32)))


def negative_scan(rng: np.random.Generator, image: Image) -> Image:
    """Return an inverted scan, as from microfilm."""
    return np.asarray(255 - scan(rng, image), np.uint8)
