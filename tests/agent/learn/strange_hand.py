"""A hand that the nets that ship do not read well: a 4 like a Y. The numbers are drawn as a camera shows them."""

from __future__ import annotations

import numpy as np

from agent.drawing.handwriting import draw_digit, random_handwriting
from agent.drawing.paper import apply_ink, light_sheet
from agent.drawing.strokes import Coverage, catmull_rom_with_corners, draw_tapered_strokes
from agent.learn.examples import KnownNumber
from agent.vision.box import Box, union

STRANGE_4 = np.array([(0, 0), (28, 50)]) / 100, np.array([(60, 0), (30, 50), (26, 100)]) / 100
HAND = random_handwriting(np.random.default_rng(3))
LEFT_PX, BASELINE_PX = 60, 85


def write_number(seed: int) -> KnownNumber:
    """Return a number of two to five digits; about half of the digits are a 4."""
    rng = np.random.default_rng((9, seed))
    paper = np.full((110, 480, 3), (232, 238, 242), np.uint8)
    height_px, x = float(rng.uniform(36, 56)), LEFT_PX
    digits = [4 if rng.random() < 0.4 else int(rng.integers(10)) for _ in range(int(rng.integers(2, 6)))]
    boxes = []
    for digit in digits:
        ink = _draw_strange_4(rng, height_px) if digit == 4 else draw_digit(rng, digit, height_px, HAND)
        h, w = ink.shape
        boxes.append(Box(x, BASELINE_PX - h, w, h))
        apply_ink(paper, ink, x, BASELINE_PX - h, (60, 40, 40))
        x += w + round(0.2 * height_px)
    image = light_sheet(rng, paper)[:, : x + LEFT_PX]
    return KnownNumber(np.ascontiguousarray(image), union(boxes), "".join(map(str, digits)))


def _draw_strange_4(rng: np.random.Generator, height_px: float) -> Coverage:
    strokes = [
        catmull_rom_with_corners(stroke + rng.normal(0, 0.015, stroke.shape)) * height_px for stroke in STRANGE_4
    ]
    return draw_tapered_strokes(rng, strokes, 0.09 * height_px)
