"""One writer: the form of their digits, their slant, their pen."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from converters.data.labelled import LabelledGlyphs
from converters.data.scenes.lettering import Face, Fonts
from converters.data.scenes.shapes import FORMS, SIGNS
from converters.data.scenes.skeleton import trace
from converters.data.scenes.strokes import Coverage, Stroke, crop, ink_paths, smooth, sway


@dataclass(frozen=True)
class Writer:
    """How one person writes digits, and with what."""

    source: str
    """Where their forms come from: "traced" from given glyphs, "drawn" from `FORMS`, or "lettered" in a font."""
    forms: tuple[int, ...]
    """For each digit which of its `FORMS`."""
    face: Face | None
    """The font they are lettered in."""
    slant: float
    """Shift to the right per height."""
    stretch: float
    pen: float
    """Width of the line, in heights."""
    pressure: float
    unrest: float
    """How far points stray, in heights."""
    sink: float
    """How far the middle of a digit lies below its place, in heights; less than 0 lifts it."""


def invent_writer(rng: np.random.Generator, fonts: Fonts, height_px: float) -> Writer:
    """A new writer of digits about as high as that."""
    shares = (0.5, 0.32, 0.18) if fonts.hands_have_digits else (0.6, 0.4, 0.0)
    source = str(rng.choice(["traced", "drawn", "lettered"], p=shares))
    font = fonts.hand[int(rng.integers(len(fonts.hand)))]
    return Writer(
        source=source,
        forms=tuple(int(rng.integers(len(forms))) for forms in FORMS),
        face=Face(font, height_px) if source == "lettered" else None,
        slant=float(np.clip(rng.normal(0.08, 0.16), -0.35, 0.6)),
        stretch=float(np.exp(rng.normal(0, 0.18))),
        pen=float(np.exp(rng.uniform(np.log(0.045), np.log(0.2)))) if rng.random() < 0.35 else rng.uniform(0.06, 0.13),
        pressure=float(rng.choice([0, 0, 0.5, 1])),
        unrest=float(rng.uniform(0.01, 0.04) if rng.random() < 0.75 else rng.uniform(0.04, 0.07)),
        sink=float(rng.normal(0, 0.05)),
    )


def write_digit(
    rng: np.random.Generator, writer: Writer, digits: LabelledGlyphs, label: int, height_px: float
) -> Coverage:
    """One digit, about so high, cropped to its ink; no two are alike."""
    height_px *= float(np.clip(rng.normal(1, 0.05), 0.85, 1.15))
    slant = writer.slant + rng.normal(0, 0.04)
    if writer.face:
        return _lean(writer.face.draw(str(label)).ink, slant / 2, rng.normal(1, 0.05))
    paths = _traced(rng, digits, label) if writer.source == "traced" else []
    paths = paths or _drawn(rng, FORMS[label][writer.forms[label]], writer.unrest / 2)
    matrix = np.array([[writer.stretch * rng.normal(1, 0.06), rng.normal(0, 0.04)], [-slant, 1]])
    pen_px = max(1.0, writer.pen * height_px)
    body_px = max(height_px - pen_px, 0.6 * height_px)
    moved = [_sunk(path, writer.sink) @ matrix * body_px for path in sway(rng, paths, writer.unrest)]
    return ink_paths(rng, moved, pen_px, writer.pressure)[0]


def _sunk(path: Stroke, depth: float) -> Stroke:
    return np.column_stack([path[:, 0], path[:, 1] + depth * np.sin(np.pi * np.clip(path[:, 1], 0, 1))])


def write_sign(rng: np.random.Generator, writer: Writer, sign: str, height_px: float) -> tuple[Coverage, int]:
    """A sign that is no digit, cropped to its ink, and how far its first row lies below the line's upper edge."""
    matrix = np.array([[writer.stretch * rng.normal(1, 0.15), rng.normal(0, 0.04)], [-writer.slant, 1]])
    paths = [path @ matrix * height_px for path in _drawn(rng, SIGNS[sign], writer.unrest / 2)]
    ink, (_, top) = ink_paths(rng, paths, max(1.0, writer.pen * height_px * rng.uniform(0.9, 1.3)), writer.pressure)
    return ink, top


def _traced(rng: np.random.Generator, digits: LabelledGlyphs, label: int) -> list[Stroke]:
    tried = rng.integers(0, len(digits), 64) if len(digits) else np.zeros(0, np.int64)  # faster than to search all
    fitting = tried[digits.labels[tried] == label]
    paths = next(filter(None, map(trace, digits.images[fitting[:4]])), [])
    if label == 7 and paths and rng.random() < 0.3:  # MNIST's writers hardly ever cross it
        y, reach, rise = rng.uniform(0.42, 0.6), rng.uniform(0.14, 0.26), rng.normal(0, 0.04)
        every = np.concatenate(paths)
        x = float(every[np.argmin(abs(every[:, 1] - y)), 0])
        paths.append(np.array([[x - reach, y + rise], [x + reach, y - rise]]))
    return paths


def _drawn(rng: np.random.Generator, form: str, unrest: float) -> list[Stroke]:
    """A form's paths, its points strayed a little."""
    paths = []
    for stroke in form.split("|"):
        shift = rng.normal(0, 0.012, 2)
        pieces = []
        corner: Stroke = np.zeros((0, 2))
        for piece in stroke.split("/"):
            given = np.array(piece.split(), np.float64).reshape(-1, 2) / 100
            points = np.concatenate([corner, given + shift + rng.normal(0, unrest, given.shape)])
            corner = points[-1:]
            pieces.append(smooth(points))
        paths.append(np.concatenate(pieces))
    return paths


def _lean(ink: Coverage, slant: float, stretch: float) -> Coverage:
    """Shear and stretch what is already inked."""
    h, w = ink.shape
    reach = abs(slant) * h + 1
    matrix = np.array([[stretch, -slant, reach + slant * h / 2], [0, 1, 1]], np.float32)
    canvas = cv2.warpAffine(ink, matrix, (int(w * stretch + 2 * reach) + 1, h + 2), flags=cv2.INTER_LINEAR)
    return crop(np.asarray(canvas, np.uint8))[0]
