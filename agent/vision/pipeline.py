"""One picture, read: the steps of `vision` one after the other, each timed and kept for whoever asks why."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.vision.binarize import beside_ink, beside_print
from agent.vision.blots import is_blot
from agent.vision.box import Box
from agent.vision.candidates import Candidate, find_page_candidates
from agent.vision.classify import Classified, Nets, classify
from agent.vision.deskew import deskew
from agent.vision.digits import LEAST_PROBABILITY, Digit, non_max_suppression, select
from agent.vision.ink import Ink, find_inks, prepare
from agent.vision.lines import group_lines
from agent.vision.page import STAGES, Page
from agent.vision.pens import Pen, find_pens
from agent.vision.printed import find_printed, without_printed
from agent.vision.words import outside_words


@dataclass(frozen=True)
class Depth:
    """How thoroughly a picture is looked at."""

    longest_px: int
    """Longest side of the working picture."""
    levels: tuple[float, ...]
    """Masks are cut at these multiples of the ink's level; at every second of them where pens are told apart, too."""
    pen_levels: tuple[float, ...]
    """The same of each pen's ink."""
    alike: float
    """Candidates of several masks whose boxes differ by less than this share of their size are judged once."""
    hard: bool
    """Whether a picture may be turned, and may have dark and light ink, print beside writing, and faint writing."""


QUICK = Depth(longest_px=800, levels=(0.6, 0.9), pen_levels=(0.8,), alike=0.06, hard=False)
"""For every live frame."""
THOROUGH = Depth(longest_px=1600, levels=(0.5, 0.7, 0.9, 1.15), pen_levels=(0.6, 0.95), alike=0.0, hard=True)
"""For stills."""


FAINT_LEVELS = (0.8, 1.1)
"""Masks of fainter writing, whose strokes have been made strong."""
LEAST_OF_FAINT = 0.8
"""What is read in fainter writing is at least so probable: of what is less so, more is dirt than writing."""


class InkLayer(NamedTuple):
    """A picture's ink of one kind: dark, light, far fainter than the rest, or of one pen."""

    ink: Ink
    levels: tuple[float, ...]
    """Masks are cut at these multiples of the ink's level."""
    least: float = LEAST_PROBABILITY
    """A candidate less likely to be a digit than this is none."""
    pen: Pen | None = None
    """Whose it is, where a picture's pens are told apart."""


@dataclass(frozen=True, eq=False)
class MaskResult:
    """What was seen in one mask of a picture's ink."""

    ink: Ink
    factor: float
    """At which multiple of the ink's level the mask was cut."""
    candidates: tuple[Candidate, ...]
    judged: Classified
    digits: Mapping[Candidate, Digit]
    """The candidates that are digits as far as this mask tells, in pixels of the picture."""
    least: float = LEAST_PROBABILITY
    """A candidate less likely to be a digit than this is none."""
    pen: Pen | None = None
    """Whose ink it is, where a picture's pens are told apart."""


@dataclass(frozen=True, eq=False)
class Trace:
    """A picture that was read, and what each step made of it."""

    seen: tuple[MaskResult, ...]
    """Ink by ink, mask by mask."""
    kept: tuple[Digit, ...]
    """Of the digits of all masks those that were gathered into lines."""
    printed: tuple[Digit, ...]
    """Those that were left out because they are print."""
    page: Page


def read_page(image: NDArray[np.uint8], nets: Nets, depth: Depth = THOROUGH) -> Page:
    """Read the digits of a picture; arguments as in `trace_page`."""
    return trace_page(image, nets, depth).page


def trace_page(image: NDArray[np.uint8], nets: Nets, depth: Depth = THOROUGH) -> Trace:
    """Read the digits of a picture, and tell what each step saw.

    Args:
        image: BGR, uint8 (H, W, 3), upright.
        nets: what judges candidates.
        depth: how thoroughly to look.
    """
    stage_ms = dict.fromkeys(STAGES, 0.0)
    h, w = image.shape[:2]
    with _timed(stage_ms, "ink"):
        layers = find_ink_layers(image, depth)
    seen: list[MaskResult] = []
    for ink, levels, least, pen in layers:
        with _timed(stage_ms, "candidates"):
            masks = [find_page_candidates(ink, factor) for factor in levels]
        with _timed(stage_ms, "classify"):
            judged = classify(ink, [c for candidates in masks for c in candidates], nets, alike=depth.alike)
        with _timed(stage_ms, "lines"):
            ends = np.cumsum([len(candidates) for candidates in masks])[:-1].tolist()
            for factor, candidates, part in zip(levels, masks, judged.split(ends), strict=True):
                found = outside_words(select(candidates, part.probability, least), candidates)
                placed = {c: replace(d, box=in_picture(c, ink, w, h)) for c, d in found.items()}
                digits = {c: d for c, d in placed.items() if not is_blot(d.box, ink.paper, w)}
                seen.append(MaskResult(ink, factor, candidates, part, digits, least, pen))
    with _timed(stage_ms, "lines"):
        printed = _printed(seen)
        gathered = non_max_suppression(
            one.digits.values() if one.pen is Pen.COLOURED else without_printed(one.digits.values(), printed)
            for one in seen
        )
        readings = group_lines(gathered)
    page = Page(w, h, tuple(d for r in readings for d in r.digits), readings, stage_ms)
    return Trace(tuple(seen), gathered, printed, page)


def _printed(seen: Sequence[MaskResult]) -> tuple[Digit, ...]:
    """The digits that are print, where a picture's pens are told apart."""
    grey = [one for one in seen if one.pen is Pen.GREY]
    coloured = [one.digits.values() for one in seen if one.pen is Pen.COLOURED]
    return find_printed(grey[0].ink, [one.digits for one in grey], coloured) if grey else ()


def find_ink_layers(image: NDArray[np.uint8], depth: Depth) -> tuple[InkLayer, ...]:
    """The ink of a picture; arguments as in `trace_page`."""
    sheet = prepare(image, depth.longest_px)
    ready = _as_written if depth.hard else _as_it_is
    inks = [ready(ink) for ink in find_inks(sheet, both=depth.hard)]
    pens = [InkLayer(ready(ink), depth.pen_levels, pen=pen) for pen, ink in find_pens(sheet).items()]
    beside = [beside_ink(ink) for ink in inks] if depth.hard else []
    faint = [InkLayer(ink, FAINT_LEVELS, LEAST_OF_FAINT) for ink in beside if ink is not None]
    levels = depth.levels[:: 1 + bool(pens)]
    return (*(InkLayer(ink, levels) for ink in inks), *faint, *pens)


def _as_written(ink: Ink) -> Ink:
    """Levelled, and at the strength of what is written rather than printed."""
    return beside_print(deskew(ink))


def _as_it_is(ink: Ink) -> Ink:
    return ink


def in_picture(candidate: Candidate, ink: Ink, width: int, height: int) -> Box:
    """A candidate's box in pixels of the picture itself."""
    box = candidate.box if ink.turned_back is None else _around(candidate, ink.turned_back)
    x, y = max(0, round(box.x / ink.scale)), max(0, round(box.y / ink.scale))
    right, bottom = min(width, round(box.right / ink.scale)), min(height, round(box.bottom / ink.scale))
    return Box(x, y, max(1, right - x), max(1, bottom - y))


def _around(candidate: Candidate, turn: NDArray[np.float64]) -> Box:
    """The box around a candidate's ink once it is turned."""
    points = [np.argwhere(atom.mask)[:, ::-1] + (atom.box.x + 0.5, atom.box.y + 0.5) for atom in candidate.atoms]
    turned = np.concatenate(points) @ turn[:, :2].T + turn[:, 2]
    (x, y), (right, bottom) = np.floor(turned.min(axis=0)).astype(int), np.ceil(turned.max(axis=0)).astype(int)
    return Box(int(x), int(y), int(right - x), int(bottom - y))


@contextmanager
def _timed(into: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    into[stage] += (time.perf_counter() - start) * 1000
