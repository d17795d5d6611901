"""Draw each step of reading, on the picture itself or on a mask. A mask may be rotated against the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.explain.outcomes import OUTCOMES, CandidateOutcome, OutcomeKind
from agent.vision.box import Box
from agent.vision.context import cut_context
from agent.vision.glyph import cut_glyph
from agent.vision.ink import Ink
from agent.vision.layers import MaskResult
from agent.vision.overlay import FONT, draw_label, draw_readings, to_bgr_colour, zoom_box
from agent.vision.page import Page
from agent.vision.pixels import Pixels

DRAWING_PX = 1400
"""Longest side of a drawing, in pixels; a small picture is enlarged by an integer, so its drawing may be smaller."""
DARK, PALE, RULED = (20, 20, 20), (210, 190, 170), (60, 60, 220)
"""BGR colours of the ink of candidates, of other ink, and of ruled lines."""
LEGEND_PX, LEGEND_ROW_PX = 300, 28
"""Width and height of an entry of the legend, in pixels."""
CELL_W, CELL_H, COLUMNS = 176, 96, 7
"""Width and height of a cell of the table of glyphs, in pixels, and its number of columns."""
MAX_CELLS = 140
"""Maximum number of cells in a table of glyphs; more candidates are usually text or texture."""
NO_NUMBERS: Mapping[CandidateOutcome, int] = {}
MAX_SPOTS = 400
"""Maximum number of spots with a tooltip in a figure. Raising it makes pages larger."""


AREA_RGB = (0, 114, 178)
"""Colour of the edges of fields and cells: blue of Okabe and Ito's palette, https://jfly.uni-koeln.de/color."""
AREA_TEXT_SCALE = 0.6
"""Font scale of the text in a field or cell. Not tuned."""


@dataclass(frozen=True)
class SheetArea:
    """A field of a form, or a cell of a table."""

    corners: tuple[tuple[float, float], ...]
    """The corners, x and y in pixels of the picture."""
    text: str
    """What was read in it; "" if it is empty."""
    tooltip: str


@dataclass(frozen=True, eq=False)
class Figure:
    """A drawing with a caption, and with spots that have a tooltip."""

    pixels: Pixels
    caption: str
    spots: tuple[tuple[Box, str], ...] = ()
    """Box in pixels of the drawing, and the text of its tooltip."""


def draw_page(picture: Pixels, page: Page) -> Figure:
    """Draw the readings on the picture."""
    canvas, zoom = _canvas(picture)
    draw_readings(canvas, page.readings, zoom)
    spots = tuple((zoom_box(d.box, zoom), f"{d.digit} ({d.probability:.2f})") for d in page.digits)
    return Figure(canvas, "The readings.", spots)


def draw_areas(picture: Pixels, areas: Sequence[SheetArea]) -> Figure:
    """Draw the edges of fields or cells on the picture, and what was read in each."""
    canvas, zoom = _canvas(picture)
    spots = []
    for area in areas:
        corners = np.rint(np.array(area.corners) * zoom).astype(np.int32)
        cv2.polylines(canvas, [corners], isClosed=True, color=to_bgr_colour(AREA_RGB), thickness=2)
        box = Box(*cv2.boundingRect(corners))
        if area.text:
            draw_label(canvas, area.text, (box.x + 4, box.bottom - 4), AREA_TEXT_SCALE, AREA_RGB)
        spots.append((box, area.tooltip))
    return Figure(canvas, "What was found on the sheet, and what was read there.", tuple(spots))


def draw_outcomes(
    picture: Pixels, outcomes: Sequence[CandidateOutcome], numbers: Mapping[CandidateOutcome, int]
) -> Figure:
    """Draw outcomes on the picture. An outcome with a number in `numbers` gets this number beside it."""
    canvas, zoom = _canvas(picture)
    return _draw_boxes(canvas, [(one, zoom_box(one.box, zoom)) for one in outcomes], numbers)


def draw_ink(ink: Ink) -> Figure:
    """Draw the strength of the ink, dark on white."""
    canvas, _ = _canvas(cv2.cvtColor(cv2.bitwise_not(ink.strength), cv2.COLOR_GRAY2BGR))
    rotated = "" if ink.deskew_inverse is None else " The picture was rotated to make the lines of writing horizontal."
    return Figure(canvas, f"The ink: the darker a pixel, the more it differs from the paper.{rotated}")


def draw_mask(mask: MaskResult) -> Figure:
    """Draw one mask: the ink of candidates, ruled lines, and all other ink."""
    strokes = mask.binarized
    colours = _blank(mask)
    colours[strokes.mask > 0] = PALE
    colours[(strokes.mask > 0) & (strokes.written.mask == 0)] = RULED
    colours[_ink_of_candidates(mask)] = DARK
    caption = "The mask. Black: candidates. Red: removed ruled lines. Pale: too small, too wide, or too many parts."
    return Figure(_canvas(colours)[0], caption)


def draw_candidates(mask: MaskResult, outcomes: Sequence[CandidateOutcome]) -> Figure:
    """Draw the candidates of one mask, their ink and their outcomes."""
    colours = _blank(mask)
    colours[_ink_of_candidates(mask)] = DARK
    canvas, zoom = _canvas(colours)
    return _draw_boxes(canvas, [(one, zoom_box(one.candidate.box, zoom)) for one in outcomes])


def _blank(mask: MaskResult) -> Pixels:
    return np.full((*mask.ink.strength.shape, 3), 255, np.uint8)


def _ink_of_candidates(mask: MaskResult) -> NDArray[np.bool_]:
    """Return where the ink of the candidates is, bool (h, w)."""
    found = np.zeros(mask.ink.strength.shape, np.bool_)
    for atom in {atom for candidate in mask.candidates for atom in candidate.atoms}:
        x, y, w, h = atom.box
        found[y : y + h, x : x + w] |= atom.mask > 0
    return found


def _draw_boxes(
    canvas: Pixels,
    outcomes: Sequence[tuple[CandidateOutcome, Box]],
    numbers: Mapping[CandidateOutcome, int] = NO_NUMBERS,
) -> Figure:
    """Draw candidates at their boxes on a canvas, in the colour of their outcome, some of them with a number."""
    cv2.addWeighted(canvas, 0.6, np.full_like(canvas, 255), 0.4, 0, dst=canvas)
    nearest = sorted(outcomes, key=lambda pair: OUTCOMES.index(pair[0].kind))
    for one, box in reversed(nearest):
        bold = one in numbers or one.kind not in (OutcomeKind.VERIFIER, OutcomeKind.CLASSIFIER)
        cv2.rectangle(canvas, box, to_bgr_colour(one.kind.rgb), 2 if bold else 1)
        if one in numbers:
            draw_label(canvas, str(numbers[one]), (box.x, box.bottom + 14), 0.4, one.kind.rgb)
    largest = sorted(nearest[:MAX_SPOTS], key=lambda pair: -pair[1].w * pair[1].h)
    spots = tuple((box, str(one)) for one, box in largest)
    return Figure(_with_legend(canvas, {one.kind for one, _ in outcomes}), "Candidates and their outcomes.", spots)


def draw_glyphs(outcomes: Sequence[CandidateOutcome], numbers: Mapping[CandidateOutcome, int] = NO_NUMBERS) -> Figure:
    """Draw the input of the nets for each candidate, largest first: the glyph, and the candidate's context."""
    shown = sorted(outcomes, key=lambda one: -max(one.box[2:]))[:MAX_CELLS]
    cells = np.full((max(1, -(-len(shown) // COLUMNS)) * CELL_H, COLUMNS * CELL_W, 3), 255, np.uint8)
    spots = []
    for index, one in enumerate(shown):
        x, y = index % COLUMNS * CELL_W, index // COLUMNS * CELL_H
        name = one.looks_like + (f"   #{numbers[one]}" if one in numbers else "")
        _draw_cell(cells[y : y + CELL_H, x : x + CELL_W], one, name)
        spots.append((Box(x, y, CELL_W, CELL_H), str(one)))
    cut = f" The largest {len(shown)} of {len(outcomes)}." if len(shown) < len(outcomes) else ""
    caption = f"Input of the nets, largest first.{cut}"
    return Figure(_with_legend(cells, {one.kind for one in shown}), caption, tuple(spots))


def _draw_cell(cell: Pixels, one: CandidateOutcome, name: str) -> None:
    """Draw a glyph and its context side by side, with the name below and the outcome's colour on the left."""
    own, around, _ = cut_context(one.ink, [one.candidate])[0]
    context = 255 - np.maximum(own, around // 3)
    for x, gray, size in ((6, 255 - cut_glyph(one.ink, one.candidate), (56, 56)), (70, context, (96, 64))):
        large = cv2.resize(gray, size, interpolation=cv2.INTER_NEAREST)
        cell[6 : 6 + size[1], x : x + size[0]] = large[..., None]
        cv2.rectangle(cell, (x - 1, 5, size[0] + 2, size[1] + 2), PALE, 1)
    cell[:, :3] = to_bgr_colour(one.kind.rgb)
    cv2.putText(cell, name, (8, CELL_H - 9), FONT, 0.45, DARK, 1, cv2.LINE_AA)


def _with_legend(canvas: Pixels, kinds: set[OutcomeKind]) -> Pixels:
    """Return a drawing with a legend of its colours below it."""
    shown = [kind for kind in OUTCOMES if kind in kinds]
    width = max(canvas.shape[1], LEGEND_PX)
    columns = width // LEGEND_PX
    legend = np.full((max(1, -(-len(shown) // columns)) * LEGEND_ROW_PX, width, 3), 255, np.uint8)
    for index, kind in enumerate(shown):
        x, y = index % columns * LEGEND_PX + 8, index // columns * LEGEND_ROW_PX + 6
        cv2.rectangle(legend, (x, y, 16, 16), to_bgr_colour(kind.rgb), cv2.FILLED)
        cv2.putText(legend, kind.title, (x + 24, y + 13), FONT, 0.45, DARK, 1, cv2.LINE_AA)
    wide = cv2.copyMakeBorder(canvas, 0, 0, 0, width - canvas.shape[1], cv2.BORDER_CONSTANT, value=(255, 255, 255))
    return np.asarray(np.vstack([wide, legend]), np.uint8)


def _canvas(picture: cv2.typing.MatLike) -> tuple[Pixels, float]:
    """Return a scaled copy of a picture to draw on, and the pixels of the copy per pixel of the picture."""
    h, w = picture.shape[:2]
    zoom = DRAWING_PX / max(h, w)
    zoom = zoom if zoom < 1 else int(zoom)
    size = max(1, round(w * zoom)), max(1, round(h * zoom))
    method = cv2.INTER_AREA if zoom < 1 else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(picture, size, interpolation=method), np.uint8).copy(), zoom
