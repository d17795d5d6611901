"""Drawn fields: every kind can be drawn, small, and says what is written in it."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from converters.data.labelled import concatenate
from converters.data.scenes.fields import MEDIA, SEPARATORS, SIZES, SURROUNDS, Kind, any_kind, draw_field

NO_GLYPHS = concatenate([])


@pytest.mark.parametrize(
    "kind", [Kind(*names) for names in product(SURROUNDS, SIZES, SEPARATORS[:1], MEDIA[:1])], ids=str
)
def test_a_fields_digits_are_its_text_from_left_to_right_and_as_high_as_its_size_says(kind: Kind) -> None:
    field = draw_field(np.random.default_rng(0), kind, NO_GLYPHS)
    digits = sorted(field.scene.digits, key=lambda digit: digit[1].x)
    assert "".join(str(label) for label, _ in digits) == field.text
    low, high = SIZES[kind.size]
    assert 0.6 * low <= np.median([box.h for _, box in digits]) <= 1.4 * high


@pytest.mark.parametrize(("separator", "medium"), list(product(SEPARATORS, MEDIA)))
def test_a_field_comes_with_any_separator_from_any_machine(separator: str, medium: str) -> None:
    field = draw_field(np.random.default_rng(1), Kind("plain", "small", separator, medium), NO_GLYPHS)
    paper = np.median(field.scene.image)
    assert paper < 100 if medium == "negative" else paper > 100
    assert len(field.text) in ((6, 8) if separator == "date" else range(1, 11))


def test_the_same_seed_gives_the_same_field() -> None:
    one, other = (draw_field(rng, any_kind(rng), NO_GLYPHS) for rng in map(np.random.default_rng, (7, 7)))
    assert one.kind == other.kind
    np.testing.assert_array_equal(one.scene.image, other.scene.image)
