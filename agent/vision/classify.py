"""Classify candidates: first the classifier sees their glyphs, then the verifier sees their contexts.

The classifier is cheap and rejects the candidates that it is certain of: with nano 2 of 100 that are not read as
digits in the demo, 11 of 100 in sample pictures. The verifier gets the remaining ones. It also sees what is around a
candidate, so it alone decides whether it is a digit; both nets decide together which digit it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from operator import itemgetter
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box, overlapping_intervals
from agent.vision.candidates import Candidate
from agent.vision.context import place_in_context
from agent.vision.digits import CLASSES, NOT_A_DIGIT
from agent.vision.glyph import normalise_each, own_ink
from agent.vision.ink import Ink

NOT_A_DIGIT_BIAS = 1.0
"""Added to the classifier's logit for "not a digit" if there is no verifier, because most candidates of a page are not
digits. Raising it gives fewer false digits and loses more true ones. Chosen by trial on drawn pages and the sample
pictures. The sensitivity run found no effect at ±20 %."""
VERIFY_MARGIN = 1.0
"""The verifier gets a candidate if the logit of its best digit, plus this, reaches the logit for "not a digit". Raising
it gives the verifier more candidates and costs time. Chosen by trial on drawn pages and the sample pictures. The
sensitivity run found no effect at ±20 %."""
MAX_DUPLICATE_OFFSET_PX = 4
"""Largest difference between the boxes of duplicate candidates of any size, in working pixels; only quick looks skip
duplicates. Raising it saves time and may skip other candidates. Chosen by trial on drawn pages and the sample
pictures."""
CLASSIFIER_WEIGHT = 0.5
"""Weight of the classifier's logits in the decision which digit it is; the verifier's weight is 1. Raising it trusts
the verifier less. Chosen by trial on drawn pages and the sample pictures."""


class Net(Protocol):
    """A neural network: a runtime with a loaded artifact."""

    def logits(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return logits, float32 (n, 11), of inputs, uint8 (n, ...); the last class is "not a digit".

        A line recogniser returns float32 (n, w // 2, 23) of strips, uint8 (n, 2, 32, w).
        """
        ...


class Nets(Protocol):
    """The nets that read a picture."""

    @property
    def classifier(self) -> Net:
        """Net for glyphs, uint8 (n, 28, 28)."""
        ...

    @property
    def verifier(self) -> Net | None:
        """Net for contexts, uint8 (n, 3, 32, 48); None to use the classifier alone."""
        ...

    @property
    def recogniser(self) -> Net | None:
        """Net for strips of lines, uint8 (n, 2, 32, w); None to read lines digit by digit only."""
        ...


@dataclass(frozen=True, eq=False)
class Classified:
    """Outputs of the nets for candidates."""

    probability: NDArray[np.float32]
    """float32 (n, 11): class probabilities of each candidate, from both nets."""
    classifier: NDArray[np.float32]
    """float32 (n, 11): class probabilities from the classifier alone."""
    verified: NDArray[np.bool_]
    """bool (n,): whether each candidate was passed to the verifier."""

    def split(self, ends: Sequence[int]) -> list[Classified]:
        """Split the outputs before each index in `ends`, as `numpy.split` does."""
        parts = (np.split(rows, ends) for rows in (self.probability, self.classifier, self.verified))
        return [Classified(*rows) for rows in zip(*parts, strict=True)]


def classify(ink: Ink, candidates: Sequence[Candidate], nets: Nets, *, duplicate_tolerance: float = 0.0) -> Classified:
    """Return the class probabilities of candidates.

    Args:
        ink: the ink of the picture.
        candidates: candidates that were found in this ink.
        nets: classifier and verifier. Each is called at most once, with all of its candidates.
        duplicate_tolerance: candidates whose boxes differ by less than this share of their size are classified once,
            and all get the probabilities of the first one. 0 classifies each candidate.
    """
    if duplicate_tolerance:
        first_of = _first_duplicates([c.box for c in candidates], duplicate_tolerance)
        unique, inverse = np.unique(first_of, return_inverse=True)
        classified = classify(ink, [candidates[i] for i in unique.tolist()], nets)
        return Classified(classified.probability[inverse], classified.classifier[inverse], classified.verified[inverse])
    own = [own_ink(ink, candidate) for candidate in candidates]
    logits = nets.classifier.logits(normalise_each(own))
    if nets.verifier is None:
        probability = softmax(logits + NOT_A_DIGIT_BIAS * np.eye(CLASSES, dtype=np.float32)[NOT_A_DIGIT])
        return Classified(probability, probability, np.zeros(len(candidates), np.bool_))
    probability = np.zeros((len(candidates), CLASSES), np.float32)
    probability[:, NOT_A_DIGIT] = 1
    accepted = logits[:, :NOT_A_DIGIT].max(axis=1, initial=-np.inf) + VERIFY_MARGIN >= logits[:, NOT_A_DIGIT]
    contexts = place_in_context(ink, list(compress(candidates, accepted)), list(compress(own, accepted)))
    probability[accepted] = fuse(nets.verifier.logits(contexts), logits[accepted])
    return Classified(probability, softmax(logits), accepted)


def _first_duplicates(boxes: Sequence[Box], tolerance: float) -> NDArray[np.intp]:
    """Return for each box the index of the first box that it duplicates, or its own index."""
    sides = np.array(boxes, np.int64).reshape(-1, 4)
    largest_px = np.clip(tolerance * sides[:, 2:].max(axis=1, initial=0), 1, MAX_DUPLICATE_OFFSET_PX)
    order = np.argsort(sides[:, 0], kind="stable")
    left = sides[order, 0]
    pairs = np.sort(order[np.stack(overlapping_intervals(left, left + MAX_DUPLICATE_OFFSET_PX), axis=1)], axis=1)
    corners = np.hstack([sides[:, :2], sides[:, :2] + sides[:, 2:]])
    offsets_px = np.abs(corners[pairs[:, 0]] - corners[pairs[:, 1]]).max(axis=1, initial=0)
    first = np.arange(len(boxes))
    for one, other in sorted(pairs[offsets_px <= largest_px[pairs[:, 1]]].tolist(), key=itemgetter(1, 0)):
        if first[one] == one and first[other] == other:
            first[other] = one
    return first


def fuse(verifier: NDArray[np.float32], classifier: NDArray[np.float32]) -> NDArray[np.float32]:
    """Combine the logits of verifier and classifier, float32 (n, 11) each, into class probabilities.

    The verifier alone gives the probability of "not a digit". Both nets decide between the digits.
    """
    verifier_shares = softmax(verifier)
    is_digit = 1 - verifier_shares[:, NOT_A_DIGIT:]
    which = softmax(verifier[:, :NOT_A_DIGIT] + CLASSIFIER_WEIGHT * classifier[:, :NOT_A_DIGIT])
    return np.hstack([which * is_digit, 1 - is_digit])


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return class probabilities that add up to 1 in each row, float32 (n, k)."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), np.float32)


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the natural logarithms of class probabilities over the last axis, float32 (..., k)."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)), np.float32)
