from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from agent.drawing.paper import RULINGS, Ruling, write_sheet


@pytest.mark.slow
@pytest.mark.parametrize("ruling", RULINGS)
@pytest.mark.parametrize("seed", range(3))
def test_a_sheet_is_written_row_by_row_and_no_digits_overlap(ruling: Ruling, seed: int) -> None:
    sheet = write_sheet(np.random.default_rng(seed), ruling)
    centres = np.array([written.outline.mean(axis=0) for written in sheet.digits])
    row_starts = 1 + np.flatnonzero(np.diff(centres[:, 0]) < 0)
    rows = np.split(centres, row_starts)
    assert 2 <= len(rows) <= 4
    for above, below in itertools.pairwise(rows):
        assert above[:, 1].max() < below[:, 1].min()
    for a, b in itertools.combinations(sheet.digits, 2):
        (ax, ay, aw, ah), (bx, by, bw, bh) = (cv2.boundingRect(written.outline) for written in (a, b))
        assert ax + aw <= bx + 1 or bx + bw <= ax + 1 or ay + ah <= by + 1 or by + bh <= ay + 1
