"""Find the characters of a number whose text is known, by forced alignment.

A correction says what stands in a picture, not where each digit is. The segmentation finds candidates; of all ways to
choose one candidate for each digit, from left to right, the one counts that leaves the least ink over and that the nets
find the most probable. The nets may be wrong about a digit, so no digit can cost more than `MIN_PROBABILITY` allows.
The line recogniser's steps are aligned by the most probable path of CTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box
from agent.vision.coordinates import in_picture
from agent.vision.digits import NOT_A_DIGIT
from agent.vision.layers import MaskResult
from agent.vision.line_text import BLANK, CHARACTERS, IMPOSSIBLE
from agent.vision.pipeline import Trace

MIN_PROBABILITY = 0.02
"""A digit or candidate that the nets find less probable counts as this probable. Raising it trusts the nets less. A
guess that was never measured."""
INK_WEIGHT = 8.0
"""Weight of the share of the ink that is used, against the logarithms of the probabilities. Raising it trusts the nets
less. A guess that was never measured."""
MIN_INK_SHARE = 0.75
"""A number is not aligned if less than this share of its ink is used. Raising it leaves more pictures out. A guess that
was never measured."""
MAX_OVERLAP = 0.35
"""Largest horizontal overlap of two neighbours, as a share of the narrower one's width. Raising it accepts digits that
reach under each other. A guess that was never measured."""
REACH_HEIGHTS = 1.0, 0.35
"""Ink this far beside the reading's box, and above or below it, may belong to the number, in heights of the box: its
first or last digit may have been missed. Raising it takes ink of neighbours, which are mostly 1.1 heights away or more.
A guess that was never measured."""


@dataclass(frozen=True)
class Alignment:
    """The digits of a number in a picture."""

    mask: MaskResult
    """The mask in which they were found."""
    digits: tuple[int, ...]
    places: tuple[Box, ...]
    """Box of each digit, in pixels of the picture."""


def align_digits(trace: Trace, digits: str, box: Box) -> Alignment | None:
    """Find each digit of a known number.

    Args:
        trace: the picture as it was read.
        digits: the digits that stand there, at least one.
        box: where the number is, about, in pixels of the picture.

    Returns:
        The digits; None if no choice of candidates leaves little enough ink over, or if the page was turned.
    """
    if trace.upright is not None:
        return None
    size = trace.page.width, trace.page.height
    found = [aligned for mask in trace.masks if not mask.on_back for aligned in _in_mask(mask, digits, box, size)]
    return max(found, key=lambda one: one[0])[1] if found else None


def near(place: Box, box: Box) -> bool:
    """Whether the centre of a candidate lies in the box of the number, or a little outside."""
    beside, above = (share * box.h for share in REACH_HEIGHTS)
    x, y = place.centre
    return box.x - beside <= x <= box.right + beside and box.y - above <= y <= box.bottom + above


def _in_mask(mask: MaskResult, digits: str, box: Box, size: tuple[int, int]) -> Iterator[tuple[float, Alignment]]:
    """Yield the best choice among a mask's candidates with its score; nothing if there is none."""
    places = [in_picture(candidate, mask.ink, *size) for candidate in mask.candidates]
    inside = [index for index, place in enumerate(places) if near(place, box)]
    inside.sort(key=lambda index: places[index].centre[0])
    if len(inside) < len(digits):
        return
    shares = _ink_shares(mask, inside)
    labels = tuple(map(int, digits))
    scores = _scores(mask, inside)[:, labels] + INK_WEIGHT * shares[:, None]
    chosen = _best_sequence(scores, [places[index] for index in inside])
    if chosen and shares[chosen].sum() >= MIN_INK_SHARE:
        score = float(scores[chosen, range(len(labels))].sum())
        yield score, Alignment(mask, labels, tuple(places[inside[i]] for i in chosen))


def _scores(mask: MaskResult, inside: Sequence[int]) -> NDArray[np.float64]:
    """Return the logarithm of the probability that a candidate is each digit, float64 (n, 10)."""
    probability = mask.classified.classifier[list(inside)].astype(np.float64)
    of_digit = probability[:, :NOT_A_DIGIT] / np.maximum(probability[:, :NOT_A_DIGIT].sum(axis=1, keepdims=True), 1e-9)
    is_digit = 1 - mask.classified.probability[list(inside), NOT_A_DIGIT, None].astype(np.float64)
    return np.asarray(np.log(np.maximum(of_digit, MIN_PROBABILITY) * np.maximum(is_digit, MIN_PROBABILITY)))


def _ink_shares(mask: MaskResult, inside: Sequence[int]) -> NDArray[np.float64]:
    """Return the share of the number's ink that each candidate has, float64 (n,)."""
    candidates = [mask.candidates[index] for index in inside]
    atoms = {(c.cluster, c.first + n): atom.area for c in candidates for n, atom in enumerate(c.atoms)}
    whole = max(1, sum(atoms.values()))
    return np.array([candidate.area / whole for candidate in candidates], np.float64)


def _best_sequence(scores: NDArray[np.float64], places: Sequence[Box]) -> list[int]:
    """Return the candidate of each digit with the highest total score, from left to right; empty if there is none.

    Args:
        scores: float64 (candidates, digits).
        places: the candidates, from left to right.
    """
    may_follow = np.array([[_may_follow(one, other) for other in places] for one in places])
    total, came_from = scores[:, 0], list[NDArray[np.intp]]()
    for column in range(1, scores.shape[1]):
        before = np.where(may_follow, total[:, None], -np.inf)
        came_from.append(before.argmax(axis=0))
        total = before.max(axis=0) + scores[:, column]
    if not np.isfinite(total.max()):
        return []
    chosen = [int(total.argmax())]
    for previous in reversed(came_from):
        chosen.insert(0, int(previous[chosen[0]]))
    return chosen


def _may_follow(left: Box, right: Box) -> bool:
    """Whether a digit may stand to the right of another one."""
    return left.centre[0] < right.centre[0] and left.right - right.x <= MAX_OVERLAP * min(left.w, right.w)


def align_steps(log_probs: NDArray[np.float32], text: str) -> NDArray[np.intp] | None:
    """Return the class of each step on the most probable path that says a text.

    Args:
        log_probs: float32 (steps, 23), log probabilities of the line recogniser in one view of a strip.
        text: of `CHARACTERS`.

    Returns:
        intp (steps,); None if the strip has fewer steps than the text needs.
    """
    labels = np.full(2 * len(text) + 1, BLANK)  # a blank before, between and after the characters
    labels[1::2] = [CHARACTERS.index(character) for character in text]
    may_skip = np.zeros(len(labels), bool)
    may_skip[2:] = (labels[2:] != BLANK) & (labels[2:] != labels[:-2])
    total = np.full(len(labels), IMPOSSIBLE)
    total[:2] = log_probs[0, labels[:2]]
    jumps = np.zeros((len(log_probs), len(labels)), np.intp)
    for step in range(1, len(log_probs)):
        reached = np.full((3, len(labels)), IMPOSSIBLE)
        reached[0], reached[1, 1:] = total, total[:-1]
        reached[2, 2:] = np.where(may_skip[2:], total[:-2], IMPOSSIBLE)
        jumps[step] = reached.argmax(axis=0)
        total = reached.max(axis=0) + log_probs[step, labels]
    state = len(labels) - 1 if not text or total[-1] >= total[-2] else len(labels) - 2
    if total[state] <= IMPOSSIBLE / 2:
        return None
    path = np.empty(len(log_probs), np.intp)
    for step in range(len(log_probs) - 1, -1, -1):
        path[step] = labels[state]
        state -= jumps[step, state]
    return path
