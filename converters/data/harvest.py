"""Glyphs of pictures with truth, cut by the very segmenter that the board runs.

A net learns best from what it will be asked about: digits as the segmenter cuts them, and everything else that the
segmenter offers, such as halves of digits, pairs, letters, dots and stains.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box
from agent.vision.candidates import Candidate, find_page_candidates
from agent.vision.context import CHANNELS, HEIGHT_PX, WIDTH_PX, cut_context
from agent.vision.cut import cut_glyph
from agent.vision.digits import NOT_A_DIGIT
from agent.vision.ink import Ink
from agent.vision.page import THOROUGH, Depth, find_layers, in_picture
from converters.data.labelled import LabelledGlyphs
from converters.data.scenes import Scene

PLAIN = replace(THOROUGH, hard=False)
"""A glyph shows its own ink alone, so one way of looking at a page is as good as several."""
SAME = 0.7
"""A candidate whose box overlaps a digit's by this much (IoU) shows that digit."""
ANOTHER = 0.45
"""Below this overlap it shows something else; between the two nothing can be said."""
IGNORED = 0.2
"""A candidate that overlaps an ignored box by this much says nothing."""
UNSAID = -1
"""The label of a candidate about which nothing can be said."""
MOST_OF_A_MASK = 100
"""Candidates that are not digits, of one mask: a page of texture has thousands, and they are all alike."""
ALL_THE_SAME = 0.15
"""How many of the candidates that a classifier throws out a verifier learns from all the same: the next classifier may
let them through."""

LetsThrough = Callable[[NDArray[np.uint8]], NDArray[np.bool_]]
"""Which of some glyphs, uint8 (n, 28, 28), a classifier may take for digits."""


def harvest_glyphs(scenes: Iterable[Scene]) -> LabelledGlyphs:
    """Every candidate's glyph that the segmenter finds in the scenes, uint8 (n, 28, 28), with its label.

    Half of a 1 is still a 1 to whoever sees only that half; it is left out.
    """
    parts = [
        (np.array([cut_glyph(ink, c) for c in candidates]), labels)
        for ink, candidates, labels in _offered(scenes, PLAIN, None, halves_of_ones=False)
    ]
    return _together(parts, (28, 28))


def harvest_surroundings(scenes: Iterable[Scene], lets_through: LetsThrough | None = None) -> LabelledGlyphs:
    """Every candidate with its surroundings, uint8 (n, 3, 32, 48), with its label.

    Args:
        scenes: pictures with their digits.
        lets_through: the classifier that a verifier works behind; of what it throws out little is given, since a
            verifier is never asked about it. None gives all.
    """
    parts = [
        (cut_context(ink, candidates), labels)
        for ink, candidates, labels in _offered(scenes, THOROUGH, lets_through, halves_of_ones=True)
    ]
    return _together(parts, (CHANNELS, HEIGHT_PX, WIDTH_PX))


def _together(parts: Sequence[tuple[NDArray[np.uint8], NDArray[np.int64]]], shape: tuple[int, ...]) -> LabelledGlyphs:
    images = [np.zeros((0, *shape), np.uint8), *(images for images, _ in parts)]
    labels = [np.zeros(0, np.int64), *(labels for _, labels in parts)]
    return LabelledGlyphs(np.concatenate(images), np.concatenate(labels))


def _offered(
    scenes: Iterable[Scene], depth: Depth, lets_through: LetsThrough | None, *, halves_of_ones: bool
) -> Iterator[tuple[Ink, list[Candidate], NDArray[np.int64]]]:
    """What the segmenter offers, mask by mask: candidates of which something can be said, and their labels."""
    for scene in scenes:
        # The same picture gives the same candidates, whatever was harvested before it.
        rng = np.random.default_rng(zlib.crc32(scene.image.tobytes()))
        masks = [(layer.ink, factor) for layer in find_layers(scene.image, depth) for factor in layer.levels]
        for ink, factor in masks:
            candidates = find_page_candidates(ink, factor)
            labels = _labels(candidates, ink, scene, halves_of_ones=halves_of_ones)
            if lets_through:
                _leave_out(lets_through, ink, candidates, labels, rng)
            others = np.flatnonzero(labels == NOT_A_DIGIT)
            if len(others) > MOST_OF_A_MASK:
                labels[rng.choice(others, len(others) - MOST_OF_A_MASK, replace=False)] = UNSAID
            told = np.flatnonzero(labels != UNSAID)
            if len(told):
                yield ink, [candidates[i] for i in told], labels[told]


def _leave_out(
    lets_through: LetsThrough,
    ink: Ink,
    candidates: Sequence[Candidate],
    labels: NDArray[np.int64],
    rng: np.random.Generator,
) -> None:
    """Say nothing of most candidates that are no digits and that the classifier throws out anyway."""
    others = np.flatnonzero(labels == NOT_A_DIGIT)
    if len(others):
        passes = lets_through(np.array([cut_glyph(ink, candidates[i]) for i in others.tolist()]))
        labels[others[~passes & (rng.random(len(others)) > ALL_THE_SAME)]] = UNSAID


def _labels(candidates: Sequence[Candidate], ink: Ink, scene: Scene, *, halves_of_ones: bool) -> NDArray[np.int64]:
    """What each candidate shows; UNSAID where that is open."""
    h, w = scene.image.shape[:2]
    boxes = np.array([in_picture(c, ink, w, h) for c in candidates], float).reshape(-1, 4)
    digits = np.array([label for label, _ in scene.digits] or [NOT_A_DIGIT])
    truth = np.array([box for _, box in scene.digits] or [Box(0, 0, 0, 0)], float)
    overlaps = _overlaps(boxes, truth)
    nearest = overlaps.argmax(axis=1)
    overlap = overlaps.max(axis=1)
    labels = np.where(overlap >= SAME, digits[nearest], np.where(overlap < ANOTHER, NOT_A_DIGIT, UNSAID))
    if scene.ignored:
        ignored = _overlaps(boxes, np.array(scene.ignored, float)).max(axis=1) > IGNORED
        labels[ignored & (labels == NOT_A_DIGIT)] = UNSAID
    if not halves_of_ones:
        half = (digits[nearest] == 1) & (overlap > 0) & (boxes[:, 2] <= 1.2 * truth[nearest, 2])
        labels[half & (labels == NOT_A_DIGIT)] = UNSAID
    return labels.astype(np.int64)


def _overlaps(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of each box of one set with each of the other, float64 (n, m); boxes are x, y, w, h."""
    low = np.maximum(a[:, None, :2], b[:, :2])
    high = np.minimum(a[:, None, :2] + a[:, None, 2:], b[:, :2] + b[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    either = (a[:, 2] * a[:, 3])[:, None] + b[:, 2] * b[:, 3] - shared
    return np.asarray(shared / np.maximum(either, 1e-9))
