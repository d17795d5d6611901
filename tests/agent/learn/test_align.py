"""A known text is found again in what the line recogniser says."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.choice.choose import choose_nets
from agent.learn.align import align_digits, align_steps
from agent.paths import shipped_artifacts
from agent.vision.box import union
from agent.vision.line_text import BLANK, CHARACTERS, LINE_CLASSES
from agent.vision.pipeline import trace_page
from profiles.board import detect_board
from tests.agent.learn.strange_hand import write_number


def collapse(path: list[int]) -> str:
    """The text that a path says, by CTC's rule: repeated classes count once, then blanks are dropped."""
    return "".join(CHARACTERS[label] for label, _ in groupby(path) if label != BLANK)


@given(st.text(CHARACTERS, max_size=6), st.integers(0, 2**32 - 1))
def test_the_path_says_the_text(text: str, seed: int) -> None:
    log_probs = np.random.default_rng(seed).normal(size=(2 * len(text) + 3, LINE_CLASSES)).astype(np.float32)
    path = align_steps(log_probs, text)
    assert path is not None
    assert collapse(path.tolist()) == text


def test_the_most_probable_path_is_found() -> None:
    log_probs = np.full((6, LINE_CLASSES), -9.0, np.float32)
    for step, label in enumerate([BLANK, 4, 4, BLANK, 2, BLANK]):
        log_probs[step, label] = -0.1
    path = align_steps(log_probs, "42")
    assert path is not None
    assert path.tolist() == [BLANK, 4, 4, BLANK, 2, BLANK]


@pytest.mark.parametrize(("text", "steps"), [("11", 2), ("123", 2)])
def test_a_strip_that_is_too_short_has_no_path(text: str, steps: int) -> None:
    assert align_steps(np.zeros((steps, LINE_CLASSES), np.float32), text) is None


def test_a_digit_that_the_reading_missed_is_found_beside_it() -> None:
    nets = choose_nets(shipped_artifacts(), detect_board().profile)
    known = write_number(3)
    width = 2 * known.box.w // 5
    without_first = known.box._replace(x=known.box.right - width, w=width)
    aligned = align_digits(trace_page(known.image, nets), known.digits, without_first)
    assert aligned is not None
    assert aligned.digits == (0, 9)
    assert union(aligned.places).iou(known.box) > 0.8
