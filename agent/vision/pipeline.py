"""The pipeline from a picture to its readings, in numbered steps. Each step is timed, and its result is kept."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from agent.vision.binarize import binarize
from agent.vision.blots import is_blot
from agent.vision.candidates import find_mask_candidates
from agent.vision.classify import Nets, classify
from agent.vision.coordinates import all_in_picture
from agent.vision.deskew import deskew
from agent.vision.digits import Digit, non_max_suppression, select
from agent.vision.direction import find_angle, is_print
from agent.vision.edge import mark_cut
from agent.vision.faint import find_faint_ink, rescale_to_writing, without_rings
from agent.vision.ink import find_inks, prepare
from agent.vision.join import DEEP_SEARCH, USUAL_SEARCH, join_lines
from agent.vision.layers import InkLayer, MaskResult
from agent.vision.lines import Reading, group_lines
from agent.vision.page import STAGES, Page
from agent.vision.pens import Pen, find_pens
from agent.vision.printed import find_printed, without_printed
from agent.vision.recognised_line import RecognisedLine
from agent.vision.show_through import mark_back
from agent.vision.turn import Turn, place_in_picture, turn_ink
from agent.vision.undecided import find_unread_lines, find_unread_numbers, mark_undecided
from agent.vision.value import find_value
from agent.vision.words import outside_words


@dataclass(frozen=True)
class Depth:
    """How thoroughly a picture is analysed."""

    longest_px: int
    """Longest side of the working image."""
    threshold_factors: tuple[float, ...]
    """Masks are made at these multiples of the threshold of the ink; at every second one if pens are separated, too."""
    pen_threshold_factors: tuple[float, ...]
    """Masks of the ink of each pen are made at these multiples of its threshold."""
    duplicate_tolerance: float
    """Candidates whose boxes differ by less than this share of their size are classified once."""
    extra_steps: bool
    """Whether to take the steps that a quick look skips: deskew; look for light ink beside dark ink, for writing beside
    darker print, and for faint ink; read lines with the line recogniser; find out whether the page is turned."""
    only_fields: bool = False
    """Whether pictures are pages of cut-out fields or cells. Then the page is upright, ink beside the numbers may be
    another number, and more texts of each number are searched, because rules decide between them."""


QUICK = Depth(
    longest_px=800,
    threshold_factors=(0.6, 0.9),
    pen_threshold_factors=(0.8,),
    duplicate_tolerance=0.06,
    extra_steps=False,
)
"""Depth for live frames. A larger `longest_px` and more factors find more digits; raising them costs time. A guess;
`docs/thresholds.md` has its effect."""
THOROUGH = Depth(
    longest_px=1600,
    threshold_factors=(0.5, 0.7, 0.9, 1.15),
    pen_threshold_factors=(0.6, 0.95),
    duplicate_tolerance=0.0,
    extra_steps=True,
)
"""Depth for pictures, and for live frames when the picture is at rest. A larger `longest_px` and more factors find more
digits; raising them costs time. A guess; `docs/thresholds.md` has its effect."""
FIELDS = replace(THOROUGH, only_fields=True)
"""Depth for pages of cut-out fields or cells, as `agent.forms` makes them."""

MIN_PROBABILITY = 0.7
"""A candidate whose best digit is less probable than this is not a digit. Raising it gives fewer false digits and loses
more true ones. Chosen by trial on drawn pages and the sample pictures."""
MIN_FAINT_PROBABILITY = 0.8
"""A candidate in faint ink whose best digit is less probable than this is not a digit. It is higher than the value for
other ink, because below it there is more dirt than writing. Raising it loses faint digits. Chosen by trial on drawn
pages and the sample pictures."""
MAX_TURNS = 2
"""Largest number of times that a page is read again at another angle. The first angle found may be upside down. Raising
it costs time on pages that are not read at any angle. A guess that was never measured."""
MIN_MORE_DIGITS = 3.0
"""A page is turned if this many more digits are read at the other angle, each counted by its probability. Raising it
turns fewer pages. Measured: an upright rendered scene was turned for a gain of less than 1.0."""
FAINT_THRESHOLD_FACTORS = (0.8, 1.1)
"""Masks of faint ink are made at these multiples of its threshold. Raising them loses strokes, lowering them lets
texture in. Chosen by trial on drawn pages and the sample pictures."""
DARK_LINES_FACTOR = 0.7
"""Multiple of the threshold at which ruled lines and boxes darker than the writing are searched. Raising it finds only
darker lines. Chosen by trial on drawn pages and the sample pictures."""
FORM_LINES_FACTOR = 0.6
"""Multiple of the threshold at which the lines of a form are searched to find its printed digits. Raising it finds only
darker lines. Chosen by trial on drawn pages and the sample pictures. The sensitivity run found no effect at ±20 %."""


@dataclass(frozen=True, eq=False)
class Trace:
    """The result for one picture, with the results of all steps."""

    masks: tuple[MaskResult, ...]
    """Results of all masks, ordered by ink and then by mask."""
    kept: tuple[Digit, ...]
    """Digits that are left after non-maximum suppression over all masks. The readings are made from them."""
    printed: tuple[Digit, ...]
    """Printed digits of a form. They are not read."""
    page: Page
    lines: tuple[RecognisedLine, ...] = ()
    """The lines that the line recogniser read; empty if it was not used."""
    upright: Page | None = None
    """The page with its boxes in pixels of the upright page, as all steps have them; None if the page is not turned."""


def read_page(
    image: NDArray[np.uint8], nets: Nets, depth: Depth = THOROUGH, *, decimal_comma: bool | None = None
) -> Page:
    """Read the digits of a picture; arguments as in `trace_page`."""
    return trace_page(image, nets, depth, decimal_comma=decimal_comma).page


def trace_page(
    image: NDArray[np.uint8], nets: Nets, depth: Depth = THOROUGH, *, decimal_comma: bool | None = None
) -> Trace:
    """Read the digits of a picture, and return the results of all steps.

    Args:
        image: BGR, uint8 (H, W, 3). A quick look takes it as upright.
        nets: classifier and verifier.
        depth: how thoroughly to analyse the picture.
        decimal_comma: what a comma means in a number, as in `find_value`.
    """
    stage_ms = dict.fromkeys(STAGES, 0.0)
    trace = _trace_at_angle(image, nets, depth, 0.0, stage_ms, decimal_comma=decimal_comma)
    if not depth.extra_steps or depth.only_fields:
        return trace
    # 15. If the page seems to be turned, it is read at this angle, too. The angle at which more is read counts, unless
    # this is print.
    for _ in range(MAX_TURNS):
        with _timed(stage_ms, "lines"):
            angle_deg = find_angle(trace.masks, nets)
        if angle_deg is None:
            return trace
        angle_deg = (trace.page.angle_deg + angle_deg) % 360
        turned = _trace_at_angle(image, nets, depth, angle_deg, stage_ms, decimal_comma=decimal_comma)
        if _count_read(turned) < _count_read(trace) + MIN_MORE_DIGITS or is_print(turned.page.readings):
            return trace
        trace = turned
    return trace


def _trace_at_angle(
    image: NDArray[np.uint8],
    nets: Nets,
    depth: Depth,
    angle_deg: float,
    stage_ms: dict[str, float],
    *,
    decimal_comma: bool | None,
) -> Trace:
    """Read a picture whose page is turned clockwise by an angle; the other arguments as in `trace_page`."""
    turn = Turn(angle_deg, image.shape[1], image.shape[0])
    width, height = turn.size
    # Steps 1 to 4: the working image and its ink.
    with _timed(stage_ms, "ink"):
        layers = find_ink_layers(image, depth, angle_deg)
    # Steps 5 to 8: each mask on its own. Ink that shows through from the back has no digits.
    read = partial(_read_layer, nets=nets, depth=depth, size=(width, height), stage_ms=stage_ms)
    masks: list[MaskResult] = []
    for layer in layers:
        found = tuple(read(layer))
        masks += mark_back(layer, found, masks, read) if depth.extra_steps else found
    front = [mask for mask in masks if not mask.on_back]
    with _timed(stage_ms, "lines"):
        # 9. Printed digits are left out; they can be in all ink or in grey ink, but not in coloured ink. So are faint
        # rings.
        printed = _printed_digits(masks)
        dark = [digit for mask in masks if not mask.faint for digit in mask.digits.values()]
        digits = [
            without_rings(mask.digits.values(), dark) if mask.faint else [*mask.digits.values()] for mask in masks
        ]
        written = [
            of_mask if mask.pen is Pen.COLOURED else without_printed(of_mask, printed)
            for mask, of_mask in zip(masks, digits, strict=True)
        ]
        # 10. Non-maximum suppression: one digit at each place.
        kept = non_max_suppression(written)
        # 11. Lines and readings, and what is doubtful in them.
        readings = mark_undecided(group_lines(kept), front, (*kept, *printed), (width, height))
    lines: tuple[RecognisedLine, ...] = ()
    if depth.extra_steps and nets.recogniser is not None:
        # 12. Each line is read again as a whole, and both views of it are joined. If nothing was read, this is done
        # with what may be a number.
        with _timed(stage_ms, "lines"):
            search = DEEP_SEARCH if depth.only_fields else USUAL_SEARCH
            if depth.only_fields:
                unread = find_unread_lines(front, readings, (*kept, *printed), (width, height))
            else:
                unread = () if readings else find_unread_numbers(front, printed, (width, height))
            readings, lines = join_lines(readings, unread, front, nets.recogniser, (width, height), search=search)
            # 13. Their signs are known now, so their values are.
            readings = tuple(_with_value(reading, decimal_comma=decimal_comma) for reading in readings)
    with _timed(stage_ms, "lines"):
        # 14. Numbers that the edge of the picture may cut.
        readings = mark_cut(readings, masks, (width, height))
    page = Page(width, height, tuple(d for r in readings for d in r.digits), readings, stage_ms)
    if not angle_deg:
        return Trace(tuple(masks), kept, printed, page, lines)
    return Trace(tuple(masks), kept, printed, place_in_picture(page, turn), lines, upright=page)


def _count_read(trace: Trace) -> float:
    """Return the expected number of right digits of a page: the sum of their probabilities."""
    return sum(digit.probability for digit in trace.page.digits)


def find_ink_layers(image: NDArray[np.uint8], depth: Depth, angle_deg: float = 0.0) -> tuple[InkLayer, ...]:
    """Return the ink of a picture, kind by kind; arguments as in `trace_page`.

    If the page is turned clockwise by an angle, the ink of the upright page is returned.
    """
    # 1. Scale the picture, and estimate its paper.
    working = prepare(image, depth.longest_px)
    # 2. Dark ink, light ink or both; and the ink of each pen, if there are two.
    pens = find_pens(working)
    factors = depth.threshold_factors[::2] if pens else depth.threshold_factors
    layers = [InkLayer(ink, factors, MIN_PROBABILITY) for ink in find_inks(working, both=depth.extra_steps)]
    pen_layers = [InkLayer(ink, depth.pen_threshold_factors, MIN_PROBABILITY, pen) for pen, ink in pens.items()]
    if not depth.extra_steps:
        return (*layers, *pen_layers)
    if angle_deg:
        layers, pen_layers = _turned(layers, angle_deg), _turned(pen_layers, angle_deg)
    # 3. Deskew, and scale the ink to the writing where lines are darker.
    layers, pen_layers = [_corrected(layer) for layer in layers], [_corrected(layer) for layer in pen_layers]
    # 4. Ink too faint for the masks of the other ink.
    faint_inks = [find_faint_ink(layer.ink) for layer in layers]
    faint_layers = [
        InkLayer(ink, FAINT_THRESHOLD_FACTORS, MIN_FAINT_PROBABILITY, faint=True)
        for ink in faint_inks
        if ink is not None
    ]
    return (*layers, *faint_layers, *pen_layers)


def _with_value(reading: Reading, *, decimal_comma: bool | None) -> Reading:
    number, note = find_value(reading.text, decimal_comma=decimal_comma)
    return replace(reading, value=number, value_note=note)


def _turned(layers: Sequence[InkLayer], angle_deg: float) -> list[InkLayer]:
    return [replace(layer, ink=turn_ink(layer.ink, angle_deg)) for layer in layers]


def _corrected(layer: InkLayer) -> InkLayer:
    """Deskew a layer, and scale its ink to the writing."""
    ink = deskew(layer.ink)
    binarized = binarize(ink, DARK_LINES_FACTOR)
    rescaled = rescale_to_writing(ink, binarized)
    return replace(layer, ink=rescaled, binarized={DARK_LINES_FACTOR: binarized} if rescaled is ink else None)


def _read_layer(
    layer: InkLayer, nets: Nets, depth: Depth, size: tuple[int, int], stage_ms: dict[str, float]
) -> Iterator[MaskResult]:
    """Yield the results of each mask of a layer; `size` is the width and height of the picture."""
    ink, width, height = layer.ink, *size
    known = layer.binarized or {}
    # 5. Binarize, and find candidates.
    with _timed(stage_ms, "candidates"):
        masks = [known[factor] if factor in known else binarize(ink, factor) for factor in layer.threshold_factors]
        candidates = list(find_mask_candidates(masks))
    # 6. Classify the candidates of all masks in one batch.
    with _timed(stage_ms, "classify"):
        batch = [candidate for of_mask in candidates for candidate in of_mask]
        classified = classify(ink, batch, nets, duplicate_tolerance=depth.duplicate_tolerance)
        ends = np.cumsum([len(of_mask) for of_mask in candidates])[:-1].tolist()
        parts = classified.split(ends)
    for factor, mask, of_mask, part in zip(layer.threshold_factors, masks, candidates, parts, strict=True):
        with _timed(stage_ms, "lines"):
            # 7. Select digits, and drop the digits among letters.
            found = outside_words(select(of_mask, part.probability, layer.min_probability), of_mask)
            # 8. Boxes in pixels of the picture; drop blots.
            boxes = all_in_picture(list(found), ink, width, height)
            placed = {c: Digit(d.digit, d.probability, box) for (c, d), box in zip(found.items(), boxes, strict=True)}
            digits = {c: d for c, d in placed.items() if not is_blot(d.box, ink.paper, width)}
        yield MaskResult(ink, factor, mask, of_mask, part, digits, layer.min_probability, layer.pen, layer.faint)


def _printed_digits(masks: Sequence[MaskResult]) -> tuple[Digit, ...]:
    """Return the printed digits. If the pens were not separated, there are none."""
    grey = [mask for mask in masks if mask.pen is Pen.GREY]
    if not grey:
        return ()
    ink = grey[0].ink
    known = next((mask.binarized for mask in grey if mask.factor == FORM_LINES_FACTOR), None)
    coloured = [mask.digits.values() for mask in masks if mask.pen is Pen.COLOURED]
    return find_printed(ink, known or binarize(ink, FORM_LINES_FACTOR), [mask.digits for mask in grey], coloured)


@contextmanager
def _timed(stage_ms: dict[str, float], stage: str) -> Iterator[None]:
    """Add the wall time of the block to a stage."""
    start = time.perf_counter()
    yield
    stage_ms[stage] += (time.perf_counter() - start) * 1000
