from __future__ import annotations

import numpy as np
import pytest

from benchmarks.note_images import draw_note
from benchmarks.scaling import FULL_HD, ROWS, VGA, ScaledPage, bounds, draw_words


@pytest.mark.parametrize("count", ROWS)
def test_a_page_has_as_many_digits_as_it_is_named_after(count: int) -> None:
    assert len(draw_note(FULL_HD, ROWS[count]).digits) == count


def test_more_words_are_more_ink() -> None:
    inks = [int((draw_words(VGA, count) < 128).sum()) for count in (0, 10, 40)]
    assert inks[0] == 0
    assert 3 < inks[2] / inks[1] < 5


def test_only_a_time_that_grows_faster_than_its_input_is_a_fault() -> None:
    blank = np.zeros((1, 1, 3), np.uint8)
    amounts = (("digits", 10), ("digits", 100), ("words", 7), ("words", 14))
    pages = [ScaledPage(series, amount, blank) for series, amount in amounts]
    kept = [bound.kept for bound in bounds(pages, [(1, 1), (9, 11), (5, 5), (10, 11)])]
    assert kept == [True, False, True, False]


def test_the_strength_of_grain_limits_nothing() -> None:
    blank = np.zeros((1, 1, 3), np.uint8)
    pages = [ScaledPage("grain", amount, blank, limited=False) for amount in (10, 20)]
    assert not list(bounds(pages, [(1, 1), (50, 50)]))
