"""What every candidate shows: the classifier looks at its glyph, then the verifier at its surroundings.

The classifier is cheap and throws most candidates out. What it keeps the verifier judges anew: it also sees what is
around, so it says whether that is a digit, and both say which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box
from agent.vision.candidates import Candidate
from agent.vision.context import cut_context
from agent.vision.cut import cut_glyph
from agent.vision.digits import CLASSES, NOT_A_DIGIT
from agent.vision.glyph import SIZE_PX
from agent.vision.ink import Ink

PRIOR = 1.0
"""Added to the classifier's logit for "not a digit" where no verifier is: most of a page's candidates are none."""
VERIFY_MARGIN = 1.0
"""A candidate whose best digit's logit is less than this below that for "not a digit" is worth the verifier's look."""
CELL_PX = 4
"""Boxes that are alike differ by no more."""
CLASSIFIER_WEIGHT = 0.5
"""What the classifier's opinion of which digit it is counts, where the verifier's counts 1."""


class Net(Protocol):
    """What turns glyphs, or surroundings, into logits: a runtime with a model loaded."""

    def logits(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits, float32 (n, 11), of inputs, uint8 (n, ...); the last class is "not a digit"."""
        ...


class Nets(Protocol):
    """The nets that judge candidates."""

    @property
    def classifier(self) -> Net:
        """Of glyphs, uint8 (n, 28, 28)."""
        ...

    @property
    def verifier(self) -> Net | None:
        """Of surroundings, uint8 (n, 3, 32, 48); None leaves everything to the classifier."""
        ...


@dataclass(frozen=True, eq=False)
class Classified:
    """What the nets say of candidates."""

    probability: NDArray[np.float32]
    """float32 (n, 11): each candidate's class probabilities."""
    classifier: NDArray[np.float32]
    """float32 (n, 11): what the classifier alone says."""
    verified: NDArray[np.bool_]
    """bool (n,): what the verifier looked at."""

    def split(self, ends: Sequence[int]) -> list[Classified]:
        """What they say of the candidates up to each of `ends`, and of the rest."""
        parts = (np.split(rows, ends) for rows in (self.probability, self.classifier, self.verified))
        return [Classified(*rows) for rows in zip(*parts, strict=True)]


def classify(ink: Ink, candidates: Sequence[Candidate], nets: Nets, *, alike: float = 0.0) -> Classified:
    """What each candidate shows.

    Args:
        ink: of the picture.
        candidates: found in it.
        nets: asked once each, with all that they have to judge.
        alike: candidates whose boxes differ by less than this share of their size are judged as one, the first of them.
    """
    if alike:
        same_as = _first_alike([c.box for c in candidates], alike)
        first, of = np.unique(same_as, return_inverse=True)
        judged = classify(ink, [candidates[i] for i in first.tolist()], nets)
        return Classified(judged.probability[of], judged.classifier[of], judged.verified[of])
    glyphs = np.zeros((len(candidates), SIZE_PX, SIZE_PX), np.uint8)
    for glyph, candidate in zip(glyphs, candidates, strict=True):
        glyph[:] = cut_glyph(ink, candidate)
    logits = nets.classifier.logits(glyphs)
    if nets.verifier is None:
        alone = softmax(logits + PRIOR * np.eye(CLASSES, dtype=np.float32)[NOT_A_DIGIT])
        return Classified(alone, alone, np.zeros(len(candidates), np.bool_))
    probability = np.zeros((len(candidates), CLASSES), np.float32)
    probability[:, NOT_A_DIGIT] = 1
    may_be = logits[:, :NOT_A_DIGIT].max(axis=1, initial=-np.inf) + VERIFY_MARGIN >= logits[:, NOT_A_DIGIT]
    windows = cut_context(ink, [candidates[i] for i in np.flatnonzero(may_be).tolist()])
    probability[may_be] = fuse(nets.verifier.logits(windows), logits[may_be])
    return Classified(probability, softmax(logits), may_be)


def _first_alike(boxes: Sequence[Box], share: float) -> list[int]:
    """For each box the number of the first one that is alike, at the latest its own."""
    seen: dict[tuple[int, int], list[int]] = {}
    first = []
    for number, (x, y, w, h) in enumerate(boxes):
        slack = min(CELL_PX, max(1, share * max(w, h)))
        column, row = x // CELL_PX, y // CELL_PX
        near = (i for c in (-1, 0, 1) for r in (-1, 0, 1) for i in seen.get((column + c, row + r), ()))
        alike = next((i for i in near if _differ_by(boxes[i], boxes[number]) <= slack), number)
        first.append(alike)
        if alike == number:
            seen.setdefault((column, row), []).append(number)
    return first


def _differ_by(a: Box, b: Box) -> int:
    """How far apart the sides of two boxes are at most, in pixels."""
    return max(abs(a.x - b.x), abs(a.y - b.y), abs(a.right - b.right), abs(a.bottom - b.bottom))


def fuse(verifier: NDArray[np.float32], classifier: NDArray[np.float32]) -> NDArray[np.float32]:
    """Class probabilities, float32 (n, 11), of both nets' logits: whether it is a digit says the verifier alone."""
    shares = softmax(verifier)
    is_digit = 1 - shares[:, NOT_A_DIGIT:]
    which = softmax(verifier[:, :NOT_A_DIGIT] + CLASSIFIER_WEIGHT * classifier[:, :NOT_A_DIGIT])
    return np.hstack([which * is_digit, 1 - is_digit])


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shares that add up to 1, float32 (n, k)."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), np.float32)
