"""Extract labelled candidates from scenes with the segmenter that the board runs.

A net learns best from the input that it gets on the board: digits as the segmenter cuts them, and everything else that
the segmenter finds, such as parts of digits, touching pairs, letters, dots and stains.
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
from agent.vision.coordinates import in_picture
from agent.vision.digits import NOT_A_DIGIT
from agent.vision.glyph import cut_glyph
from agent.vision.ink import Ink
from agent.vision.pipeline import THOROUGH, Depth, find_ink_layers
from converters.data.labelled import LabelledImages
from converters.data.scenes import Scene

GLYPH_DEPTH = replace(THOROUGH, extra_steps=False)
"""Depth of the analysis for glyphs. One kind of ink is enough, because a glyph shows only its own ink."""
MIN_DIGIT_IOU = 0.7
"""IoU with a digit's box from which a candidate gets that digit as its label. Chosen by trial."""
MAX_OUTLIER_IOU = 0.45
"""IoU with the nearest digit below which a candidate is labelled "not a digit".

Candidates between this value and `MIN_DIGIT_IOU` get no label. Chosen by trial.
"""
MAX_IGNORED_IOU = 0.2
"""IoU with an ignored box above which a candidate gets no label. Chosen by trial."""
NO_LABEL = -1
"""Label of a candidate that is left out."""
MAX_OUTLIERS_PER_MASK = 100
"""Number of outliers kept of one mask: a textured page has thousands, all of them alike."""
KEPT_REJECTED_SHARE = 0.15
"""Share of the outliers rejected by the prefilter that are kept: another classifier may accept them."""

Prefilter = Callable[[NDArray[np.uint8]], NDArray[np.bool_]]
"""Takes glyphs, uint8 (n, 28, 28), and returns whether a classifier may accept each one as a digit, bool (n,)."""


def extract_glyphs(scenes: Iterable[Scene]) -> LabelledImages:
    """Return the glyphs, uint8 (n, 28, 28), of all candidates in the scenes, with their labels.

    Parts of a 1 are left out: without their context they look like a 1.
    """
    parts = [
        (np.array([cut_glyph(ink, c) for c in candidates]), labels)
        for ink, candidates, labels in _labelled_candidates(scenes, GLYPH_DEPTH, None, parts_of_ones=False)
    ]
    return _join(parts, (28, 28))


def extract_contexts(scenes: Iterable[Scene], prefilter: Prefilter | None = None) -> LabelledImages:
    """Return the contexts, uint8 (n, 3, 32, 48), of all candidates in the scenes, with their labels.

    Args:
        scenes: pictures with their digits.
        prefilter: classifier in front of the verifier. Only `KEPT_REJECTED_SHARE` of the outliers that it rejects are
            returned, because the verifier does not get them. None keeps all.
    """
    parts = [
        (cut_context(ink, candidates), labels)
        for ink, candidates, labels in _labelled_candidates(scenes, THOROUGH, prefilter, parts_of_ones=True)
    ]
    return _join(parts, (CHANNELS, HEIGHT_PX, WIDTH_PX))


def _join(parts: Sequence[tuple[NDArray[np.uint8], NDArray[np.int64]]], shape: tuple[int, ...]) -> LabelledImages:
    images = [np.zeros((0, *shape), np.uint8), *(images for images, _ in parts)]
    labels = [np.zeros(0, np.int64), *(labels for _, labels in parts)]
    return LabelledImages(np.concatenate(images), np.concatenate(labels))


def _labelled_candidates(
    scenes: Iterable[Scene], depth: Depth, prefilter: Prefilter | None, *, parts_of_ones: bool
) -> Iterator[tuple[Ink, list[Candidate], NDArray[np.int64]]]:
    """Yield for each mask its ink, the candidates that get a label, and the labels."""
    for scene in scenes:
        # Seeded by the image, so a picture gives the same candidates in any order of extraction.
        rng = np.random.default_rng(zlib.crc32(scene.image.tobytes()))
        layers = find_ink_layers(scene.image, depth)
        masks = [(layer.ink, factor) for layer in layers for factor in layer.threshold_factors]
        for ink, factor in masks:
            candidates = find_page_candidates(ink, factor)
            labels = _labels(candidates, ink, scene, parts_of_ones=parts_of_ones)
            if prefilter:
                _drop_rejected(prefilter, ink, candidates, labels, rng)
            outliers = np.flatnonzero(labels == NOT_A_DIGIT)
            if len(outliers) > MAX_OUTLIERS_PER_MASK:
                labels[rng.choice(outliers, len(outliers) - MAX_OUTLIERS_PER_MASK, replace=False)] = NO_LABEL
            labelled = np.flatnonzero(labels != NO_LABEL)
            if len(labelled):
                yield ink, [candidates[i] for i in labelled], labels[labelled]


def _drop_rejected(
    prefilter: Prefilter,
    ink: Ink,
    candidates: Sequence[Candidate],
    labels: NDArray[np.int64],
    rng: np.random.Generator,
) -> None:
    """Remove the label of most outliers that the prefilter rejects, in place."""
    outliers = np.flatnonzero(labels == NOT_A_DIGIT)
    if len(outliers):
        accepted = prefilter(np.array([cut_glyph(ink, candidates[i]) for i in outliers.tolist()]))
        labels[outliers[~accepted & (rng.random(len(outliers)) > KEPT_REJECTED_SHARE)]] = NO_LABEL


def _labels(candidates: Sequence[Candidate], ink: Ink, scene: Scene, *, parts_of_ones: bool) -> NDArray[np.int64]:
    """Return the label of each candidate, int64 (n,); `NO_LABEL` where it is not clear what it shows."""
    h, w = scene.image.shape[:2]
    boxes = np.array([in_picture(c, ink, w, h) for c in candidates], float).reshape(-1, 4)
    digits = np.array([label for label, _ in scene.digits] or [NOT_A_DIGIT])
    digit_boxes = np.array([box for _, box in scene.digits] or [Box(0, 0, 0, 0)], float)
    ious = _pairwise_iou(boxes, digit_boxes)
    nearest = ious.argmax(axis=1)
    iou = ious.max(axis=1)
    labels = np.where(iou >= MIN_DIGIT_IOU, digits[nearest], np.where(iou < MAX_OUTLIER_IOU, NOT_A_DIGIT, NO_LABEL))
    if scene.ignored:
        ignored = _pairwise_iou(boxes, np.array(scene.ignored, float)).max(axis=1) > MAX_IGNORED_IOU
        labels[ignored & (labels == NOT_A_DIGIT)] = NO_LABEL
    if not parts_of_ones:
        part = (digits[nearest] == 1) & (iou > 0) & (boxes[:, 2] <= 1.2 * digit_boxes[nearest, 2])
        labels[part & (labels == NOT_A_DIGIT)] = NO_LABEL
    return labels.astype(np.int64)


def _pairwise_iou(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the IoU of each box of `a`, (n, 4), with each box of `b`, (m, 4), float64 (n, m); boxes are x, y, w, h."""
    low = np.maximum(a[:, None, :2], b[:, :2])
    high = np.minimum(a[:, None, :2] + a[:, None, 2:], b[:, :2] + b[:, 2:])
    intersection = np.clip(high - low, 0, None).prod(axis=2)
    union = (a[:, 2] * a[:, 3])[:, None] + b[:, 2] * b[:, 3] - intersection
    return np.asarray(intersection / np.maximum(union, 1e-9))
