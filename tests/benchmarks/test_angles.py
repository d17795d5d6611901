"""The benchmark of turned pages draws the same page at each angle, with its truth at the right places."""

from __future__ import annotations

import numpy as np
import pytest

from agent.vision.digits import Digit
from agent.vision.page import Page
from benchmarks.angles import LAYOUTS, draw_turned, hand_digit, score_page
from converters.data.scenes import Scene

DRAW = hand_digit(1)


def draw(layout: str, angle_deg: float) -> Scene:
    return draw_turned(np.random.default_rng(4), layout, DRAW, angle_deg)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("angle_deg", [0, 45, 90, 180])
def test_each_true_box_encloses_ink(layout: str, angle_deg: float) -> None:
    scene = draw(layout, angle_deg)
    assert [label for label, _ in scene.digits] == [label for label, _ in draw(layout, 0).digits]
    for _, (x, y, w, h) in scene.digits:
        ink = scene.image[y : y + h, x : x + w].min(axis=2) < 150
        assert ink.any(axis=0).mean() > 0.85
        assert ink.any(axis=1).mean() > 0.85


def test_a_sure_digit_at_the_wrong_place_and_a_wrong_angle_are_counted() -> None:
    scene = draw("lone number", 90)
    (label, box), *others = scene.digits
    right, wrong = Digit(label, 0.99, box), Digit((others[0][0] + 1) % 10, 0.95, others[0][1])
    h, w = scene.image.shape[:2]
    scores = score_page(scene, Page(w, h, (right, wrong), (), {}), 90)
    assert (scores.counts.right, scores.sure, scores.sure_wrong, scores.angles_found) == (1, 2, 1, 0)
    assert score_page(scene, Page(w, h, (right,), (), {}, angle_deg=85), 90).angles_found == 1
