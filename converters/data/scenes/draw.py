"""Draw one scene from start to end: background, layout, camera."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from converters.data.labelled import LabelledImages
from converters.data.scenes.backgrounds import blank_canvas, draw_stains
from converters.data.scenes.canvas import Canvas, Scene, crop
from converters.data.scenes.degradation import photograph
from converters.data.scenes.draft import SceneDraft, random_pen
from converters.data.scenes.fields import draw_field, random_field_style
from converters.data.scenes.fonts import Fonts
from converters.data.scenes.handwritten_layouts import draw_cheque, draw_notes, draw_sums, draw_without_digits
from converters.data.scenes.printed_layouts import draw_form, draw_grid, draw_table
from converters.data.scenes.projection import Projection, identity_projection, random_projection, scaled
from converters.data.scenes.text import draw_printed_lines, random_number
from converters.data.scenes.writing import write_cursive, write_text

LAYOUTS: dict[str, tuple[Callable[[SceneDraft], None], float]] = {
    "notes": (draw_notes, 0.26),
    "cheque": (draw_cheque, 0.18),
    "form": (draw_form, 0.16),
    "grid": (draw_grid, 0.12),
    "table": (draw_table, 0.08),
    "sums": (draw_sums, 0.04),
    "nothing": (draw_without_digits, 0.16),
}
"""Name of each layout, with the function that draws it and its share of the scenes."""
FIELD_SHARE = 0.25
"""Share of the training scenes that show a single form field. A field is drawn in a tenth of the time of a page."""
CROP_SHARE = 0.25
"""Share of the page scenes that are cropped at random, also through letters and digits, as users crop images."""


@dataclass(frozen=True)
class Conditions:
    """What makes a page hard to read."""

    rotation_deg: float = 0.0
    """Rotation of the page in the image."""
    shadow: bool = False
    """Whether a shadow with a hard or soft edge falls on the page."""
    show_through: bool = False
    """Whether the writing on the back shows through the paper."""
    stained: bool = False
    """Whether there are cup rings and drops on the page."""
    dark: bool = False
    """Whether the ink is light on a dark background."""
    half_dark: bool = False
    """Whether a part of the page is inverted."""
    printed_part: bool = False
    """Whether a part of the page is filled with printed text."""


def draw_scene(rng: np.random.Generator, digits: LabelledImages, fonts: Fonts | None = None) -> Scene:
    """Draw a scene for training: a part of a page, or a single form field.

    Args:
        rng: random generator; the same state gives the same scene.
        digits: glyphs to draw handwritten digits from; may be empty.
        fonts: fonts to draw text with; None takes OpenCV's Hershey fonts.
    """
    if rng.random() < FIELD_SHARE:
        return draw_field(rng, random_field_style(rng), digits, fonts).scene
    scene = _draw_part(rng, digits, fonts)
    return crop(rng, scene) if rng.random() < CROP_SHARE else scene


def _draw_part(rng: np.random.Generator, digits: LabelledImages, fonts: Fonts | None) -> Scene:
    """Draw a part of a page: 160 to 480 pixels a side, at times enlarged by up to 2.4 for a finer camera."""
    w, h = (int(v) for v in rng.integers(160, 481, 2))
    layout = str(rng.choice(list(LAYOUTS), p=[share for _, share in LAYOUTS.values()]))
    conditions = _random_conditions(rng)
    plain = conditions.rotation_deg == 0 and rng.random() < 0.8
    projection = identity_projection(w, h) if plain else random_projection(rng, w, h, conditions.rotation_deg)
    if rng.random() < 0.4:  # the reader enlarges small images, and their noise too, but not large ones
        projection = scaled(projection, rng.uniform(1.2, 2.4))
    draft = SceneDraft(
        blank_canvas(rng, projection.canvas_size, dark=conditions.dark), digits, fonts or Fonts(), conditions.dark
    )
    return _draw(draft, layout, conditions, projection)


def draw_page(
    rng: np.random.Generator,
    layout: str,
    digits: LabelledImages,
    fonts: Fonts | None = None,
    conditions: Conditions | None = None,
) -> Scene:
    """Draw a full page of 0.3 to 3 megapixels for evaluation.

    Args:
        rng: random generator; the same state gives the same page.
        layout: one of `LAYOUTS`.
        digits: glyphs to draw handwritten digits from; held out of training for an evaluation.
        fonts: fonts to draw text with; None takes OpenCV's Hershey fonts.
        conditions: what makes the page hard to read; None is `Conditions()`.
    """
    conditions = conditions or Conditions()
    w, h = (int(v) for v in rng.integers(700, 1001, 2))
    projection = scaled(
        random_projection(rng, w, h, conditions.rotation_deg), float(np.exp(rng.uniform(np.log(0.75), np.log(1.8))))
    )
    draft = SceneDraft(
        blank_canvas(rng, projection.canvas_size, dark=conditions.dark), digits, fonts or Fonts(), conditions.dark
    )
    return _draw(draft, layout, conditions, projection)


def _random_conditions(rng: np.random.Generator) -> Conditions:
    """Return random conditions for a training scene."""
    rotation_deg = 0.0 if rng.random() < 0.5 else rng.uniform(-20, 20) if rng.random() < 0.4 else rng.normal(0, 2.5)
    return Conditions(
        rotation_deg,
        shadow=rng.random() < 0.22,
        show_through=rng.random() < 0.15,
        stained=rng.random() < 0.1,
        dark=rng.random() < 0.1,
        half_dark=rng.random() < 0.04,
        printed_part=rng.random() < 0.1,
    )


def _draw(draft: SceneDraft, layout: str, conditions: Conditions, projection: Projection) -> Scene:
    """Draw a layout under conditions on the canvas of a draft, and return the scene of its photo."""
    if conditions.show_through:
        _draw_show_through(draft)
    if conditions.stained:
        draw_stains(draft.canvas)
    draw_layout, _ = LAYOUTS[layout]
    draw_layout(_reserve_printed_part(draft) if conditions.printed_part else draft)
    if conditions.half_dark:
        _invert_part(draft.canvas)
    return draft.canvas.to_scene(
        projection, photograph(draft.rng, draft.canvas.image, projection, shadow=conditions.shadow)
    )


def _reserve_printed_part(draft: SceneDraft) -> SceneDraft:
    """Print text on the right or the lower part of the canvas. Return a draft of the remaining part."""
    canvas, share = draft.canvas, draft.rng.uniform(0.45, 0.8)
    x, y = round(share * canvas.w), round(share * canvas.h)
    if draft.rng.random() < 0.5:
        draw_printed_lines(draft, (x + 4, 0, canvas.w - x - 4, canvas.h))
        return replace(draft, canvas=replace(canvas, image=canvas.image[:, :x]))
    draw_printed_lines(draft, (4, y + 4, canvas.w - 4, canvas.h - y))
    return replace(draft, canvas=replace(canvas, image=canvas.image[:y]))


def _draw_show_through(draft: SceneDraft) -> None:
    """Draw the writing on the back of the paper, mirrored and faint."""
    rng, canvas = draft.rng, draft.canvas
    back = replace(draft, canvas=Canvas(rng, np.full_like(canvas.image, 255)), dark=False)
    pen = random_pen(back)
    for baseline in np.arange(pen.height_px, canvas.h + pen.height_px, 1.6 * pen.height_px):
        at = (rng.uniform(0, 30), float(baseline))
        if rng.random() < 0.5:
            write_cursive(back, pen, at)
        else:
            write_text(back, pen, f"{random_number(rng)} {random_number(rng)} {random_number(rng)}", at)
    back_side = cv2.GaussianBlur(back.canvas.image[:, ::-1], (0, 0), rng.uniform(0.6, 2.5)).astype(np.float32) / 255
    canvas.image[:] = canvas.image * (1 - rng.uniform(0.05, 0.25) * (1 - back_side))


def _invert_part(canvas: Canvas) -> None:
    """Invert the right or the lower part of the canvas."""
    x, y = (canvas.rng.uniform(0.2, 0.8, 2) * (canvas.w, canvas.h)).astype(int)
    part = canvas.image[:, x:] if canvas.rng.random() < 0.5 else canvas.image[y:]
    part[:] = 255 - part
