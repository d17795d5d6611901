"""A mask that is only texture has no candidates."""

from __future__ import annotations

import cv2
import numpy as np

from agent.vision.candidates import find_page_candidates
from agent.vision.ink import find_ink


def test_a_dotted_line_is_not_texture() -> None:
    picture = np.full((60, 300, 3), 230, np.uint8)
    cv2.putText(picture, "7", (60, 40), cv2.FONT_HERSHEY_SIMPLEX, 1, (60, 60, 60), 2, cv2.LINE_AA)
    for x in range(20, 290, 6):
        cv2.circle(picture, (x, 50), 1, (60, 60, 60), cv2.FILLED)
    assert find_page_candidates(find_ink(picture, 1600), 0.7)


def test_texture_has_no_candidates() -> None:
    picture = np.clip(np.random.default_rng(0).normal(200, 6, (120, 300, 1)), 0, 255).repeat(3, axis=2)
    assert not find_page_candidates(find_ink(picture.astype(np.uint8), 1600), 0.7)
