"""The characters of a line: what a line recogniser can say, and how its outputs become strings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SIGNS = ".,-/:'()$%+"
"""Signs that belong to numbers."""
LETTERS = "a"
"""Character that stands for one or more letters, or other marks that do not belong to a number."""
DIGITS = 10
"""Number of digits; they are the first classes. Fixed by the outputs of the line recogniser."""
CHARACTERS = "0123456789" + SIGNS + LETTERS
"""Characters of a line recogniser, in the order of its classes."""
BLANK = len(CHARACTERS)
"""Class of "no new character", the last one."""
LINE_CLASSES = BLANK + 1
"""Number of classes of a line recogniser. Fixed by `CHARACTERS`."""
STEP_PX = 2
"""Width of the part of a strip that one output step of a line recogniser stands for, in pixels. Fixed by the strides of
the line recogniser."""
LogProbs = NDArray[np.float32]
IMPOSSIBLE = -1e9
"""Logarithm of a probability of 0. It is finite, so that the difference of two of them is defined. Not tuned."""

BEAM_WIDTH = 8
"""Number of strings that the beam search follows. Raising it finds more alternatives, and takes more time. A guess that
was never measured."""
MIN_STEP_PROBABILITY = 1e-3
"""A character less probable than this in a step does not extend a string there. Raising it saves time. A guess that was
never measured."""


class Hypothesis(NamedTuple):
    """A text that a line may have."""

    text: str
    """The text, of `CHARACTERS`."""
    log_probability: float
    """Natural logarithm of the probability of the string."""
    steps: tuple[int, ...]
    """Step of the output in which each character begins."""


def digits_of(text: str) -> str:
    """Return the digits of a text, "0" to "9" each."""
    return "".join(character for character in text if character in CHARACTERS[:DIGITS])


def beam_search(
    log_probs: LogProbs, width: int = BEAM_WIDTH, min_step_probability: float = MIN_STEP_PROBABILITY
) -> list[Hypothesis]:
    """Return the most probable strings, the best one first, by a prefix beam search.

    After A. Hannun et al., First-pass large vocabulary continuous speech recognition using bi-directional recurrent
    DNNs, 2014, without a language model.

    Args:
        log_probs: float32 (steps, classes), log probabilities of the classes in each step.
        width: number of strings that are followed.
        min_step_probability: a character less probable than this in a step does not extend a string there.
    """
    beams: dict[tuple[int, ...], _Beam] = {(): _Beam(0.0, -math.inf, ())}
    likely_in_each = _likely(log_probs, min_step_probability)
    for step, (frame, likely) in enumerate(zip(log_probs.tolist(), likely_in_each, strict=True)):
        if not likely:  # most steps: each string goes on as it is
            beams = {prefix: _without_new_character(prefix, beam, frame) for prefix, beam in beams.items()}
            continue
        following: dict[tuple[int, ...], list[float]] = {}
        steps: dict[tuple[int, ...], tuple[int, ...]] = {}
        for prefix, beam in beams.items():
            total = _log_add(beam.blank, beam.character)
            _extend(following, steps, prefix, beam.steps, blank=total + frame[BLANK])
            if prefix:
                _extend(following, steps, prefix, beam.steps, character=beam.character + frame[prefix[-1]])
            for character in likely:
                # The same character again is a new one only after a blank.
                start = beam.blank if prefix and character == prefix[-1] else total
                if start > -math.inf:
                    longer = (*prefix, character)
                    _extend(following, steps, longer, (*beam.steps, step), character=start + frame[character])
        best = sorted(following.items(), key=lambda item: -_log_add(*item[1]))[:width]
        beams = {prefix: _Beam(blank, character, steps[prefix]) for prefix, (blank, character) in best}
    found = [
        Hypothesis("".join(CHARACTERS[c] for c in prefix), _log_add(beam.blank, beam.character), beam.steps)
        for prefix, beam in beams.items()
    ]
    return sorted(found, key=lambda hypothesis: -hypothesis.log_probability)


class _Beam(NamedTuple):
    """A prefix: the log probabilities that it ends with a blank and with its last character."""

    blank: float
    character: float
    steps: tuple[int, ...]


def _without_new_character(prefix: tuple[int, ...], beam: _Beam, frame: Sequence[float]) -> _Beam:
    blank = _log_add(beam.blank, beam.character) + frame[BLANK]
    return _Beam(blank, beam.character + frame[prefix[-1]] if prefix else -math.inf, beam.steps)


def _likely(log_probs: LogProbs, min_probability: float) -> list[list[int]]:
    """Return the characters, without blank, that may begin in each step."""
    likely: list[list[int]] = [[] for _ in log_probs]
    steps, characters = np.nonzero(log_probs[:, :BLANK] > math.log(min_probability))
    for step, character in zip(steps.tolist(), characters.tolist(), strict=True):
        likely[step].append(character)
    return likely


def _extend(
    following: dict[tuple[int, ...], list[float]],
    steps: dict[tuple[int, ...], tuple[int, ...]],
    prefix: tuple[int, ...],
    at: tuple[int, ...],
    *,
    blank: float = -math.inf,
    character: float = -math.inf,
) -> None:
    scores = following.setdefault(prefix, [-math.inf, -math.inf])
    scores[0], scores[1] = _log_add(scores[0], blank), _log_add(scores[1], character)
    steps.setdefault(prefix, at)


def _log_add(a: float, b: float) -> float:
    """Return log(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    return a if b == -math.inf else a + math.log1p(math.exp(b - a))


def without_signs(log_probs: LogProbs) -> LogProbs:
    """Add up the probabilities of signs, letters and CTC's blank; the digits keep theirs.

    Returns:
        Logarithms of probabilities, float32 (..., 11): the ten digits, then everything else.
    """
    others = np.logaddexp.reduce(log_probs[..., DIGITS:], axis=-1, keepdims=True)
    return np.asarray(np.concatenate([log_probs[..., :DIGITS], others], axis=-1), np.float32)


def log_probabilities(log_probs: LogProbs, texts: Sequence[str]) -> NDArray[np.float64]:
    """Return the logarithm of the probability of each string of digits, with any signs between the digits.

    It is the forward pass of CTC for all strings at once (A. Graves et al., Connectionist temporal classification:
    labelling unsegmented sequence data with recurrent neural networks, 2006).

    Args:
        log_probs: float32 (views, steps, 11), from `without_signs`.
        texts: strings of "0" to "9", each one may be empty.

    Returns:
        float64 (views, len(texts)).
    """
    states = 2 * max(map(len, texts)) + 1  # a blank before, between and after the digits
    labels = np.full((len(texts), states), DIGITS)
    for row, text in zip(labels, texts, strict=True):
        row[1 : 2 * len(text) : 2] = [int(digit) for digit in text]
    may_skip = np.zeros(labels.shape, bool)
    may_skip[:, 2:] = (labels[:, 2:] != DIGITS) & (labels[:, 2:] != labels[:, :-2])
    emissions = np.moveaxis(log_probs[..., labels].astype(np.float64), 1, 0)  # (steps, views, texts, states)
    total = np.full((len(log_probs), len(texts), states + 2), IMPOSSIBLE)
    total[..., 2:4] = emissions[0, ..., :2]
    for emission in emissions[1:]:
        reached = np.logaddexp(total[..., 2:], total[..., 1:-1])
        reached = np.where(may_skip, np.logaddexp(reached, total[..., :-2]), reached)
        total[..., 2:] = reached + emission
    ends = 2 * np.array([len(text) for text in texts])
    rows = np.arange(len(texts))
    return np.asarray(np.logaddexp(total[:, rows, 2 + ends], total[:, rows, 1 + ends]))
