"""Each step of reading, drawn: on the picture itself, or mask by mask as it was worked on, which may be turned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.explain.outcomes import OUTCOMES, CandidateOutcome, OutcomeKind, Rgb
from agent.vision.binarize import binarize
from agent.vision.box import Box
from agent.vision.context import cut_context
from agent.vision.cut import cut_glyph
from agent.vision.ink import Ink
from agent.vision.page import Page
from agent.vision.pipeline import MaskResult

Pixels = NDArray[np.uint8]
"""BGR, uint8 (H, W, 3)."""

DRAWN_PX = 1400
"""Longest side of a drawing, or not much less."""
FONT = cv2.FONT_HERSHEY_SIMPLEX
DARK, PALE, RULE = (20, 20, 20), (210, 190, 170), (60, 60, 220)
LEGEND_PX, LEGEND_ROW_PX = 300, 28
CELL_W, CELL_H, COLUMNS = 176, 96, 7
MOST_CELLS = 140
"""A sheet shows no more; more are many words or a texture."""
NO_NUMBERS: Mapping[CandidateOutcome, int] = {}
MOST_SPOTS = 400
"""More places of a figure do not say anything when pointed at: a page stays small."""


@dataclass(frozen=True, eq=False)
class Figure:
    """A drawing, and what its spots say when they are pointed at."""

    pixels: Pixels
    caption: str
    spots: tuple[tuple[Box, str], ...] = ()


def draw_readings(picture: Pixels, page: Page) -> Figure:
    """The picture with what was read on it."""
    canvas, zoom = _canvas(picture)
    for digit in page.digits:
        box = _zoomed(digit.box, zoom)
        cv2.rectangle(canvas, box, _bgr(OutcomeKind.READ.rgb), 2)
        _write(canvas, str(digit.digit), (box.x, box.y - 6), min(max(0.6, box.h / 60), 1.2), OutcomeKind.READ.rgb)
    spots = tuple((_zoomed(d.box, zoom), f"{d.digit} ({d.probability:.2f})") for d in page.digits)
    return Figure(canvas, "What was read.", spots)


def draw_outcomes(picture: Pixels, told: Sequence[CandidateOutcome], numbers: Mapping[CandidateOutcome, int]) -> Figure:
    """What became of each place of a picture; some have a number."""
    canvas, zoom = _canvas(picture)
    return _draw_fates(canvas, [(one, _zoomed(one.box, zoom)) for one in told], numbers)


def draw_ink(ink: Ink) -> Figure:
    """What stands out from the paper, dark on white."""
    canvas, _ = _canvas(cv2.cvtColor(cv2.bitwise_not(ink.strength), cv2.COLOR_GRAY2BGR))
    turned = "" if ink.turned_back is None else " It was turned, so that lines run level."
    return Figure(canvas, f"What stands out from the paper: the darker, the more.{turned}")


def draw_mask(seen: MaskResult) -> Figure:
    """One mask: the ink that candidates have, ruled lines, and what else was left out."""
    strokes = binarize(seen.ink, seen.factor)
    colours = _blank(seen)
    colours[strokes.mask > 0] = PALE
    colours[(strokes.mask > 0) & (strokes.written.mask == 0)] = RULE
    colours[_ink_of_candidates(seen)] = DARK
    said = "The mask. Black: candidates; red: ruled lines, taken out; pale: too small, too wide or too many."
    return Figure(_canvas(colours)[0], said)


def draw_candidates(seen: MaskResult, told: Sequence[CandidateOutcome]) -> Figure:
    """One mask's candidates, and their ink."""
    colours = _blank(seen)
    colours[_ink_of_candidates(seen)] = DARK
    canvas, zoom = _canvas(colours)
    return _draw_fates(canvas, [(one, _zoomed(one.candidate.box, zoom)) for one in told])


def _blank(seen: MaskResult) -> Pixels:
    return np.full((*seen.ink.strength.shape, 3), 255, np.uint8)


def _ink_of_candidates(seen: MaskResult) -> NDArray[np.bool_]:
    """Bool (h, w)."""
    ours = np.zeros(seen.ink.strength.shape, np.bool_)
    for atom in {atom for candidate in seen.candidates for atom in candidate.atoms}:
        x, y, w, h = atom.box
        ours[y : y + h, x : x + w] |= atom.mask > 0
    return ours


def _draw_fates(
    canvas: Pixels, told: Sequence[tuple[CandidateOutcome, Box]], numbers: Mapping[CandidateOutcome, int] = NO_NUMBERS
) -> Figure:
    """Candidates at their boxes on a canvas, in the colour of what became of them, some with a number."""
    cv2.addWeighted(canvas, 0.6, np.full_like(canvas, 255), 0.4, 0, dst=canvas)
    nearest = sorted(told, key=lambda pair: OUTCOMES.index(pair[0].fate))
    for one, box in reversed(nearest):
        clear = one in numbers or one.fate not in (OutcomeKind.VERIFIER, OutcomeKind.CLASSIFIER)
        cv2.rectangle(canvas, box, _bgr(one.fate.rgb), 2 if clear else 1)
        if one in numbers:
            _write(canvas, str(numbers[one]), (box.x, box.bottom + 14), 0.4, one.fate.rgb)
    largest = sorted(nearest[:MOST_SPOTS], key=lambda pair: -pair[1].w * pair[1].h)
    spots = tuple((box, str(one)) for one, box in largest)
    return Figure(_with_legend(canvas, {one.fate for one, _ in told}), "Candidates, by what became of them.", spots)


def draw_glyphs(told: Sequence[CandidateOutcome], numbers: Mapping[CandidateOutcome, int] = NO_NUMBERS) -> Figure:
    """What the nets saw of candidates, the largest first: the glyph, and what is around it."""
    shown = sorted(told, key=lambda t: -max(t.box[2:]))[:MOST_CELLS]
    sheet = np.full((max(1, -(-len(shown) // COLUMNS)) * CELL_H, COLUMNS * CELL_W, 3), 255, np.uint8)
    spots = []
    for index, one in enumerate(shown):
        x, y = index % COLUMNS * CELL_W, index // COLUMNS * CELL_H
        name = one.looks_like + (f"   #{numbers[one]}" if one in numbers else "")
        _draw_cell(sheet[y : y + CELL_H, x : x + CELL_W], one, name)
        spots.append((Box(x, y, CELL_W, CELL_H), str(one)))
    cut = f" The largest {len(shown)} of {len(told)}." if len(shown) < len(told) else ""
    return Figure(
        _with_legend(sheet, {t.fate for t in shown}), f"What the nets saw, the largest first.{cut}", tuple(spots)
    )


def _draw_cell(cell: Pixels, one: CandidateOutcome, name: str) -> None:
    """A glyph and its surroundings side by side, their name below, in the colour of their fate."""
    own, around, _ = cut_context(one.ink, [one.candidate])[0]
    looks = 255 - np.maximum(own, around // 3)
    for x, gray, size in ((6, 255 - cut_glyph(one.ink, one.candidate), (56, 56)), (70, looks, (96, 64))):
        large = cv2.resize(gray, size, interpolation=cv2.INTER_NEAREST)
        cell[6 : 6 + size[1], x : x + size[0]] = large[..., None]
        cv2.rectangle(cell, (x - 1, 5, size[0] + 2, size[1] + 2), PALE, 1)
    cell[:, :3] = _bgr(one.fate.rgb)
    cv2.putText(cell, name, (8, CELL_H - 9), FONT, 0.45, DARK, 1, cv2.LINE_AA)


def _with_legend(canvas: Pixels, fates: set[OutcomeKind]) -> Pixels:
    """A drawing with what its colours mean below it."""
    shown = [fate for fate in OUTCOMES if fate in fates]
    width = max(canvas.shape[1], LEGEND_PX)
    columns = width // LEGEND_PX
    legend = np.full((max(1, -(-len(shown) // columns)) * LEGEND_ROW_PX, width, 3), 255, np.uint8)
    for index, fate in enumerate(shown):
        x, y = index % columns * LEGEND_PX + 8, index // columns * LEGEND_ROW_PX + 6
        cv2.rectangle(legend, (x, y, 16, 16), _bgr(fate.rgb), cv2.FILLED)
        cv2.putText(legend, fate.title, (x + 24, y + 13), FONT, 0.45, DARK, 1, cv2.LINE_AA)
    wide = cv2.copyMakeBorder(canvas, 0, 0, 0, width - canvas.shape[1], cv2.BORDER_CONSTANT, value=(255, 255, 255))
    return np.asarray(np.vstack([wide, legend]), np.uint8)


def _canvas(picture: cv2.typing.MatLike) -> tuple[Pixels, float]:
    """A copy of a picture, scaled so that it may be drawn on, and how many of its pixels one of the picture has."""
    h, w = picture.shape[:2]
    zoom = DRAWN_PX / max(h, w)
    zoom = zoom if zoom < 1 else int(zoom)
    size = max(1, round(w * zoom)), max(1, round(h * zoom))
    method = cv2.INTER_AREA if zoom < 1 else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(picture, size, interpolation=method), np.uint8).copy(), zoom


def _zoomed(box: Box, zoom: float) -> Box:
    return Box(*(round(side * zoom) for side in box))


def _write(canvas: Pixels, text: str, at: tuple[int, int], size: float, rgb: Rgb) -> None:
    """Write on a label of this colour with the left lower corner `at`, or where it fits."""
    (w, h), _ = cv2.getTextSize(text, FONT, size, 2)
    x = min(max(0, at[0]), max(0, canvas.shape[1] - w - 2))
    y = min(max(h + 4, at[1]), canvas.shape[0] - 4)
    cv2.rectangle(canvas, (x, y - h - 4, w + 4, h + 8), _bgr(rgb), cv2.FILLED)
    cv2.putText(canvas, text, (x + 2, y), FONT, size, (255, 255, 255), 2, cv2.LINE_AA)


def _bgr(rgb: Rgb) -> Rgb:
    return rgb[2], rgb[1], rgb[0]
