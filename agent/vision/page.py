"""One picture, read: the steps of `vision` one after the other, each timed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box
from agent.vision.candidates import find_page_candidates
from agent.vision.cut import cut_glyph
from agent.vision.digits import Digit, Net, agree, probabilities, select
from agent.vision.glyph import SIZE_PX
from agent.vision.ink import find_ink
from agent.vision.lines import Reading, group_lines

STAGES = ("ink", "candidates", "classify", "lines")


@dataclass(frozen=True)
class Depth:
    """How thoroughly a picture is looked at."""

    longest_px: int
    """Longest side of the working picture."""
    levels: tuple[float, ...]
    """Masks are cut at these multiples of the ink's level; several masks vote."""


QUICK = Depth(longest_px=800, levels=(0.9,))
"""For every live frame."""
THOROUGH = Depth(longest_px=1600, levels=(0.6, 0.85, 1.15))
"""For stills."""


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


def read_page(image: NDArray[np.uint8], net: Net, depth: Depth = THOROUGH) -> Page:
    """Read the digits of a picture.

    Args:
        image: BGR, uint8 (H, W, 3), upright.
        net: what judges glyphs; all glyphs of the picture go through it as one batch.
        depth: how thoroughly to look.
    """
    stage_ms: dict[str, float] = {}
    with _timed(stage_ms, "ink"):
        ink = find_ink(image, depth.longest_px)
    with _timed(stage_ms, "candidates"):
        masks = [find_page_candidates(ink, factor) for factor in depth.levels]
        glyphs = [cut_glyph(ink, c) for candidates in masks for c in candidates]
    with _timed(stage_ms, "classify"):
        batch = np.stack(glyphs) if glyphs else np.zeros((0, SIZE_PX, SIZE_PX), np.uint8)
        probability = probabilities(net.logits(batch))
    with _timed(stage_ms, "lines"):
        ends = np.cumsum([len(candidates) for candidates in masks])[:-1]
        seen = [select(c, p) for c, p in zip(masks, np.split(probability, ends), strict=True)]
        h, w = image.shape[:2]
        digits = tuple(Digit(d.digit, d.probability, _in_picture(d.box, ink.scale, w, h)) for d in agree(seen))
        readings = group_lines(digits)
    kept = tuple(d for r in readings for d in r.digits)
    return Page(w, h, kept, readings, stage_ms)


def _in_picture(box: Box, scale: float, width: int, height: int) -> Box:
    """A box of the working picture in pixels of the picture itself."""
    x, y = round(box.x / scale), round(box.y / scale)
    right, bottom = min(width, round(box.right / scale)), min(height, round(box.bottom / scale))
    return Box(x, y, max(1, right - x), max(1, bottom - y))


@contextmanager
def _timed(into: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    into[stage] = (time.perf_counter() - start) * 1000
