"""A writer: the shapes of their digits, their slant, their pen."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from agent.drawing.strokes import Coverage, Stroke, catmull_rom, crop_to_ink, distort_strokes, draw_strokes
from converters.data.labelled import LabelledImages
from converters.data.scenes.fonts import Face, Fonts
from converters.data.scenes.skeleton import trace_strokes
from converters.data.scenes.stroke_templates import DIGIT_TEMPLATES, SIGN_TEMPLATES


@dataclass(frozen=True)
class Writer:
    """How one person writes digits."""

    source: str
    """Source of the digits' shapes: "glyphs" (traced from given glyphs), "templates" (`DIGIT_TEMPLATES`) or "font"."""
    templates: tuple[int, ...]
    """Index of the template of each digit in `DIGIT_TEMPLATES`."""
    face: Face | None
    """Font of the digits if `source` is "font"; otherwise None."""
    slant: float
    """Shift of the top to the right, as a share of the height of a digit."""
    width_scale: float
    """Factor by which the width of the digits is multiplied."""
    pen_width: float
    """Width of the pen, as a share of the height of a digit."""
    pressure: float
    """Variation of the pen width along a stroke, 0..1."""
    jitter: float
    """Random deviation of points from their template, as a share of the height of a digit."""
    sag: float
    """Shift of the middle of a digit downwards, as a share of its height."""


def random_writer(rng: np.random.Generator, fonts: Fonts, height_px: float) -> Writer:
    """Return a random writer.

    Args:
        rng: random generator.
        fonts: fonts that may be the source of the digits.
        height_px: height of the digits.
    """
    shares = (0.5, 0.32, 0.18) if fonts.has_handwritten_digits else (0.6, 0.4, 0.0)
    source = str(rng.choice(["glyphs", "templates", "font"], p=shares))
    font = fonts.handwritten[int(rng.integers(len(fonts.handwritten)))]
    return Writer(
        source=source,
        templates=tuple(int(rng.integers(len(templates))) for templates in DIGIT_TEMPLATES),
        face=Face(font, height_px) if source == "font" else None,
        slant=float(np.clip(rng.normal(0.08, 0.16), -0.35, 0.6)),
        width_scale=float(np.exp(rng.normal(0, 0.18))),
        pen_width=float(np.exp(rng.uniform(np.log(0.045), np.log(0.2))))
        if rng.random() < 0.35
        else rng.uniform(0.06, 0.13),
        pressure=float(rng.choice([0, 0, 0.5, 1])),
        jitter=float(rng.uniform(0.01, 0.04) if rng.random() < 0.75 else rng.uniform(0.04, 0.07)),
        sag=float(rng.normal(0, 0.05)),
    )


def write_digit(
    rng: np.random.Generator, writer: Writer, digits: LabelledImages, label: int, height_px: float
) -> Coverage:
    """Draw one digit with random variation.

    Args:
        rng: random generator.
        writer: writer whose handwriting is used.
        digits: glyphs to trace if the writer's source is "glyphs"; may be empty.
        label: the digit, 0..9.
        height_px: mean height of the writer's digits. The height of the drawn digit differs by up to 15 %.

    Returns:
        Coverage of the digit, cropped to the ink.
    """
    height_px *= float(np.clip(rng.normal(1, 0.05), 0.85, 1.15))
    slant = writer.slant + rng.normal(0, 0.04)
    if writer.face:
        return _shear(writer.face.draw(str(label)).ink, slant / 2, rng.normal(1, 0.05))
    strokes = _traced_strokes(rng, digits, label) if writer.source == "glyphs" else []
    strokes = strokes or _template_strokes(rng, DIGIT_TEMPLATES[label][writer.templates[label]], writer.jitter / 2)
    matrix = np.array([[writer.width_scale * rng.normal(1, 0.06), rng.normal(0, 0.04)], [-slant, 1]])
    pen_px = max(1.0, writer.pen_width * height_px)
    body_px = max(height_px - pen_px, 0.6 * height_px)
    moved = [_sag(stroke, writer.sag) @ matrix * body_px for stroke in distort_strokes(rng, strokes, writer.jitter)]
    return draw_strokes(rng, moved, pen_px, writer.pressure)[0]


def _sag(stroke: Stroke, depth: float) -> Stroke:
    """Shift the middle of a stroke of height 1 down by a depth, in heights."""
    return np.column_stack([stroke[:, 0], stroke[:, 1] + depth * np.sin(np.pi * np.clip(stroke[:, 1], 0, 1))])


def write_sign(rng: np.random.Generator, writer: Writer, sign: str, height_px: float) -> tuple[Coverage, int]:
    """Draw a sign that is not a digit.

    Args:
        rng: random generator.
        writer: writer whose handwriting is used.
        sign: a key of `SIGN_TEMPLATES`.
        height_px: height of the writer's digits.

    Returns:
        Coverage of the sign, cropped to the ink, and the distance of its first row from the top of the line, in pixels.
    """
    matrix = np.array([[writer.width_scale * rng.normal(1, 0.15), rng.normal(0, 0.04)], [-writer.slant, 1]])
    strokes = [
        stroke @ matrix * height_px for stroke in _template_strokes(rng, SIGN_TEMPLATES[sign], writer.jitter / 2)
    ]
    ink, (_, top) = draw_strokes(
        rng, strokes, max(1.0, writer.pen_width * height_px * rng.uniform(0.9, 1.3)), writer.pressure
    )
    return ink, top


def _traced_strokes(rng: np.random.Generator, digits: LabelledImages, label: int) -> list[Stroke]:
    """Return the strokes of a random glyph with this label, a 7 at times crossed; empty if there is none."""
    # A few random tries are faster than a search of all labels.
    sample = rng.integers(0, len(digits), 64) if len(digits) else np.zeros(0, np.int64)
    matching = sample[digits.labels[sample] == label]
    strokes = next(filter(None, map(trace_strokes, digits.images[matching[:4]])), [])
    if label == 7 and strokes and rng.random() < 0.3:  # a crossed 7 is rare in MNIST
        y, reach, rise = rng.uniform(0.42, 0.6), rng.uniform(0.14, 0.26), rng.normal(0, 0.04)
        points = np.concatenate(strokes)
        x = float(points[np.argmin(abs(points[:, 1] - y)), 0])
        strokes.append(np.array([[x - reach, y + rise], [x + reach, y - rise]]))
    return strokes


def _template_strokes(rng: np.random.Generator, template: str, jitter: float) -> list[Stroke]:
    """Return the strokes of a template with random deviations of its points, of height 1."""
    strokes = []
    for part in template.split("|"):
        shift = rng.normal(0, 0.012, 2)
        pieces = []
        corner: Stroke = np.zeros((0, 2))
        for piece in part.split("/"):
            template_points = np.array(piece.split(), np.float64).reshape(-1, 2) / 100
            points = np.concatenate([corner, template_points + shift + rng.normal(0, jitter, template_points.shape)])
            corner = points[-1:]
            pieces.append(catmull_rom(points))
        strokes.append(np.concatenate(pieces))
    return strokes


def _shear(ink: Coverage, slant: float, width_scale: float) -> Coverage:
    """Shear and stretch a coverage."""
    h, w = ink.shape
    reach = abs(slant) * h + 1
    matrix = np.array([[width_scale, -slant, reach + slant * h / 2], [0, 1, 1]], np.float32)
    canvas = cv2.warpAffine(ink, matrix, (int(w * width_scale + 2 * reach) + 1, h + 2), flags=cv2.INTER_LINEAR)
    return crop_to_ink(np.asarray(canvas, np.uint8))[0]
