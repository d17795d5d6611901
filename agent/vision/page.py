"""One picture, read: the steps of `vision` one after the other, each timed and kept for whoever asks why."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box
from agent.vision.candidates import Candidate, find_page_candidates
from agent.vision.digits import LEAST_PROBABILITY, Digit, select, surest
from agent.vision.ink import Ink, find_ink, find_inks, find_pens
from agent.vision.judge import Judged, Nets, judge
from agent.vision.lines import Reading, group_lines
from agent.vision.strokes import beside_ink, beside_print
from agent.vision.tilt import level
from agent.vision.words import outside_words

STAGES = ("ink", "candidates", "classify", "lines")


@dataclass(frozen=True)
class Depth:
    """How thoroughly a picture is looked at."""

    longest_px: int
    """Longest side of the working picture."""
    levels: tuple[float, ...]
    """Masks are cut at these multiples of the ink's level."""
    alike: float
    """Candidates of several masks whose boxes differ by less than this share of their size are judged once."""
    hard: bool
    """Whether a picture may have both dark and light ink, and may be turned."""


QUICK = Depth(longest_px=800, levels=(0.6, 0.9), alike=0.06, hard=False)
"""For every live frame."""
THOROUGH = Depth(longest_px=1600, levels=(0.5, 0.7, 0.9, 1.15), alike=0.0, hard=True)
"""For stills."""


PEN_LEVELS = (0.6, 0.95)
"""Masks of one pen's writing where there are several."""
FAINT_LEVELS = (0.8, 1.1)
"""Masks of fainter writing, whose strokes have been made strong."""
LEAST_OF_FAINT = 0.8
"""What is read in fainter writing is at least so probable: of what is less so, more is dirt than writing."""


class Layer(NamedTuple):
    """A picture's ink of one kind: dark, light, or far fainter than the rest."""

    ink: Ink
    levels: tuple[float, ...]
    """Masks are cut at these multiples of the ink's level."""
    least: float = LEAST_PROBABILITY
    """A candidate less likely to be a digit than this is none."""


@dataclass(frozen=True)
class Page:
    """What was read on one picture."""

    width: int
    height: int
    digits: tuple[Digit, ...]
    readings: tuple[Reading, ...]
    """In the order a person reads."""
    stage_ms: Mapping[str, float]
    """Wall time of each of `STAGES`, in milliseconds."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What was seen in one mask of a picture's ink."""

    ink: Ink
    factor: float
    """At which multiple of the ink's level the mask was cut."""
    candidates: tuple[Candidate, ...]
    judged: Judged
    digits: Mapping[Candidate, Digit]
    """The candidates that are digits as far as this mask tells, in pixels of the picture."""
    least: float = LEAST_PROBABILITY
    """A candidate less likely to be a digit than this is none."""


@dataclass(frozen=True, eq=False)
class Looked:
    """A picture that was read, and what each step made of it."""

    seen: tuple[Seen, ...]
    """Ink by ink, mask by mask."""
    surest: tuple[Digit, ...]
    """Of the digits of all masks those that were gathered into lines."""
    page: Page


def read_page(image: NDArray[np.uint8], nets: Nets, depth: Depth = THOROUGH) -> Page:
    """Read the digits of a picture; arguments as in `look`."""
    return look(image, nets, depth).page


def look(image: NDArray[np.uint8], nets: Nets, depth: Depth = THOROUGH) -> Looked:
    """Read the digits of a picture, and tell what each step saw.

    Args:
        image: BGR, uint8 (H, W, 3), upright.
        nets: what judges candidates.
        depth: how thoroughly to look.
    """
    stage_ms = dict.fromkeys(STAGES, 0.0)
    h, w = image.shape[:2]
    with _timed(stage_ms, "ink"):
        layers = find_layers(image, depth)
    seen: list[Seen] = []
    for ink, levels, least in layers:
        with _timed(stage_ms, "candidates"):
            masks = [find_page_candidates(ink, factor) for factor in levels]
        with _timed(stage_ms, "classify"):
            judged = judge(ink, [c for candidates in masks for c in candidates], nets, alike=depth.alike)
        with _timed(stage_ms, "lines"):
            ends = np.cumsum([len(candidates) for candidates in masks])[:-1].tolist()
            for factor, candidates, part in zip(levels, masks, judged.split(ends), strict=True):
                found = outside_words(select(candidates, part.probability, least), candidates)
                digits = {c: replace(d, box=in_picture(c, ink, w, h)) for c, d in found.items()}
                seen.append(Seen(ink, factor, candidates, part, digits, least))
    with _timed(stage_ms, "lines"):
        gathered = surest(one.digits.values() for one in seen)
        readings = group_lines(gathered)
    page = Page(w, h, tuple(d for r in readings for d in r.digits), readings, stage_ms)
    return Looked(tuple(seen), gathered, page)


def find_layers(image: NDArray[np.uint8], depth: Depth) -> tuple[Layer, ...]:
    """The ink of a picture; arguments as in `look`."""
    if not depth.hard:
        return (Layer(find_ink(image, depth.longest_px), depth.levels),)
    inks = [beside_print(level(ink)) for ink in find_inks(image, depth.longest_px)]
    pens = [Layer(beside_print(level(ink)), PEN_LEVELS) for ink in find_pens(image, depth.longest_px)]
    faint = [Layer(ink, FAINT_LEVELS, LEAST_OF_FAINT) for ink in map(beside_ink, inks) if ink is not None]
    levels = PEN_LEVELS if pens else depth.levels
    return (*(Layer(ink, levels) for ink in inks), *faint, *pens)


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
